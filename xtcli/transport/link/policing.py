"""Policing: a link that drops whatever exceeds a rate and lets nothing queue, as mobile networks do
when an allowance is used up, or a router with hardly any buffer.

To the rest of rate control this looks like a fast link that loses most of what is sent. The two are
told apart by trying: sent at the rate that came through, a policed link loses hardly anything more,
and a lossy one as much as before. (BBR's long-term bandwidth sampling, Cardwell et al. 2016, has
the same aim; it compares two intervals instead of trying.)

It knows reported points and times; not how a queue is measured.
"""

from __future__ import annotations

import math

from xtcli.transport.link.filters import Point
from xtcli.transport.link.frames import CLOCK_TICK_S
from xtcli.transport.link.starting import arrived_share

DATAGRAMS = 16
"""Datagrams sent without a pause over which a share is counted ..."""
BYTES = 8_000
"""... and bytes: small talk shows nothing, and much of it goes to a process that has ended."""
SUSPECT = 0.4
"""So much lost without any queue is suspicious: no usual link loses as much."""
ALIKE = 2.0
"""Two windows that let through rates no further apart than by this factor."""
HALVED = 0.5
"""A try has shown a policer if no more than this share of the loss is left."""
TRIES = 3
"""The first may be at what a policer had saved up for a burst ..."""
NO_LINK, TRIES_MAX = 0.6, 5
"""... and more than that no link loses by itself."""
ALL = 0.99
WORSE = 0.08
"""So much more lost than when the policer was found: the rate is above it again."""
STEP = 0.03
"""Growth for each window in a row without such a loss: policers go as they come."""
STEP_MAX = 0.5
BUSY = 0.7
"""It grows only where at least this share of it was used."""
PAUSE_S = 60.0
"""After a try that showed nothing."""


class Policing:
    """See the module. Rates are bit/s on the wire, times seconds."""

    def __init__(self) -> None:
        """No policer is known."""
        self.cap_bps = math.inf
        """The rate not to exceed."""
        self.loss: float | None = None
        """The share lost below that rate, once a policer was found; None while none is."""
        self._start: Point | None = None
        self._after = -1
        self._suspected = 0.0
        self._before_bps = self._carried_bps = 0.0
        self._tries = self._calm = 0
        self._pause_until = -math.inf

    def reported(
        self, point: Point, newest: int, rate_bps: float, now: float, *, idle: int, queued: bool
    ) -> float | None:
        """A report came while datagram `newest` was the last sent, at `rate_bps`. `queued`: it
        tells of a queue, so the bottleneck itself counts. `idle`: the last datagram before which
        the sender had nothing to send. The rate to go on with, if another."""
        start = self._start
        if queued or start is None or point.counter <= self._after or start.counter < idle:
            self._start = point if point.counter > self._after else None
            self._carried_bps = 0.0
            return None
        if point.counter - start.counter < DATAGRAMS or point.total - start.total < BYTES:
            return None
        self._start = point
        lost = 1 - arrived_share(start, point)
        if lost > ALL:
            # The receiver has started anew and counts from nothing.
            return None
        bits = (point.total - start.total) * 8 * (1 - lost)
        carried_bps = bits / max(point.at - start.at, CLOCK_TICK_S)
        if self.loss is not None:
            self._steer(self.loss, lost, carried_bps)
        elif self._suspected:
            self._try(lost, carried_bps, now)
        elif not self._suspicious(lost, carried_bps, now):
            return None
        else:
            self._suspected, self._tries, self._before_bps = lost, 1, rate_bps
            self.cap_bps = carried_bps
        # What was sent before says nothing of the rate now.
        self._start, self._after = None, newest
        return min(self.cap_bps, max(rate_bps, self._before_bps))

    def _suspicious(self, lost: float, carried_bps: float, now: float) -> bool:
        """Whether two windows in a row lost much and let about as much through. One alone may hold
        an outage: between two reports there is never more than the whole of it."""
        before, self._carried_bps = self._carried_bps, 0.0
        if lost < SUSPECT or now < self._pause_until:
            return False
        self._carried_bps = carried_bps
        return before / ALIKE < carried_bps < before * ALIKE

    def _try(self, lost: float, carried_bps: float, now: float) -> None:
        """What a try has shown: a policer, nothing, or that it was still too much."""
        if lost <= HALVED * self._suspected:
            self.loss, self._suspected = lost, 0.0
        elif self._tries < (TRIES_MAX if lost > NO_LINK else TRIES):
            self._tries, self.cap_bps = self._tries + 1, carried_bps
        else:
            self._suspected, self._pause_until, self.cap_bps = 0.0, now + PAUSE_S, math.inf

    def _steer(self, usual: float, lost: float, carried_bps: float) -> None:
        """Stay just below a policer that was found, and notice when it lets more through."""
        if lost > usual + WORSE:
            self._calm, self.cap_bps = 0, min(self.cap_bps, carried_bps / (1 - usual))
        elif carried_bps > BUSY * self.cap_bps:
            self._calm += 1
            self.cap_bps *= 1 + min(STEP_MAX, STEP * self._calm)
