"""A list of cases of any length that loads what it shows.

It holds rows around what is visible, asks for more by a message, and keeps the cursor on its case
when the list changes under it. Rows are values; which cases are in the list is not its business.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.binding import Binding, BindingType
from textual.events import Click, Resize
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.station.desk_lists import DeskRow
from xtcli.tui.text import clean, fit

AHEAD_ROWS = 60
GUTTER_CELLS = 1
"""Before the first column, for the sign of a row that is new."""
FRESH_SIGN = "*"
KEPT_ROWS_MAX = 1_200


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `draw` gives text and the name of a style ("", bad, warn, good, dim, strong).

    `cells` 0: what is left. `least` is the list's width from which the column is shown.
    """

    title: str
    cells: int
    draw: Callable[[DeskRow, float], tuple[str, str]]
    least: int = 0
    right: bool = False
    ticks: bool = False
    """Whether it changes with time alone."""


@dataclass(frozen=True, slots=True)
class Window:
    """A stretch of the list: how long it is, where `rows` begin, where the cursor's case is.

    `fresh`: cases to be marked as new, and until when (unix seconds).
    """

    count: int
    first: int
    rows: tuple[DeskRow, ...]
    cursor: int | None = None
    fresh: Mapping[RecordId, float] = field(default_factory=dict)


