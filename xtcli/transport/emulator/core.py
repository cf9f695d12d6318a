"""The bad-link emulator, one direction at a time, and two joined for a road both ways.

A packet waits in a drop-tail queue, is serialised at the bottleneck, may then be lost (its bytes
are spent all the same), and arrives after delay and jitter, perhaps overtaking others. All chance
comes from one integer seed: the same pushes at the same times give the same arrivals.

Sans-IO: `now` is seconds since the emulation began. It never looks inside a packet.
"""

from __future__ import annotations

from collections import deque
from dataclasses import asdict, dataclass
from heapq import heappop, heappush
from random import Random

from xtcli.transport.emulator.capacity import Capacity, ConstantRate
from xtcli.transport.emulator.profiles import Outages, Profile

UDP_IPV4_BYTES = 28
"""IPv4 and UDP headers: what a datagram's payload costs more on the wire."""
SAMPLES_MAX = 100_000
"""Queue delays kept, the newest ones."""


@dataclass(slots=True)
class Counters:
    """What became of the packets; bytes are IP bytes, headers included.

    offered = overflowed + lost + cut + delivered + still under way (duplicates apart).
    """

    packets_offered: int = 0
    bytes_offered: int = 0
    packets_overflowed: int = 0
    bytes_overflowed: int = 0
    packets_lost: int = 0
    bytes_lost: int = 0
    packets_cut: int = 0
    bytes_cut: int = 0
    packets_delivered: int = 0
    bytes_delivered: int = 0
    packets_duplicated: int = 0
    packets_corrupted: int = 0

    @property
    def bytes_sent(self) -> int:
        """Bytes that crossed the bottleneck, whatever became of them then."""
        return self.bytes_offered - self.bytes_overflowed

    def as_dict(self) -> dict[str, int]:
        """All counters by name, for JSON."""
        return asdict(self)


class GilbertLoss:
    """Packets lost in bursts: a two-state Markov chain stepped once a packet (Gilbert 1960).

    In the bad state every packet is lost. `loss` is the stationary share of bad packets and
    `burst_mean` the mean run of them, so bad->good = 1/burst_mean and
    good->bad = loss / (burst_mean x (1 - loss)).
    """

    def __init__(self, loss: float, burst_mean: float, random: Random) -> None:
        """Start in the stationary state."""
        if not 0 <= loss < 1 or burst_mean < 1 or loss > burst_mean * (1 - loss):
            raise ValueError("loss must be in [0, 1) and burst_mean at least 1 and loss/(1-loss)")
        self._to_good = 1 / burst_mean
        self._to_bad = loss / (burst_mean * (1 - loss))
        self._draw = random.random
        self._bad = loss > 0 and self._draw() < loss

    def lost(self) -> bool:
        """Whether the next packet is lost."""
        if not self._to_bad:
            return False
        bad = self._bad
        self._bad = self._draw() >= self._to_good if bad else self._draw() < self._to_bad
        return bad


