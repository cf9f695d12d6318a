"""What to do with a record that arrived: take it, know it, hold it, or refuse it. Pure decision.

Order of arrival means nothing on xt's links, so gaps in a station's sequence are normal; the hash
chain is checked wherever both neighbours are here. What is missing an author's entry or the request
of its case is held and judged again later. What is refused is kept aside with the reason, never
applied and never dropped in silence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Protocol

from xtcli.records import limits
from xtcli.records.authority import Missing, Reason, judge
from xtcli.records.ids import RecordId
from xtcli.records.roster import Roster
from xtcli.records.sign import Record


class Outcome(IntEnum):
    """The four things that can happen to a record that arrived."""

    NEW = 1
    DUPLICATE = 2
    HELD = 3
    REFUSED = 4


@dataclass(frozen=True, slots=True)
class Verdict:
    """What happens, and for HELD what is missing, for REFUSED why."""

    outcome: Outcome
    reason: Reason | None = None
    missing: Missing | None = None

    @property
    def new(self) -> bool:
        """The record is applied now."""
        return self.outcome is Outcome.NEW

    @property
    def safe(self) -> bool:
        """The record is on this disk and counts: a receipt may name it."""
        return self.outcome in (Outcome.NEW, Outcome.DUPLICATE)


class Known(Protocol):
    """What the decision needs of a log."""

    def get(self, record_id: RecordId) -> Record | None:
        """The record, when it is here."""

    def digest_at(self, station: int, seq: int) -> bytes | None:
        """Digest of a record that is here."""

    def prev_at(self, station: int, seq: int) -> bytes | None:
        """The prev field of a record that is here."""


NEW = Verdict(Outcome.NEW)
DUPLICATE = Verdict(Outcome.DUPLICATE)


def admit(record: Record, roster: Roster, known: Known) -> Verdict:
    """Judge one record against what is known here. Changes nothing."""
    held = known.digest_at(*record.id)
    if held is not None:
        return DUPLICATE if held == record.digest else _refused(Reason.FORK)
    found = judge(record, roster, known.get)
    # A stranger's words are not worth a look before the signature is checked.
    if roster.author(record.author) is not None and not roster.signed_by(record):
        return _refused(Reason.SIGNATURE)
    if isinstance(found, Missing):
        return Verdict(Outcome.HELD, missing=found)
    if found is not None:
        return _refused(found)
    return NEW if chained(record, known) else _refused(Reason.CHAIN)


def chained(record: Record, known: Known) -> bool:
    """False when a neighbour in the station's log is here and the chain does not fit it."""
    station, seq = record.id
    if seq > 1:
        before = known.digest_at(station, seq - 1)
        if before is not None and before[: limits.prev_bytes] != record.prev:
            return False
    after = known.prev_at(station, seq + 1)
    return after is None or after == record.digest[: limits.prev_bytes]


def _refused(reason: Reason) -> Verdict:
    return Verdict(Outcome.REFUSED, reason=reason)
