"""Vital signs as exact numbers: one fixed table of codes, units, scales and ranges.

A value is kept as a whole number of the last decimal its code allows (38.5 °C is 385), so what was
typed is what arrives, and every comparison is between integers. Numbers and scales are part of the
wire format: they may be added to, never changed. This module knows nothing of patients or records.

Ranges: docs/CLINIC.md gives the source of each and says which a clinician has still to confirm.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from xtcli.errors import UsageError
from xtcli.lang import language, tr

ADULT_YEARS = 16
"""From this age NEWS2 and the adult ranges apply (Royal College of Physicians, 2017)."""


class Flag(StrEnum):
    """How a value stands against the ranges."""

    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    IMPROBABLE = "improbable"
    UNJUDGED = "unjudged"
    """There is no range for this code at this age, or the age is not known."""


@dataclass(frozen=True, slots=True)
class Sign:
    """One row of the table. All bounds are scaled integers and belong to the range."""

    code: str
    number: int
    """On the wire; never reused."""
    en: str
    zh: str
    unit: str
    decimals: int
    possible: tuple[int, int]
    """Outside: refused."""
    plausible: tuple[int, int]
    """Outside: kept and flagged."""
    normal: tuple[int, int] | None = None
    adult_only: bool = True
    """Whether `normal` holds from 16 years only."""
    words: tuple[str, ...] = ()
    """For signs that are said, not measured: the word of each value."""


_ANY = False
TABLE: tuple[Sign, ...] = (
    Sign("sbp", 1, "systolic pressure", "收缩压", "mmHg", 0, (20, 350), (60, 260), (90, 139)),
    Sign("dbp", 2, "diastolic pressure", "舒张压", "mmHg", 0, (10, 250), (30, 160), (60, 89)),
    Sign("pulse", 3, "pulse", "脉搏", "/min", 0, (0, 350), (30, 220), (60, 100)),
    Sign("rr", 4, "breathing rate", "呼吸", "/min", 0, (0, 150), (6, 70), (12, 20)),
    Sign("temp", 5, "temperature", "体温", "°C", 1, (200, 460), (340, 420), (360, 372), _ANY),
    Sign(
        "spo2", 6, "oxygen saturation", "血氧饱和度", "%", 0, (20, 100), (60, 100), (95, 100), _ANY
    ),
    Sign("o2", 7, "oxygen given", "吸氧", "", 0, (0, 1), (0, 1), (0, 0), _ANY, ("no", "yes")),
    Sign("acvpu", 8, "consciousness", "意识", "", 0, (0, 4), (0, 4), (0, 0), _ANY, tuple("ACVPU")),
    Sign(
        "glucose", 9, "glucose, random", "血糖", "mmol/L", 2, (10, 10000), (150, 4000), (390, 1110)
    ),
    Sign(
        "fbg", 10, "glucose, fasting", "空腹血糖", "mmol/L", 2, (10, 10000), (150, 4000), (390, 610)
    ),
    Sign("weight", 11, "weight", "体重", "kg", 2, (20, 50000), (150, 20000)),
    Sign("height", 12, "height", "身高", "cm", 1, (150, 2700), (400, 2150)),
    Sign("pain", 13, "pain, 0 to 10", "疼痛评分", "", 0, (0, 10), (0, 10), (0, 3), _ANY),
    Sign("gcs", 14, "Glasgow coma scale", "格拉斯哥评分", "", 0, (3, 15), (3, 15), (15, 15), _ANY),
    Sign("urine", 15, "urine in 24 h", "24小时尿量", "mL", 0, (0, 30000), (0, 8000), (400, 2500)),
    Sign("fhr", 16, "fetal heart rate", "胎心率", "/min", 0, (0, 300), (60, 220), (110, 160), _ANY),
    Sign("waist", 17, "waist", "腰围", "cm", 1, (150, 2500), (400, 1600)),
    Sign(
        "crt", 18, "capillary refill", "毛细血管充盈时间", "s", 1, (0, 200), (0, 80), (0, 20), _ANY
    ),
    Sign("o2flow", 19, "oxygen flow", "吸氧流量", "L/min", 1, (0, 1000), (0, 150)),
)
BY_CODE = {sign.code: sign for sign in TABLE}
BY_NUMBER = {sign.number: sign for sign in TABLE}

CHILD_RR_FAST = ((2 / 12, 60), (1.0, 50), (5.0, 40))
"""(age below, in years; breaths a minute that are fast from there on): WHO IMCI."""


@dataclass(frozen=True, slots=True)
class Vital:
    """One measured sign: a code of `TABLE` and its scaled value, inside the possible range."""

    code: str
    value: int

    def __post_init__(self) -> None:
        """UsageError for an unknown code or a value no living patient has."""
        sign = BY_CODE.get(self.code)
        if sign is None:
            raise UsageError(
                "There is no vital sign {code}.", "Known ones: {known}.",
                code=self.code, known=", ".join(BY_CODE),
            )  # fmt: skip
        low, high = sign.possible
        if not low <= self.value <= high:
            raise UsageError(
                "{name} {value} is impossible.", "It must be from {low} to {high} {unit}.",
                name=label(self.code), value=scaled_text(self.value, sign.decimals),
                low=scaled_text(low, sign.decimals), high=scaled_text(high, sign.decimals),
                unit=sign.unit,
            )  # fmt: skip

    @property
    def sign(self) -> Sign:
        """The row of the table."""
        return BY_CODE[self.code]

    @property
    def wire(self) -> tuple[int, int]:
        """(number, scaled value), as records carry it."""
        return (self.sign.number, self.value)

    @property
    def number_text(self) -> str:
        """The value alone: `38.5`, `yes`, `V`."""
        if self.code == "o2":
            return tr("yes") if self.value else tr("no")
        words = self.sign.words
        return words[self.value] if words else scaled_text(self.value, self.sign.decimals)

    @property
    def text(self) -> str:
        """The value with its unit: `38.5 °C`."""
        return f"{self.number_text} {self.sign.unit}".strip()

    @property
    def improbable(self) -> bool:
        """Outside the plausible range: kept, and a person should look again."""
        low, high = self.sign.plausible
        return not low <= self.value <= high


def label(code: str) -> str:
    """The name of a sign in the language in force."""
    sign = BY_CODE[code]
    return sign.zh if language() == "zh" else sign.en


def scaled_text(value: int, decimals: int) -> str:
    """A scaled integer as people write it: (385, 1) is `38.5`, (700, 2) is `7.0`."""
    if not decimals:
        return str(value)
    sign = "-" if value < 0 else ""
    whole, part = divmod(abs(value), 10**decimals)
    digits = f"{part:0{decimals}d}"
    return f"{sign}{whole}.{digits[0]}{digits[1:].rstrip('0')}"


def from_wire(number: int, value: int) -> Vital | None:
    """The vital that a record carries; None for a number or value this version does not know.

    A newer station may send signs that are not in this table: show such a pair as it is, never
    drop it.
    """
    sign = BY_NUMBER.get(number)
    if sign is None or not sign.possible[0] <= value <= sign.possible[1]:
        return None
    return Vital(sign.code, value)


def flag(vital: Vital, age_years: float | None) -> Flag:
    """How the value stands for this age (years, with fractions for infants; None if unknown)."""
    if vital.improbable:
        return Flag.IMPROBABLE
    if vital.code == "rr" and age_years is not None and age_years < CHILD_RR_FAST[-1][0]:
        return Flag.HIGH if fast_breathing(vital.value, age_years) else Flag.NORMAL
    bounds = vital.sign.normal
    if bounds is None:
        return Flag.UNJUDGED
    if vital.sign.adult_only and (age_years is None or age_years < ADULT_YEARS):
        return Flag.UNJUDGED
    if vital.value < bounds[0]:
        return Flag.LOW
    return Flag.HIGH if vital.value > bounds[1] else Flag.NORMAL


def fast_breathing(rate: int, age_years: float) -> bool:
    """Whether a child under five breathes fast (WHO IMCI); False from five years on."""
    for below, fast in CHILD_RR_FAST:
        if age_years < below:
            return rate >= fast
    return False


def latest(vitals: tuple[Vital, ...] | list[Vital]) -> dict[str, int]:
    """Code -> scaled value; where a code occurs twice the later one holds."""
    return {vital.code: vital.value for vital in vitals}
