"""Diagnoses by Chinese, pinyin initials or code: what is typed, what fits, what was chosen.

It asks for hits by a message and draws them; searching is somebody else's work.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from xtcli.lang import tr
from xtcli.tui.text import clean
from xtcli.tui.widgets.fields import Typed

HITS_SHOWN = 6


class IcdInput(Input):
    """The line to type in; keys that choose go to the widget around it."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down", "pick(1)", "next hit", show=False),
        Binding("up", "pick(-1)", "hit before", show=False),
        Binding("enter", "take", "take the hit", show=False),
    ]

    @property
    def around(self) -> IcdSearch:
        """The widget that holds it."""
        found = self.parent
        assert isinstance(found, IcdSearch)
        return found

    def action_pick(self, by: int) -> None:
        """Another hit."""
        self.around.pick(by)

    def action_take(self) -> None:
        """Choose the hit."""
        self.around.take()

    def on_key(self, event: events.Key) -> None:
        """Backspace in an empty line takes the last diagnosis away."""
        if event.key == "backspace" and not self.value:
            event.stop()
            self.around.drop_last()


class IcdSearch(Vertical):
    """Search and chosen diagnoses; `values` are `CODE name` or free words."""

    DEFAULT_CSS = """
    IcdSearch { height: auto; }
    IcdSearch IcdInput { background: $panel; }
    IcdSearch IcdInput:focus { background: $primary 25%; }
    IcdSearch Static { height: auto; padding: 0 1; }
    """

    class Asked(Message):
        """Hits are wanted for what is typed."""

        def __init__(self, text: str) -> None:
            """`text` as typed."""
            super().__init__()
            self.text = text

    def __init__(self, values: Sequence[str] = ()) -> None:
        """`values` were chosen before."""
        super().__init__()
        self.values = list(values)
        self.hits: list[tuple[str, str]] = []
        self.at = 0
        self.hits_for = ""

    def compose(self) -> ComposeResult:
        """Chosen ones, the line, the hits."""
        yield Static(id="chosen")
        yield IcdInput(placeholder=tr("diagnosis: name, pinyin initials or code"), compact=True)
        yield Static(id="hits")

    def on_mount(self) -> None:
        """Draw what was chosen before."""
        self._draw_chosen()
        self.query_one("#hits").display = False

    @on(Input.Changed)
    def _typed(self, event: Input.Changed) -> None:
        event.stop()
        if event.value.strip():
            self.post_message(self.Asked(event.value))
        else:
            self.show("", [])

    def show(self, text: str, hits: Sequence[tuple[str, str]]) -> None:
        """Hits (code, name) for `text`; ignored when something else is typed by now."""
        if text.strip() != self.query_one(IcdInput).value.strip():
            return
        self.hits, self.at, self.hits_for = list(hits[:HITS_SHOWN]), 0, text.strip()
        self._draw_hits()

    def _draw_hits(self) -> None:
        shown = self.query_one("#hits", Static)
        typed = self.query_one(IcdInput).value.strip()
        lines = [
            Content.assemble((("> " if n == self.at else "  ") + f"{code} {name}",
                              "bold $accent" if n == self.at else ""))
            for n, (code, name) in enumerate(self.hits)
        ]  # fmt: skip
        if typed and not lines:
            lines = [Content(tr("nothing fits; Enter takes the words as they are"))]
        shown.display = bool(lines)
        shown.update(Content("\n").join(lines))

    def _draw_chosen(self) -> None:
        shown = self.query_one("#chosen", Static)
        shown.display = bool(self.values)
        shown.update(Content("\n").join(
            Content.assemble(("* " + clean(value), "bold")) for value in self.values))  # fmt: skip

    def pick(self, by: int) -> None:
        """Another hit, or out of the widget where there are none."""
        if self.hits and 0 <= self.at + by < len(self.hits):
            self.at += by
            self._draw_hits()
        elif by > 0:
            self.screen.focus_next()
        else:
            self.screen.focus_previous()

    def take(self) -> None:
        """Choose the hit, or the typed words; with nothing typed go on."""
        line = self.query_one(IcdInput)
        typed = line.value.strip()
        if not typed:
            self.screen.focus_next()
            return
        if self.hits_for != typed:
            # The hits on the screen are for other words: taking one would be a wrong diagnosis.
            return
        value = " ".join(self.hits[self.at]) if self.hits else typed
        if value not in self.values:
            self.values.append(value)
        line.value = ""
        self.show("", [])
        self._changed()

    def drop_last(self) -> None:
        """Take the last diagnosis away."""
        if self.values:
            self.values.pop()
            self._changed()

    def _changed(self) -> None:
        self._draw_chosen()
        self.post_message(Typed("diagnosis", "\n".join(self.values)))
