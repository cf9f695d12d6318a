"""A case as a screen shows it: timeline, vitals with ranges, trends, earlier cases, what is new.

Pure values for front ends. It reads folds and the clinical rules, writes nothing, draws nothing.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from xtcli.clinic import news2 as scoring
from xtcli.clinic.signs import BY_CODE, Flag, Vital, flag, label, latest, scaled_text
from xtcli.errors import NotFound
from xtcli.lang import tr
from xtcli.records.case import Case, Entry
from xtcli.records.ids import RecordId
from xtcli.records.queue import Ask as Page
from xtcli.records.queue import Order
from xtcli.records.sign import Record
from xtcli.records.types import (
    Ack,
    Alert,
    AlertAck,
    Answer,
    Ask,
    Attach,
    Body,
    Call,
    Closed,
    Dispensed,
    Escalated,
    Kind,
    Note,
    Opened,
    Released,
    Request,
)
from xtcli.records.values import BlobKind
from xtcli.records.version import clinical
from xtcli.station import filing
from xtcli.station.core import StationCore
from xtcli.station.desk_lists import CaseLists, DeskRow
from xtcli.station.reading import Reading
from xtcli.station.views import in_order

PICTURES = frozenset((BlobKind.PICTURE, BlobKind.VIEW, BlobKind.THUMBNAIL))
EARLIER_MAX = 50
"""Earlier cases of a patient that are looked at."""
TREND_SIGNS = ("sbp", "dbp", "pulse", "temp", "spo2", "rr", "glucose", "fbg", "weight")


@dataclass(frozen=True, slots=True)
class TimeLine:
    """One line of a case's timeline. `state` is a word of `STATES`."""

    record: RecordId
    at: int
    kind: str
    who: str
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class VitalLine:
    """One vital sign as measured last. `normal` is the range in words, empty without one."""

    code: str
    label: str
    text: str
    flag: Flag
    normal: str
    points: int | None
    at: int


@dataclass(frozen=True, slots=True)
class Trend:
    """One sign over the patient's visits: (unix seconds, value), oldest first."""

    code: str
    label: str
    unit: str
    normal: tuple[float, float] | None
    points: tuple[tuple[int, float], ...]


def kind_word(kind: Kind) -> str:
    """A kind of record in the language in force."""
    words = {
        Kind.REQUEST: tr("request"), Kind.NOTE: tr("note"), Kind.ATTACH: tr("attachment"),
        Kind.ASK: tr("question"), Kind.OPENED: tr("opened"), Kind.CLAIMED: tr("taken"),
        Kind.RELEASED: tr("given back"), Kind.ANSWER: tr("answer"), Kind.ACK: tr("done?"),
        Kind.CLOSED: tr("closed"), Kind.ESCALATED: tr("escalated"), Kind.ALERT: tr("ALERT"),
        Kind.ALERT_ACK: tr("alert seen"), Kind.DISPENSED: tr("dispensed"), Kind.CALL: tr("call"),
    }  # fmt: skip
    return words.get(kind, kind.name.lower())


def blob_word(kind: BlobKind) -> str:
    """What an attachment is, in the language in force."""
    return {
        BlobKind.DOCUMENT: tr("document"), BlobKind.VOICE: tr("voice note"),
        BlobKind.ECG: tr("ECG"), BlobKind.PICTURE: tr("picture"),
        BlobKind.THUMBNAIL: tr("small picture"), BlobKind.VIEW: tr("picture for the screen"),
    }[kind]  # fmt: skip


def attached(station: StationCore, case: RecordId) -> str:
    """What is attached to a case, in few words; a picture and its smaller copies are one."""
    words: dict[bytes, str] = {}
    for item in station.case(case).attachments:
        body = item.body
        word = tr("picture") if body.blob in PICTURES else blob_word(body.blob)
        if body.seconds:
            word += " " + tr("{n} s", n=body.seconds)
        words[body.derived_from or body.digest] = word
    counts = Counter(words.values())
    return ", ".join(word if n == 1 else f"{n} x {word}" for word, n in counts.items())


def timeline(station: StationCore, case: Case) -> list[TimeLine]:
    """Everything that happened, oldest first, with how far each thing has come."""
    return [
        TimeLine(entry.record.id, entry.record.at, kind_word(entry.record.kind),
                 station.name(entry.record.author), said(entry.record, case),
                 reached(case, entry))
        for entry in in_order(case)
        if entry.record.kind is not Kind.RECEIPT
    ]  # fmt: skip


def said(record: Record, case: Case) -> str:
    """What a record says, on one line."""
    body = record.body
    match body:
        case Request():
            return body.complaint
        case Note():
            values = [v.text for v in filing.vitals_of(body.vitals)]
            return " ".join(part for part in (body.text, ", ".join(values)) if part)
        case Attach():
            return " ".join(part for part in (blob_word(body.blob), body.caption) if part)
        case Answer():
            return body.advice
        case Ask() | AlertAck():
            return body.text
        case Alert():
            return body.what
    return _said_of_care(body, case)


