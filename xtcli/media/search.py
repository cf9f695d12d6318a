"""Code a recording by listening to the result: better speech in the same bytes than in one go.

A note is finished before it is sent, so there is time for what a call cannot do. Each frame is
coded several times from the same state: at a few bitrates around the one asked for, and once more
with the lowest bit of every sample flipped, which is inaudible but makes the quantiser take another
path. The one that loses least to the ear per byte is kept. Any Opus decoder plays the result.

Loss is the distance of loudness in bands of half a Bark, loudness growing with a power of sound
power (Zwicker and Fastl, Psychoacoustics, ch. 8). It refuses to know files and containers.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xtcli.media import opus

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RATE_STEPS = (0.82, 0.9, 1.0, 1.12)
"""Bitrates tried for every frame, relative to the one asked for."""

THOROUGH_SECONDS_MAX = 60
"""Longer recordings are coded with half the tries: waiting would cost more than sending."""

PRICE_RISE_MAX = 2.5
"""A price beyond this picks the smallest try of nearly every frame: a lower bitrate is better."""
PRICE_STEP = 0.05

_WINDOW = 512
_HOP = 160
_BAND_BARK = 0.5
_LOUDNESS_POWER = 0.23
_LOUDNESS_FLOOR = 1e3
_ADDED, _LOST = 1.5, 0.8
"""What was not said disturbs more than what is missing."""

_BAND_HZ_MAX = {"narrow": 4_000, "medium": 6_000, "wide": 8_000}


@dataclass(frozen=True, slots=True)
class Ear:
    """Turns windows of sound into loudness per band."""

    bands: Floats
    window: Floats

    def hear(self, windows: Floats) -> Floats:
        """Loudness, shape (..., bands), of windows of shape (..., samples)."""
        import numpy as np

        power = np.abs(np.fft.rfft(windows * self.window)) ** 2
        loudness: Floats = (power @ self.bands.T + _LOUDNESS_FLOOR) ** _LOUDNESS_POWER
        return loudness

    def loss(self, heard: Floats, wanted: Floats) -> Floats:
        """Distance of each candidate (first axis of `heard`) from what was said."""
        import numpy as np

        change = heard - wanted
        weight = np.where(change > 0, _ADDED, _LOST)
        distance: Floats = np.sqrt((weight * change**2).sum(axis=-1)).sum(axis=-1)
        return distance


def ear(bandwidth: str) -> Ear:
    """An ear for sound at 16 kHz that is coded up to `bandwidth`, a name in `opus.BANDWIDTHS`."""
    import numpy as np

    hertz = np.arange(_WINDOW // 2 + 1) * opus.SAMPLE_RATE_HZ / _WINDOW
    # Zwicker and Terhardt 1980: critical-band rate in Bark.
    bark = 13 * np.arctan(0.00076 * hertz) + 3.5 * np.arctan((hertz / 7500) ** 2)
    band = np.floor((bark - _BAND_BARK) / _BAND_BARK)
    count = int(band.max()) + 1
    # What cannot be coded is the same loss whatever is tried: leave it out.
    coded = hertz < _BAND_HZ_MAX[bandwidth]
    bands = ((band == np.arange(count)[:, None]) & coded).astype(float)
    return Ear(bands[bands.any(axis=1)], np.hanning(_WINDOW))


@dataclass(slots=True)
class Take:
    """One way through a recording: the packets kept, and what every try of every frame cost."""

    bitrate: int
    price: float
    lookahead: int
    """In samples at 16 kHz."""
    packets: tuple[bytes, ...] = ()
    tried: list[tuple[Floats, Floats]] = field(default_factory=list, repr=False)
    """For each frame the losses and the sizes in bytes of its tries."""

    @property
    def size(self) -> int:
        """Bytes of all packets."""
        return sum(map(len, self.packets))

    def smaller(self, budget: float) -> tuple[int, float]:
        """Bitrate and price with which another go should need at most `budget` bytes.

        The tries of this one tell how much a higher price saves. Where that is not enough, the
        bitrate asked for goes down as well. What the next go takes differs by a hundredth or so.
        """
        low, high = self.price, PRICE_RISE_MAX * self.price
        left = self._size_at(high)
        if left > budget:
            rate = round(self.bitrate * budget / left)
            return max(opus.BITRATE_BPS_MIN, rate), high
        while high - low > PRICE_STEP:
            middle = (low + high) / 2
            low, high = (low, middle) if self._size_at(middle) <= budget else (middle, high)
        return self.bitrate, high

    def _size_at(self, price: float) -> float:
        return float(sum(size[(loss + price * size).argmin()] for loss, size in self.tried))


def encode(
    pcm: bytes, bitrate: int, *, price: float, bandwidth: str
) -> tuple[tuple[bytes, ...], int]:
    """Packets of `pcm` (16 kHz, mono, 16 bits) and the lookahead in samples; see `take`."""
    found = take(pcm, bitrate, price=price, bandwidth=bandwidth)
    return found.packets, found.lookahead


def take(
    pcm: bytes,
    bitrate: int,
    *,
    price: float,
    bandwidth: str,
    packet_bytes_max: int = opus.PACKET_BYTES_MAX,
) -> Take:
    """Code `pcm` (16 kHz, mono, 16 bits) once, no packet larger than `packet_bytes_max`.

    `bandwidth` is a name in `opus.BANDWIDTHS`, fixed so that a change of bitrate never changes it;
    `price` is the loss that one byte must save to be worth sending: higher is smaller.
    """
    import numpy as np

    search = _Search(bitrate, price, bandwidth, packet_bytes_max)
    search.thorough = len(pcm) <= THOROUGH_SECONDS_MAX * opus.SAMPLE_RATE_HZ * opus.SAMPLE_BYTES
    frame, lookahead = search.frame, search.encoder.lookahead_samples
    samples = len(pcm) // opus.SAMPLE_BYTES
    # Silence after the end pushes out what the encoder still holds back.
    count = max(1, math.ceil((samples + lookahead) / frame))
    said = np.zeros(count * frame, "<i2")
    said[:samples] = np.frombuffer(pcm, "<i2", samples)
    late = np.concatenate([np.zeros(_WINDOW + lookahead), said])
    packets = []
    for index in range(count):
        start = index * frame
        wanted = late[start : start + _WINDOW + frame]
        packets.append(search.next(said[start : start + frame], wanted))
    return Take(bitrate, price, lookahead, tuple(packets), search.tried)


class _Search:
    """One encoder and one decoder going through a recording frame by frame."""

    def __init__(self, bitrate: int, price: float, bandwidth: str, bytes_max: int) -> None:
        import numpy as np

        self.encoder, self.decoder = opus.Encoder(bitrate, bandwidth=bandwidth), opus.Decoder()
        self.frame = self.encoder.frame_samples
        self.price, self.bytes_max = price, bytes_max
        self.thorough = True
        lowest, highest = opus.BITRATE_BPS_MIN, opus.BITRATE_BPS_MAX
        self.rates = [max(lowest, min(highest, round(bitrate * step))) for step in RATE_STEPS]
        self.ear = ear(bandwidth)
        self.before: Floats = np.zeros(_WINDOW)
        self.tried: list[tuple[Floats, Floats]] = []

    def next(self, said: NDArray[np.int16], wanted: Floats) -> bytes:
        """The best packet for the frame `said`.

        `wanted` is what a decoder should give, with the `_WINDOW` samples before it.
        """
        import numpy as np

        encoder_state, decoder_state = self.encoder.snapshot(), self.decoder.snapshot()
        ways: list[tuple[bytes, bytes, bytes]] = []
        sounds: list[Any] = []
        sources = (said, said ^ 1) if self.thorough else (said,)
        for rate in self.rates:
            for source in sources:
                self.encoder.restore(encoder_state)
                self.decoder.restore(decoder_state)
                self.encoder.set_bitrate(rate)
                packet = self.encoder.encode(source.tobytes(), self.bytes_max)
                heard = np.frombuffer(self.decoder.decode(packet), "<i2")
                sounds.append(np.concatenate([self.before, heard]))
                ways.append((packet, self.encoder.snapshot(), self.decoder.snapshot()))
        losses = self.ear.loss(
            self.ear.hear(_windows(np.stack(sounds))), self.ear.hear(_windows(wanted))
        )
        sizes = np.array([float(len(packet)) for packet, _, _ in ways])
        self.tried.append((losses, sizes))
        best = int(np.argmin(losses + self.price * sizes))
        packet, encoder_state, decoder_state = ways[best]
        self.encoder.restore(encoder_state)
        self.decoder.restore(decoder_state)
        self.before = sounds[best][-_WINDOW:]
        return packet


def _windows(sound: Floats) -> Floats:
    """Overlapping windows along the last axis, the last one ending where the sound ends."""
    import numpy as np

    views = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW, axis=-1)
    return views[..., (sound.shape[-1] - _WINDOW) % _HOP :: _HOP, :]
