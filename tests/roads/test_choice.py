"""Which road to use: the rules, in virtual time."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.station.roads_choice import (
    FORGET_SECONDS,
    PATIENCE_SECONDS_MAX,
    PROBE_SECONDS,
    PROBE_SECONDS_MAX,
    SILENT_SECONDS,
    Choice,
)

FIRST = (8.0, 25.0, 25.0)


def opened(first: tuple[float, ...] = FIRST) -> Choice:
    made = Choice(first, 0.0)
    made.opened(0.0)
    return made


def test_a_road_without_an_answer_is_left_after_its_patience() -> None:
    choice = opened()
    assert choice.look(True, 0.0) is None
    assert choice.look(True, 7.9) is None
    assert choice.look(True, 8.0) == 1
    choice.opened(8.1)
    assert choice.look(True, 33.0) is None
    assert choice.look(True, 33.1) == 2


def test_nobody_waits_and_nothing_changes() -> None:
    """A watch whose hub has nothing to say is silent for minutes; that is no fault of the road."""
    choice = opened()
    choice.look(True, 0.0)
    choice.heard(1.0)
    for second in range(2, 3600):
        assert choice.look(False, float(second)) is None
        assert choice.silence(float(second)) == 0.0


def test_a_road_that_had_answered_may_be_silent_for_longer() -> None:
    choice = opened()
    choice.look(True, 0.0)
    choice.heard(1.0)
    assert choice.look(True, 100.0) is None
    assert choice.look(True, 100.0 + SILENT_SECONDS - 0.1) is None
    assert choice.look(True, 100.0 + SILENT_SECONDS) == 1


def test_a_question_given_up_for_a_moment_is_still_owed() -> None:
    choice = opened()
    choice.look(True, 0.0)
    choice.look(False, 3.0)
    assert choice.silence(4.0) == 4.0
    choice.look(False, 4.0 + FORGET_SECONDS)
    assert choice.silence(40.0) == 0.0


def test_silence_counts_on_through_changes() -> None:
    """Short messages begin after so much silence of all roads together."""
    choice = opened()
    now = 0.0
    while choice.silence(now) < 30.0:
        if choice.look(True, now) is not None:
            choice.opened(now)
        now += 0.5
    assert now <= 30.5
    choice.heard(now)
    assert choice.silence(now + 1) == 0.0


def test_a_dead_network_is_tried_less_and_less_often() -> None:
    choice = opened()
    changes = [now for now in range(4 * 3600) if _turn(choice, float(now))]
    pauses = [b - a for a, b in pairwise(changes)]
    assert max(pauses) == PATIENCE_SECONDS_MAX
    assert len(changes) < 140
    assert pauses[:3] == [25, 25, 16]


def _turn(choice: Choice, now: float) -> bool:
    if choice.look(True, now) is None:
        return False
    choice.opened(now)
    return True


def test_the_first_road_is_asked_from_time_to_time() -> None:
    choice = Choice(FIRST, 0.0)
    choice.start_at(1, 0.0)
    choice.opened(0.0)
    asked = []
    for now in range(3600):
        choice.heard(now + 0.5)
        if choice.probe_due(float(now)):
            asked.append(now)
            assert choice.probed(False, float(now)) is None
    pauses = [b - a for a, b in pairwise(asked)]
    assert asked[0] <= 1
    assert pauses[0] == PROBE_SECONDS
    assert pauses[-1] == PROBE_SECONDS_MAX
    assert choice.probed(True, 4000.0) == 0
    assert not choice.probe_due(9000.0)


def test_one_road_is_never_left() -> None:
    choice = opened((8.0,))
    assert all(choice.look(True, float(now)) is None for now in range(1000))
    assert choice.silence(1000.0) == 1000.0


@settings(derandomize=True, deadline=None, max_examples=200)
@given(st.lists(st.tuples(st.sampled_from("ahopqf"), st.floats(0.0, 200.0)), max_size=60),
       st.integers(1, 4))  # fmt: skip
def test_whatever_happens_the_road_is_one_of_ours(steps: list[tuple[str, float]], n: int) -> None:
    """And a road that answers within its patience is never left."""
    choice, now = Choice((8.0,) * n, 0.0), 0.0
    for what, more in steps:
        now += more
        if what == "h":
            choice.heard(now)
            assert choice.look(True, now) is None
        elif what == "o":
            choice.opened(now)
        elif what == "p":
            choice.probed(more > 100, now)
        elif what == "f":
            choice.failed()
        else:
            choice.look(what == "a", now)
        assert 0 <= choice.at < n
        assert choice.silence(now) >= 0.0
        assert not (choice.at == 0 and choice.probe_due(now))
