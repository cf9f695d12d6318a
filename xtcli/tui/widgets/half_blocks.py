"""A picture as half blocks: two pixels a cell, in any terminal with colours; a frame over it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region, Size
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from PIL import Image

    from xtcli.tui.frame import Box

UPPER = "\u2580"
FRAME_COLOURS = ((255, 230, 0), (0, 0, 0))
"""By turns, so that a frame is seen on any picture and without colours."""
DASH = 2


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


class HalfBlocks(Widget):
    """Draws a picture in the middle of its room."""

    DEFAULT_CSS = "HalfBlocks { width: 1fr; height: 1fr; }"

    def __init__(self, image: Image.Image) -> None:
        """An RGB picture."""
        super().__init__()
        self.image = image
        self.frame: Box | None = None
        self._drawn: tuple[Size, Image.Image] | None = None

    def put(self, image: Image.Image) -> None:
        """Another picture."""
        self.image = image
        self._drawn = None
        self.refresh()

    def put_frame(self, frame: Box | None) -> None:
        """A frame in parts of the picture; only the cells under its lines are drawn again."""
        old, self.frame = self.frame, frame
        changed = [region for box in (old, frame) if box is not None for region in self._lines(box)]
        room = Region(0, 0, self.size.width, self.size.height)
        regions = [found for region in changed if (found := region.intersection(room))]
        if regions:
            self.refresh(*regions)

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

    def _lines(self, box: Box) -> list[Region]:
        """The cells under a frame's four sides."""
        small, at = self._small(), self.picture_region
        x0, y0, x1, y1 = edges(box, small.width, small.height)
        top, bottom = at.y + y0 // 2, at.y + y1 // 2
        left, right = at.x + x0, at.x + x1
        wide, tall = right - left + 1, bottom - top + 1
        return [Region(left, top, wide, 1), Region(left, bottom, wide, 1),
                Region(left, top, 1, tall), Region(right, top, 1, tall)]  # fmt: skip

    def render_line(self, y: int) -> Strip:
        """One line of cells, each an upper half over a background."""
        small, at = self._small(), self.picture_region
        row = (y - at.y) * 2
        if not 0 <= row < small.height:
            return Strip.blank(self.size.width, self.rich_style)
        lines = edges(self.frame, small.width, small.height) if self.frame is not None else None
        segments = [Segment(" " * at.x, self.rich_style)]
        for x in range(small.width):
            top, bottom = _pixel(small, x, row, lines), _pixel(small, x, row + 1, lines)
            style = Style(color=Color.from_rgb(*top), bgcolor=Color.from_rgb(*bottom))
            segments.append(Segment(UPPER, style))
        return Strip(segments).adjust_cell_length(self.size.width, self.rich_style)


def _pixel(
    image: Image.Image, x: int, y: int, lines: tuple[int, int, int, int] | None
) -> tuple[int, int, int]:
    """A pixel of the picture, or of the frame over it."""
    if lines is not None:
        x0, y0, x1, y1 = lines
        on = (x in (x0, x1) and y0 <= y <= y1) or (y in (y0, y1) and x0 <= x <= x1)
        if on:
            return FRAME_COLOURS[(x + y) // DASH % len(FRAME_COLOURS)]
    found = image.getpixel((x, y))
    assert isinstance(found, tuple)
    return found[0], found[1], found[2]
