"""The cases of the link's benchmark: each plays one thing over the emulator in virtual time.

The code that runs is the code of the real link and spool; only sockets and clocks are missing.
Each case takes a seed and returns plain figures; `scripts.bench.link` puts them beside the bars.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from random import Random

from scripts.bench.link_tcp import TcpReceiver, TcpSender
from scripts.bench.recordings import LINK as RECORDED
from xtcli.transport.emulator.capacity import Capacity
from xtcli.transport.emulator.core import Duplex, Emulator
from xtcli.transport.emulator.policer import Policer
from xtcli.transport.emulator.profiles import PROFILES, Profile
from xtcli.transport.link.frames import FrameError, Symbol, unpack_content
from xtcli.transport.link.simulate import End, Simulation

WARM_UP_BYTES = 20_000
FOREVER_S = 20_000.0
FAST = Profile("20 Mbit/s, 40 ms", 20e6, 20e6, 0.040, queue_s=0.2)


@dataclass
class Bulk:
    """One bundle moved from the post to the hub."""

    seconds: float
    """From the offer to accepted at the hub."""
    goodput: float
    """Payload rate after the first round trip, as a share of (1 - loss) x rate."""
    wire: float
    """IP bytes both ways over payload / (1 - loss)."""
    queue_p95_s: float
    bytes_up: int
    bytes_down: int
    cpu_s: float


def limit_s(link: Profile, size: int) -> float:
    """Least time to the hub: mean delay, then one datagram at (1 - loss) x rate."""
    rate = link.rate_up_bps or 1e12
    return link.delay_s + 8 * (size + 28) / (rate * (1 - link.loss))


def percentile(values: list[float], share: float) -> float:
    """The value below which `share` of the values lie."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def joined(link: Profile, seed: int, *, warm: bool) -> Simulation:
    """A post and a hub; `warm`: they have measured the link in an earlier process."""
    simulation = Simulation(Duplex(link, seed), seed)
    if warm:
        tag = simulation.post.put(Random(seed).randbytes(WARM_UP_BYTES), 3, 0.0)
        simulation.run(FOREVER_S, lambda: tag in simulation.post.taken)
        simulation.run(simulation.at + 5)
        for end in (simulation.post, simulation.hub):
            if end.node is not None:
                end.node.close()
            end.start(simulation.at)
    return simulation


def bulk(link: Profile, size: int, seed: int, *, priority: int = 5, warm: bool = True) -> Bulk:
    """Move `size` sealed bytes from the post to the hub."""
    simulation = joined(link, seed, warm=warm)
    road, begun = simulation.road, simulation.at
    up, down = road.up.counters.bytes_sent, road.down.counters.bytes_sent
    road.up.queue_delays.clear()
    cpu = time.process_time()
    tag = simulation.post.put(Random(seed + 1).randbytes(size), priority, begun)
    finished = simulation.run(begun + FOREVER_S, lambda: tag in simulation.post.taken)
    cpu = time.process_time() - cpu
    seconds = simulation.hub.arrived[tag][0] - begun if finished else FOREVER_S
    up = road.up.counters.bytes_sent - up
    down = road.down.counters.bytes_sent - down
    rate = (link.rate_up_bps or 1e12) * (1 - link.loss)
    return Bulk(
        seconds,
        size * 8 / rate / max(1e-9, seconds - 2 * link.delay_s),
        (up + down) * (1 - link.loss) / size,
        percentile(list(road.up.queue_delays), 0.95),
        up,
        down,
        cpu,
    )


def share_of_rate(one: Bulk, link: Profile, size: int) -> float:
    """Payload rate from the offer to accepted, delay included, as a share of the rate."""
    return size * 8 / one.seconds / (link.rate_up_bps or 1e12)


def slowest(seed: int, size: int = 3000, within_s: float = 300.0) -> float:
    """The lowest rate (bit/s, in steps of 5) that brings `size` bytes over in time, 5 % loss."""
    for rate in range(80, 400, 5):
        link = Profile("slow", rate, rate, 0.45, 0.05, 0.05, 3.0, queue_s=120.0)
        if bulk(link, size, seed, priority=1, warm=False).seconds <= within_s:
            return float(rate)
    return FOREVER_S


def idle(link: Profile, seed: int) -> float:
    """Bytes both ways in the hour after everything has been said."""
    simulation = joined(link, seed, warm=True)
    counters = simulation.road.up.counters, simulation.road.down.counters
    simulation.run(simulation.at + 60)
    before = sum(one.bytes_offered for one in counters)
    simulation.run(simulation.at + 3600)
    return float(sum(one.bytes_offered for one in counters) - before)


class SymbolMeter:
    """Counts the symbol bytes that reach an end."""

    def __init__(self, end: End) -> None:
        """Listen to what `end` receives, across its restarts."""
        self.bytes = 0
        receive = end.receive

        def counted(datagram: bytes, at: float) -> object:
            try:
                frame = unpack_content(datagram[:-8]).frame
            except FrameError:
                frame = None
            if isinstance(frame, Symbol):
                self.bytes += len(frame.payload)
            return receive(datagram, at)

        end.receive = counted  # type: ignore[method-assign, assignment]


