"""The backlog: bytes of ours that should still wait before the bottleneck, from what was sent and
when. It is a guess between reports, as good as the rate that the caller gives; nobody told it.
"""

from __future__ import annotations


class Backlog:
    """See the module. Times are seconds, rates bit/s, sizes wire bytes."""

    def __init__(self, now: float) -> None:
        """Nothing was sent yet."""
        self.asked = 0.0
        """What it was when a report was asked for last, with the datagram that asked."""
        self._size = 0.0
        self._at = now

    def sent(self, size: int, now: float, rate_bps: float, *, asked: bool) -> None:
        """A datagram of `size` left; `asked` if it asks for a report."""
        self._size, self._at = self.left(now, rate_bps) + size, now
        if asked:
            self.asked = self._size

    def left(self, now: float, rate_bps: float) -> float:
        """What is left of it where the bottleneck takes `rate_bps`."""
        return max(0.0, self._size - (now - self._at) * rate_bps / 8)

    def idle_s(self, now: float) -> float:
        """For how long nothing was sent."""
        return now - self._at
