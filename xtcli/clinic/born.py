"""Birth dates of which a part may be unknown, and ages from them. Reads no clock.

`1958`, `1958-03` and `1958-03-12` are all answers to "when were you born?". An age from an
incomplete date is a range, and rules for adults use its lower end.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date

from xtcli.clinic.text import narrow
from xtcli.errors import UsageError
from xtcli.lang import tr

YEAR_MIN = 1880
YEAR_MAX = 2200
INFANT_MONTHS = 24
"""Below this an age is said in months, below one month in days."""

_WRITTEN = re.compile(r"^([0-9]{4})(?:[-/.年]([0-9]{1,2})(?:[-/.月]([0-9]{1,2})日?|月)?|年)?$")
_RUN = re.compile(r"^([0-9]{4})([0-9]{2})([0-9]{2})$")


@dataclass(frozen=True, slots=True, order=True)
class Born:
    """A birth date; month and day are 0 when unknown (and the day is, when the month is)."""

    year: int
    month: int = 0
    day: int = 0

    def __post_init__(self) -> None:
        """UsageError if there is no such date."""
        ok = YEAR_MIN <= self.year <= YEAR_MAX and 0 <= self.month <= 12
        ok = ok and (self.month > 0 or self.day == 0)
        if ok and self.month:
            ok = 0 <= self.day <= monthrange(self.year, self.month)[1]
        if not ok:
            raise UsageError(
                "The birth date {born} does not exist.",
                "Write it as YYYY, YYYY-MM or YYYY-MM-DD.",
                born=self.text,
            )

    @classmethod
    def parse(cls, text: str) -> Born:
        """From `1958`, `1958-03`, `1958-03-12`, `19580312`, `1958年3月12日`."""
        plain = narrow(text[:40]).replace(" ", "")
        found = _RUN.match(plain) or _WRITTEN.match(plain)
        if found is None:
            raise UsageError(
                "The birth date {born} cannot be read.",
                "Write it as YYYY, YYYY-MM or YYYY-MM-DD.",
                born=text or "-",
            )
        year, month, day = (int(part) if part else 0 for part in found.groups())
        if "0" in (found.group(2), found.group(3)) or "00" in (found.group(2), found.group(3)):
            raise UsageError(
                "The birth date {born} does not exist.",
                "Write it as YYYY, YYYY-MM or YYYY-MM-DD.",
                born=text,
            )
        return cls(year, month, day)

    @classmethod
    def from_number(cls, number: int) -> Born:
        """From YYYYMMDD with 00 for unknown parts, as records carry it."""
        return cls(number // 10000, number // 100 % 100, number % 100)

    @property
    def number(self) -> int:
        """YYYYMMDD with 00 for unknown parts."""
        return self.year * 10000 + self.month * 100 + self.day

    @property
    def complete(self) -> bool:
        """Whether the day is known."""
        return self.day > 0

    @property
    def text(self) -> str:
        """As far as known: `1958-03`."""
        text = f"{self.year:04d}"
        for part in (self.month, self.day):
            text += f"-{part:02d}" if part else ""
        return text

    def earliest(self) -> date:
        """The first day it can be."""
        return date(self.year, self.month or 1, self.day or 1)

    def latest(self) -> date:
        """The last day it can be."""
        month = self.month or 12
        return date(self.year, month, self.day or monthrange(self.year, month)[1])

    def age(self, on: date) -> Age:
        """The age on a day; UsageError if the birth lies after it."""
        if self.earliest() > on:
            raise UsageError(
                "The birth date {born} lies in the future.", "Check the year.", born=self.text
            )
        last = min(self.latest(), on)
        days = (on - self.earliest()).days if self.complete else None
        return Age(_months(last, on), _months(self.earliest(), on), days)


@dataclass(frozen=True, slots=True)
class Age:
    """How old somebody is: between `months_min` and `months_max` completed months."""

    months_min: int
    months_max: int
    days: int | None
    """Completed days, when the birth date is complete."""

    @property
    def years(self) -> int:
        """Completed years, the least it can be."""
        return self.months_min // 12

    @property
    def years_max(self) -> int:
        """Completed years, the most it can be."""
        return self.months_max // 12

    @property
    def decimal(self) -> float:
        """Years with the completed months as a fraction, the least it can be: for ranges by age."""
        return self.months_min / 12

    @property
    def text(self) -> str:
        """`68`, `67–68`, `14 months` or `9 days`, in the language in force."""
        if self.months_max < 1 and self.days is not None:
            return tr("{days} days", days=self.days)
        if self.months_max < INFANT_MONTHS:
            return tr("{months} months", months=_span(self.months_min, self.months_max))
        return tr("{years} y", years=_span(self.years, self.years_max))


def _span(low: int, high: int) -> str:
    """One number, or both ends."""
    return str(low) if low == high else f"{low}–{high}"


def _months(start: date, end: date) -> int:
    """Completed months; a birthday on the 29th to 31st counts on the last day of a short month."""
    months = (end.year - start.year) * 12 + end.month - start.month
    last = monthrange(end.year, end.month)[1]
    return months - (end.day < min(start.day, last))