class CaseList(ScrollView, can_focus=True):
    """The list."""

    DEFAULT_CSS = """
    CaseList { height: 1fr; background: $background; scrollbar-size-vertical: 1;
               scrollbar-size-horizontal: 0; overflow-x: hidden; overflow-y: auto;
               scrollbar-gutter: stable; }
    CaseList > .list--cursor { background: $primary 35%; text-style: bold; }
    CaseList:focus > .list--cursor { background: $primary; color: $background; }
    CaseList > .list--fresh { background: $warning 25%; text-style: bold; }
    CaseList > .list--bad { color: $error; text-style: bold; }
    CaseList > .list--warn { color: $warning; }
    CaseList > .list--good { color: $success; }
    CaseList > .list--dim { color: $foreground 65%; }
    CaseList > .list--strong { text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "list--cursor", "list--bad", "list--warn", "list--good", "list--dim", "list--strong",
        "list--fresh",
    }  # fmt: skip
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "open"),
        Binding("up,k", "move(-1)", "up", show=False),
        Binding("down,j", "move(1)", "down", show=False),
        Binding("pageup", "leap(-1)", "page up", show=False),
        Binding("pagedown", "leap(1)", "page down", show=False),
        Binding("home", "edge(0)", "first", show=False),
        Binding("end", "edge(1)", "last", show=False),
    ]

    class Open(Message):
        """The person wants to see a case."""

        def __init__(self, row: DeskRow) -> None:
            """`row` is under the cursor."""
            super().__init__()
            self.row = row

    class Needed(Message):
        """Rows `first` to `last` are about to be seen and not here."""

        def __init__(self, first: int, last: int) -> None:
            """Both ends included; `last` may lie beyond the end of the list."""
            super().__init__()
            self.first = first
            self.last = last

    class Moved(Message):
        """The cursor is on another case."""

    def __init__(self, columns: Sequence[Column], empty: str, clock: Callable[[], float]) -> None:
        """`empty` is what an empty list says; `clock` gives unix seconds for waiting times."""
        super().__init__()
        self.columns = tuple(columns)
        self.empty = empty
        self.clock = clock
        self.count = 0
        self.cursor = 0
        self.loaded = False
        self._rows: dict[int, DeskRow] = {}
        self._fresh: dict[RecordId, float] = {}
        self._asked: tuple[int, int] | None = None
        self._waits: dict[int, str] = {}
        self._drawn: dict[tuple[int, bool], Strip] = {}

    # What screens call

    @property
    def row(self) -> DeskRow | None:
        """The row under the cursor, if it is here."""
        return self._rows.get(self.cursor)

    @property
    def case(self) -> RecordId | None:
        """The case under the cursor."""
        return self.row.case if self.row else None

    @property
    def in_view(self) -> tuple[int, int]:
        """First and last row on the screen."""
        top = round(self.scroll_offset.y)
        return top, top + max(1, self.size.height) - 1

    @property
    def fresh_above(self) -> int:
        """How many of the marked rows stand above what is on the screen."""
        first = self.in_view[0]
        return sum(n < first and row.case in self._fresh for n, row in self._rows.items())

    def replace(self, window: Window) -> None:
        """The list has changed. The cursor's case stays where it is on the screen."""
        before, held = self.cursor, self.case
        self.loaded = True
        self.count = window.count
        self._rows = dict(enumerate(window.rows, window.first))
        self._fresh = dict(window.fresh)
        self._drawn.clear()
        self._asked = None
        target = before if window.cursor is None else window.cursor
        self.cursor = max(0, min(target, self.count - 1))
        shift = self.cursor - before
        top = self.in_view[0]
        self.virtual_size = Size(self.size.width, self.count)
        if shift and held is not None and window.cursor is not None:
            self.scroll_to(y=max(0, top + shift), animate=False, force=True)
        self._keep_in_view()
        self._want()
        self.refresh()
        if self.case != held:
            self.post_message(self.Moved())

    def put(self, window: Window) -> None:
        """More rows of the same list."""
        self._asked = None
        self._rows.update(enumerate(window.rows, window.first))
        self._drawn.clear()
        if len(self._rows) > KEPT_ROWS_MAX:
            low, high = self.cursor - KEPT_ROWS_MAX // 3, self.cursor + KEPT_ROWS_MAX // 3
            self._rows = {n: row for n, row in self._rows.items() if low <= n <= high}
        self.refresh()
        self._want()

    def to_top(self) -> None:
        """Begin at the first row again, because another list is shown."""
        self.cursor = 0
        self._rows.clear()
        self._asked = None
        self.scroll_to(y=0, animate=False, force=True)

    def tick(self) -> None:
        """Draw again the rows whose waiting time has changed."""
        now, at = self.clock(), GUTTER_CELLS
        first, last = self.in_view
        self._unmark(now)
        for column, cells in self.shown_columns():
            if column.ticks:
                for number in range(first, last + 1):
                    row = self._rows.get(number)
                    said = column.draw(row, now)[0] if row else ""
                    if self._waits.get(number) != said:
                        self._waits[number] = said
                        self._drawn.pop((number, False), None)
                        self._drawn.pop((number, True), None)
                        # Only these cells: a whole row every second is too much for a slow line.
                        self.refresh(Region(at, number - first, cells, 1))
            at += cells + 1
        if len(self._waits) > KEPT_ROWS_MAX:
            self._waits.clear()

    def _unmark(self, now: float) -> None:
        """Rows that have been marked long enough look like the others again."""
        over = {case for case, until in self._fresh.items() if until <= now}
        for case in over:
            del self._fresh[case]
        for number, row in self._rows.items():
            if row.case in over:
                self._drawn.pop((number, False), None)
                self._drawn.pop((number, True), None)
                self.refresh_line(number)

    # Keys and mouse

    def action_move(self, by: int) -> None:
        """One row up or down."""
        self._go(self.cursor + by)

    def action_leap(self, by: int) -> None:
        """One page up or down."""
        self._go(self.cursor + by * max(1, self.size.height - 1))

    def action_edge(self, end: int) -> None:
        """The first or the last row."""
        self._go(self.count - 1 if end else 0)

    def action_open(self) -> None:
        """Open the case under the cursor."""
        if self.row is not None:
            self.post_message(self.Open(self.row))

    def on_click(self, event: Click) -> None:
        """A click moves the cursor, a second one opens."""
        number = self.in_view[0] + event.y
        if number >= self.count:
            return
        again = number == self.cursor
        self._go(number)
        if again and event.chain >= 1:
            self.action_open()

    def _go(self, number: int) -> None:
        number = max(0, min(number, self.count - 1))
        if number == self.cursor:
            return
        old, self.cursor = self.cursor, number
        self.refresh_line(old)
        self.refresh_line(number)
        self._keep_in_view()
        self._want()
        self.post_message(self.Moved())

    def _keep_in_view(self) -> None:
        first, last = self.in_view
        height = max(1, self.size.height)
        # By half a screen: to paint every row again for each step would fill a slow line.
        if not first <= self.cursor <= last:
            top = max(0, self.cursor - height // 2)
            self.scroll_to(y=top, animate=False, force=True)

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """Ask for what has come into view."""
        super().watch_scroll_y(old_value, new_value)
        self._want()

    def on_resize(self, event: Resize) -> None:
        """The cursor stays in view in a smaller window."""
        self._drawn.clear()
        self.virtual_size = Size(self.size.width, self.count)
        self._keep_in_view()
        self._want()

    def _want(self) -> None:
        """Ask for rows that are, or will soon be, on the screen and are not here."""
        first, last = self.in_view
        low, high = max(0, first - AHEAD_ROWS // 2), min(self.count - 1, last + AHEAD_ROWS // 2)
        if self._asked is not None or all(n in self._rows for n in range(low, high + 1)):
            return
        self._asked = (max(0, first - AHEAD_ROWS), last + AHEAD_ROWS)
        self.post_message(self.Needed(*self._asked))

    # Drawing

    def shown_columns(self) -> list[tuple[Column, int]]:
        """The columns that fit, with their widths."""
        total = self.size.width - GUTTER_CELLS
        shown = [column for column in self.columns if total >= column.least]
        fixed = sum(column.cells + 1 for column in shown)
        rest = max(4, total - fixed - sum(1 for c in shown if not c.cells) + 1)
        return [(column, column.cells or rest) for column in shown]

    def titles(self) -> str:
        """The line of titles over the list."""
        cells = [fit(tr(c.title) if c.title else "", w, right=c.right)
                 for c, w in self.shown_columns()]  # fmt: skip
        return " " * GUTTER_CELLS + " ".join(cells)

    def render_line(self, y: int) -> Strip:
        """One row, or nothing below the last."""
        number = self.in_view[0] + y
        cells = self.size.width
        base = self.rich_style
        if number >= self.count:
            text = tr(self.empty) if not self.count and y == 1 and self.loaded else ""
            return Strip([Segment(fit("  " + text if text else "", cells), base)], cells)
        row = self._rows.get(number)
        chosen = number == self.cursor
        if row is not None and (drawn := self._drawn.get((number, chosen))) is not None:
            return drawn
        fresh = row is not None and row.case in self._fresh
        name = "list--cursor" if chosen else "list--fresh" if fresh else ""
        style = base + self.get_component_rich_style(name) if name else base
        if row is None:
            return Strip([Segment(fit(" ..", cells), style)], cells)
        made = Strip(self._segments(number, row, style, chosen), cells)
        made = made.adjust_cell_length(cells, style)
        self._drawn[number, chosen] = made
        return made

    def notify_style_update(self) -> None:
        """Other colours: nothing drawn before holds."""
        self._drawn.clear()
        super().notify_style_update()

    def _segments(self, number: int, row: DeskRow, style: Style, chosen: bool) -> list[Segment]:
        """A row's columns; neighbours of one style are one segment, to send few bytes."""
        now = self.clock()
        found: list[Segment] = []
        # The sign says it without colour, and on the cursor's row too. Nothing blinks.
        text, before = FRESH_SIGN if row.case in self._fresh else " ", style
        for column, cells in self.shown_columns():
            said, name = column.draw(row, now)
            if column.ticks:
                self._waits[number] = said
            # On the cursor's own colours, a colour of its own might not be readable.
            if name and not chosen:
                own = style + self.get_component_rich_style(f"list--{name}", partial=True)
            else:
                own = style
            if own != before and text:
                found.append(Segment(text, before))
                text = ""
            before = own
            text += fit(clean(said), cells, right=column.right) + " "
        found.append(Segment(text, before))
        return found
