"""A way with a policer before it: what exceeds a token bucket is dropped at once, nothing queues.

The bucket is that of RFC 2697 with one rate. It looks at sizes and times only.
"""

from __future__ import annotations

from xtcli.transport.emulator.core import UDP_IPV4_BYTES, Emulator


class Policer(Emulator):
    """See the module. It takes the place of the way it was made from."""

    def __init__(self, way: Emulator, rate_bps: float, burst_bytes: int) -> None:
        """Let `rate_bps` (IP bits) through, and `burst_bytes` at once after a pause."""
        self.__dict__.update(way.__dict__)
        self._police_bps, self._burst = rate_bps, float(burst_bytes)
        self._tokens, self._filled_at = float(burst_bytes), 0.0
        self.bytes_in = 0
        """IP bytes that were sent into it."""

    def push(self, packet: bytes, now: float) -> None:
        """A packet comes: it passes, or is dropped."""
        earned = (now - self._filled_at) * self._police_bps / 8
        self._tokens, self._filled_at = min(self._burst, self._tokens + earned), now
        size = len(packet) + UDP_IPV4_BYTES
        self.bytes_in += size
        if size <= self._tokens:
            self._tokens -= size
            super().push(packet, now)