def resumed(link: Profile, size: int, share: float, seed: int) -> float:
    """Kill the sender when `share` of the bundle is over and start it again: symbol bytes that
    reached the hub in vain, over the bytes sent before the kill."""
    simulation = joined(link, seed, warm=True)
    meter = SymbolMeter(simulation.hub)
    post, counters = simulation.post, simulation.road.up.counters
    before = counters.bytes_sent
    tag = post.put(Random(seed).randbytes(size), 5, simulation.at)
    simulation.run(simulation.at + FOREVER_S, lambda: meter.bytes >= share * size)
    sent = counters.bytes_sent - before
    post.crash()
    simulation.run(simulation.at + 3.0)
    post.start(simulation.at)
    simulation.run(simulation.at + FOREVER_S, lambda: tag in post.taken)
    return max(0, meter.bytes - size) / sent


def twice(link: Profile, size: int, seed: int) -> float:
    """Symbol bytes that reached the hub beyond the bundle's size, over that size."""
    simulation = joined(link, seed, warm=True)
    meter = SymbolMeter(simulation.hub)
    tag = simulation.post.put(Random(seed).randbytes(size), 5, simulation.at)
    simulation.run(simulation.at + FOREVER_S, lambda: tag in simulation.post.taken)
    simulation.run(simulation.at + 30)
    return (meter.bytes - size) / size


def overtaking(link: Profile, seed: int, consult: int, photo: int = 300_000) -> float:
    """Seconds to the hub for a stat consult offered while a photo is on its way."""
    simulation = joined(link, seed, warm=True)
    random = Random(seed)
    simulation.post.put(random.randbytes(photo), 5, simulation.at)
    simulation.run(simulation.at + random.uniform(10, 60))
    at = simulation.at
    tag = simulation.post.put(random.randbytes(consult), 0, at)
    simulation.run(at + FOREVER_S, lambda: tag in simulation.hub.arrived)
    return simulation.hub.arrived[tag][0] - at


def beside_note(link: Profile, seed: int, text: int, note: int = 10_500) -> float:
    """Seconds to the hub for a text that leaves together with a voice note, after one text."""
    simulation = joined(link, seed, warm=False)
    random = Random(seed)
    talk = simulation.post.put(random.randbytes(text), 1, 0.0)
    simulation.run(FOREVER_S, lambda: talk in simulation.post.taken)
    simulation.run(simulation.at + 2.0)
    at = simulation.at
    tag = simulation.post.put(random.randbytes(text), 1, at)
    simulation.post.put(random.randbytes(note), 3, at)
    simulation.run(at + FOREVER_S, lambda: tag in simulation.hub.arrived)
    return simulation.hub.arrived[tag][0] - at


POLICED = replace(FAST, name="policed", rate_up_bps=10e6, rate_down_bps=10e6, delay_s=0.05,
                  jitter_s=0.01, loss=0.01, queue_s=1.0)  # fmt: skip


def policed(seed: int, rate_bps: float, burst: int, size: int) -> tuple[float, float]:
    """Behind a policer on a fast link: (seconds over the limit, IP bytes sent over the payload)."""
    simulation = Simulation(Duplex(POLICED, seed), seed)
    way = simulation.road.up = Policer(simulation.road.up, rate_bps, burst)
    tag = simulation.post.put(Random(seed).randbytes(size), 5, 0.0)
    simulation.run(FOREVER_S, lambda: tag in simulation.post.taken)
    limit = POLICED.delay_s + (size - burst) * 8 / rate_bps
    return simulation.hub.arrived[tag][0] / limit, way.bytes_in / size


def killed(link: Profile, size: int, every_s: float, seed: int) -> tuple[float, float]:
    """Kill one side, then the other, every `every_s` seconds: (seconds, bytes both ways)."""
    simulation = joined(link, seed, warm=True)
    ends = [simulation.post, simulation.hub]
    counters = simulation.road.up.counters, simulation.road.down.counters
    before, begun = sum(one.bytes_sent for one in counters), simulation.at
    tag = simulation.post.put(Random(seed).randbytes(size), 5, begun)

    def kill() -> None:
        end = ends[0]
        ends.reverse()
        end.crash()
        back = simulation.at + 0.5
        simulation.plan(back, lambda: end.start(back))
        simulation.plan(simulation.at + every_s, kill)

    if every_s:
        simulation.plan(begun + every_s, kill)
    simulation.run(begun + FOREVER_S, lambda: tag in simulation.post.taken)
    arrived = simulation.hub.arrived[tag][0] - begun
    return arrived, float(sum(one.bytes_sent for one in counters) - before)


