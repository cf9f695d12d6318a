"""The specialist's queue: who waits, most urgent first, counting against the ten minutes."""

from __future__ import annotations

from typing import ClassVar

from textual.binding import Binding, BindingType

from xtcli.lang import tr
from xtcli.tui.screens.list_screen import ListScreen
from xtcli.tui.widgets import columns


class QueueScreen(ListScreen):
    """The first screen of a desk and of a hub."""

    COLUMNS = columns.QUEUE
    EMPTY = "Nobody waits."
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f2,c", "claim", "take")]

    def action_claim(self) -> None:
        """Take the case under the cursor, or give it back."""
        row = self.case_list.row
        if row is None:
            return
        if row.mine:
            self.in_background(
                lambda: self.station.release(row.case),
                lambda _: self._told(tr("Given back: {name}", name=row.name)),
            )
        else:
            self.in_background(
                lambda: self.station.claim(row.case),
                lambda _: self._told(tr("Taken: {name}", name=row.name)),
            )

    def _told(self, text: str) -> None:
        self.tell(text)
        self.reload()
