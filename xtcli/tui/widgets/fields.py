"""Fields of a form that work with Enter, Tab and arrow keys alone, and with an input method.

Each draws a label, takes typing, and posts `Typed`. What a value means is not their business.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Region
from textual.message import Message
from textual.widget import Widget
from textual.widgets import Input, TextArea

from xtcli.tui.text import fit

LABEL_CELLS = 14
NOTED_CELLS = 16
"""The width of a line with a note behind it."""


class Typed(Message):
    """A field's value has changed."""

    def __init__(self, name: str, value: str) -> None:
        """`name` is the field's."""
        super().__init__()
        self.name = name
        self.value = value


class LineEdit(Input):
    """One line. Enter and Down go on, Up goes back."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,down", "leave(1)", "next field", show=False),
        Binding("up", "leave(-1)", "field before", show=False),
    ]

    def action_leave(self, by: int) -> None:
        """To the next or the previous field."""
        self.screen.focus_next() if by > 0 else self.screen.focus_previous()


class AreaEdit(TextArea):
    """Several lines. Enter goes on; Ctrl+J makes a new line; Up and Down leave at the edges."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("ctrl+j", "newline", "new line", show=False)]

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.screen.focus_next()
            return
        await super()._on_key(event)

    def action_newline(self) -> None:
        """A new line inside the text."""
        self.insert("\n")

    def action_cursor_up(self, select: bool = False) -> None:
        """At the first line: to the field before."""
        if not select and self.navigator.is_first_wrapped_line(self.cursor_location):
            self.screen.focus_previous()
        else:
            super().action_cursor_up(select)

    def action_cursor_down(self, select: bool = False) -> None:
        """At the last line: to the next field."""
        if not select and self.navigator.is_last_wrapped_line(self.cursor_location):
            self.screen.focus_next()
        else:
            super().action_cursor_down(select)


class Choice(Widget, can_focus=True):
    """One of a few, with left and right; drawn with signs, not only colours."""

    DEFAULT_CSS = """
    Choice { height: auto; width: 1fr; background: $panel; padding: 0 1; }
    Choice:focus { background: $primary 35%; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "choose before", show=False),
        Binding("right,space", "move(1)", "choose", show=False),
        Binding("enter,down", "leave(1)", "next field", show=False),
        Binding("up", "leave(-1)", "field before", show=False),
    ]

    class Changed(Message):
        """Another one was chosen."""

        def __init__(self, value: str) -> None:
            """`value` is the choice's."""
            super().__init__()
            self.value = value

    def __init__(self, options: Sequence[tuple[str, str]], value: str = "") -> None:
        """`options` are (value, words); a `value` that is not among them chooses none."""
        super().__init__()
        self.options = tuple(options)
        self.value = value

    def choose(self, value: str) -> None:
        """Choose without telling anybody."""
        self.value = value
        self.refresh()

    def _texts(self) -> list[str]:
        return [
            ("(o) " if value == self.value else "( ) ") + words for value, words in self.options
        ]

    def _lines(self, width: int) -> list[list[int]]:
        """Places of the choices, in lines of at most `width` cells."""
        lines: list[list[int]] = [[]]
        used = 0
        for place, text in enumerate(self._texts()):
            cells = Content(text).cell_length + 2
            if used + cells > width + 2 and lines[-1]:
                lines.append([])
                used = 0
            lines[-1].append(place)
            used += cells
        return lines

    def get_content_height(self, container: object, viewport: object, width: int) -> int:
        """As many lines as the choices need."""
        return len(self._lines(width))

    def render(self) -> Content:
        """All choices, the chosen one marked."""
        texts = self._texts()
        lines = [
            Content("  ").join(
                Content.assemble((texts[n], "bold" if self.options[n][0] == self.value else ""))
                for n in line
            )
            for line in self._lines(self.content_size.width or 60)
        ]
        return Content("\n").join(lines)

    def action_move(self, by: int) -> None:
        """The next or previous choice."""
        values = [value for value, _ in self.options]
        place = values.index(self.value) + by if self.value in values else (0 if by > 0 else -1)
        self._set(values[place % len(values)])

    def action_leave(self, by: int) -> None:
        """To the next or the previous field."""
        self.screen.focus_next() if by > 0 else self.screen.focus_previous()

    def on_key(self, event: events.Key) -> None:
        """A digit chooses by number."""
        if event.character and event.character.isdigit():
            place = int(event.character) - 1
            if 0 <= place < len(self.options):
                event.stop()
                self._set(self.options[place][0])

    def on_click(self, event: events.Click) -> None:
        """The choice under the mouse."""
        texts, lines = self._texts(), self._lines(self.content_size.width)
        at, line = 1, lines[min(event.y, len(lines) - 1)]
        for place in line:
            cells = Content(texts[place]).cell_length + 2
            if at <= event.x < at + cells:
                self._set(self.options[place][0])
            at += cells

    def _set(self, value: str) -> None:
        if value != self.value:
            self.value = value
            self.refresh()
            self.post_message(self.Changed(value))


