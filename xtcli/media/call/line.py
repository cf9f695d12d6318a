"""Sound from a browser nearby: RTP packets of Opus with any frame length, to even PCM.

A near link needs no copies and no reports: order by timestamp, a fixed small delay, concealment for
what is missing. Late sound is dropped and the delay re-made in silence, so it cannot grow. Pure:
`now` is an argument; it refuses to know where the packets come from.
"""

from __future__ import annotations

from xtcli.errors import BundleRejected
from xtcli.media.opus import SAMPLE_RATE_HZ, Decoder

CLOCK_HZ = 48_000
DELAY_S = 0.08
DELAY_S_MAX = 0.4
WRAP = 2**32
PACKETS_MAX = 64
STEP_SAMPLES = 160
"""Concealment is made 10 ms at a time."""


class Line:
    """Packets in, PCM out."""

    def __init__(self, delay_s: float = DELAY_S) -> None:
        """Nothing came. `delay_s` is what the network may vary by."""
        self._delay_s = delay_s
        self._decoder = Decoder()
        self._packets: dict[int, bytes] = {}
        self._next: int | None = None
        self._starts_at = 0.0
        self._pcm = bytearray()
        self.concealed = 0

    def add(self, timestamp: int, packet: bytes, now: float) -> None:
        """One packet with its RTP timestamp (48 kHz, 32 bits)."""
        if self._next is None:
            self._next, self._starts_at = timestamp, now + self._delay_s
        if not packet or len(self._packets) >= PACKETS_MAX or self._ahead(timestamp) < 0:
            return
        if self._ahead(timestamp) > CLOCK_HZ:
            # A second of nothing (a sleeping tab): begin anew.
            self._packets.clear()
            self._next, self._starts_at = timestamp, now + self._delay_s
        self._packets[timestamp] = packet

    def _ahead(self, timestamp: int) -> int:
        assert self._next is not None
        return (timestamp - self._next + WRAP // 2) % WRAP - WRAP // 2

    def play(self, now: float, samples: int) -> bytes:
        """PCM (int16) of `samples` samples; silence before anything came."""
        if self._next is None or now < self._starts_at:
            return bytes(2 * samples)
        self._catch_up()
        while len(self._pcm) < 2 * samples:
            self._pcm += self._decode_next()
        out = bytes(self._pcm[: 2 * samples])
        del self._pcm[: 2 * samples]
        return out

    def _catch_up(self) -> None:
        """When far more waits than the delay, the browser's clock is the faster one: skip."""
        if not self._packets:
            return
        newest = max(self._ahead(timestamp) for timestamp in self._packets)
        if newest > (DELAY_S_MAX + self._delay_s - DELAY_S) * CLOCK_HZ and self._next is not None:
            self._next = (self._next + newest - round(self._delay_s * CLOCK_HZ)) % WRAP
            self._packets = {t: p for t, p in self._packets.items() if self._ahead(t) >= 0}
            later = [t for t in self._packets if self._ahead(t) >= 0]
            if later:
                self._next = min(later, key=self._ahead)

    def _decode_next(self) -> bytes:
        assert self._next is not None
        packet = self._packets.pop(self._next, None)
        try:
            pcm = self._decoder.decode(packet, samples=STEP_SAMPLES)
        except BundleRejected:
            packet, pcm = None, self._decoder.decode(None, samples=STEP_SAMPLES)
        self.concealed += packet is None
        ticks = len(pcm) // 2 * (CLOCK_HZ // SAMPLE_RATE_HZ)
        self._next = (self._next + ticks) % WRAP
        return pcm
