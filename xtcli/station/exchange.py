"""Between one station's log and the link to one peer: outbox to bundles, bundles to intake.

A bundle is sealed once and kept in the spool until a signed receipt names everything in it. It does
not know sockets or clocks; `now` is the link's monotonic time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from xtcli.errors import BundleRejected
from xtcli.records.ids import RecordId
from xtcli.records.store import Item, Pending
from xtcli.records.types import Kind
from xtcli.station import parcels
from xtcli.station.core import StationCore
from xtcli.station.intake import Arrival, Intake
from xtcli.transport.bundle.pack import Part, pack, unpack
from xtcli.transport.bundle.seal import bundle_context, open_sealed, seal
from xtcli.transport.link.events import (
    BundleArrived,
    BundleRefused,
    BundleTaken,
    LinkEvent,
    SymbolsToKeep,
)
from xtcli.transport.link.session import Link
from xtcli.transport.spool import REFUSED, STARTED, TAKEN, Spool

RECORDS_PER_BUNDLE = 64
BODY_BYTES_PER_BUNDLE = 12_000
FILL_MAX = 256
"""Things looked at in one filling, so that a long outbox does not block the link."""
RECEIPT_PATIENCE_SECONDS = 600.0
"""Taken by the peer, yet no receipt for this long: bundle it again, which asks for one."""
REFUSE_UNREADABLE = 1

Opened = Callable[[Sequence[Part], int], Arrival]


class Exchange:
    """One station's dealings with one peer."""

    def __init__(
        self, station: StationCore, spool: Spool, link: Link, intake: Intake, seal_key: bytes
    ) -> None:
        """`seal_key` is the peer's X25519 public key."""
        self.station = station
        self.spool = spool
        self.link = link
        self.intake = intake
        self.seal_key = seal_key
        self.peer = link.peer
        self._unsent: set[bytes] = set()

    # Starting again

    def resume(self, now: float) -> None:
        """Take up what an earlier process left: link state, half-arrived bundles, the outbox."""
        state = self.spool.link_state(self.peer)
        if state is not None:
            self.link.restore(state)
        for tag, reason in self.spool.answers(self.peer):
            self.link.remember(tag, reason)
        for kept in self.spool.kept(self.peer):
            self.link.restore_symbols(kept)
        self._mend()
        wall = self.station.clock()
        for one in self.spool.outgoing(self.peer):
            sealed = self.spool.sealed(self.peer, one.tag)
            if sealed is not None and one.state not in (TAKEN, REFUSED):
                self.link.offer(one.tag, sealed, one.priority, now, resumed=one.state == STARTED)
                if one.postponed_until > wall:
                    self.link.postpone(one.tag, now + one.postponed_until - wall)
                if one.state != STARTED:
                    self._unsent.add(one.tag)

    def _mend(self) -> None:
        """Make log and spool agree again after a crash between the two."""
        log, wall = self.station.log, self.station.clock()
        kept = {one.tag: one for one in self.spool.outgoing(self.peer)}
        known = set(log.tags(self.peer))
        for tag in kept.keys() - known:
            self.spool.drop(self.peer, tag)
        for tag in known - kept.keys():
            log.unbundled(self.peer, tag)
        for tag, one in kept.items():
            stale = one.state == REFUSED or (
                one.state == TAKEN and not 0 <= wall - one.created < RECEIPT_PATIENCE_SECONDS
            )
            if tag in known and stale:
                self.again(tag)

    def again(self, tag: bytes) -> None:
        """Give a bundle up and let what it carried wait for a new one."""
        self.station.log.unbundled(self.peer, tag)
        self.link.withdraw(tag)
        self.spool.drop(self.peer, tag)

    # Outbox to link

    def fill(self, now: float) -> int:
        """Bundle what waits for the peer and offer it to the link; how many bundles."""
        count = 0
        for group in self._groups():
            parts = self._parts(group)
            if parts:
                self._send(parts, group, now)
                count += 1
            else:
                # What was queued is not here (a blob not whole yet); it is looked at again later.
                break
        return count

    def _groups(self) -> Iterator[list[Pending]]:
        """Pending things in bundles: records of one priority together, each blob alone."""
        group: list[Pending] = []
        size = 0
        for item in self.station.log.pending(self.peer, FILL_MAX):
            if isinstance(item.item, bytes):
                if self.station.blobs.has(item.item):
                    yield [item]
                continue
            full = len(group) >= RECORDS_PER_BUNDLE or size + item.size > BODY_BYTES_PER_BUNDLE
            if group and (full or group[0].priority != item.priority):
                yield group
                group, size = [], 0
            group.append(item)
            size += item.size
        if group:
            yield group

    def _parts(self, group: Sequence[Pending]) -> list[Part]:
        """The parts of a bundle that carries `group`."""
        parts: list[Part] = []
        for pending in group:
            if isinstance(pending.item, bytes):
                data = self.station.blobs.read(pending.item)
                parts += [piece.part() for piece in parcels.pieces(pending.item, data)]
            else:
                record = self.station.log.get(pending.item)
                if record is not None:
                    parts.append(parcels.record_part(record))
        return parts

    def _send(self, parts: Sequence[Part], group: Sequence[Pending], now: float) -> None:
        """Pack, seal once, keep, offer."""
        context = bundle_context(self.station.settings.realm, self.station.number, self.peer)
        sealed = seal(
            pack(parts), recipient=self.seal_key, context=context, entropy=self.station.entropy
        )
        priority = group[0].priority
        tag = self.spool.put(self.peer, sealed, priority, self.station.clock())
        self.station.log.bundled(self.peer, [p.item for p in group], tag)
        self.link.offer(tag, sealed, priority, now)
        self._unsent.add(tag)

    def sent(self, started: Callable[[bytes], bool]) -> None:
        """Note which bundles have now been put on the road for the first time."""
        for tag in [tag for tag in self._unsent if started(tag)]:
            self._unsent.discard(tag)
            self.spool.mark(self.peer, tag, STARTED)
            items = [pending.item for pending in self.station.log.in_bundle(self.peer, tag)]
            self.station.log.sent(items, int(self.station.clock()))

    # Link to log

    def handle(self, event: LinkEvent, now: float) -> Arrival | None:
        """Act on one event of the link; what arrived, if it was a bundle."""
        match event:
            case BundleArrived(tag, sealed, _):
                return self._arrived(tag, sealed, now)
            case SymbolsToKeep():
                self.spool.keep(self.peer, event)
            case BundleTaken(tag):
                self._taken(tag)
            case BundleRefused(tag, _):
                self.spool.mark(self.peer, tag, REFUSED)
            case _:
                pass
        return None

    def _arrived(self, tag: bytes, sealed: bytes, now: float) -> Arrival:
        """Open, commit, then (and only then) let the link say DONE."""
        try:
            parts = self.open(sealed)
        except BundleRejected:
            self.spool.settle(self.peer, tag, REFUSE_UNREADABLE)
            self.link.refuse(tag, REFUSE_UNREADABLE)
            return Arrival(refused=1)
        return self.commit(tag, parts, now)

    def open(self, sealed: bytes) -> list[Part]:
        """The parts of a bundle that the peer sealed for this station."""
        context = bundle_context(self.station.settings.realm, self.peer, self.station.number)
        return unpack(open_sealed(sealed, private=self.station.keys.station_seal, context=context))

    def commit(self, tag: bytes, parts: Sequence[Part], now: float) -> Arrival:
        """Commit opened parts, answer the link, and clear what receipts have settled."""
        arrival = self.intake.take(parts, self.peer)
        self.settled(tag)
        if any(record.kind is Kind.RECEIPT for record in arrival.new):
            self.clear()
        self.fill(now)
        return arrival

    def settled(self, tag: bytes) -> None:
        """The bundle is on the disk: say DONE from now on."""
        self.spool.settle(self.peer, tag, 0)
        self.link.accept(tag)

    def _taken(self, tag: bytes) -> None:
        """The peer holds it. Receipts end here; everything else waits for its receipt."""
        log = self.station.log
        items = [pending.item for pending in log.in_bundle(self.peer, tag)]
        if all(self._needs_no_receipt(item) for item in items):
            log.delivered(self.peer, items)
            self.spool.drop(self.peer, tag)
        else:
            self.spool.mark(self.peer, tag, TAKEN)

    def _needs_no_receipt(self, item: Item) -> bool:
        if isinstance(item, bytes):
            return False
        record = self.station.log.get(item)
        return record is not None and record.kind is Kind.RECEIPT

    def clear(self) -> None:
        """Drop bundles of which receipts have named everything."""
        open_tags = set(self.station.log.tags(self.peer))
        for one in self.spool.outgoing(self.peer):
            if one.tag not in open_tags:
                self.spool.drop(self.peer, one.tag)
                self.link.withdraw(one.tag)

    def save(self) -> None:
        """Keep what the link has learnt."""
        self.spool.save_link_state(self.peer, self.link.save())


def record_ids(items: Sequence[Item]) -> list[RecordId]:
    """The records among `items`."""
    return [item for item in items if isinstance(item, RecordId)]
