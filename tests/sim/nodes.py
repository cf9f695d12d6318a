"""Processes of the simulation: a post's or desk's, and the hub's. Everything in them is real.

Only what a shell does is done here instead: moving datagrams, waiting for timers, polling as
`station.syncing` does, and sending as `transport.udp` does.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random

from tests.sim.fuse import Crash, Fuse, fused, fused_method
from xtcli.errors import XtError
from xtcli.hub.core import HubCore
from xtcli.hub.hub import HubStation
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record
from xtcli.station.exchange import Exchange
from xtcli.station.home import Home
from xtcli.station.intake import Arrival, Intake
from xtcli.station.routing import HUB
from xtcli.station.station import Station
from xtcli.station.syncing import POLL_PATIENCE_SECONDS, POLL_SECONDS, WATCH_POLL_SECONDS
from xtcli.transport.link.events import LinkEvent, Received
from xtcli.transport.link.frames import MAC_BYTES, kind_of, sender_of
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool

WALL_START = 1_800_000_000.0
"""What right clocks show at second 0."""
LOOK_S = 1.0
NEVER = float("inf")


@dataclass
class Clock:
    """Virtual time: `at` seconds since the start, the same for all."""

    at: float = 0.0


@dataclass
class Node:
    """What a post, desk and hub have in common. `step` is how wrong its clock is, in seconds."""

    home: Home
    clock: Clock
    random: Random
    number: int = HUB
    step: float = 0.0
    base: float = 0.0
    """What its monotonic clock shows at second 0; every start draws a new one."""
    crashes: int = 0
    restarting: bool = False
    fuse: Fuse = field(default_factory=Fuse)
    said: set[RecordId] = field(default_factory=set)
    """Records that a front end has told a person are saved."""

    def wall(self) -> float:
        """Its clock."""
        return WALL_START + self.clock.at + self.step

    def mono(self) -> float:
        """Its monotonic clock."""
        return self.base + self.clock.at

    def begin(self) -> None:
        """Before a process starts."""
        self.fuse = Fuse()
        self.base = self.random.uniform(0, 1e6)

    def fused_station(self, station: Station, spool: Spool) -> None:
        """Put the fuse before every write of the process."""
        fused(station.log, self.fuse)
        fused(spool, self.fuse)
        fused_method(station.blobs, "_write", self.fuse)
        fused_method(station.blobs, "_finish", self.fuse)


class Outpost(Node):
    """A post or desk that stays connected."""

    def __init__(self, home: Home, clock: Clock, random: Random) -> None:
        """Down until `start`."""
        super().__init__(home, clock, random)
        self.kind = home.settings().kind
        self.number = home.settings().number
        self.station: Station | None = None
        self.exchange: Exchange | None = None
        self.spool: Spool | None = None
        self.polled = -NEVER
        self.syncing = False
        """Poll as `xt sync` does, more often than one that watches."""
        self.address = 0
        self.due = 0.0
        self.on_arrival: Callable[[Outpost, Arrival], None] = lambda outpost, arrival: None
        self.road_send: Callable[[Outpost, bytes], None] = lambda outpost, datagram: None

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self.exchange is not None

    def start(self) -> None:
        """Open everything from disk; a Crash on the way leaves it down."""
        self.begin()
        try:
            self.station = Station(self.home, clock=self.wall, entropy=self.random.randbytes)
            self.spool = Spool(self.home.spool_path)
            self.fused_station(self.station, self.spool)
            settings = self.station.settings
            key = link_key(self.station.keys.station_seal, settings.hub_seal, settings.realm)
            link = Link(
                local=self.number, peer=HUB, key=key, now=self.mono(), entropy=self.random.randbytes
            )
            node = SpooledLink(link, self.spool)
            exchange = Exchange(self.station, node, Intake(self.station), settings.hub_seal)
            exchange.resume(self.mono())
            self.exchange = exchange
        except Crash:
            self.die()
            return
        self.polled = -NEVER
        self.due = self.clock.at

    def die(self) -> None:
        """The process is gone; nothing more is written."""
        self.crashes += self.fuse.blown
        self.exchange = None
        if self.station is not None:
            self.station.close()
            self.station = None
        if self.spool is not None:
            self.spool.close()
            self.spool = None

    def stop(self) -> None:
        """An orderly end."""
        if self.exchange is not None:
            with suppress(Crash):
                self.exchange.node.close()
        self.die()

    def receive(self, datagram: bytes) -> None:
        """A datagram from the hub's address."""
        if self.exchange is None:
            return
        try:
            verdict = self.exchange.node.receive(datagram, self.mono())
            if verdict is Received.OLD:
                answer = self.exchange.link.resync(self.mono())
                if answer is not None and len(answer) <= len(datagram):
                    self._send(answer)
            self._run()
        except Crash:
            self.die()

    def act(self) -> None:
        """A timer: poll if it is time, let the link send."""
        if self.exchange is None:
            return
        try:
            link = self.exchange.link
            now = self.clock.at
            pause = POLL_SECONDS if self.syncing else WATCH_POLL_SECONDS
            since = now - self.polled
            if since >= pause and (not link.polling or since >= POLL_PATIENCE_SECONDS):
                link.poll(self.mono())
                self.polled = now
            if not self.syncing:
                link.keep_alive_until(self.mono() + 60.0)
            self._run()
        except Crash:
            self.die()

    def look(self) -> None:
        """Something new is in the log."""
        if self.exchange is None:
            return
        try:
            self.exchange.fill(self.mono())
            self._run()
        except Crash:
            self.die()

    def _run(self) -> None:
        """As the pump of `transport.udp` and `station.pump` do."""
        assert self.exchange is not None
        node, now = self.exchange.node, self.mono()
        while happened := node.events(now):
            for event in happened:
                arrival = self.exchange.handle(event, now)
                if arrival is not None:
                    self.polled = -NEVER
                    self.on_arrival(self, arrival)
            self.exchange.note_sent()
        while (datagram := node.send(now)) is not None:
            self._send(datagram)
        self.exchange.note_sent()
        self._arm()

    def _arm(self) -> None:
        assert self.exchange is not None
        link = self.exchange.node.next_timer(self.mono())
        due = NEVER if link is None else link - self.base
        pause = POLL_SECONDS if self.syncing else WATCH_POLL_SECONDS
        if self.exchange.link.polling:
            pause = max(pause, POLL_PATIENCE_SECONDS)
        due = min(due, max(self.polled + pause, self.clock.at + 0.05))
        # A microsecond more, so that a timer is past and not just reached when it rings.
        self.due = max(due, self.clock.at) + 1e-6

    def _send(self, datagram: bytes) -> None:
        self.fuse.tick(lambda: self.road_send(self, datagram))

    def waiting(self) -> int:
        """Things that wait for the hub's receipt, and bundles in the spool."""
        if self.station is None or self.spool is None:
            return 1
        waiting = self.station.log.waiting(HUB)
        return waiting.records + waiting.blobs + len(self.spool.outgoing())


