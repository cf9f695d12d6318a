"""Arrivals: an opened bundle becomes records in the log, pieces of blobs, and a receipt.

Everything of one bundle is one transaction; only when it is on the disk may the link say DONE. What
does not check is set aside with its reason. It does not know how the bundle came.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from xtcli.errors import BundleRejected, XtError
from xtcli.records import limits
from xtcli.records.admit import Outcome
from xtcli.records.authority import Reason
from xtcli.records.ids import RecordId, spans_of
from xtcli.records.sign import Record, read
from xtcli.records.store import Delivery
from xtcli.records.types import ROSTER_KINDS, Kind, Receipt
from xtcli.station import origin, parcels, requested
from xtcli.station.core import StationCore
from xtcli.station.routing import HUB
from xtcli.transport.bundle.pack import Part

PARTS_MAX = 1_024
"""Parts taken of one bundle; an honest one has far fewer. The rest gets no receipt."""
PIECES_MAX = 16
"""Pieces of blobs taken of one bundle: each is a wait for the disk. An honest bundle has the two or
three of one blob."""
ASIDE_MAX = 64
"""Unreadable parts kept aside of one bundle; all are counted."""
ASIDE_BYTES_MAX = limits.content_bytes_max
"""Bytes kept of an unreadable part."""
RECEIPT_ITEMS_MAX = min(limits.spans_max, limits.digests_max)

Rule = Callable[[Record], Iterable[Delivery]]


@dataclass(slots=True)
class Arrival:
    """What one bundle brought."""

    new: list[Record] = field(default_factory=list)
    again: list[RecordId] = field(default_factory=list)
    blobs: list[bytes] = field(default_factory=list)
    refused: int = 0
    unwanted: dict[tuple[int, bytes], str] = field(default_factory=dict)
    """Of the sender's own records those refused for good, by number and digest, and why."""
    held: int = 0

    @property
    def confirmable(self) -> list[RecordId]:
        """What a receipt must name: everything that is safe here, but receipts themselves."""
        return [r.id for r in self.new if r.kind is not Kind.RECEIPT] + self.again


