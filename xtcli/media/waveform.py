"""The shape of a sound as a row of characters, for a terminal.

Pure: PCM in, small integers and text out. It refuses to know files, codecs and screens.
"""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Sequence
from itertools import pairwise

PEAK_MAX = 100
PEAKS = 60
"""How many peaks a note keeps: enough for a line of a terminal."""

FLOOR_DB = -42.0
"""A sound this far below full scale is drawn as nothing."""

BARS = " ▁▂▃▄▅▆▇█"


def peaks(pcm: bytes, count: int = PEAKS) -> tuple[int, ...]:
    """Loudness of `count` equal parts of `pcm`, 0..100 on a scale of decibels.

    Empty for empty PCM. Each value is the root mean square of its part: peaks alone would draw
    every click as a word.
    """
    samples = array.array("h", pcm[: len(pcm) // 2 * 2])
    if sys.byteorder == "big":
        samples.byteswap()
    size = len(samples)
    if not size or count < 1:
        return ()
    edges = [size * i // count for i in range(count + 1)]
    return tuple(_scaled(samples[a : max(b, a + 1)]) for a, b in pairwise(edges))


def _scaled(part: array.array[int]) -> int:
    # At most 400 samples of a part: enough for a picture, and it keeps a long note quick to draw.
    step = max(1, len(part) // 400)
    chosen = part[::step]
    power = sum(s * s for s in chosen) / max(1, len(chosen))
    return level(math.sqrt(power) / 32768)


def level(amplitude: float) -> int:
    """An amplitude of 0..1 as 0..100 on a scale of decibels, as a meter shows it."""
    if amplitude <= 0:
        return 0
    decibels = 20 * math.log10(amplitude)
    return max(0, min(PEAK_MAX, round(PEAK_MAX * (1 - decibels / FLOOR_DB))))


def resize(values: Sequence[int], width: int) -> tuple[int, ...]:
    """`values` stretched or squeezed to `width` of them; the loudest of a group stays."""
    if not values or width < 1:
        return ()
    count = len(values)
    edges = [count * i // width for i in range(width + 1)]
    return tuple(max(values[a : max(b, a + 1)]) for a, b in pairwise(edges))


def draw(values: Sequence[int], width: int = PEAKS) -> str:
    """One line of `width` characters, taller where louder."""
    top = len(BARS) - 1
    return "".join(
        BARS[max(0, min(top, round(value * top / PEAK_MAX)))] for value in resize(values, width)
    )


def draw_progress(values: Sequence[int], played: float, width: int = PEAKS) -> tuple[str, str]:
    """`draw` split at `played` (0..1), so that a player can colour the two parts."""
    line = draw(values, width)
    cut = round(max(0.0, min(1.0, played)) * len(line))
    return line[:cut], line[cut:]


def meter(amplitude: float, width: int = 20) -> str:
    """A level meter of `width` characters for an amplitude of 0..1."""
    filled = round(level(amplitude) * width / PEAK_MAX)
    return "█" * filled + "·" * (width - filled)
