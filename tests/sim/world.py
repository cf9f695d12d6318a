"""A realm in virtual time from one seed: a hub, posts, desks, bad roads, trouble, then healing.

    World(seed, folder).run()    raises Violation, or returns what happened

Phase one: clinicians act while roads lose, duplicate, corrupt, truncate and reorder, links go down,
addresses change, clocks jump a year, and processes end at any write. Phase two: the roads are
sound, everybody runs; within a budget of time and bytes all logs must agree.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from pathlib import Path
from random import Random

from tests.sim import people
from tests.sim.checks import Checks, must, verify
from tests.sim.joining import Newcomer, join, make_hub
from tests.sim.nodes import NEVER, WAYS, Clock, Outpost
from tests.sim.relays import RelayNode
from tests.sim.servers import HubNode
from tests.sim.wires import Road
from xtcli.records.sign import Record
from xtcli.station.home import Home
from xtcli.station.intake import Arrival
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES, Outages, Profile
from xtcli.transport.link.frames import OVERHEAD_BYTES

LINKS = ("lan", "gprs", "edge", "lossy3g", "satphone", "geo", "awful", "outage")

HEAL_S = 3_600.0
"""After this much virtual time with sound roads all logs must agree."""
HEAL_STEP_S = 5.0
HEAL_BYTES = 400_000
"""Bytes on all roads that healing may cost at the least; see `_budget`."""
STEPS_MAX = 400_000
YEAR_S = 365 * 86_400.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run that ended well looked like."""

    seed: int
    links: tuple[str, ...]
    cases: int
    records: int
    crashes: int
    saved: int
    trouble_s: float
    heal_s: float
    trouble_bytes: int
    heal_bytes: int
    steps: int


