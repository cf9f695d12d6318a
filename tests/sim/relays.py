"""A relay's process: a hub to the stations below it, a station of its own to the hub above.

`RelayCore` and `RelayExchange` are real; what the shell `hub.relay_server` does is done here.
"""

from __future__ import annotations

from random import Random

from tests.sim.fuse import Crash, fused
from tests.sim.nodes import LOOK_S, NEVER, Clock, Outpost
from tests.sim.servers import Links, RoadSend
from xtcli.hub.relaying import RelayCore, RelayExchange
from xtcli.station.exchange import MEND_SECONDS, Exchange
from xtcli.station.home import Home
from xtcli.station.intake import Intake
from xtcli.station.roads_store import RoadStore
from xtcli.station.routing import HUB
from xtcli.transport.link.events import LinkEvent
from xtcli.transport.link.spooled import SpooledLink


class RelayNode(Outpost):
    """See the module. Its own road upwards is an outpost's."""

    def __init__(self, home: Home, clock: Clock, random: Random) -> None:
        """Down until `start`."""
        super().__init__(home, clock, random)
        self.core: RelayCore | None = None
        self.store: RoadStore | None = None
        self.down_send: RoadSend = lambda station, address, datagram: None
        self.links = Links(self, self, self.down_send)
        self.looked = self.mended = -NEVER
        self._versions = (-1, -1)
        self.unreachable: set[int] = set()
        """Stations that will not take what waits here for them: they have no link."""

    def make_exchange(self, node: SpooledLink) -> Exchange:
        """The dealings upwards; with them the core for those below."""
        assert self.station is not None
        assert self.spool is not None
        self.links = Links(self, self, self.down_send)
        self.looked = self.mended = -NEVER
        self._versions = (-1, -1)
        self.store = RoadStore(self.home.root)
        fused(self.store, self.fuse)
        self.core = RelayCore(self.station, self.spool, self.store, kick=self.links.kick,
                              kick_up=self._kick_up)  # fmt: skip
        return RelayExchange(self.station, node, Intake(self.station), self.core)

    def die(self) -> None:
        """The process is gone; nothing more is written."""
        super().die()
        self.core = None
        if self.store is not None:
            self.store.close()
            self.store = None

    def stop(self) -> None:
        """An orderly end."""
        try:
            if self.exchange is not None:
                self.links.close()
        except Crash:
            pass
        super().stop()

    def _kick_up(self) -> None:
        if self.exchange is not None:
            self.exchange.node.load(self.mono(), self.wall())
            self.due = self.clock.at

    # Stations below

    def find_link(self, station: int) -> SpooledLink | None:
        """Asked by the links."""
        assert self.core is not None
        return self.core.find(station, self.mono())

    def happened(self, station: int, events: list[LinkEvent]) -> None:
        """Told by the links."""
        assert self.core is not None
        self.core.below(station, events, self.mono())

    def receive_below(self, datagram: bytes, address: int) -> None:
        """A datagram of a station below."""
        if self.core is None:
            return
        try:
            self.links.receive(datagram, address)
        except Crash:
            self.die()

    # Time

    def next_due(self) -> float:
        """When `act` is to be called."""
        if not self.up:
            return NEVER
        return min(super().next_due(), self.links.due(), self.looked + LOOK_S)

    def act(self) -> None:
        """Timers of the links below and above, and what is done from time to time."""
        if self.core is None:
            return
        try:
            self.links.act()
            if self.clock.at >= self.looked + LOOK_S:
                self.looked = self.clock.at
                self._look()
        except Crash:
            self.die()
        super().act()

    def _look(self) -> None:
        """As `RelayServer._look`: what other processes of this home wrote, and mending."""
        assert self.exchange is not None
        assert self.station is not None
        assert self.spool is not None
        assert self.core is not None
        now = self.mono()
        versions = self.station.log.data_version(), self.spool.data_version()
        if versions != self._versions:
            self._versions = versions
            self.exchange.node.load(now, self.wall())
            self.exchange.fill(now)
            for number, node in list(self.core.nodes.items()):
                node.load(now, self.wall())
                self.links.kick(number)
            for number in self.core.strangers():
                self.core.nodes.pop(number, None)
                self.links.detach(number)
            self.due = self.clock.at
        if self.clock.at - self.mended > MEND_SECONDS:
            self.mended = self.clock.at
            self.exchange.mend()

    def waiting(self) -> int:
        """Its own records without receipt, and everything that passes through."""
        if self.spool is None or self.station is None:
            return 1
        mine = self.station.log.waiting(HUB)
        passing = [one for one in self.spool.outgoing() if one.peer not in self.unreachable]
        return mine.records + mine.blobs + len(passing)
