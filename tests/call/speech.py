"""Real Mandarin speech for the tests."""

from __future__ import annotations

import wave
from functools import cache
from pathlib import Path

CLIP = Path(__file__).parents[1] / "data" / "speech" / "zh" / "rapidasr_0478_00017.wav"
FRAME_BYTES = 1_920


@cache
def speech() -> bytes:
    """12 s of PCM, 16 kHz mono."""
    with wave.open(str(CLIP)) as file:
        return bytes(file.readframes(file.getnframes()))


def frames_of(pcm: bytes) -> list[bytes]:
    """Whole frames of 60 ms."""
    return [pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES)]
