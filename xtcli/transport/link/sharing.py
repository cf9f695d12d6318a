"""Sharing: what a sender does about others in the same queue.

A flow that fills the queue (a TCP download) shows as a queue that stays although we have sent at
half rate for long: then a share of the best rate of late is kept. Links like ours settle each on
its own part of the queue; but who joined while others filled it took their part for the road
itself, so now and then everybody lets the queue run empty.

It knows times and rates; not how a queue is measured.
"""

from __future__ import annotations

from xtcli.transport.link.filters import WindowMax
from xtcli.transport.link.tuning import (
    COMPETING_MEMORY_S,
    COMPETING_QUEUE_S,
    COMPETING_SHARE,
    DRAIN_EVERY_S,
    DRAIN_MORE_S,
)


class Sharing:
    """See the module."""

    def __init__(self, now: float) -> None:
        """Alone, as far as is known."""
        self._best = WindowMax(COMPETING_MEMORY_S)
        self._full_since: float | None = None
        self._fullest_s = 0.0
        self._drained_at = now

    def crowded(self, queue_s: float, target_s: float, min_rtt: float, now: float) -> bool:
        """Whether somebody else keeps the queue full: it stays although we have sent at half the
        rate for long enough to empty it if it were ours."""
        if queue_s < target_s + COMPETING_QUEUE_S:
            self._full_since = None
            return False
        if self._full_since is None:
            self._full_since, self._fullest_s = now, 0.0
        self._fullest_s = max(self._fullest_s, queue_s)
        return now - self._full_since > 2 * (self._fullest_s + min_rtt)

    def kept_bps(self, rate_bps: float) -> float:
        """The rate that is kept in a crowd."""
        return max(rate_bps, COMPETING_SHARE * (self._best.value or rate_bps))

    def alone(self, rate_bps: float, now: float) -> None:
        """Not crowded, at this rate."""
        self._best.add(rate_bps, now)

    def forget(self) -> None:
        """What was sent did not fit: no rate of the past may be kept."""
        self._best = WindowMax(COMPETING_MEMORY_S)
        self._full_since = None

    def starting(self, now: float) -> None:
        """The rate is not known yet: queues tell nothing of others."""
        self._full_since, self._drained_at = None, now

    def drain_s(self, queue_s: float, now: float) -> float:
        """How long to send nothing now, so that the queue runs empty; mostly 0."""
        if self._full_since is not None:
            self._drained_at = now
        if now - self._drained_at <= DRAIN_EVERY_S:
            return 0.0
        self._drained_at = now
        return queue_s + DRAIN_MORE_S
