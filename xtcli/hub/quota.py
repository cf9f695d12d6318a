"""How much of a hub's disk one station may fill: valid records and attachments included.

A stolen or broken station must not stop the others. It knows sizes, not what is in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from xtcli.records.types import Attach, Kind
from xtcli.station.core import StationCore

STATION_BYTES_MAX = 4 << 30
"""Records and attachments of one station; a hub's `station.json` may say otherwise."""
SETTING = "station_bytes_max"
READ_AGAIN_SECONDS = 60.0
"""Pause between two looks at what a station whose share seems full has stored."""
LOOSE_BYTES_MIN = 4_096
"""What an attachment that nobody announced counts at the least: a file has its price."""
LOOSE_MAX = 1_000
"""So many more attachments are remembered before it is looked which of them were announced."""


class Quota:
    """Counts what stations bring. What is on the disk already is read once per station."""

    def __init__(self, hub: StationCore) -> None:
        """The limit is `extra.station_bytes_max` of the hub's settings, else the usual one."""
        self.hub = hub
        said = hub.settings.extra.get(SETTING, "")
        self.limit = int(said) if said.isdecimal() and len(said) < 20 else STATION_BYTES_MAX
        self._stored: dict[int, int] = {}
        self._read_at: dict[int, float] = {}
        self._loose: dict[int, set[bytes]] = {}
        """Attachments that a station has brought since this process began, and not announced when
        that was looked at last."""
        self._look_at: dict[int, int] = {}

    def allows(self, station: int, size: int) -> bool:
        """Whether `size` bytes more of this station are taken; if so they are counted.

        What came twice was counted twice, so before saying no the disk is asked again: not each
        time, because a full share is long to read, and its station may go on sending.
        """
        stored, now = self._stored.get(station), self.hub.clock()
        rested = not 0 <= now - self._read_at.get(station, -math.inf) < READ_AGAIN_SECONDS
        if stored is None:
            stored = self._stored[station] = self.stored(station)
        elif stored + size > self.limit and rested:
            stored = self._stored[station] = self.stored(station)
            self._read_at[station] = now
        if stored + size > self.limit:
            return False
        self._stored[station] = stored + size
        return True

    def brought(self, station: int, blobs: Iterable[bytes]) -> None:
        """A bundle of a station held these whole attachments."""
        loose = self._loose.setdefault(station, set())
        loose.update(blobs)
        if len(loose) > self._look_at.get(station, LOOSE_MAX):
            loose.difference_update(self._announced(station))
            self._look_at[station] = 2 * len(loose) + LOOSE_MAX

    def stored(self, station: int) -> int:
        """Bytes of its records, and of the attachments here that it announced or brought."""
        total = int(
            self.hub.log.row(
                "SELECT coalesce(sum(length(content) + length(raw)), 0) FROM records"
                " WHERE station=?",
                station,
            )[0]
        )
        blobs, announced = self.hub.blobs, self._announced(station)
        total += sum(blobs.size(digest) for digest in announced if blobs.has(digest))
        loose = self._loose.get(station, set()) - announced
        return total + sum(max(LOOSE_BYTES_MIN, blobs.size(digest)) for digest in loose)

    def _announced(self, station: int) -> set[bytes]:
        """The attachments that a station's records speak of."""
        records = self.hub.log.of_kinds([Kind.ATTACH], station)
        return {record.body.digest for record in records if isinstance(record.body, Attach)}
