"""A picture as half blocks: two pixels a cell, in any terminal with colours; a frame over it."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from rich.color import Color
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip

from xtcli.tui.widgets.cell_picture import CellPicture

if TYPE_CHECKING:
    from PIL import Image

    from xtcli.tui.frame import Box

UPPER = "\u2580"
FRAME_COLOURS = ((255, 230, 0), (0, 0, 0))
"""By turns, so that a frame is seen on any picture and without colours."""
DASH = 2
FINE = 0xF8
"""Colours in steps of 8: no eye sees it in a cell, and neighbours are more often alike."""
Pixel = tuple[int, int, int]


def fitted(image: Image.Image, cells: int, rows: int) -> Image.Image:
    """`image` as large as fits `cells` x `rows`, a cell being one pixel wide and two high."""
    scale = min(cells / image.width, rows * 2 / image.height)
    size = (max(1, round(image.width * scale)), max(2, round(image.height * scale) // 2 * 2))
    return image.resize(size)


def edges(box: Box, width: int, height: int) -> tuple[int, int, int, int]:
    """A frame's sides in pixels of a picture of this size; beyond it where it reaches beyond."""
    left, top, right, bottom = box
    x0, y0 = round(left * width), round(top * height)
    x1, y1 = max(x0 + 1, round(right * width) - 1), max(y0 + 1, round(bottom * height) - 1)
    return x0, y0, x1, y1


class HalfBlocks(CellPicture):
    """Draws a picture in the middle of its room."""

    def __init__(self, image: Image.Image) -> None:
        """An RGB picture."""
        super().__init__(image)
        self._drawn: tuple[Size, Image.Image] | None = None

    def put(self, image: Image.Image) -> None:
        """Another picture."""
        self._drawn = None
        super().put(image)

    def _small(self) -> Image.Image:
        if self._drawn is None or self._drawn[0] != self.size:
            self._drawn = (self.size, fitted(self.image, self.size.width, self.size.height))
        return self._drawn[1]

    @property
    def picture_region(self) -> Region:
        """Where the picture lies in this widget, in cells."""
        small = self._small()
        rows = small.height // 2
        return Region((self.size.width - small.width) // 2, (self.size.height - rows) // 2,
                      small.width, rows)  # fmt: skip

    def corners(self, box: Box) -> tuple[int, int, int, int]:
        """As everywhere; a line takes a whole cell's half, whichever it is."""
        small, at = self._small(), self.picture_region
        x0, y0, x1, y1 = edges(box, small.width, small.height)
        return at.x + x0, at.y + y0 // 2, at.x + x1, at.y + y1 // 2

    def render_line(self, y: int) -> Strip:
        """One line of cells, each an upper half over a background."""
        small, at = self._small(), self.picture_region
        row = (y - at.y) * 2
        if not 0 <= row < small.height:
            return Strip.blank(self.size.width, self.rich_style)
        lines = edges(self.frame, small.width, small.height) if self.frame is not None else None
        pairs = ((_pixel(small, x, row, lines), _pixel(small, x, row + 1, lines))
                 for x in range(small.width))  # fmt: skip
        return self.line((UPPER, half_style(top, bottom)) for top, bottom in pairs)


@lru_cache(maxsize=4096)
def half_style(top: Pixel, bottom: Pixel) -> Style:
    """The colours of a cell's two halves."""
    return Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom))


def _pixel(image: Image.Image, x: int, y: int, lines: tuple[int, int, int, int] | None) -> Pixel:
    """A pixel of the picture, or of the frame over it."""
    if lines is not None:
        x0, y0, x1, y1 = lines
        on = (x in (x0, x1) and y0 <= y <= y1) or (y in (y0, y1) and x0 <= x <= x1)
        if on:
            return FRAME_COLOURS[(x + y) // DASH % len(FRAME_COLOURS)]
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return found[0] & FINE, found[1] & FINE, found[2] & FINE
