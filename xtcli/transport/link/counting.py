"""Our datagram counter: it rises for ever, over crashes and restarts, and never repeats.

It knows numbers only.
"""

from __future__ import annotations

from xtcli.transport.link.frames import COUNTER_MAX

COUNTERS_AHEAD = 1024
"""Counters reserved when the state is saved: after a crash the next process starts beyond them."""


class Counter:
    """See the module."""

    def __init__(self) -> None:
        """A station that never spoke."""
        self.next = 1
        self.born = 1
        """The first counter of this process."""
        self._reserved = 0

    def take(self) -> int:
        """The next one."""
        self.next += 1
        return self.next - 1

    @property
    def spent(self) -> bool:
        """Whether none is left: the station must join again."""
        return self.next >= COUNTER_MAX

    @property
    def reserve_due(self) -> bool:
        """Whether more must be reserved before much more is sent."""
        return self.next + COUNTERS_AHEAD // 4 > self._reserved

    def reserve(self) -> int:
        """Reserve more; the counter that the next process may start with."""
        self._reserved = min(self.next + COUNTERS_AHEAD, COUNTER_MAX)
        return self._reserved

    def restore(self, saved: int) -> None:
        """Go on from what an earlier process reserved."""
        self.next = self.born = max(self.next, saved)

    def beyond(self, highest: int) -> None:
        """The peer has seen counters up to `highest`."""
        self.next = max(self.next, highest + 1)
