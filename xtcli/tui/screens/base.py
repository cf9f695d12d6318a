"""What all screens share: the station, work in the background, and how failures are told."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar, cast

from textual import on
from textual.events import ScreenResume
from textual.screen import ModalScreen, Screen

from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.tui.painting import Painted
from xtcli.tui.text import clean

if TYPE_CHECKING:
    from textual.worker import WorkType

    from xtcli.station.station import Station
    from xtcli.tui.desk import DeskApp

T = TypeVar("T")
R = TypeVar("R")


class Desk:
    """Mixed into screens: the app's station, and work that must not hold up the keys."""

    @property
    def desk(self) -> DeskApp:
        """The app."""
        return cast("DeskApp", self.app)  # type: ignore[attr-defined]

    @property
    def station(self) -> Station:
        """The station of this home."""
        return self.desk.station

    def in_background(
        self, work: Callable[[], T], then: Callable[[T], object], *, group: str = "",
        failed: Callable[[XtError], object] | None = None, hold: bool = False,
    ) -> None:  # fmt: skip
        """Do `work` in a thread, then call `then` here.

        Of several with one `group` only the newest counts. What signs or saves has no group, so
        that it is always finished and told. `hold`: the next key depends on it and waits.
        """

        screen = cast("Screen[object]", self)

        async def job() -> None:
            try:
                result = await asyncio.to_thread(work)
            except XtError as error:
                (failed or self.tell_failure)(error)
            else:
                # The screen may have been closed meanwhile; what was signed is safe all the same.
                if screen.is_attached and screen.is_running:
                    then(result)

        worker = screen.run_worker(
            # Not `job()`: one that is superseded before it begins would never be awaited.
            cast("WorkType[None]", job),
            group=group or "always",
            exclusive=bool(group),
            exit_on_error=True,
        )
        if hold:
            self.desk.hold_for(worker)

    def tell_failure(self, error: XtError) -> None:
        """Say what happened and what to do."""
        self.desk.notify(
            clean(error.advice, lines=True) or " ", title=clean(str(error)), severity="error",
            timeout=10, markup=False,
        )  # fmt: skip

    def tell(self, text: str, *, warning: bool = False) -> None:
        """Say that something was done."""
        self.desk.notify(clean(text, lines=True), severity="warning" if warning else "information",
                         timeout=6, markup=False)  # fmt: skip

    def tell_written(self, text: str, warnings: tuple[str, ...]) -> None:
        """Say what was saved, and every warning."""
        self.tell(text)
        for warning in warnings:
            self.tell("! " + warning, warning=True)


class DeskScreen(Desk, Painted, Screen[None]):
    """A whole screen. `log_changed` is called when the log has changed while it is on top."""

    def log_changed(self) -> None:
        """Somebody has written to the log."""

    @on(ScreenResume)
    def _resumed(self) -> None:
        self.desk.show_status()


class Dialog(Desk, Painted, ModalScreen[R]):
    """A question in a box over a screen."""

    DEFAULT_CSS = """
    Dialog { align: center middle; background: $background 60%; }
    Dialog > .box { width: 64; max-width: 96%; height: auto; max-height: 94%;
                    background: $surface; border: solid $primary; padding: 0 1; }
    Dialog .title { text-style: bold; color: $accent; height: auto; }
    Dialog .hint { color: $foreground 70%; height: auto; }
    Dialog .problem { color: $error; height: auto; text-style: bold; }
    """


def saved_words() -> str:
    """What a person hears when a record is on the disk."""
    return tr("Saved here. It is sent as soon as the link allows.")