def _said_of_care(body: Body, case: Case) -> str:
    """What was done about the answer."""
    match body:
        case Ack():
            return (tr("done") if body.done else tr("could not be done")) + " " + body.text
        case Closed():
            return body.outcome
        case Released() | Escalated():
            return body.reason
        case Dispensed():
            return _drug(body, case) + " " + body.text
        case Call():
            length = tr("{minutes} min", minutes=max(1, round(body.seconds / 60)))
            guest = tr("guest, said to be {name}", name=body.guest) if body.guest else ""
            return f"{length} {guest}".rstrip()
    return ""


def _drug(body: Dispensed, case: Case) -> str:
    return next((p.line.drug for p in case.prescriptions if p.line.id == body.rx), "")


def reached(case: Case, entry: Entry) -> str:
    """How far a record has come: saved, sent, received, opened or acted_on."""
    record = entry.record
    if record.kind is Kind.ANSWER and any(
        isinstance(e.record.body, Ack) and e.record.body.answer == record.id for e in case.entries
    ):
        return "acted_on"
    if record.kind is Kind.ANSWER and dict(entry.confirmed).get(case.id.station):
        return "answer_received"
    if any(
        isinstance(e.record.body, Opened) and record.id in e.record.body.seen.ids()
        for e in case.entries
    ):
        return "opened"
    if entry.received:
        return "received"
    if entry.refused:
        return "refused"
    return "sent" if entry.sent else "saved"


def measured(case: Case) -> list[tuple[int, Vital]]:
    """Every vital sign of a case with when it was written, oldest first."""
    found = []
    for entry in case.entries:
        body = entry.record.body
        if isinstance(body, Request | Note):
            found += [(entry.record.at, vital) for vital in filing.vitals_of(body.vitals)]
    return found


def age_of(case: Case) -> float | None:
    """The patient's least age in years when the case was filed; None when not known."""
    return filing.age_years(case.patient, filing.day(case.request.at))


def vital_lines(case: Case) -> list[VitalLine]:
    """The newest value of each sign, with its range and its part of NEWS2."""
    newest = {vital.code: (at, vital) for at, vital in measured(case)}
    age = age_of(case)
    scored = scoring.news2([vital for _, vital in newest.values()], age)
    points = dict(getattr(scored, "parts", ()))
    return [
        VitalLine(code, label(code), vital.text, flag(vital, age), normal_text(code, age),
                  points.get(code), at)
        for code, (at, vital) in newest.items()
    ]  # fmt: skip


def score_text(case: Case) -> str:
    """NEWS2 of the newest values, or why there is none."""
    newest = latest([vital for _, vital in measured(case)])
    return scoring.news2([Vital(c, v) for c, v in newest.items()], age_of(case)).text


def normal_text(code: str, age: float | None) -> str:
    """The normal range of a sign in words; empty when none holds for this age."""
    sign = BY_CODE[code]
    if sign.normal is None or sign.words:
        return ""
    if sign.adult_only and (age is None or age < 16):
        return ""
    low, high = (scaled_text(value, sign.decimals) for value in sign.normal)
    return f"{low}-{high}"


def earlier(station: Reading, case: Case, *, also_later: bool = False) -> list[DeskRow]:
    """Other cases of the same patient here, newest first; older ones only unless `also_later`."""
    page = Page(patient_key=case.patient.key, order=Order.NEWEST, limit=EARLIER_MAX)
    rows = CaseLists(station)
    return [
        rows.row(summary)
        for summary in station.log.summaries(page)
        if summary.case != case.id and (also_later or summary.created <= case.request.at)
    ]


def trends(station: Reading, case: Case) -> list[Trend]:
    """Signs measured at least twice over this case and the patient's other ones."""
    values: dict[str, list[tuple[int, float]]] = {}
    others = (station.case(row.case) for row in earlier(station, case, also_later=True))
    for one in (case, *others):
        for at, vital in measured(one):
            if vital.code in TREND_SIGNS:
                number = vital.value / 10**vital.sign.decimals
                values.setdefault(vital.code, []).append((at, number))
    return [
        _trend(code, tuple(sorted(values[code])))
        for code in TREND_SIGNS
        if len(values.get(code, ())) > 1
    ]


def _trend(code: str, points: tuple[tuple[int, float], ...]) -> Trend:
    sign = BY_CODE[code]
    scale = 10**sign.decimals
    normal = (sign.normal[0] / scale, sign.normal[1] / scale) if sign.normal else None
    return Trend(code, label(code), sign.unit, normal, points)


def new_since_opened(station: StationCore, case: Case) -> list[TimeLine]:
    """What came into the case after this practitioner opened it, not written by themselves."""
    me = station.settings.practitioner
    openings = [
        entry.record.body.seen
        for entry in case.entries
        if isinstance(entry.record.body, Opened) and entry.record.author == me
    ]
    if not openings:
        return []
    seen = openings[-1].ids()
    fresh = {r.id for r in clinical(e.record for e in case.entries).values()} - seen
    return [
        line
        for line, entry in zip(
            timeline(station, case),
            (e for e in case.entries if e.record.kind is not Kind.RECEIPT),
            strict=True,
        )
        if line.record in fresh and entry.record.author != me
    ]


def standing_answer(case: Case) -> Answer:
    """The body of the answer that stands; NotFound when there is none."""
    if case.answer is None:
        raise NotFound("There is no answer to case {case} yet.", "Wait for it, or ask again.",
                       case=str(case.id))  # fmt: skip
    return case.answer.body
