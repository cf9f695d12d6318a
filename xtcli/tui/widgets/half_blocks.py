"""A picture as half blocks: two pixels a cell, in any terminal with colours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from PIL import Image

UPPER = "\u2580"


def fitted(image: Image.Image, cells: int, rows: int) -> Image.Image:
    """`image` as large as fits `cells` x `rows`, a cell being one pixel wide and two high."""
    scale = min(cells / image.width, rows * 2 / image.height)
    size = (max(1, round(image.width * scale)), max(2, round(image.height * scale) // 2 * 2))
    return image.resize(size)


class HalfBlocks(Widget):
    """Draws a picture in the middle of its room."""

    DEFAULT_CSS = "HalfBlocks { width: 1fr; height: 1fr; }"

    def __init__(self, image: Image.Image) -> None:
        """An RGB picture."""
        super().__init__()
        self.image = image
        self._drawn: tuple[Size, Image.Image] | None = None

    def put(self, image: Image.Image) -> None:
        """Another picture."""
        self.image = image
        self._drawn = None
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line of cells, each an upper half over a background."""
        if self._drawn is None or self._drawn[0] != self.size:
            self._drawn = (self.size, fitted(self.image, self.size.width, self.size.height))
        small = self._drawn[1]
        left = (self.size.width - small.width) // 2
        row = (y - (self.size.height - small.height // 2) // 2) * 2
        if not 0 <= row < small.height:
            return Strip.blank(self.size.width, self.rich_style)
        segments = [Segment(" " * left, self.rich_style)]
        for x in range(small.width):
            top, bottom = small.getpixel((x, row)), small.getpixel((x, row + 1))
            assert isinstance(top, tuple)
            assert isinstance(bottom, tuple)
            style = Style(color=Color.from_rgb(*top[:3]), bgcolor=Color.from_rgb(*bottom[:3]))
            segments.append(Segment(UPPER, style))
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)
