"""How a sync ended, and the one that only looks on: another process of this home holds the link,
does the sending, and may end.

It knows the log and the lock; no road.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from xtcli.errors import ExitCode
from xtcli.station.core import StationCore
from xtcli.station.home import SyncLock
from xtcli.station.routing import HUB

LOOK_SECONDS = 0.1
"""How often the log is looked at for what another process wrote."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How a sync ended."""

    exit_code: ExitCode
    confirmed: int = 0
    arrived: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    datagrams_sent: int = 0
    datagrams_received: int = 0
    waiting_records: int = 0
    waiting_blobs: int = 0
    returned: int = 0
    """Records that the hub has refused for good in this sync: they will never arrive."""
    road: str = ""
    """The road that the link used last; empty when another process held it."""
    rests: bool = False
    """All that still waits was postponed or cancelled here, so it ended before its time."""


def watch_other(station: StationCore, lock: SyncLock, end: float) -> SyncReport | None:
    """Another process holds the link: wait until it has sent what is here. None when it has ended
    before that, and the link is ours."""
    first = waiting = station.log.waiting(HUB)
    try:
        while (waiting.records or waiting.blobs) and time.monotonic() < end:
            if lock.take():
                return None
            time.sleep(LOOK_SECONDS)
            waiting = station.log.waiting(HUB)
        code = ExitCode.WAITING if waiting.records or waiting.blobs else ExitCode.OK
    except KeyboardInterrupt:
        code = ExitCode.STOPPED
    return SyncReport(code, max(0, first.records - waiting.records),
                      waiting_records=waiting.records, waiting_blobs=waiting.blobs)  # fmt: skip
