"""The shape of a voice note on one line: what was played bright, what is left dim."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from xtcli.media import waveform


def wave(peaks: Sequence[int], played: float, cells: int) -> Content:
    """`peaks` (0..100) in `cells` characters; `played` is 0..1."""
    bright, dim = waveform.draw_progress(peaks, played, cells)
    return Content.assemble((bright, "bold $accent"), (dim, "$foreground 50%"))
