"""Whether there is voice in a frame, or only the room around it.

Only for economy: a frame without voice gets no copy and makes no note by itself. It is sent all
the same. The bound is relative to how loud this speaker has been. It refuses to know coding.
"""

from __future__ import annotations

import numpy as np

SHARE = 0.05
"""Of the speaker's level: 26 dB below it."""
DECAY = 0.998
"""A frame: the level halves in 20 s."""
LEVEL_MIN = 200.0


class Voice:
    """One speaker's level."""

    def __init__(self) -> None:
        """Nothing heard."""
        self._level = LEVEL_MIN

    def hear(self, pcm: bytes) -> bool:
        """Take in a frame (int16 PCM); whether it holds voice."""
        sound = np.frombuffer(pcm, "<i2").astype(np.float32)
        loudness = float(np.sqrt(np.mean(np.square(sound)))) if sound.size else 0.0
        self._level = max(loudness, DECAY * self._level, LEVEL_MIN)
        return loudness >= SHARE * self._level
