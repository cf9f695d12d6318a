"""A stick between real stations: post, hub, desk and back."""

from __future__ import annotations

import json
import os
import random
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest

from tests.ports import free_port
from tests.roads.processes import XT, environment, serving, xt
from tests.roads.realm import DEPT, REQUEST, Realm, answer, file_request
from xtcli.errors import DiskFull, ExitCode, LinkDown
from xtcli.hub.hub import HubStation
from xtcli.hub.roads import duties
from xtcli.records.case import State
from xtcli.records.types import Kind, Note
from xtcli.station import roads
from xtcli.station.exchange import FILL_MAX
from xtcli.station.roads_folder import FolderReport
from xtcli.station.roads_store import RoadStore
from xtcli.station.station import Station
from xtcli.transport.bundle.envelope import Envelope, realm_hint
from xtcli.transport.carriers import choices, folder
from xtcli.transport.spool import Spool

WEEK = 7 * 86_400.0


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm")
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


@pytest.fixture
def stick(tmp_path: Path) -> Path:
    place = tmp_path / "stick"
    place.mkdir()
    return place


def visit(station: Station, stick: Path) -> FolderReport:
    """One `xt sync --via folder:` at a station."""
    does = duties(station)
    return roads.visit_folder(station, stick, rule=does.rule, inside=does.inside)


def carry(stations: list[Station], stick: Path) -> None:
    """Bring the stick round once."""
    for station in stations:
        visit(station, stick)


def names(stick: Path) -> list[str]:
    return sorted(path.name for path in (stick / "xt").iterdir())


def test_a_whole_consult_by_stick(realm: Realm, stick: Path) -> None:
    """Request, answer and acknowledgement travel by hand only; at the end nothing waits anywhere
    and the stick is empty but for notes."""
    post, hub, desk = realm.station("post"), realm.hub(), realm.station("desk")
    case = file_request(post)
    first = visit(post, stick)
    assert (first.put, first.taken, first.exit_code) == (1, 0, ExitCode.OK)
    assert post.case(case).state is State.SENT
    realm.clock.at += WEEK
    carry([hub, desk, hub, post], stick)
    assert post.case(case).state in (State.RECEIVED, State.OPENED)
    answer(desk, case)
    realm.clock.at += WEEK
    carry([desk, hub, post], stick)
    assert post.case(case).answer
    post.ack(case, True, "已转诊")
    for _ in range(3):
        realm.clock.at += WEEK
        carry([post, hub, desk, hub], stick)
    visit(post, stick)
    assert hub.case(case).acks
    assert desk.case(case).acks
    for station, peers in ((post, [1]), (desk, [1]), (hub, [2, 4])):
        for peer in peers:
            assert station.log.waiting(peer).records == 0
    for station in (post, hub, desk):
        station.verify_log()


def test_all_that_waits_goes_with_one_stick(realm: Realm, stick: Path) -> None:
    """A stick is not back for days: a month of notes goes with it at once."""
    post, hub = realm.station("post"), realm.hub()
    case = file_request(post)
    with post.log.many():
        for number in range(2 * FILL_MAX):
            post.log.queue(1, post.write(Note(f"{number}"), case).id, 1)
    visit(post, stick)
    assert post.log.pending(1) == []
    visit(hub, stick)
    assert len(hub.log.records(case)) == 1 + 2 * FILL_MAX


def test_visits_are_idempotent(realm: Realm, stick: Path) -> None:
    """Any visit made twice changes nothing: no second file, no second record."""
    post, hub = realm.station("post"), realm.hub()
    case = file_request(post)
    visit(post, stick)
    before = names(stick)
    visit(post, stick)
    assert names(stick) == before
    visit(hub, stick)
    visit(hub, stick)
    assert len(hub.log.records(case)) == 1
    visit(post, stick)
    again = visit(post, stick)
    assert again.put == 0 or names(stick)
    assert post.log.waiting(1).records <= 1


def test_a_copied_stick_is_taken_once(realm: Realm, stick: Path, tmp_path: Path) -> None:
    """The same bundle on two sticks: the second is known, and answered by a receipt again."""
    post, hub = realm.station("post"), realm.hub()
    other = tmp_path / "other"
    other.mkdir()
    case = file_request(post)
    visit(post, stick)
    visit(post, other)
    visit(hub, stick)
    second = visit(hub, other)
    assert second.taken == 1
    assert second.records == 0
    assert len(hub.log.records(case)) == 1
    visit(post, other)
    assert post.log.waiting(1).records <= 1
    visit(post, stick)
    assert not [name for name in names(stick) if name.endswith(".part")]


