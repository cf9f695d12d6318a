"""The hub's process, and the serving side that a relay has too: links by station, and the way back.

Everything in them is real; what the shells `transport.driving` and `hub.serving` do is done here.
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Protocol

from tests.sim.fuse import Crash, fused
from tests.sim.nodes import LOOK_S, NEVER, Clock, Node
from xtcli.errors import XtError
from xtcli.hub.core import HubCore
from xtcli.hub.hub import HubStation
from xtcli.records.sign import Record
from xtcli.station.home import Home
from xtcli.transport.link.events import LinkEvent, Received
from xtcli.transport.link.frames import MAC_BYTES, kind_of, sender_of
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool

RoadSend = Callable[[int, int, bytes], None]
"""Station, address, datagram."""


class Core(Protocol):
    """What decides about the links of a server."""

    def find_link(self, station: int) -> SpooledLink | None:
        """The link of a station that speaks for the first time."""

    def happened(self, station: int, events: list[LinkEvent]) -> None:
        """What happened on one link."""


class Links:
    """As `transport.driving.LinkServer`; an address is only a number here."""

    def __init__(self, node: Node, core: Core, send: RoadSend) -> None:
        """No station has spoken yet."""
        self.node = node
        self.core = core
        self.road_send = send
        self.links: dict[int, SpooledLink] = {}
        self.timers: dict[int, float] = {}
        self.addresses: dict[int, int] = {}
        self._handling: set[int] = set()

    def receive(self, datagram: bytes, address: int) -> None:
        """A datagram from `address`."""
        station, now = sender_of(datagram), self.node.mono()
        if kind_of(datagram) is None or station is None or len(datagram) < MAC_BYTES:
            return
        link = self.links.get(station) or self._attach(station)
        verdict = link.receive(datagram, now) if link is not None else Received.INVALID
        if link is None or verdict is Received.INVALID:
            return
        if verdict is Received.FRESH:
            self.addresses[station] = address
        else:
            answer = link.link.resync(now)
            if answer is not None and len(answer) <= len(datagram):
                self.node.fuse.tick(lambda: self.road_send(station, address, answer))
        self.run(station)

    def _attach(self, station: int) -> SpooledLink | None:
        link = self.core.find_link(station)
        if link is not None:
            self.links[station] = link
        return link

    def kick(self, station: int) -> None:
        """Asked by the core."""
        link = self.links.get(station) or self._attach(station)
        if link is not None and station in self.addresses:
            self.run(station)

    def detach(self, station: int) -> None:
        """Asked by the core."""
        link = self.links.pop(station, None)
        self.timers.pop(station, None)
        self.addresses.pop(station, None)
        if link is not None:
            link.close()

    def run(self, station: int) -> None:
        """Hand out events, send what may leave, set the timer."""
        if station in self._handling:
            return
        link, now = self.links[station], self.node.mono()
        self._handling.add(station)
        try:
            while happened := link.events(now):
                self.core.happened(station, happened)
        finally:
            self._handling.discard(station)
        while (datagram := link.send(now)) is not None:
            self._send(station, datagram)
        due = link.next_timer(now)
        self.timers[station] = NEVER if due is None else max(due, now) - self.node.base + 1e-6

    def _send(self, station: int, datagram: bytes) -> None:
        address = self.addresses.get(station)
        if address is not None:
            self.node.fuse.tick(lambda: self.road_send(station, address, datagram))

    def due(self) -> float:
        """When the next timer rings."""
        return min(self.timers.values(), default=NEVER)

    def act(self) -> None:
        """Timers that ring now."""
        at = self.node.clock.at
        for station in [number for number, due in self.timers.items() if due <= at]:
            if station in self.links:
                self.run(station)

    def close(self) -> None:
        """An orderly end."""
        for link in self.links.values():
            link.close()


class HubNode(Node):
    """The hub's process: HubCore, and what `hub.serving` does around it."""

    def __init__(self, home: Home, clock: Clock, random: Random) -> None:
        """Down until `start`."""
        super().__init__(home, clock, random)
        self.station: HubStation | None = None
        self.spool: Spool | None = None
        self.core: HubCore | None = None
        self.looked = -NEVER
        self.troubles: list[str] = []
        self.tell_record: Callable[[Record], None] = lambda record: None
        self.road_send: RoadSend = lambda station, address, datagram: None
        self.links = Links(self, self, self.road_send)

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self.core is not None

    def start(self) -> None:
        """Open everything from disk; a Crash on the way leaves it down."""
        self.begin()
        self.links = Links(self, self, self.road_send)
        self.looked = -NEVER
        try:
            self.station = HubStation(self.home, clock=self.wall, entropy=self.random.randbytes)
            self.spool = Spool(self.home.spool_path)
            self.fused_station(self.station, self.spool)
            self.core = HubCore(
                self.station, self.spool, kick=self.links.kick, detach=self.links.detach,
                tell=self.tell_record, trouble=self.trouble,
            )  # fmt: skip
            fused(self.core.below.store, self.fuse)
        except Crash:
            self.die()

    def trouble(self, error: XtError) -> None:
        """Told by the core."""
        self.troubles.append(str(error))

    def die(self) -> None:
        """The process is gone; nothing more is written."""
        self.crashes += self.fuse.blown
        if self.core is not None:
            self.core.below.close()
        self.core = None
        if self.station is not None:
            self.station.close()
            self.station = None
        if self.spool is not None:
            self.spool.close()
            self.spool = None

    def stop(self) -> None:
        """An orderly end."""
        try:
            if self.core is not None:
                self.core.close(self.mono())
                self.links.close()
        except Crash:
            pass
        self.die()

    def find_link(self, station: int) -> SpooledLink | None:
        """Asked by the links."""
        assert self.core is not None
        return self.core.find(station, self.mono())

    def happened(self, station: int, events: list[LinkEvent]) -> None:
        """Told by the links."""
        assert self.core is not None
        self.core.events(station, events, self.mono())

    def receive(self, datagram: bytes, address: int) -> None:
        """A datagram from `address`."""
        if self.core is None:
            return
        try:
            self.links.receive(datagram, address)
        except Crash:
            self.die()

    def next_due(self) -> float:
        """When `act` is to be called."""
        if self.core is None:
            return NEVER
        flush = self.core.next_timer()
        commit = NEVER if flush is None else flush - self.base + 1e-6
        return min(commit, self.looked + LOOK_S, self.links.due())

    def act(self) -> None:
        """Timers: commits, links, what is done from time to time."""
        if self.core is None:
            return
        at = self.clock.at
        try:
            flush = self.core.next_timer()
            if flush is not None and flush <= self.mono():
                self.core.commit(self.mono())
            self.links.act()
            if at >= self.looked + LOOK_S:
                self.looked = at
                self.core.look(self.mono())
        except Crash:
            self.die()

    def look(self) -> None:
        """Another process of this home wrote something: seen at the next look."""

    def waiting(self) -> int:
        """Things that wait for any station's receipt, bundles in the spool, and gaps.

        A gap is a debt although nothing waits for it yet: receipts sent by short message end after
        a while, and the hub asks for one that was lost when its gap has stayed for half an hour.
        """
        if self.station is None or self.spool is None:
            return 1
        log = self.station.log
        stations = [entry.no for entry in self.station.roster.stations()]
        each = [log.waiting(number) for number in stations]
        gaps = sum(len(log.gaps(number)) for number in stations)
        return sum(w.records + w.blobs for w in each) + len(self.spool.outgoing()) + gaps