class Intake:
    """Takes bundles into one station's log. `rule` says whom a hub tells of what arrives."""

    def __init__(self, station: StationCore, rule: Rule | None = None) -> None:
        """`rule` None: this station forwards nothing."""
        self.station = station
        self.rule: Rule = rule or (lambda record: ())
        self._looked = False
        self.give_at_once = True
        """Whether originals and crops asked for are queued here, or later by who set it False."""

    def take(self, parts: Sequence[Part], peer: int, via: str = "") -> Arrival:
        """Commit everything in `parts`, receipt included, in one transaction."""
        arrival = Arrival()
        log, now = self.station.log, int(self.station.clock())
        pieces = 0
        with log.many():
            arrival.refused += len(parts[PARTS_MAX:])
            for part in parts[:PARTS_MAX]:
                if parcels.is_piece(part):
                    pieces += 1
                    if pieces <= PIECES_MAX:
                        self._piece(part, arrival)
                    else:
                        arrival.refused += 1
                elif parcels.is_lack(part) or parcels.is_return(part):
                    self._told(part, arrival, now, via or str(peer), peer)
                elif not parcels.is_of_road(part):
                    self._record(part, arrival, now, via or str(peer), peer)
            released = self._released(arrival.new, now)
            self._receipt(arrival.confirmable, arrival.blobs, peer)
            self._confirm_released(released, peer)
            arrival.new += released
        if self.give_at_once:
            requested.honour(self.station, arrival.new)
        return arrival

    def _released(self, new: Sequence[Record], now: int) -> list[Record]:
        """Held records that count now: at first any, then those that waited for what is new."""
        after, self._looked = (new if self._looked else None), True
        return self.station.log.release_held(
            self.station.roster, at=now, deliver=self.rule, after=after
        )

    def _record(self, part: Part, arrival: Arrival, now: int, via: str, peer: int) -> None:
        """One record: judged, and stored, held or set aside."""
        log = self.station.log
        try:
            record = read(part.body, part.raw)
        except XtError:
            self._aside(part, arrival, Reason.UNREADABLE, now, via)
            return
        verdict = log.admit(record, self.station.roster, at=now, via=via, deliver=self.rule)
        if verdict.outcome is Outcome.NEW:
            arrival.new.append(record)
            if record.kind in ROSTER_KINDS:
                self.station.forget_roster()
        elif verdict.outcome is Outcome.DUPLICATE:
            if record.kind is not Kind.RECEIPT:
                arrival.again.append(record.id)
        elif verdict.outcome is Outcome.HELD:
            arrival.held += 1
        else:
            arrival.refused += 1
            if record.id.station == peer and verdict.reason is not None:
                key = record.id.seq, parcels.return_digest(record)
                arrival.unwanted[key] = verdict.reason.value

    def _aside(self, part: Part, arrival: Arrival, why: Reason, now: int, via: str) -> None:
        """A part that is not applied: counted, and as far as there is room kept with its reason."""
        if arrival.refused < ASIDE_MAX:
            body, raw = part.body[:ASIDE_BYTES_MAX], part.raw[:ASIDE_BYTES_MAX]
            self.station.log.refuse(body, raw, why.value, now, via)
        arrival.refused += 1

    def _told(self, part: Part, arrival: Arrival, now: int, via: str, peer: int) -> None:
        """The hub lacks records of this station, or will never take them: if it is the hub who says
        so. Nobody else may: a hub's own records tell of cases that a station has no business with,
        and a seal names no sender. What it said once is done once, however often it is brought."""
        hub = self.station.settings.hub_seal
        if peer != HUB or not origin.is_said(self.station, part, HUB, hub):
            self._aside(part, arrival, Reason.ORIGIN, now, via)
        elif self.station.log.heard(part.raw):
            if parcels.is_lack(part):
                mine = [RecordId(self.station.number, seq) for seq in parcels.read_lack(part)]
                self.station.log.wanted_again(peer, mine, now)
            else:
                self._returned(part, peer, now)

    def _returned(self, part: Part, peer: int, now: int) -> None:
        """What the hub will never take stops waiting here; it never counts as received."""
        log, number = self.station.log, self.station.number
        why: dict[RecordId, str] = {}
        for (seq, digest), text in parcels.read_return(part).items():
            # A copy that was put back and replaced again: it was another record of that number.
            record = log.get(RecordId(number, seq))
            if record is not None and parcels.return_digest(record) == digest:
                why[RecordId(number, seq)] = text
        log.returned(peer, why, now)

    def _piece(self, part: Part, arrival: Arrival) -> None:
        """One piece of a blob; a blob counts once it is whole and its digest checks."""
        try:
            piece = parcels.read_piece(part)
            whole = self.station.blobs.put_part(piece.digest, piece.size, piece.offset, piece.data)
        except BundleRejected:
            arrival.refused += 1
            return
        if whole:
            arrival.blobs.append(piece.digest)

    def _receipt(self, ids: Sequence[RecordId], blobs: Sequence[bytes], peer: int) -> None:
        """Confirm to `peer` what is safe here; nothing when there is nothing to confirm."""
        step = RECEIPT_ITEMS_MAX
        for first in range(0, max(len(ids), len(blobs)), step):
            body = Receipt(
                records=spans_of(ids[first : first + step]),
                blobs=tuple(blobs[first : first + step]),
            )
            record = self.station.write(body, automatic=True)
            self.station.log.queue(peer, record.id, 1, at=record.at)

    def _confirm_released(self, released: Sequence[Record], peer: int) -> None:
        """Records that were held are confirmed to whom they came from, now that they count.

        At a hub that is their own station; everywhere else everything comes from the hub.
        """
        senders: dict[int, list[RecordId]] = {}
        for record in released:
            if record.kind is not Kind.RECEIPT:
                to = record.id.station if self.station.number == HUB else peer
                senders.setdefault(to, []).append(record.id)
        for to, ids in senders.items():
            self._receipt(ids, (), to)