def test_two_posts_on_one_stick(realm: Realm, stick: Path) -> None:
    """Two villages share a stick; each gets its own back and neither can read the other's."""
    realm.join("second")
    one, two, hub = realm.station("post"), realm.station("second"), realm.hub()
    first, other = file_request(one), file_request(two, patient="巴特尔", sex="m", id="", phone="")
    carry([one, two, hub, one, two], stick)
    assert one.case(first).state is State.RECEIVED
    assert two.case(other).state is State.RECEIVED
    assert one.log.get(other) is None
    assert two.log.get(first) is None


def test_hub_alerts_and_forwards_from_a_stick(realm: Realm, stick: Path) -> None:
    """What comes by stick rings at the desk as if it had come over the link."""
    post, hub = realm.station("post"), realm.hub()
    case = file_request(post, vital=["bp=250/140", "hr=170", "spo2=70"])
    carry([post, hub], stick)
    assert hub.case(case).alarms
    queued = [item.item for item in hub.log.pending(2)]
    on_stick = [f for f in folder.take(stick, 2, duties_hint(hub))]
    assert case in queued or on_stick


def duties_hint(hub: HubStation) -> bytes:
    return realm_hint(hub.settings.realm)


def test_full_stick_takes_what_is_urgent(
    realm: Realm, stick: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With room for little, requests go and pictures stay behind; the report says so."""
    post = realm.station("post")
    case = file_request(post)
    big = tmp_path / "paper.pdf"
    big.write_bytes(b"%PDF-1.4\n" + random.Random(3).randbytes(200_000))
    post.attach(case, big)
    whole = folder._write

    def cramped(inside: Path, name: str, data: bytes) -> None:
        used = sum(path.stat().st_size for path in inside.iterdir())
        if used + len(data) > 20_000:
            raise OSError(28, "No space left on device")
        whole(inside, name, data)

    monkeypatch.setattr(folder, "_write", cramped)
    report = visit(post, stick)
    assert report.put >= 1
    assert report.left == 1
    assert report.exit_code is ExitCode.DISK_FULL
    assert post.case(case).state is State.SENT
    monkeypatch.setattr(folder, "_write", whole)
    assert visit(post, stick).left == 0


def test_stick_pulled_while_taking_and_while_writing(
    realm: Realm, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At whatever operation the stick is pulled, doing it again ends well."""
    post, hub = realm.station("post"), realm.hub()
    cases = [file_request(post, complaint=f"胸痛{n}天") for n in range(3)]
    real_write, real_read = folder._write, folder._read
    for name in ("_write", "_read", "_unlink"):
        real = getattr(folder, name)
        for after in (0, 1, 2):
            left = [after]

            def pulled(*arguments: object, real: object = real, left: list[int] = left) -> object:
                left[0] -= 1
                if left[0] < 0:
                    raise OSError(5, "Input/output error")
                return real(*arguments)  # type: ignore[operator]

            monkeypatch.setattr(folder, name, pulled)
            for station in (post, hub):
                try:
                    visit(station, stick)
                except (LinkDown, DiskFull):
                    continue
            monkeypatch.setattr(folder, name, real)
    assert folder._write is real_write
    assert folder._read is real_read
    carry([post, hub, post, hub, post], stick)
    for case in cases:
        assert hub.case(case).state is not None
        assert len([r for r in hub.log.records(case) if r.kind is Kind.REQUEST]) == 1
        assert post.case(case).state is State.RECEIVED


def test_nothing_on_the_stick_can_be_read(realm: Realm, stick: Path) -> None:
    """No name, note or number in any form that strings, grep or msgpack would show."""
    post, hub, desk = realm.station("post"), realm.hub(), realm.station("desk")
    case = file_request(post)
    visit(post, stick)
    seen = [path for path in (stick / "xt").iterdir()]
    data = b"".join(path.read_bytes() for path in seen)
    carry([hub], stick)
    visit(desk, stick)
    answer(desk, case)
    visit(desk, stick)
    data += b"".join(path.read_bytes() for path in (stick / "xt").iterdir())
    told = [str(value) for key, value in REQUEST.items() if key not in ("vital", "sex")]
    told += ["苏日娜", "胸骨后", "吸氧", "旗医院", "19610409", "1961", "13904710000", "post"]
    for text in told:
        forms = [text.encode(), text.encode("utf-16-le"), text.encode("utf-16-be"),
                 text.encode("gb18030"), msgpack.packb(text), json.dumps(text).encode(),
                 text.encode().hex().encode()]  # fmt: skip
        if text.isdigit():
            forms += [msgpack.packb(int(text))]
        for form in forms:
            if len(form) > 2:
                assert form not in data, text
    for path in (stick / "xt").iterdir():
        assert choices.BUNDLE_NAME.fullmatch(path.name)


def test_rubbish_on_the_stick_harms_nothing(realm: Realm, stick: Path) -> None:
    """Foreign, truncated, forged and huge files: each refused with a sentence, and counted."""
    post, hub = realm.station("post"), realm.hub()
    case = file_request(post)
    visit(post, stick)
    inside = stick / "xt"
    good = next(inside.iterdir()).read_bytes()
    dice = random.Random(5)
    (inside / "0011223344556677.xtb").write_bytes(good[:-3])
    (inside / "0011223344556678.xtb").write_bytes(dice.randbytes(500))
    (inside / "holiday.jpg").write_bytes(dice.randbytes(5000))
    hint = duties_hint(hub)
    for sender in (4, 2, 99):
        forged = Envelope(1, sender, hint, 0, dice.randbytes(300)).to_bytes()
        (inside / f"00112233445566{sender:02x}.xtb").write_bytes(forged)
    for path in inside.iterdir():
        os.utime(path, (realm.clock.at, realm.clock.at))
    report = visit(hub, stick)
    assert report.taken == 1
    assert report.refused == 6, report.reasons
    assert report.exit_code is ExitCode.PARTLY
    assert len(report.reasons) == 6
    assert hub.log.records(case)
    store = RoadStore(hub.home.root)
    counted = {one.road: one for one in store.counts()}
    store.close()
    assert counted["folder"].refused == 6
    assert counted["folder"].taken == 1
    hub.verify_log()


def test_a_bundle_in_flight_over_the_link_may_also_come_by_stick(realm: Realm, stick: Path) -> None:
    """The stick carries the very bundle that the spool holds for the link: same tag, one copy."""
    post = realm.station("post")
    file_request(post)
    visit(post, stick)
    spool = Spool(post.home.spool_path)
    (held,) = spool.outgoing(1)
    spool.close()
    (found,) = list(folder.take(stick, 1, duties_hint(realm.hub())))
    assert found.envelope.tag == held.tag


def test_a_stick_at_a_serving_hub_rings_at_a_connected_desk(tmp_path: Path) -> None:
    """The hub serves and a desk is connected while a stick comes in: what it brought goes to the
    desk over UDP, what the desk answers is on the stick's next visit."""
    realm = Realm(tmp_path / "realm", hub_address=f"127.0.0.1:{free_port()}")
    realm.clock.at = time.time()
    realm.join("desk", "desk", DEPT)
    realm.join("post")
    stick = tmp_path / "stick"
    stick.mkdir()
    case = file_request(realm.station("post"))
    realm.close()
    xt(realm.root / "post", "sync", "--via", f"folder:{stick}")
    with serving(realm.hub_home.root):
        watching = subprocess.Popen(
            [XT, "sync", "--watch", "--timeout", "60", "--json"],
            env=environment(realm.root / "desk"), stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        try:
            time.sleep(1.5)
            visited = xt(realm.hub_home.root, "sync", "--via", f"folder:{stick}")
            assert visited["taken"] == 1
            assert watching.stdout is not None
            assert str(case.seq) in watching.stdout.readline()
            desk = realm.station("desk")
            answer(desk, case)
            hub = realm.hub()
            end = time.monotonic() + 120
            while not hub.case(case).answer and time.monotonic() < end:
                time.sleep(0.1)
        finally:
            watching.terminate()
            watching.communicate(timeout=60)
        realm.close()
        xt(realm.hub_home.root, "sync", "--via", f"folder:{stick}")
    xt(realm.root / "post", "sync", "--via", f"folder:{stick}")
    assert realm.station("post").case(case).answer
    realm.close()
