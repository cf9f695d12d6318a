"""What pictures drawn cell by cell share: where they lie, and a frame that moves over them."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from typing import TYPE_CHECKING

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

if TYPE_CHECKING:
    from PIL import Image

    from xtcli.tui.frame import Box


class CellPicture(Widget):
    """A picture in the middle of its room, a cell being one part wide and two high."""

    DEFAULT_CSS = "CellPicture { width: 1fr; height: 1fr; }"

    def __init__(self, image: Image.Image) -> None:
        """An RGB picture."""
        super().__init__()
        self.image = image
        self.frame: Box | None = None

    def put(self, image: Image.Image) -> None:
        """Another picture."""
        self.image = image
        self.refresh()

    def put_frame(self, frame: Box | None) -> None:
        """A frame in parts of the picture; only what lies between the old and the new is drawn."""
        if frame == self.frame:
            return
        # One span a line: for each span Textual writes the line from its beginning.
        boxes = [self.corners(box) for box in (self.frame, frame) if box is not None]
        self.frame = frame
        x0, y0 = min(b[0] for b in boxes), min(b[1] for b in boxes)
        x1, y1 = max(b[2] for b in boxes), max(b[3] for b in boxes)
        room = Region(0, 0, self.size.width, self.size.height)
        seen = Region(x0, y0, x1 - x0 + 1, y1 - y0 + 1).intersection(room)
        if seen:
            self.refresh(seen)

    @property
    def picture_region(self) -> Region:
        """Where the picture lies in this widget, in cells."""
        scale = min(self.size.width / self.image.width, self.size.height * 2 / self.image.height)
        width = max(1, round(self.image.width * scale))
        height = max(1, round(self.image.height * scale / 2))
        return Region((self.size.width - width) // 2, (self.size.height - height) // 2,
                      width, height)  # fmt: skip

    def corners(self, box: Box) -> tuple[int, int, int, int]:
        """The cells of a frame's sides, left, top, right, bottom; beyond the picture if it is."""
        at = self.picture_region
        left, top, right, bottom = box
        x0, y0 = at.x + round(left * at.width), at.y + round(top * at.height)
        x1 = max(x0 + 1, at.x + round(right * at.width) - 1)
        return x0, y0, x1, max(y0 + 1, at.y + round(bottom * at.height) - 1)

    def line(self, cells: Iterable[tuple[str, Style]]) -> Strip:
        """A line of the picture from its cells; neighbours of one style are one sequence."""
        at = self.picture_region
        segments = [Segment(" " * at.x, self.rich_style)]
        for style, run in groupby(cells, key=lambda cell: cell[1]):
            segments.append(Segment("".join(text for text, _ in run), style))
        rest = self.size.width - at.x - at.width
        segments.append(Segment(" " * max(0, rest), self.rich_style))
        return Strip(segments, self.size.width)
