"""Between one station's log and the link to one peer: outbox to bundles, bundles to intake.

A bundle is sealed once and kept in the spool until a signed receipt names everything in it. It does
not know sockets or clocks; `now` is the link's monotonic time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress

from xtcli.errors import BundleRejected, NotFound
from xtcli.records.store import Item, Pending
from xtcli.records.types import Kind
from xtcli.station import origin, parcels
from xtcli.station.core import StationCore
from xtcli.station.intake import Arrival, Intake
from xtcli.station.routing import HUB
from xtcli.transport.bundle.pack import Part, pack, unpack
from xtcli.transport.bundle.seal import bundle_context, open_sealed, seal
from xtcli.transport.link.events import BundleArrived, BundleTaken, LinkEvent
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import REFUSED, STARTED, TAKEN, WAITING, Outgoing

RECORDS_PER_BUNDLE = 64
BODY_BYTES_PER_BUNDLE = 12_000
FILL_MAX = 256
"""Things looked at in one filling, so that a long outbox does not block the link."""
TEXT_PRIORITY_MAX = 1
TEXT_ROOM_BYTES = 32 << 20
"""Room in the spool that only text and alerts may use: pictures must not keep them waiting."""
PART_BYTES = 64
"""More than sealing and packing add to a part."""
RECEIPT_PATIENCE_SECONDS = 600.0
"""Taken by the peer, yet no receipt for this long, or refused so long ago: bundle it again, which
asks for one."""
MEND_SECONDS = 60.0
"""Pause between two looks for bundles that got no receipt."""
LATE_BYTES_MAX = 16 << 20
"""Bytes of bundles kept that came while they could not be taken in; others are sent again."""
REFUSE_UNREADABLE = 3
"""Reason on the link (docs/format/link.md): it does not open here."""
REFUSE_FULL = 4
"""Reason on the link: no room for more of this station."""
ASK_PRIORITY = 1


class Exchange:
    """One station's dealings with one peer."""

    def __init__(
        self, station: StationCore, node: SpooledLink, intake: Intake, seal_key: bytes
    ) -> None:
        """`seal_key` is the peer's X25519 public key."""
        self.station = station
        self.node = node
        self.spool = node.spool
        self.link = node.link
        self.intake = intake
        self.seal_key = seal_key
        self.peer = node.link.peer
        self.patience = RECEIPT_PATIENCE_SECONDS
        self.more = False
        """Whether something was left out of the last filling."""
        self._unsent: set[bytes] = set()
        self._said: set[bytes] = set()
        self._late: list[BundleArrived] = []

    def held(self) -> list[Outgoing]:
        """What the spool holds for the peer."""
        return self.spool.outgoing(self.peer)

    # Starting again

    def resume(self, now: float) -> None:
        """Take up what an earlier process left: mend, then offer what the spool holds."""
        self.mend()
        self.node.load(now, self.station.clock())
        self._unsent = {one.tag for one in self.held() if one.state == WAITING}

    def mend(self) -> None:
        """Make log and spool agree again after a crash between the two.

        Call it from time to time too: it bundles again what got no receipt for long.
        """
        log, wall = self.station.log, self.station.clock()
        kept = {one.tag: one for one in self.held()}
        known = set(log.tags(self.peer))
        for tag in kept.keys() - known - self._waiting_said(kept.values()):
            self.spool.drop(self.peer, tag)
            self.link.withdraw(tag)
        for tag in known - kept.keys():
            log.unbundled(self.peer, tag)
        for tag, one in kept.items():
            if one.state not in (TAKEN, REFUSED):
                continue
            if one.state == TAKEN:
                self._taken(tag)
            self.spool.answered(self.peer, tag, wall)
            if tag in known and not 0 <= wall - (one.answered or wall) < self.patience:
                self.again(tag)

    def _waiting_said(self, kept: Iterable[Outgoing]) -> set[bytes]:
        """Bundles that no log knows and the peer has not taken yet: they end when it has, and with
        this process."""
        self._said &= {one.tag for one in kept if one.state in (WAITING, STARTED)}
        return self._said

    @property
    def saying(self) -> bool:
        """Whether something that no log knows, such as a question, waits to be taken."""
        return bool(self._waiting_said(self.held()))

    def again(self, tag: bytes) -> None:
        """Give a bundle up and let what it carried wait for a new one."""
        self.station.log.unbundled(self.peer, tag)
        self.link.withdraw(tag)
        self.spool.drop(self.peer, tag)

    # Outbox to link

    def fill(self, now: float) -> int:
        """Bundle what waits for the peer and offer it to the link; how many bundles.

        `more` says afterwards whether anything is left, because there was too much for one filling
        or for the spool; the peer is told that it waits.
        """
        self._more(True)
        pending = self.station.log.pending(self.peer, FILL_MAX, ready=True)
        full, count = False, 0
        for group in self._groups(pending):
            parts = self._parts(group)
            if not parts:
                continue
            size = sum(len(part.body) + len(part.raw) + PART_BYTES for part in parts)
            kept = 0 if group[0].priority <= TEXT_PRIORITY_MAX else TEXT_ROOM_BYTES
            if size + kept > self.spool.room(self.peer):
                full = True
                break
            self._send(parts, group, now)
            count += 1
        # What cannot be sent at all (its file is lost) is nothing that waits for the next filling.
        self._more(full or (count > 0 and len(pending) == FILL_MAX))
        return count

    def _more(self, left: bool) -> None:
        self.more, self.link.unoffered = left, int(left)

    def _groups(self, pending: Iterable[Pending]) -> Iterator[list[Pending]]:
        """Pending things in bundles, in order: records of one priority together, blobs alone."""
        group: list[Pending] = []
        size = 0
        for item in pending:
            if isinstance(item.item, bytes):
                if group:
                    # The more urgent first: there may not be room for both.
                    yield group
                    group, size = [], 0
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
        """The parts of a bundle that carries `group`; none when its file cannot be read or fits no
        bundle, which must not keep back what comes after it."""
        parts: list[Part] = []
        for pending in group:
            if isinstance(pending.item, bytes):
                if self.station.blobs.size(pending.item) > parcels.PIECE_BYTES:
                    continue
                with suppress(NotFound, OSError):
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
        tag = self.node.put(sealed, priority, now, self.station.clock())
        self.station.log.bundled(self.peer, [p.item for p in group], tag)
        if self.station.number != HUB:
            self._unsent.add(tag)

    def ask_again(self, runs: Sequence[tuple[int, int]], now: float) -> None:
        """Ask the peer for records of its own that are missing here."""
        self._say(parcels.lack_part(runs), now)

    def _say(self, part: Part, now: float) -> None:
        """A bundle that no log knows: it ends when the peer holds it."""
        context = bundle_context(self.station.settings.realm, self.station.number, self.peer)
        told = origin.said(self.station, part, self.peer, self.seal_key)
        sealed = seal(
            pack([told]), recipient=self.seal_key, context=context, entropy=self.station.entropy
        )
        self._said.add(self.node.put(sealed, ASK_PRIORITY, now, self.station.clock()))

    def note_sent(self) -> None:
        """Note in the log which bundles have now been put on the road for the first time.

        A hub keeps no such notes: when something was sent interests its author only.
        """
        for tag in [tag for tag in self._unsent if self.link.started(tag)]:
            self._unsent.discard(tag)
            items = [pending.item for pending in self.station.log.in_bundle(self.peer, tag)]
            self.station.log.sent(items, int(self.station.clock()))

    # Link to log

    def act(self, event: LinkEvent, now: float) -> Arrival | None:
        """As `handle`. A bundle that cannot be taken in now, for want of room say, is kept for
        `retry`: the link has handed it over, and would never hand it over again. Not one that was
        taken in before something else failed: it would be confirmed anew each time.
        """
        try:
            return self.handle(event, now)
        except Exception:
            if isinstance(event, BundleArrived) and not self.link.inbox.answer(event.tag):
                self._keep_late(event)
            raise

    def _keep_late(self, event: BundleArrived) -> None:
        self._late.append(event)
        while sum(len(one.sealed) for one in self._late) > LATE_BYTES_MAX:
            self.link.inbox.forget(self._late.pop(0).tag)

    def retry(self, now: float) -> list[Arrival]:
        """Take in what could not be before; what came of it."""
        found = []
        for _ in range(len(self._late)):
            arrival = self.act(self._late.pop(0), now)
            if arrival is not None:
                found.append(arrival)
        return found

    def handle(self, event: LinkEvent, now: float) -> Arrival | None:
        """Act on one event of the link; what arrived, if it was a bundle."""
        match event:
            case BundleArrived(tag, sealed, _):
                return self._arrived(tag, sealed, now)
            case BundleTaken(tag):
                self._taken(tag)
                if self.more:
                    self.fill(now)
            case _:
                pass
        return None

    def _arrived(self, tag: bytes, sealed: bytes, now: float) -> Arrival:
        """Open, commit, then (and only then) let the link say DONE."""
        parts = self.open(tag, sealed)
        if parts is None:
            return Arrival(refused=1)
        arrival = self.intake.take(parts, self.peer)
        self.settled(tag, arrival, now)
        self.fill(now)
        return arrival

    def open(self, tag: bytes, sealed: bytes) -> list[Part] | None:
        """The parts of a bundle that the peer sealed for this station; None if it is not one.

        Then the link refuses it for good: the same bytes will never open.
        """
        parts = self.peek(sealed)
        if parts is None:
            self.node.refuse(tag, REFUSE_UNREADABLE)
        return parts

    def peek(self, sealed: bytes) -> list[Part] | None:
        """As `open`, and nothing is remembered."""
        context = bundle_context(self.station.settings.realm, self.peer, self.station.number)
        private = self.station.keys.station_seal
        try:
            return unpack(open_sealed(sealed, private=private, context=context))
        except BundleRejected:
            return None

    def settled(self, tag: bytes, arrival: Arrival, now: float) -> None:
        """The bundle is on the disk: say DONE, and clear what its receipts have settled.

        A sender must hear what will never count, or it waits for a receipt for ever. Only a hub
        says so, because only a hub is believed.
        """
        self.node.accept(tag)
        if arrival.unwanted and self.station.number == HUB:
            self._say(parcels.return_part(arrival.unwanted), now)
        if any(record.kind is Kind.RECEIPT for record in arrival.new):
            self.clear()

    def _taken(self, tag: bytes) -> None:
        """The peer holds it. Receipts end here; everything else waits for its receipt."""
        log = self.station.log
        items = [pending.item for pending in log.in_bundle(self.peer, tag)]
        ended = [item for item in items if self._needs_no_receipt(item)]
        if ended:
            log.delivered(self.peer, ended)
        if len(ended) == len(items):
            self.spool.drop(self.peer, tag)
        else:
            self.spool.answered(self.peer, tag, self.station.clock())

    def _needs_no_receipt(self, item: Item) -> bool:
        if isinstance(item, bytes):
            return False
        record = self.station.log.get(item)
        return record is not None and record.kind is Kind.RECEIPT

    def clear(self) -> None:
        """Drop bundles of which receipts have named everything."""
        held = self.held()
        open_tags = {*self.station.log.tags(self.peer), *self._waiting_said(held)}
        for one in held:
            if one.tag not in open_tags:
                self.spool.drop(self.peer, one.tag)
                self.link.withdraw(one.tag)
