"""What happened to a case is told causes first, whatever the clocks of its stations say."""

from __future__ import annotations

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records.world import DESK, DOCTOR, SPECIALIST, START, World, an_answer
from xtcli.records.ids import RecordId, spans_of
from xtcli.records.sign import Record
from xtcli.records.timeline import as_it_happened
from xtcli.records.types import Ack, Kind, Note
from xtcli.records.values import Seen
from xtcli.records.version import case_version


def consult(world: World, desk_late: int, post_late: int) -> list[Record]:
    """Request, answer, amendment, note, acknowledgement: in the order in which they were made, by
    clocks that are so many seconds off."""
    request = world.request()
    case = request.id
    first = world.sign(an_answer(request), SPECIALIST, case, at=START + 60 + desk_late)
    second = world.sign(
        an_answer(request, amends=first.id, reason="补充"),
        SPECIALIST, case, at=START + 60 + desk_late,
    )  # fmt: skip
    note = world.sign(Note("更差"), DOCTOR, case, at=START + 60 + post_late)
    ack = world.sign(Ack(second.id, False, "患者拒绝"), DOCTOR, case, at=START + 60 + post_late)
    return [request, first, second, note, ack]


@pytest.mark.parametrize("desk_late", [0, 3_600, 31_536_000])
def test_nothing_is_told_before_what_it_speaks_of(world: World, desk_late: int) -> None:
    """All in the same second, or the desk's clock an hour or a year ahead of the post's."""
    made = consult(world, desk_late, 0)
    kinds = [record.kind for record in as_it_happened(made)]
    assert kinds[0] is Kind.REQUEST
    assert kinds.index(Kind.ACK) > max(n for n, kind in enumerate(kinds) if kind is Kind.ANSWER)


def test_a_station_is_told_in_its_own_order(world: World) -> None:
    """Its clock was set back between two records."""
    request = world.request()
    later = world.sign(Note("1"), DOCTOR, request.id, at=START + 500)
    back = world.sign(Note("2"), DOCTOR, request.id, at=START - 500)
    assert as_it_happened([back, later, request]) == [request, later, back]


@settings(max_examples=30, deadline=None)
@given(st.integers(), st.integers(-10_000, 10_000), st.integers(-10_000, 10_000))
def test_the_order_does_not_depend_on_arrival(seed: int, desk_late: int, post_late: int) -> None:
    made = consult(World(), desk_late, post_late)
    shuffled = made + random.Random(seed).sample(made, 3)
    random.Random(seed).shuffle(shuffled)
    assert as_it_happened(shuffled) == as_it_happened(made)


def test_what_is_missing_is_not_waited_for(world: World) -> None:
    made = consult(world, 0, 0)
    assert [record.kind for record in as_it_happened(made[3:])] == [Kind.NOTE, Kind.ACK]


def test_a_lie_in_a_circle_is_told_all_the_same(world: World) -> None:
    """An acknowledgement of an answer that is yet to come, and claims to have seen it."""
    request = world.request()
    head = world.heads.get(DESK)
    coming = RecordId(DESK, head.id.seq + 1 if head else 1)
    ack = world.sign(Ack(coming), DOCTOR, request.id)
    answer = world.sign(an_answer(request, seen=saw(ack)), SPECIALIST, request.id)
    assert answer.id == coming
    assert as_it_happened([request, answer, ack])[0] == request
    assert len(as_it_happened([request, answer, ack])) == 3


def saw(record: Record) -> Seen:
    """A claim to have seen this."""
    return Seen(case_version(()), spans_of([record.id]))
