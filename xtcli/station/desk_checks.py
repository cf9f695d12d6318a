"""What a form says while it is being typed: what is wrong, what is missing, how large it gets.

The same rules as when it is signed (`filing`), asked field by field and without raising. It writes
nothing and knows no screen.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from xtcli.clinic import completeness, prescription
from xtcli.clinic import news2 as scoring
from xtcli.clinic.born import Born
from xtcli.clinic.identity import NationalId
from xtcli.clinic.signs import Flag, Vital, flag
from xtcli.clinic.vitals import parse_vital
from xtcli.errors import UsageError, XtError
from xtcli.lang import tr
from xtcli.records import codec, limits
from xtcli.records.types import Request
from xtcli.records.values import BlobKind, Sex, Urgency
from xtcli.station import attaching, filing
from xtcli.station.forecast import Forecast
from xtcli.station.forms import SEXES, URGENCIES, RequestForm
from xtcli.station.priority import CRITICAL, IMAGE, TEXT, of_blob
from xtcli.station.village import Village

SEAL_BYTES = 49
"""HPKE's overhead and the suite byte of a sealed bundle."""
DATAGRAM_BYTES = 17
"""Head and tag of each datagram."""


@dataclass(frozen=True, slots=True)
class VitalCheck:
    """One vital as typed: what is wrong with it, or how it stands."""

    problem: str = ""
    flag: Flag = Flag.UNJUDGED
    text: str = ""


@dataclass(frozen=True, slots=True)
class RequestCheck:
    """How a request stands. `problems`: (field, sentence), which stop it; `warnings` do not."""

    problems: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    critical: tuple[str, ...] = ()
    score: str = ""
    age: str = ""
    vitals: dict[str, VitalCheck] = field(default_factory=dict)

    @property
    def ready(self) -> bool:
        """Whether it can be signed."""
        return not self.problems

    def problem(self, name: str) -> str:
        """What is wrong with a field; empty when nothing is."""
        return next((text for key, text in self.problems if key == name), "")


@dataclass(frozen=True, slots=True)
class Part:
    """One thing that would be sent: bytes, and seconds until it would be there without the others,
    behind what waits, as the link was last measured (or None).
    """

    name: str
    size: int
    seconds: float | None
    path: str = ""
    problem: str = ""
    priority: int = TEXT
    picture: bool = False


@dataclass(frozen=True, slots=True)
class Bill:
    """Seconds until all parts would be there, and until those that are no pictures would be; None
    where that is not known, or there is no picture."""

    seconds: float | None = None
    without_pictures: float | None = None


def bill(forecast: Forecast, parts: Sequence[Part]) -> Bill:
    """What a request as it stands would take."""

    def seconds(wanted: list[Part]) -> float | None:
        least = max((part.priority for part in wanted), default=TEXT)
        return forecast.seconds(sum(part.size for part in wanted), least)

    others = [part for part in parts if not part.picture]
    return Bill(seconds(list(parts)), seconds(others) if len(others) < len(parts) else None)


def check_vital(code: str, typed: str, age: float | None) -> tuple[list[Vital], VitalCheck]:
    """The vitals in one field of a form, and how they stand for this age."""
    if not typed.strip():
        return [], VitalCheck()
    try:
        vitals = parse_vital(f"{code}={typed.strip()}")
    except UsageError as error:
        return [], VitalCheck(f"{error} {error.advice}")
    flags = [flag(vital, age) for vital in vitals]
    worst = next((f for f in flags if f not in (Flag.NORMAL, Flag.UNJUDGED)), flags[0])
    return vitals, VitalCheck("", worst, " ".join(vital.text for vital in vitals))


def check_request(station: Village, form: RequestForm) -> RequestCheck:
    """Everything there is to say about a request so far. `form.vital` holds `code=typed`."""
    now = station.clock()
    on = filing.day(now)
    problems: list[tuple[str, str]] = []
    warnings: list[str] = []
    age, age_text = _age(form, now)
    vitals: list[Vital] = []
    checks: dict[str, VitalCheck] = {}
    for item in form.vital:
        code, _, typed = item.partition("=")
        found, checks[code] = check_vital(code, typed, age)
        vitals += found
        if checks[code].problem:
            problems.append((code, checks[code].problem))
    for name in form.missing():
        problems.append((name, tr("still empty")))
    problems += _identity_problems(form, on, warnings)
    draft = completeness.Draft(
        complaint=form.complaint, history=form.history, exam=form.exam, allergy=form.allergy,
        question=form.question, vitals=tuple(vitals), age_years=age,
        urgency=filing.URGENCY_WORDS[URGENCIES.get(form.urgency, 0)],
    )  # fmt: skip
    gaps = completeness.check(draft)
    if not form.override.strip():
        known = {name for name, _ in problems}
        problems += [(g.field, g.text) for g in gaps.errors if g.field not in known]
    warnings += [gap.text for gap in gaps.warnings]
    return RequestCheck(
        tuple(problems), tuple(warnings), _critical(vitals, age),
        scoring.news2(vitals, age).text if vitals else "", age_text, checks,
    )  # fmt: skip


