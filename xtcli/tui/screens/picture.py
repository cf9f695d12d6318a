"""A picture over the whole screen, enlarged by a key and moved with the arrows."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.widgets import Static

from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.records.types import Attach
from xtcli.tui import pictures
from xtcli.tui.screens.base import DeskScreen
from xtcli.tui.text import clean, size
from xtcli.tui.widgets.half_blocks import HalfBlocks
from xtcli.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from PIL import Image

ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
STEP = 0.25
"""Of what is visible, for one press of an arrow."""


def box(width: int, height: int, zoom: float, x: float, y: float) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in pixels of the part around (x, y) (0..1) that `zoom` shows."""
    w, h = max(1, round(width / zoom)), max(1, round(height / zoom))
    left = max(0, min(width - w, round(x * width - w / 2)))
    top = max(0, min(height - h, round(y * height - h / 2)))
    return left, top, left + w, top + h


class PictureScreen(DeskScreen):
    """One picture."""

    DEFAULT_CSS = """
    PictureScreen Container { height: 1fr; align: center middle; }
    PictureScreen #title { height: 1; background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("enter,plus,equals_sign", "zoom(1)", "enlarge"),
        Binding("minus,backspace", "zoom(-1)", "smaller"),
        Binding("left", "move(-1,0)", "to the left", show=False),
        Binding("right", "move(1,0)", "to the right", show=False),
        Binding("up", "move(0,-1)", "up", show=False),
        Binding("down", "move(0,1)", "down", show=False),
    ]

    def __init__(self, case: RecordId, attach: Attach) -> None:
        """The picture `attach` of a case."""
        super().__init__()
        self.case_id = case
        self.attach = attach
        self.image: Image.Image | None = None
        self.zoom = 0
        self.x = self.y = 0.5

    def compose(self) -> ComposeResult:
        """Title, picture, keys."""
        yield Static(id="title", markup=False)
        yield Container()
        yield KeyBar()

    def on_mount(self) -> None:
        """Read and decode it in the background."""
        digest = self.attach.digest.hex()
        self.in_background(
            lambda: pictures.decode(self.station.blob(self.case_id, digest)), self._loaded
        )

    def _loaded(self, image: Image.Image) -> None:
        self.image = image
        self._draw()

    def _draw(self) -> None:
        image = self.image
        if image is None:
            return
        zoom = ZOOMS[self.zoom]
        part = image.crop(box(image.width, image.height, zoom, self.x, self.y))
        title = tr("{caption} {width} x {height}, {size}, shown {zoom} times",
                   caption=clean(self.attach.caption), width=image.width, height=image.height,
                   size=size(self.attach.size), zoom=f"{zoom:g}")  # fmt: skip
        self.query_one("#title", Static).update(title)
        room = self.query_one(Container)
        shown = list(room.query(HalfBlocks))
        if shown:
            shown[0].put(part)
            return
        room.remove_children()
        room.mount(pictures.image_widget(part, pictures.how_here()))

    def action_zoom(self, by: int) -> None:
        """Larger or smaller."""
        self.zoom = max(0, min(len(ZOOMS) - 1, self.zoom + by))
        self._draw()

    def action_move(self, right: int, down: int) -> None:
        """Another part of an enlarged picture."""
        half = 0.5 / ZOOMS[self.zoom]
        step = 2 * half * STEP
        self.x = max(half, min(1 - half, self.x + right * step))
        self.y = max(half, min(1 - half, self.y + down * step))
        self._draw()

    def action_back(self) -> None:
        """Back to the case."""
        self.dismiss()
