"""The words that people read for what records and programs name by a code.

JSON keeps the codes (`acted_on`); screens show a word in the language in force. It knows words
only: not where they are shown.
"""

from __future__ import annotations

from xtcli.lang import tr

KINDS = {
    "request": "request", "note": "note", "attach": "attachment", "ask": "asks",
    "opened": "opened", "claimed": "taken", "released": "given back", "answer": "answer",
    "ack": "acted on", "closed": "closed", "receipt": "receipt", "escalated": "escalated",
    "alert": "alert", "alert_ack": "alert seen", "dispensed": "dispensed", "call": "call",
    "station": "station", "practitioner": "practitioner", "revoked": "revoked",
    "departments": "departments",
}  # fmt: skip
"""Kinds of records."""

STATES = {
    "saved": "saved here", "refused": "refused", "sent": "sent", "received": "received",
    "opened": "opened", "claimed": "taken", "answered": "answered",
    "answer_received": "answer here", "acted_on": "acted on", "closed": "closed",
}  # fmt: skip
"""How far a case, or one record, has come."""

STATIONS = {"post": "post", "desk": "desk", "hub": "hub"}
URGENCIES = {"routine": "routine", "urgent": "urgent", "stat": "stat"}
SEXES = {"m": "m", "f": "f", "?": "?"}
DISPOSITIONS = {"stay": "stay", "refer": "refer"}

BLOBS = {
    "document": "document", "voice": "voice note", "ecg": "ECG", "picture": "picture",
    "thumbnail": "small picture", "view": "picture for the screen",
}  # fmt: skip
"""Kinds of attachments."""

FIELDS = {
    "patient": "patient", "sex": "sex", "born": "date of birth", "id": "national number",
    "phone": "phone", "place": "place", "dept": "dept", "urgency": "urgency",
    "complaint": "complaint", "history": "history", "exam": "exam", "allergy": "allergy",
    "question": "question", "vitals": "vitals", "override": "sent incomplete because",
    "disposition": "disposition", "kind": "kind",
}  # fmt: skip
"""Fields of forms and cases."""

STATS = {
    "stations": "stations", "cases": "cases", "answered": "cases answered",
    "closed": "cases closed", "waiting": "cases waiting",
    "median_seconds_to_answer": "median seconds to answer",
    "p90_seconds_to_answer": "p90 seconds to answer", "refused": "records refused",
}  # fmt: skip
"""Numbers of `xt hub stats`."""

TRANSFERS = {
    "waiting": "queued", "started": "under way", "taken": "there, receipt missing",
    "refused": "refused", "postponed": "postponed", "cancelled": "cancelled",
}  # fmt: skip
"""How far a transfer is."""

PRIORITIES = {
    "critical": "critical", "text": "text", "ecg": "ECG", "voice": "voice note",
    "thumbnail": "small picture", "image": "picture or document",
}  # fmt: skip

TABLES = (
    KINDS, STATES, STATIONS, URGENCIES, SEXES, DISPOSITIONS, BLOBS, FIELDS, STATS, TRANSFERS,
    PRIORITIES,
)  # fmt: skip


def kind(code: str, done: bool = True) -> str:
    """The word for a kind of record; `done` False for an acknowledgement that it was not done."""
    if code == "ack" and not done:
        return tr("could not be done")
    return tr(KINDS.get(code, code))


def state(code: str) -> str:
    """The word for how far something has come."""
    return tr(STATES.get(code, code))


def station(code: str) -> str:
    """The word for a kind of station."""
    return tr(STATIONS.get(code, code))


def urgency(code: str) -> str:
    """The word for an urgency."""
    return tr(URGENCIES.get(code, code))


def sex(code: str) -> str:
    """The word for a sex."""
    return tr(SEXES.get(code, code))


def disposition(code: str) -> str:
    """The word for what happens to the patient."""
    return tr(DISPOSITIONS.get(code, code))


def blob(code: str) -> str:
    """The word for a kind of attachment."""
    return tr(BLOBS.get(code, code))


def transfer(code: str) -> str:
    """The word for how far a transfer is."""
    return tr(TRANSFERS.get(code, code))


def priority(code: str) -> str:
    """The word for a priority on the link."""
    return tr(PRIORITIES.get(code, code))


def carried(text: str) -> str:
    """The kinds of records and attachments that a transfer carries (`2 x note, view`)."""
    known = {**KINDS, **BLOBS}
    pieces = []
    for piece in text.split(", "):
        count, _, word = piece.rpartition(" x ")
        shown = tr(known.get(word, word))
        pieces.append(f"{count} x {shown}" if count else shown)
    return tr(", ").join(pieces)


def field(code: str) -> str:
    """The word for a field."""
    return tr(FIELDS.get(code, code))


def stat(code: str) -> str:
    """The word for a number of `xt hub stats`."""
    return tr(STATS.get(code, code))
