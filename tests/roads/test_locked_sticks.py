"""Sticks that are locked, slow, pulled or looked at by a thief; a station that has only sticks."""

from __future__ import annotations

import errno
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.roads.processes import XT, environment, xt
from tests.roads.realm import DEPT, Realm, file_request
from xtcli.errors import ExitCode, LinkDown, NotFound, UsageError
from xtcli.hub.roads import duties
from xtcli.records.case import State
from xtcli.station import roads
from xtcli.station.intake import Arrival
from xtcli.station.roads import RoadName
from xtcli.station.roads_folder import REASONS_MAX, FolderReport
from xtcli.station.roads_list import add_road, is_ready, read_roads, remove_road
from xtcli.station.roads_store import RoadCount, RoadStore
from xtcli.station.station import Station
from xtcli.transport.carriers import folder


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


def visit(station: Station, stick: Path, **more: object) -> FolderReport:
    does = duties(station)
    return roads.visit_folder(station, stick, rule=does.rule, inside=does.inside, **more)  # type: ignore[arg-type]


def counted(station: Station) -> RoadCount:
    store = RoadStore(station.home.root)
    try:
        return {one.road: one for one in store.counts()}["folder"]
    finally:
        store.close()


def locked(*words: object) -> None:
    """What a write-protected stick says to every change."""
    raise OSError(errno.EROFS, "Read-only file system")


