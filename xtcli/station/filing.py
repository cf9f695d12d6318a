"""From a filled-in form to a record's body, through the clinical rules.

Pure: forms and rules in, bodies and warnings out. It knows neither the log nor where files lie.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Generic, TypeVar

from xtcli.clinic import completeness, critical, identity, prescription
from xtcli.clinic.born import Born
from xtcli.clinic.news2 import News2, NotScored, PartialNews2, news2
from xtcli.clinic.signs import Vital, from_wire
from xtcli.clinic.vitals import parse_vitals
from xtcli.errors import UsageError
from xtcli.lang import tr
from xtcli.records import limits
from xtcli.records.ids import RecordId
from xtcli.records.types import Answer, Note, Request
from xtcli.records.values import Diagnosis, Disposition, Patient, Rx, Seen, Sex, Urgency
from xtcli.station.forms import DISPOSITIONS, SEXES, URGENCIES, AnswerForm, RequestForm, choice

T = TypeVar("T")
URGENCY_WORDS = ("routine", "urgent", "stat")
DURATION = re.compile(r"^(\d{1,4})\s*(h|d|小时|天)$")


@dataclass(frozen=True, slots=True)
class Checked(Generic[T]):
    """A body that passed, and what a person should still look at."""

    body: T
    warnings: tuple[str, ...] = ()


def person_of(patient: Patient) -> identity.Person:
    """A patient as the identity rules see one."""
    sex = {Sex.MALE: "m", Sex.FEMALE: "f"}.get(patient.sex, "")
    born = Born.from_number(patient.born) if patient.born else None
    return identity.Person(patient.name, sex, born, patient.national_id, patient.phone)


def identifiers(patient: Patient) -> tuple[str, str]:
    """The two identifiers to show wherever a case is created, opened or signed."""
    person = person_of(patient)
    found = identity.two_identifiers(person)
    if found is not None:
        return found
    return (patient.name, person.born.text if person.born else "?")


def age_years(patient: Patient, on: date) -> float | None:
    """The least age in years the patient can have; None when not known."""
    if not patient.born:
        return None
    born = Born.from_number(patient.born)
    return born.age(on).decimal if born.latest() <= on or born.earliest() <= on else None


def day(now: float) -> date:
    """The calendar day of `now` (unix seconds), in China's only time zone where unknown: UTC+8."""
    return datetime.fromtimestamp(now + 8 * 3600, UTC).date()


def vitals_of(pairs: Iterable[tuple[int, int]]) -> list[Vital]:
    """Vitals from a record; numbers this version does not know are left out."""
    return [vital for number, value in pairs if (vital := from_wire(number, value)) is not None]


def score(request: Request, now: float) -> int | None:
    """NEWS2 of a request: the sum, or at least that much when parts are missing; else None."""
    found = news2_of(request, now)
    if isinstance(found, News2):
        return found.total
    return found.at_least if isinstance(found, PartialNews2) else None


def news2_of(request: Request, now: float) -> News2 | PartialNews2 | NotScored:
    """NEWS2 of a request as it was filed: whole, partial, or why there is none."""
    return news2(vitals_of(request.vitals), age_years(request.patient, day(now)))


def criticals(request: Request, now: float) -> list[critical.Finding]:
    """The critical values of a request."""
    return critical.critical(vitals_of(request.vitals), age_years(request.patient, day(now)))


def patient_of(form: RequestForm, on: date) -> Checked[Patient]:
    """The patient in a form: identifiers that agree with each other; UsageError otherwise."""
    warnings: list[str] = []
    number = identity.NationalId.parse(form.id) if form.id.strip() else None
    born = Born.parse(form.born) if form.born.strip() else (number.born if number else None)
    if born is not None:
        born.age(on)
    sex = Sex(choice(SEXES, form.sex, "sex")) if form.sex.strip() else Sex.UNKNOWN
    if number is not None:
        said = {Sex.MALE: "m", Sex.FEMALE: "f"}.get(sex, "")
        identity.require_agreement(number, said, born, on)
        sex = Sex.MALE if number.sex == "m" else Sex.FEMALE
    patient = Patient(
        name=form.patient.strip(), sex=sex, born=born.number if born else 0,
        national_id=number.text if number else "", phone=form.phone.strip(),
        place=form.place.strip(),
    )  # fmt: skip
    if patient.identifiers < 2:
        identity.require_two_identifiers(person_of(patient))
    if identity.two_identifiers(person_of(patient)) is None:
        warnings.append(
            tr("only the year of birth is known: add the full date, the national number or a phone")
        )
    return Checked(patient, tuple(warnings))


