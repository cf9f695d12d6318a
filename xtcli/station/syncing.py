"""x"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from xtcli.errors import ExitCode
from xtcli.records.ids import RecordId
from xtcli.station.views import Waited

Progress = Callable[[int, float | None], None]


@dataclass(frozen=True, slots=True)
class SyncReport:
    """x"""

    exit_code: ExitCode
    confirmed: int = 0
    arrived: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    waiting_records: int = 0
    waiting_blobs: int = 0


def run_sync(station: Any, timeout: float, *, watch: bool, show: Any, progress: Any) -> SyncReport:
    """x"""
    return SyncReport(ExitCode.OK)


def send_and_wait(station: Any, cases: Sequence[RecordId], seconds: float) -> Waited:
    """x"""
    return Waited({}, {}, 0, 0, 0, 0)
