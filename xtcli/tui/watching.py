"""Threads behind the screens: one looks at the log and the link, one talks to the hub.

Each has its own connection to the home, so that no key ever waits for them. They post messages to
the app and touch no widget.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from textual.app import App

from xtcli.errors import XtError
from xtcli.records.ids import RecordId
from xtcli.station import desk_lists
from xtcli.station.happenings import Happening, happening
from xtcli.tui.messages import Arrivals, CallHeard, LogChanged, StatusSeen

if TYPE_CHECKING:
    from xtcli.station.station import Station
    from xtcli.station.syncing import Traffic

LOOK_SECONDS = 0.2
STATUS_LOOKS = 5
RETRY_SECONDS = 5.0
CALL_KINDS = frozenset(("ring", "call_wanted", "call_missed"))
Opener = Callable[[], "Station"]


class Watcher:
    """Tells the app when the log has changed, what arrived, and how the link is."""

    def __init__(self, app: App[None], opener: Opener) -> None:
        """Nothing runs yet."""
        self.app = app
        self.opener = opener
        self._said = ""
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watcher", daemon=True)

    def start(self) -> None:
        """Begin to look."""
        self._thread.start()

    def stop(self) -> None:
        """End, within one look."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(timeout=2)

    def _run(self) -> None:
        station = self.opener()
        try:
            self._watch(station)
        finally:
            station.close()

    def _watch(self, station: Station) -> None:
        arrivals = desk_lists.Arrivals(station)
        version, looks = station.log.data_version(), 0
        while True:
            # A busy or full disk: the same look is tried again.
            with suppress(XtError):
                now_version = station.log.data_version()
                changed, version = now_version != version, now_version
                if changed:
                    self._changed(station, arrivals)
                if changed or looks % STATUS_LOOKS == 0:
                    self._tell_status(station)
            looks += 1
            if self._end.wait(LOOK_SECONDS):
                return

    def _tell_status(self, station: Station) -> None:
        """Say how the station is, if it says something new."""
        status = station.status()
        words = repr((status.link, status.waiting_bytes, status.syncing, status.held,
                      status.refused, int(status.now) // 5))  # fmt: skip
        if words != self._said:
            self._said = words
            self.app.post_message(StatusSeen(status))

    def _changed(self, station: Station, arrivals: desk_lists.Arrivals) -> None:
        self.app.post_message(LogChanged())
        found = [self._happening(station, record) for record in arrivals.new()]
        heard = tuple(one for one in found if one is not None)
        if heard:
            self.app.post_message(Arrivals(heard))

    def _happening(self, station: Station, record_id: RecordId) -> Happening | None:
        record = station.log.get(record_id)
        if record is None:
            return None
        by = station.name(record.author)
        return happening(record, by, station.kind, station.clock())


class Ended(XtError):
    """The app is closing."""


class Syncer:
    """Keeps exchanging with the hub, unless another process of this home does."""

    def __init__(self, app: App[None], opener: Opener) -> None:
        """Nothing runs yet."""
        self.app = app
        self.opener = opener
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="syncer", daemon=True)
        self.left_seconds: float | None = None
        """As the link itself forecasts it, which knows compression and loss."""

    def start(self) -> None:
        """Begin to talk."""
        self._thread.start()

    def stop(self) -> None:
        """End at the next step; what is under way is on the disk at any moment."""
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1)

    def _progress(self, traffic: Traffic) -> None:
        """Called several times a second by the sync; the way to end it from outside its loop."""
        self.left_seconds = traffic.send_seconds if traffic.to_send else None
        if self._end.is_set():
            raise Ended("Stopped.", "")

    def _heard(self, happening: Happening) -> None:
        """What comes over the link; records are found in the log by the watcher."""
        if happening.kind in CALL_KINDS:
            self.app.post_message(CallHeard(happening))

    def _run(self) -> None:
        station = self.opener()
        try:
            while not self._end.is_set():
                # No link, or another process talks on it: look again after a while. A mistake of
                # ours must not end it for as long as the screen is open either.
                with suppress(Exception):
                    station.sync(0.0, watch=True, show=self._heard, progress=self._progress)
                self._end.wait(RETRY_SECONDS)
        finally:
            station.close()
