"""Who may state what, at every station, whatever order things arrive in."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.records.world import (
    COLLEAGUE,
    DESK,
    DOCTOR,
    DOCTOR2,
    HUB,
    POST,
    SPECIALIST,
    SURGEON,
    World,
    a_request,
    an_answer,
    an_ecg,
)
from xtcli.lang import choose
from xtcli.records.admit import Outcome, admit
from xtcli.records.authority import Missing, Reason, judge, reason_text
from xtcli.records.ids import RecordId
from xtcli.records.roster import Roster
from xtcli.records.sign import Record
from xtcli.records.types import (
    Ack,
    Alert,
    AlertAck,
    Ask,
    Body,
    Call,
    Claimed,
    Closed,
    Departments,
    Dispensed,
    Escalated,
    Kind,
    Note,
    Opened,
    PractitionerEntry,
    Receipt,
    Released,
    Request,
    Revoked,
    StationEntry,
)
from xtcli.records.values import Department, Rx, Seen, StationKind

SEEN = Seen(bytes(8))


@dataclass
class Shelf:
    """The records that are known, as the decision sees them."""

    found: dict[RecordId, Record] = field(default_factory=dict)

    def put(self, *records: Record) -> None:
        self.found |= {record.id: record for record in records}

    def get(self, record_id: RecordId) -> Record | None:
        return self.found.get(record_id)

    def digest_at(self, station: int, seq: int) -> bytes | None:
        held = self.found.get(RecordId(station, seq))
        return held.digest if held else None

    def prev_at(self, station: int, seq: int) -> bytes | None:
        held = self.found.get(RecordId(station, seq))
        return held.prev if held else None


def stage(world: World) -> tuple[Shelf, dict[Kind, Body]]:
    """A case of the post's with an answer and an alert, and one body of each kind for it."""
    request = world.request()
    answer = world.sign(an_answer(rx=(Rx(b"abcdef", "阿司匹林"),)), SPECIALIST, request.id)
    alert = world.sign(Alert("血钾 6.9", to=DESK), HUB, request.id)
    shelf = Shelf()
    shelf.put(request, answer, alert)
    entry = PractitionerEntry(20, "新", POST, bytes(32))
    station = StationEntry(21, "新", StationKind.POST, bytes(32), bytes(32))
    bodies: list[Body] = [
        a_request(), Note("补充"), an_ecg(), Ask("？"), Opened(SEEN), Claimed(), Released(),
        an_answer(), Ack(answer.id), Closed(), Receipt(blobs=(bytes(16),)), Escalated(),
        Alert("x"), AlertAck(alert.id), Dispensed(b"abcdef"), Call(DESK, 5), station, entry,
        Revoked(3), Departments((Department("x"),)),
    ]  # fmt: skip
    return shelf, {body.kind: body for body in bodies}


POST_MAY = {
    Kind.REQUEST, Kind.NOTE, Kind.ATTACH, Kind.ASK, Kind.ACK, Kind.CLOSED, Kind.DISPENSED,
    Kind.CALL,
}  # fmt: skip
DESK_MAY = {
    Kind.OPENED, Kind.CLAIMED, Kind.RELEASED, Kind.ANSWER, Kind.NOTE, Kind.ATTACH, Kind.ASK,
    Kind.ALERT_ACK, Kind.CALL,
}  # fmt: skip
HUB_MAY = {
    Kind.RECEIPT, Kind.ESCALATED, Kind.ALERT, Kind.STATION, Kind.PRACTITIONER, Kind.REVOKED,
    Kind.DEPARTMENTS,
}  # fmt: skip
MAY = {
    DOCTOR: POST_MAY,
    DOCTOR2: {Kind.REQUEST},
    SPECIALIST: DESK_MAY,
    COLLEAGUE: DESK_MAY,
    SURGEON: set(),
    POST: {Kind.RECEIPT},
    DESK: {Kind.RECEIPT},
    HUB: HUB_MAY,
}


@pytest.mark.parametrize("who", list(MAY))
@pytest.mark.parametrize("kind", list(Kind), ids=lambda k: k.name)
def test_the_whole_table(world: World, who: int, kind: Kind) -> None:
    """Every kind by every sort of author, in a case of the first post's cardiology."""
    shelf, bodies = stage(world)
    case = next(iter(shelf.found))
    inside = kind not in HUB_MAY - {Kind.ESCALATED, Kind.ALERT} and kind is not Kind.REQUEST
    record = world.sign(bodies[kind], who, case if inside else None)
    found = judge(record, world.roster(), shelf.get)
    assert (found is None) == (kind in MAY[who]), found


