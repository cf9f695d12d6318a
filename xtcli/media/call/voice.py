"""Whether there is voice in a frame, or only the room around it.

A frame without voice gets no copy and makes no note by itself. After three that are quieter still,
nothing is sent until sound returns, because libopus goes on for longer. The bounds are relative to
how loud this speaker has been. It refuses to know coding.
"""

from __future__ import annotations

import numpy as np

SHARE = 0.02
"""Of the speaker's level: 34 dB below it."""
PAUSE_SHARE = 0.008
"""42 dB below: a pause. The noise of a room is above, and cutting it out would be heard."""
HANG_FRAMES = 3
DECAY = 0.998
"""A frame: the level halves in 20 s."""
LEVEL_MIN = 200.0


class Voice:
    """One speaker's level."""

    def __init__(self) -> None:
        """Nothing heard."""
        self._level = LEVEL_MIN
        self._quiet = 0
        self.loudness = 0.0
        """Of the last frame: root mean square, or 0 when it held no voice."""

    def hear(self, pcm: bytes) -> bool:
        """Take in a frame (int16 PCM); whether it holds voice."""
        sound = np.frombuffer(pcm, "<i2").astype(np.float32)
        loudness = float(np.sqrt(np.mean(np.square(sound)))) if sound.size else 0.0
        self._level = max(loudness, DECAY * self._level, LEVEL_MIN)
        voice = loudness >= SHARE * self._level
        self._quiet = 0 if loudness >= PAUSE_SHARE * self._level else self._quiet + 1
        self.loudness = loudness if voice else 0.0
        return voice

    @property
    def pausing(self) -> bool:
        """Whether it has been quiet for long enough to send nothing."""
        return self._quiet >= HANG_FRAMES
