"""A realm with every road at once, in virtual time from one seed.

Besides what `World` has: relays between stations and the hub, one or two in a row; a second road of
datagrams (HTTPS or a line) that links change to and from; sticks that are carried between stations;
short messages; partitions that cut groups off; weeks in which everything is switched off. Some
stations have no link at all, not even after healing: then a stick goes round.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.sim import people
from tests.sim.checks import must
from tests.sim.fuse import Fuse
from tests.sim.messages import Messenger, Network
from tests.sim.nodes import NEVER, WALL_START, WAYS, Node, Outpost
from tests.sim.relays import RelayNode
from tests.sim.sticks import Stick, visit
from tests.sim.wires import Road, second_profile
from tests.sim.world import Outcome, World
from xtcli.station.intake import Arrival
from xtcli.transport.emulator.core import Duplex

WEEK_S = 7 * 86_400.0
ROUND_S = 150.0
"""Pause between two rounds of the sound stick, which ends what has no link."""
TURNS = 4
"""Visits of each station in a round."""
SIZES = (70, 134, 134, 560, 1750)
"""Bytes of a short message: BeiDou's global ones, SMS, BeiDou's regional ones."""
MESSAGES_HEAL_MAX = 3_000
STICK_HEAL_BYTES = 4_000_000


@dataclass(frozen=True, slots=True)
class MixedOutcome(Outcome):
    """What a mixed run looked like."""

    relays: int
    depth: int
    sticks: int
    visits: int
    pulled: int
    messages: int
    switches: int
    partitions: int
    weeks: int
    linkless: int
    stick_bytes: int


class MixedWorld(World):
    """See the module."""

    heal_s = 12 * 3_600.0

    def __init__(self, seed: int, folder: Path, link: str = "") -> None:
        """Make the hub and enrol the first stations; the folder must be empty."""
        self.relays: list[RelayNode] = []
        self.sticks: list[Stick] = []
        self.messengers: dict[int, Messenger] = {}
        self.network = Network(Random(f"messages {seed}"), 134)
        self.cut_off: list[frozenset[int]] = []
        self.linkless: set[int] = set()
        self.switches = self.partitions = self.weeks = 0
        super().__init__(seed, folder, link)

    # Making the realm

    def begin(self) -> None:
        """Relays first, then stations at the hub or below a relay; roads besides the link."""
        draw = self.random
        above = 1
        for place in range(draw.choice((0, 0, 1, 1, 2))):
            relay = self.enrol("hub", f"苏木{place}", (), above)
            assert isinstance(relay, RelayNode)
            self.relays.append(relay)
            above = relay.number if draw.random() < 0.6 else 1
        for place in range(draw.randrange(2, 4)):
            self.enrol("post", f"村{place}", (), self._above())
        self.enrol("desk", "心内诊台", (people.DEPTS[0],), self._above())
        self.enrol("desk", "儿科诊台", (people.DEPTS[1],), self._above())
        for outpost in self.people():
            if draw.random() < 0.15:
                self.linkless.add(outpost.number)
        for outpost in self.outposts.values():
            if draw.random() < 0.4:
                self._second_road(outpost)
        for number in range(1 if self.linkless else draw.randrange(3)):
            self.sticks.append(Stick(self.folder / f"stick{number}"))
        if draw.random() < 0.6:
            self._with_messages()

    def _above(self) -> int:
        """Under whom a station comes."""
        return self.random.choice([1, *(relay.number for relay in self.relays)])

    def _second_road(self, outpost: Outpost) -> None:
        draw = self.random
        way = draw.choice((1, 2))
        first = self.roads[outpost.number, 0].duplex.profile
        duplex = Duplex(
            second_profile(WAYS[way], first), seed=draw.randrange(2**31),
            corrupt=draw.choice((0.0, 0.05)) if WAYS[way] == "serial" else 0.0,
        )  # fmt: skip
        self.roads[outpost.number, way] = Road(duplex, kind=WAYS[way])

    def _with_messages(self) -> None:
        """Modems at the hub and at some stations."""
        draw = self.random
        self.network = Network(
            Random(draw.random()), draw.choice(SIZES), loss=draw.choice((0.0, 0.1, 0.4)),
            double=draw.choice((0.0, 0.2)), damage=draw.choice((0.0, 0.05)),
            delay_s=draw.choice((3.0, 30.0, 300.0)),
        )  # fmt: skip
        some = draw.sample(self.people(), draw.randrange(1, 4))
        for node in [self.hub, *some]:
            messenger = Messenger(node, self.network, self.clock, self._told)
            messenger.fail = draw.choice((0.0, 0.2))
            messenger.pace_s = draw.choice((1.0, 10.0, 60.0))
            self.messengers[node.number] = messenger
            messenger.start()

    # What is seen

    def _told(self, node: Node, arrival: Arrival) -> None:
        """Another process than the link's has committed something."""
        self.checks.arrived(node.number, arrival.new)

    def _looked(self, node: Node) -> None:
        """All processes of a home notice what one of them wrote."""
        if isinstance(node, Outpost):
            node.look()
        if node.number in self.messengers:
            self.messengers[node.number].look()

    def _act(self) -> None:
        super()._act()
        for messenger in self.messengers.values():
            messenger.look()

    # Time

    def cut(self, station: int) -> bool:
        """Partitions, and stations without a link."""
        if station in self.linkless:
            return True
        above = self.parents[station].number
        return any((station in group) != (above in group) for group in self.cut_off)

    def _next(self) -> float:
        messengers = [one.next_due() for one in self.messengers.values()]
        return min(super()._next(), self.network.next_due(), *messengers, NEVER)

    def _deliver(self) -> None:
        super()._deliver()
        by_address = {one.address: one for one in self.messengers.values()}
        for sender, to, data in self.network.pop(self.clock.at):
            if to in by_address:
                by_address[to].receive(sender, data)
        for messenger in self.messengers.values():
            if messenger.next_due() <= self.clock.at:
                messenger.act()
                self._looked(messenger.node)

    def _restart_crashed(self) -> None:
        super()._restart_crashed()
        for messenger in self.messengers.values():
            if messenger.short is None and messenger.fuse.blown:
                messenger.start()

    # Phase one

    def trouble(self) -> float:
        """As in `World`, and what happens on the other roads."""
        end = super().trouble()
        draw = self.random
        self._some(end, (0, 3, 12) if self.sticks else (0,), self._carry)
        self._some(end, (0, 2, 6), self._switch)
        self._some(end, (0, 1, 2), lambda: self._partition(end))
        self._some(end, (0, 2), self._messenger_trouble)
        if draw.random() < 0.25:
            self.at(draw.uniform(0, end), self._duplicate_stick)
        return end

    def _some(self, end: float, counts: tuple[int, ...], what: Callable[[], None]) -> None:
        for _ in range(self.random.choice(counts)):
            self.at(self.random.uniform(0, end), what)

    def _carry(self) -> None:
        """Somebody goes with a stick from station to station."""
        draw, stick = self.random, self.random.choice(self.sticks)
        one = draw.choice(self.people())
        routes: tuple[list[Node], ...] = (
            [one, self.hub, one], [one, self.hub], [self.hub, one],
            [one, draw.choice(self.people()), self.hub, one], [draw.choice(self.people())],
            [one, *self.relays, self.hub, *self.relays[::-1], one],
        )  # fmt: skip
        route = draw.choice(routes)
        if draw.random() < 0.15:
            stick.spoil(draw)
        stick.room = draw.choice((None, None, None, 900, 20_000))
        at = self.clock.at
        for stop in route:
            self.at(at, lambda stop=stop: self._visit(stop, stick))  # type: ignore[misc]
            at += draw.choice((5.0, 60.0, 600.0))

    def _visit(self, node: Node, stick: Stick) -> None:
        draw = self.random
        fuse = Fuse()
        if not self.healing:
            stick.pull_at = draw.randrange(25) if draw.random() < 0.2 else -1
            stick.torn = draw.random() < 0.5
            if draw.random() < 0.1:
                fuse.arm(int(draw.expovariate(1 / 15)), after=draw.random() < 0.5)
        visit(node, stick, self._told, fuse, WALL_START + self.clock.at)
        self._looked(node)

    def _duplicate_stick(self) -> None:
        if self.sticks:
            copy = self.random.choice(self.sticks).copy_to(self.folder / "copied")
            self.sticks.append(copy)

    def _switch(self) -> None:
        """A link changes to another road that its station has."""
        outpost = self.random.choice(list(self.outposts.values()))
        ways = [way for number, way in self.roads if number == outpost.number]
        way = self.random.choice(ways)
        if outpost.up and way != outpost.way:
            outpost.switch(way)
            self.switches += 1

    def _partition(self, end: float) -> None:
        """Some stations, and everything below them, lose sight of the others for a while."""
        draw = self.random
        everybody = list(self.outposts)
        group = frozenset(draw.sample(everybody, draw.randrange(1, len(everybody))))
        self.cut_off.append(group)
        self.partitions += 1
        until = self.clock.at + draw.choice((30.0, 300.0, end))
        self.at(until, lambda: self.cut_off.remove(group))

    def _messenger_trouble(self) -> None:
        """A modem's process ends at a write or is started again; a SIM is changed."""
        if not self.messengers:
            return
        draw = self.random
        messenger = draw.choice(list(self.messengers.values()))
        what = draw.randrange(3)
        if what == 0:
            messenger.fuse.arm(int(draw.expovariate(1 / 15)), after=draw.random() < 0.5)
        elif what == 1:
            messenger.stop()
            messenger.start()
        elif messenger.node is not self.hub:
            messenger.moved += 1

    def run_until(self, end: float) -> None:
        """In trouble, everything may be switched off for a week in the middle."""
        if self.healing or self.random.random() >= 0.15:
            super().run_until(end)
            return
        super().run_until((self.clock.at + end) / 2)
        self._week()
        super().run_until(end + WEEK_S)

    def _week(self) -> None:
        """Nobody works for a week: all processes end, time passes, they start again."""
        self.weeks += 1
        for node in self.nodes():
            node.stop()
        for messenger in self.messengers.values():
            messenger.stop()
        self.clock.at += WEEK_S
        self.plan = [(when + WEEK_S, number, what) for when, number, what in self.plan]
        for node in self.nodes():
            self._start(node)
        for messenger in self.messengers.values():
            messenger.start()

    # Phase two

    def heal(self) -> float:
        """As in `World`; the networks of short messages are sound, a sound stick goes round."""
        self.cut_off.clear()
        self.network.loss = self.network.double = self.network.damage = 0.0
        sent, put = self.network.sent, self.stick_bytes()
        for messenger in self.messengers.values():
            messenger.fail = 0.0
            messenger.stop()
            messenger.start()
        took = super().heal()
        sent, put = self.network.sent - sent, self.stick_bytes() - put
        must(sent < MESSAGES_HEAL_MAX, f"healing cost {sent} short messages")
        must(put < STICK_HEAL_BYTES, f"healing cost {put} bytes on sticks")
        return took

    def sound(self) -> None:
        """Roads, processes and plans of the healing phase."""
        super().sound()
        for relay in self.relays:
            relay.unreachable = self.linkless
        if self.linkless:
            self.sticks.append(Stick(self.folder / "sound"))
            self.at(self.clock.at + 1.0, self._round)

    def _round(self) -> None:
        """One stick to every station without a link and to the hub, several times."""
        stick = self.sticks[-1]
        for _ in range(TURNS):
            for number in sorted(self.linkless):
                self._visit(self.outposts[number], stick)
            self._visit(self.hub, stick)
        self.hub.looked = -NEVER
        self.at(self.clock.at + ROUND_S, self._round)

    def _budget(self) -> int:
        """Every hop has its own copy."""
        return super()._budget() * (1 + len(self.relays))

    def stick_bytes(self) -> int:
        """Bytes written to all sticks."""
        return sum(stick.bytes_written for stick in self.sticks)

    # All of it

    def run(self) -> MixedOutcome:
        """Both phases and every check."""
        plain = super().run()
        values = {name: getattr(plain, name) for name in Outcome.__dataclass_fields__}
        return MixedOutcome(
            **values, relays=len(self.relays), depth=self._depth(), sticks=len(self.sticks),
            visits=sum(stick.visits for stick in self.sticks),
            pulled=sum(stick.pulled for stick in self.sticks), messages=self.network.sent,
            switches=self.switches, partitions=self.partitions, weeks=self.weeks,
            linkless=len(self.linkless), stick_bytes=self.stick_bytes(),
        )  # fmt: skip

    def _depth(self) -> int:
        """Hops between the farthest station and the hub."""
        deepest = 0
        for node in self.outposts.values():
            hops, above = 0, self.parents[node.number]
            while isinstance(above, RelayNode):
                hops, above = hops + 1, self.parents[above.number]
            deepest = max(deepest, hops)
        return deepest

    def close(self) -> None:
        """End every process and delete the folder."""
        for messenger in self.messengers.values():
            messenger.die()
        super().close()
