"""What the threads behind the screens report. They post these and touch no widget."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from xtcli.station.happenings import Happening
from xtcli.station.views import Status


@dataclass
class LogChanged(Message):
    """Somebody, in this process or another, has written to the log."""

    bubble = False


@dataclass
class Arrivals(Message):
    """Records came from other stations."""

    happenings: tuple[Happening, ...]
    bubble = False


@dataclass
class StatusSeen(Message):
    """The station at a glance, as of now."""

    status: Status
    bubble = False


@dataclass
class CallHeard(Message):
    """It rings, somebody asks to be called, or a caller has given up."""

    happening: Happening
    bubble = False
