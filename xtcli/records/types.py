"""The record kinds and their bodies: what one clinician or station can state as a fact.

A body is frozen and checked when built (`UsageError` names the field). The whole number in an
`Annotated` is the field's key on the wire; a field at its default is not written. Who may state
what is in `authority`, how it becomes bytes in `codec`, what it means together in `case`.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated, ClassVar

from xtcli.records import limits
from xtcli.records.ids import RecordId, Span
from xtcli.records.values import (
    DEPARTMENTS,
    DIAGNOSES,
    REGION,
    RX,
    SEEN,
    BlobKind,
    Code,
    Department,
    Diagnosis,
    Disposition,
    Line,
    Name,
    Number,
    Patient,
    Prose,
    Region,
    Rx,
    Seconds,
    Seen,
    StationKind,
    Urgency,
)
from xtcli.records.wire import (
    Bytes,
    Checked,
    Choice,
    Flag,
    Int,
    Optional,
    Pairs,
    Ref,
    Row,
    Rows,
    Spans,
    Text,
    refuse,
)

Must = Annotated[str, Text(limits.text_chars_max, required=True, lines=True)]
Digest = Annotated[bytes, Bytes(limits.blob_digest_bytes)]
OptionalRef = Annotated[RecordId | None, Optional(Ref())]
Vitals = Annotated[tuple[tuple[int, int], ...], Pairs(limits.vitals_max)]
Key = Annotated[bytes, Bytes(limits.key_bytes)]
Depts = Annotated[tuple[str, ...], Rows(Text(limits.code_chars_max, True), limits.depts_max)]


class Kind(IntEnum):
    """The number of each kind on the wire; never reused."""

    REQUEST = 1
    NOTE = 2
    ATTACH = 3
    ASK = 4
    OPENED = 5
    CLAIMED = 6
    RELEASED = 7
    ANSWER = 8
    ACK = 9
    CLOSED = 10
    RECEIPT = 11
    ESCALATED = 12
    ALERT = 13
    ALERT_ACK = 14
    DISPENSED = 15
    CALL = 16
    STATION = 17
    PRACTITIONER = 18
    REVOKED = 19
    DEPARTMENTS = 20


class Body(Checked):
    """Base of all bodies."""

    __slots__ = ()
    kind: ClassVar[Kind]


@dataclass(frozen=True, slots=True)
class Request(Body):
    """A consult is asked for; its record id is the case's id.

    `override` says why the request was sent although incomplete. `parent` is the case that this
    one continues.
    """

    kind: ClassVar[Kind] = Kind.REQUEST
    patient: Annotated[Patient, Row(Patient)]
    dept: Annotated[str, Text(limits.code_chars_max, required=True)]
    urgency: Annotated[Urgency, Choice(Urgency)] = Urgency.ROUTINE
    complaint: Prose = ""
    history: Prose = ""
    exam: Prose = ""
    allergy: Prose = ""
    question: Prose = ""
    vitals: Vitals = ()
    override: Line = ""
    parent: OptionalRef = None


@dataclass(frozen=True, slots=True)
class Note(Body):
    """Something to add to a case: text, new vitals, or both."""

    kind: ClassVar[Kind] = Kind.NOTE
    text: Annotated[Prose, 1] = ""
    vitals: Annotated[Vitals, 2] = ()

    def __post_init__(self) -> None:
        """A note says something."""
        Checked.__post_init__(self)
        if not self.text and not self.vitals:
            refuse("text")


@dataclass(frozen=True, slots=True)
class Attach(Body):
    """A blob belongs to the case. `digest` is the first 16 bytes of its BLAKE2s-256.

    `of` is the record it illustrates; `derived_from` the original of a thumbnail or view.
    """

    kind: ClassVar[Kind] = Kind.ATTACH
    digest: Annotated[Digest, 1]
    size: Annotated[int, Int(1, limits.blob_bytes_max), 2]
    media_type: Annotated[Code, 3] = ""
    blob: Annotated[BlobKind, Choice(BlobKind), 4] = BlobKind.DOCUMENT
    caption: Annotated[Line, 5] = ""
    seconds: Annotated[int, Int(0, limits.call_seconds_max), 6] = 0
    of: Annotated[OptionalRef, 7] = None
    derived_from: Annotated[bytes | None, Optional(Bytes(limits.blob_digest_bytes)), 8] = None


@dataclass(frozen=True, slots=True)
class Ask(Body):
    """A question inside the case, from either side; `region` asks for a crop of a picture."""

    kind: ClassVar[Kind] = Kind.ASK
    text: Annotated[Must, 1]
    of: Annotated[OptionalRef, 2] = None
    region: Annotated[Region | None, Optional(REGION), 3] = None


@dataclass(frozen=True, slots=True)
class Opened(Body):
    """A specialist has the case on the screen."""

    kind: ClassVar[Kind] = Kind.OPENED
    seen: Annotated[Seen, SEEN, 1]


@dataclass(frozen=True, slots=True)
class Claimed(Body):
    """A specialist takes the case."""

    kind: ClassVar[Kind] = Kind.CLAIMED


@dataclass(frozen=True, slots=True)
class Released(Body):
    """A specialist gives the case back."""

    kind: ClassVar[Kind] = Kind.RELEASED
    reason: Annotated[Line, 1] = ""


@dataclass(frozen=True, slots=True)
class Answer(Body):
    """The specialist's advice. `expires` in unix seconds, 0 for never.

    `amends` names the answer that this one replaces and `reason` says why.
    """

    kind: ClassVar[Kind] = Kind.ANSWER
    seen: Annotated[Seen, SEEN, 1]
    advice: Annotated[Must, 2]
    disposition: Annotated[Disposition, Choice(Disposition), 3]
    diagnoses: Annotated[tuple[Diagnosis, ...], DIAGNOSES, 4] = ()
    rx: Annotated[tuple[Rx, ...], RX, 5] = ()
    refer_to: Annotated[Line, 6] = ""
    expires: Annotated[Seconds, 7] = 0
    amends: Annotated[OptionalRef, 8] = None
    reason: Annotated[Line, 9] = ""

    def __post_init__(self) -> None:
        """Each prescription line has its own id; an amendment gives its reason."""
        Checked.__post_init__(self)
        if len({line.id for line in self.rx}) != len(self.rx):
            refuse("rx")
        if bool(self.amends) != bool(self.reason):
            refuse("reason")


@dataclass(frozen=True, slots=True)
class Ack(Body):
    """The post says what became of an answer: done, or why it could not be."""

    kind: ClassVar[Kind] = Kind.ACK
    answer: Annotated[RecordId, Ref(), 1]
    done: Annotated[bool, Flag(), 2] = True
    text: Annotated[Prose, 3] = ""


@dataclass(frozen=True, slots=True)
class Closed(Body):
    """The case is finished."""

    kind: ClassVar[Kind] = Kind.CLOSED
    outcome: Annotated[Prose, 1] = ""


@dataclass(frozen=True, slots=True)
class Receipt(Body):
    """These records and blobs are safe on the author's disk."""

    kind: ClassVar[Kind] = Kind.RECEIPT
    records: Annotated[tuple[Span, ...], Spans(limits.span_records_max), 1] = ()
    blobs: Annotated[
        tuple[bytes, ...], Rows(Bytes(limits.blob_digest_bytes), limits.digests_max), 2
    ] = ()

    def __post_init__(self) -> None:
        """Blobs sorted and named once; not empty."""
        Checked.__post_init__(self)
        object.__setattr__(self, "blobs", tuple(sorted(set(self.blobs))))
        if not self.records and not self.blobs:
            refuse("records")


