"""What came in, and how late: the raw material of the playout clock and of reports.

Lateness is arrival time minus the frame's own time (number x 60 ms). Its origin means nothing,
since the two stations share no clock; only differences are used, over windows short enough that
skewed clocks do not matter. It refuses to know sound and keys.
"""

from __future__ import annotations

from collections import deque

from xtcli.media.call.packet import ARRIVED_BITS, FRAME_S, Report, Sound

WINDOW_S = 10.0
BASE_WINDOW_S = 60.0
QUEUE_WINDOW_S = 1.2
FLOWING_S = 2.0
QUANTILE = 0.99
"""Of lateness over the window. At 0.95 one frame in twenty would be late on a clean link."""
LATENESS_MAX = 1024


class Arrivals:
    """Sound datagrams received."""

    def __init__(self) -> None:
        """Nothing received."""
        self._raw: deque[tuple[float, float]] = deque(maxlen=LATENESS_MAX)
        self._new: deque[tuple[float, float]] = deque(maxlen=LATENESS_MAX)
        self._old: deque[tuple[float, float]] = deque(maxlen=LATENESS_MAX)
        self._base: deque[tuple[float, float]] = deque()
        self._newest_at = 0.0
        self._map = 0
        self.newest = -1
        self.datagrams = 0

    def note(self, sound: Sound, now: float) -> None:
        """Take in one datagram, in whatever order they come."""
        self.datagrams += 1
        lateness = now - sound.number * FRAME_S
        self._raw.append((now, lateness))
        self._new.append((now, lateness + (sound.bundle - 1) * FRAME_S))
        self._old.append((now, now - sound.oldest * FRAME_S))
        self._note_base(lateness, now)
        ahead = sound.number - self.newest
        if ahead > 0:
            self._map = (self._map << min(ahead, ARRIVED_BITS) | 1) & (1 << ARRIVED_BITS) - 1
            self.newest, self._newest_at = sound.number, now
        elif -ahead < ARRIVED_BITS:
            self._map |= 1 << -ahead

    def note_other(self, lateness: float, now: float) -> None:
        """Something else by the same clock has come: it tells of queues, not of playing."""
        self._raw.append((now, lateness))
        self._note_base(lateness, now)

    def _note_base(self, lateness: float, now: float) -> None:
        # A window minimum in amortised constant time: what is later and larger is never the least.
        while self._base and self._base[-1][1] >= lateness:
            self._base.pop()
        self._base.append((now, lateness))
        while now - self._base[0][0] > BASE_WINDOW_S:
            self._base.popleft()

    def _window(self, values: deque[tuple[float, float]], now: float) -> list[float]:
        while values and now - values[0][0] > WINDOW_S:
            values.popleft()
        return sorted(late for _, late in values)

    def needs(self, now: float) -> tuple[float, float, float] | None:
        """`(least, new, old)` lateness over the window, or None when nothing came in it.

        `new` is what nearly every new frame needs; `old` what nearly every copy needs too.
        """
        new, old = self._window(self._new, now), self._window(self._old, now)
        if not new:
            return None
        at = min(len(new) - 1, int(QUANTILE * len(new)))
        return new[0], new[at], old[min(len(old) - 1, int(QUANTILE * len(old)))]

    def flowing(self, now: float) -> bool:
        """Whether sound has come within the last two seconds."""
        return self.newest >= 0 and now - self._newest_at < FLOWING_S

    def queue_s(self, now: float) -> float:
        """Mean lateness of the last second above the least of the last minute."""
        lately = [late for at, late in self._raw if now - at <= QUEUE_WINDOW_S]
        if not lately or not self._base:
            return 0.0
        return max(0.0, sum(lately) / len(lately) - self._base[0][1])

    def report(self, now: float) -> Report:
        """The part of a report that is about arrivals."""
        raw = self._window(self._raw, now)
        return Report(
            newest=self.newest,
            held_s=now - self._newest_at if self.newest >= 0 else 0.0,
            queue_s=self.queue_s(now),
            jitter_s=raw[int(QUANTILE * (len(raw) - 1))] - raw[0] if raw else 0.0,
            arrived=self._map,
        )
