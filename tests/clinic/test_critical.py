"""Critical values: both sides of every threshold, and what a site may change."""

from __future__ import annotations

import pytest

from xtcli.clinic.critical import DEFAULT, Finding, Rule, critical, with_site
from xtcli.clinic.signs import Vital
from xtcli.errors import UsageError


def fired(vitals: list[Vital], age: float | None = 50, pregnant: bool = False) -> set[str]:
    """Ids of the rules that fire."""
    return {finding.rule.id for finding in critical(vitals, age, pregnant=pregnant)}


SINGLE = [rule for rule in DEFAULT.rules if not rule.code.startswith("news2")]


@pytest.mark.parametrize("rule", SINGLE, ids=lambda rule: rule.id)
def test_both_sides_of_every_threshold(rule: Rule) -> None:
    """At the limit it fires, one short of it does not; for the first age it holds for."""
    age, pregnant = rule.age_from, rule.pregnant_only
    inside = 1 if rule.side == "<=" else -1
    assert rule.id in fired([Vital(rule.code, rule.limit)], age, pregnant)
    assert rule.id not in fired([Vital(rule.code, rule.limit + inside)], age, pregnant)


@pytest.mark.parametrize("rule", SINGLE, ids=lambda rule: rule.id)
def test_both_sides_of_every_age(rule: Rule) -> None:
    vitals = [Vital(rule.code, rule.limit)]
    assert rule.id in fired(vitals, rule.age_below - 0.01, rule.pregnant_only)
    assert rule.id not in fired(vitals, rule.age_below, rule.pregnant_only)
    if rule.age_from:
        assert rule.id not in fired(vitals, rule.age_from - 0.01, rule.pregnant_only)


def test_the_published_thresholds() -> None:
    """The numbers themselves, so that nobody changes one unseen."""
    limits = {rule.id: (rule.side, rule.limit) for rule in DEFAULT.rules}
    assert limits["sbp-high"] == (">=", 180)
    assert limits["dbp-high"] == (">=", 110)
    assert limits["glucose-high"] == limits["fbg-high"] == (">=", 1670)
    assert limits["glucose-low"] == limits["fbg-low"] == ("<=", 390)
    assert limits["news2-high"] == (">=", 7)
    assert limits["news2-red"] == (">=", 3)
    assert all(rule.source for rule in DEFAULT.rules)


WELL = {"rr": 16, "spo2": 98, "o2": 0, "sbp": 120, "pulse": 70, "acvpu": 0, "temp": 370}


def person(**changed: int) -> list[Vital]:
    """A well adult, changed."""
    return [Vital(code, value) for code, value in (WELL | changed).items()]


def test_a_well_adult_has_none() -> None:
    assert critical(person(), 50) == []


def test_news2_at_six_and_seven() -> None:
    six = person(rr=21, o2=1, temp=391)
    assert "news2-high" not in fired(six)
    assert "news2-high" in fired(person(rr=21, o2=1, temp=391, pulse=91))


def test_a_single_three_is_named() -> None:
    found = critical(person(rr=8), 50)
    assert [(finding.rule.id, finding.part) for finding in found] == [("news2-red", "rr")]
    assert "breathing rate" in found[0].text


def test_a_lower_bound_is_said_to_be_one() -> None:
    """Parts are missing, and the rest is critical already: alarm, but no NEWS2 is claimed."""
    found = critical([Vital("rr", 25), Vital("pulse", 131), Vital("temp", 381)], 50)
    high = [finding for finding in found if finding.rule.id == "news2-high"]
    assert high[0].lower_bound
    assert high[0].value == 7
    assert "already" in high[0].text


def test_an_unknown_age_alarms_rather_once_too_often() -> None:
    assert "sbp-high" in fired([Vital("sbp", 185)], None)
    assert "news2-red" not in fired([Vital("rr", 8)], None)


def test_a_child_is_not_judged_as_an_adult() -> None:
    assert fired([Vital("rr", 45)], 0.5) == set()
    assert fired([Vital("rr", 50)], 0.5) == {"rr-child-50"}
    assert fired([Vital("sbp", 185)], 6) == set()


def test_every_finding_says_something() -> None:
    for rule in SINGLE:
        assert Finding(rule, rule.limit).text


def test_a_site_changes_adds_and_removes() -> None:
    site = with_site(
        {
            "version": "banner-3",
            "rules": [
                {"id": "sbp-high", "limit": 200},
                {"id": "dbp-high", "off": True},
                {"id": "hot", "code": "temp", "side": ">=", "limit": 395, "source": "our hospital"},
            ],
        }
    )
    vitals = [Vital("sbp", 190), Vital("dbp", 120), Vital("temp", 395)]
    found = [finding.rule.id for finding in critical(vitals, 50, rules=site)]
    assert (site.version, found) == ("banner-3", ["hot"])
    assert "sbp-high" in fired(vitals), "the default stays as it is"


@pytest.mark.parametrize(
    "site",
    [
        {}, {"version": ""}, {"version": "1", "rules": {}}, {"version": "1", "rules": ["x"]},
        {"version": "1", "rules": [{"limit": 3}]},
        {"version": "1", "rules": [{"id": "sbp-high", "limit": "high"}]},
        {"version": "1", "rules": [{"id": "sbp-high", "limit": True}]},
        {"version": "1", "rules": [{"id": "sbp-high", "unknown": 1}]},
        {"version": "1", "rules": [{"id": "sbp-high", "side": "="}]},
        {"version": "1", "rules": [{"id": "new", "code": "temp"}]},
        {"version": "1", "rules": [{"id": "new", "code": "humour", "side": ">=", "limit": 1,
                                    "source": "x"}]},
    ],
)  # fmt: skip
def test_unusable_site_data(site: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        with_site(site)
