"""What front ends get to draw: rows, pages and documents made of plain values.

It turns records and folds into words and numbers. It draws nothing and stores nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from xtcli.clinic.born import Born
from xtcli.clinic.identity import mask
from xtcli.clinic.news2 import News2, PartialNews2
from xtcli.records.authority import reason_text
from xtcli.records.case import Case, Entry, State
from xtcli.records.ids import RecordId
from xtcli.records.parts import Version
from xtcli.records.timeline import as_it_happened
from xtcli.records.types import Kind
from xtcli.records.values import Patient
from xtcli.station import filing
from xtcli.station.roads_store import RoadCount

SEX_LETTERS = ("?", "m", "f")
CHINA = timedelta(hours=8)


def clock(at: float, now: float | None = None) -> str:
    """A time as people read it, in UTC+8: the hour today, the day otherwise."""
    moment = datetime.fromtimestamp(at, UTC) + CHINA
    if now is not None and abs(now - at) < 86_400:
        return moment.strftime("%H:%M:%S")
    return moment.strftime("%Y-%m-%d %H:%M")


def iso(at: float) -> str:
    """A time for programs: ISO 8601 with its offset."""
    moment = datetime.fromtimestamp(at, UTC) + CHINA
    return moment.strftime("%Y-%m-%dT%H:%M:%S") + "+08:00"


def age_text(patient: Patient, now: float) -> str:
    """The patient's age in words; empty when not known."""
    if not patient.born:
        return ""
    try:
        return Born.from_number(patient.born).age(filing.day(now)).text
    except Exception:
        # A clock that jumped before the birth date must not keep a case from being shown.
        return ""


@dataclass(frozen=True, slots=True)
class Written:
    """A record that is now on disk."""

    case: RecordId
    record: RecordId
    identifiers: tuple[str, str]
    warnings: tuple[str, ...] = ()
    state: str = "saved"


@dataclass(frozen=True, slots=True)
class Near:
    """An earlier patient who may be the same person."""

    case: RecordId
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class Filed:
    """A request that is now on disk."""

    case: RecordId
    identifiers: tuple[str, str]
    warnings: tuple[str, ...]
    near: tuple[Near, ...]
    existed: bool
    estimate_bytes: int
    estimate_seconds: float | None


@dataclass(frozen=True, slots=True)
class Waited:
    """What a wait for receipts brought. `receipts`: seconds from commit to the hub's receipt."""

    receipts: dict[RecordId, float]
    states: dict[RecordId, str]
    bytes_sent: int | None
    """None, as the three below, when another process of this home sent it: nobody counted."""
    bytes_received: int | None
    datagrams_sent: int | None
    datagrams_received: int | None
    stopped: bool = False
    """By Ctrl-C, before all were there or the time was over."""


@dataclass(frozen=True, slots=True)
class CaseRow:
    """One case in a list. Times are unix seconds, `waiting` seconds."""

    case: RecordId
    name: str
    second: str
    sex: str
    age: str
    dept: str
    place: str
    urgency: str
    complaint: str
    state: str
    created: int
    waiting: float | None
    overdue: bool
    score: int | None
    claimed_by: str
    attachments: int
    alerts: int
    recheck: bool


@dataclass(frozen=True, slots=True)
class LinkView:
    """The link as measured, and what waits on it."""

    hub: str
    rate_bps: float | None = None
    rtt_s: float | None = None
    loss: float | None = None
    last_contact: float | None = None
    road: str = ""
    """The road that carries, or carried last."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A record that was refused elsewhere, and why in a sentence."""

    record: RecordId
    case: RecordId | None
    why: str
    fork: bool
    """Its number was given to another record: this log is an old copy."""


@dataclass(frozen=True, slots=True)
class Status:
    """This station at a glance."""

    name: str
    kind: str
    number: int
    practitioner: str
    now: float
    link: LinkView
    waiting_records: int
    waiting_blobs: int
    waiting_bytes: int
    waiting_seconds: float | None
    open_cases: int
    refused: int
    held: int
    syncing: bool
    returned: tuple[Returned, ...] = ()
    """Records of this station that the hub will never take."""
    roads: tuple[RoadCount, ...] = ()
    """Every carrier used so far, with what it refused."""


@dataclass(frozen=True, slots=True)
class Verified:
    """What a whole check of the log found."""

    records: int
    stations: int


@dataclass(frozen=True, slots=True)
class LogEntry:
    """One record in a listing."""

    record: RecordId
    kind: str
    author: str
    time: str
    case: RecordId | None
    bytes: int
    confirmed: dict[str, str] = field(default_factory=dict)


Names = Callable[[int], str]


def patient_document(patient: Patient) -> dict[str, Any]:
    """A patient for JSON; the national number stays masked."""
    return {
        "name": patient.name, "sex": SEX_LETTERS[patient.sex],
        "born": Born.from_number(patient.born).text if patient.born else "",
        "national_id": mask(patient.national_id) if patient.national_id else "",
        "phone": mask(patient.phone) if patient.phone else "", "place": patient.place,
        "identifiers": list(filing.identifiers(patient)),
    }  # fmt: skip


