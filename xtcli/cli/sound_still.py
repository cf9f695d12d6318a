"""A picture of a call on a terminal: half blocks in colour, or a sentence on where it is."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

from xtcli.cli.output import tell
from xtcli.lang import tr

if TYPE_CHECKING:
    from pathlib import Path

    from xtcli.station.calls_values import StillView

COLUMNS_MAX, LINES_MAX = 96, 36
UPPER_HALF = "\u2580"


def show_still(still: StillView) -> None:
    """On standard error: drawn where that is a terminal with colours, else its place and age."""
    size = shutil.get_terminal_size((0, 0))
    if sys.stderr.isatty() and not os.environ.get("NO_COLOR") and size.columns >= 20:
        sys.stderr.write(
            half_blocks(still.path, min(size.columns, COLUMNS_MAX), min(size.lines - 2, LINES_MAX))
        )
    tell(tr("Picture, {age} s old: {file}", age=round(still.age_s), file=str(still.path)))


def half_blocks(path: Path, columns: int, lines: int) -> str:
    """A picture as lines of half blocks in 24-bit colour, at most `columns` x `lines` cells."""
    from PIL import Image

    with Image.open(path, formats=("AVIF",)) as file:
        image = file.convert("RGB")
    image.thumbnail((columns, 2 * max(1, lines)))
    width, height = image.size
    pixels = image.tobytes()

    def colour(x: int, y: int) -> str:
        at = 3 * (min(y, height - 1) * width + x)
        return ";".join(map(str, pixels[at : at + 3]))

    rows = [
        "".join(
            f"\x1b[38;2;{colour(x, y)};48;2;{colour(x, y + 1)}m{UPPER_HALF}" for x in range(width)
        )
        for y in range(0, height, 2)
    ]
    return "".join(row + "\x1b[0m\n" for row in rows)
