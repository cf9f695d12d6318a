"""A spool without a link: for roads that carry whole bundles, such as a stick or short messages.

It gives an `Exchange` the same bundles that a link would move, sealed once, under the same tags. It
sends nothing and knows no road.
"""

from __future__ import annotations

from collections.abc import Callable

from xtcli.records.ids import RecordId
from xtcli.records.sign import Record
from xtcli.records.types import Kind
from xtcli.records.values import StationKind
from xtcli.station.core import StationCore
from xtcli.station.exchange import Exchange
from xtcli.station.intake import Arrival, Intake, Rule
from xtcli.station.parcels import Passing
from xtcli.station.roads_hops import split
from xtcli.station.roads_link import hop_key
from xtcli.station.routing import HUB
from xtcli.transport.bundle.envelope import realm_hint
from xtcli.transport.bundle.pack import Part
from xtcli.transport.link.events import BundleTaken
from xtcli.transport.link.keys import KEY_BYTES
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import STARTED, TAKEN, WAITING, Outgoing, Spool
from xtcli.transport.symbols import bundle_tag


class Shelf(SpooledLink):
    """The spool of one peer behind the face of a link that stays silent."""

    def __init__(self, local: int, peer: int, spool: Spool) -> None:
        """Read nothing yet and reserve no counters: another process may be using the link."""
        self.link = Link(local=local, peer=peer, key=bytes(KEY_BYTES), now=0.0, entropy=bytes)
        self.spool = spool
        self._peer = peer

    def load(self, now: float, wall: float) -> int:
        """Nothing is offered to the silent link."""
        return 0

    def put(self, sealed: bytes, priority: int, now: float, wall: float) -> bytes:
        """Spool a sealed bundle; its tag."""
        return self.spool.put(self._peer, sealed, priority, wall)

    def settle(self, tag: bytes, reason: int) -> None:
        """Remember the answer, so that a link will not take the same bundle again."""
        self.spool.settle(self._peer, tag, reason)


