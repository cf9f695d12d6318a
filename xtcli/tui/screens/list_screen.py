"""A screen with a list of cases: filters, search, order, and the line about the case at hand.

The specialist's queue and the village doctor's list are both this screen with other columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.widgets import Input, Static

from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.records.queue import Order
from xtcli.station import desk_views
from xtcli.station.desk_lists import CaseLists, DeskRow, News, Show, Wanted
from xtcli.tui.screens.base import DeskScreen
from xtcli.tui.text import clean, fit, skip
from xtcli.tui.widgets.case_list import CaseList, Column, Window
from xtcli.tui.widgets.key_bar import KeyBar
from xtcli.tui.widgets.link_bar import LinkBar
from xtcli.tui.widgets.tabs import TabBar

ORDERS = (Order.QUEUE, Order.NEWEST, Order.UPDATED)
TICK_SECONDS = 1.0
ABOVE_CELLS = 16
"""Of the line of titles, while something new stands above what is on the screen."""


def show_word(show: Show) -> str:
    """A filter in the language in force."""
    return {
        Show.WAITING: tr("waiting"), Show.MINE: tr("taken by me"), Show.OVERDUE: tr("overdue"),
        Show.OPEN: tr("not closed"), Show.ANSWERED: tr("answered"), Show.ALL: tr("all"),
    }[show]  # fmt: skip


def order_word(order: Order) -> str:
    """An order in the language in force."""
    return {
        Order.QUEUE: tr("most urgent first"), Order.NEWEST: tr("newest first"),
        Order.UPDATED: tr("last changed first"),
    }[order]  # fmt: skip


class ListScreen(DeskScreen):
    """A list of cases with filters."""

    DEFAULT_CSS = """
    ListScreen #titles { height: 1; color: $foreground 70%; background: $surface; }
    ListScreen #search { display: none; height: 1; border: none; padding: 0 1; }
    ListScreen #search.open { display: block; }
    ListScreen #peek { height: 2; background: $surface; color: $foreground; padding: 0 1; }
    """
    SHOWS: Sequence[Show] = tuple(Show)
    FIRST = Wanted()
    COLUMNS: Sequence[Column] = ()
    EMPTY = "Nobody waits."
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f3,slash", "search", "search"),
        Binding("f4,tab", "next_show(1)", "filter"),
        Binding("left,shift+tab", "next_show(-1)", "filter before", show=False),
        Binding("right", "next_show(1)", "filter after", show=False),
        *(
            Binding(str(n), f"show_number({n})", "filter by number", show=False)
            for n in range(1, 7)
        ),
        Binding("f6,s", "next_order", "order"),
        Binding("f7,t", "transfers", "to send"),
        Binding("escape", "no_search", "end the search", show=False),
    ]

    def __init__(self) -> None:
        """The list is loaded when the screen is on."""
        super().__init__()
        self.wanted = self.FIRST
        self.stamp = 0
        self._titles = ""
        self._lists: CaseLists | None = None
        self._news: News | None = None

    @property
    def news(self) -> News:
        """What has just come."""
        if self._news is None:
            self._news = News(self.station)
        return self._news

    @property
    def lists(self) -> CaseLists:
        """Pages of lists."""
        if self._lists is None:
            self._lists = CaseLists(self.station)
        return self._lists

    @property
    def case_list(self) -> CaseList:
        """The list widget."""
        return self.query_one(CaseList)

    def compose(self) -> ComposeResult:
        """Filters, search, list, the case at hand, link, keys."""
        yield TabBar([show_word(show) for show in self.SHOWS])
        yield Input(placeholder=tr("name, place, complaint, pinyin initials or case number"),
                    id="search", compact=True, select_on_focus=False)  # fmt: skip
        yield Static(id="titles", markup=False)
        yield CaseList(self.COLUMNS, self.EMPTY, self.desk.clock)
        yield Static(id="peek", markup=False)
        yield LinkBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Load the first page and let the clock run."""
        self.case_list.focus()
        self.reload()
        self.set_interval(TICK_SECONDS, self._tick)

    def _tick(self) -> None:
        if self.app.screen is self and self.case_list.loaded:
            self.case_list.tick()
            self._draw_titles()

    def on_resize(self, event: Resize) -> None:
        """Other columns may fit now."""
        self.call_after_refresh(self._draw_titles)

    def _draw_titles(self) -> None:
        shown = self.case_list
        titles = shown.titles()
        if shown.fresh_above:
            said = fit(tr("^ {n} new above", n=shown.fresh_above), ABOVE_CELLS)
            titles = said + skip(titles, ABOVE_CELLS)
        if titles != self._titles:
            self._titles = titles
            self.query_one("#titles", Static).update(titles, layout=False)

    # Loading

    def log_changed(self) -> None:
        """Load again; the cursor stays on its case."""
        self.reload()

    def on_screen_resume(self) -> None:
        """Something may have been done on another screen."""
        if self.case_list.loaded:
            self.reload()

    def reload(self) -> None:
        """Read the list anew around what is visible."""
        self.stamp += 1
        stamp, wanted = self.stamp, self.wanted
        shown = self.case_list
        cursor, case = shown.cursor, shown.case
        first, last = shown.in_view
        lists, news = self.lists, self.news

        def work() -> tuple[int, Window]:
            fresh = news.look()
            count = lists.count(wanted)
            found = None if case is None else lists.locate(wanted, case, cursor)
            shift = (found if found is not None else min(cursor, max(0, count - 1))) - cursor
            start = max(0, min(first + shift, count - (last - first)) - 60)
            rows = lists.page(wanted, start, last - first + 120)
            return stamp, Window(count, start, tuple(rows), found, fresh)

        self.in_background(work, self._loaded, group="list", hold=True)

    def _loaded(self, result: tuple[int, Window]) -> None:
        stamp, window = result
        if stamp != self.stamp:
            return
        self.case_list.replace(window)
        self._draw_tabs()
        self._draw_titles()
        self._peek()

    def _draw_tabs(self) -> None:
        """The filter with its number, and the order."""
        self.query_one(TabBar).show(
            self.SHOWS.index(self.wanted.show), str(self.case_list.count),
            order_word(self.wanted.order),
        )  # fmt: skip

    @on(CaseList.Needed)
    def load_more(self, event: CaseList.Needed) -> None:
        """Rows have come into view that are not here."""
        stamp, wanted, lists = self.stamp, self.wanted, self.lists

        def work() -> tuple[int, Window]:
            rows = lists.page(wanted, event.first, event.last - event.first + 1)
            return stamp, Window(0, event.first, tuple(rows))

        def then(result: tuple[int, Window]) -> None:
            if result[0] == self.stamp:
                self.case_list.put(result[1])
                self._peek()

        self.in_background(work, then, group="more")

    # The case at hand

    @on(CaseList.Moved)
    def _peek(self) -> None:
        row = self.case_list.row
        self._draw_titles()
        self._draw_peek(row, "")
        if row is not None and row.attachments:
            case = row.case
            self.in_background(
                lambda: desk_views.attached(self.station, case),
                lambda words: self._draw_peek(self.case_list.row, words, case), group="peek",
            )  # fmt: skip

    def _draw_peek(self, row: DeskRow | None, attached: str, case: RecordId | None = None) -> None:
        """Draw the lines about a row; not what is attached when that is another's by now."""
        if row is not None and case is not None and row.case != case:
            return
        text: str | Content = "" if row is None else self.peek_text(row, attached)
        self.query_one("#peek", Static).update(text, layout=False)

    def peek_text(self, row: DeskRow, attached: str = "") -> Content:
        """Two lines about a case: where it comes from, what is complained of."""
        first = f"{row.case}  {row.name}  {row.place}"
        if row.claimed_by:
            first += "  " + tr("taken by {who}", who=row.claimed_by)
        if row.attachments:
            first += "  @ " + (attached or str(row.attachments))
        if row.parent:
            first += "  " + tr("follow-up of {case}", case=row.parent)
        return Content(clean(first) + "\n" + clean(row.complaint))

    @on(CaseList.Open)
    def open_row(self, event: CaseList.Open) -> None:
        """Show the case under the cursor."""
        self.desk.open_case(event.row.case)

    # Filters, order, search

    def show(self, wanted: Wanted) -> None:
        """Another list."""
        if wanted != self.wanted:
            self.wanted = wanted
            self.case_list.to_top()
            self.reload()

    @on(TabBar.Chosen)
    def _filter_chosen(self, event: TabBar.Chosen) -> None:
        self.show(replace(self.wanted, show=self.SHOWS[event.place]))

    def action_next_show(self, by: int) -> None:
        """The next or previous filter."""
        place = (self.SHOWS.index(self.wanted.show) + by) % len(self.SHOWS)
        self.show(replace(self.wanted, show=self.SHOWS[place]))

    def action_show_number(self, number: int) -> None:
        """The filter with this number."""
        if 1 <= number <= len(self.SHOWS):
            self.show(replace(self.wanted, show=self.SHOWS[number - 1]))

    def action_next_order(self) -> None:
        """The next order."""
        place = (ORDERS.index(self.wanted.order) + 1) % len(ORDERS)
        self.show(replace(self.wanted, order=ORDERS[place]))

    def action_transfers(self) -> None:
        """What waits to be sent."""
        from xtcli.tui.screens.transfers import TransfersDialog

        self.desk.push_screen(TransfersDialog())

    def action_search(self) -> None:
        """Begin a search."""
        field = self.query_one("#search", Input)
        field.add_class("open")
        field.focus()

    @on(Input.Changed, "#search")
    def _search_typed(self, event: Input.Changed) -> None:
        show = Show.ALL if event.value.strip() else self.FIRST.show
        if show not in self.SHOWS:
            show = self.SHOWS[-1]
        self.show(replace(self.wanted, text=event.value.strip(), show=show))

    @on(Input.Submitted, "#search")
    def _search_done(self) -> None:
        self.case_list.focus()

    def action_no_search(self) -> None:
        """Forget what was searched."""
        field = self.query_one("#search", Input)
        if field.has_class("open"):
            field.value = ""
            field.remove_class("open")
            self.case_list.focus()
