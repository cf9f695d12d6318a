"""Short messages in virtual time: a network that loses, doubles, delays and mixes up, and at each
station what `xt sync --via sms: --watch` runs, in a process of its own.

`ShortMessages` is the code that ships; the lines of a plug-in command are left out.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from heapq import heappop, heappush
from random import Random

from tests.sim.fuse import Crash, Fuse
from tests.sim.nodes import NEVER, Clock, Node, fuse_all
from tests.sim.sticks import open_beside
from xtcli.errors import BundleRejected
from xtcli.hub.roads import duties
from xtcli.station.intake import Arrival
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_sms import TO_HUB, ShortMessages, ToSend
from xtcli.station.roads_store import RoadStore
from xtcli.station.station import Station

DUE_S = 20.0
"""Pause between two looks of an idle process. The modem's shell looks more often."""
SOON_S = 0.2


@dataclass
class Network:
    """Carries single messages between addresses."""

    random: Random
    size: int
    loss: float = 0.0
    double: float = 0.0
    damage: float = 0.0
    delay_s: float = 5.0
    sent: int = 0
    flying: list[tuple[float, int, str, str, bytes]] = field(default_factory=list)

    def push(self, sender: str, to: str, data: bytes, at: float) -> None:
        """Take a message."""
        assert len(data) <= self.size, "longer than the network takes"
        draw = self.random
        self.sent += 1
        copies = 0 if draw.random() < self.loss else 1 + (draw.random() < self.double)
        for _ in range(copies):
            if draw.random() < self.damage:
                changed = bytearray(data)
                changed[draw.randrange(len(data))] ^= 1 << draw.randrange(8)
                data = bytes(changed)
            due = at + draw.expovariate(1 / self.delay_s)
            heappush(self.flying, (due, draw.getrandbits(32), sender, to, data))

    def pop(self, at: float) -> list[tuple[str, str, bytes]]:
        """(sender, to, message) of what has arrived."""
        found = []
        while self.flying and self.flying[0][0] <= at:
            _, _, sender, to, data = heappop(self.flying)
            found.append((sender, to, data))
        return found

    def next_due(self) -> float:
        """When the next one arrives."""
        return self.flying[0][0] if self.flying else NEVER


class Messenger:
    """The process with the modem at one station."""

    def __init__(self, node: Node, network: Network, clock: Clock,
                 tell: Callable[[Node, Arrival], None]) -> None:  # fmt: skip
        """Down until `start`."""
        self.node, self.network, self.clock, self.tell = node, network, clock, tell
        self.moved = 0
        self.pace_s = 4.0
        self.fail = 0.0
        self.fuse = Fuse()
        self.short: ShortMessages | None = None
        self._open: tuple[Station, Mail, RoadStore] | None = None
        self._queue: deque[ToSend] = deque()
        self._busy_until = 0.0
        self._look_at = 0.0

    @property
    def address(self) -> str:
        """Its number in the network; another SIM has another one."""
        return TO_HUB if self.node.number == 1 else f"s{self.node.number}-{self.moved}"

    def start(self) -> None:
        """Open everything from disk."""
        self.fuse = Fuse()
        station = open_beside(self.node)
        does = duties(station)
        mail, store = Mail(station, does.rule, does.inside), RoadStore(self.node.home.root)
        fuse_all(station, self.fuse, mail.spool, store)
        self._open = (station, mail, store)
        self.short = ShortMessages(mail, store, self.network.size)
        self._queue.clear()
        self._look_at = self.clock.at

    def die(self) -> None:
        """The process is gone."""
        self.node.crashes += self.fuse.blown
        self.short = None
        if self._open is not None:
            station, mail, store = self._open
            store.close()
            mail.close()
            station.close()
            self._open = None

    def stop(self) -> None:
        """An orderly end."""
        try:
            if self.short is not None:
                self.short.unsent(self._queue)
        except Crash:
            pass
        self.die()

    def look(self) -> None:
        """Something is new in the log or the spool."""
        self._look_at = min(self._look_at, self.clock.at + SOON_S)

    def receive(self, sender: str, data: bytes) -> None:
        """A message came."""
        if self.short is None:
            return
        try:
            arrival = self.short.receive(sender, data, self.node.wall())
        except BundleRejected:
            return
        except Crash:
            self.die()
            return
        if arrival is not None:
            self.tell(self.node, arrival)
        self.look()

    def next_due(self) -> float:
        """When `act` is to be called."""
        if self.short is None:
            return NEVER
        return min(self._look_at, self._busy_until if self._queue else NEVER)

    def act(self) -> None:
        """Look what is to be sent; hand one message over."""
        if self.short is None:
            return
        try:
            if self._look_at <= self.clock.at:
                self._look_at = self.clock.at + DUE_S
                self._queue += self.short.due(self.node.wall())
            if self._queue and self._busy_until <= self.clock.at:
                self._hand_over(self.short, self._queue.popleft())
        except Crash:
            self.die()

    def _hand_over(self, short: ShortMessages, one: ToSend) -> None:
        self._busy_until = self.clock.at + self.pace_s
        if self.network.random.random() < self.fail:
            return
        self.fuse.tick(lambda: self.network.push(self.address, one.to, one.data, self.clock.at))
        short.handed_over(one)
