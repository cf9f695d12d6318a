"""What a person should hear about as it arrives: new requests, answers, alerts, receipts.

Values only; who prints or rings is the front end's business.
"""

from __future__ import annotations

from dataclasses import dataclass

from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record
from xtcli.records.types import Alert, Ask, Kind, Request
from xtcli.records.values import StationKind
from xtcli.station import words

RINGING = {
    StationKind.DESK: frozenset((Kind.REQUEST, Kind.ALERT, Kind.ESCALATED, Kind.NOTE, Kind.ASK)),
    StationKind.POST: frozenset((Kind.ANSWER, Kind.ALERT, Kind.ASK)),
    StationKind.HUB: frozenset((Kind.REQUEST,)),
}


@dataclass(frozen=True, slots=True)
class Happening:
    """One thing that arrived. `at` is this station's clock, unix seconds."""

    kind: str
    case: RecordId | None
    record: RecordId
    by: str
    text: str
    rings: bool
    at: float


def happening(record: Record, by: str, here: StationKind, now: float) -> Happening | None:
    """What to tell a person about a record that arrived; None for what only machines need."""
    if record.case is None:
        return None
    body = record.body
    done = bool(getattr(body, "done", True))
    text = f"{record.case} {words.kind(record.kind.name.lower(), done)}: {by}"
    if isinstance(body, Request):
        mark = ("", "! ", "!! ")[body.urgency]
        text = mark + tr(
            "{case} new request, {dept}: {patient}, {complaint}", case=str(record.case),
            dept=body.dept, patient=body.patient.name, complaint=body.complaint[:40],
        )  # fmt: skip
    elif isinstance(body, Alert):
        text = "!! " + tr("{case} ALERT: {what}", case=str(record.case), what=body.what)
    elif isinstance(body, Ask):
        text = tr("{case} question by {who}: {text}", case=str(record.case), who=by,
                  text=body.text[:60])  # fmt: skip
    return Happening(record.kind.name.lower(), record.case, record.id, by, text,
                     record.kind in RINGING[here], now)  # fmt: skip
