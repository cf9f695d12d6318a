"""Which records of a station are missing here, and whether it is time to ask for them again.

Priorities reorder what is under way, so a gap is asked for only when it has stayed as it was from
one look to the next. It knows sequence numbers, not links.
"""

from __future__ import annotations

from xtcli.records.log import Log

ASKS_MAX = 5
"""A gap that stays after so many asks (the records were refused, say) is left alone."""
Runs = list[tuple[int, int]]


class Gaps:
    """Remembers the gaps of each station between looks."""

    def __init__(self, log: Log) -> None:
        """`log` is the hub's."""
        self._log = log
        self._seen: dict[int, tuple[Runs, int]] = {}

    def to_ask(self, station: int) -> Runs:
        """The runs to ask `station` for now; empty when there is nothing to ask."""
        runs = [(span.first, span.last) for span in self._log.gaps(station)]
        before, asks = self._seen.get(station, ([], 0))
        if not runs or runs != before:
            self._seen[station] = (runs, 0)
            return []
        if asks >= ASKS_MAX:
            return []
        self._seen[station] = (runs, asks + 1)
        return runs
