"""The fold of a case: honest states, and the red lines that live in it."""

from __future__ import annotations

import random
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records.world import (
    COLLEAGUE,
    DESK,
    DOCTOR,
    HUB,
    POST,
    SPECIALIST,
    World,
    an_answer,
    an_ecg,
)
from xtcli.errors import NotFound
from xtcli.records.case import Case, State, fold
from xtcli.records.ids import RecordId
from xtcli.records.queue import Summary, in_queue_order, queue_rank, summarise
from xtcli.records.sign import Record
from xtcli.records.types import (
    Ack,
    Alert,
    AlertAck,
    Ask,
    Attach,
    Claimed,
    Closed,
    Dispensed,
    Escalated,
    Note,
    Opened,
    Released,
)
from xtcli.records.values import BlobKind, Rx, Urgency
from xtcli.records.version import case_version, seen_of

RX = Rx(b"abcdef", "阿司匹林", "300mg", "口服", "立即", 1)
OTHER = Rx(b"ghijkl", "氯吡格雷")


class Story:
    """A case that grows record by record."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.request = world.request()
        self.records = [self.request]

    def add(self, body: object, who: int, at: int | None = None) -> Record:
        """One more record of the case."""
        made = self.world.sign(body, who, self.request.id, at=at)  # type: ignore[arg-type]
        self.records.append(made)
        return made

    def answer(self, by: int = SPECIALIST, **changes: object) -> Record:
        """An answer that has seen everything so far."""
        return self.add(an_answer(*self.records, by=by, **changes), by)

    def case(
        self, confirmed: Mapping[RecordId, Mapping[int, int]] | None = None, now: float = 0.0
    ) -> Case:
        """The fold of it all."""
        return fold(self.records, confirmed or {}, now)


@pytest.fixture
def story(world: World) -> Story:
    return Story(world)


# States


def test_sent_received_opened_answered_and_acted_on_are_five_facts(story: Story) -> None:
    """Each state appears with its own record or receipt, and none before it."""
    assert story.case().state is State.SAVED
    sent = fold(story.records, sent={story.request.id: 7})
    assert sent.states[State.SENT] == 7
    assert State.RECEIVED not in sent.states
    confirmed: dict[RecordId, dict[int, int]] = {story.request.id: {HUB: 8, DESK: 9}}
    assert story.case(confirmed).states[State.RECEIVED] == 8
    story.add(Opened(seen_of(story.records, SPECIALIST)), SPECIALIST)
    assert story.case(confirmed).state is State.OPENED
    story.add(Claimed(), SPECIALIST)
    assert story.case(confirmed).state is State.CLAIMED
    answer = story.answer()
    assert story.case(confirmed).state is State.ANSWERED
    confirmed[answer.id] = {HUB: 11}
    assert story.case(confirmed).state is State.ANSWERED
    confirmed[answer.id][POST] = 12
    assert story.case(confirmed).states[State.ANSWER_RECEIVED] == 12
    story.add(Ack(answer.id), DOCTOR)
    assert story.case(confirmed).state is State.ACTED_ON
    story.add(Closed("好转"), DOCTOR)
    case = story.case(confirmed)
    assert case.state is State.CLOSED
    assert case.outcome == "好转"
    assert list(case.states) == sorted(case.states)


def test_only_another_stations_receipt_turns_a_record_green(story: Story) -> None:
    """Red line: "synced" when it is not. A station cannot confirm its own records."""
    own = {story.request.id: {POST: 8}}
    assert State.RECEIVED not in story.case(own).states
    assert story.case(own).entries[0].received == 0


def test_without_its_request_there_is_no_case(story: Story) -> None:
    note = story.add(Note("a"), DOCTOR)
    with pytest.raises(NotFound):
        fold([note])


# Order and duplicates


def long_story() -> tuple[list[Record], dict[RecordId, dict[int, int]]]:
    """A case with something of everything, one second apart or in the same second."""
    story = Story(World())
    story.add(an_ecg(), DOCTOR)
    story.add(Opened(seen_of(story.records, SPECIALIST)), SPECIALIST)
    story.add(Claimed(), COLLEAGUE, at=story.world.now)
    story.add(Claimed(), SPECIALIST, at=story.world.now)
    story.add(Released(), COLLEAGUE)
    first = story.answer(rx=(RX,))
    alert = story.add(Alert("K 6.9"), HUB)
    story.add(AlertAck(alert.id), SPECIALIST)
    story.add(Alert("K 6.9", step=1), HUB)
    story.add(Ask("多少钾？"), DOCTOR)
    second = story.answer(amends=first.id, reason="剂量", rx=(RX, OTHER))
    story.answer(by=COLLEAGUE, amends=first.id, reason="同时", rx=(RX,))
    story.add(Dispensed(RX.id), DOCTOR)
    story.add(Dispensed(RX.id), DOCTOR, at=story.world.now)
    story.add(Ack(second.id), DOCTOR)
    story.add(Escalated(), HUB)
    story.add(Note("血压", ((1, 90),)), DOCTOR)
    confirmed = {record.id: {HUB: record.at + 3} for record in story.records}
    return story.records, confirmed


RECORDS, CONFIRMED = long_story()
WHOLE = fold(RECORDS, CONFIRMED)


@settings(derandomize=True, max_examples=150, deadline=None)
@given(st.permutations(RECORDS), st.lists(st.sampled_from(RECORDS), max_size=10))
def test_any_order_and_any_duplication_give_the_same_case(
    records: list[Record], again: list[Record]
) -> None:
    assert fold(again + records, CONFIRMED) == WHOLE


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.sets(st.sampled_from(RECORDS[1:])), st.randoms())
def test_any_part_of_a_case_folds(part: set[Record], rng: random.Random) -> None:
    """What has arrived so far is always a case, whatever is still missing."""
    records = [RECORDS[0], *part]
    ordered = fold(records)
    rng.shuffle(records)
    assert fold(records) == ordered
    assert ordered.version == case_version(records)


def test_version_hash_covers_clinical_records_only(story: Story) -> None:
    before = case_version(story.records)
    story.add(Claimed(), SPECIALIST)
    story.answer()
    assert case_version(story.records) == before
    story.add(Note("a"), DOCTOR)
    assert case_version(story.records) != before
    assert story.case().version == case_version(story.records)


# Stale advice


def test_new_vitals_turn_an_answer_to_recheck(story: Story) -> None:
    """Red line: stale advice applied."""
    story.answer()
    assert not story.case().recheck
    note = story.add(Note("", ((1, 80), (3, 130))), DOCTOR)
    case = story.case()
    assert case.recheck_because == (note.id,)
    assert case.waiting_since == note.at
    story.answer(amends=case.answer.record.id if case.answer else None, reason="复查")
    assert not story.case().recheck
    assert story.case().waiting_since == 0


def test_a_new_ecg_turns_an_answer_to_recheck(story: Story) -> None:
    story.answer()
    story.add(an_ecg(), DOCTOR)
    assert story.case().recheck


def test_vitals_on_their_way_while_the_answer_was_written(story: Story) -> None:
    """Dated before the answer, arrived after it: what counts is what the answer had seen."""
    note = story.add(Note("", ((1, 80),)), DOCTOR)
    story.add(an_answer(story.request), SPECIALIST)
    assert story.case().recheck_because == (note.id,)


def test_words_and_pictures_are_shown_as_unseen_but_need_no_recheck(story: Story) -> None:
    story.answer()
    note = story.add(Note("家属到了"), DOCTOR)
    picture = story.add(Attach(bytes(16), 9, "image/avif", BlobKind.PICTURE), DOCTOR)
    case = story.case()
    assert case.unseen == (note.id, picture.id)
    assert not case.recheck


def test_the_specialists_own_note_is_not_news_to_them(story: Story) -> None:
    story.add(Note("请再测血压", ((1, 100),)), SPECIALIST)
    story.add(an_answer(story.request), SPECIALIST)
    assert story.case().unseen == ()


def test_an_answer_expires(story: Story) -> None:
    """Red line: stale advice applied. Both sides of the boundary."""
    story.answer(expires=1000)
    case = story.case(now=500)
    assert not case.expired()
    assert not case.expired(999)
    assert case.expired(1000)
    story.records = story.records[:1]
    assert not story.case().expired(1e12)


# Amendments


def test_an_amendment_is_a_new_version_and_the_old_one_stays_visible(story: Story) -> None:
    first = story.answer()
    second = story.answer(amends=first.id, reason="改剂量", advice="减半")
    case = story.case()
    assert [v.number for v in case.versions] == [1, 2]
    assert case.versions[0].replaced_by == second.id
    assert case.answer is not None
    assert case.answer.record == second
    assert case.answer.body.reason == "改剂量"


def test_an_ack_of_the_old_version_is_not_an_ack_of_the_new(story: Story) -> None:
    """What was done on the old advice does not count for the new."""
    first = story.answer()
    story.add(Ack(first.id), DOCTOR)
    assert story.case().state is State.ACTED_ON
    second = story.answer(amends=first.id, reason="x")
    assert State.ACTED_ON not in story.case().states
    story.add(Ack(second.id, done=False, text="没有药"), DOCTOR)
    assert State.ACTED_ON in story.case().states
    assert len(story.case().acks) == 2


def test_two_answers_side_by_side_are_both_shown(story: Story) -> None:
    story.answer()
    story.answer(by=COLLEAGUE)
    case = story.case()
    assert case.several_answers
    assert case.answer is not None
    assert case.answer.record.author == COLLEAGUE


def test_two_amendments_of_one_answer_both_stand_as_versions(story: Story) -> None:
    """Nobody's signed advice disappears: both amendments stand until one amends the other."""
    first = story.answer()
    story.answer(amends=first.id, reason="a")
    story.answer(by=COLLEAGUE, amends=first.id, reason="b")
    case = story.case()
    assert [v.stands for v in case.versions] == [False, True, True]
    assert case.several_answers


