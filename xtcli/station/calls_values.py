"""What a front end says to a call and hears from it. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xtcli.records.ids import RecordId

if TYPE_CHECKING:
    from xtcli.media.call.events import CallEvent, Summary


@dataclass(frozen=True, slots=True)
class CallOptions:
    """What a person asked for."""

    case: RecordId
    accept: bool = False
    keep: bool = False
    """Calling: it may be kept. Called: agree to that without being asked."""
    ptt: bool = False
    seconds: float = 0.0
    """Hang up so long after the answer; 0: when a person does, or the file is over."""
    file: Path | None = None
    out: Path | None = None
    device: int | str | None = None


@dataclass(slots=True)
class Hooks:
    """How a front end takes part. All are called in the call's own thread or a helper's."""

    show: Callable[[str, CallEvent | None], None] = lambda text, event: None
    agree: Callable[[str], bool] = lambda question: False
    pressed: Callable[[], bool | None] = lambda: None
    """Push-to-talk: True while the key is down; None: no key, the voice decides."""
    stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True, slots=True)
class CallReport:
    """How a call went. Seconds; bytes with IPv4 and UDP around them."""

    case: RecordId
    other: int
    answered: bool
    reason: str
    ring_to_audio: float | None = None
    """From the ring to the first sound of the other side heard here."""
    signalling_bytes: int = 0
    quality: int = 0
    consent: bool = False
    record: RecordId | None = None
    notes: int = 0
    note_seconds: float = 0.0
    recordings: int = 0
    summary: Summary | None = None
