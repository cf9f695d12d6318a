"""What a front end says to a call and hears from it. Values only."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xtcli.records.ids import RecordId

if TYPE_CHECKING:
    from xtcli.media.call.events import CallEvent, Summary
    from xtcli.media.call.ladder import Rung


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
    stills: str = ""
    """Pictures to show: `camera`, `camera:NAME`, a folder, a picture or a video."""
    listen: bool = False
    """Without a microphone: hear the other side and say nothing."""


@dataclass(frozen=True, slots=True)
class StillView:
    """The newest picture of the other side that came whole."""

    path: Path
    """An AVIF file; it is gone when the next one has come or the call is over."""
    age_s: float
    """Seconds since it was taken, as far as this side can know."""
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CallView:
    """A call as a screen shows it at one moment. Seconds, bit/s, parts of one."""

    phase: str
    """"waiting" (for a ring, or for the department to call back), "calling" (the other station has
    not said anything yet), "ringing" (there), "talking", "leaving" or "over"."""
    other: int = 0
    """The other station's number; 0 while nobody is known."""
    name: str = ""
    """Its name in the roster."""
    seconds: float = 0.0
    """Since the answer."""
    microphone: float = 0.0
    """Loudness since the last view, 0..1 of full scale, for `waveform.meter`; also while muted."""
    speaker: float = 0.0
    """The same of what is heard here: the other side and the tones."""
    rung: Rung | None = None
    """How this side's sound is sent: `state` is the letter, `words.rung_words` the sentence."""
    peer_rung: Rung | None = None
    rate_bps: float = 0.0
    """What the link is taken to carry from here, all headers counted."""
    loss: float = 0.0
    """Of what was sent from here in the last 20 s."""
    rtt_s: float | None = None
    contact: bool = True
    """False: nothing has come for some seconds; what is said goes into the note."""
    floor: str = ""
    """Who may speak, "me", "peer" or "free", while only one can; empty while both can."""
    muted: bool = False
    pressed: bool | None = None
    agreed: bool = False
    """This person agreed that the call is kept in the case; at the called side: both did."""
    still: StillView | None = None


@dataclass(slots=True)
class Hooks:
    """How a front end takes part. All are called in the call's own thread or a helper's."""

    show: Callable[[str, CallEvent | None], None] = lambda text, event: None
    agree: Callable[[str], bool] = lambda question: False
    pressed: Callable[[], bool | None] = lambda: None
    """Push-to-talk: True while the key is down, False while it is up (nothing is said); None: no
    key, the voice decides. It may change between key and voice at any time."""
    stop: Callable[[], bool] = lambda: False
    muted: Callable[[], bool] = lambda: False
    """Whether the microphone is shut: nothing is sent from it and nothing of it kept."""
    view: Callable[[CallView], None] | None = None
    """Told ten times a second how the call stands, from before the first ring to the end."""
    still: Callable[[StillView], None] = lambda still: None
    """Told of every picture of the other side that came whole."""


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
    stills_sent: int = 0
    """Pictures that the other side has whole."""
    stills_received: int = 0
    guest: str = ""
    """The name that somebody without a station gave; `other` is then the hub."""