class Mail:
    """Everything one station has to do with bundles that come and go without a link.

    Works beside another process of the same home that holds the link: both are safe on disk.
    """

    def __init__(
        self,
        station: StationCore,
        rule: Rule | None = None,
        on_new: Callable[[Record], object] = lambda record: None,
        spool: Spool | None = None,
    ) -> None:
        """`rule` as for `Intake`: whom a hub tells of what arrives. `on_new` is called for every
        new record inside the transaction that commits it. `spool`: one that is open already.
        """
        self.station = station
        self._on_new = on_new
        self.spool = spool or Spool(station.home.spool_path)
        self.intake = Intake(station, rule)
        self.hint = realm_hint(station.settings.realm)
        self._exchanges: dict[int, Exchange] = {}

    def close(self) -> None:
        """Close the spool."""
        self.spool.close()

    def seal_key(self, peer: int) -> bytes | None:
        """The X25519 key of a station; None for strangers and the revoked."""
        settings, roster = self.station.settings, self.station.roster
        if peer == HUB and settings.number != HUB:
            return settings.hub_seal
        entry = roster.station(peer)
        if entry is None or roster.revoked(peer) or peer == settings.number:
            return None
        return entry.seal_key

    def peers(self) -> list[int]:
        """Whom this station has dealings with: its hub, or every station of a hub."""
        if self.station.kind is not StationKind.HUB or self.station.number != HUB:
            return [HUB]
        found = [entry.no for entry in self.station.roster.stations()]
        return [peer for peer in found if self.seal_key(peer) is not None]

    def exchange(self, peer: int) -> Exchange | None:
        """The dealings with one peer; None for a stranger."""
        found = self._exchanges.get(peer)
        key = self.seal_key(peer)
        if key is None:
            return None
        if found is None:
            shelf = Shelf(self.station.number, peer, self.spool)
            found = self._exchanges[peer] = Exchange(self.station, shelf, self.intake, key)
        return found

    def fill(self, peer: int, *, at_relay: bool = False) -> list[Outgoing]:
        """Bundle what is new for `peer`; everything that waits for it and may go now.

        `at_relay`: also what a relay on the way holds, for a road that goes around the relay.
        """
        exchange = self.exchange(peer)
        if exchange is None:
            return []
        # One transaction, so that two processes of this home never bundle the same thing twice.
        with self.station.log.many(), self.spool.transaction():
            self._recover(peer)
            # A stick is not back for days: all that there is room for goes with it.
            while exchange.fill(0.0) and exchange.more:
                continue
        now = self.station.clock()
        states = {WAITING, STARTED} | ({TAKEN} if at_relay and self._behind_relay(peer) else set())
        return [
            one
            for one in self.spool.outgoing(peer)
            if one.state in states and not one.held_until(now)
        ]

    def _recover(self, peer: int) -> None:
        """What the log has bundled and the spool has lost waits again: a station that never has a
        link must mend that, too. The spool always knows a bundle first and forgets it last.
        """
        log = self.station.log
        for tag in set(log.tags(peer)) - {one.tag for one in self.spool.outgoing(peer)}:
            log.unbundled(peer, tag)

    def _behind_relay(self, peer: int) -> bool:
        """Whether the link to `peer` ends at a relay, so that taken does not mean arrived."""
        settings = self.station.settings
        if settings.number != HUB:
            return hop_key(settings) != settings.hub_seal
        entry = self.station.roster.station(peer)
        return entry is not None and entry.upstream != HUB

    def sent(self, peer: int, tag: bytes) -> None:
        """A bundle has been put on a road: note when, once."""
        if self.station.number == HUB:
            return
        log = self.station.log
        items = [pending.item for pending in log.in_bundle(peer, tag)]
        log.sent(items, int(self.station.clock()))

    def arrived(self, sender: int, sealed: bytes, tag: bytes, via: str) -> Arrival | None:
        """Open and commit a bundle; None when it does not open. On return it is on the disk.

        At the root hub that goes for the bundles, too, that a relay passes on in it.
        """
        exchange = self.exchange(sender)
        if exchange is None:
            return None
        parts = exchange.open(tag, sealed)
        if parts is None:
            return None
        passing, mine = split(parts)
        inner = [self._inner(one, via) for one in passing if self.station.number == HUB]
        arrival = self._commit(exchange, mine, via)
        exchange.settled(tag, arrival, 0.0)
        for one in inner:
            if one is not None:
                arrival.new += one.new
        return arrival

    def _commit(self, exchange: Exchange, parts: list[Part], via: str) -> Arrival:
        """What is for this station, in one transaction."""
        try:
            with self.station.log.many():
                arrival = self.intake.take(parts, exchange.peer, via)
                for record in arrival.new:
                    self._on_new(record)
        except BaseException:
            self.station.forget_roster()
            raise
        return arrival

    def _inner(self, one: Passing, via: str) -> Arrival | None:
        """A bundle that came in a relay's; what does not open is counted, and its author has it."""
        exchange = self.exchange(one.sender)
        parts = exchange.peek(one.sealed) if exchange is not None else None
        if exchange is None or parts is None or one.recipient != self.station.number:
            return None
        arrival = self._commit(exchange, parts, via)
        exchange.settled(bundle_tag(one.sealed), arrival, 0.0)
        return arrival

    def taken(self, peer: int, tag: bytes) -> None:
        """`peer` says that it holds a bundle. Receipts end here; records wait for theirs."""
        exchange = self.exchange(peer)
        if exchange is not None:
            exchange.handle(BundleTaken(tag), 0.0)

    def only_receipts(self, peer: int, tag: bytes) -> bool:
        """Whether a bundle carries nothing that its recipient will confirm."""
        log = self.station.log
        items = [pending.item for pending in log.in_bundle(peer, tag)]
        records = [log.get(item) for item in items if isinstance(item, RecordId)]
        return len(records) == len(items) and all(
            record is not None and record.kind is Kind.RECEIPT for record in records
        )