def test_a_post_cannot_answer(world: World) -> None:
    """Red line: only a specialist of the department advises."""
    shelf, _ = stage(world)
    case = next(iter(shelf.found))
    own = world.sign(an_answer(), DOCTOR, case)
    assert judge(own, world.roster(), shelf.get) is Reason.KIND


def test_a_post_sees_and_writes_its_own_cases_only(world: World) -> None:
    shelf, _ = stage(world)
    note = world.sign(Note("冒充"), DOCTOR2, next(iter(shelf.found)))
    assert judge(note, world.roster(), shelf.get) is Reason.NOT_OWN_CASE


def test_a_surgeon_cannot_answer_for_cardiology(world: World) -> None:
    shelf, _ = stage(world)
    record = world.sign(an_answer(), SURGEON, next(iter(shelf.found)))
    assert judge(record, world.roster(), shelf.get) is Reason.NOT_THEIR_DEPARTMENT


def test_a_colleague_of_the_department_may_amend(world: World) -> None:
    """The author may be off duty when an answer turns out to be wrong."""
    request = world.request()
    answer = world.sign(an_answer(request), SPECIALIST, request.id)
    amendment = world.sign(an_answer(request, amends=answer.id, reason="剂量"), COLLEAGUE,
                           request.id)  # fmt: skip
    shelf = Shelf()
    shelf.put(request)
    assert judge(amendment, world.roster(), shelf.get) == Missing(record=answer.id)
    shelf.put(answer)
    assert judge(amendment, world.roster(), shelf.get) is None


def test_an_amendment_must_stay_in_its_case(world: World) -> None:
    first, second = world.request(), world.request()
    answer = world.sign(an_answer(first), SPECIALIST, first.id)
    wrong = world.sign(an_answer(amends=answer.id, reason="x"), SPECIALIST, second.id)
    shelf = Shelf()
    shelf.put(first, second, answer)
    assert judge(wrong, world.roster(), shelf.get) is Reason.TARGET


def test_an_ack_must_name_an_answer(world: World) -> None:
    request = world.request()
    note = world.sign(Note("a"), DOCTOR, request.id)
    shelf = Shelf()
    shelf.put(request, note)
    ack = world.sign(Ack(note.id), DOCTOR, request.id)
    assert judge(ack, world.roster(), shelf.get) is Reason.TARGET


def test_a_case_must_be_a_request(world: World) -> None:
    request = world.request()
    note = world.sign(Note("a"), DOCTOR, request.id)
    shelf = Shelf()
    shelf.put(request, note)
    inside = world.sign(Note("b"), DOCTOR, note.id)
    assert judge(inside, world.roster(), shelf.get) is Reason.NOT_A_CASE


@pytest.mark.parametrize(
    ("to", "expected"),
    [(DESK, Reason.TARGET), (0, Reason.TARGET), (POST, None), (DOCTOR, None)],
)
def test_a_post_silences_only_alerts_meant_for_it(
    world: World, to: int, expected: Reason | None
) -> None:
    """Red line: a critical value meant for a specialist stays loud until one acknowledges."""
    request = world.request()
    alert = world.sign(Alert("危急值", to=to), HUB, request.id)
    shelf = Shelf()
    shelf.put(request, alert)
    ack = world.sign(AlertAck(alert.id), DOCTOR, request.id)
    assert judge(ack, world.roster(), shelf.get) is expected


def test_a_station_cannot_acknowledge(world: World) -> None:
    """Red line: only a named person acknowledges a critical value."""
    request = world.request()
    alert = world.sign(Alert("危急值"), HUB, request.id)
    shelf = Shelf()
    shelf.put(request, alert)
    ack = world.sign(AlertAck(alert.id), DESK, request.id)
    assert judge(ack, world.roster(), shelf.get) is Reason.KIND


def test_an_author_signs_in_the_log_of_their_own_station(world: World) -> None:
    record = world.sign(a_request(), DOCTOR, station=DESK)
    assert judge(record, world.roster(), Shelf().get) is Reason.ELSEWHERE


