"""What a call tells whoever runs it."""

from __future__ import annotations

from dataclasses import dataclass

from xtcli.media.call.ladder import Step


@dataclass(frozen=True, slots=True)
class Ringing:
    """The other station has the ring; a person must answer it."""


@dataclass(frozen=True, slots=True)
class Answered:
    """Both sides may speak."""

    took_s: float
    """From the first ring to this."""


@dataclass(frozen=True, slots=True)
class Stepped:
    """This side's sound moved on the ladder: show it; `play` also makes it heard."""

    step: Step


@dataclass(frozen=True, slots=True)
class PeerStepped:
    """The other side's sound moved to rung `order`."""

    order: int


@dataclass(frozen=True, slots=True)
class Floor:
    """Push-to-talk: who may speak now, "me", "peer" or "free"."""

    holder: str


@dataclass(frozen=True, slots=True)
class ContactLost:
    """Nothing has come for some seconds; what is said goes into the note."""


@dataclass(frozen=True, slots=True)
class ContactBack:
    """The other side is there again."""

    away_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """It is over. `reason` is one of `states.REASONS`."""

    reason: str


CallEvent = Ringing | Answered | Stepped | PeerStepped | Floor | ContactLost | ContactBack | Ended


@dataclass(frozen=True, slots=True)
class Summary:
    """A call in figures, for its record and for the screen."""

    seconds: float
    """From answer to end."""
    spoken_s: float
    """Speech of this side."""
    heard_s: float
    """Of that, confirmed as played on the other side."""
    received_s: float
    """Speech of the other side played here."""
    concealed_s: float
    late_frames: int
    loss: float
    """Share of this side's sound datagrams lost on the way."""
    rtt_s: float | None
    rungs: tuple[tuple[float, int], ...]
    """`(seconds since answer, rung order)` at each change, the first at 0."""
    bytes_sent: int
    """With the bytes around each datagram."""
    reason: str
