"""Two real links with their spools over an emulated road, in virtual time, from one seed.

Crashes, restarts, stepped clocks and new addresses happen when a test or a bench says so. The
same code as on a real link runs; only sockets and clocks are missing. It knows nothing of what
the bundles mean.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from xtcli.transport.emulator.core import Duplex, Emulator
from xtcli.transport.link.events import BundleArrived, LinkConfig, LinkEvent, Received
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool

KEY = bytes(range(32))
STEPS_MAX = 5_000_000


@dataclass
class End:
    """One station of the simulation: its spool survives its crashes, its link does not."""

    local: int
    peer: int
    random: Random
    config: LinkConfig = field(default_factory=LinkConfig)
    clock_s: float = 0.0
    """What its clock shows at second 0; every restart draws a new one."""
    accepts: Callable[[BundleArrived], bool] = lambda event: True

    def __post_init__(self) -> None:
        """Start with an empty spool."""
        self.spool = Spool(":memory:")
        self.node: SpooledLink | None = None
        self.arrived: dict[bytes, list[float]] = {}
        """Times at which each bundle was accepted here; more than one is a fault."""
        self.taken: dict[bytes, float] = {}
        self.events: list[tuple[float, LinkEvent]] = []
        self.start(0.0)

    def start(self, at: float) -> None:
        """Begin a process: restore from the spool and offer what waits."""
        self.clock_s = self.random.uniform(0, 1e6)
        link = Link(
            local=self.local,
            peer=self.peer,
            key=KEY,
            now=self.now(at),
            entropy=self.random.randbytes,
            config=self.config,
        )
        self.node = SpooledLink(link, self.spool)
        self.node.load(self.now(at), at)

    def crash(self) -> None:
        """End the process with nothing written down that was not written already."""
        self.node = None

    def now(self, at: float) -> float:
        """This station's clock at second `at` of the simulation."""
        return self.clock_s + at

    @property
    def link(self) -> Link:
        """The link of the running process."""
        assert self.node is not None, "the process is down"
        return self.node.link

    def put(self, sealed: bytes, priority: int, at: float) -> bytes:
        """Give the running or the next process a bundle to send."""
        if self.node is None:
            return self.spool.put(self.peer, sealed, priority, at)
        return self.node.put(sealed, priority, self.now(at), at)

    def receive(self, datagram: bytes, at: float) -> Received:
        """A datagram arrives and is acted on."""
        if self.node is None:
            return Received.INVALID
        verdict = self.node.receive(datagram, self.now(at))
        self.act(at)
        return verdict

    def act(self, at: float) -> None:
        """Do what the station would do about events: accept bundles, note what was taken."""
        assert self.node is not None
        for event in self.node.events(self.now(at)):
            self.events.append((at, event))
            if isinstance(event, BundleArrived):
                if self.accepts(event):
                    self.arrived.setdefault(event.tag, []).append(at)
                    self.node.accept(event.tag)
            elif hasattr(event, "tag"):
                self.taken[event.tag] = at


class Simulation:
    """A post (1) and a hub (0) and the road between them."""

    def __init__(self, road: Duplex, seed: int = 0, config: LinkConfig | None = None) -> None:
        """Both processes run; nothing is queued."""
        random = Random(seed)
        self.road = road
        self.at = 0.0
        self.post = End(1, 0, Random(random.random()), config or LinkConfig())
        self.hub = End(0, 1, Random(random.random()), config or LinkConfig())
        self.resyncs = 0
        self._plan: list[tuple[float, int, Callable[[], None]]] = []
        self._planned = 0

    def plan(self, at: float, action: Callable[[], None]) -> None:
        """Call `action` at second `at`."""
        self._planned += 1
        heapq.heappush(self._plan, (at, self._planned, action))

    def run(self, until: float, stop: Callable[[], bool] = lambda: False) -> bool:
        """Go on until `stop()` or second `until`; whether it stopped."""
        for _ in range(STEPS_MAX):
            self._pump()
            if stop():
                return True
            at = self._next()
            if at is None or at > until:
                self.at = max(self.at, until) if at is not None else self.at
                return False
            self.at = max(self.at, at)
            while self._plan and self._plan[0][0] <= self.at:
                heapq.heappop(self._plan)[2]()
            self._deliver(self.road.up, self.post, self.hub, self.road.down)
            self._deliver(self.road.down, self.hub, self.post, self.road.up)
        raise RuntimeError("the simulation does not come to an end")

    def _deliver(self, way: Emulator, source: End, target: End, back: Emulator) -> None:
        for datagram in way.pop(self.at):
            verdict = target.receive(datagram, self.at)
            if verdict in (Received.OLD, Received.AGAIN) and target.node is not None:
                answer = target.link.resync(target.now(self.at))
                if answer is not None and len(answer) <= len(datagram):
                    self.resyncs += 1
                    back.push(answer, self.at)

    def _pump(self) -> None:
        for end, way in ((self.post, self.road.up), (self.hub, self.road.down)):
            if end.node is None:
                continue
            end.act(self.at)
            while (datagram := end.node.send(end.now(self.at))) is not None:
                way.push(datagram, self.at)

    def _next(self) -> float | None:
        times = [self.road.next_timer()]
        if self._plan:
            times.append(self._plan[0][0])
        for end in (self.post, self.hub):
            if end.node is not None:
                due = end.node.next_timer(end.now(self.at))
                times.append(None if due is None else due - end.clock_s + 1e-6)
        return min((t for t in times if t is not None), default=None)