class Field(Widget):
    """A label and an editor. `mark` puts `!` before the label of a field that needs attention.

    Label and note are drawn by the field itself: as widgets of their own they would double the
    time that a form takes to open.
    """

    DEFAULT_CSS = """
    Field { height: auto; layout: horizontal; width: 1fr; }
    Field > LineEdit, Field > LineEdit.-textual-compact { width: 1fr; padding: 0 1; }
    Field.noted > LineEdit, Field.noted > LineEdit.-textual-compact { width: 16; }
    Field > LineEdit, Field > AreaEdit, Field > Choice { margin-left: 14; }
    Field LineEdit, Field AreaEdit { background: $panel; }
    Field LineEdit:focus, Field AreaEdit:focus { background: $primary 25%; }
    Field AreaEdit { width: 1fr; height: auto; max-height: 6; border: none; padding: 0 1;
                     scrollbar-size-vertical: 1; }
    """

    def __init__(
        self, key: str, label: str, value: str = "", *, lines: bool = False,
        options: Sequence[tuple[str, str]] = (), hint: str = "", note: str = "",
    ) -> None:  # fmt: skip
        """`options` makes it a choice, `lines` a text of several lines; `note` stands behind."""
        super().__init__(id=f"field-{key}", classes="noted" if note else None)
        self.key = key
        self.label = label
        self.start = value
        self.lines = lines
        self.options = options
        self.hint = hint
        self.note = note
        self.wrong = False
        self.editor: LineEdit | AreaEdit | Choice

    def compose(self) -> ComposeResult:
        """The editor."""
        if self.options:
            self.editor = Choice(self.options, self.start)
        elif self.lines:
            self.editor = AreaEdit(self.start, tab_behavior="focus", compact=True,
                                   highlight_cursor_line=False)  # fmt: skip
        else:
            self.editor = LineEdit(self.start, compact=True, select_on_focus=False)
        yield self.editor

    def render(self) -> Content:
        """The label, the place of the editor, the note."""
        sign, style = ("!", "bold $error") if self.wrong else (" ", "")
        label = Content.assemble((fit(sign + self.label, LABEL_CELLS), style))
        if not self.note:
            return label
        return (
            label
            + Content(" " * (NOTED_CELLS + 1))
            + Content.assemble((self.note, "$foreground 70%"))
        )

    @property
    def value(self) -> str:
        """What is typed or chosen now."""
        return self.editor.text if isinstance(self.editor, AreaEdit) else self.editor.value

    def put(self, value: str) -> None:
        """Set the value as if typed."""
        if isinstance(self.editor, AreaEdit):
            self.editor.load_text(value)
        elif isinstance(self.editor, Choice):
            self.editor.choose(value)
        else:
            self.editor.value = value

    def mark(self, wrong: bool, note: str | None = None) -> None:
        """Say whether it needs attention; draws only what differs."""
        if wrong != self.wrong:
            self.wrong = wrong
            self.refresh(Region(0, 0, LABEL_CELLS, 1))
        if note is not None and note != self.note:
            self.note = note
            first = LABEL_CELLS + NOTED_CELLS
            self.refresh(Region(first, 0, max(0, self.size.width - first), 1))

    @on(Input.Changed)
    @on(TextArea.Changed)
    @on(Choice.Changed)
    def _changed(self, event: Message) -> None:
        event.stop()
        self.post_message(Typed(self.key, self.value))
