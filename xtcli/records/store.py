"""What the rest of xt may ask of a store of records, and the small values it answers with.

`Log` in `log.py` is the store that ships (SQLite, one file). Another engine takes its place by
satisfying `Store` and `StoreContract` in tests/records/contract.py. No storage here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from xtcli.records.admit import Verdict
from xtcli.records.case import Case
from xtcli.records.ids import RecordId, Span
from xtcli.records.queue import Ask, Summary
from xtcli.records.roster import Roster
from xtcli.records.sign import Record
from xtcli.records.types import Kind, Request

Item = RecordId | bytes
"""What is delivered: a record by its id, or a blob by its digest (16 bytes)."""

Make = Callable[[int, bytes], Record]
"""Signs the next own record: sequence number and prev in, record out."""

Score = Callable[[Request], int | None]
"""A number by which the queue sorts (NEWS2); given by the station, who knows the rules."""


class Delivery(NamedTuple):
    """Something that `peer` must get. Priority 0 goes first. Without `item`: the record at hand."""

    peer: int
    priority: int = 1
    item: Item | None = None
    size: int = 0
    """Bytes of a blob; the size of a record is known here."""


Deliver = Sequence[Delivery] | Callable[[Record], Iterable[Delivery]]
"""Deliveries to queue with a record, or the rule that gives them."""


@dataclass(frozen=True, slots=True)
class Pending:
    """One thing that waits for a receipt."""

    peer: int
    item: Item
    priority: int
    size: int
    tag: bytes
    queued_at: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """How much waits for a peer's receipt: records, blobs, bytes before compression."""

    records: int
    blobs: int
    size: int


class Return(NamedTuple):
    """A record that `peer` has refused for good, why (`authority.Reason`), and when we heard it."""

    record: RecordId
    peer: int
    why: str
    at: int


class Head(NamedTuple):
    """The newest record of a station here: its sequence number (0: none) and digest."""

    seq: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Aside:
    """Bytes that were not applied: held for something missing, or refused for a reason."""

    content: bytes
    raw: bytes
    why: str
    at: int
    via: str


class Store(Protocol):
    """Records, what waits for whom, and what was confirmed. Every change is durable on return."""

    def append(self, make: Make, deliver: Deliver = ()) -> Record:
        """Commit the next record of this station, and its deliveries, in one transaction."""

    def admit(
        self, record: Record, roster: Roster, *, at: int, via: str = "", deliver: Deliver = ()
    ) -> Verdict:
        """Judge a record that arrived and store it, hold it or set it aside."""

    def refuse(self, content: bytes, raw: bytes, reason: str, at: int, via: str) -> None:
        """Keep aside what cannot even be read."""

    def release_held(
        self,
        roster: Roster,
        *,
        at: int,
        deliver: Deliver = (),
        after: Iterable[Record] | None = None,
    ) -> list[Record]:
        """Judge held records again; those that are applied now, in order. `after`: only those that
        waited for these."""

    def refused(self, limit: int = 100) -> list[Aside]:
        """What was refused, newest first."""

    def held(self, limit: int = 100) -> list[Aside]:
        """What is held, oldest first."""

    def get(self, record_id: RecordId) -> Record | None:
        """One record."""

    def records(self, case: RecordId) -> list[Record]:
        """All records of a case, in order of time."""

    def of_kinds(self, kinds: Iterable[Kind], station: int = 0) -> list[Record]:
        """All records of these kinds, by station and sequence; of one station if given."""

    def case(self, case: RecordId, now: float = 0.0) -> Case:
        """The fold of a case with its receipts; `NotFound` without its request."""

    def own_head(self) -> Head:
        """The newest record of this station."""

    def digest_at(self, station: int, seq: int) -> bytes | None:
        """Digest of a record that is here."""

    def prev_at(self, station: int, seq: int) -> bytes | None:
        """The prev field of a record that is here."""

    def ranges(self, station: int) -> list[Span]:
        """Runs of a station's records that are here."""

    def gaps(self, station: int) -> list[Span]:
        """Runs that are missing below the newest of a station's records."""

    def queue(
        self, peer: int, item: Item, priority: int = 1, *, size: int = 0, at: int = 0
    ) -> None:
        """`peer` must get this; queueing twice keeps the more urgent priority."""

    def pending(self, peer: int, limit: int = 100, *, ready: bool = False) -> list[Pending]:
        """What is in no bundle yet, most urgent first, then oldest. `ready`: without the blobs that
        are not whole here."""

    def bundled(self, peer: int, items: Iterable[Item], tag: bytes) -> None:
        """These are in the bundle `tag` now."""

    def unbundled(self, peer: int, tag: bytes) -> int:
        """The bundle `tag` is gone without a receipt: its items wait again; how many."""

    def delivered(self, peer: int, items: Iterable[Item]) -> None:
        """`peer` holds these, or will never take them: nothing more to do."""

    def returned(self, peer: int, why: Mapping[RecordId, str], at: int) -> list[RecordId]:
        """`peer` has refused these for good: nothing waits any more. Those this is news of."""

    def returns(self, limit: int = 100) -> list[Return]:
        """What was refused elsewhere, newest first."""

    def waiting(self, peer: int) -> Waiting:
        """What `peer` has not confirmed."""

    def confirmed(self, item: Item) -> Mapping[int, int]:
        """Which stations have confirmed an item, and when."""

    def sent(self, items: Iterable[Item], at: int) -> None:
        """Note that these were put on a road; the first time is kept."""

    def sent_at(self, item: Item) -> int:
        """When it was first put on a road; 0 when never."""

    def remember_key(self, key: str, record_id: RecordId) -> None:
        """Note that the document `key` became this record."""

    def by_key(self, key: str) -> RecordId | None:
        """What the document `key` became."""

    def summaries(self, ask: Ask) -> list[Summary]:
        """One page of cases."""

    def words(self, ask: Ask) -> list[tuple[RecordId, str, str, str]]:
        """(case, name, place, complaint) of all that satisfy the conditions, in order."""

    def many(self) -> AbstractContextManager[None]:
        """One transaction for everything inside."""

    def data_version(self) -> int:
        """A number that changes when another process has changed the store."""