def lock(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_unlink", "_delete", "_write"):
        monkeypatch.setattr(folder, name, locked)


def test_a_locked_stick_is_read_to_its_end(
    realm: Realm, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three bundles of three priorities: all are taken though none can be deleted; it says so, and
    is no error to those who only fetch. Unlocked, the rest follows."""
    post, hub = realm.station("post"), realm.hub()
    cases = [
        file_request(post, patient=f"病人{urgency}", complaint=f"胸痛{urgency}", urgency=urgency)
        for urgency in ("stat", "urgent", "routine")
    ]
    visit(post, stick)
    with monkeypatch.context() as patch:
        lock(patch)
        report = visit(hub, stick)
        assert [len(hub.log.records(case)) > 0 for case in cases] == [True] * 3
        assert report.taken == len(list((stick / "xt").iterdir()))
        assert report.exit_code is ExitCode.PARTLY
        assert str(stick) in report.reasons[-1]
        again = visit(hub, stick)
        assert again.records == 0
    visit(hub, stick)
    visit(post, stick)
    assert {post.case(case).state for case in cases} == {State.RECEIVED}


def test_a_locked_stick_with_nothing_for_us_is_an_error(
    realm: Realm, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post = realm.station("post")
    file_request(post)
    lock(monkeypatch)
    with pytest.raises(UsageError):
        visit(post, stick)


def test_what_came_before_the_stick_was_pulled_is_told(
    realm: Realm, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    post, hub = realm.station("post"), realm.hub()
    case = file_request(post)
    visit(post, stick)

    def gone(*words: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(folder, "_write", gone)
    told: list[Arrival] = []
    with pytest.raises(LinkDown):
        visit(hub, stick, on_new=told.append)
    assert [record.case for arrival in told for record in arrival.new] == [case]


def test_bytes_are_counted_once_and_both_ways(realm: Realm, stick: Path) -> None:
    post, hub = realm.station("post"), realm.hub()
    file_request(post)
    steps: list[int] = []
    visit(post, stick, on_step=lambda report: steps.append(report.put))
    assert steps == [1]
    on_stick = sum(path.stat().st_size for path in (stick / "xt").iterdir())
    visit(post, stick)
    assert counted(post).bytes_out == on_stick
    visit(hub, stick)
    assert 0 < counted(hub).bytes_in <= on_stick


def test_a_lost_spool_is_mended_without_a_link(realm: Realm, stick: Path) -> None:
    """Bundled, then the spool's file is lost with the computer's disk check: a post that has only
    sticks sends it all the same."""
    post = realm.station("post")
    case = file_request(post)
    visit(post, stick)
    realm.close()
    for path in (realm.root / "post").glob("spool.db*"):
        path.unlink()
    for path in (stick / "xt").iterdir():
        path.unlink()
    post, hub = realm.station("post"), realm.hub()
    assert visit(post, stick).put == 1
    visit(hub, stick)
    assert hub.log.records(case)


def test_names_of_folders(realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is too long is not there; `~somebody` is refused; a relative one stays the same from
    wherever xt is started."""
    post = realm.station("post")
    with pytest.raises(NotFound):
        visit(post, Path("a" * 5000))
    nobody = RoadName.parse("folder:~nobody-of-this-name/stick")
    with pytest.raises(UsageError):
        _ = nobody.place
    assert not is_ready(nobody)
    with pytest.raises(UsageError):
        add_road(post.home, post.settings, nobody.text)
    monkeypatch.chdir(tmp_path)
    add_road(post.home, post.settings, "folder:stick")
    add_road(post.home, post.settings, "sms:./modem 'a b'")
    assert read_roads(post.home, post.settings) == [
        "udp", f"folder:{tmp_path}{os.sep}stick", f"sms:{tmp_path}{os.sep}modem 'a b'",
    ]  # fmt: skip
    for other in ("zzz", 'sms:"x', "folder:other"):
        with pytest.raises(NotFound):
            remove_road(post.home, post.settings, other)
    remove_road(post.home, post.settings, "folder:stick")
    assert len(read_roads(post.home, post.settings)) == 2


def test_names_on_a_stick_cannot_reach_the_terminal(realm: Realm, stick: Path) -> None:
    """Whoever had the stick may have named files: no escape sequence, second line or half of a
    character is printed, and JSON stays JSON."""
    inside = stick / "xt"
    inside.mkdir()
    (inside / "evil\x1b[2J\x1b]0;pwned\x07\nsecond line.xtb").write_bytes(b"x" * 100)
    (inside / os.fsdecode(b"\xff\xfe.xtb")).write_bytes(b"x" * 100)
    (inside / ("n" * 200 + ".xtb")).write_bytes(b"x" * 100)
    realm.close()
    for more in ((), ("--json",)):
        done = subprocess.run(
            [XT, "sync", "--via", f"folder:{stick}", *more], capture_output=True, check=False,
            env={**environment(realm.root / "post"), "PYTHONUTF8": "1"},
        )  # fmt: skip
        assert done.returncode == 10
        said = (done.stdout + done.stderr).decode("utf-8")
        assert said.count("\n") <= 5
        assert all(one.isprintable() or one == "\n" for one in said)
    assert json.loads(done.stdout)["refused"] == 3


def test_thousands_of_files_are_read_once_and_named_by_the_score(
    realm: Realm, stick: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stick full of other files: what a visit reads does not grow with what it writes."""
    inside = stick / "xt"
    inside.mkdir()
    for number in range(50):
        path = inside / f"{number:016x}.xtb"
        path.write_bytes(b"x" * 100)
        os.utime(path, (realm.clock.at, realm.clock.at))
    post = realm.station("post")
    reads: list[Path] = []
    real = folder._read

    def counting(path: Path, *most: int) -> bytes:
        reads.append(path)
        return real(path, *most)

    monkeypatch.setattr(folder, "_read", counting)
    case = file_request(post)
    assert visit(post, stick).put == 1
    few = len(reads)
    for number in range(10):
        paper = stick.parent / f"{number}.txt"
        paper.write_text(f"{number}" * 50)
        post.attach(case, paper)
    reads.clear()
    report = visit(post, stick)
    assert report.put > 10
    assert len(reads) < few + 5 * report.put
    assert report.refused == 50
    assert len(report.reasons) == REASONS_MAX


def test_words_that_do_not_go_with_a_sync(realm: Realm, stick: Path) -> None:
    realm.close()
    for words in (
        ["--via", f"folder:{stick}", "--watch"], ["--timeout", "-1"], ["--timeout", "nan"],
        ["--timeout", "inf"], ["--via", f"folder:{stick}", "--timeout", "-3"],
    ):  # fmt: skip
        told = xt(realm.root / "post", "sync", *words, code=2)
        assert told["error"]["message"]
        assert told["error"]["hint"]
