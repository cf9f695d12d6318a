"""Freshness: which of the peer's datagrams are new, and what to report about them.

A replay window as in IPsec (RFC 4303, section 3.4.3) over the peer's datagram counter, and the
count and times that reports are made of. It knows nothing of contents or addresses.
"""

from __future__ import annotations

from xtcli.transport.link.events import Received
from xtcli.transport.link.frames import Report

WINDOW = 1024
"""Counters below the highest that may still come late."""
OLD_RUN = 3
"""So many datagrams in a row that are not new: their sender seems to have lost its counter."""
RESYNC_S = 1.0
"""Pause between two resync answers."""


class Freshness:
    """See the module."""

    def __init__(self) -> None:
        """Nothing has come yet."""
        self.highest = 0
        self.arrived = 0
        self._seen = 0
        self._highest_at = 0.0
        self._old_run = 0
        self._resynced_at = -RESYNC_S

    def check(self, counter: int, now: float) -> tuple[Received, bool]:
        """Take note of a genuine datagram: (fresh or old, whether its content is to be used)."""
        ahead = counter - self.highest
        if ahead > 0:
            self._seen = (self._seen << min(ahead, WINDOW) | 1) & ((1 << WINDOW) - 1)
            self.highest = counter
            self._highest_at = now
            self.arrived += 1
            self._old_run = 0
            return Received.FRESH, True
        bit = 1 << -ahead
        if -ahead >= WINDOW or self._seen & bit:
            self._old_run += 1
            return Received.OLD, False
        self._seen |= bit
        self.arrived += 1
        return Received.OLD, True

    def resync(self, now: float) -> int | None:
        """The highest counter, if the peer should be told it now."""
        if self._old_run < OLD_RUN or now - self._resynced_at < RESYNC_S:
            return None
        self._resynced_at = now
        return self.highest

    def report(self, now: float) -> Report | None:
        """The report to make now; None if nothing has come in this process."""
        if not self.arrived:
            return None
        held = now - self._highest_at
        return Report(self.highest, self.arrived & 0xFFFF, self._highest_at, held)
