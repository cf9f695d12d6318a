"""The shape of a voice note on one line: what was played bright, what is left dim."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from xtcli.media import waveform
from xtcli.tui.console import bare

ASCII = " .,-:=+*#"
"""As many steps as `waveform.BARS`, for a console that has no bars."""
_PLAIN = str.maketrans(waveform.BARS, ASCII)


def wave(peaks: Sequence[int], played: float, cells: int, *, plain: bool | None = None) -> Content:
    """`peaks` (0..100) in `cells` signs, `played` is 0..1; `plain` None: as the terminal is."""
    bright, dim = waveform.draw_progress(peaks, played, cells)
    if bare() if plain is None else plain:
        bright, dim = bright.translate(_PLAIN), dim.translate(_PLAIN)
    return Content.assemble((bright, "bold $accent"), (dim, "$foreground 50%"))