# Prescriptions


def test_a_prescription_is_dispensed_once(story: Story) -> None:
    """Red line: a prescription twice. The second dispensing is flagged and does not count."""
    story.answer(rx=(RX, OTHER))
    assert all(p.open for p in story.case().prescriptions)
    first = story.add(Dispensed(RX.id), DOCTOR)
    second = story.add(Dispensed(RX.id), DOCTOR)
    found = {p.line.id: p for p in story.case().prescriptions}
    assert found[RX.id].dispensed == first
    assert found[RX.id].extra == (second,)
    assert not found[RX.id].open
    assert found[OTHER.id].open


def test_a_line_kept_by_an_amendment_stays_dispensed(story: Story) -> None:
    """The same line in a new version is not a new prescription."""
    first = story.answer(rx=(RX,))
    story.add(Dispensed(RX.id), DOCTOR)
    second = story.answer(amends=first.id, reason="加一种", rx=(RX, OTHER))
    found = {p.line.id: p for p in story.case().prescriptions}
    assert not found[RX.id].open
    assert found[RX.id].answer == second.id
    assert found[OTHER.id].open


def test_a_line_left_out_by_an_amendment_is_withdrawn(story: Story) -> None:
    first = story.answer(rx=(RX,))
    story.answer(amends=first.id, reason="停用")
    (line,) = story.case().prescriptions
    assert line.withdrawn
    assert not line.open


