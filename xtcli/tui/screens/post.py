"""The village doctor's list: my requests, and how far each has honestly come."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from textual.binding import Binding, BindingType

from xtcli.records.queue import Order
from xtcli.station.desk_lists import Show, Wanted
from xtcli.tui.screens.list_screen import ListScreen
from xtcli.tui.widgets import columns


class PostScreen(ListScreen):
    """The first screen of a post."""

    COLUMNS = columns.POST
    SHOWS = (Show.OPEN, Show.WAITING, Show.ANSWERED, Show.OVERDUE, Show.ALL)
    FIRST = replace(Wanted(), show=Show.OPEN, order=Order.UPDATED)
    EMPTY = "No cases yet. F2 makes a new request."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2,n", "new", "new request")]

    def action_new(self) -> None:
        """Fill in a new request, or take up a draft."""
        self.desk.new_request()
