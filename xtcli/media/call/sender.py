"""The packetiser: new frames and delayed copies into datagrams, within a budget.

In-band FEC of Opus is inert below about 20 kbit/s at 60 ms; whole copies sent later are what
works. How much later follows from the measured bursts: a copy inside the same burst is lost with
its original. When the budget is spent the copies go first, then the datagram: nothing is queued,
because sound that waits is sound that is late. Where there is room for some copies only, the louder
frames have theirs, and a frame without one waits for the next so that both share a datagram: on
these links what surrounds a frame is nearly as large as the frame. It refuses to know keys and
sockets.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from xtcli.media.call.ladder import Rung
from xtcli.media.call.packet import (
    BUNDLE_MAX,
    FRAME_BYTES_MAX,
    STEP_MAX,
    Sound,
)
from xtcli.media.call.rate import Bucket

STEP_FAR = 5
"""Copy offset against bursts, in datagrams of one frame: 300 ms."""
STEP_RIDING = 4
"""The same where frames ride: alone after four frames, in pairs two datagrams on, so that every
copy is four or five frames late and none is sent twice."""
MEAN_S, MEAN_SHARE = 5.0, 0.8
"""Copies are given so that the call takes this share of the rate on average: speech has pauses."""
RANKED_FRAMES = 100
EASY_FILL = 0.6
"""With this much of the budget unspent every frame has its copy; below, only the louder ones."""
HISTORY_FRAMES = BUNDLE_MAX * (STEP_MAX + 1)


def copy_steps(rung: Rung, bursty: bool) -> tuple[int, ...]:
    """How many datagrams later each copy goes.

    Independent losses: at once. Bursts: as far as delay allows (`STEP_FAR` frames; in a bundle of
    several frames each step is longer), for every frame nearer costs more than it saves (measured).
    """
    far = max(1, STEP_FAR // max(rung.bundle, 1)) if bursty else 1
    if rung.copies == 0:
        return ()
    return (far,) if rung.copies == 1 else (max(1, far // 2), max(2, far))


class Worth:
    """How loud a frame is among those that a copy is for."""

    def __init__(self) -> None:
        """Nothing heard."""
        self._lately: deque[float] = deque(maxlen=RANKED_FRAMES)

    def rank(self, loudness: float) -> float:
        """Share of the latest frames that are quieter, 0..1; those as loud count half."""
        self._lately.append(loudness)
        quieter = sum((other < loudness) + (other <= loudness) for other in self._lately)
        return quieter / (2 * len(self._lately))


class Sender:
    """Frames in, sound datagrams out."""

    def __init__(self, overhead_bytes: int, now: float) -> None:
        """`overhead_bytes` is all that surrounds the frames of one datagram on the wire."""
        self._overhead = overhead_bytes
        self._bucket, self._mean = Bucket(now), Bucket(now, MEAN_S)
        self._worth = Worth()
        self._history: dict[int, tuple[bytes, bytes]] = {}
        self._pending: list[int] = []
        self._bundle = 1
        self._full_bps = 0.0
        self._begins = False
        self.steps: tuple[int, ...] = ()
        self.dropped = 0
        """Datagrams that the budget had no room for."""

    def use(self, rung: Rung, steps: tuple[int, ...]) -> None:
        """Pack as `rung` says from the next datagram on."""
        self._begins = self._begins or len(steps) > len(self.steps)
        self._bundle, self.steps = max(1, rung.bundle), steps
        self._full_bps = rung.full_bps(self._overhead)

    def charge(self, size_bytes: int) -> None:
        """Count bytes that left beside the frames: a report."""
        for bucket in (self._bucket, self._mean):
            bucket.charge(size_bytes)

    def frame(
        self, number: int, packet: bytes, rate_bps: float, now: float, *, loudness: float = 1.0
    ) -> Sound | None:
        """Take frame `number` (empty for silence); a datagram when one is full and affordable.

        With `loudness` 0 the frame is not worth a copy; where there is no room for all copies, the
        louder frames have theirs.
        """
        if len(packet) > FRAME_BYTES_MAX:
            packet = b""
        if self._pending and number != self._pending[-1] + 1:
            self._pending.clear()
        copied = bool(packet) and loudness > 0 and self._is_worth(loudness, rate_bps, now)
        self._history[number] = packet, packet if copied else b""
        for old in [n for n in self._history if n <= number - HISTORY_FRAMES]:
            del self._history[old]
        self._pending.append(number)
        rides = self._rides(rate_bps) and bool(packet) and not copied and len(self._pending) == 1
        if len(self._pending) < self._bundle or rides:
            return None
        bundle = min(len(self._pending), BUNDLE_MAX)
        self._pending.clear()
        return self._pack(number, bundle, rate_bps, now)

    def _is_worth(self, loudness: float, rate_bps: float, now: float) -> bool:
        mean_bps = MEAN_SHARE * rate_bps
        if self._begins:
            self._mean.refill(EASY_FILL, mean_bps, now)
            self._begins = False
        return self._worth.rank(loudness) >= 1 - self._mean.fill(mean_bps, now) / EASY_FILL

    def _rides(self, rate_bps: float) -> bool:
        """Whether a frame without a copy waits for the next one, to save what is around it.

        Only where copies come so late that its waiting delays nothing.
        """
        return self.steps == (STEP_FAR,) and rate_bps < self._full_bps

    def clear(self) -> None:
        """Forget what waits for a bundle, and what copies would be made of."""
        self._pending.clear()
        self._history.clear()

    def _pack(self, number: int, bundle: int, rate_bps: float, now: float) -> Sound | None:
        new = self._frames(number, bundle, copies=False)
        for steps, copies in self._copies(number, bundle, rate_bps):
            frames = new + copies
            if not any(frames):
                return None
            size = self._overhead + sum(map(len, frames)) + len(frames) - 1
            if (any(new) or steps) and self._bucket.take(size, rate_bps, now):
                self._mean.charge(size)
                return Sound(number, bundle, steps, frames)
        self.dropped += 1
        return None

    def _copies(
        self, number: int, bundle: int, rate_bps: float
    ) -> Iterator[tuple[tuple[int, ...], tuple[bytes, ...]]]:
        """What to send beside the new frames: the copies that are due, else nothing."""
        riding = self._rides(rate_bps)
        steps = (STEP_RIDING // bundle,) if riding else self.steps
        copies: tuple[bytes, ...] = ()
        for step in steps:
            copies += self._frames(number - step * bundle, bundle, copies=True)
        # Where nothing rides, empty copies are said too: the delay of the call stays what it is.
        if steps and (any(copies) or not riding):
            yield steps, copies
        yield (), ()

    def _frames(self, number: int, bundle: int, *, copies: bool) -> tuple[bytes, ...]:
        kept = [self._history.get(n, (b"", b"")) for n in range(number - bundle + 1, number + 1)]
        return tuple(pair[copies] for pair in kept)
