"""The red lines, a test each, named after the line. None may ever break."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.faults.calm import COMPLAINT, NAME, Calm, an_answer, at, form
from tests.sim.fuse import Crash
from xtcli.errors import NotAllowed, UsageError
from xtcli.records.authority import may_ever
from xtcli.records.case import State
from xtcli.records.ids import RecordId, Span
from xtcli.records.roster import Author
from xtcli.records.sign import Record, author
from xtcli.records.types import Alert, Answer, Body, Dispensed, Kind, Note, Receipt
from xtcli.records.values import Disposition, Seen, StationKind
from xtcli.station import origin, parcels
from xtcli.station.core import StationCore
from xtcli.station.roads import visit_folder
from xtcli.station.roads_shelf import Mail
from xtcli.station.routing import HUB
from xtcli.transport.bundle.pack import pack
from xtcli.transport.bundle.seal import bundle_context, seal
from xtcli.transport.symbols import bundle_tag

RX = "阿司匹林; 100mg; 口服; 每日一次; 7"


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[Calm]:
    made = Calm(tmp_path)
    yield made
    made.close()


def forged(station: StationCore, body: Body, case: RecordId | None, *, station_no: int = 0,
           author_no: int = 0) -> Record:  # fmt: skip
    """A record that pretends to be by another station or author, signed with `station`'s key."""
    number = station_no or station.number
    return author(
        body, station=number, seq=9_000, author=author_no or station.settings.practitioner,
        at=int(station.clock()), case=case, prev=b"\1" * 8, signer=station.practitioner_signer,
        realm=station.settings.realm,
    )  # fmt: skip


def bring(calm: Calm, record: Record) -> None:
    """A record comes to the hub as if the post had sent it."""
    assert calm.hub.core is not None
    calm.hub.core.intake.take([parcels.record_part(record)], calm.post.number)


def test_a_request_is_never_lost(calm: Calm) -> None:
    """It waits for a signed receipt through outages, a hub that dies at any write, and restarts."""
    calm.hub.die()
    case = calm.file()
    calm.let(60)
    assert at(calm.post).log.waiting(HUB).records == 1
    for writes in range(12):
        calm._start(calm.hub)
        calm.hub.fuse.arm(writes, after=writes % 2 == 0)
        calm.let(10)
        calm.hub.die()
        confirmed = HUB in at(calm.post).log.confirmed(case)
        waits = at(calm.post).log.waiting(HUB).records
        assert confirmed != bool(waits), "neither received nor waiting"
        calm.post.die()
        calm._start(calm.post)
        assert at(calm.post).log.get(case) is not None
    calm._start(calm.hub)
    calm.let(300)
    assert calm.hub_station.log.get(case) is not None
    assert HUB in at(calm.post).log.confirmed(case)


def test_gaps_in_the_sequence_are_seen(calm: Calm) -> None:
    """A record that is missing below a newer one is known to be missing, until it has come."""
    post = at(calm.post)
    case = calm.file()
    note = post.note(case, "一").record
    last = post.note(case, "二").record
    log, take = calm.hub_station.log, calm.hub.core and calm.hub.core.intake.take
    assert take
    parts = {item: parcels.record_part(record) for item in (case, note, last)
             if (record := post.log.get(item))}  # fmt: skip
    take([parts[case], parts[last]], post.number)
    assert log.gaps(post.number) == [Span(post.number, note.seq, note.seq)]
    calm.let(10)
    assert log.gaps(post.number) == []


def test_the_wrong_patient_is_not_possible_by_accident(calm: Calm) -> None:
    """Two identifiers when creating, opening, signing; near-duplicates prompt; nobody is merged."""
    post, desk = at(calm.post), at(calm.desk)
    with pytest.raises(UsageError):
        post.file(replace(form(), born="", id="", phone=""))
    first = post.file(form())
    calm.let(5)
    opened = desk.open_case(first.case)
    signed = desk.answer(first.case, an_answer())
    for shown in (first.identifiers, opened.identifiers, signed.identifiers):
        assert shown == (NAME, "1962-05-01")
    second = post.file(form(born="1962-05-02"))
    assert [near.case for near in second.near] == [first.case]
    assert second.case != first.case
    keys = {post.log.case(case).patient.key for case in (first.case, second.case)}
    assert len(keys) == 2


def test_an_answer_needs_an_opening(calm: Calm) -> None:
    """Nobody signs advice about a patient whose identifiers they were not shown."""
    case = calm.file()
    calm.let(5)
    with pytest.raises(UsageError):
        at(calm.desk).answer(case, an_answer())


def test_stale_advice_is_not_applied(calm: Calm) -> None:
    """New vitals that the answer had not seen flip it to recheck at both ends; it can expire."""
    case = calm.answered(RX, expires="24h")
    post, desk = at(calm.post), at(calm.desk)
    assert not post.case(case).recheck
    answer = post.case(case).answer
    assert answer is not None
    assert case in answer.body.seen.ids()
    # The post measures again while a second answer is already being written elsewhere.
    post.note(case, "", ["bp=200/120"])
    assert post.case(case).recheck
    assert post.ack(case, True, "").warnings
    calm.let(5)
    assert desk.case(case).recheck
    desk.open_case(case)
    desk.amend(case, an_answer(RX, reason="血压升高", expires="24h"))
    calm.let(5)
    assert not post.case(case).recheck
    calm.post.step += 25 * 3600
    assert post.case(case).expired()
    assert post.ack(case, True, "").warnings


