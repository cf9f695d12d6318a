"""Who may state what: one table, enforced when a record arrives at any station.

    side of the author            may state
    a post's practitioner         in cases that the post filed: POST_KINDS
    a specialist (desk, hub)      in cases of their departments: DESK_KINDS
    any station itself            RECEIPT
    a hub itself                  HUB_KINDS
    the root hub itself           the roster

Any specialist of the case's department may amend an answer, since the author may be off duty when
it turns out to be wrong; the amendment is signed by whoever makes it. Pure: records and roster in,
a reason or None out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.records.roster import ROOT, Author, Roster
from xtcli.records.sign import Record
from xtcli.records.types import ROSTER_KINDS, Ack, Alert, AlertAck, Answer, Kind, Request
from xtcli.records.values import StationKind

POST_KINDS = frozenset(
    (Kind.REQUEST, Kind.NOTE, Kind.ATTACH, Kind.ASK, Kind.ACK, Kind.CLOSED, Kind.DISPENSED,
     Kind.CALL, Kind.ALERT_ACK)
)  # fmt: skip
DESK_KINDS = frozenset(
    (Kind.OPENED, Kind.CLAIMED, Kind.RELEASED, Kind.ANSWER, Kind.NOTE, Kind.ATTACH, Kind.ASK,
     Kind.ALERT_ACK, Kind.CALL)
)  # fmt: skip
HUB_KINDS = frozenset((Kind.ESCALATED, Kind.ALERT, Kind.RECEIPT))


class Reason(StrEnum):
    """Why a record is not applied. The value is what is stored; `reason_text` is what is shown."""

    FORK = "fork"
    CHAIN = "chain"
    SIGNATURE = "signature"
    REVOKED = "revoked"
    ELSEWHERE = "elsewhere"
    NOT_A_CASE = "not a case"
    NOT_OWN_CASE = "not own case"
    NOT_THEIR_DEPARTMENT = "not their department"
    KIND = "kind"
    TARGET = "target"
    UNREADABLE = "unreadable"
    ORIGIN = "origin"


def reason_text(reason: str) -> str:
    """The sentence for a stored reason, in the language in force."""
    words = {
        Reason.FORK: tr("Another record with the same number is already here."),
        Reason.CHAIN: tr("It does not continue the log of its station."),
        Reason.SIGNATURE: tr("Its signature does not check."),
        Reason.REVOKED: tr("Its author's right to sign had ended."),
        Reason.ELSEWHERE: tr("Its author does not belong to that station."),
        Reason.NOT_A_CASE: tr("The case it names is not a request."),
        Reason.NOT_OWN_CASE: tr("A post may write in its own cases only."),
        Reason.NOT_THEIR_DEPARTMENT: tr("Its author does not belong to the case's department."),
        Reason.KIND: tr("Its author may not make entries of this kind."),
        Reason.TARGET: tr("What it refers to does not belong to this case or this person."),
        Reason.UNREADABLE: tr("It cannot be read."),
        Reason.ORIGIN: tr("It does not prove that the hub says so."),
    }
    return words.get(Reason(reason), reason) if reason in set(Reason) else reason


@dataclass(frozen=True, slots=True)
class Missing:
    """What must arrive before a record can be judged: an author's entry, or a record."""

    author: int = 0
    record: RecordId | None = None

    def __str__(self) -> str:
        """For messages and for the table of held records."""
        return f"record {self.record}" if self.record else f"author {self.author}"


Get = Callable[[RecordId], Record | None]


def judge(record: Record, roster: Roster, get: Get) -> Reason | Missing | None:
    """None when `record`'s author may state it; its signature is not looked at here."""
    author = roster.author(record.author)
    if author is None:
        return Missing(author=roster.missing(record.author))
    if author.station != record.id.station:
        return Reason.ELSEWHERE
    when = (record.at, record.id.seq)
    if roster.revoked(author.no, *when) or roster.revoked(author.station, *when):
        return Reason.REVOKED
    if not may_ever(author, record.kind):
        return Reason.KIND
    if record.case is None or record.kind is Kind.REQUEST:
        return None
    request = get(record.case)
    if request is None:
        return Missing(record=record.case)
    if not isinstance(request.body, Request):
        return Reason.NOT_A_CASE
    return _in_case(record, author, request.body) or _target(record, author, get)


def may_ever(author: Author, kind: Kind) -> bool:
    """Whether `author` may state `kind` in any case at all."""
    if kind in ROSTER_KINDS:
        return author.no == ROOT
    if author.automatic:
        hub = author.station_kind is StationKind.HUB
        return kind in HUB_KINDS if hub else kind is Kind.RECEIPT
    if author.station_kind is StationKind.POST:
        return kind in POST_KINDS
    return author.specialist and kind in DESK_KINDS


def may_in_case(author: Author, case: RecordId, request: Request) -> Reason | None:
    """Whether a person may write in this case at all: their post's, or their department's."""
    if author.automatic:
        return None
    if author.station_kind is StationKind.POST:
        return None if case.station == author.station else Reason.NOT_OWN_CASE
    return None if request.dept in author.depts else Reason.NOT_THEIR_DEPARTMENT


def _in_case(record: Record, author: Author, request: Request) -> Reason | None:
    """`may_in_case` for a record."""
    return may_in_case(author, record.case, request) if record.case else None


def _target(record: Record, author: Author, get: Get) -> Reason | Missing | None:
    """What the record answers, amends or acknowledges must be there, in this case, and apt."""
    body = record.body
    if isinstance(body, Ack):
        return _must_be(record, body.answer, Kind.ANSWER, get)
    if isinstance(body, Answer) and body.amends:
        return _must_be(record, body.amends, Kind.ANSWER, get)
    if isinstance(body, AlertAck):
        return _must_be(record, body.alert, Kind.ALERT, get) or _silences(body, author, get)
    return None


def _must_be(record: Record, target: RecordId, kind: Kind, get: Get) -> Reason | Missing | None:
    """`target` is a record of `kind` in the same case."""
    found = get(target)
    if found is None:
        return Missing(record=target)
    return None if found.kind is kind and found.case == record.case else Reason.TARGET


def _silences(body: AlertAck, author: Author, get: Get) -> Reason | None:
    """A post must not acknowledge what is meant for a specialist."""
    found = get(body.alert)
    if author.station_kind is not StationKind.POST or found is None:
        return None
    meant = isinstance(found.body, Alert) and found.body.to in (author.no, author.station)
    return None if meant else Reason.TARGET
