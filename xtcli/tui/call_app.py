"""What calls add to the app: the strip on every screen, three keys that work everywhere, the bell.

The strip lies on whatever screen is on top and takes no focus; F9 and F8 mean what it says beside
them and are the screen's own keys as soon as it is gone. It refuses to know how a call is drawn.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches

from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.station.calls_about import CallAbout, about
from xtcli.tui import pictures, ring
from xtcli.tui.calling import Calls, Stage
from xtcli.tui.messages import CallHeard
from xtcli.tui.quiet import quiet_libraries
from xtcli.tui.text import clean
from xtcli.tui.type_ahead import TypeAheadApp

if TYPE_CHECKING:
    from textual.screen import Screen

    from xtcli.station.station import Station

TICK_SECONDS = 0.25
TICK_FAR_SECONDS = 1.0
"""Over ssh: meters that move are bytes on somebody's slow line."""
BELL_SECONDS = 3.0
ASKING = frozenset((Stage.RING, Stage.QUESTION, Stage.NO_MICROPHONE))


class CallApp(TypeAheadApp):
    """An app with calls. `set_calls` comes before it runs."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f9", "call_yes", "take / show the call", show=False, priority=True),
        Binding("f8", "call_no", "decline the call", show=False, priority=True),
        Binding("ctrl+t", "call_microphone", "microphone on/off", show=False, priority=True),
    ]

    calls: Calls

    def __init__(self) -> None:
        """No call; see `set_calls`."""
        if pictures.how_here() == "kitty":
            # Whoever draws Kitty's pictures has all colours; a placeholder's colour is a number.
            os.environ.setdefault("COLORTERM", "truecolor")
        super().__init__()

    def run(self, *args: Any, **settings: Any) -> None:
        """Run until the person leaves; no sound library writes over the screens meanwhile."""
        with quiet_libraries():
            super().run(*args, **settings)

    def set_calls(self, station: Station, opener: Callable[[], Station]) -> None:
        """The station whose calls these are."""
        self.call_station = station
        self.calls = Calls(station, opener, time.monotonic)
        self._rang_at = 0.0
        self._looking = False
        self._stage = Stage.NOTHING

    def start_calls(self) -> None:
        """Look at calls from now on; once the app runs."""
        self.screen_change_signal.subscribe(self, self._screen_changed)
        far = bool(os.environ.get("SSH_CONNECTION"))
        self.set_interval(TICK_FAR_SECONDS if far else TICK_SECONDS, self._tick_calls)

    def _screen_changed(self, _: Screen[Any]) -> None:
        self.call_later(lambda: self.show_calls(again=True))

    def _tick_calls(self) -> None:
        calls = self.calls
        calls.tick()
        if calls.stage is Stage.NOTHING and self._stage is Stage.NOTHING:
            return
        if calls.stage is Stage.RING and time.monotonic() - self._rang_at > BELL_SECONDS:
            self._rang_at = time.monotonic()
            self.bell()
        if calls.unknown_case is not None and not self._looking:
            self._looking = True
            self.run_worker(self._look_up(calls.unknown_case), group="call", exit_on_error=True)
        self.show_calls()

    async def _look_up(self, case: RecordId) -> None:
        """Whose case it is: two identifiers beside every call."""
        try:
            found = await asyncio.to_thread(about, self.call_station, case)
        except XtError:
            found = CallAbout(case, ("?", "?"), "")
        self.calls.about[case] = found
        self._looking = False
        self.show_calls()

    # Drawing

    def show_calls(self, *, again: bool = False) -> None:
        """Draw the strip, or the call's own screen, on whatever is on top.

        `again`: another screen is on top, which may still have the strip of long ago.
        """
        if not self.screen_stack or not self.screen.is_running:
            return
        stage = self.calls.stage
        if stage is Stage.NOTHING and self._stage is Stage.NOTHING:
            if again:
                self.screen.query("CallBar").remove()
            return
        from xtcli.tui.screens.call import CallScreen
        from xtcli.tui.widgets.ring_bar import CallBar

        screen, shown = self.screen, self.calls.shown()
        changed, self._stage = stage is not self._stage, stage
        if isinstance(screen, CallScreen):
            screen.put(shown)
        try:
            bar = screen.query_exactly_one(CallBar)
        except NoMatches:
            if self._strip_here(stage):
                screen.mount(CallBar(shown), before=0)
        else:
            if self._strip_here(stage):
                bar.put(shown)
            else:
                bar.remove()
        if changed:
            screen.refresh_bindings()

    def _strip_here(self, stage: Stage) -> bool:
        """Whether the strip belongs on the screen that is on top."""
        from xtcli.tui.screens.call import CallScreen

        if stage is Stage.NOTHING or isinstance(self.screen, CallScreen):
            return False
        return stage is not Stage.MISSED or self._at_list

    @property
    def _at_list(self) -> bool:
        """Whether a list of cases is on top: what was missed is shown there, not over a form."""
        return bool(self.screen.query("CaseList"))

    # What comes

    @on(CallHeard)
    def _call_heard(self, event: CallHeard) -> None:
        happening = event.happening
        if self.calls.heard(happening):
            self._rang_at = time.monotonic()
            ring.ring_call(self, wanted=happening.kind == "call_wanted")
        if happening.kind == "call_wanted" and self.screen_stack and not self._at_list:
            # Its line stands on lists only.
            words = tr("{who} asks to be called", who=clean(happening.by))
            self.notify(words, severity="warning", timeout=8, markup=False)
        self._tick_calls()

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of calls are the screen's own while there is no call."""
        if action == "call_yes":
            return self._yes_means_something()
        if action == "call_no":
            stage = self.calls.stage
            asked = stage in ASKING and self.calls.armed
            return asked or (stage is Stage.MISSED and self._at_list)
        if action == "call_microphone":
            return self.calls.stage is Stage.CALL
        return super().check_action(action, parameters)

    def _yes_means_something(self) -> bool:
        from xtcli.tui.screens.call import CallScreen

        stage = self.calls.stage
        if stage is Stage.CALL:
            return not any(isinstance(screen, CallScreen) for screen in self.screen_stack)
        if stage is Stage.MISSED:
            return self._at_list
        return stage is not Stage.NOTHING

    def action_call_yes(self) -> None:
        """Take the call, say yes, show the call, or open the case of a missed one."""
        calls, stage = self.calls, self.calls.stage
        if stage is Stage.RING:
            self._take_call()
        elif stage is Stage.QUESTION:
            calls.answer(True)
        elif stage is Stage.NO_MICROPHONE:
            calls.listen()
        elif stage is Stage.CALL:
            self.open_call_screen()
        elif stage is Stage.OVER:
            self._put_away()
        elif stage is Stage.MISSED:
            case = calls.missed[0].case
            calls.seen(case)
            self.show_case(case)
        self.show_calls()

    def _take_call(self) -> None:
        """From a list over the whole screen; elsewhere what is being done stays in view."""
        at_list = self._at_list
        if self.calls.take() is not None and at_list:
            self.open_call_screen()

    def _put_away(self) -> None:
        from xtcli.tui.screens.call import CallScreen

        self.calls.forget()
        if isinstance(self.screen, CallScreen):
            self.screen.dismiss()

    def action_call_no(self) -> None:
        """Decline, say no, or put away what was missed."""
        calls, stage = self.calls, self.calls.stage
        if stage is Stage.RING:
            from xtcli.station.calls import decline_call

            calls.refused()
            self.run_worker(asyncio.to_thread(decline_call, self.call_station), group="decline")
        elif stage is Stage.QUESTION:
            calls.answer(False)
        elif stage is Stage.NO_MICROPHONE:
            calls.forget()
        elif stage is Stage.MISSED:
            calls.seen(calls.missed[0].case)
        self.show_calls()

    def action_call_microphone(self) -> None:
        """Microphone off, or on again, from anywhere."""
        self.calls.mute()
        self.show_calls()

    # Ways

    def open_call_screen(self) -> None:
        """The call over the whole screen."""
        from xtcli.tui.screens.call import CallScreen

        if not any(isinstance(screen, CallScreen) for screen in self.screen_stack):
            self.push_screen(CallScreen())

    def show_case(self, case: RecordId) -> None:
        """A case, unless it is on the screen already."""
        if getattr(self.screen, "case_id", None) != case:
            self.open_case(case)

    def open_case(self, case: RecordId) -> None:
        """Show a case."""
        raise NotImplementedError

    def call_about(self, case: RecordId) -> None:
        """Ask how, then call about a case."""
        if self.calls.busy:
            self.open_call_screen()
            return
        self.run_worker(self._ask_to_call(case), group="call")

    async def _ask_to_call(self, case: RecordId) -> None:
        from xtcli.tui.screens.dialogs import MenuDialog

        try:
            found = await asyncio.to_thread(about, self.call_station, case)
        except XtError as error:
            self.notify(error.advice or " ", title=str(error), severity="error", markup=False)
            return
        self.calls.about[case] = found
        title = (
            tr("Call {who}?", who=found.who)
            if found.who
            else tr("No specialist is on this case yet. Ask the department to call back?")
        )
        options = [
            ("call", tr("Call; the sound is not kept")),
            ("keep", tr("Call; it may be kept in the case if the other side agrees")),
            ("camera", tr("Call and show pictures from the camera; nothing is kept")),
        ]  # fmt: skip
        dialog = MenuDialog(title, options, hint="  ".join(found.identifiers))
        self.push_screen(dialog, lambda chosen: self._begin(case, chosen))

    def _begin(self, case: RecordId, chosen: str | None) -> None:
        if chosen is not None:
            stills = "camera" if chosen == "camera" else ""
            self.calls.begin(case, keep=chosen == "keep", stills=stills)
            self._tick_calls()
