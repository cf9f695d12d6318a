"""How much of a hub's disk one station may fill: valid records and attachments included.

A stolen or broken station must not stop the others. It knows sizes, not what is in them.
"""

from __future__ import annotations

from xtcli.records.types import Attach, Kind
from xtcli.station.core import StationCore

STATION_BYTES_MAX = 4 << 30
"""Records and attachments of one station; a hub's `station.json` may say otherwise."""
SETTING = "station_bytes_max"


class Quota:
    """Counts what stations bring. What is on the disk already is read once per station."""

    def __init__(self, hub: StationCore) -> None:
        """The limit is `extra.station_bytes_max` of the hub's settings, else the usual one."""
        self.hub = hub
        said = hub.settings.extra.get(SETTING, "")
        self.limit = int(said) if said.isdigit() else STATION_BYTES_MAX
        self._stored: dict[int, int] = {}

    def allows(self, station: int, size: int) -> bool:
        """Whether `size` bytes more of this station are taken; if so they are counted.

        What came twice was counted twice, so before saying no the disk is asked again.
        """
        stored = self._stored.get(station)
        if stored is None or stored + size > self.limit:
            stored = self._stored[station] = self.stored(station)
        if stored + size > self.limit:
            return False
        self._stored[station] = stored + size
        return True

    def stored(self, station: int) -> int:
        """Bytes of a station's records, and of the attachments it announced that are here."""
        log = self.hub.log
        total = int(
            log.row(
                "SELECT coalesce(sum(length(content) + length(raw)), 0) FROM records"
                " WHERE station=?",
                station,
            )[0]
        )
        seen: set[bytes] = set()
        for record in log.of_kinds([Kind.ATTACH]):
            body = record.body
            if record.id.station == station and isinstance(body, Attach):
                if body.digest not in seen and self.hub.blobs.has(body.digest):
                    total += body.size
                seen.add(body.digest)
        return total
