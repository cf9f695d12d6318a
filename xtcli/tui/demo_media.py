"""A voice note and a picture for the sample cases, made on the spot: nobody's voice or heart."""

from __future__ import annotations

import array
import io
import math

RATE_HZ = 16_000
SECONDS = 4


def voice_pcm() -> bytes:
    """Four seconds that rise and fall like syllables, 16 kHz mono 16 bits."""
    samples = array.array("h")
    for n in range(RATE_HZ * SECONDS):
        at = n / RATE_HZ
        syllable = max(0.0, math.sin(2 * math.pi * 2.2 * at)) ** 0.5
        pitch = 140 + 30 * math.sin(2 * math.pi * 0.7 * at)
        wave = sum(math.sin(2 * math.pi * pitch * k * at) / k for k in (1, 2, 3, 5, 8))
        samples.append(int(5_000 * syllable * wave / 2))
    return samples.tobytes()


def voice_note() -> tuple[bytes, int]:
    """An Opus note and its seconds."""
    from xtcli.media.voice import make_note

    note = make_note(voice_pcm())
    return note.data, max(1, round(note.seconds))


def ecg_picture(quality: int = 70) -> bytes:
    """A JPEG of three drawn leads on squared paper."""
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (960, 600), "#fff4f0")
    draw = ImageDraw.Draw(image)
    for x in range(0, 960, 24):
        draw.line((x, 0, x, 600), "#f4c4bc", 1 + (x % 120 == 0))
    for y in range(0, 600, 24):
        draw.line((0, y, 960, y), "#f4c4bc", 1 + (y % 120 == 0))
    for lead in range(3):
        base = 120 + lead * 190
        points = [(x, base - _beat((x + lead * 20) % 160) * (1 + lead * 0.3)) for x in range(960)]
        draw.line(points, "#202030", 3)
    room = io.BytesIO()
    image.save(room, "JPEG", quality=quality)
    return room.getvalue()


def _beat(x: float) -> float:
    """Height of one heartbeat at `x` of 160: P, QRS and a raised ST."""
    p = 10 * math.exp(-((x - 30) ** 2) / 60)
    qrs = 70 * math.exp(-((x - 60) ** 2) / 10) - 18 * math.exp(-((x - 68) ** 2) / 12)
    st = 26 * math.exp(-((x - 95) ** 2) / 500)
    return p + qrs + st
