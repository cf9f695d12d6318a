"""Stills in both directions of one call: what leaves now, and what came.

It joins `stills` and `spare`, and keeps pictures behind speech: a chunk leaves right after a
datagram of sound, or when there has been none for a while. It refuses to know keys and sound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from xtcli.media.call.keys import TAG_BYTES, refused
from xtcli.media.call.packet import HEADER_BYTES
from xtcli.media.call.spare import Spare, chunk_wire_bytes
from xtcli.media.call.stills import (
    HEAD_BYTES,
    Incoming,
    Outgoing,
    Still,
    StillWord,
    decode_chunk,
    decode_got,
    encode_chunk,
)

QUIET_S = 0.26
"""No sound has left for so long (a bundle of four lasts 0.24 s): this side is not speaking."""
SLOT_S = 0.04
"""After a datagram of sound: later, the chunk would be in front of the next one."""
STEP_HOLD_S = 8.0
SILENCE_S, BEGIN_HOLD_S = 2.0, 2.0
"""Who begins to speak after so long has the road alone for a moment."""
TIMER_S = 0.06


@dataclass(frozen=True, slots=True)
class Road:
    """What a picture must know of the call at one moment."""

    rate_bps: float
    rtt_s: float
    clock_s: float
    """The microphone's clock of this side."""
    open: bool
    """Whether this state of the ladder has room at all."""
    ample: bool
    """Whether it has room even while this side speaks."""


class StillTraffic:
    """See the module."""

    def __init__(self, around_bytes: int, now: float, road: Callable[[float], Road]) -> None:
        """`around_bytes`: what the carrier puts around each payload; `road(now)`: the call."""
        self._road = road
        self._around = around_bytes + HEADER_BYTES + TAG_BYTES
        self.spare = Spare(now)
        self.outgoing, self.incoming = Outgoing(), Incoming()
        self._sound_at = now
        self._slot = False
        self._next_at = now
        self._came: Still | None = None

    # Out.

    def spent(self, size_bytes: int, now: float) -> None:
        """Sound or a report of `size_bytes` on the wire has been made."""
        self.spare.speak(size_bytes, self._road(now).rate_bps, now)

    def sounded(self, now: float) -> None:
        """A datagram of sound has been made."""
        if now - self._sound_at > SILENCE_S:
            self.spare.hold(BEGIN_HOLD_S, now)
        self._sound_at, self._slot = now, True

    def stepped(self, now: float) -> None:
        """The ladder moved: first see how speech does there."""
        self.spare.hold(STEP_HOLD_S, now)

    def room(self, now: float) -> int:
        """How many bytes the next still may have; 0: none is wanted now."""
        return self.outgoing.room(now) if self._road(now).open else 0

    def offer(self, data: bytes, taken_at: float, now: float) -> None:
        """A picture to be sent, if none is on its way."""
        size = chunk_wire_bytes(self._road(now).rate_bps) - self._around - HEAD_BYTES
        self.outgoing.offer(data, taken_at, size, now)

    def next(self, now: float) -> bytes | None:
        """The body of a control datagram that may leave now."""
        road = self._road(now)
        self._next_at = now + TIMER_S
        if not road.open:
            return None
        answer = self.incoming.answer(now)
        if answer is not None:
            self.spare.speak(self._around + len(answer), road.rate_bps, now)
            return answer
        if not self._may_leave(road, now):
            return None
        chunk = self.outgoing.next(road.clock_s, now)
        if chunk is None:
            return None
        size = self._around + HEAD_BYTES + len(chunk.body)
        if not self.spare.take(size, road.rate_bps, now):
            return None
        self.outgoing.left(chunk, road.rtt_s, now)
        self._slot = False
        return encode_chunk(chunk)

    def _may_leave(self, road: Road, now: float) -> bool:
        since = now - self._sound_at
        if not road.ample:
            return since >= SILENCE_S
        return since >= QUIET_S or (self._slot and since <= SLOT_S)

    @property
    def next_at(self) -> float | None:
        """When `next` should be asked again; None when nothing waits."""
        return self._next_at if self.outgoing.working else None

    # In.

    def take(self, body: bytes, now: float) -> float | None:
        """A body whose word is one of `StillWord`; the sender's clock (short) if there is one."""
        road = self._road(now)
        if body[0] == StillWord.GOT:
            self.outgoing.got(*decode_got(body), road.rtt_s, now)
            return None
        if body[0] != StillWord.CHUNK:
            raise refused()
        chunk = decode_chunk(body)
        self._came = self.incoming.take(chunk, road.rtt_s, now) or self._came
        return chunk.clock_s

    def take_newest(self) -> Still | None:
        """The newest whole still since the last time."""
        found, self._came = self._came, None
        return found
