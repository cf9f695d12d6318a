"""Prescription lines: what doctors write is understood, nothing is changed on the way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.clinic.prescription import (
    FREQUENCIES,
    MOMENTS,
    ROUTES,
    RxLine,
    doses_per_day,
    frequency_name,
    parse_days,
    parse_frequency,
    parse_route,
    parse_rx,
    route_name,
    warnings,
)
from xtcli.errors import UsageError
from xtcli.lang import choose


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("阿莫西林胶囊；0.5g；口服；每日三次；7天", ("阿莫西林胶囊", "0.5g", "po", "tid", 7)),
        ("amoxicillin; 0.5 g; po; t.i.d.; 7", ("amoxicillin", "0.5 g", "po", "tid", 7)),
        ("布洛芬，0.3g，口服，必要时，3", ("布洛芬", "0.3g", "po", "prn", 3)),
        ("地高辛；1½片；po；qd；３；", ("地高辛", "1½片", "po", "qd", 3)),
        ("青霉素;10⁶U;im;bid;3", ("青霉素", "10⁶U", "im", "bid", 3)),
        ("A, B;1;涂患处;bid;3", ("A, B", "1", "涂患处", "bid", 3)),
    ],
)
def test_lines(text: str, line: tuple[str, str, str, str, int]) -> None:
    """Half amounts and powers stay as written: a fold to plain digits would change the dose."""
    assert parse_rx(text) == RxLine(*line)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("qd", "qd"), ("QD", "qd"), ("每日一次", "qd"), ("每天1次", "qd"), ("1次/日", "qd"),
        ("bid", "bid"), ("b.i.d", "bid"), ("一日两次", "bid"), ("日二次", "bid"), ("tid", "tid"),
        ("每日3次", "tid"), ("qid", "qid"), ("每日四次", "qid"), ("qn", "qn"), ("每晚一次", "qn"),
        ("睡前", "qn"), ("hs", "qn"), ("隔日一次", "qod"), ("每周一次", "qw"), ("每周两次", "biw"),
        ("q8h", "q8h"), ("每8小时一次", "q8h"), ("每八小时一次", "q8h"), ("q12h", "q12h"),
        ("prn", "prn"), ("必要时", "prn"), ("q6h prn", "q6h prn"), ("tid ac", "tid ac"),
        ("每日3次 饭后", "tid pc"), ("餐前每日三次", "tid ac"), ("立即", "st"), ("st", "st"),
    ],
)  # fmt: skip
def test_frequencies(text: str, code: str) -> None:
    assert parse_frequency(text) == code


@pytest.mark.parametrize("text", ["", "sometimes", "q5h", "q0h", "每日5次", "ac", "tid tid", "3"])
def test_unknown_frequencies_are_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_frequency(text)
    assert "tid" in refused.value.advice


@pytest.mark.parametrize(
    ("text", "code"),
    [("PO", "po"), ("p.o.", "po"), ("口服", "po"), ("肌注", "im"), ("iv gtt", "ivgtt"),
     ("静滴", "ivgtt"), ("皮下注射", "sc"), ("by mouth", "po"), ("涂患处", "涂患处")],
)  # fmt: skip
def test_routes(text: str, code: str) -> None:
    assert parse_route(text) == code


@pytest.mark.parametrize(
    ("text", "days"),
    [("7", 7), ("7d", 7), ("7天", 7), ("x7", 7), ("×7天", 7), ("7 days", 7), ("2周", 14),
     ("七天", 7), ("十天", 10), ("1", 1), ("366", 366)],
)  # fmt: skip
def test_days(text: str, days: int) -> None:
    assert parse_days(text) == days


@pytest.mark.parametrize("text", ["", "0", "367", "-1", "1.5", "week", "53周", "7⁶", "long"])
def test_days_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_days(text)
    assert refused.value.advice


@pytest.mark.parametrize(
    "text",
    ["", "x", "x;1;po;5", "x;1;po;qd;3;4", ";1;po;qd;3", "x;;po;qd;3", "x;1;;qd;3", "x;1;po;;3",
     "x" * 121 + ";1;po;qd;3", "x;" + "1" * 61 + ";po;qd;3", "x" * 500],
)  # fmt: skip
def test_lines_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_rx(text)
    assert refused.value.advice


@pytest.mark.parametrize(
    ("days", "emergency", "count"),
    [(7, False, 0), (8, False, 1), (3, True, 0), (4, True, 1), (84, False, 1), (85, False, 1)],
)
def test_long_supplies_are_pointed_out(days: int, emergency: bool, count: int) -> None:
    line = RxLine("x", "1片", "po", "qd", days)
    found = warnings(line, emergency=emergency)
    assert len(found) == count
    assert ("12 weeks" in "".join(found)) is (days > 84)


def test_a_dose_without_number_and_an_unknown_route_are_pointed_out() -> None:
    assert len(warnings(RxLine("x", "some", "涂患处", "qd", 3))) == 2
    assert warnings(RxLine("x", "半片", "po", "qd", 3)) == []
    assert warnings(RxLine("x", "适量", "top", "qd", 3)) == []


def test_doses_per_day() -> None:
    codes = ("qd", "tid pc", "q8h", "qod", "prn", "q6h prn", "st", "as told")
    assert [doses_per_day(code) for code in codes] == [1, 3, 3, 0.5, None, None, None, None]


def test_names_in_both_languages_can_be_typed_again() -> None:
    """What a screen shows is understood when typed."""
    for language in ("en", "zh"):
        choose(language)
        for code in ROUTES:
            assert parse_route(route_name(code)) == code
    for code in FREQUENCIES:
        assert parse_frequency(frequency_name(code)) in (code, "qd" if code == "q24h" else code)
    assert frequency_name("tid pc") == "每日3次 饭后"
    assert all(frequency_name(f"qd {moment}") != f"qd {moment}" for moment in MOMENTS)
    assert (route_name("odd"), frequency_name("odd x")) == ("odd", "odd x")


@settings(derandomize=True, max_examples=300)
@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for piece in (text, f"x;1;po;{text};3", f"x;1;po;qd;{text}", f"{text};1;po;qd;3"):
        try:
            line = parse_rx(piece)
        except UsageError:
            continue
        assert 1 <= line.days <= 366
        assert line.text