def check_typed(name: str, typed: str, departments: Sequence[str], now: float) -> None:
    """UsageError when `typed` cannot be the field `name`: said while a person is still there."""
    if name == "sex":
        choice(SEXES, typed, "sex")
    elif name == "born":
        Born.parse(typed).age(day(now))
    elif name == "dept":
        _must_be_known(typed, departments)


def _must_be_known(dept: str, departments: Sequence[str]) -> None:
    """UsageError for a department that this hub does not have."""
    if departments and dept.strip() not in departments:
        raise UsageError(
            "There is no department {dept}.", "Departments of this hub: {known}.",
            dept=dept, known=", ".join(departments),
        )  # fmt: skip


def request_of(form: RequestForm, departments: Sequence[str], now: float) -> Checked[Request]:
    """A request's body from a form; UsageError lists what is missing or wrong."""
    form.require()
    who = patient_of(form, day(now))
    vitals = parse_vitals(form.vital)
    urgency = choice(URGENCIES, form.urgency or "routine", "urgency")
    _must_be_known(form.dept, departments)
    body = Request(
        patient=who.body, dept=form.dept.strip(), urgency=Urgency(urgency),
        complaint=form.complaint, history=form.history, exam=form.exam, allergy=form.allergy,
        question=form.question, vitals=tuple(vital.wire for vital in vitals),
        override=form.override.strip(),
        parent=RecordId.parse(form.parent) if form.parent.strip() else None,
    )  # fmt: skip
    draft = completeness.Draft(
        complaint=form.complaint, history=form.history, exam=form.exam, allergy=form.allergy,
        question=form.question, vitals=tuple(vitals), urgency=URGENCY_WORDS[urgency],
        age_years=age_years(who.body, day(now)),
    )  # fmt: skip
    found = completeness.check(draft, form.override)
    gaps = tuple(gap.text for gap in (*found.errors, *found.warnings))
    if not departments:
        gaps += (tr("this hub's departments are not known here yet: xt sync"),)
    findings = tuple(finding.text for finding in criticals(body, now))
    return Checked(body, (*findings, *who.warnings, *gaps))


def note_of(text: str, vital: Sequence[str]) -> Checked[Note]:
    """A note with or without new vitals."""
    vitals = parse_vitals(vital)
    warnings = [
        tr("{value} is improbable: measure again", value=v.text) for v in vitals if v.improbable
    ]
    return Checked(Note(text, tuple(v.wire for v in vitals)), tuple(warnings))


def diagnosis_of(typed: str) -> Diagnosis:
    """A code of the ICD-10 table, a name, or `CODE name`."""
    from xtcli.clinic import icd10

    text = typed.strip()
    head, _, rest = text.partition(" ")
    if icd10.valid_code(head):
        code = icd10.canonical_code(head)
        known = icd10.lookup(code)
        return Diagnosis(code, rest.strip() or (known.name if known else ""))
    return Diagnosis("", text)


def answer_of(
    form: AnswerForm, seen: Seen, now: float, entropy: Callable[[int], bytes]
) -> Checked[Answer]:
    """An answer's body from a form. Each prescription line gets its id here, from its author."""
    form.require()
    warnings: list[str] = []
    rx: list[Rx] = []
    for line in form.rx:
        parsed = prescription.parse_rx(line)
        warnings += prescription.warnings(parsed)
        rx.append(
            Rx(entropy(limits.rx_id_bytes), parsed.drug, parsed.dose, parsed.route,
               parsed.frequency, parsed.days)
        )  # fmt: skip
    body = Answer(
        seen=seen, advice=form.advice.strip(),
        disposition=Disposition(DISPOSITIONS[form.disposition.strip().lower()]),
        diagnoses=tuple(diagnosis_of(typed) for typed in form.diagnosis if typed.strip()),
        rx=tuple(rx),
        refer_to=form.refer_to.strip(), expires=expiry_of(form.expires, now),
    )  # fmt: skip
    return Checked(body, tuple(warnings))


def expiry_of(typed: str, now: float) -> int:
    """When advice expires, in unix seconds: `24h`, `3d`, `2026-12-01`, or 0 for never."""
    text = typed.strip().lower()
    if not text:
        return 0
    found = DURATION.match(text)
    if found:
        unit = 3600 if found.group(2) in ("h", "小时") else 86_400
        return int(now) + int(found.group(1)) * unit
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise UsageError(
            "The expiry {value} cannot be read.", "Write it as 24h, 3d or YYYY-MM-DD.", value=typed
        ) from error
    moment = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    moment += 0 if at.tzinfo else -8 * 3600
    if len(text) <= 10:
        moment += 86_400
    if moment <= now:
        raise UsageError("The expiry {value} has passed.", "Give a later one.", value=typed)
    return int(moment)
