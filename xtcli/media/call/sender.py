"""The packetiser: new frames and delayed copies into datagrams, within a budget.

In-band FEC of Opus is inert below about 20 kbit/s at 60 ms; whole copies sent later are what
works. How much later follows from the measured bursts: a copy inside the same burst is lost with
its original. When the budget is spent the copies go first, then the datagram: nothing is queued,
because sound that waits is sound that is late. It refuses to know keys and sockets.
"""

from __future__ import annotations

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


class Sender:
    """Frames in, sound datagrams out."""

    def __init__(self, overhead_bytes: int, now: float) -> None:
        """`overhead_bytes` is all that surrounds the frames of one datagram on the wire."""
        self._overhead = overhead_bytes
        self._bucket = Bucket(now)
        self._history: dict[int, tuple[bytes, bytes]] = {}
        self._pending: list[int] = []
        self._bundle = 1
        self.steps: tuple[int, ...] = ()
        self.dropped = 0
        """Datagrams that the budget had no room for."""

    def use(self, rung: Rung, steps: tuple[int, ...]) -> None:
        """Pack as `rung` says from the next datagram on."""
        self._bundle, self.steps = max(1, rung.bundle), steps

    def frame(
        self, number: int, packet: bytes, rate_bps: float, now: float, *, copied: bool = True
    ) -> Sound | None:
        """Take frame `number` (empty for silence); a datagram when one is full and affordable.

        Without `copied` the frame is not worth a copy.
        """
        if len(packet) > FRAME_BYTES_MAX:
            packet = b""
        if self._pending and number != self._pending[-1] + 1:
            self._pending.clear()
        self._history[number] = packet, packet if copied else b""
        for old in [n for n in self._history if n <= number - HISTORY_FRAMES]:
            del self._history[old]
        self._pending.append(number)
        if len(self._pending) < self._bundle:
            return None
        bundle = min(len(self._pending), BUNDLE_MAX)
        self._pending.clear()
        return self._pack(number, bundle, rate_bps, now)

    def clear(self) -> None:
        """Forget what waits for a bundle, and what copies would be made of."""
        self._pending.clear()
        self._history.clear()

    def _pack(self, number: int, bundle: int, rate_bps: float, now: float) -> Sound | None:
        new = self._frames(number, bundle, copies=False)
        for steps in (self.steps, ()) if self.steps else ((),):
            frames = new
            for step in steps:
                frames += self._frames(number - step * bundle, bundle, copies=True)
            if not any(frames):
                return None
            size = self._overhead + sum(map(len, frames)) + len(frames) - 1
            if (any(new) or steps) and self._bucket.take(size, rate_bps, now):
                return Sound(number, bundle, steps, frames)
        self.dropped += 1
        return None

    def _frames(self, number: int, bundle: int, *, copies: bool) -> tuple[bytes, ...]:
        kept = [self._history.get(n, (b"", b"")) for n in range(number - bundle + 1, number + 1)]
        return tuple(pair[copies] for pair in kept)
