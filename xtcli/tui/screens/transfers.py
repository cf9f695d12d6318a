"""What waits to be sent: how far each has come, when it would be there; postpone, cancel, send.

The choices of `xt transfers` for people who know no tags. It knows no link and no spool.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.station import words
from xtcli.tui.screens.base import Dialog
from xtcli.tui.screens.dialogs import MenuDialog
from xtcli.tui.text import clean, duration, fit, size
from xtcli.tui.widgets.key_bar import KeyBar

if TYPE_CHECKING:
    from xtcli.station.roads_transfers import Transfer, Transfers
    from xtcli.station.station import Station

LOOK_SECONDS = 2.0
"""How often the list is read again: the link writes down as often how far it has come."""
WHAT_CELLS, WHO_CELLS, SIZE_CELLS = 15, 14, 18
Line = tuple["Transfer", str]


def lines_of(station: Station) -> list[Line]:
    """Every transfer that waits, and the patient whom it concerns."""
    from xtcli.station.roads_transfers import Transfers

    found = Transfers(station)
    try:
        return [(row, _who(station, row)) for row in found.waiting()]
    finally:
        found.close()


def _who(station: Station, row: Transfer) -> str:
    """The first case of a transfer and its patient; else where it goes."""
    if not row.cases:
        return row.to_name
    try:
        name = station.identifiers(RecordId.parse(row.cases[0]))[0]
    except XtError:
        name = ""
    return f"{row.cases[0]} {name}".strip()


def line_text(row: Transfer, who: str) -> str:
    """One transfer in one line."""
    amount = size(row.size)
    if row.arrived and row.state != "taken":
        amount = tr("{done} of {all}", done=size(row.arrived), all=size(row.size))
    told = words.transfer(row.state)
    if row.seconds is not None:
        told += ", " + tr("about {time}", time=duration(row.seconds))
    what = fit(clean(words.carried(row.what)), WHAT_CELLS)
    return f"{what} {fit(clean(who), WHO_CELLS)} {fit(amount, SIZE_CELLS)} {told}"


class TransfersDialog(Dialog[None]):
    """The list, with three things to do about the one at hand."""

    DEFAULT_CSS = """
    TransfersDialog > .box { width: 96; }
    TransfersDialog OptionList { height: auto; max-height: 14; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,p", "postpone", "postpone"),
        Binding("f3,c", "cancel", "do not send"),
        Binding("f4,r", "resume", "send after all"),
        Binding("escape", "leave", "back"),
    ]

    def __init__(self) -> None:
        """The list is read when the dialog is on."""
        super().__init__()
        self.found: list[Line] = []

    def compose(self) -> ComposeResult:
        """Title, list, what it means, keys."""
        with Vertical(classes="box"):
            yield Static(tr("What waits to be sent"), classes="title", markup=False)
            yield OptionList()
            yield Static("", id="meaning", classes="hint", markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        """Read it now, and again while it is on the screen."""
        self.query_one(OptionList).focus()
        self.look()
        self.set_interval(LOOK_SECONDS, self.look)

    def look(self) -> None:
        """Read the list anew."""
        station = self.station
        self.in_background(lambda: lines_of(station), self._show, group="transfers")

    def _show(self, found: list[Line]) -> None:
        before = self.at_hand
        texts = [line_text(row, who) for row, who in found]
        if texts == [line_text(row, who) for row, who in self.found] and found:
            self.found = found
            return
        self.found = found
        shown = self.query_one(OptionList)
        shown.clear_options()
        shown.add_options(Option(Content(text)) for text in texts)
        places = [n for n, (row, _) in enumerate(found) if before and row.tag == before.tag]
        if found:
            shown.highlighted = places[0] if places else 0
        self._explain()

    @property
    def at_hand(self) -> Transfer | None:
        """The transfer under the cursor."""
        place = self.query_one(OptionList).highlighted
        return self.found[place][0] if place is not None and place < len(self.found) else None

    @on(OptionList.OptionHighlighted)
    def _explain(self) -> None:
        """What the state of the one at hand means, without making it look better than it is."""
        row = self.at_hand
        if row is None:
            text = tr("Nothing waits to be sent.")
        elif row.state == "cancelled":
            text = tr(
                "Not sent on any road. It stays saved here; the other side does not know of it."
            )
        elif row.state == "postponed":
            text = tr("Nothing of it is sent until then; what has arrived stays there.")
        elif row.state == "taken":
            text = tr("It is there; only the signed receipt is missing.")
        else:
            text = tr("It is sent as soon as its turn comes and the link allows.")
        self.query_one("#meaning", Static).update(clean(text))

    # What can be done

    def _do(self, change: Callable[[Transfers, str], Transfer]) -> None:
        """Change the one at hand; a process that holds the link hears of it by itself."""
        row, station = self.at_hand, self.station
        if row is None:
            return
        tag = row.tag

        def work() -> list[Line]:
            from xtcli.station.roads_transfers import Transfers

            found = Transfers(station)
            try:
                change(found, tag)
            finally:
                found.close()
            return lines_of(station)

        self.in_background(work, self._show, hold=True)

    def action_postpone(self) -> None:
        """Ask for how long."""
        if self.at_hand is None:
            return
        times = [("30m", tr("half an hour")), ("2h", tr("two hours")), ("12h", tr("12 hours")),
                 ("1d", tr("a day"))]  # fmt: skip

        def chosen(wait: str | None) -> None:
            if wait:
                self._do(lambda found, tag: found.postpone(tag, wait))

        self.desk.push_screen(MenuDialog(tr("Send nothing of it for how long?"), times), chosen)

    def action_cancel(self) -> None:
        """It is not sent; `send after all` takes that back, so nobody is asked."""
        self._do(lambda found, tag: found.cancel(tag))

    def action_resume(self) -> None:
        """It is sent when its turn comes."""
        self._do(lambda found, tag: found.resume(tag))

    def action_leave(self) -> None:
        """Back to the list of cases."""
        self.dismiss()
