"""A picture over the whole screen: enlarged, moved, and a part of it marked to ask for in detail.

It knows parts of one and cells; which region of which original that is, the station knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.events import MouseDown, MouseMove, MouseUp
from textual.geometry import Region
from textual.widgets import Static

from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.records.types import Attach
from xtcli.station import regions
from xtcli.station.regions import Cost, More
from xtcli.station.views import Written
from xtcli.tui import pictures
from xtcli.tui.frame import Box, Frame
from xtcli.tui.screens.base import DeskScreen, saved_words
from xtcli.tui.screens.dialogs import FormDialog, MenuDialog, Wish
from xtcli.tui.text import clean, duration, size
from xtcli.tui.widgets.cell_picture import CellPicture
from xtcli.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from PIL import Image

ZOOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
STEP = 0.25
"""Of what is visible, for one press of an arrow."""
FRAME_STEP = 0.05
"""The same for the frame."""
FRAME_KEYS = frozenset(("ask_part", "grow", "widen", "unmark"))
PLAIN_KEYS = frozenset(("zoom", "back", "mark"))


def box(width: int, height: int, zoom: float, x: float, y: float) -> tuple[int, int, int, int]:
    """Left, top, right, bottom in pixels of the part around (x, y) (0..1) that `zoom` shows."""
    w, h = max(1, round(width / zoom)), max(1, round(height / zoom))
    left = max(0, min(width - w, round(x * width - w / 2)))
    top = max(0, min(height - h, round(y * height - h / 2)))
    return left, top, left + w, top + h


def cost_words(cost: Cost, *, most: bool = False) -> str:
    """Bytes and seconds of something that would travel."""
    words = tr("at most {size}", size=size(cost.size)) if most else size(cost.size)
    time = (tr("about {time}", time=duration(cost.seconds)) if cost.seconds is not None
            else tr("time unknown"))  # fmt: skip
    return f"{words}, {time}"


class PictureScreen(DeskScreen):
    """One picture."""

    DEFAULT_CSS = """
    PictureScreen Container { height: 1fr; align: center middle; }
    PictureScreen #title { height: 1; background: $panel; }
    PictureScreen #hint { height: 1; background: $panel; color: $accent; }
    PictureScreen KeyBar { height: 2; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "ask_part", "ask for this part"),
        Binding("enter,plus", "zoom(1)", "enlarge"),
        Binding("equals_sign", "zoom(1)", "enlarge", show=False),
        Binding("minus,backspace", "zoom(-1)", "smaller"),
        Binding("plus", "grow(1)", "larger frame"),
        Binding("equals_sign,pageup", "grow(1)", "larger frame", show=False),
        Binding("minus", "grow(-1)", "smaller frame"),
        Binding("pagedown", "grow(-1)", "smaller frame", show=False),
        Binding("f4,m", "mark", "mark a part"),
        Binding("f6,o", "original", "ask for the original"),
        Binding("escape", "unmark", "no frame"),
        Binding("escape", "back", "back"),
        Binding("left", "move(-1,0)", "to the left", show=False),
        Binding("right", "move(1,0)", "to the right", show=False),
        Binding("up", "move(0,-1)", "up", show=False),
        Binding("down", "move(0,1)", "down", show=False),
        Binding("shift+left", "widen(-1,0)", "narrower frame", show=False),
        Binding("shift+right", "widen(1,0)", "wider frame", show=False),
        Binding("shift+up", "widen(0,-1)", "lower frame", show=False),
        Binding("shift+down", "widen(0,1)", "higher frame", show=False),
    ]

    def __init__(self, case: RecordId, attach: Attach) -> None:
        """The picture `attach` of a case."""
        super().__init__()
        self.case_id = case
        self.attach = attach
        self.image: Image.Image | None = None
        self.more: More | None = None
        self.who = self._hint = ""
        self.frame: Frame | None = None
        self.zoom = 0
        self.x = self.y = 0.5
        self._drag: tuple[float, float] | None = None

    def compose(self) -> ComposeResult:
        """Title, picture, what the frame costs, keys."""
        yield Static(id="title", markup=False)
        yield Container()
        yield Static(id="hint", markup=False)
        yield KeyBar()

    def on_mount(self) -> None:
        """Read and decode it in the background."""
        self.in_background(self._read, self._loaded, hold=True)

    def _read(self) -> tuple[Image.Image, More | None, str]:
        data = self.station.blob(self.case_id, self.attach.digest.hex())
        more = regions.more_of(self.station, self.case_id, self.attach)
        return pictures.decode(data), more, "  ".join(self.station.identifiers(self.case_id))

    def _loaded(self, found: tuple[Image.Image, More | None, str]) -> None:
        self.image, self.more, self.who = found
        self.refresh_bindings()
        self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The frame's keys while there is one; asking only for what is not here."""
        if action in FRAME_KEYS:
            return self.frame is not None
        if action == "original":
            return self.more is not None and not self.more.here
        if action == "mark":
            return self.frame is None and self.more is not None and not self.more.here
        return action not in PLAIN_KEYS or self.frame is None

    # Drawing

    @property
    def visible_box(self) -> Box:
        """The part of the picture on the screen, in parts of one."""
        assert self.image is not None
        w, h = self.image.size
        left, top, right, bottom = box(w, h, ZOOMS[self.zoom], self.x, self.y)
        return left / w, top / h, right / w, bottom / h

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
        blocks = list(room.query(CellPicture))
        if blocks:
            blocks[0].put(part)
        elif room.children:
            pictures.replace(room.children[0], self._framed(part))
        else:
            room.mount(pictures.image_widget(self._framed(part), pictures.how_here()))
        self._draw_frame()

    def _framed(self, part: Image.Image) -> Image.Image:
        """For Sixel: the frame is part of the picture."""
        if self.frame is None or pictures.how_here() != "sixel":
            return part
        return pictures.with_frame(part, self.frame.seen_in(self.visible_box))

    def _draw_frame(self) -> None:
        """The frame and what it costs; where a picture is cells, its lines alone are drawn."""
        seen = self.frame.seen_in(self.visible_box) if self.frame is not None else None
        for blocks in self.query(CellPicture):
            blocks.put_frame(seen)
        text = ""
        if self.frame is not None and self.more is not None:
            text = tr("{cost}. Arrows move the frame, + - size it.",
                      cost=cost_words(self.more.part, most=True))  # fmt: skip
        if text != self._hint:
            # Its line is always there: another layout would send the whole picture again.
            self._hint = text
            self.query_one("#hint", Static).update(text, layout=False)

    def _put_frame(self, frame: Frame | None) -> None:
        """Another frame; the picture follows when it leaves what is visible."""
        before, self.frame = self.frame, frame
        if (before is None) != (frame is None):
            self.refresh_bindings()
        moved = frame is not None and self._follow(frame)
        if moved or not list(self.query(CellPicture)):
            self._draw()
        else:
            self._draw_frame()

    def _follow(self, frame: Frame) -> bool:
        """Move an enlarged picture so that the frame's middle stays in view."""
        left, top, right, bottom = self.visible_box
        x, y = frame.middle
        inside = left <= x <= right and top <= y <= bottom
        if not inside:
            self.x, self.y = self._kept(x, y)
        return not inside

    def _kept(self, x: float, y: float) -> tuple[float, float]:
        half = 0.5 / ZOOMS[self.zoom]
        return max(half, min(1 - half, x)), max(half, min(1 - half, y))

    # Keys

    def action_zoom(self, by: int) -> None:
        """Larger or smaller."""
        self.zoom = max(0, min(len(ZOOMS) - 1, self.zoom + by))
        self._draw()

    def action_move(self, right: int, down: int) -> None:
        """The frame, or another part of an enlarged picture."""
        visible = 1 / ZOOMS[self.zoom]
        if self.frame is not None:
            step = visible * FRAME_STEP
            self._put_frame(self.frame.moved(right * step, down * step))
            return
        step = visible * STEP
        self.x, self.y = self._kept(self.x + right * step, self.y + down * step)
        self._draw()

    def action_mark(self) -> None:
        """Begin to mark a part."""
        if self.image is not None:
            self._put_frame(Frame.inside(self.visible_box))

    def action_unmark(self) -> None:
        """No frame."""
        self._put_frame(None)

    def action_grow(self, by: int) -> None:
        """A larger or smaller frame."""
        self.action_widen(by, by)

    def action_widen(self, wider: int, taller: int) -> None:
        """A wider or higher frame."""
        if self.frame is not None:
            step = 2 * FRAME_STEP / ZOOMS[self.zoom]
            self._put_frame(self.frame.grown(wider * step, taller * step))

    # The mouse

    def _point(self, screen_x: int, screen_y: int) -> tuple[float, float] | None:
        """The point of the picture under a cell, 0..1; None beside it."""
        rooms = self.query_one(Container).children
        if self.image is None or not rooms:
            return None
        shown = rooms[0]
        at = shown.content_region
        if isinstance(shown, CellPicture):
            at = shown.picture_region.translate(at.offset)
        return self._in_picture(at, screen_x, screen_y)

    def _in_picture(self, at: Region, x: int, y: int) -> tuple[float, float] | None:
        if not at.area:
            return None
        left, top, right, bottom = self.visible_box
        across = (x - at.x + 0.5) / at.width
        down = (y - at.y + 0.5) / at.height
        if not (-0.05 <= across <= 1.05 and -0.05 <= down <= 1.05):
            return None
        return left + across * (right - left), top + down * (bottom - top)

    def on_mouse_down(self, event: MouseDown) -> None:
        """A corner of a frame."""
        if self.more is not None and not self.more.here:
            self._drag = self._point(int(event.screen_x), int(event.screen_y))

    def on_mouse_move(self, event: MouseMove) -> None:
        """The opposite corner, while the button is down."""
        point = self._point(int(event.screen_x), int(event.screen_y))
        if self._drag is not None and point is not None and event.button:
            self._put_frame(Frame.between(*self._drag, *point))

    def on_mouse_up(self, event: MouseUp) -> None:
        """It stays where it is."""
        self._drag = None

    # Asking

    def action_ask_part(self) -> None:
        """Ask for the marked part in detail, with or without a question."""
        frame, more = self.frame, self.more
        if frame is None or more is None:
            return
        part = regions.within(more.frame, frame.left, frame.top, frame.width, frame.height)
        self._offer(tr("Ask for this part in detail?"), cost_words(more.part, most=True),
                    region=regions.region_text(part))  # fmt: skip

    def action_original(self) -> None:
        """Ask for the picture as it was taken."""
        if self.more is not None:
            self._offer(tr("Ask for the original?"), cost_words(self.more.original), original=True)

    def _offer(self, title: str, cost: str, *, region: str = "", original: bool = False) -> None:
        who = self.who
        options = [("ask", tr("Ask for it: {cost}", cost=cost)),
                   ("text", tr("Ask with a question"))]  # fmt: skip

        def ask(text: str) -> None:
            blob = self.attach.digest.hex()
            self.in_background(
                lambda: self.station.ask(self.case_id, text, blob, region, original), self._asked
            )

        def chosen(name: str | None) -> None:
            if name == "ask":
                ask("")
            elif name == "text":
                wishes = [Wish("text", tr("question"), lines=True, required=True)]
                dialog = FormDialog(title, wishes, hint=f"{who}\n{cost}",
                                    required_text=tr("Write the question first."))  # fmt: skip
                self.desk.push_screen(dialog, lambda v: ask(v["text"]) if v is not None else None)

        self.desk.push_screen(MenuDialog(title, options, hint=who), chosen)

    def _asked(self, written: Written) -> None:
        self.tell_written(saved_words(), written.warnings)
        self._put_frame(None)

    def action_back(self) -> None:
        """Back to the case."""
        self.dismiss()
