"""What a request lacks before a specialist can answer it: errors, warnings, and the emergency way.

A request for somebody in danger must never be stopped by a form: for urgent and stat requests the
errors can be overridden with a reason, which the request carries. Knows plain values only.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from xtcli.clinic.news2 import PartialNews2, news2
from xtcli.clinic.signs import ADULT_YEARS, Vital, label
from xtcli.errors import UsageError
from xtcli.lang import tr

EMERGENCIES = ("urgent", "stat")
CHILD_SIGNS = ("temp", "rr", "pulse", "weight")
"""Asked for under 16 years, where NEWS2 does not hold; doses go by weight."""


class Severity(StrEnum):
    """Whether a gap stops the request."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Draft:
    """A request as far as it is written. Empty text means: nothing written."""

    complaint: str = ""
    history: str = ""
    exam: str = ""
    allergy: str = ""
    question: str = ""
    vitals: tuple[Vital, ...] = ()
    age_years: float | None = None
    pregnant: bool = False
    urgency: str = "routine"
    """`routine`, `urgent` or `stat`."""


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is missing or doubtful."""

    field: str
    severity: Severity
    text: str
    """A sentence in the language in force when the check was made."""


@dataclass(frozen=True, slots=True)
class Completeness:
    """All gaps of a draft, errors first, and the reason given for sending it all the same."""

    gaps: tuple[Gap, ...]
    override: str = ""

    @property
    def errors(self) -> tuple[Gap, ...]:
        """Gaps that stop the request, unless overridden."""
        return tuple(gap for gap in self.gaps if gap.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Gap, ...]:
        """Gaps to point out."""
        return tuple(gap for gap in self.gaps if gap.severity is Severity.WARNING)

    @property
    def overridden(self) -> tuple[Gap, ...]:
        """Errors that were set aside in an emergency: to be shown and kept with the request."""
        return self.errors if self.override else ()

    @property
    def sendable(self) -> bool:
        """Whether the request may be made."""
        return not self.errors or bool(self.override)

    def require(self) -> None:
        """UsageError that lists all errors at once, unless sendable."""
        if not self.sendable:
            raise UsageError(
                "The request is not complete: {gaps}",
                "Add what is missing; in an emergency say urgent or stat, and why it is missing.",
                gaps=tr("; ").join(gap.text for gap in self.errors),
            )


def check(draft: Draft, override: str = "") -> Completeness:
    """All gaps of a draft. `override` is the reason why an emergency goes out incomplete.

    UsageError if an override is given for a routine request. A needless override is dropped.
    """
    reason = override.strip()
    if reason and draft.urgency not in EMERGENCIES:
        raise UsageError(
            "Only an urgent or stat request may go out incomplete.",
            "Complete the request, or make it urgent if it is.",
        )
    gaps = (*_errors(draft), *_missing_text(draft), *_missing_vitals(draft), *_doubtful(draft))
    found = Completeness(gaps)
    return Completeness(gaps, reason) if found.errors and reason else found


def _errors(draft: Draft) -> list[Gap]:
    """What nobody can answer without."""
    needed = (
        ("complaint", draft.complaint, tr("the complaint is missing")),
        ("allergy", draft.allergy, tr("allergies are missing (write none if there are none)")),
        ("question", draft.question, tr("the question to the specialist is missing")),
    )
    return [Gap(field, Severity.ERROR, text) for field, given, text in needed if not given.strip()]


def _missing_text(draft: Draft) -> list[Gap]:
    """What helps an answer."""
    useful = (
        ("history", draft.history, tr("no history")),
        ("exam", draft.exam, tr("no examination findings")),
    )
    return [
        Gap(field, Severity.WARNING, text) for field, given, text in useful if not given.strip()
    ]


def _missing_vitals(draft: Draft) -> list[Gap]:
    """Vitals that NEWS2 needs of an adult, or that are asked for of a child."""
    given = {vital.code for vital in draft.vitals}
    if not given:
        return [Gap("vitals", Severity.WARNING, tr("no vital signs"))]
    lacking: tuple[str, ...] = ()
    if draft.age_years is not None and draft.age_years < ADULT_YEARS:
        lacking = tuple(code for code in CHILD_SIGNS if code not in given)
    else:
        scored = news2(draft.vitals, draft.age_years, pregnant=draft.pregnant)
        lacking = scored.missing if isinstance(scored, PartialNews2) else ()
    if not lacking:
        return []
    names = tr(", ").join(label(code) for code in lacking)
    return [Gap("vitals", Severity.WARNING, tr("vital signs still missing: {names}", names=names))]


def _doubtful(draft: Draft) -> list[Gap]:
    """Values that are possible and yet hardly true."""
    return [
        Gap(
            "vitals", Severity.WARNING,
            tr("{name} {value} is improbable: measure again",
               name=label(vital.code), value=vital.text),
        )
        for vital in draft.vitals
        if vital.improbable
    ]  # fmt: skip
