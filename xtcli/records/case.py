"""A case: what folding its records gives. Nothing of a case is ever stored but its records.

The fold does not depend on the order in which records arrived or on how often: it sorts by time,
station and sequence first. It knows no storage and no clock; what time it is comes in.

    SAVED → SENT → RECEIVED → OPENED → CLAIMED → ANSWERED → ANSWER_RECEIVED → ACTED_ON → CLOSED

are separate facts, each with its time: SENT is a local note, RECEIVED and ANSWER_RECEIVED exist
only by signed receipts, ACTED_ON is the post's acknowledgement of the answer that stands now.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from types import MappingProxyType

from xtcli.errors import NotFound
from xtcli.records import parts
from xtcli.records.ids import RecordId
from xtcli.records.parts import Alarm, Attachment, Prescription, Version
from xtcli.records.sign import Record
from xtcli.records.types import Ack, Attach, Closed, Kind, Request
from xtcli.records.values import Patient, Urgency
from xtcli.records.version import case_version

Confirmations = Mapping[RecordId, Mapping[int, int]]
"""For each record: which station confirmed it by receipt, and when (unix seconds)."""

PROMISE_SECONDS = 600
"""A request is answered within ten minutes."""
AHEAD_SECONDS_MAX = 86_400
"""So far may clocks of stations differ before a time in the future is not believed."""


class State(IntEnum):
    """How far a case has come."""

    SAVED = 1
    SENT = 2
    RECEIVED = 3
    OPENED = 4
    CLAIMED = 5
    ANSWERED = 6
    ANSWER_RECEIVED = 7
    ACTED_ON = 8
    CLOSED = 9


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline. `sent` and `received` are 0 until they happened.

    `received` is the first receipt by a station other than the record's own, `confirmed` all.
    """

    record: Record
    sent: int = 0
    received: int = 0
    confirmed: tuple[tuple[int, int], ...] = ()
    refused: str = ""
    """Why another station will never take it (`authority.Reason`); empty when none said so."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything about one consult, as of the records given."""

    id: RecordId
    request: Record
    entries: tuple[Entry, ...]
    states: Mapping[State, int]
    versions: tuple[Version, ...]
    prescriptions: tuple[Prescription, ...]
    attachments: tuple[Attachment, ...]
    alarms: tuple[Alarm, ...]
    claimed_by: int
    version: bytes
    unseen: tuple[RecordId, ...]
    recheck_because: tuple[RecordId, ...]
    waiting_since: int
    as_of: float = 0.0

    @property
    def body(self) -> Request:
        """The request itself."""
        assert isinstance(self.request.body, Request)
        return self.request.body

    @property
    def patient(self) -> Patient:
        """Who it is about."""
        return self.body.patient

    @property
    def urgency(self) -> Urgency:
        """How soon an answer is needed."""
        return self.body.urgency

    @property
    def state(self) -> State:
        """The furthest state reached."""
        return max(self.states)

    @property
    def refused(self) -> str:
        """Why the request itself is refused where it should go; empty when it is not."""
        return next((e.refused for e in self.entries if e.record is self.request), "")

    @property
    def answer(self) -> Version | None:
        """The answer that stands: the newest that no amendment replaced."""
        standing = [version for version in self.versions if version.stands]
        return standing[-1] if standing else None

    @property
    def several_answers(self) -> bool:
        """More than one answer stands side by side; a person must look at all of them."""
        return sum(version.stands for version in self.versions) > 1

    @property
    def recheck(self) -> bool:
        """New vitals or a new ECG came that the standing answer has not seen."""
        return bool(self.recheck_because)

    @property
    def outcome(self) -> str:
        """What was written when the case was closed."""
        found = [e.record.body for e in self.entries if isinstance(e.record.body, Closed)]
        return found[-1].outcome if found else ""

    @property
    def acks(self) -> tuple[Record, ...]:
        """What the post said became of answers, oldest first."""
        return tuple(e.record for e in self.entries if e.record.kind is Kind.ACK)

    @property
    def escalated(self) -> int:
        """When the hub called every desk; 0 when it did not."""
        return _first(e.record for e in self.entries if e.record.kind is Kind.ESCALATED)

    @property
    def unacknowledged(self) -> tuple[Alarm, ...]:
        """Alerts that no named person has acknowledged."""
        return tuple(alarm for alarm in self.alarms if alarm.acknowledged is None)

    def expired(self, now: float | None = None) -> bool:
        """Whether the standing answer's time has passed."""
        answer = self.answer
        now = self.as_of if now is None else now
        return answer is not None and 0 < answer.body.expires <= now

    def overdue(self, now: float | None = None) -> bool:
        """Whether somebody has waited longer than promised."""
        return is_overdue(self.waiting_since, self.as_of if now is None else now)


