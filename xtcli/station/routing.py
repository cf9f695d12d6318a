"""Who is told what: which stations get a record, and how urgently.

Pure: records and roster in, (peer, priority) out. It does not know links or queues. A post and a
desk send everything they author to their hub; a hub tells the post and the desks of the department.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xtcli.records.ids import RecordId
from xtcli.records.roster import Roster
from xtcli.records.sign import Record
from xtcli.records.types import Alert, Attach, Kind, Receipt, Request
from xtcli.records.values import StationKind, Urgency
from xtcli.station import priority

HUB = 1
ROSTER_KINDS = frozenset((Kind.STATION, Kind.PRACTITIONER, Kind.REVOKED, Kind.DEPARTMENTS))
CASE_KINDS = frozenset(Kind) - ROSTER_KINDS - {Kind.RECEIPT}


@dataclass(frozen=True, slots=True)
class CaseFacts:
    """What routing must know of a case: who filed it, for whom, how urgent."""

    post: int
    dept: str
    urgency: Urgency


@dataclass(frozen=True, slots=True)
class Route:
    """One station that must get an item, and the item's priority on the way."""

    peer: int
    priority: int


def record_priority(record: Record, facts: CaseFacts | None) -> int:
    """Stat cases and alerts first, everything else that is a record as text."""
    if record.kind in (Kind.ALERT, Kind.ALERT_ACK):
        return priority.CRITICAL
    if isinstance(record.body, Request):
        return priority.CRITICAL if record.body.urgency is Urgency.STAT else priority.TEXT
    if facts is not None and facts.urgency is Urgency.STAT:
        return priority.CRITICAL
    return priority.TEXT


def facts_of(record: Record, request: Record | None) -> CaseFacts | None:
    """The facts of the case that `record` belongs to; None when it belongs to none."""
    asked = record if isinstance(record.body, Request) else request
    if asked is None or not isinstance(asked.body, Request):
        return None
    return CaseFacts(asked.id.station, asked.body.dept, asked.body.urgency)


def members(facts: CaseFacts, roster: Roster) -> set[int]:
    """The stations that share a case: the post, and every desk of the department."""
    return {facts.post, *(entry.no for entry in roster.desks(facts.dept))}


def routes(record: Record, facts: CaseFacts | None, roster: Roster, here: int) -> tuple[Route, ...]:
    """Where a hub sends a record next. Never back to where it came from, never to itself."""
    urgency = record_priority(record, facts)
    if record.kind in CASE_KINDS and facts is not None:
        peers = members(facts, roster)
    elif isinstance(record.body, Receipt):
        peers = receipt_peers(record.body, roster)
    elif record.kind in (Kind.REVOKED, Kind.DEPARTMENTS):
        peers = {entry.no for entry in roster.stations()}
    else:
        peers = set()
    peers -= {record.id.station, here}
    return tuple(Route(peer, _urgency(record, facts, peer, urgency)) for peer in sorted(peers))


def _urgency(record: Record, facts: CaseFacts | None, peer: int, urgency: int) -> int:
    """An alert is critical for the desks. The post knows its own vital signs: on its link an alert
    must not delay the receipt, and travels with it in one bundle."""
    told = isinstance(record.body, Alert) and facts is not None and peer == facts.post
    return priority.TEXT if told else urgency


def receipt_peers(receipt: Receipt, roster: Roster) -> set[int]:
    """A receipt travels on to the desks whose records it names.

    Posts get only the hub's own receipts: on their links every byte counts, and that a desk holds
    a request is told by the record that it was opened.
    """
    stations = {span.station for span in receipt.records}
    return {
        entry.no
        for entry in roster.stations()
        if entry.no in stations and entry.station_kind is StationKind.DESK
    }


def blob_priority(attach: Attach) -> int:
    """The priority of an attachment's bytes."""
    return priority.of_blob(attach.blob.name.lower())


def introductions(record: Record, roster: Roster) -> Iterator[RecordId]:
    """The roster records that a station needs before it can check `record`."""
    for number in (record.id.station, record.author):
        found = roster.entry_record(number)
        if found is not None:
            yield found
