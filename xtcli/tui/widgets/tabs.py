"""A line of numbered choices over what they choose; the one in force is in brackets too."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget


class TabBar(Widget):
    """Choices by number; `note` follows the chosen one, `right` stands at the right."""

    DEFAULT_CSS = """
    TabBar { height: 1; background: $panel; color: $foreground; }
    """

    class Chosen(Message):
        """A click on a choice."""

        def __init__(self, place: int) -> None:
            """`place` counts from 0."""
            super().__init__()
            self.place = place

    def __init__(self, words: Sequence[str]) -> None:
        """The choices, already in the language in force."""
        super().__init__()
        self.words = tuple(words)
        self._now = (0, "", "")

    def show(self, chosen: int, note: str = "", right: str = "") -> None:
        """Which one is in force; draws only when something differs."""
        if self._now != (chosen, note, right):
            self._now = (chosen, note, right)
            self.refresh()

    def _texts(self) -> list[str]:
        chosen, note, _ = self._now
        texts = []
        for place, word in enumerate(self.words):
            text = f"{place + 1} {word}"
            texts.append(
                f"[{text}{' ' + note if note else ''}]" if place == chosen else f" {text} "
            )
        return texts

    def render(self) -> Content:
        """The choices, and what stands at the right if there is room."""
        chosen, _, right = self._now
        parts = [
            Content.assemble((text, "bold $accent" if place == chosen else ""))
            for place, text in enumerate(self._texts())
        ]
        left = Content("").join(parts)
        space = self.size.width - left.cell_length - cell_len(right)
        return left + Content(" " * space + right) if space > 0 else left

    def on_click(self, event: Click) -> None:
        """The choice under the mouse."""
        at = 0
        for place, text in enumerate(self._texts()):
            cells = cell_len(text)
            if at <= event.x < at + cells:
                self.post_message(self.Chosen(place))
            at += cells
