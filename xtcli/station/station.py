"""`Station`: every operation that a front end offers, in one place."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from xtcli.records.ids import RecordId
from xtcli.records.keys import Keys
from xtcli.station import shell
from xtcli.station.happenings import Happening
from xtcli.station.home import Home, default_root
from xtcli.station.reading import Reading
from xtcli.station.specialist import Specialist
from xtcli.station.views import Waited
from xtcli.station.village import Village

if TYPE_CHECKING:
    # The link's rooms are loaded when something is sent, not when something is saved.
    from xtcli.station.roads_auto import OnRoad
    from xtcli.station.syncing import Progress
    from xtcli.station.syncing_other import SyncReport


class Station(Village, Specialist, Reading):
    """A post's, a desk's or a hub's station in this process."""

    def sync(
        self,
        timeout: float = 0.0,
        *,
        watch: bool = False,
        show: Callable[[Happening], None] | None = None,
        progress: Progress | None = None,
        on_road: OnRoad | None = None,
    ) -> SyncReport:
        """Exchange with the hub until nothing waits either way, or `timeout` seconds (0: none),
        over whichever road answers; `on_road` hears when that changes.
        """
        from xtcli.station.syncing import run_sync

        return run_sync(self, timeout, watch=watch, show=show, progress=progress, on_road=on_road)

    def send_and_wait(self, cases: Sequence[RecordId], seconds: float) -> Waited:
        """Send at once; return when the hub's receipts for `cases` are here or time is over."""
        from xtcli.station.syncing_wait import send_and_wait

        return send_and_wait(self, cases, seconds)


def open_station(pin: str = "") -> Station:
    """The station of this home, with the real clock; KeyMissing when there is none."""
    return Station(Home(default_root()), clock=shell.now, entropy=shell.entropy, pin=pin)


def set_pin(new: str) -> None:
    """Lock the keys of this home with `new`, or unlock them with an empty one.

    The present PIN comes from `XT_PIN`.
    """
    home = Home(default_root())
    keys = Keys.from_bytes(home.read_keys(), os.environ.get("XT_PIN", ""))
    home.write(home.keys_path, keys.to_bytes(new, shell.entropy))
