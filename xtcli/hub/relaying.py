"""A relay: a hub between posts and the realm's hub. It passes on what it cannot open.

Downwards it is to every station what their hub would be: it takes whole bundles, keeps them, says
DONE. Upwards it is a station of its own. A bundle keeps its seal, its author and its records; only
the final station's signed receipt ends it. Nothing here reads a record of a case.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress

from xtcli.errors import BundleRejected, DiskFull, XtError
from xtcli.hub.calls_hops import CallHops
from xtcli.records.types import ROSTER_KINDS
from xtcli.records.values import StationKind
from xtcli.station.core import StationCore
from xtcli.station.exchange import REFUSE_FULL, REFUSE_UNREADABLE, Exchange
from xtcli.station.intake import Arrival, Intake
from xtcli.station.parcels import Passing
from xtcli.station.pump import Pump
from xtcli.station.roads_hops import (
    PASS_BYTES_MAX,
    RELAYED_PATIENCE_SECONDS,
    HopExchange,
    Hops,
    split,
)
from xtcli.station.roads_link import LinkRoad, hop_key
from xtcli.station.roads_store import RoadStore
from xtcli.station.routing import HUB
from xtcli.transport.link.events import (
    BundleArrived,
    BundleRefused,
    BundleTaken,
    LinkEvent,
    Realtime,
)
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.receiving import REFUSED_TOO_LARGE
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import OUTGOING_BYTES_MAX, REFUSED, TAKEN, Spool

STATION_BYTES_MAX = OUTGOING_BYTES_MAX // 4
"""What may wait to go up for one station directly below, and those behind it."""
LITTLE_BYTES = 1 << 20
"""Text of one station that may wait there when much of others does."""
REACH_SECONDS = 60.0
"""A watching station is heard every 25 s; one of two keep-alives may be lost."""


class RelayCore:
    """What a relay does with bundles. Sans-IO: the shell says what time it is and moves datagrams.

    `kick(station)` lets the link of a station below send; `kick_up()` the link upwards.
    """

    def __init__(
        self, station: StationCore, spool: Spool, store: RoadStore, *,
        kick: Callable[[int], None], kick_up: Callable[[], None],
    ) -> None:  # fmt: skip
        """Nothing happens before the first call."""
        self.station = station
        self.spool = spool
        self.store = store
        self.hops = Hops(station, spool, store)
        self.nodes: dict[int, SpooledLink] = {}
        self.calls = CallHops(self.hops)
        self.call_up: Callable[[bytes], None] = lambda payload: None
        """Sends a payload of a call upwards at once."""
        self._spoke: dict[int, float] = {}
        self._kick, self._kick_up = kick, kick_up

    @property
    def upstream(self) -> int:
        """The number of the hub or relay above."""
        mine = self.station.roster.station(self.station.number)
        return mine.upstream if mine is not None else HUB

    # Stations below

    def find(self, number: int, now: float) -> SpooledLink | None:
        """The link of a station directly below; None for all others. To it, this is the hub."""
        station = self.station
        entry = station.roster.station(number)
        if entry is None or self.hops.below(number) != number:
            return None
        self.sort_unknown(now)
        for one in self.spool.outgoing(number):
            if one.state in (TAKEN, REFUSED):
                # The process ended between hearing so and acting on it.
                self._ended(number, one.tag)
        key = link_key(station.keys.station_seal, entry.seal_key, station.settings.realm)
        link = Link(local=HUB, peer=number, key=key, now=now, entropy=station.entropy)
        node = SpooledLink(link, self.spool)
        node.load(now, station.clock())
        self.nodes[number] = node
        return node

    def strangers(self) -> list[int]:
        """Stations with a link here that the roster does not put below this one any more."""
        return [number for number in self.nodes if self.hops.below(number) != number]

    def below(self, number: int, events: list[LinkEvent], now: float) -> None:
        """What happened on the link of a station below."""
        node = self.nodes[number]
        for event in events:
            if isinstance(event, BundleArrived):
                if len(event.sealed) > PASS_BYTES_MAX:
                    node.refuse(event.tag, REFUSED_TOO_LARGE)
                    continue
                if not self._fits(number, len(event.sealed)):
                    node.refuse(event.tag, REFUSE_FULL)
                    continue
                self._up(number, event, now)
                node.accept(event.tag)
            elif isinstance(event, Realtime):
                self._call(number, event.payload, now)
            elif isinstance(event, BundleTaken | BundleRefused):
                # Refused for good: the hub bundles it again when no receipt comes.
                self._ended(number, event.tag)

    def _fits(self, number: int, size: int) -> bool:
        """Whether a station below leaves the others their room on the way up.

        What passes cannot be read, so it may be anything; refused, its author keeps it. When half
        of the room is used, a station may have one bundle there, or a little text.
        """
        passing = {tag: sender for tag, (sender, _) in self.store.hops(HUB).items()}
        behind = {one for one in set(passing.values()) if self.hops.below(one) == number}
        held = self.spool.outgoing(HUB)
        waiting = sum(one.size for one in held if passing.get(one.tag) in behind)
        total = sum(one.size for one in held) + size
        little = not waiting or waiting + size <= LITTLE_BYTES
        room = OUTGOING_BYTES_MAX if little else OUTGOING_BYTES_MAX // 2
        fits = waiting + size <= STATION_BYTES_MAX and total <= room
        if not fits:
            self.store.count("relay", refused=1)
        return fits

    def _ended(self, number: int, tag: bytes) -> None:
        """A bundle needs nothing more from here."""
        self.spool.drop(number, tag)
        self.store.end_hop(number, tag)

    def _up(self, number: int, event: BundleArrived, now: float) -> None:
        """A bundle from below: for the hub, whoever sent it."""
        entry = self.station.roster.station(number)
        parts = None
        if entry is not None and entry.station_kind is StationKind.HUB:
            parts = self.hops.unpassed(event.sealed, number)
        if parts is not None:
            passing, _ = split(parts)
        else:
            passing = [Passing(HUB, number, min(event.priority, 5), event.sealed)]
        self.up(passing)

    def up(self, passing: Iterable[Passing]) -> None:
        """Bundles for the hub, to the station above."""
        above, key = self.upstream, hop_key(self.station.settings)
        for one in passing:
            tag = self._wrapped(one, above, key, HUB)
            if tag is None:
                continue
            self.store.hop(HUB, tag, one.sender, b"")
            self.store.count("relay", self.station.clock(), put=1, bytes_out=len(one.sealed))
        self._kick_up()

    def _wrapped(self, one: Passing, hop: int, key: bytes, shelf: int) -> bytes | None:
        """As `Hops.pass_on`; None, counted, for one that is too large to be passed on."""
        try:
            return self.hops.pass_on(one, hop, key, shelf)
        except BundleRejected:
            self.store.count("relay", refused=1)
            return None

    # Calls

    def _call(self, number: int, payload: bytes, now: float) -> None:
        """A payload from below: upwards, with the number of the station that it is of."""
        self._spoke[number] = now
        found = self.calls.origin(number, payload)
        if found is None or not self.calls.allowed(*found, now):
            return
        sent = self.calls.up(*found)
        if sent is not None:
            self.call_up(sent)

    def call_down(self, payload: bytes, now: float) -> None:
        """A payload from above for a station below; who is not connected is said to be away."""
        found = self.calls.target(payload)
        if found is None or not self.calls.allowed(*found, now, down=True):
            return
        way = self.calls.down(*found)
        if way is None:
            return
        child, sent = way
        if self._reached(child, now):
            self.nodes[child].link.send_realtime(sent, now)
            self._kick(child)
        elif (answer := self.calls.away(*found)) is not None:
            self.call_up(answer)

    def _reached(self, child: int, now: float) -> bool:
        """Whether a station directly below has been heard lately."""
        node = self.nodes.get(child)
        if node is None:
            return False
        contact = node.link.measured().last_contact
        heard = max(self._spoke.get(child, -REACH_SECONDS), contact or -REACH_SECONDS)
        return now - heard < REACH_SECONDS

    # From above

    def above(self, passing: list[Passing], now: float) -> None:
        """Bundles for stations below; the last hop gets them as they are."""
        for one in passing:
            child = self.hops.below(one.recipient)
            entry = self.station.roster.station(child) if child else None
            if child is not None and entry is not None:
                self._down(one, child, entry.seal_key, now)
            elif self.hops.unheard(one.recipient):
                # Its roster entry is on the way, too, and was overtaken.
                self.spool.put(one.recipient, one.sealed, one.priority, self.station.clock())
            else:
                self.store.count("relay", refused=1)

    def _down(self, one: Passing, child: int, key: bytes, now: float) -> None:
        """Keep a bundle for the station directly below on its way, and let its link send."""
        if child == one.recipient:
            self.spool.put(child, one.sealed, one.priority, self.station.clock())
        else:
            tag = self._wrapped(one, child, key, child)
            if tag is None:
                return
            self.store.hop(child, tag, one.recipient, b"")
        self.store.count("relay", taken=1, bytes_in=len(one.sealed))
        if child in self.nodes:
            self.nodes[child].load(now, self.station.clock())
            self._kick(child)

    def sort_unknown(self, now: float) -> None:
        """The roster may have changed: send on what came for stations unknown until then.

        What stays unknown for as long as its author waits for a receipt is dropped.
        """
        wall = self.station.clock()
        for one in self.spool.outgoing():
            child = self.hops.below(one.peer)
            entry = self.station.roster.station(child) if child else None
            if one.peer == HUB or child == one.peer:
                continue
            if child is not None and entry is not None:
                sealed = self.spool.sealed(one.peer, one.tag)
                passing = Passing(one.peer, HUB, min(one.priority, 5), sealed or b"")
                self._down(passing, child, entry.seal_key, now)
            elif 0 <= wall - one.created < RELAYED_PATIENCE_SECONDS:
                continue
            else:
                self.store.count("relay", refused=1)
            self.spool.drop(one.peer, one.tag)


class RelayExchange(HopExchange):
    """A relay's dealings upwards: its own records, and everything that passes through."""

    def __init__(
        self, station: StationCore, node: SpooledLink, intake: Intake, core: RelayCore
    ) -> None:
        """`core` passes on what is not for this station."""
        super().__init__(station, node, intake, station.settings.hub_seal, core.hops)
        self.core = core

    def handle(self, event: LinkEvent, now: float) -> Arrival | None:
        """A bundle from above is the hub's for this station, or a hop's for stations below."""
        if not isinstance(event, BundleArrived):
            return super().handle(event, now)
        parts = self.peek(event.sealed)
        if parts is None and self.core.upstream != HUB:
            parts = self.hops.unpassed(event.sealed, self.core.upstream)
        if parts is None:
            self.node.refuse(event.tag, REFUSE_UNREADABLE)
            return Arrival(refused=1)
        passing, mine = split(parts)
        self.core.above(passing, now)
        arrival = self.intake.take(mine, self.peer) if mine else Arrival()
        if any(record.kind in ROSTER_KINDS for record in arrival.new):
            self.core.sort_unknown(now)
        self.settled(event.tag, arrival, now)
        self.fill(now)
        return arrival


class RelayPump(Pump):
    """The link upwards."""

    def __init__(self, core: RelayCore, road: LinkRoad | None = None) -> None:
        """Nothing is opened before `start`."""
        super().__init__(core.station, lambda arrival: None, road)
        self.core = core
        self.on_realtime = self._call
        core.call_up = self.send_realtime

    def _call(self, payload: bytes) -> None:
        self.core.call_down(payload, asyncio.get_running_loop().time())

    def _exchange(self, node: SpooledLink) -> Exchange:
        return RelayExchange(self.station, node, Intake(self.station), self.core)

    def offer(self) -> None:
        """Something was put into the spool for the hop above: let the link send it."""
        if self.exchange is not None:
            now = asyncio.get_running_loop().time()
            self.exchange.node.load(now, self.station.clock())
            asyncio.get_running_loop().call_soon(self._kick_quietly)

    def _kick_quietly(self) -> None:
        with suppress(DiskFull, XtError):
            self.kick()