def _critical(vitals: list[Vital], age: float | None) -> tuple[str, ...]:
    from xtcli.clinic.critical import critical

    return tuple(finding.text for finding in critical(vitals, age))


def _age(form: RequestForm, now: float) -> tuple[float | None, str]:
    """The patient's age, from the birth date or the national number; None when neither reads."""
    try:
        born = Born.parse(form.born) if form.born.strip() else NationalId.parse(form.id).born
        age = born.age(filing.day(now))
    except XtError:
        return None, ""
    return age.decimal, age.text


def _identity_problems(form: RequestForm, on: object, warnings: list[str]) -> list[tuple[str, str]]:
    """What is wrong with who the patient is."""
    from datetime import date

    assert isinstance(on, date)
    problems: list[tuple[str, str]] = []
    for name, read in (("born", Born.parse), ("id", NationalId.parse)):
        typed = getattr(form, name).strip()
        try:
            if typed:
                read(typed)
        except UsageError as error:
            problems.append((name, f"{error} {error.advice}"))
    if problems or not form.patient.strip():
        return problems
    try:
        warnings += filing.patient_of(form, on).warnings
    except XtError as error:
        problems.append(("id" if form.id.strip() else "born", f"{error} {error.advice}"))
    return problems


def estimate_text(station: Village, form: RequestForm) -> int:
    """Bytes that the request's text will take on the link, sealed and compressed as it will be."""
    from xtcli.transport.bundle.pack import Part as Packed
    from xtcli.transport.bundle.pack import pack

    content = codec.content_of(
        _sketch(form), station=station.number, seq=1, author=max(1, station.settings.practitioner),
        at=int(station.clock()), case=None,
    )  # fmt: skip
    # A signature does not compress, so any bytes stand for it.
    raw = (content + bytes(limits.raw_bytes))[: limits.raw_bytes]
    return len(pack([Packed(content, raw)])) + SEAL_BYTES + DATAGRAM_BYTES


def _sketch(form: RequestForm) -> Request:
    """A request with what can already be read from the form."""
    from xtcli.records.values import Patient

    vitals: list[Vital] = []
    for item in form.vital:
        code, _, typed = item.partition("=")
        vitals += check_vital(code, typed, None)[0]
    who = Patient(
        form.patient.strip()[: limits.name_chars_max] or "?",
        Sex(SEXES.get(form.sex.strip().lower(), 0)),
        phone=form.phone.strip()[: limits.code_chars_max],
        place=form.place.strip()[: limits.line_chars_max],
    )
    text = {
        name: getattr(form, name)[: limits.text_chars_max]
        for name in ("complaint", "history", "exam", "allergy", "question")
    }
    latest = {vital.code: vital for vital in vitals}
    return Request(
        patient=who, dept=form.dept.strip()[: limits.code_chars_max] or "?",
        urgency=Urgency(URGENCIES.get(form.urgency, 0)),
        vitals=tuple(vital.wire for vital in latest.values()), **text,
    )  # fmt: skip


def text_part(station: Village, form: RequestForm) -> Part:
    """The request itself: goes first, and alone is a whole consult."""
    try:
        size = estimate_text(station, form)
        urgent = URGENCIES.get(form.urgency, 0) == Urgency.STAT
        priority = CRITICAL if urgent else TEXT
        return Part(tr("text and vitals"), size, station.seconds(size, priority), priority=priority)
    except UsageError as error:
        return Part(tr("text and vitals"), 0, None, problem=str(error))


def file_part(station: Village, name: str, *, voice: bool = False) -> Part:
    """One file as it will travel: coded and made small, not as it lies on the disk."""
    try:
        items = attaching.prepare_voice(name) if voice else attaching.prepare(Path(name))
    except XtError as error:
        return Part(Path(name).name, 0, None, name, f"{error} {error.advice}")
    sizes = {item.body.blob: len(item.data) + attaching.BUNDLE_BYTES
             for item in items if item.travels}  # fmt: skip
    size = sum(sizes.values())
    least = max((of_blob(blob.name.lower()) for blob in sizes), default=IMAGE)
    kinds = {item.body.blob for item in items}
    title = Path(name).name
    if BlobKind.VOICE in kinds:
        title = tr("voice note, {seconds} s", seconds=items[0].body.seconds)
    elif BlobKind.VIEW in kinds:
        title = tr("photo {name}", name=Path(name).name)
    picture = BlobKind.VIEW in kinds or BlobKind.PICTURE in kinds
    return Part(title, size, station.seconds(size, least), name, priority=least, picture=picture)


def rx_line(drug: str, dose: str, route: str, frequency: str, days: str) -> str:
    """The five fields of a prescription line as one; UsageError when they are not one."""
    for part in (drug, dose, route, frequency, days):
        if ";" in part or "；" in part:
            raise UsageError("A field holds a semicolon.", "Leave it out.")
    text = f"{drug}; {dose}; {route}; {frequency}; {days}"
    prescription.parse_rx(text)
    return text


def rx_text(line: str) -> tuple[str, tuple[str, ...]]:
    """A prescription line in words, and what to look at once more."""
    parsed = prescription.parse_rx(line)
    return parsed.text, tuple(prescription.warnings(parsed))
