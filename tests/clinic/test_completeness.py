"""Completeness: what stops a request, what is pointed out, and the way out in an emergency."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from xtcli.clinic.completeness import Draft, check
from xtcli.clinic.signs import Vital
from xtcli.errors import UsageError

SEVEN = tuple(
    Vital(code, value)
    for code, value in (
        ("rr", 16), ("spo2", 98), ("o2", 0), ("sbp", 120), ("pulse", 70), ("acvpu", 0),
        ("temp", 370),
    )
)  # fmt: skip


def without(field: str) -> Draft:
    """The whole request with one text left blank."""
    texts: dict[str, Any] = {field: "  "}
    return replace(WHOLE, **texts)


WHOLE = Draft("头痛3天", "高血压10年", "神志清", "无", "是否需要转诊？", SEVEN, 60)


def test_a_whole_request_has_no_gaps() -> None:
    found = check(WHOLE)
    assert found.gaps == ()
    assert found.sendable
    found.require()


@pytest.mark.parametrize("field", ["complaint", "allergy", "question"])
def test_what_stops_a_request(field: str) -> None:
    found = check(without(field))
    assert [gap.field for gap in found.errors] == [field]
    with pytest.raises(UsageError):
        found.require()


def test_all_errors_are_told_at_once() -> None:
    with pytest.raises(UsageError) as refused:
        check(Draft()).require()
    for word in ("complaint", "allergies", "question"):
        assert word in str(refused.value)


@pytest.mark.parametrize("field", ["history", "exam"])
def test_what_is_only_pointed_out(field: str) -> None:
    found = check(without(field))
    assert [gap.field for gap in found.warnings] == [field]
    assert found.sendable


def test_vitals_that_news2_lacks_are_named() -> None:
    found = check(replace(WHOLE, vitals=SEVEN[1:]))
    assert ["breathing rate" in gap.text for gap in found.warnings] == [True]
    assert [gap.field for gap in check(replace(WHOLE, vitals=())).warnings] == ["vitals"]


def test_a_child_is_asked_for_weight() -> None:
    found = check(replace(WHOLE, age_years=4))
    assert "weight" in found.warnings[0].text
    assert not check(replace(WHOLE, age_years=4, vitals=(*SEVEN, Vital("weight", 1600)))).gaps


def test_improbable_values_are_pointed_out() -> None:
    found = check(replace(WHOLE, vitals=(*SEVEN[:-1], Vital("temp", 425))))
    assert "42.5" in found.warnings[0].text


@pytest.mark.parametrize("urgency", ["urgent", "stat"])
def test_an_emergency_may_go_out_incomplete_and_says_so(urgency: str) -> None:
    found = check(Draft(complaint="昏迷", urgency=urgency), "无家属，无法询问")
    assert found.sendable
    found.require()
    assert {gap.field for gap in found.overridden} == {"allergy", "question"}
    assert found.override == "无家属，无法询问"


def test_an_emergency_without_a_reason_is_stopped() -> None:
    assert not check(Draft(complaint="昏迷", urgency="stat"), "  ").sendable


def test_a_routine_request_cannot_be_overridden() -> None:
    with pytest.raises(UsageError):
        check(Draft(complaint="头痛"), "太忙")


def test_a_needless_override_is_dropped() -> None:
    found = check(replace(WHOLE, urgency="stat"), "快")
    assert (found.override, found.overridden) == ("", ())