def over_trace(up: Capacity, down: Capacity, size: int, seed: int) -> tuple[float | None, Duplex]:
    """Over a recording, cold: seconds until accepted at the hub (None: never), and the road."""
    road = Duplex(RECORDED, seed, capacity_up=up, capacity_down=down)
    simulation = Simulation(road, seed)
    tag = simulation.post.put(Random(seed).randbytes(size), 5, 0.0)
    simulation.run(FOREVER_S, lambda: tag in simulation.post.taken)
    arrived = simulation.hub.arrived.get(tag)
    return (None if arrived is None else arrived[0]), road


def shared(rate_bps: float, seed: int, seconds: float) -> tuple[float, float]:
    """Two posts with a photo each on one uplink: their shares of the capacity after 20 s."""
    link = replace(PROFILES["gprs"], rate_up_bps=rate_bps)
    first, second = (Simulation(Duplex(link, seed + k), seed + k) for k in (0, 100))
    common = Emulator(rate_bps, 0.35, 0.1, 0.02, 2.0, 6.0, None, seed)
    pool = _Pool([first, second], common)
    for number, one in enumerate((first, second)):
        one.post.put(Random(seed + number).randbytes(1_500_000), 5, 0.0)
    pool.run(20.0)
    before = list(pool.bytes)
    pool.run(20.0 + seconds)
    whole = rate_bps / 8 * seconds
    return tuple((now - then) / whole for now, then in zip(pool.bytes, before, strict=True))  # type: ignore[return-value]


class _Pool:
    """Several simulations in step, their uplinks replaced by one that they share."""

    def __init__(self, simulations: list[Simulation], common: Emulator) -> None:
        self.simulations = simulations
        self.common = common
        self.bytes = [0] * len(simulations)
        self.at = 0.0
        for number, one in enumerate(simulations):
            one.road.up.push = self._pusher(number)  # type: ignore[method-assign, assignment]

    def _pusher(self, number: int) -> Callable[[bytes, float], None]:
        def push(packet: bytes, now: float) -> None:
            self.common.push(bytes([number]) + packet, now)

        return push

    def run(self, until: float) -> None:
        """Go on until second `until`."""
        while self.at < until:
            for one in self.simulations:
                one.at = self.at
                one._pump()
            times = [self.common.next_timer(), *(one._next() for one in self.simulations)]
            self.at = max(self.at, min((t for t in times if t is not None), default=until))
            for packet in self.common.pop(self.at):
                one = self.simulations[packet[0]]
                self.bytes[packet[0]] += len(packet) + 27
                one.hub.receive(packet[1:], self.at)
            for one in self.simulations:
                one.at = self.at
                one._deliver(one.road.down, one.hub, one.post, one.road.up)


def beside_tcp(
    link: Profile, seed: int, seconds: float, *, link_first: bool
) -> tuple[float, float]:
    """A bundle and a TCP download from the hub to the post: shares of the downlink (link, TCP).

    One of them has had the downlink to itself for 30 s when the other begins.
    """
    simulation = joined(link, seed, warm=True)
    sender, receiver = TcpSender(), TcpReceiver()
    road, begun = simulation.road, simulation.at
    fork = _Fork(simulation)

    def tick() -> None:
        at = simulation.at
        for packet in fork.down:
            road.up.push(b"T" + receiver.receive(packet), at)
        for packet in fork.up:
            sender.acknowledge(packet, at)
        fork.down.clear()
        fork.up.clear()
        for packet in sender.send(at):
            road.down.push(b"T" + packet, at)
        simulation.plan(at + 0.02, tick)

    def offer() -> None:
        simulation.hub.put(Random(seed).randbytes(2_000_000), 5, simulation.at)

    simulation.plan(begun + 30 * (not link_first), offer)
    simulation.plan(begun + 30 * link_first, tick)
    simulation.run(begun + 60)
    then = fork.link_bytes, receiver.bytes
    simulation.run(simulation.at + seconds)
    whole = (link.rate_down_bps or 1e12) / 8 * seconds
    return (fork.link_bytes - then[0]) / whole, (receiver.bytes - then[1]) / whole


class _Fork:
    """Takes TCP's packets out of a simulation's roads."""

    def __init__(self, simulation: Simulation) -> None:
        self.up: list[bytes] = []
        self.down: list[bytes] = []
        self.link_bytes = 0
        for way, kept in ((simulation.road.up, self.up), (simulation.road.down, self.down)):
            way.pop = self._popper(way, kept)  # type: ignore[method-assign, assignment]

    def _popper(self, way: Emulator, kept: list[bytes]) -> Callable[[float], list[bytes]]:
        pop = way.pop

        def sorted_out(now: float) -> list[bytes]:
            ours = []
            for packet in pop(now):
                if packet[:1] == b"T":
                    kept.append(packet[1:])
                else:
                    ours.append(packet)
                    self.link_bytes += len(packet) + 28 if kept is self.down else 0
            return ours

        return sorted_out
