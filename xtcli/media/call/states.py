"""Ringing, talking, leaving: the life of a call as a table.

    CALLING ──ringing──▶ RINGING ──accepted──▶ TALKING ──hang up──▶ LEAVING ──left──▶ ENDED
    INCOMING ──accept──▶ TALKING ──peer leaves──▶ DRAINING ──played out──▶ ENDED

What is not in the table does not happen: a trigger that a state does not know changes nothing,
which is what late, repeated and forged datagrams deserve. It refuses to know time and bytes.
"""

from __future__ import annotations

from enum import Enum, auto


class State(Enum):
    """Where a call stands."""

    CALLING = auto()
    RINGING = auto()
    INCOMING = auto()
    TALKING = auto()
    LEAVING = auto()
    """Hung up here; waiting for the other side's last report."""
    DRAINING = auto()
    """Hung up there; what has come is still played."""
    ENDED = auto()


class Trigger(Enum):
    """What can happen to a call."""

    PEER_RINGS = auto()
    PEER_ACCEPTS = auto()
    PEER_DECLINES = auto()
    PEER_BUSY = auto()
    PEER_CANCELS = auto()
    PEER_LEAVES = auto()
    PEER_LEFT = auto()
    ACCEPT = auto()
    DECLINE = auto()
    HANG_UP = auto()
    PLAYED_OUT = auto()
    TIME_OUT = auto()


REASONS = (
    "hung up",
    "peer hung up",
    "declined",
    "busy",
    "cancelled",
    "not answered",
    "lost",
)
"""Why a call ended."""

_S, _T = State, Trigger
TABLE: dict[tuple[State, Trigger], tuple[State, str]] = {
    (_S.CALLING, _T.PEER_RINGS): (_S.RINGING, ""),
    (_S.CALLING, _T.PEER_ACCEPTS): (_S.TALKING, ""),
    (_S.CALLING, _T.PEER_DECLINES): (_S.ENDED, "declined"),
    (_S.CALLING, _T.PEER_BUSY): (_S.ENDED, "busy"),
    (_S.CALLING, _T.HANG_UP): (_S.ENDED, "cancelled"),
    (_S.CALLING, _T.TIME_OUT): (_S.ENDED, "not answered"),
    (_S.RINGING, _T.PEER_ACCEPTS): (_S.TALKING, ""),
    (_S.RINGING, _T.PEER_DECLINES): (_S.ENDED, "declined"),
    (_S.RINGING, _T.PEER_BUSY): (_S.ENDED, "busy"),
    (_S.RINGING, _T.HANG_UP): (_S.ENDED, "cancelled"),
    (_S.RINGING, _T.TIME_OUT): (_S.ENDED, "not answered"),
    (_S.INCOMING, _T.ACCEPT): (_S.TALKING, ""),
    (_S.INCOMING, _T.DECLINE): (_S.ENDED, "declined"),
    (_S.INCOMING, _T.PEER_CANCELS): (_S.ENDED, "cancelled"),
    (_S.INCOMING, _T.TIME_OUT): (_S.ENDED, "not answered"),
    (_S.TALKING, _T.HANG_UP): (_S.LEAVING, ""),
    (_S.TALKING, _T.PEER_LEAVES): (_S.DRAINING, ""),
    (_S.TALKING, _T.PEER_LEFT): (_S.ENDED, "peer hung up"),
    (_S.TALKING, _T.TIME_OUT): (_S.ENDED, "lost"),
    (_S.LEAVING, _T.PEER_LEFT): (_S.ENDED, "hung up"),
    (_S.LEAVING, _T.PEER_LEAVES): (_S.ENDED, "hung up"),
    (_S.LEAVING, _T.TIME_OUT): (_S.ENDED, "hung up"),
    (_S.DRAINING, _T.PLAYED_OUT): (_S.ENDED, "peer hung up"),
    (_S.DRAINING, _T.HANG_UP): (_S.ENDED, "peer hung up"),
    (_S.DRAINING, _T.TIME_OUT): (_S.ENDED, "peer hung up"),
}
"""`(state, trigger) -> (next state, reason when that is ENDED)`."""

TIME_OUT_S = {
    State.CALLING: 60.0,
    State.RINGING: 60.0,
    State.INCOMING: 65.0,
    State.LEAVING: 4.0,
    State.DRAINING: 1.5,
}
"""How long a state lasts at most. Talking ends after `SILENCE_S` without a sign of life."""
SILENCE_S = 90.0
