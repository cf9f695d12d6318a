"""The order in which what happened to a case is told.

Clocks of stations differ, by seconds or by a year, so time alone would tell an answer before its
question. Time decides, but nothing is told before what it refers to, nor before what its own
station wrote earlier. The fold of a case does not depend on this order. Pure.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from heapq import heapify, heappop, heappush

from xtcli.records.ids import RecordId
from xtcli.records.parts import in_order, order
from xtcli.records.sign import Record
from xtcli.records.types import Ack, Answer, Kind


def as_it_happened(records: Iterable[Record]) -> list[Record]:
    """Each record once, causes first. The same for any order of arrival."""
    known = {record.id: record for record in in_order(records)}
    after: defaultdict[RecordId, list[RecordId]] = defaultdict(list)
    waits: dict[RecordId, int] = {}
    for number, causes in _causes(known).items():
        waits[number] = len(causes)
        for cause in causes:
            after[cause].append(number)
    ready = [(order(known[number]), number) for number, left in waits.items() if not left]
    heapify(ready)
    told: dict[RecordId, Record] = {}
    while ready:
        _, number = heappop(ready)
        told[number] = known[number]
        for later in after[number]:
            waits[later] -= 1
            if not waits[later]:
                heappush(ready, (order(known[later]), later))
    # Who lies about what came first goes in a circle; that is told by the clock, at the end.
    return [*told.values(), *(record for number, record in known.items() if number not in told)]


def _causes(known: dict[RecordId, Record]) -> dict[RecordId, set[RecordId]]:
    """What each record must come after, as far as it is here."""
    before: dict[int, RecordId] = {}
    found: dict[RecordId, set[RecordId]] = {number: set() for number in known}
    for number in sorted(known, key=lambda one: (one.station, one.seq)):
        causes = _named(known[number])
        if number.station in before:
            causes.add(before[number.station])
        before[number.station] = number
        found[number] = {cause for cause in causes if cause in known and cause != number}
    return found


def _named(record: Record) -> set[RecordId]:
    """What a record speaks of."""
    body = record.body
    named = set() if record.case is None or record.kind is Kind.REQUEST else {record.case}
    if isinstance(body, Ack):
        named.add(body.answer)
    elif isinstance(body, Answer):
        named |= body.seen.ids()
        if body.amends is not None:
            named.add(body.amends)
    return named
