"""The start: how much to send on a link that nobody has measured. docs/RATE-CONTROL.md, "Start".

Two datagrams leave together: how far apart they arrive is the bottleneck's rate. Until reports
say more, few follow and far apart, because on the slowest links one datagram takes a second. Once
it is clear that a datagram takes less than `SLOT_S`, the window grows with every report.

It knows reported points and sizes; no clocks, and not what is in the datagrams.
"""

from __future__ import annotations

import math
from collections import deque

from xtcli.transport.link.filters import Point
from xtcli.transport.link.frames import CLOCK_TICK_S
from xtcli.transport.link.tuning import (
    AGAIN_DATAGRAMS,
    BLIND_BPS,
    BLIND_DATAGRAMS,
    BLIND_LATER_BPS,
    DATAGRAM_BYTES,
    PAIR_S,
    RATE_BPS_MAX,
    SLOT_S,
    SLOWER,
    SMOOTH_S,
    WAITED_S,
    WINDOW_BYTES_MIN,
)


def apart(start: Point, end: Point) -> tuple[float, float]:
    """The rates, bit/s, at which what was sent after `start` up to `end` arrived and was sent."""
    bits = (end.total - start.total) * 8
    arrived = bits / max(end.at - start.at, CLOCK_TICK_S)
    return arrived, bits / max(end.sent_at - start.sent_at, CLOCK_TICK_S)


def arrived_share(start: Point, end: Point) -> float:
    """The share that arrived of the datagrams sent after `start` up to `end`."""
    arrived = (end.arrived - start.arrived) & 0xFFFF
    return min(1.0, arrived / max(1, end.counter - start.counter))


def held_up(start: Point, end: Point) -> bool:
    """Whether datagrams arrived clearly slower than they were sent: the bottleneck was busy."""
    arrived, sent = apart(start, end)
    return arrived < SLOWER * sent


def idled(start: Point, end: Point) -> bool:
    """Whether the sender itself was slow between the two: small talk, not the bottleneck."""
    return apart(start, end)[1] < BLIND_LATER_BPS and not held_up(start, end)


def window_s(min_rtt: float, rttvar: float, rate_bps: float) -> float:
    """A distance between two points that drowns the jitter."""
    several = 4 * DATAGRAM_BYTES * 8 / rate_bps
    return max(0.05, 1.5 * min_rtt, several, min(10 * rttvar, 2 * min_rtt))


def window_start(points: deque[Point], span: float) -> Point | None:
    """The newest point so far before the last one, older ones forgotten; None if there is none half
    as far."""
    last = points[-1]
    while len(points) > 2 and last.at - points[1].at >= span:
        points.popleft()
    start = points[0]
    return start if start is not last and last.at - start.at >= 0.5 * span else None


def bottleneck_bps(points: deque[Point]) -> float:
    """The rate over the longest of the last spans in which the bottleneck was busy."""
    for start in list(points)[-6:-1]:
        if held_up(start, points[-1]):
            return apart(start, points[-1])[0]
    return math.inf


class Start:
    """One start. `again`: reports came over this link before, only its rate is in doubt."""

    def __init__(self, *, again: bool = False) -> None:
        """Nothing was reported yet."""
        self.gauged = again
        """Whether the window may grow: reports have shown that the link is not among the slowest,
        or no two datagrams held each other up."""
        self.rate_bps: float | None = None
        """The bottleneck's rate as far as it has been seen."""
        self.window = (AGAIN_DATAGRAMS if again else BLIND_DATAGRAMS) * DATAGRAM_BYTES
        """Bytes under way at which sending stops."""
        self._pace_bps = RATE_BPS_MAX
        self._slot_s = 0.0 if again else math.inf

    def pacing_bps(self, in_flight: int) -> float:
        """The rate at which datagrams leave now."""
        if self.gauged:
            return self._pace_bps
        return BLIND_BPS if in_flight < 2.5 * DATAGRAM_BYTES else BLIND_LATER_BPS

    @property
    def burst_s(self) -> float:
        """How far the sender may be ahead of that rate: the first two datagrams leave together."""
        blind = not self.gauged or self._pace_bps <= BLIND_BPS
        return PAIR_S if blind else SMOOTH_S

    def round_trip(self, rtt: float, size: int) -> None:
        """A datagram of `size` bytes was answered after `rtt` seconds: one full datagram keeps
        the bottleneck busy no longer than in proportion to that."""
        self._slot_s = min(self._slot_s, rtt * max(1.0, DATAGRAM_BYTES / size))

    def give_up(self) -> None:
        """Reports did not come."""
        self.window = max(self.window, AGAIN_DATAGRAMS * DATAGRAM_BYTES)

    def reported(self, points: deque[Point], covered: int, srtt: float, *, queued: bool) -> bool:
        """A report came: `points` are all of the start, `covered` the bytes it is news about,
        `queued` whether its datagram found a queue. True if the bottleneck has shown itself."""
        point = points[-1]
        self._pace(points)
        if len(points) < 3 and not self._waited(points):
            self._widen(covered, alone=len(points) == 1, queued=queued)
            return False
        start = points[-min(3, len(points))]
        if idled(start, point):
            # Two together will show the rate; what we did not send shows nothing.
            self.window = max(self.window, AGAIN_DATAGRAMS * DATAGRAM_BYTES)
            return False
        arrived, _ = apart(start, point)
        self.rate_bps = max(arrived, self.rate_bps or 0.0)
        self.gauged = True
        if queued:
            return held_up(start, point)
        # Datagrams leave in bursts, so their distance shows the rate early: far below it, faster.
        room = self.rate_bps / 8 * srtt
        self.window += covered * (7 if self.window < 0.25 * room else 1)
        fast = self._slot_s < SLOT_S
        self.window = min(self.window, 2 * room + 10_000 if fast else 1.3 * room + DATAGRAM_BYTES)
        return False

    def _waited(self, points: deque[Point]) -> bool:
        """Whether the second of two datagrams waited so long that no jitter can be the reason."""
        first, last = points[0], points[-1]
        return (last.at - first.at) - (last.sent_at - first.sent_at) > WAITED_S

    def _pace(self, points: deque[Point]) -> None:
        if self._slot_s < SLOT_S:
            self._pace_bps = RATE_BPS_MAX
        elif len(points) > 1 and not idled(points[-2], points[-1]):
            self._pace_bps = min(RATE_BPS_MAX, 2 * apart(points[-2], points[-1])[0])
        elif self.rate_bps is not None:
            self._pace_bps = 2 * self.rate_bps
        else:
            self._pace_bps = BLIND_BPS

    def _widen(self, covered: int, *, alone: bool, queued: bool) -> None:
        """One or two reports, and no bottleneck yet."""
        if not self.gauged:
            self.window = min(self.window, AGAIN_DATAGRAMS * DATAGRAM_BYTES)
            self.gauged = not alone or self._slot_s < SLOT_S
        if not self.gauged:
            # A text or a question is no news: the two datagrams that show the rate may still leave.
            small = covered < DATAGRAM_BYTES / 2
            self.window = (AGAIN_DATAGRAMS if small else 1) * DATAGRAM_BYTES
        elif queued:
            self.window = min(self.window, WINDOW_BYTES_MIN)
        else:
            self.window = max(self.window, AGAIN_DATAGRAMS * DATAGRAM_BYTES) + covered