def test_an_unacknowledged_critical_value_alerts_until_a_named_person_acts(calm: Calm) -> None:
    """Again and again, then the backup too, each step a record; it stops at an acknowledgement."""
    case = calm.file(vital=("bp=220/130",))
    calm.let(1)

    def alerts() -> list[Alert]:
        found = [e.record.body for e in calm.hub_station.case(case).entries]
        return [body for body in found if isinstance(body, Alert)]

    assert [alert.step for alert in alerts()] == [0]
    calm.let(400)
    assert [alert.step for alert in alerts()] == [0, 1]
    calm.let(400)
    assert [alert.step for alert in alerts()] == [0, 1, 2]
    assert alerts()[-1].to == calm.post.number
    calm.hub.die()
    calm._start(calm.hub)
    calm.let(400)
    assert len(alerts()) == 4, "a restarted hub must go on"
    at(calm.desk).acknowledge_alert(case)
    calm.let(2_000)
    assert len(alerts()) == 4
    alarm = calm.hub_station.case(case).alarms[-1]
    assert alarm.acknowledged is not None
    assert alarm.acknowledged.author == at(calm.desk).settings.practitioner


def test_a_prescription_is_dispensed_once(calm: Calm) -> None:
    """A second dispensing is refused; the same bundle again changes nothing; a forced second one
    does not count."""
    case = calm.answered(RX)
    post = at(calm.post)
    given = post.dispense(case, "1").record
    with pytest.raises(UsageError):
        post.dispense(case, "1")
    record = post.log.get(given)
    assert record is not None
    calm.let(5)
    before = calm.hub_station.log.records(case)
    bring(calm, record)
    assert calm.hub_station.log.records(case) == before
    assert isinstance(record.body, Dispensed)
    post.write(Dispensed(record.body.rx), case)
    line = post.case(case).prescriptions[0]
    assert line.dispensed is not None
    assert line.dispensed.id == given
    assert len(line.extra) == 1


def test_advice_is_invisible_until_signed(calm: Calm) -> None:
    """A record whose signature or author does not check is kept aside with its reason."""
    case = calm.file()
    calm.let(5)
    body = Answer(Seen(b"\0" * 8, ()), "停药", Disposition.STAY)
    desk = at(calm.desk).settings
    record = forged(at(calm.post), body, case, station_no=desk.number, author_no=desk.practitioner)
    bring(calm, record)
    assert calm.hub_station.case(case).answer is None
    assert [aside.why for aside in calm.hub_station.log.refused()] == ["signature"]
    bring(calm, forged(at(calm.post), body, case))
    assert calm.hub_station.case(case).answer is None
    calm.let(60)
    assert at(calm.post).case(case).answer is None


def test_advice_is_never_half_written(calm: Calm, tmp_path: Path) -> None:
    """A desk that dies at any write while an answer is signed has all of it or nothing."""
    case = calm.file()
    calm.let(5)
    picture = tmp_path / "a.pdf"
    picture.write_bytes(b"%PDF-1.4\n" * 200)
    at(calm.desk).open_case(case)
    whole = 0
    for writes in range(60):
        calm.desk.fuse.arm(writes, after=writes % 2 == 1)
        try:
            words = replace(an_answer(RX), attach=[str(picture)])
            at(calm.desk).answer(case, words)
            calm.desk.fuse.arm(-1, after=False)
        except Crash:
            calm.desk.die()
            calm._start(calm.desk)
        found = at(calm.desk).case(case)
        assert bool(found.answer) == bool(found.attachments), f"half of it after {writes} writes"
        if found.answer:
            whole = writes
            break
    assert whole > 5


def test_an_amendment_is_a_new_version_with_a_notice(calm: Calm) -> None:
    """The old words stay, the new ones stand, and what was done about the old does not count."""
    case = calm.answered(RX)
    post, desk = at(calm.post), at(calm.desk)
    post.ack(case, True, "已服药")
    calm.let(5)
    desk.amend(case, an_answer(reason="化验结果", advice="停用"))
    calm.let(5)
    found = post.case(case)
    assert [version.body.advice for version in found.versions] == ["卧床休息", "停用"]
    assert found.answer is not None
    assert found.answer.body.reason == "化验结果"
    assert State.ACTED_ON not in found.states


