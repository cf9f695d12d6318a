"""A level meter in signs that every terminal draws one cell wide."""

from __future__ import annotations

from textual.content import Content

from xtcli.media.waveform import PEAK_MAX, level

LOUD = 90
"""Of 100: louder than this is shown as too loud."""


def meter(amplitude: float, cells: int) -> str:
    """`[####....]`, `cells` wide with its brackets; `!` at the end when it is too loud."""
    room = max(1, cells - 2)
    loudness = level(amplitude)
    filled = round(loudness * room / PEAK_MAX)
    bar = "#" * filled + "." * (room - filled)
    return "[" + (bar[:-1] + "!" if loudness >= LOUD else bar) + "]"


def coloured(amplitude: float, cells: int, *, shut: bool = False) -> Content:
    """The same with colours; dim while the microphone is shut."""
    text = meter(amplitude, cells)
    if shut:
        return Content.assemble((text, "$foreground 40%"))
    return Content.assemble((text, "bold $error" if text.endswith("!]") else "bold $success"))
