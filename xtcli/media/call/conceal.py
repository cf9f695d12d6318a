"""What is played when there is nothing to play, and sound made a little longer or shorter.

Order: a copy (the playout's business), the decoder's own concealment, fading out within 180 ms
because a held vowel is worse than a gap, then comfort noise at the level of the room on the other
side, so that a silent line does not seem dead. Stretching cuts or repeats one pitch period with a
cross-fade (the idea of WSOLA, Verhelst and Roelands 1993). It refuses to know clocks and packets.

Sound here is a NumPy array of int16 or float32 at 16 kHz.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

RATE_HZ = 16_000
FADE = (1.0, 1.0, 0.6, 0.0)
FADE_AT = (0, 960, 1_920, 2_880)
"""Gain after so many concealed samples: nothing is left after 180 ms."""
COMFORT_RMS_MAX = 60.0
COMFORT_RMS_MIN = 4.0
LEVEL_RISE = 1.03
CALM = 3.0
CALM_RMS = 30.0
LAG_MIN, LAG_MAX = 40, 240
"""Pitch periods of 2.5 to 15 ms: 400 to 67 Hz."""
CORRELATION_MIN = 0.6
QUIET_RMS = 120.0


def rms(sound: Samples) -> float:
    """Root mean square; 0 for nothing."""
    return float(np.sqrt(np.mean(np.square(sound)))) if sound.size else 0.0


class Comfort:
    """Noise at the level of the quietest sound lately heard."""

    def __init__(self) -> None:
        """Start almost silent."""
        self._level = COMFORT_RMS_MIN
        # A fixed table of noise: the same call sounds the same twice, and nothing draws entropy.
        white = np.random.Generator(np.random.PCG64(60)).standard_normal(RATE_HZ)
        soft = np.convolve(white, [0.25, 0.5, 0.25], mode="same")
        self._noise: Samples = (soft / np.std(soft)).astype(np.float32)
        self._at = 0

    def hear(self, sound: Samples) -> bool:
        """Follow the noise floor, down at once and up slowly; whether `sound` is near it."""
        level = rms(sound)
        if level > 0:
            self._level = min(level, self._level * LEVEL_RISE, COMFORT_RMS_MAX)
            self._level = max(self._level, COMFORT_RMS_MIN)
        return level < max(CALM * self._level, CALM_RMS)

    def make(self, count: int) -> Samples:
        """`count` samples of noise, without a seam to the last."""
        places = (self._at + np.arange(count)) % self._noise.size
        self._at = (self._at + count) % self._noise.size
        made: Samples = self._noise[places] * np.float32(self._level)
        return made


def fade(sound: Samples, since: int) -> Samples:
    """Concealment on its way to nothing: `since` samples have been concealed before `sound`."""
    gains = np.interp(since + np.arange(sound.size), FADE_AT, FADE).astype(np.float32)
    faded: Samples = sound * gains
    return faded


def _period(sound: Samples, at: int) -> int:
    """The lag by which `sound` at `at` best repeats itself; 0 when it does not."""
    window = LAG_MAX
    here = sound[at : at + window]
    if rms(here) < QUIET_RMS:
        return LAG_MAX
    energy = np.concatenate(([0.0], np.cumsum(np.square(sound, dtype=np.float64))))
    lags = np.arange(LAG_MIN, LAG_MAX + 1)
    dots = np.correlate(sound[at + LAG_MIN : at + LAG_MAX + window], here, mode="valid")
    there = energy[at + lags + window] - energy[at + lags]
    score = dots / np.sqrt(np.maximum(there * (energy[at + window] - energy[at]), 1.0))
    top = int(np.argmax(score))
    return int(lags[top]) if score[top] >= CORRELATION_MIN else 0


def shorten(sound: Samples) -> Samples:
    """`sound` with one pitch period less; as it was where that would be heard."""
    at = (sound.size - 2 * LAG_MAX) // 2
    lag = _period(sound, at) if at >= 0 else 0
    if not lag:
        return sound
    mix = np.linspace(0, 1, lag, dtype=np.float32)
    joined = sound[at : at + lag] * (1 - mix) + sound[at + lag : at + 2 * lag] * mix
    return np.concatenate((sound[:at], joined, sound[at + 2 * lag :]))


def lengthen(sound: Samples) -> Samples:
    """`sound` with one pitch period more; as it was where that would be heard."""
    at = (sound.size - 2 * LAG_MAX) // 2
    lag = _period(sound, at) if at >= 0 else 0
    if not lag:
        return sound
    mix = np.linspace(0, 1, lag, dtype=np.float32)
    joined = sound[at + lag : at + 2 * lag] * (1 - mix) + sound[at : at + lag] * mix
    return np.concatenate((sound[: at + lag], joined, sound[at + lag :]))
