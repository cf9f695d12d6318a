"""One case: who it is about, what was asked and answered, and everything that can be done with it.

The patient's two identifiers never leave the screen. Opening it at a desk is a signed record, which
is how the post learns that somebody has it before their eyes.
"""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.station import desk_views
from xtcli.station.desk_lists import DeskRow
from xtcli.station.desk_views import Trend
from xtcli.tui.screens.case_actions import CaseActions
from xtcli.tui.sheet import Sheet, gather
from xtcli.tui.text import clean, clock, fit, state_word
from xtcli.tui.widgets import case_text
from xtcli.tui.widgets.attachments import attachment_lines
from xtcli.tui.widgets.key_bar import KeyBar
from xtcli.tui.widgets.link_bar import LinkBar
from xtcli.tui.widgets.patient_strip import PatientStrip
from xtcli.tui.widgets.plot import plot
from xtcli.tui.widgets.tabs import TabBar

WIDE_CELLS = 110
PLOT_ROWS = 4
TALL_ROWS = 50
"""From this height of the screen plots are half as high again."""
LISTS = ("attachments", "earlier")
PANES = ("summary", "timeline", "vitals", "attachments", "earlier")


class CaseScreen(CaseActions):
    """A case."""

    AUTO_FOCUS: ClassVar[str | None] = ""
    """Nothing: Enter on a page of text is the menu, not something in a list that is not shown."""

    DEFAULT_CSS = """
    CaseScreen #body { height: 1fr; }
    CaseScreen VerticalScroll { width: 1fr; padding: 0 1; scrollbar-size-vertical: 1;
                                scrollbar-gutter: stable; }
    CaseScreen.wide #summary { border-right: solid $panel; }
    CaseScreen OptionList { height: 1fr; width: 1fr; border: none; background: $background;
                            padding: 0; scrollbar-size-vertical: 1; }
    CaseScreen .hidden { display: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "back", "back"),
        Binding("enter", "menu", "all actions"),
        Binding("f2,a", "answer", "write answer"),
        Binding("f2,d", "ack", "done / not done"),
        Binding("f3,c", "claim", "take"),
        Binding("f3,f", "follow_up", "follow-up"),
        Binding("f4,k", "ask", "ask"),
        Binding("f5,n", "note", "note"),
        Binding("f6,t", "attach", "attach"),
        Binding("f7,v", "voice", "play voice"),
        Binding("f8,p", "picture", "see picture"),
        Binding("f9,C", "call", "call"),
        Binding("g", "alert_seen", "alert seen", show=False),
        Binding("x", "close_case", "close case", show=False),
        Binding("r", "dispense", "dispense", show=False),
        Binding("tab,right", "next_pane(1)", "next page", show=False),
        Binding("shift+tab,left", "next_pane(-1)", "page before", show=False),
        *(Binding(str(n), f"pane({n})", "page by number", show=False) for n in range(1, 6)),
        Binding("pagedown,space", "scroll(1)", "scroll down", show=False),
        Binding("pageup", "scroll(-1)", "scroll up", show=False),
        Binding("down", "line(1)", "scroll down", show=False),
        Binding("up", "line(-1)", "scroll up", show=False),
    ]

    def __init__(self, case: RecordId) -> None:
        """`case` is loaded when the screen is on."""
        super().__init__(case)
        self.trends: tuple[Trend, ...] = ()
        self.earlier: tuple[DeskRow, ...] = ()
        self.pane = 0

    @property
    def wide(self) -> bool:
        """Whether two pages fit beside each other."""
        return self.size.width >= WIDE_CELLS

    def compose(self) -> ComposeResult:
        """Patient, pages, link, keys."""
        yield PatientStrip()
        yield TabBar([tr("summary"), tr("timeline"), tr("vitals, trends"), tr("attachments"),
                      tr("other cases")])  # fmt: skip
        with Horizontal(id="body"):
            with VerticalScroll(id="summary", can_focus=False):
                yield Static(id="summary-text")
            with VerticalScroll(id="timeline", can_focus=False):
                yield Static(id="timeline-text")
            with VerticalScroll(id="vitals", can_focus=False):
                yield Static(id="vitals-text")
                yield Static(id="trends-text")
            yield OptionList(id="attachments")
            yield OptionList(id="earlier")
        yield LinkBar()
        yield KeyBar()

    def on_mount(self) -> None:
        """Open the case, then show it."""
        self._lay_out()
        self.in_background(
            self._open, self._loaded, group="case", failed=self._not_opened, hold=True
        )

    def _open(self) -> Sheet:
        if not self.at_post:
            self.station.open_case(self.case_id)
        return gather(self.station, self.case_id)

    def _not_opened(self, error: XtError) -> None:
        """It may still be read, but the post is not told that it was."""
        self.tell_failure(error)
        self.in_background(lambda: gather(self.station, self.case_id), self._loaded, group="case")

    def log_changed(self) -> None:
        """Read it again; what is new is seen only when the person confirms it."""
        self.in_background(lambda: gather(self.station, self.case_id), self._loaded, group="case")

    def on_screen_resume(self) -> None:
        """Something may have been done in a dialog."""
        if self.sheet is not None:
            self.log_changed()

    # Drawing

    def _loaded(self, sheet: Sheet) -> None:
        others = self.sheet is None or self.sheet.follow_ups != sheet.follow_ups
        self.sheet = sheet
        self.query_one(PatientStrip).show(sheet)
        self._draw()
        self.refresh_bindings()
        if others:
            self.in_background(self._read_others, self._others_loaded, group="others")

    def _read_others(self) -> tuple[tuple[DeskRow, ...], tuple[Trend, ...]]:
        assert self.sheet is not None
        case = self.sheet.case
        return (tuple(desk_views.earlier(self.station, case, also_later=True)),
                tuple(desk_views.trends(self.station, case)))  # fmt: skip

    def _others_loaded(self, found: tuple[tuple[DeskRow, ...], tuple[Trend, ...]]) -> None:
        self.earlier, self.trends = found
        self._draw()

    def _draw(self) -> None:
        """Fill all pages, so that turning one only shows it. What has not changed costs nothing."""
        if self.sheet is None:
            return
        sheet = self.sheet
        self._title()
        self._update("summary-text", case_text.summary(sheet))
        self._update("timeline-text", case_text.timeline_text(sheet.timeline, sheet.now))
        self._update("vitals-text", case_text.vitals_text(sheet.vitals, sheet.score))
        self._update("trends-text", self._plots())
        self._fill("attachments", attachment_lines(sheet))
        self._fill("earlier", [self._earlier_line(row) for row in self.earlier])

    def _title(self) -> None:
        count = len(self.sheet.case.attachments) if self.sheet else 0
        note = str(count) if PANES[self.pane] == "attachments" else ""
        self.query_one(TabBar).show(self.pane, note)

    def _update(self, name: str, text: Content) -> None:
        """Put a text only if it differs: what is not drawn costs no bytes."""
        widget = self.query_one(f"#{name}", Static)
        if getattr(widget, "said", None) != text:
            widget.said = text  # type: ignore[attr-defined]
            widget.update(text)

    def _fill(self, name: str, lines: list[str]) -> None:
        shown = self.query_one(f"#{name}", OptionList)
        if getattr(shown, "said", None) == lines:
            return
        shown.said = lines  # type: ignore[attr-defined]
        place = shown.highlighted
        shown.clear_options()
        shown.add_options(Option(Content(line)) for line in lines or [tr("none")])
        shown.highlighted = min(place or 0, len(lines) - 1) if lines else None

    def _plots(self) -> Content:
        if not self.trends:
            return Content("\n" + tr("No other visit here has vital signs to compare with."))
        cells = max(30, (self.size.width // 2 if self.wide else self.size.width) - 4)
        assert self.sheet is not None
        rows = PLOT_ROWS if self.size.height < TALL_ROWS else 2 * PLOT_ROWS - 2
        plots = [plot(trend, cells, rows, self.sheet.now) for trend in self.trends]
        return Content("\n") + Content("\n").join(plots)

    def _earlier_line(self, row: DeskRow) -> str:
        now, sign = self.desk.clock(), " "
        assert self.sheet is not None
        if row.case == self.sheet.case.body.parent:
            sign = "<"
        elif row.parent == self.sheet.case.id:
            sign = ">"
        return clean(f"{sign} {fit(clock(row.created, now), 11)} {fit(row.dept, 8)} "
                     f"{fit(state_word(row.state), 10)} {row.complaint}")  # fmt: skip

    def on_resize(self, event: Resize) -> None:
        """One page or two."""
        self._lay_out()
        self._draw()

    def _lay_out(self) -> None:
        self.set_class(self.wide, "wide")
        shown = PANES[self.pane]
        beside = "timeline" if self.pane == 0 else shown
        for name in PANES:
            visible = name in ("summary", beside) if self.wide else name == shown
            self.query_one(f"#{name}").set_class(not visible, "hidden")
        # Pages of text take no focus: a change of focus would paint a whole page once more.
        target = self.query_one(f"#{shown}") if shown in LISTS else None
        if self.focused is not target:
            self.set_focus(target)

    # Turning pages

    def action_pane(self, number: int) -> None:
        """Turn to a page."""
        self.pane = max(0, min(number - 1, len(PANES) - 1))
        with self.app.batch_update():
            self._lay_out()
            self._title()

    def action_next_pane(self, by: int) -> None:
        """The next or previous page."""
        self.action_pane((self.pane + by) % len(PANES) + 1)

    def action_scroll(self, by: int) -> None:
        """Scroll the page that is read."""
        shown = self.query_one(f"#{PANES[self.pane]}")
        (shown.scroll_page_down if by > 0 else shown.scroll_page_up)(animate=False)

    def action_line(self, by: int) -> None:
        """Scroll the page that is read by a line."""
        self.query_one(f"#{PANES[self.pane]}").scroll_relative(y=by, animate=False)

    @on(TabBar.Chosen)
    def _tab(self, event: TabBar.Chosen) -> None:
        self.action_pane(event.place + 1)

    @on(OptionList.OptionSelected, "#earlier")
    def _open_earlier(self, event: OptionList.OptionSelected) -> None:
        if event.option_index < len(self.earlier):
            self.desk.open_case(self.earlier[event.option_index].case)

    @on(OptionList.OptionSelected, "#attachments")
    def _open_attachment(self, event: OptionList.OptionSelected) -> None:
        if self.sheet is not None and event.option_index < len(self.sheet.case.attachments):
            self.show_attachment(event.option_index)

    def action_back(self) -> None:
        """Back to the list."""
        self.dismiss()
