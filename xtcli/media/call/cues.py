"""The sounds a call makes by itself, so that every change is heard as well as shown.

Rising is better, falling is worse, a broken double tone is lost contact. Pure: names to sound.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from xtcli.media.call.conceal import RATE_HZ, Samples

LEVEL = 2_200.0
_EDGE_S = 0.01

CUES: dict[str, tuple[tuple[int, float], ...]] = {
    "ring": ((480, 0.35), (620, 0.35), (480, 0.35), (620, 0.35), (0, 2.6)),
    "ringback": ((450, 1.0), (0, 4.0)),
    "up": ((520, 0.09), (780, 0.12)),
    "down": ((780, 0.09), (520, 0.12)),
    "note": ((520, 0.12), (0, 0.05), (390, 0.2)),
    "lost": ((400, 0.12), (0, 0.08), (400, 0.12)),
    "back": ((520, 0.08), (650, 0.08), (780, 0.12)),
    "end": ((450, 0.2), (0, 0.1), (450, 0.2)),
}
"""Name -> `(pitch in hertz, 0 for a pause; seconds)`. 450 Hz is the tone of Chinese exchanges."""


@lru_cache(maxsize=16)
def cue(name: str) -> Samples:
    """The sound of a cue, to be added to what is played."""
    return np.concatenate([_tone(pitch, seconds) for pitch, seconds in CUES[name]])


def _tone(pitch_hz: int, seconds: float) -> Samples:
    at = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    edge = np.clip(np.minimum(at, seconds - at) / _EDGE_S, 0, 1)
    tone: Samples = (LEVEL * edge * np.sin(2 * np.pi * pitch_hz * at)).astype(np.float32)
    return tone


class Jingle:
    """At most one cue at a time, mixed into PCM as it is played."""

    def __init__(self) -> None:
        """Silent."""
        self._left: Samples = np.zeros(0, np.float32)

    @property
    def sounding(self) -> bool:
        """Whether a cue is not over yet."""
        return bool(self._left.size)

    def start(self, name: str) -> None:
        """Sound cue `name` from now on, in place of any other."""
        self._left = cue(name)

    def stop(self) -> None:
        """Be silent."""
        self._left = self._left[:0]

    def mix(self, pcm: bytes) -> bytes:
        """`pcm` (int16) with the cue in it."""
        if not self._left.size:
            return pcm
        sound = np.frombuffer(pcm, "<i2").astype(np.float32)
        part, self._left = self._left[: sound.size], self._left[sound.size :]
        sound[: part.size] += part
        return bytes(np.clip(sound, -32768, 32767).astype("<i2").tobytes())
