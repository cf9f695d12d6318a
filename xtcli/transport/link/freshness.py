"""Freshness: which of the peer's datagrams are new, and what to report about them.

A replay window as in IPsec (RFC 4303, section 3.4.3) over the peer's datagram counter, and the
count and times that reports are made of. It knows nothing of contents or addresses.
"""

from __future__ import annotations

from collections import deque

from xtcli.transport.link.events import Received
from xtcli.transport.link.frames import EARLIER_MAX, Report

WINDOW = 1024
"""Counters below the highest that may still come late."""
OLD_RUN = 3
"""So many datagrams in a row that are not new: their sender seems to have lost its counter."""
EARLIER_S = 30.0
"""Arrivals longer ago than this are not told."""
UNSAVED_MAX = 64
"""Counters that may be seen before the highest is written down: what a stranger has recorded since
looks fresh again to the process after a crash."""
RESYNC_S = 1.0
"""Pause between two resync answers."""


class Freshness:
    """See the module."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.highest = 0
        self.saved = 0
        """The highest as last written down."""
        self.arrived = 0
        self._seen = 0
        self._highest_at: float | None = None
        self._old_run = 0
        self._resynced_at = -RESYNC_S
        self._recent: deque[tuple[int, float]] = deque(maxlen=EARLIER_MAX + 1)

    def restore(self, highest: int) -> None:
        """Go on from what an earlier process had seen: all up to there is known, for which of them
        came is not. What was on its way just then is sent again, what was recorded is not used."""
        if highest > self.highest:
            self.highest, self._seen = highest, (1 << WINDOW) - 1

    @property
    def save_due(self) -> bool:
        """Whether the highest should be written down."""
        return self.highest - self.saved >= UNSAVED_MAX

    def check(self, counter: int, now: float) -> tuple[Received, bool]:
        """Take note of a genuine datagram: (what it is, whether its content is to be used)."""
        ahead = counter - self.highest
        if ahead > 0:
            self._seen = (self._seen << min(ahead, WINDOW) | 1) & ((1 << WINDOW) - 1)
            self.highest = counter
            self._highest_at = now
            self._arrive(counter, now)
            self._old_run = 0
            return Received.FRESH, True
        if -ahead >= WINDOW or self._seen >> -ahead & 1:
            self._old_run += 1
            return Received.AGAIN, False
        self._seen |= 1 << -ahead
        self._arrive(counter, now)
        return Received.OLD, True

    def _arrive(self, counter: int, now: float) -> None:
        self.arrived += 1
        self._recent.append((counter, now))

    def resync(self, now: float) -> int | None:
        """The highest counter, if the peer should be told it now."""
        if self._old_run < OLD_RUN or now - self._resynced_at < RESYNC_S:
            return None
        self._resynced_at = now
        return self.highest

    def report(self, now: float) -> Report | None:
        """The report to make now; None if nothing new has come in this process: when the highest
        came is then not known."""
        at = self._highest_at
        if at is None:
            return None
        recent = [(self.highest - counter, at - arrived) for counter, arrived in self._recent]
        earlier = tuple(
            (back, ago) for back, ago in recent if 0 < back < 256 and -1 < ago < EARLIER_S
        )[-EARLIER_MAX:]
        self._recent.clear()
        return Report(self.highest, self.arrived & 0xFFFF, at, now - at, earlier)