class HubNode(Node):
    """The hub's process: HubCore, and what the UDP server does around it."""

    def __init__(self, home: Home, clock: Clock, random: Random) -> None:
        """Down until `start`."""
        super().__init__(home, clock, random)
        self.station: HubStation | None = None
        self.spool: Spool | None = None
        self.core: HubCore | None = None
        self.links: dict[int, SpooledLink] = {}
        self.timers: dict[int, float] = {}
        self.addresses: dict[int, int] = {}
        self.looked = -NEVER
        self.troubles: list[str] = []
        self.tell_record: Callable[[Record], None] = lambda record: None
        self._handling: set[int] = set()
        self.road_send: Callable[[int, int, bytes], None] = lambda station, address, datagram: None

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self.core is not None

    def start(self) -> None:
        """Open everything from disk; a Crash on the way leaves it down."""
        self.begin()
        self.links, self.timers, self.addresses = {}, {}, {}
        self._handling = set()
        self.looked = -NEVER
        try:
            self.station = HubStation(self.home, clock=self.wall, entropy=self.random.randbytes)
            self.spool = Spool(self.home.spool_path)
            self.fused_station(self.station, self.spool)
            self.core = HubCore(
                self.station, self.spool, kick=self.kick, detach=self.detach,
                tell=self.tell_record, trouble=self.trouble,
            )  # fmt: skip
        except Crash:
            self.die()

    def trouble(self, error: XtError) -> None:
        """Told by the core."""
        self.troubles.append(str(error))

    def die(self) -> None:
        """The process is gone; nothing more is written."""
        self.crashes += self.fuse.blown
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
                for node in self.links.values():
                    node.close()
        except Crash:
            pass
        self.die()

    # As transport.udp.UdpServer

    def receive(self, datagram: bytes, address: int) -> None:
        """A datagram from `address`, which is only a number here."""
        if self.core is None:
            return
        try:
            self._received(datagram, address)
        except Crash:
            self.die()

    def _received(self, datagram: bytes, address: int) -> None:
        station = sender_of(datagram)
        if kind_of(datagram) is None or station is None or len(datagram) < MAC_BYTES:
            return
        node = self.links.get(station) or self._attach(station)
        verdict = node.receive(datagram, self.mono()) if node is not None else Received.INVALID
        if node is None or verdict is Received.INVALID:
            return
        if verdict is Received.FRESH:
            self.addresses[station] = address
        else:
            answer = node.link.resync(self.mono())
            if answer is not None and len(answer) <= len(datagram):
                self.fuse.tick(lambda: self.road_send(station, address, answer))
        self._run(station)

    def _attach(self, station: int) -> SpooledLink | None:
        assert self.core is not None
        node = self.core.find(station, self.mono())
        if node is not None:
            self.links[station] = node
        return node

    def kick(self, station: int) -> None:
        """Asked by the core."""
        node = self.links.get(station) or self._attach(station)
        if node is not None and station in self.addresses:
            self._run(station)

    def detach(self, station: int) -> None:
        """Asked by the core."""
        node = self.links.pop(station, None)
        self.timers.pop(station, None)
        self.addresses.pop(station, None)
        if node is not None:
            node.close()

    def _run(self, station: int) -> None:
        if station in self._handling:
            return
        node, now = self.links[station], self.mono()
        assert self.core is not None
        self._handling.add(station)
        try:
            while happened := node.events(now):
                self._hand_over(station, happened)
        finally:
            self._handling.discard(station)
        while (datagram := node.send(now)) is not None:
            self._send(station, datagram)
        due = node.next_timer(now)
        self.timers[station] = NEVER if due is None else max(due, now) - self.base + 1e-6

    def _hand_over(self, station: int, happened: list[LinkEvent]) -> None:
        assert self.core is not None
        self.core.events(station, happened, self.mono())

    def _send(self, station: int, datagram: bytes) -> None:
        address = self.addresses.get(station)
        if address is not None:
            self.fuse.tick(lambda: self.road_send(station, address, datagram))

    # As hub.serving.Server

    def due(self) -> float:
        """When `act` is to be called."""
        if self.core is None:
            return NEVER
        flush = self.core.next_timer()
        commit = NEVER if flush is None else flush - self.base + 1e-6
        return min(commit, self.looked + LOOK_S, *self.timers.values(), NEVER)

    def act(self) -> None:
        """Timers: commits, links, what is done from time to time."""
        if self.core is None:
            return
        at = self.clock.at
        try:
            flush = self.core.next_timer()
            if flush is not None and flush <= self.mono():
                self.core.commit(self.mono())
            for station in [number for number, due in self.timers.items() if due <= at]:
                self._run(station)
            if at >= self.looked + LOOK_S:
                self.looked = at
                self.core.look(self.mono())
        except Crash:
            self.die()

    def waiting(self) -> int:
        """Things that wait for any station's receipt, and bundles in the spool."""
        if self.station is None or self.spool is None:
            return 1
        log = self.station.log
        each = [log.waiting(entry.no) for entry in self.station.roster.stations()]
        return sum(w.records + w.blobs for w in each) + len(self.spool.outgoing())
