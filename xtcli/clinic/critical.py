"""Values that must not wait: thresholds as data with their sources, which a site may override.

Every finding names the rule that fired, where its number comes from and whether it is confirmed;
`docs/CLINIC.md` lists them all. This module decides nothing about who is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, replace

from xtcli.clinic.news2 import NotScored, PartialNews2, news2
from xtcli.clinic.signs import (
    ADULT_YEARS,
    BY_CODE,
    CHILD_RR_FAST,
    Vital,
    label,
    latest,
    scaled_text,
)
from xtcli.errors import UsageError
from xtcli.lang import tr

RULES_MAX = 200
NEWS2_TOTAL = "news2"
NEWS2_PART = "news2-part"
_LOW, _HIGH = "<=", ">="
_RCP = "RCP, NEWS2 (2017)"
_PUBLIC_HEALTH = "国家基本公共卫生服务规范（第三版）"
_IMCI = "WHO IMCI"
_MEMORY = "common practice"


@dataclass(frozen=True, slots=True)
class Rule:
    """A value at or beyond `limit` is critical for people of `age_from` to below `age_below`."""

    id: str
    code: str
    """A code of `signs.TABLE`, or `news2` (aggregate) or `news2-part` (a single part)."""
    side: str
    """`<=` or `>=`."""
    limit: int
    """Scaled as in `signs.TABLE`."""
    source: str
    confirmed: bool
    """Whether the number was read in the source; otherwise a clinician has still to confirm it."""
    age_from: float = 0.0
    age_below: float = 200.0
    pregnant_only: bool = False

    def __post_init__(self) -> None:
        """UsageError for an unknown code or side."""
        known = self.code in BY_CODE or self.code in (NEWS2_TOTAL, NEWS2_PART)
        if not known or self.side not in (_LOW, _HIGH) or not self.id:
            raise UsageError(
                "The critical rule {id} is not usable.",
                "Give it an id, a known code, and <= or >= as its side.",
                id=self.id or "-",
            )

    def holds(self, value: int) -> bool:
        """Whether a scaled value is critical by this rule."""
        return value <= self.limit if self.side == _LOW else value >= self.limit

    def applies(self, age_years: float | None, pregnant: bool) -> bool:
        """Whether the rule is for this person; an unknown age meets all: rather once too often."""
        if self.pregnant_only and not pregnant:
            return False
        if age_years is None:
            return True
        return self.age_from <= age_years < self.age_below


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All rules in force, with the version that records and screens cite."""

    version: str
    rules: tuple[Rule, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One critical value."""

    rule: Rule
    value: int
    """Scaled; the sum for `news2`, the points for `news2-part`."""
    part: str = ""
    """For `news2-part`: the code of the part."""
    lower_bound: bool = False
    """For `news2`: parts are missing, and already the rest reaches the limit."""

    @property
    def text(self) -> str:
        """One short line for a person."""
        if self.rule.code == NEWS2_PART:
            return tr("{name}: 3 points in NEWS2 alone", name=label(self.part))
        if self.rule.code == NEWS2_TOTAL:
            if self.lower_bound:
                return tr("NEWS2 parts already reach {value}", value=self.value)
            return tr("NEWS2 is {value}", value=self.value)
        sign = BY_CODE[self.rule.code]
        vital = Vital(sign.code, self.value)
        limit = sign.words[self.rule.limit] if sign.words else ""
        limit = limit or scaled_text(self.rule.limit, sign.decimals)
        return tr(
            "{name} {value} (critical: {side} {limit})",
            name=label(sign.code), value=vital.text, side=self.rule.side, limit=limit,
        )  # fmt: skip


def _fast_breathing() -> tuple[Rule, ...]:
    """The IMCI limits, one rule for each age group."""
    start, rules = 0.0, []
    for below, fast in CHILD_RR_FAST:
        name = f"rr-child-{fast}"
        rules.append(Rule(name, "rr", _HIGH, fast, _IMCI, False, start, below))
        start = below
    return tuple(rules)


_ADULT = float(ADULT_YEARS)
DEFAULT = RuleSet(
    "xt-1",
    (
        Rule("news2-high", NEWS2_TOTAL, _HIGH, 7, _RCP, True, _ADULT),
        Rule("news2-red", NEWS2_PART, _HIGH, 3, _RCP, True, _ADULT),
        Rule("sbp-high", "sbp", _HIGH, 180, _PUBLIC_HEALTH, True, _ADULT),
        Rule("dbp-high", "dbp", _HIGH, 110, _PUBLIC_HEALTH, True, _ADULT),
        Rule("glucose-high", "glucose", _HIGH, 1670, _PUBLIC_HEALTH, False),
        Rule("glucose-low", "glucose", _LOW, 390, _PUBLIC_HEALTH, False),
        Rule("fbg-high", "fbg", _HIGH, 1670, _PUBLIC_HEALTH, False),
        Rule("fbg-low", "fbg", _LOW, 390, _PUBLIC_HEALTH, False),
        *_fast_breathing(),
        Rule("child-consciousness", "acvpu", _HIGH, 2, _IMCI, True, 0.0, 5.0),
        Rule("consciousness", "acvpu", _HIGH, 2, _MEMORY, False, 5.0),
        Rule("spo2-low", "spo2", _LOW, 89, _MEMORY, False),
        Rule("gcs-low", "gcs", _LOW, 8, _MEMORY, False),
        Rule("temp-high", "temp", _HIGH, 410, _MEMORY, False),
        Rule("temp-low", "temp", _LOW, 350, _MEMORY, False),
        Rule("pregnant-sbp", "sbp", _HIGH, 160, _MEMORY, False, 10.0, 60.0, True),
        Rule("pregnant-dbp", "dbp", _HIGH, 110, _MEMORY, False, 10.0, 60.0, True),
        Rule("fhr-low", "fhr", _LOW, 99, _MEMORY, False),
        Rule("fhr-high", "fhr", _HIGH, 181, _MEMORY, False),
    ),
)


def critical(
    vitals: Iterable[Vital],
    age_years: float | None,
    *,
    pregnant: bool = False,
    scale2: bool = False,
    rules: RuleSet = DEFAULT,
) -> list[Finding]:
    """Every rule that fires for these vitals at this age, in the order of the rules."""
    values = latest(tuple(vitals))
    found: list[Finding] = []
    scored = news2(
        (Vital(code, value) for code, value in values.items()),
        age_years, pregnant=pregnant, scale2=scale2,
    )  # fmt: skip
    for rule in rules.rules:
        if not rule.applies(age_years, pregnant):
            continue
        if rule.code in (NEWS2_TOTAL, NEWS2_PART):
            if not isinstance(scored, NotScored):
                found += _news2_findings(rule, scored.parts, isinstance(scored, PartialNews2))
        elif rule.code in values and rule.holds(values[rule.code]):
            found.append(Finding(rule, values[rule.code]))
    return found


def _news2_findings(rule: Rule, parts: tuple[tuple[str, int], ...], partial: bool) -> list[Finding]:
    """Findings from the score or from its parts."""
    if rule.code == NEWS2_PART:
        return [Finding(rule, points, code) for code, points in parts if rule.holds(points)]
    total = sum(points for _, points in parts)
    return [Finding(rule, total, lower_bound=partial)] if rule.holds(total) else []


def with_site(site: Mapping[str, object], base: RuleSet = DEFAULT) -> RuleSet:
    """`base` changed by a site's own data: `{"version": .., "rules": [{"id": .., ..}, ..]}`.

    A rule with a known id changes the fields it gives, or with `off: true` leaves; one with a new
    id is added and must give `code`, `side`, `limit` (scaled) and `source`. UsageError otherwise.
    """
    version, listed = site.get("version"), site.get("rules", [])
    if not isinstance(version, str) or not version or not isinstance(listed, list):
        raise UsageError(
            "The site's critical values have no version or no list of rules.",
            "Give version: a name, and rules: a list.",
        )
    rules = {rule.id: rule for rule in base.rules}
    for given in listed:
        name = given.get("id") if isinstance(given, Mapping) else None
        if not isinstance(name, str) or len(rules) >= RULES_MAX:
            raise _unusable(str(name))
        if given.get("off") is True:
            rules.pop(name, None)
        else:
            rules[name] = _changed(rules.get(name), given)
    return RuleSet(version, tuple(rules.values()))


_TYPES: dict[str, tuple[type, ...]] = {
    "id": (str,), "code": (str,), "side": (str,), "limit": (int,), "source": (str,),
    "confirmed": (bool,), "age_from": (int, float), "age_below": (int, float),
    "pregnant_only": (bool,),
}  # fmt: skip


def _changed(rule: Rule | None, given: Mapping[str, object]) -> Rule:
    """A rule with the given fields changed, or a new one."""
    name = str(given.get("id"))
    for field, value in given.items():
        bool_for_number = isinstance(value, bool) and bool not in _TYPES.get(field, ())
        if not isinstance(value, _TYPES.get(field, ())) or bool_for_number:
            raise _unusable(name)
    if rule is not None:
        return replace(rule, **given)  # type: ignore[arg-type]
    needed = {"code", "side", "limit", "source"}
    if not needed <= given.keys() <= {field.name for field in fields(Rule)}:
        raise _unusable(name)
    return Rule(**{"confirmed": True, **given})  # type: ignore[arg-type]


def _unusable(name: str) -> UsageError:
    """The error for a rule that cannot be used."""
    return UsageError(
        "The critical rule {id} is not usable.",
        "Give it an id, a known code, and <= or >= as its side.",
        id=name,
    )
