"""What speech leaves of a link: how much may be spent on pictures without a word being late.

Two buckets. One fills with nine tenths of the rate of the call and is emptied by speech first. The
other, half the rate at most, finds out by itself what the link can take, as a scavenger (RFC 6817):
it opens while no queue is seen on the way, and closes at a small one, long before speech itself
would step down. It refuses to know what is sent.
"""

from __future__ import annotations

SHARE = 0.9
OWN_SHARE = 0.5
"""Of the rate, at most, for pictures: whoever begins to speak finds the road free."""
DEPTH_S = 0.25
DEBT_S = 0.5
BEGIN_S = 2.0
"""A call begins without pictures: first the link must be known."""
START_BPS = 5_000.0
CAP_BPS_MIN, CAP_BPS_MAX = 1_000.0, 48_000.0
QUEUE_CALM_S, QUEUE_SOME_S, QUEUE_MUCH_S = 0.06, 0.10, 0.20
JITTER_S_MAX = 0.1
FASTER, SLOWER = 1.15, 0.6
STEP_BPS = 300.0
"""Once a queue was seen it opens by this a second."""
HOLD_S, HOLD_LONG_S = 4.0, 10.0
LIMITED_S = 2.0
CHUNK_S = 0.03
"""A chunk takes about this long to pass the bottleneck, unless that is very narrow."""
CHUNK_WIRE_MIN, CHUNK_WIRE_MAX = 144, 456


class Spare:
    """The two buckets, in bits."""

    def __init__(self, now: float) -> None:
        """Empty."""
        self._bits = 0.0
        self._own_bits = 0.0
        self._at = now
        self._hold_until = now + BEGIN_S
        self._opened_at = now
        self._limited_at = now - LIMITED_S
        self._seen_queue = False
        self.cap_bps = START_BPS

    def speak(self, size_bytes: int, rate_bps: float, now: float) -> None:
        """Speech (or what belongs to it) has left."""
        self._fill(rate_bps, now)
        self._bits = max(-DEBT_S * rate_bps, self._bits - 8 * size_bytes)

    def take(self, size_bytes: int, rate_bps: float, now: float) -> bool:
        """Spend `size_bytes` on a picture if both buckets have them."""
        self._fill(rate_bps, now)
        bits = 8 * size_bytes
        if now < self._hold_until or self._bits < bits:
            return False
        if self._own_bits < bits:
            if self.cap_bps < OWN_SHARE * rate_bps:
                self._limited_at = now
            return False
        self._bits -= bits
        self._own_bits -= bits
        return True

    def _fill(self, rate_bps: float, now: float) -> None:
        passed = max(0.0, now - self._at)
        self._at = max(self._at, now)
        chunk = 8 * chunk_wire_bytes(rate_bps)
        room = max(chunk, DEPTH_S * rate_bps)
        self._bits = min(room, self._bits + SHARE * rate_bps * passed)
        own_bps = min(self.cap_bps, OWN_SHARE * rate_bps)
        self._own_bits = min(chunk, self._own_bits + own_bps * passed)

    def hold(self, seconds: float, now: float) -> None:
        """Nothing for a while."""
        self._hold_until = max(self._hold_until, now + seconds)

    def report(self, queue_s: float, jitter_s: float, now: float) -> None:
        """What the other side says about the delay on the way."""
        # With jitter the mean delay is above the least one; but a queue is no jitter.
        queue = queue_s - min(jitter_s / 2, JITTER_S_MAX)
        if queue > QUEUE_SOME_S:
            if now >= self._hold_until:
                self.cap_bps = max(CAP_BPS_MIN, SLOWER * self.cap_bps)
            self._seen_queue = True
            self.hold(HOLD_LONG_S if queue > QUEUE_MUCH_S else HOLD_S, now)
            self._opened_at = now
        elif queue > QUEUE_CALM_S:
            self._opened_at = now
        elif now - self._limited_at < LIMITED_S and now - self._opened_at >= 1.0:
            more = STEP_BPS if self._seen_queue else (FASTER - 1) * self.cap_bps
            self.cap_bps = min(CAP_BPS_MAX, self.cap_bps + more)
            self._opened_at = now


def chunk_wire_bytes(rate_bps: float) -> int:
    """How long a chunk's datagram should be, all around it counted."""
    return max(CHUNK_WIRE_MIN, min(CHUNK_WIRE_MAX, round(rate_bps * CHUNK_S / 8)))