@dataclass(frozen=True, slots=True)
class Escalated(Body):
    """The hub has called every desk of the department."""

    kind: ClassVar[Kind] = Kind.ESCALATED
    reason: Annotated[Line, 1] = ""


@dataclass(frozen=True, slots=True)
class Alert(Body):
    """A critical value needs a named person's acknowledgement.

    `step` counts: 0 the first alert, then each re-alert. `to` is the station or practitioner
    alerted at this step, 0 for every desk of the department.
    """

    kind: ClassVar[Kind] = Kind.ALERT
    what: Annotated[Must, 1]
    step: Annotated[int, Int(0, 1000), 2] = 0
    to: Annotated[int, Int(0, limits.number_max), 3] = 0
    of: Annotated[OptionalRef, 4] = None


@dataclass(frozen=True, slots=True)
class AlertAck(Body):
    """The author, a named person, has taken notice of `alert` and of those before it."""

    kind: ClassVar[Kind] = Kind.ALERT_ACK
    alert: Annotated[RecordId, Ref(), 1]
    text: Annotated[Line, 2] = ""


@dataclass(frozen=True, slots=True)
class Dispensed(Body):
    """One prescription line was dispensed."""

    kind: ClassVar[Kind] = Kind.DISPENSED
    rx: Annotated[bytes, Bytes(limits.rx_id_bytes), 1]
    text: Annotated[Line, 2] = ""