def test_nothing_is_called_received_without_a_receipt(calm: Calm) -> None:
    """Sent, and even held by the hub's link, is not received; a forged receipt is refused."""
    case = calm.file()
    calm.let(0)
    post = at(calm.post)
    assert post.case(case).state in (State.SAVED, State.SENT)
    claim = Receipt(records=(Span(case.station, case.seq, case.seq),))
    record = author(
        claim, station=HUB, seq=500, author=HUB, at=int(post.clock()), case=None, prev=b"\1" * 8,
        signer=at(calm.desk).station_signer, realm=post.settings.realm,
    )  # fmt: skip
    verdict = post.log.admit(record, post.roster, at=1)
    assert not verdict.safe
    assert post.case(case).state in (State.SAVED, State.SENT)
    calm.let(5)
    assert post.case(case).state is State.RECEIVED
    receipts = [r for r in post.log.of_kinds([Kind.RECEIPT]) if r.id.station == HUB]
    named = [span for r in receipts if isinstance(r.body, Receipt) for span in r.body.records]
    assert any(span.first <= case.seq <= span.last for span in named if span.station == case[0])


def test_nobody_unsays_a_receipt_in_the_hubs_name(calm: Calm) -> None:
    """Nothing lies: a desk seals, in the hub's name, that a request was refused or got lost."""
    case = calm.file()
    calm.let(5)
    post, desk = at(calm.post), at(calm.desk)
    record = post.log.get(case)
    assert record is not None
    words = [parcels.lack_part([(1, 2_000)]),
             parcels.return_part({(case.seq, parcels.return_digest(record)): "fork"})]  # fmt: skip
    key = origin.origin_key(desk.keys.station_seal, post.keys.station_seal_public,
                            post.settings.realm)  # fmt: skip
    words += [origin.prove(key, HUB, post.number, word, bytes(8)) for word in words]
    context = bundle_context(post.settings.realm, HUB, post.number)
    sealed = seal(pack(words), recipient=post.keys.station_seal_public, context=context,
                  entropy=desk.entropy)  # fmt: skip
    mail = Mail(post)
    arrival = mail.arrived(HUB, sealed, bundle_tag(sealed), "folder")
    mail.close()
    assert arrival is not None
    assert arrival.refused == len(words)
    assert post.case(case).state is State.RECEIVED
    assert post.log.returns() == []
    assert post.log.waiting(HUB).records == 0


def test_what_the_hub_itself_lacks_is_sent_again(calm: Calm) -> None:
    """Its own word, over the link, is believed: the request waits anew until it is safe there."""
    case = calm.file()
    calm.let(5)
    post, core = at(calm.post), calm.hub.core
    assert core is not None
    confirmed = post.log.confirmed(case)[HUB]
    core.peers[post.number].exchange.ask_again([(case.seq, case.seq)], calm.clock.at)
    calm.let(30)
    assert post.log.confirmed(case)[HUB] > confirmed, "by a new receipt"
    assert post.log.refused_count() == 0


def test_a_lost_stick_or_spool_tells_nothing(calm: Calm, tmp_path: Path) -> None:
    """No name, complaint or number in the bytes or names of what is carried or waits to be sent."""
    calm.hub.die()
    case = calm.file()
    calm.let(5)
    stick = tmp_path / "stick"
    stick.mkdir()
    assert visit_folder(at(calm.post), stick).put
    assert at(calm.post).log.waiting(HUB).records, "put on a stick is not received"
    spool = [p for p in calm.post.home.root.iterdir() if p.name.startswith("spool")]
    files = [p for p in (*stick.rglob("*"), *spool) if p.is_file()]
    assert len(files) > len(spool), "nothing was put on the stick"
    request = at(calm.post).log.get(case)
    assert request is not None
    secrets = [NAME, COMPLAINT, "1962-05-01", "村0医生", "心内科"]
    plain = [
        word.encode(coding) for word in secrets for coding in ("utf-8", "utf-16-le", "gb18030")
    ]
    plain += [request.content, request.content[8:40], at(calm.post).keys.station_seal]
    for path in files:
        data = path.read_bytes() + (
            str(path.relative_to(stick)).encode() if path not in spool else b""
        )
        found = [word for word in plain if word in data]
        assert not found, f"{path.name} tells {found}"


def test_keys_are_for_their_owner_only(calm: Calm) -> None:
    """Owner-only files; with a PIN the key file does not contain the keys."""
    home, keys = calm.post.home, at(calm.post).keys
    assert home.root.stat().st_mode & 0o077 == 0
    assert home.keys_path.stat().st_mode & 0o077 == 0
    locked = keys.to_bytes("4711", calm.random.randbytes)
    for secret in (keys.station_sign, keys.station_seal, keys.practitioner_sign):
        assert secret not in locked


@pytest.mark.parametrize("kind", list(StationKind))
def test_no_machine_prescribes(kind: StationKind, calm: Calm) -> None:
    """What a station signs by itself is never advice, and is refused everywhere if it is."""
    machine = Author(99, "", b"", 99, kind, automatic=True, depts=("心内科",))
    allowed = {one for one in Kind if may_ever(machine, one)}
    assert allowed <= {Kind.RECEIPT, Kind.ESCALATED, Kind.ALERT}
    case = calm.file()
    calm.let(5)
    body = Answer(Seen(b"\0" * 8, ()), "停药", Disposition.STAY)
    for station in (calm.hub_station, at(calm.desk), at(calm.post)):
        for words in (body, Dispensed(b"abcdef"), Note("x")):
            with pytest.raises(NotAllowed):
                station.write(words, case, automatic=True)
