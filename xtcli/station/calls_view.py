"""What a screen sees of a call: how it stands, and how loud both sides are. It knows no screen."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

from xtcli.media.call.states import State
from xtcli.station.calls_values import CallView

if TYPE_CHECKING:
    from xtcli.media.call.session import CallSession

VIEW_SECONDS = 0.1
PHASES = {
    State.CALLING: "calling",
    State.RINGING: "ringing",
    State.INCOMING: "ringing",
    State.TALKING: "talking",
    State.LEAVING: "leaving",
    State.DRAINING: "leaving",
    State.ENDED: "over",
}


class Level:
    """How loud PCM was since it was last asked, 0..1 of full scale."""

    def __init__(self) -> None:
        """Nothing heard."""
        self._power = 0.0
        self._count = 0
        self._last = 0.0

    def hear(self, pcm: bytes) -> None:
        """Take in 16-bit PCM of any length."""
        import numpy as np

        samples = np.frombuffer(pcm, "<i2").astype(np.float64)
        self._power += float(samples @ samples)
        self._count += samples.size

    def take(self) -> float:
        """Root mean square since the last time; the same again when nothing came in between."""
        if self._count:
            self._last = math.sqrt(self._power / self._count) / 32768
        self._power, self._count = 0.0, 0
        return self._last


def view_of(session: CallSession | None, now: float, plain: CallView) -> CallView:
    """`plain` (who, levels, mute, kept, still) with what the session knows at `now`."""
    if session is None:
        return plain
    plain = replace(plain, phase=PHASES[session.state])
    talk = session.talk
    if talk is None:
        return plain
    return replace(
        plain, seconds=session.seconds(now), rung=talk.ladder.rung, peer_rung=talk.peer_rung,
        rate_bps=talk.rate.bps, loss=talk.flight.loss(now), rtt_s=talk.flight.rtt_s,
        contact=not talk.lost_contact, pressed=talk.floor.pressed,
        floor=talk.floor.holder(now) if talk.half_duplex else "",
    )  # fmt: skip