@dataclass(frozen=True, slots=True)
class Call(Body):
    """A call took place. `other` is the station at the far end, `quality` 0 unknown, 1 to 5.

    `guest` is the name that somebody without a station gave: a claim. `other` is then the hub.
    """

    kind: ClassVar[Kind] = Kind.CALL
    other: Annotated[Number, 1]
    started: Annotated[Seconds, 2]
    seconds: Annotated[int, Int(0, limits.call_seconds_max), 3] = 0
    quality: Annotated[int, Int(0, 5), 4] = 0
    kept: Annotated[bool, Flag(), 5] = False
    consent: Annotated[bool, Flag(), 6] = False
    guest: Annotated[Line, 7] = ""

    def __post_init__(self) -> None:
        """A call is kept only with consent."""
        Checked.__post_init__(self)
        if self.kept and not self.consent:
            refuse("consent")


@dataclass(frozen=True, slots=True)
class StationEntry(Body):
    """The roster's entry of a station; a newer entry of the same number replaces it."""

    kind: ClassVar[Kind] = Kind.STATION
    no: Annotated[Number, 1]
    name: Annotated[Name, 2]
    station_kind: Annotated[StationKind, Choice(StationKind), 3]
    sign_key: Annotated[Key, 4]
    seal_key: Annotated[Key, 5]
    place: Annotated[Line, 6] = ""
    upstream: Annotated[int, Int(0, limits.number_max), 7] = 1
    until: Annotated[Seconds, 8] = 0


@dataclass(frozen=True, slots=True)
class PractitionerEntry(Body):
    """The roster's entry of a practitioner at a station; `until` 0 is without end."""

    kind: ClassVar[Kind] = Kind.PRACTITIONER
    no: Annotated[Number, 1]
    name: Annotated[Name, 2]
    station: Annotated[Number, 3]
    sign_key: Annotated[Key, 4]
    role: Annotated[Line, 5] = ""
    depts: Annotated[Depts, 6] = ()
    until: Annotated[Seconds, 7] = 0


@dataclass(frozen=True, slots=True)
class Revoked(Body):
    """From this record's time on, nothing new by station or practitioner `no` is accepted.

    `last`, when not 0, is the newest sequence number of their station that still counts: whoever
    has the stolen keys can write an older date, but not an older number.
    """

    kind: ClassVar[Kind] = Kind.REVOKED
    no: Annotated[Number, 1]
    reason: Annotated[Line, 2] = ""
    last: Annotated[int, Int(0, limits.seq_max), 3] = 0


@dataclass(frozen=True, slots=True)
class Departments(Body):
    """The departments of the realm; a newer list replaces it."""

    kind: ClassVar[Kind] = Kind.DEPARTMENTS
    departments: Annotated[tuple[Department, ...], DEPARTMENTS, 1]


_ALL: tuple[type[Body], ...] = (
    Request, Note, Attach, Ask, Opened, Claimed, Released, Answer, Ack, Closed, Receipt,
    Escalated, Alert, AlertAck, Dispensed, Call, StationEntry, PractitionerEntry, Revoked,
    Departments,
)  # fmt: skip
BODIES: dict[Kind, type[Body]] = {of.kind: of for of in _ALL}

ROSTER_KINDS = frozenset((Kind.STATION, Kind.PRACTITIONER, Kind.REVOKED, Kind.DEPARTMENTS))
OUTSIDE_CASES = ROSTER_KINDS | {Kind.RECEIPT}
"""Kinds that belong to no case; every other kind belongs to one."""
CLINICAL_KINDS = frozenset((Kind.REQUEST, Kind.NOTE, Kind.ATTACH, Kind.ASK))
"""What a specialist bases an answer on; the version of a case is hashed over these."""
