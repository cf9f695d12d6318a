"""A case that continues another: whether it may, what it takes over, and how both are found.

The link is the request's own field `parent`, signed with it; nothing here is kept anywhere else.
"""

from __future__ import annotations

from xtcli.clinic.identity import plain_name
from xtcli.errors import NotFound, UsageError
from xtcli.records.case import Case
from xtcli.records.ids import RecordId
from xtcli.records.queue import Ask, Order
from xtcli.records.types import Request
from xtcli.records.values import Patient
from xtcli.station import filing
from xtcli.station.core import StationCore
from xtcli.station.forms import RequestForm

FOLLOW_UPS_MAX = 50
"""Follow-ups of one case that are looked for."""
WHO = ("patient", "sex", "born", "id", "phone", "place", "dept")
"""What a follow-up takes over where nothing was typed; never what was found or measured."""


def follow_up(case: Case) -> dict[str, str]:
    """What a form about the same patient begins with, `parent` among it."""
    who, body = case.patient, case.body
    born = ""
    if who.born:
        from xtcli.clinic.born import Born

        born = Born.from_number(who.born).text
    return {
        "patient": who.name, "sex": ("", "m", "f")[who.sex], "born": born, "id": who.national_id,
        "phone": who.phone, "place": who.place, "dept": body.dept, "allergy": body.allergy,
        "urgency": "routine", "parent": str(case.id),
    }  # fmt: skip


def fill_in(station: StationCore, form: RequestForm) -> None:
    """Take over who the patient is from the case that `form` continues, where it does not say."""
    if not form.parent.strip():
        return
    known = follow_up(station.case(RecordId.parse(form.parent)))
    for name in WHO:
        if not getattr(form, name).strip():
            setattr(form, name, known[name])


def must_fit(station: StationCore, body: Request) -> None:
    """NotFound when the case that `body` continues is not here, UsageError when it is about
    another patient.
    """
    if body.parent is None:
        return
    other = station.request_of(body.parent).patient
    if not same_patient(other, body.patient):
        name, second = filing.identifiers(other)
        raise UsageError(
            "Case {case} is about another patient: {name}, {second}.",
            "A follow-up is about the same patient. Check the number, or file a new request.",
            case=str(body.parent), name=name, second=second,
        )  # fmt: skip


def same_patient(a: Patient, b: Patient) -> bool:
    """Whether two requests are certainly about one person: one number, or the name and one more."""
    if a.national_id and b.national_id:
        return a.national_id == b.national_id
    if plain_name(a.name) != plain_name(b.name):
        return False
    return _same_birth(a.born, b.born) or bool(a.phone and a.phone == b.phone)


def _same_birth(a: int, b: int) -> bool:
    """Whether two birth dates (YYYYMMDD, zeros for what is not known) say the same."""
    if not a or not b:
        return False
    known = 1 if a % 100 and b % 100 else 100 if a % 10_000 and b % 10_000 else 10_000
    return a // known == b // known


def continued_by(station: StationCore, case: RecordId) -> list[RecordId]:
    """The follow-ups of a case that are here, oldest first."""
    page = Ask(parent=case, order=Order.NEWEST, limit=FOLLOW_UPS_MAX)
    return [summary.case for summary in reversed(station.log.summaries(page))]


def parent_of(station: StationCore, case: Case) -> Case | None:
    """The case that `case` continues; None when there is none or it is not here."""
    if case.body.parent is None:
        return None
    try:
        return station.case(case.body.parent)
    except NotFound:
        return None
