"""What people are promised: how long something will take to the hub on the link as last measured.

It counts what waits and is as urgent, what of it has arrived already, and what the link costs
(`transport.link.forecast`). It sends nothing; where nothing was ever measured it says nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

from xtcli.station.core import StationCore
from xtcli.station.linkfile import read_lacking, read_link
from xtcli.station.routing import HUB
from xtcli.station.views import LinkView
from xtcli.transport.link.forecast import Pace, there_s
from xtcli.transport.spool import REFUSED, TAKEN, Outgoing, Spool

PENDING_MAX = 100_000
"""Things looked at that are in no bundle yet."""


def pace_of(link: LinkView) -> Pace | None:
    """The link for a forecast; None when its rate was never measured."""
    if not link.rate_bps:
        return None
    return Pace(link.rate_bps, link.rtt_s or 0.0, link.loss or 0.0)


def is_held(one: Outgoing, now: float) -> bool:
    """Whether a bundle was postponed or cancelled."""
    return one.held_until(now) > 0


def lacking(one: Outgoing, known: dict[bytes, int]) -> int:
    """Bytes of a bundle that the hub does not have, as far as `known` tells."""
    if one.state in (TAKEN, REFUSED):
        return 0
    return min(one.size, known.get(one.tag, one.size))


class Forecast:
    """What waits for the hub now, read once."""

    def __init__(self, station: StationCore) -> None:
        """Read the link as last measured, and what waits: in bundles, or in none yet."""
        self.pace = pace_of(read_link(station.home, ""))
        known = read_lacking(station.home)
        now = station.clock()
        found = [(one.priority, one.size) for one in station.log.pending(HUB, PENDING_MAX)]
        if station.home.spool_path.exists():
            spool = Spool(station.home.spool_path)
            try:
                kept = spool.outgoing(HUB)
            finally:
                spool.close()
            found += [(one.priority, lacking(one, known)) for one in kept if not is_held(one, now)]
        self._waiting = found

    def ahead(self, priority: int) -> int:
        """Bytes that wait and go before anything new of this priority."""
        return sum(size for urgency, size in self._waiting if urgency <= priority)

    def waiting(self, priority: int = 7) -> float | None:
        """Seconds until all that waits, down to this priority, is there; None: nothing does, or
        nobody knows.
        """
        size = self.ahead(priority)
        return there_s(size, self.pace) if self.pace is not None and size else None

    def seconds(self, size: int, priority: int) -> float | None:
        """Seconds until `size` bytes more would be there."""
        if self.pace is None:
            return None
        return there_s(self.ahead(priority) + size, self.pace)

    def each(self, parts: Iterable[tuple[int, int]]) -> list[float | None]:
        """What each of the new parts (size, priority), in the order they go, adds to the time
        until all before it are there: the wait for what is ahead of it belongs to it.
        """
        added: list[float | None] = []
        mine, before = 0, 0.0
        for size, priority in parts:
            mine += size
            at = self.seconds(mine, priority)
            added.append(None if at is None else at - before)
            before = at or 0.0
        return added
