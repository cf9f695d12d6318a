"""The standing queue before the bottleneck, as reports show it.

A datagram's one-way delay above the least of late is the time it waited. It is never taken for
more than the round trip grew, so that a stepped clock cannot invent a queue.

It knows delays and sizes; not what to do about a queue.
"""

from __future__ import annotations

from xtcli.transport.link.filters import BaseDelays
from xtcli.transport.link.tuning import (
    BASE_WINDOW_S,
    CLOCK_STEP_S,
    QUEUE_BITS,
    QUEUE_S_MAX,
    QUEUE_S_MIN,
    TREMBLE_S,
    VARY_BPS,
    VARY_S_MAX,
)


def target_s(rate_bps: float, rttvar_s: float) -> float:
    """The standing queue to aim at, seconds: enough to keep the bottleneck busy."""
    varies = min(VARY_S_MAX, rttvar_s) if rate_bps > VARY_BPS else 0.0
    return min(QUEUE_S_MAX, max(QUEUE_S_MIN, QUEUE_BITS / rate_bps, varies))


class StandingQueue:
    """See the module. Times are seconds."""

    def __init__(self) -> None:
        """Nothing was reported yet."""
        self.least = 0.0
        """The least that a datagram of the last report waited: free of most jitter."""
        self.newest = 0.0
        """How long the newest datagram reported waited."""
        self.rtt_growth = 0.0
        """The last round trip above the least of late."""
        self._base_owd = BaseDelays(BASE_WINDOW_S)
        self._base_rtt = BaseDelays(BASE_WINDOW_S)

    def still(self, target_s: float, rttvar_s: float) -> bool:
        """Whether there is no queue to speak of. On fast links the target is less than what the
        delays tremble by."""
        return self.least < max(0.4 * target_s, min(rttvar_s, TREMBLE_S))

    def round_trip(self, rtt: float, size: int, now: float) -> None:
        """A datagram of `size` bytes was answered after `rtt`."""
        self.rtt_growth = rtt - self._base_rtt.add(size, rtt, now)

    def reported(self, delays: list[tuple[int, float]], now: float) -> bool:
        """Sizes and one-way delays of the datagrams that a report tells of, the newest first.
        False if the receiver's clock was set in between: what it told before means nothing."""
        size, delay = delays[0]
        least = self._base_owd.least(size)
        back = least is not None and delay < least - CLOCK_STEP_S
        waited = [delay - self._base_owd.add(size, delay, now) for size, delay in delays]
        stepped = waited[0] > self.rtt_growth + CLOCK_STEP_S
        if stepped:
            self._base_owd = BaseDelays(BASE_WINDOW_S)
            waited = [0.0]
        self.newest = max(0.0, min(waited[0], self.rtt_growth))
        self.least = max(0.0, min(*waited, self.rtt_growth))
        return not (stepped or back)
