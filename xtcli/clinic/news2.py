"""NEWS2, exactly as published, over plain vitals. Knows no patient, screen or record.

Source: Royal College of Physicians. National Early Warning Score (NEWS) 2: Standardising the
assessment of acute-illness severity in the NHS. London: RCP, 2017. For people of 16 years and over,
not in pregnancy.

    seven parts, each 0 to 3 ── all present ──> News2        a score, a band, a time to answer
                             ── some missing ─> PartialNews2 a lower bound, never called a score
    age unknown, under 16, pregnant ──────────> NotScored    with the reason
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from xtcli.clinic.signs import ADULT_YEARS, Vital, label, latest
from xtcli.lang import tr

# (up to and including, points), the last row without an end; scaled as in `signs.TABLE`.
_END = 1 << 30
_RR = ((8, 3), (11, 1), (20, 0), (24, 2), (_END, 3))
_SPO2_1 = ((91, 3), (93, 2), (95, 1), (_END, 0))
_SPO2_2_AIR = ((83, 3), (85, 2), (87, 1), (_END, 0))
_SPO2_2_OXYGEN = ((83, 3), (85, 2), (87, 1), (92, 0), (94, 1), (96, 2), (_END, 3))
_SBP = ((90, 3), (100, 2), (110, 1), (219, 0), (_END, 3))
_PULSE = ((40, 3), (50, 1), (90, 0), (110, 1), (130, 2), (_END, 3))
_TEMP = ((350, 3), (360, 1), (380, 0), (390, 1), (_END, 2))
_O2 = ((0, 0), (_END, 2))
_ACVPU = ((0, 0), (_END, 3))
PARTS = ("rr", "spo2", "o2", "sbp", "pulse", "acvpu", "temp")
"""The seven signs it needs, in the order of the published chart."""
_STEPS = {"rr": _RR, "o2": _O2, "sbp": _SBP, "pulse": _PULSE, "acvpu": _ACVPU, "temp": _TEMP}

MEDIUM = 5
HIGH = 7
RED = 3
"""Points of a single part that alone call for an urgent look."""


class Band(StrEnum):
    """Clinical risk."""

    LOW = "low"
    LOW_MEDIUM = "low-medium"
    MEDIUM = "medium"
    HIGH = "high"


_MINUTES = {Band.LOW: None, Band.LOW_MEDIUM: 60, Band.MEDIUM: 60, Band.HIGH: 30}


class Reason(StrEnum):
    """Why there is no score at all."""

    AGE_UNKNOWN = "age-unknown"
    UNDER_16 = "under-16"
    PREGNANT = "pregnant"
    NO_VITALS = "no-vitals"


@dataclass(frozen=True, slots=True)
class _Scored:
    """What a full and a partial result share."""

    parts: tuple[tuple[str, int], ...]
    """(code, points) of the signs that are there, in chart order."""
    scale2: bool

    @property
    def red(self) -> tuple[str, ...]:
        """Codes of the parts that alone have 3 points."""
        return tuple(code for code, points in self.parts if points == RED)

    @property
    def band(self) -> Band:
        """Clinical risk; of a partial result the risk is at least this."""
        total = sum(points for _, points in self.parts)
        if total >= HIGH:
            return Band.HIGH
        if total >= MEDIUM:
            return Band.MEDIUM
        return Band.LOW_MEDIUM if self.red else Band.LOW

    @property
    def urgency_minutes(self) -> int | None:
        """Within how many minutes someone competent must look; None: routine watching."""
        return _MINUTES[self.band]


@dataclass(frozen=True, slots=True)
class News2(_Scored):
    """A complete score."""

    @property
    def total(self) -> int:
        """0 to 20."""
        return sum(points for _, points in self.parts)

    @property
    def text(self) -> str:
        """One short line for a person."""
        return tr("NEWS2 {total}, {band} risk", total=self.total, band=band_name(self.band))


@dataclass(frozen=True, slots=True)
class PartialNews2(_Scored):
    """A lower bound, because parts are missing. It has no `total` on purpose."""

    missing: tuple[str, ...]

    @property
    def at_least(self) -> int:
        """The sum of the parts that are there."""
        return sum(points for _, points in self.parts)

    @property
    def text(self) -> str:
        """One short line for a person, which says what is missing."""
        return tr(
            "no NEWS2: {missing} missing; at least {sum} from the rest",
            missing=tr(", ").join(label(code) for code in self.missing),
            sum=self.at_least,
        )


@dataclass(frozen=True, slots=True)
class NotScored:
    """NEWS2 must not be used for this person, or nothing was measured."""

    reason: Reason

    @property
    def text(self) -> str:
        """One short line for a person."""
        if self.reason is Reason.AGE_UNKNOWN:
            return tr("no NEWS2: age unknown")
        if self.reason is Reason.UNDER_16:
            return tr("no NEWS2: under 16 years")
        if self.reason is Reason.PREGNANT:
            return tr("no NEWS2: not for pregnancy")
        return tr("no NEWS2: no vital signs")


def news2(
    vitals: Iterable[Vital],
    age_years: float | None,
    *,
    pregnant: bool = False,
    scale2: bool = False,
) -> News2 | PartialNews2 | NotScored:
    """Score the vitals of a person of `age_years` (the least it can be, when not known exactly).

    `scale2` is the SpO₂ scale for hypercapnic respiratory failure; the chart has it used only when
    a competent clinician has said so. Of a sign given twice the later value counts.
    """
    if pregnant:
        return NotScored(Reason.PREGNANT)
    if age_years is None:
        return NotScored(Reason.AGE_UNKNOWN)
    if age_years < ADULT_YEARS:
        return NotScored(Reason.UNDER_16)
    values = latest(tuple(vitals))
    parts = tuple(
        (code, _points(code, values, scale2)) for code in PARTS if code in values
    )  # fmt: skip
    if not parts:
        return NotScored(Reason.NO_VITALS)
    missing = tuple(code for code in PARTS if code not in values)
    if missing:
        return PartialNews2(parts=parts, scale2=scale2, missing=missing)
    return News2(parts=parts, scale2=scale2)


def band_name(band: Band) -> str:
    """The risk in the language in force."""
    if band is Band.LOW:
        return tr("low")
    if band is Band.LOW_MEDIUM:
        return tr("low-medium")
    return tr("medium") if band is Band.MEDIUM else tr("high")


def _points(code: str, values: dict[str, int], scale2: bool) -> int:
    """Points of one part."""
    steps = _spo2_steps(values, scale2) if code == "spo2" else _STEPS[code]
    return next(points for upto, points in steps if values[code] <= upto)


def _spo2_steps(values: dict[str, int], scale2: bool) -> tuple[tuple[int, int], ...]:
    """Which SpO₂ scale holds; oxygen not stated counts as air, so a bound stays a lower one."""
    if not scale2:
        return _SPO2_1
    return _SPO2_2_OXYGEN if values.get("o2") else _SPO2_2_AIR