def is_overdue(waiting_since: int, now: float) -> bool:
    """Whether somebody who waits since then (0: nobody does) has waited longer than promised.

    Nobody can wait since tomorrow: then a clock was wrong, and it is better to call once too often.
    """
    waited = now - waiting_since
    return bool(waiting_since) and not -AHEAD_SECONDS_MAX <= waited <= PROMISE_SECONDS


def fold(
    records: Iterable[Record],
    confirmations: Confirmations = MappingProxyType({}),
    now: float = 0.0,
    *,
    sent: Mapping[RecordId, int] = MappingProxyType({}),
    whole: Container[bytes] = (),
    returned: Mapping[RecordId, str] = MappingProxyType({}),
) -> Case:
    """The case of these records; `NotFound` when its request is not among them.

    `sent` says when a record was first put on a road from here; `whole` holds the digests of the
    blobs that are complete here; `returned` why a record was refused elsewhere.
    """
    ordered = parts.in_order(records)
    request = next((record for record in ordered if record.kind is Kind.REQUEST), None)
    if request is None:
        raise NotFound("The request of this case has not arrived yet.", "Try again later: xt sync")
    ordered = [record for record in ordered if record.case == request.id]
    entries = tuple(_entry(record, confirmations, sent, returned) for record in ordered)
    versions = parts.versions_of(ordered)
    standing = [version for version in versions if version.stands]
    unseen, because = parts.unseen_by(standing[-1], ordered) if standing else ((), ())
    states = _states(request, entries, versions)
    return Case(
        id=request.id,
        request=request,
        entries=entries,
        states=MappingProxyType(states),
        versions=versions,
        prescriptions=parts.prescriptions_of(versions, ordered),
        attachments=tuple(
            Attachment(r.id, r.author, r.at, r.body, r.body.digest in whole)
            for r in ordered
            if isinstance(r.body, Attach)
        ),
        alarms=parts.alarms_of(ordered),
        claimed_by=parts.claimed_by(ordered),
        version=case_version(ordered),
        unseen=unseen,
        recheck_because=because,
        waiting_since=_waiting_since(request, ordered, versions, (unseen, because), states),
        as_of=now,
    )


def _entry(
    record: Record,
    confirmations: Confirmations,
    sent: Mapping[RecordId, int],
    returned: Mapping[RecordId, str],
) -> Entry:
    """One line of the timeline."""
    by = confirmations.get(record.id, {})
    others = [at for station, at in by.items() if station != record.id.station]
    return Entry(
        record, sent.get(record.id, 0), min(others, default=0), tuple(sorted(by.items())),
        returned.get(record.id, ""),
    )  # fmt: skip


def _first(records: Iterable[Record]) -> int:
    """The earliest time; 0 of none."""
    return min((record.at for record in records), default=0)


def _states(
    request: Record, entries: tuple[Entry, ...], versions: tuple[Version, ...]
) -> dict[State, int]:
    """Each state that was reached, with the time it was first reached."""
    own = next(entry for entry in entries if entry.record is request)
    standing = [version for version in versions if version.stands]
    at: dict[State, int] = {
        State.SAVED: request.at,
        State.SENT: own.sent,
        State.RECEIVED: own.received,
        State.OPENED: _first(e.record for e in entries if e.record.kind is Kind.OPENED),
        State.CLAIMED: _first(e.record for e in entries if e.record.kind is Kind.CLAIMED),
        State.ANSWERED: _first(version.record for version in versions),
        State.CLOSED: _first(e.record for e in entries if e.record.kind is Kind.CLOSED),
    }
    if standing:
        current = standing[-1].record
        entry = next(entry for entry in entries if entry.record is current)
        at[State.ANSWER_RECEIVED] = dict(entry.confirmed).get(request.id.station, 0)
        at[State.ACTED_ON] = _first(
            e.record
            for e in entries
            if isinstance(e.record.body, Ack) and e.record.body.answer == current.id
        )
    return {state: when for state, when in sorted(at.items()) if when or state is State.SAVED}


def _waiting_since(
    request: Record,
    ordered: list[Record],
    versions: tuple[Version, ...],
    news: tuple[tuple[RecordId, ...], tuple[RecordId, ...]],
    states: Mapping[State, int],
) -> int:
    """Since when the post waits for a specialist; 0 when it does not.

    Before any answer: since the request. After one: since the first fact that calls for a recheck
    or the post's first question, of those that the standing answer had not seen.
    """
    if State.CLOSED in states:
        return 0
    if not versions:
        return request.at
    unseen, because = news
    asked = (
        record.at
        for record in ordered
        if record.id in because
        or (
            record.kind is Kind.ASK
            and record.id.station == request.id.station
            and record.id in unseen
        )
    )
    return min(asked, default=0)