# Alerts


def test_an_alert_stands_until_a_named_person_acknowledges(story: Story) -> None:
    """Red line: an unacknowledged critical value. Every step is in the log."""
    first = story.add(Alert("K 6.9", step=0, to=DESK), HUB)
    second = story.add(Alert("K 6.9", step=1, to=0), HUB)
    assert [a.record for a in story.case().unacknowledged] == [first, second]
    ack = story.add(AlertAck(second.id, "已电话通知"), COLLEAGUE)
    case = story.case()
    assert case.unacknowledged == ()
    assert [a.acknowledged for a in case.alarms] == [ack, ack]


def test_an_ack_does_not_cover_a_later_alert(story: Story) -> None:
    """Not even when its author's clock runs a day ahead."""
    first = story.add(Alert("K 6.9"), HUB)
    story.add(AlertAck(first.id), SPECIALIST, at=story.world.now + 86_400)
    later = story.add(Alert("K 7.2", step=1), HUB)
    assert [a.record for a in story.case().unacknowledged] == [later]


def test_an_ack_does_not_cover_an_alert_about_something_else(story: Story) -> None:
    ecg = story.add(an_ecg(), DOCTOR)
    one = story.add(Alert("室颤", of=ecg.id), HUB)
    two = story.add(Alert("K 6.9"), HUB)
    story.add(AlertAck(two.id), SPECIALIST)
    assert [a.record for a in story.case().unacknowledged] == [one]


