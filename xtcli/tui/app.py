"""The app: opens the view that fits the station, keeps the threads behind it, rings.

It knows which screen follows which. It does not know what a key means on a screen, nor any rule.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.records.values import StationKind
from xtcli.station.drafts import Drafts, Phrases
from xtcli.station.views import Status
from xtcli.tui import console, ring
from xtcli.tui.call_app import CallApp
from xtcli.tui.desk import DeskApp
from xtcli.tui.keeper import Keeper
from xtcli.tui.messages import Arrivals, LogChanged, StatusSeen
from xtcli.tui.screens.base import DeskScreen
from xtcli.tui.text import clock
from xtcli.tui.themes import CONTRAST, DARK, THEMES
from xtcli.tui.watching import Syncer, Watcher
from xtcli.tui.widgets.link_bar import LinkBar

if TYPE_CHECKING:
    from xtcli.station.station import Station

Opener = Callable[[], "Station"]


class XtApp(CallApp, DeskApp):
    """`xt tui`. `opener` opens the home once more, for each thread its own."""

    ENABLE_COMMAND_PALETTE = False
    CSS = """
    Screen { background: $background; color: $foreground; }
    Dialog { background: $background 50%; }
    Toast { width: 50; max-width: 90%; }
    OptionList, OptionList:focus { border: none; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f1,question_mark", "help", "help"),
        Binding("f10,ctrl+q", "quit", "leave"),
        Binding("f12", "next_theme", "colours", show=False),
    ]

    def __init__(self, opener: Opener, *, sync: bool = True) -> None:
        """`sync` False: another process, or nobody, talks to the hub."""
        console.choose_language()
        super().__init__()
        self.opener = opener
        self.station = opener()
        self.clock = self.station.clock
        self.status: Status | None = None
        self.drafts = Drafts(self.station.home, self.clock, self.station.entropy)
        self.phrases = Phrases(self.station.home)
        self.keeper = Keeper(self.drafts)
        self.set_calls(self.station, opener)
        self.watcher = Watcher(self, opener)
        self.syncer = Syncer(self, opener) if sync else None
        # Every frame of an animation is bytes on somebody's slow line.
        self.animation_level = "none"
        for theme in THEMES:
            self.register_theme(theme)
        self.theme = CONTRAST.name if console.bare() else DARK.name

    def on_mount(self) -> None:
        """The view for this kind of station; threads start once it is on the screen."""
        if self.station.kind is StationKind.POST:
            from xtcli.tui.screens.post import PostScreen

            self.push_screen(PostScreen())
        else:
            from xtcli.tui.screens.queue import QueueScreen

            self.push_screen(QueueScreen())
        self.call_after_refresh(self._start_threads)
        if console.bare():
            self.notify(
                tr("This console cannot draw Chinese: names are boxes. Use a terminal in a "
                   "window, or fbterm."),
                severity="warning", timeout=30,
            )  # fmt: skip

    def _start_threads(self) -> None:
        self.start_calls()
        self.watcher.start()
        if self.syncer is not None:
            self.syncer.start()

    async def on_unmount(self) -> None:
        """Stop the threads; what they were doing is safe at any moment."""
        await self.end_typing()
        self.keeper.flush()
        self.calls.close()
        self.watcher.stop()
        if self.syncer is not None:
            self.syncer.stop()
        self.station.close()

    # What the threads report

    @on(LogChanged)
    def _log_changed(self) -> None:
        # A thread's last word may come when the screens have closed already.
        top = self.screen_stack[-1] if self.screen_stack else None
        if isinstance(top, DeskScreen):
            top.log_changed()

    @on(StatusSeen)
    def _status_seen(self, event: StatusSeen) -> None:
        status = event.status
        if self.syncer is not None and self.syncer.left_seconds is not None:
            status = replace(status, waiting_seconds=self.syncer.left_seconds)
        self.status = status
        self.show_status()

    def show_status(self) -> None:
        """Draw the last status on the screen that is on top."""
        if self.status is None or not self.screen_stack:
            return
        for bar in self.screen.query(LinkBar):
            bar.show(self.status)

    @on(Arrivals)
    def _arrived(self, event: Arrivals) -> None:
        """Say and ring what concerns a person here; the focus stays where it is."""
        ringing = [happening for happening in event.happenings if happening.rings]
        if not self.screen_stack:
            return
        for happening in ringing[:3]:
            self.notify(happening.text, severity="warning", timeout=8, markup=False)
        if ringing:
            ring.ring(self, len(ringing))

    # Ways between screens

    def open_case(self, case: RecordId) -> None:
        """Show a case."""
        from xtcli.tui.screens.case import CaseScreen

        self.calls.seen(case)
        self.push_screen(CaseScreen(case))

    def new_request(self) -> None:
        """A new request, or a draft taken up."""
        # Forms are a tenth of the start; they are loaded with the first one that is opened.
        from xtcli.tui.screens.dialogs import MenuDialog
        from xtcli.tui.screens.request import RequestScreen

        def chosen(name: str | None) -> None:
            draft = self.drafts.load(name) if name else None
            if draft is not None:
                self.push_screen(RequestScreen(draft.name, draft.fields))
            elif name is not None:
                self.push_screen(RequestScreen.fresh(self, {}))

        drafts = self.drafts.all()
        if not drafts:
            chosen("")
            return
        options = [("", tr("A new request"))]
        options += [
            (draft.name, tr("Draft of {when}: {title}", when=clock(draft.at, self.clock()),
                            title=draft.title or "-"))
            for draft in drafts
        ]  # fmt: skip
        self.push_screen(MenuDialog(tr("There are drafts that were not sent."), options), chosen)

    def action_help(self) -> None:
        """What every key does here."""
        from xtcli.tui.screens.help import HelpScreen

        self.push_screen(HelpScreen.of(self.screen))

    def action_next_theme(self) -> None:
        """Other colours."""
        names = [theme.name for theme in THEMES]
        self.theme = names[(names.index(self.theme) + 1) % len(names)]
        self.notify(tr("Colours: {name}", name=self.theme.removeprefix("xt-")), timeout=2)
