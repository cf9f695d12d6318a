"""Lists of cases: the specialist's queue, a post's open cases. Pure rules on summaries.

A summary is one row: what a list shows of a case, made from the case's fold and never by hand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum

from xtcli.records.case import Case, State, is_overdue
from xtcli.records.ids import RecordId
from xtcli.records.values import Sex, Urgency


@dataclass(frozen=True, slots=True)
class Summary:
    """What a list shows of a case. `score` is -1 when there is none; times in unix seconds or 0."""

    case: RecordId
    name: str
    sex: Sex
    born: int
    patient_key: str
    dept: str
    urgency: Urgency
    complaint: str
    created: int
    state: State
    waiting_since: int
    claimed_by: int
    answered_at: int
    answered_by: int
    expires: int
    score: int
    attachments: int
    alerts: int
    recheck: bool
    updated: int
    author: int
    place: str
    parent_station: int = 0
    parent_seq: int = 0

    @property
    def parent(self) -> RecordId | None:
        """The case that this one continues."""
        return RecordId(self.parent_station, self.parent_seq) if self.parent_seq else None

    def waited(self, now: float) -> float:
        """Seconds that somebody has waited; 0 when nobody does."""
        return max(0.0, now - self.waiting_since) if self.waiting_since else 0.0

    def overdue(self, now: float) -> bool:
        """The ten-minute promise is broken."""
        return is_overdue(self.waiting_since, now)

    def expired(self, now: float) -> bool:
        """The answer's time has passed."""
        return 0 < self.expires <= now


class Order(IntEnum):
    """How a list is sorted."""

    QUEUE = 1
    """Alerts, then those who wait: by urgency, score, time waited."""
    NEWEST = 2
    """Newest request first."""
    UPDATED = 3
    """Newest change first."""


@dataclass(frozen=True, slots=True)
class Ask:
    """Which cases, in which order, which page. Empty conditions do not restrict."""

    depts: tuple[str, ...] = ()
    post: int = 0
    claimed_by: int = 0
    patient_key: str = ""
    name: str = ""
    born: int = 0
    """Together with `name`: either may match. For finding patients who may be the same."""
    parent: RecordId | None = None
    """Only cases that continue this one."""
    text: str = ""
    """Found in name, complaint or place."""
    answered_only: bool = False
    open_only: bool = False
    waiting_only: bool = False
    alerts_only: bool = False
    """Only cases with alerts that nobody has acknowledged."""
    overdue_at: int = 0
    """Only cases overdue at this time."""
    order: Order = Order.NEWEST
    limit: int = 50
    offset: int = 0


def summarise(case: Case, score: int | None, arrived: int = 0) -> Summary:
    """The row of a case. `arrived` is when its request was stored here (0: own).

    A request cannot have been made after it arrived: with a post's clock ahead, waiting counts from
    its arrival.
    """
    answer, body, who = case.answer, case.body, case.patient
    waiting = case.waiting_since
    if waiting == case.request.at and arrived:
        waiting = min(waiting, arrived)
    return Summary(
        case=case.id,
        name=who.name,
        sex=who.sex,
        born=who.born,
        patient_key=who.key,
        dept=body.dept,
        urgency=body.urgency,
        complaint=body.complaint,
        created=case.request.at,
        state=case.state,
        waiting_since=waiting,
        claimed_by=case.claimed_by,
        answered_at=case.states.get(State.ANSWERED, 0),
        answered_by=answer.record.author if answer else 0,
        expires=answer.body.expires if answer else 0,
        score=-1 if score is None else score,
        attachments=len(case.attachments),
        alerts=len(case.unacknowledged),
        recheck=case.recheck,
        updated=max(entry.record.at for entry in case.entries),
        author=case.request.author,
        place=who.place,
        parent_station=body.parent.station if body.parent else 0,
        parent_seq=body.parent.seq if body.parent else 0,
    )


def queue_rank(summary: Summary) -> tuple[bool, bool, int, int, int, RecordId]:
    """Sort key of the specialist's queue, the first to see first.

    Open alerts stand above all; then those who wait, by urgency, score and time waited.
    """
    waits = summary.waiting_since
    return (
        not summary.alerts,
        not waits,
        -summary.urgency,
        -summary.score,
        waits or -summary.updated,
        summary.case,
    )


def in_queue_order(summaries: Iterable[Summary]) -> list[Summary]:
    """The specialist's queue."""
    return sorted(summaries, key=queue_rank)
