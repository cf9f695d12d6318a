"""Processes of the simulation: what holds the link of a post or desk. Everything in it is real.

Only what a shell does is done here instead: moving datagrams, waiting for timers, polling as
`station.syncing` does, and sending as `transport.udp` does. Hubs are in `servers` and `relays`.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from random import Random
from typing import Any

from tests.sim.fuse import Crash, Fuse, fused, fused_method
from xtcli.records.ids import RecordId
from xtcli.station.exchange import MEND_SECONDS, Exchange
from xtcli.station.home import Home
from xtcli.station.intake import Arrival, Intake
from xtcli.station.polls import Polls
from xtcli.station.roads_hops import RELAYED_PATIENCE_SECONDS
from xtcli.station.roads_link import RoadLink, hop_key, keep, tune
from xtcli.station.routing import HUB
from xtcli.station.station import Station
from xtcli.station.syncing import POLL_SECONDS, WATCH_POLL_SECONDS
from xtcli.transport.link.events import Received
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool

WALL_START = 1_800_000_000.0
"""What right clocks show at second 0."""
LOOK_S = 1.0
NEVER = float("inf")
WAYS = ("udp", "https", "serial")
"""Roads that carry a link's datagrams; an address says by which of them it is reached."""


@dataclass(frozen=True, slots=True)
class Way:
    """A road as `station.roads_link` wants to be told of it."""

    name: str
    rate_bps: float = 0.0


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
        fuse_all(station, self.fuse, spool)


def fuse_all(station: Station, fuse: Fuse, *holders: object) -> None:
    """Put a fuse before every write of a process: log, blobs, and what else it has open."""
    fused(station.log, fuse)
    fused_method(station.blobs, "_write", fuse)
    fused_method(station.blobs, "_finish", fuse)
    for holder in holders:
        fused(holder, fuse)


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
        self.polls = Polls()
        self.mended = -NEVER
        self.syncing = False
        """Poll as `xt sync` does, more often than one that watches."""
        self.place = 0
        """Counts the networks it has been in."""
        self.way = 0
        """Index of the road that the link uses now."""
        self.due = 0.0
        self.on_arrival: Callable[[Outpost, Arrival], None] = lambda outpost, arrival: None
        self.road_send: Callable[[Outpost, bytes], None] = lambda outpost, datagram: None

    @property
    def up(self) -> bool:
        """Whether the process runs."""
        return self.exchange is not None

    @property
    def address(self) -> int:
        """Where its datagrams come from: the road and the network it is in."""
        return self.place * len(WAYS) + self.way

    def start(self) -> None:
        """Open everything from disk; a Crash on the way leaves it down."""
        self.begin()
        try:
            self.station = Station(self.home, clock=self.wall, entropy=self.random.randbytes)
            self.spool = Spool(self.home.spool_path)
            self.fused_station(self.station, self.spool)
            settings = self.station.settings
            key = link_key(self.station.keys.station_seal, hop_key(settings), settings.realm)
            link = RoadLink(
                local=self.number, peer=HUB, key=key, now=self.mono(), entropy=self.random.randbytes
            )
            node = SpooledLink(link, self.spool)
            tune(link, self.home, self.road(), self.mono())
            exchange = self.make_exchange(node)
            exchange.resume(self.mono())
            self.exchange = exchange
        except Crash:
            self.die()
            return
        self.polls.again()
        self.due = self.mended = self.clock.at

    def make_exchange(self, node: SpooledLink) -> Exchange:
        """As `station.pump` does."""
        assert self.station is not None
        settings = self.station.settings
        exchange = Exchange(self.station, node, Intake(self.station), settings.hub_seal)
        if hop_key(settings) != settings.hub_seal:
            exchange.patience = RELAYED_PATIENCE_SECONDS
        return exchange

    def road(self) -> Any:
        """The road in use."""
        return Way(WAYS[self.way])

    def switch(self, way: int) -> None:
        """End the link on one road and take it up on another, as two commands do."""
        if self.exchange is not None and way != self.way:
            keep(self.exchange.link, self.home, self.road())
            self.stop()
            self.way = way
            self.start()

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
            if verdict in (Received.OLD, Received.AGAIN):
                answer = self.exchange.link.resync(self.mono())
                if answer is not None and len(answer) <= len(datagram):
                    self._send(answer)
            self._run()
        except Crash:
            self.die()

    def next_due(self) -> float:
        """When `act` is to be called."""
        return self.due if self.up else NEVER

    def act(self) -> None:
        """A timer rings."""
        try:
            if self.exchange is not None and self.due <= self.clock.at:
                self._timer(self.exchange)
        except Crash:
            self.die()

    @property
    def _poll_seconds(self) -> float:
        return POLL_SECONDS if self.syncing else WATCH_POLL_SECONDS

    def _timer(self, exchange: Exchange) -> None:
        """Poll if it is time, let the link send."""
        link, now = exchange.link, self.clock.at
        if self.polls.due(link, now, self._poll_seconds):
            link.poll(self.mono())
        if not self.syncing:
            link.keep_alive_until(self.mono() + 60.0)
        if now - self.mended > MEND_SECONDS:
            self.mended = now
            exchange.mend()
            for arrival in exchange.retry(self.mono()):
                self.on_arrival(self, arrival)
            exchange.fill(self.mono())
        self._run()

    def look(self) -> None:
        """Something new is in the log, or another process of this home changed the spool."""
        if self.exchange is None:
            return
        try:
            self.exchange.node.load(self.mono(), self.wall())
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
                arrival = self.exchange.act(event, now)
                if arrival is not None:
                    self.polls.again()
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
        asks = self.polls.due_at(self.exchange.link, self._poll_seconds)
        due = min(due, max(asks, self.clock.at + 0.05))
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
