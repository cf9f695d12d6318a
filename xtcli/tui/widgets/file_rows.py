"""What goes with a form, each with its bytes and seconds; one key drops one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widget import Widget

from xtcli.lang import tr
from xtcli.station.desk_checks import Part
from xtcli.tui.text import clean, duration, size


def part_words(part: Part) -> str:
    """A part with its bytes and seconds, or what is wrong with it."""
    if part.problem:
        return f"{clean(part.name)}: {clean(part.problem)}"
    seconds = tr("about {time}", time=duration(part.seconds)) if part.seconds is not None else (
        tr("time unknown")
    )  # fmt: skip
    return f"{clean(part.name)}  {size(part.size)}, {seconds}"


class FileRows(Widget, can_focus=True):
    """Rows of files; Delete drops the one under the cursor."""

    DEFAULT_CSS = """
    FileRows { height: auto; padding: 0 1; background: $panel; }
    FileRows:focus { background: $primary 25%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up", "move(-1)", "up", show=False),
        Binding("down", "move(1)", "down", show=False),
        Binding("enter", "leave", "next field", show=False),
        Binding("delete,backspace,x", "drop", "drop this file"),
    ]

    class Dropped(Message):
        """A file should not go."""

        def __init__(self, path: str) -> None:
            """`path` is the file's."""
            super().__init__()
            self.path = path

    def __init__(self) -> None:
        """No files."""
        super().__init__()
        self.parts: tuple[Part, ...] = ()
        self.cursor = 0

    def show(self, parts: Sequence[Part]) -> None:
        """Draw these."""
        if tuple(parts) != self.parts:
            self.parts = tuple(parts)
            self.cursor = max(0, min(self.cursor, len(self.parts) - 1))
            self.refresh(layout=True)

    def render(self) -> Content:
        """A line for each file, or how to add one."""
        if not self.parts:
            return Content(tr("F6 attaches a file, F7 records a voice note"))
        lines = []
        for place, part in enumerate(self.parts):
            sign = "> " if place == self.cursor else "  "
            style = "bold $error" if part.problem else ""
            lines.append(Content.assemble((sign + part_words(part), style)))
        return Content("\n").join(lines)

    def action_move(self, by: int) -> None:
        """Up or down, and out at the ends."""
        place = self.cursor + by
        if 0 <= place < len(self.parts):
            self.cursor = place
            self.refresh()
        elif by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def action_leave(self) -> None:
        """To the next field."""
        self.screen.focus_next()

    def action_drop(self) -> None:
        """Drop the file under the cursor."""
        if self.parts:
            self.post_message(self.Dropped(self.parts[self.cursor].path))