def test_a_request_for_an_unknown_department_still_arrives(world: World) -> None:
    """Nobody is lost because a department was renamed: routing is the hub's to sort out."""
    record = world.sign(a_request(dept="nobody"), DOCTOR)
    assert judge(record, world.roster(), Shelf().get) is None


# What happens on arrival


def test_admit_new_then_duplicate(world: World) -> None:
    shelf, roster, request = Shelf(), world.roster(), world.request()
    assert admit(request, roster, shelf).new
    shelf.put(request)
    again = admit(request, roster, shelf)
    assert again.outcome is Outcome.DUPLICATE
    assert again.safe


def test_a_fork_is_refused(world: World) -> None:
    """Two records with one number: the second is never applied, whoever signed it."""
    request = world.request()
    world.heads.pop(POST)
    fork = world.sign(Request(a_request().patient, "cardio", complaint="别的"), DOCTOR)
    assert fork.id == request.id
    shelf = Shelf()
    shelf.put(request)
    assert admit(fork, world.roster(), shelf).reason is Reason.FORK


def test_a_broken_chain_is_refused_from_both_sides(world: World) -> None:
    first, second = world.request(), world.request()
    world.heads[POST] = world.sign(a_request(complaint="x"), DOCTOR)
    world.heads[POST] = first
    other = world.sign(a_request(complaint="y"), DOCTOR)
    assert other.id == second.id
    third = world.request()
    shelf = Shelf()
    shelf.put(first, third)
    assert admit(second, world.roster(), shelf).reason is Reason.CHAIN
    shelf.put(second)
    del shelf.found[third.id]
    assert admit(third, world.roster(), shelf).reason is Reason.CHAIN


def test_gaps_are_allowed_on_arrival(world: World) -> None:
    """A stat request overtakes what was written before it."""
    world.request()
    later = world.request()
    assert admit(later, world.roster(), Shelf()).new


def test_an_unknown_author_or_case_is_held(world: World) -> None:
    request = world.request()
    nobody = Roster(world.root_public)
    verdict = admit(request, nobody, Shelf())
    assert verdict.missing == Missing(author=DOCTOR)
    people = [record for record in world.roster_records if record.kind is Kind.PRACTITIONER]
    partly = Roster(world.root_public, people)
    assert admit(request, partly, Shelf()).missing == Missing(author=POST)
    note = world.sign(Note("a"), DOCTOR, request.id)
    assert admit(note, world.roster(), Shelf()).missing == Missing(record=request.id)


def test_a_forged_record_is_refused_even_when_something_is_missing(world: World) -> None:
    forged = world.sign(Note("a"), DOCTOR, RecordId(POST, 77), key=SURGEON)
    assert admit(forged, world.roster(), Shelf()).reason is Reason.SIGNATURE


def test_a_roster_forged_by_a_station_is_refused(world: World) -> None:
    entry = PractitionerEntry(30, "x", POST, bytes(32))
    forged = world.sign(entry, HUB, key=DOCTOR)
    assert admit(forged, world.roster(), Shelf()).reason is Reason.SIGNATURE
    own = world.sign(entry, POST)
    assert admit(own, world.roster(), Shelf()).reason is Reason.KIND


def test_revoked_authors_and_stations_write_nothing_new(world: World) -> None:
    before = world.request()
    revoked = world.sign(Revoked(POST, "丢失"), HUB)
    after = world.request()
    roster = world.roster()
    roster.apply(revoked)
    assert admit(before, roster, Shelf()).new
    assert admit(after, roster, Shelf()).reason is Reason.REVOKED


def test_a_stolen_key_cannot_write_an_older_date(world: World) -> None:
    """The hub names the last record that counts; a later number is refused whatever its date."""
    known, late = world.request(), world.request()
    roster = world.roster()
    roster.apply(world.sign(Revoked(POST, "被盗", last=known.id.seq + 1), HUB))
    forged = world.sign(a_request(), DOCTOR, at=known.at)
    assert admit(known, roster, Shelf()).new
    assert admit(late, roster, Shelf()).new
    assert admit(forged, roster, Shelf()).reason is Reason.REVOKED


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_has_a_sentence_in_both_languages(reason: Reason) -> None:
    try:
        choose("en")
        english = reason_text(reason.value)
        choose("zh")
        assert english != reason.value
        assert reason_text(reason.value) != english
        assert reason_text("something else") == "something else"
    finally:
        choose(None)