# Claims and waiting


def test_the_first_claim_stands_until_released(story: Story) -> None:
    story.add(Claimed(), SPECIALIST)
    story.add(Claimed(), COLLEAGUE)
    assert story.case().claimed_by == SPECIALIST
    story.add(Released("下班"), SPECIALIST)
    assert story.case().claimed_by == COLLEAGUE
    story.add(Released(), COLLEAGUE)
    assert story.case().claimed_by == 0


def test_the_promise_is_ten_minutes(story: Story) -> None:
    at = story.request.at
    case = story.case()
    assert not case.overdue(at + 600)
    assert case.overdue(at + 601)
    story.answer()
    assert not story.case().overdue(at + 601)


def test_a_question_after_the_answer_waits_again(story: Story) -> None:
    story.answer()
    ask = story.add(Ask("能换药吗？"), DOCTOR)
    assert story.case().waiting_since == ask.at
    story.add(Closed(), DOCTOR)
    assert story.case().waiting_since == 0


def test_the_specialists_question_does_not_make_the_post_wait_twice(story: Story) -> None:
    story.answer()
    story.add(Ask("血压多少？"), COLLEAGUE)
    assert story.case().waiting_since == 0


def test_attachments_say_whether_they_are_whole_here(story: Story) -> None:
    ecg = story.add(an_ecg(), DOCTOR)
    case = fold(story.records, whole={bytes([1]) * 16})
    assert [(a.id, a.whole) for a in case.attachments] == [(ecg.id, True)]
    assert not story.case().attachments[0].whole


def test_escalation_is_in_the_case(story: Story) -> None:
    assert story.case().escalated == 0
    assert story.add(Escalated("10 分钟"), HUB).at == story.case().escalated


# The queue


def row(world: World, score: int | None = None, **changes: Any) -> Summary:
    """The summary of a fresh request."""
    return summarise(fold([world.request(**changes)]), score)


def test_queue_order(world: World) -> None:
    """Alerts first, then urgency, score, time waited; who does not wait comes last."""
    routine_long = row(world, 9, urgency=Urgency.ROUTINE)
    urgent_low = row(world, 2)
    urgent_high = row(world, 7)
    urgent_high_later = row(world, 7)
    stat = row(world, None, urgency=Urgency.STAT)
    story = Story(world)
    story.answer()
    answered = summarise(story.case(), 12)
    story.add(Alert("K"), HUB)
    alerted = summarise(story.case(), 0)
    expected = [alerted, stat, urgent_high, urgent_high_later, urgent_low, routine_long, answered]
    assert in_queue_order(reversed(expected)) == expected
    assert len({queue_rank(summary) for summary in expected}) == len(expected)


def test_a_post_with_a_fast_clock_waits_from_arrival(world: World) -> None:
    """A request dated in the future waits from when it came; one from the past from its date."""
    request = world.request()
    ahead = summarise(fold([request]), None, arrived=request.at - 1000)
    assert ahead.waiting_since == request.at - 1000
    late = summarise(fold([request]), None, arrived=request.at + 86_400)
    assert late.waiting_since == request.at
    assert late.overdue(request.at + 601)
    assert late.waited(request.at - 5) == 0
