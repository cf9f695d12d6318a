"""Even out a recording: the same loudness for every speaker, no silence at either end.

Pure arithmetic on PCM (16 kHz, mono, 16 bits). Loudness is the mean power of the blocks that pass
a gate, as in ITU-R BS.1770-5 but unweighted and with blocks of 100 ms, since a note is speech. It
refuses to know files and codecs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float64]

RATE_HZ = 16_000
TARGET_DB = -23.0
"""Level of speech after levelling, in dB below full scale."""

GAIN_DB_MAX = 36.0
PEAK_MAX = 0.89
"""The limiter keeps every sample under this part of full scale (-1 dB)."""

AUDIBLE_DB = -66.0
"""A recording quieter than this holds nothing but the converter's own noise."""

LEAD_MS, TAIL_MS = 120, 240
"""Kept before the first and after the last sound: soft consonants live there."""

_BLOCK, _FINE, _LIMIT = RATE_HZ // 10, RATE_HZ // 50, RATE_HZ // 200


def tidy(pcm: bytes) -> bytes:
    """`pcm` levelled and trimmed; empty when nothing can be heard in it."""
    import numpy as np

    samples = np.frombuffer(pcm[: len(pcm) // 2 * 2], "<i2").astype(np.float64) / 32768
    if not len(samples):
        return b""
    samples -= samples.mean()
    level = speech_level(samples)
    if level < AUDIBLE_DB:
        return b""
    samples = trim(samples, level)
    gain = 10 ** (min(TARGET_DB - level, GAIN_DB_MAX) / 20)
    levelled = limit(samples * gain)
    return np.clip(np.rint(levelled * 32767), -32768, 32767).astype("<i2").tobytes()


def _power_db(samples: Samples, block: int) -> Any:
    """Mean power of each block in dB, the last one padded with silence."""
    import numpy as np

    padded = np.pad(samples, (0, -len(samples) % block)).reshape(-1, block)
    return 10 * np.log10(np.mean(padded * padded, axis=1) + 1e-12)


def speech_level(samples: Samples) -> float:
    """Mean power in dB of the blocks within 10 dB of the mean of all that are audible."""
    import numpy as np

    blocks = _power_db(samples, _BLOCK)
    heard = blocks[blocks > AUDIBLE_DB]
    if not len(heard):
        return float(blocks.max())
    gate = 10 * np.log10(np.mean(10 ** (heard / 10))) - 10
    return float(10 * np.log10(np.mean(10 ** (heard[heard > gate] / 10))))


def trim(samples: Samples, level: float) -> Samples:
    """`samples` without what lies before the first and after the last sound.

    The threshold stands above the room's noise, but never so high that quiet speech passes for it.
    """
    import numpy as np

    blocks = _power_db(samples, _FINE)
    noise = float(np.percentile(blocks, 5))
    threshold = min(max(noise + 8.0, level - 38.0), level - 16.0)
    loud = np.flatnonzero(blocks > threshold)
    # One block alone is a click: it begins or ends nothing.
    pairs = loud[np.isin(loud + 1, loud)]
    if not len(pairs):
        return samples
    start = int(pairs[0]) * _FINE - LEAD_MS * RATE_HZ // 1000
    stop = (int(pairs[-1]) + 2) * _FINE + TAIL_MS * RATE_HZ // 1000
    return samples[max(0, start) : stop]


def limit(samples: Samples) -> Samples:
    """`samples` turned down around each peak above `PEAK_MAX`, smoothly, without clipping."""
    import numpy as np

    size = len(samples)
    padded = np.pad(np.abs(samples), (0, -size % _LIMIT)).reshape(-1, _LIMIT)
    wanted = np.minimum(1.0, PEAK_MAX / np.maximum(padded.max(axis=1), 1e-9))
    if wanted.min() >= 1.0:
        return samples
    # The least of three neighbours, then straight lines: no sample can exceed its own block's gain.
    around = np.pad(wanted, 1, mode="edge")
    least = np.minimum(np.minimum(around[:-2], around[1:-1]), around[2:])
    centres = (np.arange(len(least)) + 0.5) * _LIMIT
    gains = np.interp(np.arange(size), centres, least)
    limited: Samples = samples * gains
    return limited
