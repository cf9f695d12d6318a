"""NEWS2 against the published chart: both sides of every boundary, and who is never scored."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.clinic.news2 import (
    PARTS,
    Band,
    News2,
    NotScored,
    PartialNews2,
    Reason,
    news2,
)
from xtcli.clinic.signs import Vital

WELL = {"rr": 16, "spo2": 98, "o2": 0, "sbp": 120, "pulse": 70, "acvpu": 0, "temp": 370}
"""Every part at 0 points."""


def vitals_of(**changed: int) -> list[Vital]:
    """A well person, changed."""
    return [Vital(code, value) for code, value in (WELL | changed).items()]


def full(changed: dict[str, int], *, scale2: bool = False, age: float = 50) -> News2:
    """The complete score of a well person, changed."""
    scored = news2(vitals_of(**changed), age, scale2=scale2)
    assert isinstance(scored, News2)
    return scored


# The chart as printed: for each sign the first and last value of every box, with its points.
CHART = {
    "rr": [(0, 8, 3), (9, 11, 1), (12, 20, 0), (21, 24, 2), (25, 150, 3)],
    "spo2": [(20, 91, 3), (92, 93, 2), (94, 95, 1), (96, 100, 0)],
    "sbp": [(20, 90, 3), (91, 100, 2), (101, 110, 1), (111, 219, 0), (220, 350, 3)],
    "pulse": [(0, 40, 3), (41, 50, 1), (51, 90, 0), (91, 110, 1), (111, 130, 2), (131, 350, 3)],
    "temp": [(200, 350, 3), (351, 360, 1), (361, 380, 0), (381, 390, 1), (391, 460, 2)],
    "o2": [(0, 0, 0), (1, 1, 2)],
    "acvpu": [(0, 0, 0), (1, 4, 3)],
}
SCALE2_AIR = [(20, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 100, 0)]
SCALE2_OXYGEN = [
    (20, 83, 3), (84, 85, 2), (86, 87, 1), (88, 92, 0), (93, 94, 1), (95, 96, 2), (97, 100, 3)
]  # fmt: skip


@pytest.mark.parametrize("code", CHART)
def test_every_boundary_of_the_chart(code: str) -> None:
    """First and last value of every box score the box's points, the boxes leave no gap."""
    boxes = CHART[code]
    for first, last, points in boxes:
        for value in (first, last):
            assert dict(full({code: value}).parts)[code] == points, (code, value)
    for (_, last, _), (first, _, _) in itertools.pairwise(boxes):
        assert first == last + 1


@pytest.mark.parametrize(("oxygen", "boxes"), [(0, SCALE2_AIR), (1, SCALE2_OXYGEN)])
def test_every_boundary_of_scale_2(oxygen: int, boxes: list[tuple[int, int, int]]) -> None:
    """Scale 2 punishes too much oxygen, but not a good saturation on air."""
    for first, last, points in boxes:
        for value in (first, last):
            scored = full({"spo2": value, "o2": oxygen}, scale2=True)
            assert dict(scored.parts)["spo2"] == points, value


@pytest.mark.parametrize(
    ("changed", "total", "band", "minutes"),
    [
        ({}, 0, Band.LOW, None),
        ({"rr": 21, "o2": 1}, 4, Band.LOW, None),
        ({"rr": 8}, 3, Band.LOW_MEDIUM, 60),
        ({"rr": 21, "o2": 1, "temp": 381}, 5, Band.MEDIUM, 60),
        ({"rr": 25, "o2": 1, "temp": 381}, 6, Band.MEDIUM, 60),
        ({"rr": 25, "o2": 1, "temp": 391}, 7, Band.HIGH, 30),
        (
            {"rr": 30, "spo2": 80, "o2": 1, "sbp": 80, "pulse": 140, "acvpu": 4, "temp": 340},
            20,
            Band.HIGH,
            30,
        ),
    ],
)
def test_bands(changed: dict[str, int], total: int, band: Band, minutes: int | None) -> None:
    """4/5 and 6/7 are the borders; a single 3 lifts a low score."""
    scored = full(changed)
    assert (scored.total, scored.band, scored.urgency_minutes) == (total, band, minutes)


def test_red_names_the_parts() -> None:
    assert full({"rr": 8, "acvpu": 2}).red == ("rr", "acvpu")
    assert full({"o2": 1}).red == ()


@pytest.mark.parametrize(
    ("age", "pregnant", "reason"),
    [
        (15.99, False, Reason.UNDER_16),
        (0, False, Reason.UNDER_16),
        (None, False, Reason.AGE_UNKNOWN),
        (30, True, Reason.PREGNANT),
    ],
)
def test_not_for_everybody(age: float | None, pregnant: bool, reason: Reason) -> None:
    scored = news2(vitals_of(), age, pregnant=pregnant)
    assert scored == NotScored(reason)
    assert scored.text


def test_sixteen_is_scored() -> None:
    assert full({}, age=16).total == 0


def test_nothing_measured_is_no_score() -> None:
    assert news2([Vital("weight", 6000)], 50) == NotScored(Reason.NO_VITALS)


@pytest.mark.parametrize("code", PARTS)
def test_one_part_missing_is_only_a_lower_bound(code: str) -> None:
    """It has no total, says what is missing, and never calls itself a score."""
    scored = news2([vital for vital in vitals_of(rr=25) if vital.code != code], 50)
    assert isinstance(scored, PartialNews2)
    assert scored.missing == (code,)
    assert scored.at_least == (0 if code == "rr" else 3)
    assert not hasattr(scored, "total")
    assert scored.text.startswith("no NEWS2")
    assert "at least" in scored.text


def test_the_later_value_counts() -> None:
    scored = news2([*vitals_of(rr=30), Vital("rr", 16)], 50)
    assert isinstance(scored, News2)
    assert scored.total == 0


def any_vitals() -> st.SearchStrategy[dict[str, int]]:
    """Any possible value of all seven parts."""
    return st.fixed_dictionaries(
        {code: st.integers(boxes[0][0], boxes[-1][1]) for code, boxes in CHART.items()}
    )


@settings(derandomize=True, max_examples=200)
@given(any_vitals(), st.booleans(), st.sets(st.sampled_from(PARTS)))
def test_a_partial_sum_never_exceeds_the_score(
    values: dict[str, int], scale2: bool, hidden: set[str]
) -> None:
    """Whatever is left out, the lower bound is one, also on scale 2 without knowing the oxygen."""
    whole = news2([Vital(code, value) for code, value in values.items()], 50, scale2=scale2)
    part = news2(
        [Vital(code, value) for code, value in values.items() if code not in hidden],
        50,
        scale2=scale2,
    )
    assert isinstance(whole, News2)
    assert 0 <= whole.total <= 20
    if isinstance(part, PartialNews2):
        assert part.at_least <= whole.total
        assert set(part.missing) == hidden
    elif isinstance(part, News2):
        assert part == whole
        assert not hidden
