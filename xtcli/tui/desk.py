"""What a screen may ask of the app around it. `app.XtApp` does it.

Screens know this and nothing above them, so that no import runs in a circle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from xtcli.tui.type_ahead import TypeAheadApp

if TYPE_CHECKING:
    from xtcli.records.ids import RecordId
    from xtcli.station.drafts import Drafts, Phrases
    from xtcli.station.station import Station
    from xtcli.tui.calling import Calls
    from xtcli.tui.keeper import Keeper


class DeskApp(TypeAheadApp):
    """The app as its screens see it."""

    station: Station
    clock: Callable[[], float]
    drafts: Drafts
    phrases: Phrases
    keeper: Keeper
    calls: Calls

    def open_case(self, case: RecordId) -> None:
        """Show a case."""
        raise NotImplementedError

    def new_request(self) -> None:
        """A new request, or a draft taken up."""
        raise NotImplementedError

    def show_status(self) -> None:
        """Draw the last status on the screen that is on top."""
        raise NotImplementedError

    def show_calls(self, *, again: bool = False) -> None:
        """Draw what there is to say about calls on the screen that is on top."""
        raise NotImplementedError

    def show_case(self, case: RecordId) -> None:
        """A case, unless it is on the screen already."""
        raise NotImplementedError

    def call_about(self, case: RecordId) -> None:
        """Ask how, then call about a case."""
        raise NotImplementedError
