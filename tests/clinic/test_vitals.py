"""Vitals: what can be typed, what is refused, what is flagged, and exactness on the wire."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.clinic.signs import BY_CODE, BY_NUMBER, fast_breathing, scaled_text
from xtcli.clinic.vitals import (
    TABLE,
    Flag,
    Sign,
    Vital,
    flag,
    from_wire,
    label,
    parse_vital,
    parse_vitals,
)
from xtcli.errors import UsageError
from xtcli.lang import choose

WIRE = {
    "sbp": (1, 0), "dbp": (2, 0), "pulse": (3, 0), "rr": (4, 0), "temp": (5, 1), "spo2": (6, 0),
    "o2": (7, 0), "acvpu": (8, 0), "glucose": (9, 2), "fbg": (10, 2), "weight": (11, 2),
    "height": (12, 1), "pain": (13, 0), "gcs": (14, 0), "urine": (15, 0), "fhr": (16, 0),
    "waist": (17, 1), "crt": (18, 1), "o2flow": (19, 1),
}  # fmt: skip
"""Numbers and scales that records on disk already use: they may grow, never change."""


def test_wire_numbers_and_scales_never_change() -> None:
    assert {sign.code: (sign.number, sign.decimals) for sign in TABLE} == WIRE
    assert len(BY_CODE) == len(BY_NUMBER) == len(TABLE)


@pytest.mark.parametrize("sign", TABLE, ids=lambda sign: sign.code)
def test_ranges_lie_inside_each_other(sign: Sign) -> None:
    low, high = sign.possible
    assert low <= sign.plausible[0] < sign.plausible[1] <= high
    if sign.normal:
        assert sign.plausible[0] <= sign.normal[0] <= sign.normal[1] <= sign.plausible[1]
    assert not sign.words or high == len(sign.words) - 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("bp=165/95", {"sbp": 165, "dbp": 95}),
        ("BP：１６５／９５", {"sbp": 165, "dbp": 95}),
        ("血压=165/95mmHg", {"sbp": 165, "dbp": 95}),
        ("血压165/95", {"sbp": 165, "dbp": 95}),
        ("bp=22/12kPa", {"sbp": 165, "dbp": 90}),
        ("temp=38.5", {"temp": 385}),
        ("体温＝38.5℃", {"temp": 385}),
        ("T38.5", {"temp": 385}),
        ("temp=38.50", {"temp": 385}),
        ("temp=101F", {"temp": 383}),
        ("temp=98.6 °F", {"temp": 370}),
        ("pulse=88", {"pulse": 88}),
        ("心率=88次/分", {"pulse": 88}),
        ("呼吸 20次/分", {"rr": 20}),
        ("SpO₂=93％", {"spo2": 93}),
        ("spo2 93", {"spo2": 93}),
        ("o2=yes", {"o2": 1}),
        ("吸氧=否", {"o2": 0}),
        ("o2=2L/min", {"o2": 1, "o2flow": 20}),
        ("avpu=V", {"acvpu": 2}),
        ("意识=清醒", {"acvpu": 0}),
        ("glucose=126mg/dl", {"glucose": 699}),
        ("血糖=5.62", {"glucose": 562}),
        ("空腹血糖=7.0mmol/L", {"fbg": 700}),
        ("体重=120斤", {"weight": 6000}),
        ("weight=3250g", {"weight": 325}),
        ("体重=60㎏", {"weight": 6000}),
        ("身高=1.7米", {"height": 1700}),
        ("gcs=E4V5M6", {"gcs": 15}),
        ("gcs=14分", {"gcs": 14}),
        ("pain=3/10", {"pain": 3}),
        ("24小时尿量=1.5L", {"urine": 1500}),
        ("胎心=142", {"fhr": 142}),
        ("crt=2.5秒", {"crt": 25}),
    ],
)
def test_typed(text: str, expected: dict[str, int]) -> None:
    assert {vital.code: vital.value for vital in parse_vital(text)} == expected


@pytest.mark.parametrize(
    "text",
    [
        "", "=", "bp", "bp=", "bp=165", "bp=165/", "bp=95/165", "bp=120/120", "bp=1650/95",
        "temp=385", "temp=101", "temp=38.55", "temp=-38", "temp=38.5K", "temp=fast", "pulse=72.5",
        "spo2=101", "spo2=0.95", "o2=maybe", "avpu=X", "sugar=5", "glucose=126", "glucose=5,6",
        "gcs=2", "gcs=16", "gcs=E5V5M6", "pain=11", "pulse=1e2", "pulse=" + "9" * 90,
        "体重=60²", "体重=38½", "temp=٣٨",
    ],
)  # fmt: skip
def test_refused_with_a_next_step(text: str) -> None:
    """Impossible, unreadable or lossy input names the fault and what to write."""
    with pytest.raises(UsageError) as refused:
        parse_vital(text)
    assert str(refused.value)
    assert refused.value.advice


def test_refusal_says_the_range_in_both_languages() -> None:
    with pytest.raises(UsageError) as refused:
        parse_vital("temp=385")
    try:
        choose("en")
        assert "20.0" in refused.value.advice
        assert "46.0 °C" in refused.value.advice
        choose("zh")
        assert refused.value.advice == "应在 20.0 到 46.0 °C 之间。"
        assert label("temp") == "体温"
    finally:
        choose(None)


def test_both_sides_of_every_possible_bound() -> None:
    """The bound itself is kept, one more is refused."""
    for sign in TABLE:
        for bound, beyond in zip(sign.possible, (-1, 1), strict=True):
            assert Vital(sign.code, bound).value == bound
            with pytest.raises(UsageError):
                Vital(sign.code, bound + beyond)


def test_both_sides_of_every_flag() -> None:
    """For an adult, at and beyond each normal and plausible bound."""
    for sign in TABLE:
        if sign.normal is None:
            assert flag(Vital(sign.code, sign.plausible[0]), 40) is Flag.UNJUDGED
            continue
        low, high = sign.normal
        assert flag(Vital(sign.code, low), 40) is flag(Vital(sign.code, high), 40) is Flag.NORMAL
        if low > sign.plausible[0]:
            assert flag(Vital(sign.code, low - 1), 40) is Flag.LOW
        if high < sign.plausible[1]:
            assert flag(Vital(sign.code, high + 1), 40) is Flag.HIGH
        for bound, beyond in zip(sign.plausible, (-1, 1), strict=True):
            assert flag(Vital(sign.code, bound), 40) is not Flag.IMPROBABLE
            if bound not in sign.possible:
                assert flag(Vital(sign.code, bound + beyond), 40) is Flag.IMPROBABLE


@pytest.mark.parametrize(
    ("age", "rate", "fast"),
    [
        (0.1, 59, False), (0.1, 60, True), (2 / 12, 49, False), (2 / 12, 50, True),
        (11 / 12, 50, True), (1.0, 39, False), (1.0, 40, True), (4.99, 40, True), (5.0, 40, False),
    ],
)  # fmt: skip
def test_fast_breathing_by_age(age: float, rate: int, fast: bool) -> None:
    """IMCI: both sides of each rate and each age border."""
    assert fast_breathing(rate, age) is fast
    if age < 5:
        assert flag(Vital("rr", rate), age) is (Flag.HIGH if fast else Flag.NORMAL)


def test_adult_ranges_are_not_used_for_children_or_unknown_ages() -> None:
    assert flag(Vital("sbp", 85), 6) is Flag.UNJUDGED
    assert flag(Vital("sbp", 85), None) is Flag.UNJUDGED
    assert flag(Vital("sbp", 85), 16) is Flag.LOW
    assert flag(Vital("temp", 385), 6) is Flag.HIGH


def test_many_at_once() -> None:
    vitals = parse_vitals(["bp=165/95", "体温=38.5", "sbp=165"])
    assert [vital.code for vital in vitals] == ["sbp", "dbp", "temp"]
    for bad in (["pulse=80", "pulse=81"], ["sbp=90", "dbp=95"]):
        with pytest.raises(UsageError):
            parse_vitals(bad)


def test_unknown_wire_pairs_are_left_to_the_caller() -> None:
    """A newer station's sign, or a value out of bounds, is None and not an error."""
    assert from_wire(99, 5) is None
    assert from_wire(6, 101) is None


@st.composite
def vitals(draw: st.DrawFn) -> Vital:
    """Any vital there can be."""
    sign = draw(st.sampled_from(TABLE))
    return Vital(sign.code, draw(st.integers(*sign.possible)))


@settings(derandomize=True, max_examples=300)
@given(vitals())
def test_wire_and_text_round_trip(vital: Vital) -> None:
    """What is sent comes back; what is shown can be typed again and means the same."""
    assert from_wire(*vital.wire) == vital
    assert vital in parse_vital(f"{vital.code}={vital.text}")
    assert parse_vital(f"{vital.sign.zh}={vital.number_text}") == [vital]


@settings(derandomize=True, max_examples=300)
@given(st.text(max_size=90))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Nothing typed makes anything but vitals or a UsageError."""
    for piece in (text, "bp=" + text, "体温" + text, "o2=" + text):
        try:
            found = parse_vital(piece)
        except UsageError:
            continue
        assert found


def test_scaled_text() -> None:
    assert [scaled_text(*pair) for pair in [(385, 1), (700, 2), (699, 2), (72, 0), (-5, 1)]] == [
        "38.5", "7.0", "6.99", "72", "-0.5",
    ]  # fmt: skip
