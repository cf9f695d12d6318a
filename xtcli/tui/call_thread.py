"""The thread in which a call runs, with a connection of its own to the home.

A call must not wait for a screen, nor a screen for a call: the thread leaves what it has to show in
plain attributes, each replaced in one step, and the screens look at them from time to time. It
touches no widget and refuses to know what is shown.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xtcli.errors import DeviceMissing, XtError
from xtcli.lang import tr
from xtcli.station.calls_values import CallOptions, CallReport, CallView, Hooks, StillView

if TYPE_CHECKING:
    from xtcli.media.call.events import CallEvent
    from xtcli.station.station import Station

QUESTION_SECONDS = 30.0
"""Nobody answers whether the call may be kept: then it is not."""
LOOK_SECONDS = 0.1
SAID_MAX = 50
JOIN_SECONDS = 12.0
"""Hanging up, telling the other side, and writing the record."""


@dataclass(slots=True)
class Question:
    """Asked while the call waits for the answer."""

    text: str
    answer: bool | None = None


class CallThread:
    """One call, from `start` to `over`."""

    def __init__(self, opener: Callable[[], Station], options: CallOptions) -> None:
        """Nothing happens before `start`."""
        self.opener = opener
        self.options = options
        self.view = CallView("waiting")
        self.said: deque[str] = deque(maxlen=SAID_MAX)
        self.question: Question | None = None
        self.muted = False
        self.pressed: bool | None = None
        self.report: CallReport | None = None
        self.error: XtError | None = None
        self.could_listen = False
        """There is no microphone, but something to listen with."""
        self.still = b""
        """The newest picture of the other side: its file goes when the next one comes."""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="call", daemon=True)

    def start(self) -> None:
        """Ring, or answer."""
        self._thread.start()

    @property
    def over(self) -> bool:
        """Whether nothing more will happen."""
        return not self._thread.is_alive()

    @property
    def leaving(self) -> bool:
        """Whether this person has hung up."""
        return self._end.is_set()

    def hang_up(self) -> None:
        """End it; returns at once."""
        self._end.set()

    def join(self) -> None:
        """Wait until what the call leaves is on the disk."""
        if self._thread.is_alive():
            self._thread.join(JOIN_SECONDS)

    # In the thread

    def _run(self) -> None:
        station = self.opener()
        try:
            self._call(station)
        finally:
            station.close()

    def _call(self, station: Station) -> None:
        from xtcli.station.calls import run_call

        hooks = Hooks(
            show=self._show, agree=self._agree, pressed=lambda: self.pressed,
            stop=self._end.is_set, muted=lambda: self.muted, view=self._see,
            still=self._picture,
        )  # fmt: skip
        try:
            self.report = run_call(station, self.options, hooks)
        except XtError as error:
            self.could_listen = isinstance(error, DeviceMissing) and self._has_speaker()
            self.error = error

    def _has_speaker(self) -> bool:
        if self.options.listen or self.options.stills:
            # It may be the camera that is missing.
            return False
        from xtcli.media import devices

        try:
            return any(device.outputs for device in devices.devices())
        except XtError:
            return False

    def _show(self, text: str, event: CallEvent | None) -> None:
        self.said.append(text)

    def _see(self, view: CallView) -> None:
        self.view = view

    def _picture(self, still: StillView) -> None:
        # Read at once, in this thread: the file is gone as soon as there is a newer one.
        with suppress(OSError):
            self.still = still.path.read_bytes()

    def _agree(self, text: str) -> bool:
        """Ask whether the call may be kept; the call waits for it in a thread of its own."""
        question = self.question = Question(text)
        waited = 0.0
        while question.answer is None and waited < QUESTION_SECONDS:
            if self._end.wait(LOOK_SECONDS):
                break
            waited += LOOK_SECONDS
        self.question = None
        agreed = bool(question.answer)
        self.said.append(tr("The call is kept in the case.") if agreed
                         else tr("The call is not kept."))  # fmt: skip
        return agreed
