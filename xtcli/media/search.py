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
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from xtcli.media import opus
from xtcli.media.steering import PRICE_RISE_MAX, Steering

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

RATE_STEPS = (0.82, 0.9, 1.0, 1.12)
"""Bitrates tried for every frame, relative to the one asked for."""

THOROUGH_SECONDS_MAX = 60
"""Longer recordings are coded with half the tries: waiting would cost more than sending."""

PRICE_STEP = 0.05

THREADS_MAX = 4
"""Tries of a frame that are made side by side, on a machine with as many cores."""

QUICK = 0
"""Complexity of the one go that tells how the bytes are spread in time."""

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


@dataclass(frozen=True, slots=True)
class Budget:
    """How many bytes all packets may have."""

    size: float
    share: float
    """Bytes of the search at the usual price, of those in one go, for usual speech."""


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
    budget: Budget | None = None,
) -> Take:
    """Code `pcm` (16 kHz, mono, 16 bits) once, no packet larger than `packet_bytes_max`.

    `bandwidth` is a name in `opus.BANDWIDTHS`, fixed so that a change of bitrate never changes it;
    `price` is the loss that one byte must save to be worth sending: higher is smaller. With a
    `budget` the price rises as far as needed to come out below it, mostly at once.
    """
    import numpy as np

    with _Search(bitrate, price, bandwidth, packet_bytes_max) as search:
        thorough_max = THOROUGH_SECONDS_MAX * opus.SAMPLE_RATE_HZ * opus.SAMPLE_BYTES
        search.thorough = len(pcm) <= thorough_max
        frame, lookahead = search.frame, search.lookahead
        samples = len(pcm) // opus.SAMPLE_BYTES
        # Silence after the end pushes out what the encoder still holds back.
        count = max(1, math.ceil((samples + lookahead) / frame))
        said = np.zeros(count * frame, "<i2")
        said[:samples] = np.frombuffer(pcm, "<i2", samples)
        late = np.concatenate([np.zeros(_WINDOW + lookahead), said])
        if budget is not None:
            one_go = _one_go(said, frame, bitrate, bandwidth)
            search.steering = Steering(price, budget.size, one_go, budget.share)
        packets = []
        for index in range(count):
            start = index * frame
            wanted = late[start : start + _WINDOW + frame]
            packets.append(search.next(said[start : start + frame], wanted))
        return Take(bitrate, price, lookahead, tuple(packets), search.tried)


def _one_go(said: NDArray[np.int16], frame: int, bitrate: int, bandwidth: str) -> list[int]:
    """Bytes of each frame when the recording is coded in one go."""
    encoder = opus.Encoder(bitrate, bandwidth=bandwidth, complexity=QUICK)
    return [
        len(encoder.encode(said[at : at + frame].tobytes())) for at in range(0, len(said), frame)
    ]


Try = tuple[int, bytes]
"""A bitrate and the samples it is tried on."""
Way = tuple[bytes, Any, bytes, bytes]
"""A packet, what is heard of it, and the states of encoder and decoder after it."""


class _Coder:
    """One encoder and one decoder, for tries that one thread makes one after the other."""

    def __init__(self, bitrate: int, bandwidth: str, bytes_max: int) -> None:
        self.encoder, self.decoder = opus.Encoder(bitrate, bandwidth=bandwidth), opus.Decoder()
        self.bytes_max = bytes_max

    def ways(self, tries: Sequence[Try], states: tuple[bytes, bytes]) -> list[Way]:
        """What comes of each of `tries` from the same `states`."""
        import numpy as np

        found = []
        for rate, source in tries:
            self.encoder.restore(states[0])
            self.decoder.restore(states[1])
            self.encoder.set_bitrate(rate)
            packet = self.encoder.encode(source, self.bytes_max)
            heard = np.frombuffer(self.decoder.decode(packet), "<i2")
            found.append((packet, heard, self.encoder.snapshot(), self.decoder.snapshot()))
        return found


class _Search:
    """Goes through a recording frame by frame, on several threads: libopus runs without Python's
    lock. What is chosen does not depend on how many there are."""

    def __init__(self, bitrate: int, price: float, bandwidth: str, bytes_max: int) -> None:
        threads = min(THREADS_MAX, os.cpu_count() or 1)
        self.coders = [_Coder(bitrate, bandwidth, bytes_max) for _ in range(threads)]
        first = self.coders[0]
        self.frame, self.lookahead = first.encoder.frame_samples, first.encoder.lookahead_samples
        self.states = (first.encoder.snapshot(), first.decoder.snapshot())
        self.bitrate, self.price = bitrate, price
        self.steering: Steering | None = None
        self.thorough = True
        self.ear = ear(bandwidth)
        self.before: Floats
        self.tried: list[tuple[Floats, Floats]] = []

    def __enter__(self) -> _Search:
        """Start the threads."""
        import numpy as np

        self.before = np.zeros(_WINDOW)
        self.pool = ThreadPoolExecutor(max(1, len(self.coders) - 1))
        return self

    def __exit__(self, *caught: object) -> None:
        """End the threads."""
        self.pool.shutdown()

    def next(self, said: NDArray[np.int16], wanted: Floats) -> bytes:
        """The best packet for the frame `said`.

        `wanted` is what a decoder should give, with the `_WINDOW` samples before it.
        """
        import numpy as np

        ways = self._ways(said)
        sounds = [np.concatenate([self.before, heard]) for _, heard, _, _ in ways]
        losses = self.ear.loss(
            self.ear.hear(_windows(np.stack(sounds))), self.ear.hear(_windows(wanted))
        )
        sizes = np.array([float(len(packet)) for packet, _, _, _ in ways])
        self.tried.append((losses, sizes))
        price = self.price if self.steering is None else self.steering.price_now
        best = int(np.argmin(losses + price * sizes))
        packet, _, *states = ways[best]
        self.states = (states[0], states[1])
        self.before = sounds[best][-_WINDOW:]
        if self.steering is not None:
            self.steering.coded(losses, sizes, len(packet))
        return packet

    def _ways(self, said: NDArray[np.int16]) -> list[Way]:
        """Every try of a frame, shared among the threads."""
        scale = 1.0 if self.steering is None else self.steering.scale
        lowest, highest = opus.BITRATE_BPS_MIN, opus.BITRATE_BPS_MAX
        rates = [
            max(lowest, min(highest, round(self.bitrate * scale * step))) for step in RATE_STEPS
        ]
        sources = [said.tobytes(), (said ^ 1).tobytes()] if self.thorough else [said.tobytes()]
        tries = [(rate, source) for rate in rates for source in sources]
        each = -(-len(tries) // len(self.coders))
        shares = [tries[at : at + each] for at in range(0, len(tries), each)]
        others = [
            self.pool.submit(coder.ways, share, self.states)
            for coder, share in zip(self.coders[1:], shares[1:], strict=False)
        ]
        ways = self.coders[0].ways(shares[0], self.states)
        return ways + [way for other in others for way in other.result()]


def _windows(sound: Floats) -> Floats:
    """Overlapping windows along the last axis, the last one ending where the sound ends."""
    import numpy as np

    views = np.lib.stride_tricks.sliding_window_view(sound, _WINDOW, axis=-1)
    return views[..., (sound.shape[-1] - _WINDOW) % _HOP :: _HOP, :]
