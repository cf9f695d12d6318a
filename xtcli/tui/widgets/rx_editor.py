"""Prescription lines: five small fields, Enter after the last adds the line.

What a line means is checked by who gets `Asked`; this widget only collects.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from xtcli.lang import tr
from xtcli.tui.text import clean
from xtcli.tui.widgets.fields import Typed

PARTS = ("drug", "dose", "route", "frequency", "days")


class RxInput(Input):
    """One of the five."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "next part", show=False),
        Binding("down", "leave(1)", "next field", show=False),
        Binding("up", "leave(-1)", "field before", show=False),
    ]

    @property
    def around(self) -> RxEditor:
        """The widget that holds it."""
        return next(node for node in self.ancestors if isinstance(node, RxEditor))

    def action_go_on(self) -> None:
        """To the next part, or add the line."""
        self.around.go_on(self)

    def action_leave(self, by: int) -> None:
        """Out of the line."""
        inputs = list(self.around.query(RxInput))
        self.screen.set_focus(inputs[-1] if by > 0 else inputs[0])
        self.screen.focus_next() if by > 0 else self.screen.focus_previous()

    def on_key(self, event: events.Key) -> None:
        """Backspace in an empty drug takes the last line away."""
        if event.key == "backspace" and not self.value and self.id == "rx-drug":
            event.stop()
            self.around.drop_last()


class RxEditor(Vertical):
    """Lines added so far, and the one being typed. `lines` are `drug; dose; route; ...`."""

    DEFAULT_CSS = """
    RxEditor { height: auto; }
    RxEditor Horizontal { height: 1; }
    RxEditor RxInput { background: $panel; width: 8; margin-right: 1; }
    RxEditor RxInput:focus { background: $primary 25%; }
    RxEditor #rx-drug { width: 1fr; }
    RxEditor #rx-days { width: 6; margin-right: 0; }
    RxEditor Static { height: auto; padding: 0 1; }
    """

    class Asked(Message):
        """A line was typed: is it one?"""

        def __init__(self, parts: tuple[str, ...]) -> None:
            """The five parts as typed."""
            super().__init__()
            self.parts = parts

    def __init__(self, lines: Sequence[tuple[str, str]] = ()) -> None:
        """`lines` are (line, in words)."""
        super().__init__()
        self.lines = list(lines)

    def compose(self) -> ComposeResult:
        """Lines, then five fields."""
        yield Static(id="rx-lines")
        words = (tr("drug"), tr("dose"), tr("route"), tr("times"), tr("days"))
        with Horizontal():
            for part, word in zip(PARTS, words, strict=True):
                yield RxInput(placeholder=word, id=f"rx-{part}", compact=True)

    def on_mount(self) -> None:
        """Draw the lines there are."""
        self._draw()

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(Typed("rx", ""))

    @property
    def typed(self) -> tuple[str, ...]:
        """The five parts of the line that is not added yet."""
        return tuple(field.value.strip() for field in self.query(RxInput))

    def put(self, typed: Sequence[str]) -> None:
        """Fill in a line that was being typed when the draft was kept."""
        for field, value in zip(self.query(RxInput), typed, strict=False):
            field.value = value

    def go_on(self, field: RxInput) -> None:
        """After the last part the line is complete; an empty drug goes to the next field."""
        inputs = list(self.query(RxInput))
        if field is inputs[-1]:
            self.post_message(self.Asked(self.typed))
        elif field is inputs[0] and not field.value.strip():
            self.screen.set_focus(inputs[-1])
            self.screen.focus_next()
        else:
            inputs[inputs.index(field) + 1].focus()

    def add(self, line: str, words: str) -> None:
        """The typed line is one: keep it and begin another."""
        self.lines.append((line, words))
        for field in self.query(RxInput):
            field.value = ""
        self.query(RxInput).first().focus()
        self._changed()

    def drop_last(self) -> None:
        """Take the last line away."""
        if self.lines:
            self.lines.pop()
            self._changed()

    def _changed(self) -> None:
        self._draw()
        self.post_message(Typed("rx", ""))

    def _draw(self) -> None:
        shown = self.query_one("#rx-lines", Static)
        shown.display = bool(self.lines)
        text = [Content.assemble((f"Rx {n}. {clean(words)}", "bold"))
                for n, (_, words) in enumerate(self.lines, 1)]  # fmt: skip
        shown.update(Content("\n").join(text))
