"""How many bits a second a call may put on the link.

A loss says nothing here; a growing queue does. The other side reports its one-way delay above the
least it has seen. When that stays high, the rate is what the link has just delivered; when it has
been low for a while, the rate is tried a little higher, and longer apart after each failure. What
the station knows of the link (a hint) is the ceiling. The idea is that of delay-based congestion
control for real-time media (draft-ietf-rmcat-gcc-02, RFC 8836). It refuses to know what is sent.
"""

from __future__ import annotations

QUEUE_HIGH_S = 0.35
QUEUE_LOW_S = 0.15
QUEUE_STANDING_S = 1.0
JITTER_S_MAX = 0.1
PROVEN = 0.25
"""Of the rate: with less delivered than this, calm says nothing."""
REPORTS_HIGH = 2
START_BPS = 13_000.0
RATE_BPS_MAX = 64_000.0
RATE_BPS_MIN = 1_500.0
RAISE = 1.25
RAISE_AFTER_S = 10.0
RAISE_AFTER_S_MAX = 60.0
BACK_OFF = 0.85


class Rate:
    """The estimate, fed with reports."""

    def __init__(self, hint_bps: float | None, now: float) -> None:
        """Start from the station's `hint_bps`, else from a rate that most links carry."""
        self._ceiling = RATE_BPS_MAX if hint_bps is None else min(RATE_BPS_MAX, hint_bps)
        self.bps = min(START_BPS if hint_bps is None else hint_bps, RATE_BPS_MAX)
        self._high = 0
        self._calm_since = now
        self._wait_s = RAISE_AFTER_S
        self._raised_at: float | None = None
        self._reported_at = now

    def hint(self, bps: float) -> None:
        """The station measured the link anew."""
        self._ceiling = min(RATE_BPS_MAX, max(RATE_BPS_MIN, bps))
        self.bps = min(self.bps, self._ceiling)

    def report(self, queue_s: float, jitter_s: float, delivered_bps: float, now: float) -> None:
        """One report: queue and jitter on the way, and what got through lately."""
        # On a link with much jitter the mean delay is above the least one without any queue; but a
        # queue that grows is spread, too.
        queue = queue_s - min(jitter_s / 2, JITTER_S_MAX)
        if queue > QUEUE_HIGH_S:
            self._high += 1
            self._calm_since = now
            if self._high >= REPORTS_HIGH or queue > QUEUE_STANDING_S:
                self._lower(delivered_bps, now)
        else:
            self._high = 0
            if queue > QUEUE_LOW_S:
                self._calm_since = now
            elif delivered_bps < PROVEN * self.bps:
                # Who does not speak learns nothing about the link.
                self._calm_since += min(now - self._calm_since, now - self._reported_at)
            elif now - self._calm_since >= self._wait_s:
                self._raise(now)
        self._reported_at = now

    def _lower(self, delivered_bps: float, now: float) -> None:
        self._high = 0
        floor = max(RATE_BPS_MIN, 0.5 * self.bps)
        self.bps = max(floor, min(self.bps * BACK_OFF, delivered_bps or self.bps * BACK_OFF))
        if self._raised_at is not None and now - self._raised_at < self._wait_s:
            self._wait_s = min(RAISE_AFTER_S_MAX, 2 * self._wait_s)
        self._raised_at = None

    def _raise(self, now: float) -> None:
        self.bps = min(self._ceiling, RAISE * self.bps)
        self._calm_since = self._raised_at = now


class Bucket:
    """Bytes that may leave now. What does not fit is dropped by the caller, never queued."""

    def __init__(self, now: float, depth_s: float = 1.0) -> None:
        """Start with little in it; full, it holds what the rate gives in `depth_s` seconds."""
        self._bits = 4_000.0
        self._at = now
        self._depth_s = depth_s

    def refill(self, share: float, rate_bps: float, now: float) -> None:
        """Begin anew with `share` (0..1) of what it holds."""
        self._bits, self._at = share * rate_bps * self._depth_s, now

    def fill(self, rate_bps: float, now: float) -> float:
        """How full it is, 0..1."""
        room = self._pour(rate_bps, now)
        return max(0.0, self._bits / room) if room else 0.0

    def _pour(self, rate_bps: float, now: float) -> float:
        room = rate_bps * self._depth_s
        self._bits = min(room, self._bits + rate_bps * max(0.0, now - self._at))
        self._at = max(self._at, now)
        return room

    def take(self, size_bytes: int, rate_bps: float, now: float) -> bool:
        """Spend `size_bytes` if they are there at `rate_bps`."""
        self._pour(rate_bps, now)
        if self._bits < 8 * size_bytes:
            return False
        self.charge(size_bytes)
        return True

    def charge(self, size_bytes: int) -> None:
        """Spend `size_bytes` that leave in any case."""
        self._bits -= 8 * size_bytes