class Emulator:
    """One direction of a bad link.

    `queue_s` bounds the bytes waiting, the one in service included, to that many seconds of the
    mean rate; an idle link takes any packet. `overhead` bytes are added to each packet's length
    to give its IP size (28 for UDP payloads over IPv4, 0 for whole IP packets). `duplicate` and
    `corrupt` are probabilities per packet that survived. `capacity` plays a recording instead of
    the constant `rate_bps`.
    """

    def __init__(
        self,
        rate_bps: float | None,
        delay_s: float,
        jitter_s: float = 0.0,
        loss: float = 0.0,
        burst_mean: float = 1.0,
        queue_s: float = 4.0,
        outages: Outages | None = None,
        seed: int = 0,
        *,
        overhead: int = UDP_IPV4_BYTES,
        duplicate: float = 0.0,
        corrupt: float = 0.0,
        capacity: Capacity | None = None,
    ) -> None:
        """Start idle and empty at second 0; ValueError on impossible numbers."""
        if delay_s < 0 or jitter_s < 0 or queue_s <= 0 or overhead < 0:
            raise ValueError("delay, jitter and overhead must be >= 0, and queue_s > 0")
        if not 0 <= duplicate <= 1 or not 0 <= corrupt <= 1:
            raise ValueError("duplicate and corrupt are probabilities")
        self.counters = Counters()
        self.queue_delays: deque[float] = deque(maxlen=SAMPLES_MAX)
        """Seconds each accepted packet waited for the bottleneck."""
        self._capacity = capacity or ConstantRate(rate_bps)
        self._queue_bytes_max = queue_s * self._capacity.mean_bps / 8
        self._delay_s = delay_s
        self._jitter_s = jitter_s
        self._outages = outages
        self._overhead = overhead
        self._duplicate = duplicate
        self._corrupt = corrupt
        # One stream for each kind of chance: the n-th packet's loss does not depend on the rest.
        self._loss = GilbertLoss(loss, burst_mean, Random(f"{seed} loss"))
        self._draw = Random(f"{seed} jitter").random
        self._mangle = Random(f"{seed} mangle")
        self._waiting: deque[tuple[float, int]] = deque()
        self._waiting_bytes = 0
        self._flying: list[tuple[float, int, bytes]] = []
        self._count = 0

    def push(self, packet: bytes, now: float) -> None:
        """Offer a packet at second `now`."""
        counters = self.counters
        size = len(packet) + self._overhead
        counters.packets_offered += 1
        counters.bytes_offered += size
        waiting = self.waiting_bytes(now)
        if waiting and waiting + size > self._queue_bytes_max:
            counters.packets_overflowed += 1
            counters.bytes_overflowed += size
            return
        start, end = self._capacity.serve(size, now)
        self.queue_delays.append(start - now)
        if end > now:
            self._waiting.append((end, size))
            self._waiting_bytes += size
        lost = self._loss.lost()
        if self._outages is not None and self._outages.down(end):
            counters.packets_cut += 1
            counters.bytes_cut += size
        elif lost:
            counters.packets_lost += 1
            counters.bytes_lost += size
        elif self._duplicate or self._corrupt:
            self._fly_mangled(packet, end)
        else:
            self._fly(packet, end)

    def _fly(self, packet: bytes, end: float) -> None:
        """Put a packet on its way after the bottleneck."""
        delay = self._delay_s
        if self._jitter_s:
            delay += self._jitter_s * (2 * self._draw() - 1)
            if delay < 0:
                delay = 0.0
        self._count += 1
        heappush(self._flying, (end + delay, self._count, packet))

    def _fly_mangled(self, packet: bytes, end: float) -> None:
        """Put a packet on its way, perhaps twice, perhaps with one bit flipped."""
        copies = 1
        if self._mangle.random() < self._duplicate:
            copies = 2
            self.counters.packets_duplicated += 1
        for _ in range(copies):
            if packet and self._mangle.random() < self._corrupt:
                place, bit = divmod(self._mangle.randrange(len(packet) * 8), 8)
                flipped = bytearray(packet)
                flipped[place] ^= 1 << bit
                self.counters.packets_corrupted += 1
                self._fly(bytes(flipped), end)
            else:
                self._fly(packet, end)

    def pop(self, now: float) -> list[bytes]:
        """The packets that have arrived by second `now`, in order of arrival."""
        flying = self._flying
        arrived: list[bytes] = []
        counters = self.counters
        while flying and flying[0][0] <= now:
            packet = heappop(flying)[2]
            counters.packets_delivered += 1
            counters.bytes_delivered += len(packet) + self._overhead
            arrived.append(packet)
        return arrived

    def next_timer(self) -> float | None:
        """When the next packet arrives; None if none is under way."""
        return self._flying[0][0] if self._flying else None

    def waiting_bytes(self, now: float) -> int:
        """Bytes in the queue at second `now`, the packet in service included."""
        waiting = self._waiting
        while waiting and waiting[0][0] <= now:
            self._waiting_bytes -= waiting.popleft()[1]
        return self._waiting_bytes


class Duplex:
    """A road both ways: `up` from the post to the hub, `down` from the hub to the post."""

    def __init__(
        self,
        profile: Profile,
        seed: int = 0,
        *,
        overhead: int = UDP_IPV4_BYTES,
        duplicate: float = 0.0,
        corrupt: float = 0.0,
        capacity_up: Capacity | None = None,
        capacity_down: Capacity | None = None,
    ) -> None:
        """Two independent directions from one seed; outages strike both at once."""

        def direction(
            rate_bps: float | None, capacity: Capacity | None, direction_seed: int
        ) -> Emulator:
            return Emulator(
                rate_bps,
                profile.delay_s,
                profile.jitter_s,
                profile.loss,
                profile.burst_mean,
                profile.queue_s,
                profile.outages,
                direction_seed,
                overhead=overhead,
                duplicate=duplicate,
                corrupt=corrupt,
                capacity=capacity,
            )

        self.profile = profile
        self.up = direction(profile.rate_up_bps, capacity_up, 2 * seed)
        self.down = direction(profile.rate_down_bps, capacity_down, 2 * seed + 1)

    def next_timer(self) -> float | None:
        """When the next packet arrives at either end; None if none is under way."""
        timers = [t for t in (self.up.next_timer(), self.down.next_timer()) if t is not None]
        return min(timers, default=None)