def version_document(version: Version, name: Names) -> dict[str, Any]:
    """An answer for JSON."""
    body = version.body
    return {
        "record": str(version.record.id), "version": version.number, "stands": version.stands,
        "replaced_by": str(version.replaced_by) if version.replaced_by else None,
        "by": name(version.record.author), "at": iso(version.record.at), "advice": body.advice,
        "diagnoses": [{"code": d.code, "text": d.text} for d in body.diagnoses],
        "disposition": body.disposition.name.lower(), "refer_to": body.refer_to,
        "expires": iso(body.expires) if body.expires else None, "reason": body.reason,
        "based_on": body.seen.version.hex(),
    }  # fmt: skip


def entry_document(entry: Entry, name: Names) -> dict[str, Any]:
    """One line of the timeline for JSON."""
    record = entry.record
    return {
        "record": str(record.id), "kind": record.kind.name.lower(), "by": name(record.author),
        "at": iso(record.at), "sent": iso(entry.sent) if entry.sent else None,
        "received": iso(entry.received) if entry.received else None,
        "confirmed_by": {name(no): iso(at) for no, at in entry.confirmed},
        "refused": reason_text(entry.refused) if entry.refused else None,
        "text": _said(record.body), "done": bool(getattr(record.body, "done", True)),
        "vitals": {v.code: v.text for v in filing.vitals_of(getattr(record.body, "vitals", ()))}
        if record.kind is Kind.NOTE else {},
    }  # fmt: skip


def _said(body: object) -> str:
    """The words of a record, where it has some."""
    found = (getattr(body, name, "") for name in ("text", "reason", "what", "outcome"))
    return next((str(text) for text in found if text), "")


def case_document(case: Case, name: Names, now: float) -> dict[str, Any]:
    """Everything `xt show --json` says of a case."""
    body = case.body
    vitals = filing.vitals_of(body.vitals)
    scored = filing.news2_of(body, case.request.at)
    return {
        "case": str(case.id), "state": case_state(case),
        "states": {state.name.lower(): iso(at) for state, at in sorted(case.states.items())},
        "patient": patient_document(case.patient), "age": age_text(case.patient, now),
        "dept": body.dept, "urgency": body.urgency.name.lower(), "complaint": body.complaint,
        "history": body.history, "exam": body.exam, "allergy": body.allergy,
        "question": body.question, "override": body.override,
        "parent": str(body.parent) if body.parent else None, "continued_by": [],
        "vitals": {v.code: v.text for v in vitals},
        "news2": scored.total if isinstance(scored, News2) else None,
        "news2_at_least": scored.at_least if isinstance(scored, PartialNews2) else None,
        "news2_text": scored.text if vitals else "",
        "version": case.version.hex(), "claimed_by": name(case.claimed_by) if case.claimed_by
        else "", "answer": version_document(case.answer, name) if case.answer else None,
        "answers": [version_document(version, name) for version in case.versions],
        "recheck": case.recheck, "expired": case.expired(now), "overdue": case.overdue(now),
        "escalated": iso(case.escalated) if case.escalated else None,
        "prescriptions": [
            {"rx": number, "id": p.line.id.hex(), "drug": p.line.drug, "dose": p.line.dose,
             "route": p.line.route, "frequency": p.line.frequency, "days": p.line.days,
             "withdrawn": p.withdrawn, "dispensed": str(p.dispensed.id) if p.dispensed else None,
             "refused_again": [str(record.id) for record in p.extra]}
            for number, p in enumerate(case.prescriptions, 1)
        ],
        "attachments": [
            {"blob": a.body.digest.hex(), "kind": a.body.blob.name.lower(), "size": a.body.size,
             "media_type": a.body.media_type, "caption": a.body.caption, "by": name(a.author),
             "seconds": a.body.seconds, "here": a.whole, "record": str(a.id)}
            for a in case.attachments
        ],
        "alerts": [
            {"record": str(a.record.id), "what": a.body.what, "step": a.body.step,
             "acknowledged_by": name(a.acknowledged.author) if a.acknowledged else None}
            for a in case.alarms
        ],
        "acks": [
            {"done": getattr(record.body, "done", True), "text": getattr(record.body, "text", ""),
             "by": name(record.author), "at": iso(record.at)}
            for record in case.acks
        ],
        "outcome": case.outcome,
        "timeline": [entry_document(entry, name) for entry in in_order(case)],
    }  # fmt: skip


def in_order(case: Case) -> list[Entry]:
    """What happened to a case, causes first, whatever the clocks say."""
    found = {entry.record.id: entry for entry in case.entries}
    return [found[record.id] for record in as_it_happened(e.record for e in case.entries)]


def state_word(state: State, *, refused: bool = False) -> str:
    """The name of a state as JSON and scripts see it; `refused` where a request went in vain."""
    return "refused" if refused and state <= State.SENT else state.name.lower()


def case_state(case: Case) -> str:
    """How far a case has come, in a word."""
    return state_word(case.state, refused=bool(case.refused))


def in_pages(items: Iterable[Any], count: int) -> list[Any]:
    """At most `count` of `items`."""
    return [item for _, item in zip(range(count), items, strict=False)]
