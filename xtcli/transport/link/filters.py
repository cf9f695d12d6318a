"""Filters: what remains of a row of noisy measurements.

What was sent and reported, running minimum and maximum over a window of time, and a forgetful
loss rate. They know numbers only.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from xtcli.transport.link.tuning import CLOCK_WRAP_S, LOSS_MEMORY


@dataclass(slots=True)
class Sent:
    """A datagram that left: when, its size on the wire, bytes sent up to and with it."""

    at: float
    size: int
    total: int


@dataclass(slots=True)
class Point:
    """A reported datagram: its counter, bytes sent up to it, arrivals by then, when it arrived
    (receiver's clock) and when it was sent."""

    counter: int
    total: int
    arrived: int
    at: float
    sent_at: float


class WindowMin:
    """The smallest of the values added in the last `window_s` seconds."""

    def __init__(self, window_s: float) -> None:
        """Start empty."""
        self._window_s = window_s
        self._kept: deque[tuple[float, float]] = deque()

    def add(self, value: float, now: float) -> float:
        """Add a value; the minimum now."""
        kept = self._kept
        while kept and kept[-1][1] >= value:
            kept.pop()
        kept.append((now, value))
        while kept[0][0] < now - self._window_s:
            kept.popleft()
        return kept[0][1]

    @property
    def value(self) -> float | None:
        """The minimum as of the last addition."""
        return self._kept[0][1] if self._kept else None


class WindowMax:
    """The largest of the values added in the last `window_s` seconds."""

    def __init__(self, window_s: float) -> None:
        """Start empty."""
        self._negative = WindowMin(window_s)

    def add(self, value: float, now: float) -> None:
        """Add a value."""
        self._negative.add(-value, now)

    @property
    def value(self) -> float | None:
        """The maximum as of the last addition."""
        return None if self._negative.value is None else -self._negative.value


class BaseDelays:
    """The least delay of late, for each size class of datagrams apart: a large datagram takes
    longer at a slow bottleneck, and that is no queue."""

    CLASS_BYTES = 256

    def __init__(self, window_s: float) -> None:
        """Know nothing yet."""
        self._window_s = window_s
        self._least: dict[int, WindowMin] = {}

    def least(self, size: int) -> float | None:
        """The least delay of the class of `size`, as of its last addition."""
        least = self._least.get(size // self.CLASS_BYTES)
        return None if least is None else least.value

    def add(self, size: int, delay: float, now: float) -> float:
        """Add the delay of a datagram of `size` bytes; the least of its class now."""
        least = self._least.setdefault(size // self.CLASS_BYTES, WindowMin(self._window_s))
        return least.add(delay, now)


class Loss:
    """Share of datagrams lost, with exponential forgetting and a small prior."""

    def __init__(self, share: float = 0.02, weight: float = 10.0) -> None:
        """Believe `share` as if it had been seen on `weight` datagrams."""
        self.lost = share * weight
        self.sent = weight

    def add(self, sent: int, arrived: int) -> None:
        """Of `sent` datagrams `arrived` arrived."""
        keep = 0.5 ** (sent / LOSS_MEMORY)
        self.sent = self.sent * keep + sent
        self.lost = self.lost * keep + min(sent, max(0, sent - arrived))

    @property
    def share(self) -> float:
        """The estimate, at most 0.9."""
        return min(0.9, self.lost / self.sent)


def unwrap(at: float, last: float | None) -> float:
    """The receiver's wrapped clock as a time that goes on from the last one."""
    if last is None:
        return at
    step = (at - last) % CLOCK_WRAP_S
    return last + (step if step < CLOCK_WRAP_S / 2 else step - CLOCK_WRAP_S)
