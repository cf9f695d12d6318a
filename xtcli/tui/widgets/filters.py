"""The line of filters over a list; the one in force is in brackets, not only in colour."""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from xtcli.station.desk_lists import Show


class FilterBar(Widget):
    """Filters by number."""

    DEFAULT_CSS = """
    FilterBar { height: 1; background: $panel; color: $foreground; }
    """

    class Chosen(Message):
        """A click on a filter."""

        def __init__(self, show: Show) -> None:
            """`show` is the filter."""
            super().__init__()
            self.show = show

    def __init__(self, shows: Sequence[tuple[Show, str]]) -> None:
        """The filters with their words."""
        super().__init__()
        self.shows = tuple(shows)
        self._now: tuple[Show, int | None, str] = (self.shows[0][0], None, "")

    def show(self, chosen: Show, count: int, order: str) -> None:
        """Which filter is in force, how many cases that gives, in which order."""
        if self._now != (chosen, count, order):
            self._now = (chosen, count, order)
            self.refresh()

    def _words(self) -> list[tuple[Show, str]]:
        chosen, count, _ = self._now
        words = []
        for number, (show, word) in enumerate(self.shows, 1):
            text = f"{number} {word}"
            if show is chosen:
                text = f"[{text}{'' if count is None else f' {count}'}]"
            else:
                text = f" {text} "
            words.append((show, text))
        return words

    def render(self) -> Content:
        """The filters, and the order at the right."""
        chosen, _, order = self._now
        parts = [
            Content.assemble((text, "bold $accent" if show is chosen else ""))
            for show, text in self._words()
        ]
        left = Content("").join(parts)
        space = self.size.width - left.cell_length - cell_len(order)
        return left + Content(" " * space + order) if space > 0 else left

    def on_click(self, event: Click) -> None:
        """The filter under the mouse."""
        at = 0
        for show, text in self._words():
            cells = cell_len(text)
            if at <= event.x < at + cells:
                self.post_message(self.Chosen(show))
            at += cells