class World:
    """See the module. `link` gives every station the same road; otherwise the seed chooses."""

    heal_s = HEAL_S

    def __init__(self, seed: int, folder: Path, link: str = "") -> None:
        """Make the hub and enrol the first stations; the folder must be empty."""
        self.seed = seed
        self.folder = folder
        self.random = Random(f"xt simulation {seed}")
        self.link = link
        self.clock = Clock()
        self.plan: list[tuple[float, int, Callable[[], None]]] = []
        self.planned = 0
        self.steps = 0
        self.healing = False
        self.blobs = folder / "files"
        self.blobs.mkdir(parents=True)
        self.hub = HubNode(
            make_hub(Home(folder / "hub"), seed), self.clock, Random(self.random.random())
        )
        self.checks = Checks(self.hub)
        self.checks.watch(self.hub)
        self.hub.tell_record = self._hub_told
        self.hub.road_send = self._down
        self.outposts: dict[int, Outpost] = {}
        """Posts, desks and relays."""
        self.parents: dict[int, HubNode | RelayNode] = {}
        self.roads: dict[tuple[int, int], Road] = {}
        """By station and index of `WAYS`."""
        self.links: list[str] = []
        self.begin()

    def begin(self) -> None:
        """Enrol the first stations."""
        self.posts = self.random.randrange(2, 4)
        for place in range(self.posts):
            self.enrol("post", f"村{place}", ())
        self.enrol("desk", "心内诊台", (people.DEPTS[0],))
        self.enrol("desk", "儿科诊台", (people.DEPTS[1],))

    # Making the realm

    def enrol(self, kind: str, name: str, depts: tuple[str, ...], upstream: int = 1) -> Outpost:
        """Invite a station and let it join, as two commands do while the hub may be serving."""
        random = Random(f"{self.seed} {name}")
        home = Home(self.folder / name)
        number = join(self.hub, home, Newcomer(name, kind, depts, upstream), random)
        return self._settle_in(number, home, random, depts, upstream)

    def _settle_in(
        self, number: int, home: Home, random: Random, depts: tuple[str, ...], upstream: int
    ) -> Outpost:
        """A joined station gets a process and a road to the hub or relay above it."""
        outpost: Outpost
        if home.settings().kind == "hub":
            outpost = RelayNode(home, self.clock, random)
            outpost.down_send = self._down
        else:
            outpost = Outpost(home, self.clock, random)
        outpost.on_arrival = self._arrived
        outpost.road_send = self._up
        self.outposts[number] = outpost
        above = self.outposts.get(upstream)
        self.parents[number] = above if isinstance(above, RelayNode) else self.hub
        self.checks.watch(outpost)
        if depts:
            self.checks.depts[number] = depts
        self.links.append(self.link or self.random.choice(LINKS))
        self.roads[number, 0] = Road(self._road(number, PROFILES[self.links[-1]]))
        outpost.start()
        return outpost

    def _road(self, number: int, profile: Profile) -> Duplex:
        """A bad road: duplicates and flipped bits, and an outage of its own on some."""
        draw = self.random
        if profile.outages is None and draw.random() < 0.3:
            start = draw.uniform(10, 300)
            profile = replace(profile, outages=Outages(((start, start + draw.uniform(5, 400)),)))
        return Duplex(
            profile, seed=draw.randrange(2**31), duplicate=draw.choice((0.0, 0.02, 0.2)),
            corrupt=draw.choice((0.0, 0.01, 0.1)),
        )  # fmt: skip

    # Datagrams

    def _up(self, outpost: Outpost, datagram: bytes) -> None:
        if self.cut(outpost.number):
            return
        road = self.roads[outpost.number, outpost.way]
        road.send_up(datagram, self.clock.at)
        if not self.healing and self.random.random() < 0.003:
            road.send_up(datagram[: self.random.randrange(len(datagram))], self.clock.at)

    def _down(self, station: int, address: int, datagram: bytes) -> None:
        if self.outposts[station].address == address and not self.cut(station):
            self.roads[station, address % len(WAYS)].send_down(datagram, self.clock.at)

    def cut(self, station: int) -> bool:
        """Whether a partition keeps a station from what is above it."""
        return False

    def _deliver(self) -> None:
        at = self.clock.at
        for (number, way), road in self.roads.items():
            outpost, above = self.outposts[number], self.parents[number]
            address = outpost.place * len(WAYS) + way
            for datagram in road.arrived_up(at):
                if isinstance(above, RelayNode):
                    above.receive_below(datagram, address)
                else:
                    above.receive(datagram, address)
            for datagram in road.arrived_down(at):
                if outpost.way == way:
                    outpost.receive(datagram)

    # What is seen

    def _arrived(self, outpost: Outpost, arrival: Arrival) -> None:
        self.checks.arrived(outpost.number, arrival.new)

    def _hub_told(self, record: Record) -> None:
        self.checks.arrived(1, [record])

    def nodes(self) -> list[HubNode | Outpost]:
        """Every station."""
        return [self.hub, *self.outposts.values()]

    # Time

    def at(self, when: float, what: Callable[[], None]) -> None:
        """Do something at a second."""
        self.planned += 1
        heappush(self.plan, (when, self.planned, what))

    def run_until(self, end: float) -> None:
        """Let everything happen up to a second."""
        while True:
            due = self._next()
            if due > end:
                self.clock.at = end
                return
            self.steps += 1
            must(self.steps < STEPS_MAX, "the simulation does not come to an end")
            self.clock.at = max(self.clock.at, due)
            while self.plan and self.plan[0][0] <= self.clock.at:
                heappop(self.plan)[2]()
            self._deliver()
            for node in self.nodes():
                if node.next_due() <= self.clock.at:
                    node.act()
            self._restart_crashed()

    def _next(self) -> float:
        times = [self.plan[0][0] if self.plan else NEVER]
        times += [node.next_due() for node in self.nodes()]
        arrivals = [road.duplex.next_timer() for road in self.roads.values()]
        return min(*times, *(at for at in arrivals if at is not None))

    def _restart_crashed(self) -> None:
        """A process that ended by itself is started again after a while."""
        for node in self.nodes():
            if not node.up and node.fuse.blown and not node.restarting:
                node.restarting = True
                pause = 0.0 if self.healing else self.random.expovariate(1 / 20)
                self.at(self.clock.at + pause, lambda node=node: self._start(node))  # type: ignore[misc]

    def _start(self, node: HubNode | Outpost) -> None:
        node.restarting = False
        if not node.up:
            node.start()
            self.checks.restarted(node)

    # Phase one

    def trouble(self) -> float:
        """Plan what people do and what goes wrong; until when."""
        draw = self.random
        end = draw.choice((60.0, 300.0, 900.0))
        self._start(self.hub)
        actions = draw.choice((4, 8, 12, 16, 40))
        for _ in range(actions):
            self.at(draw.uniform(0, end), self._act)
        for _ in range(draw.choice((0, 2, 6))):
            self.at(draw.uniform(0, end), self._arm)
        for _ in range(draw.choice((0, 1, 3))):
            self.at(draw.uniform(0, end), self._move)
        for _ in range(draw.choice((0, 0, 2))):
            self.at(draw.uniform(0, end), self._step_clock)
        for _ in range(draw.choice((0, 5))):
            self.at(draw.uniform(0, end), self._garbage)
        for _ in range(draw.choice((0, 1))):
            self.at(draw.uniform(0, end), self._reboot)
        if draw.random() < 0.3:
            self.at(draw.uniform(0, end), self._late_desk)
        return end

    def _act(self) -> None:
        outpost = self.random.choice(self.people())
        item = people.act(outpost, self.random, self.blobs)
        if item is not None:
            self.checks.saved(outpost, item)

    def people(self) -> list[Outpost]:
        """Stations where somebody works."""
        return [one for one in self.outposts.values() if not isinstance(one, RelayNode)]

    def _anybody(self) -> HubNode | Outpost:
        """The hub as often as all others together."""
        if self.random.random() < 0.5:
            return self.hub
        return self.random.choice(list(self.outposts.values()))

    def _arm(self) -> None:
        writes = int(self.random.expovariate(1 / 15))
        self._anybody().fuse.arm(writes, after=self.random.random() < 0.5)

    def _move(self) -> None:
        self.random.choice(list(self.outposts.values())).place += 1

    def _step_clock(self) -> None:
        self._anybody().step += self.random.choice((-YEAR_S, YEAR_S, -3600.0, 40.0))

    def _garbage(self) -> None:
        size = self.random.randrange(OVERHEAD_BYTES * 60)
        self.hub.receive(self.random.randbytes(size), -1)

    def _reboot(self) -> None:
        """An orderly end and a new start some time later."""
        node = self._anybody()
        if node.up:
            node.stop()
            node.restarting = True
            self.at(self.clock.at + self.random.uniform(0, 60), lambda: self._start(node))

    def _late_desk(self) -> None:
        """A desk joins while the hub serves; it must learn of the open cases."""
        if self.hub.up:
            self.enrol("desk", "新诊台", (people.DEPTS[0],))

    # Phase two

    def sound(self) -> None:
        """Sound roads and running processes from now on."""
        self.healing = True
        self.plan.clear()
        for key, road in self.roads.items():
            clean = replace(road.duplex.profile, outages=None)
            self.roads[key] = Road(Duplex(clean, seed=self.seed), road.bytes_sent(), road.kind)
        for node in self.nodes():
            node.restarting = False
            node.fuse.left = -1
            self._start(node)
        for outpost in self.outposts.values():
            outpost.syncing = True
            outpost.look()
            outpost.polls.again()
            outpost.due = self.clock.at

    def heal(self) -> float:
        """Sound roads and running processes, until all logs agree; how long it took."""
        start, before = self.clock.at, self.bytes_sent()
        self.sound()
        budget = self._budget()
        while not self.settled():
            late = self.clock.at - start >= self.heal_s
            must(not late, f"not settled after {self.heal_s} s: {self.owed()}")
            self.run_until(self.clock.at + HEAL_STEP_S)
            spent = self.bytes_sent() - before
            must(spent < budget, f"healing cost {spent} bytes, more than {budget}: {self.owed()}")
        return self.clock.at - start

    def _budget(self) -> int:
        """Bytes that healing may cost: a few times what is still to be told, and keep-alives."""
        waiting = 0
        for node in self.nodes():
            assert node.spool is not None
            assert node.station is not None
            peers = [1] if isinstance(node, Outpost) else list(self.outposts)
            waiting += sum(node.station.log.waiting(peer).size for peer in peers)
        return HEAL_BYTES + 10 * waiting

    def settled(self) -> bool:
        """Nothing waits anywhere."""
        return not any(node.waiting() for node in self.nodes())

    def owed(self) -> dict[int, int]:
        """How much waits, by station."""
        return {node.number: node.waiting() for node in self.nodes()}

    def bytes_sent(self) -> int:
        """IP bytes on all roads so far."""
        return sum(road.bytes_sent() for road in self.roads.values())

    # All of it

    def run(self) -> Outcome:
        """Both phases and every check."""
        try:
            end = self.trouble()
            self.run_until(end)
            spent = self.bytes_sent()
            heal_s = self.heal()
            self.checks.agree()
            self.checks.confirmed_everywhere()
            for node in self.nodes():
                assert node.station is not None
                verify(node.station)
            assert self.hub.station is not None
            log = self.hub.station.log
            return Outcome(
                self.seed, tuple(self.links), log.count(), len(self.checks.auditors[1].digests()),
                sum(n.crashes for n in self.nodes()),
                sum(len(n.said) for n in self.outposts.values()), end, heal_s, spent,
                self.bytes_sent() - spent, self.steps,
            )  # fmt: skip
        finally:
            self.close()

    def close(self) -> None:
        """End every process and delete the folder."""
        for node in self.nodes():
            node.die()
        self.checks.close()
        shutil.rmtree(self.folder, ignore_errors=True)
