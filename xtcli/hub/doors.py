"""`Door`: whether a datagram is of the station that it names, before anything is loaded for it.

Numbers of stations are no secret, and a link that has been loaded holds everything that waits for
its station: one forged datagram for each number must not make a hub load them all. It knows keys
and the roster, not links.
"""

from __future__ import annotations

from xtcli.station.core import StationCore
from xtcli.transport.link.keys import Seal, link_key


class Door:
    """See the module. Of every station that was named its key is kept: 60,000 at the most."""

    def __init__(self, station: StationCore, number: int) -> None:
        """`number` is what `station` is to those that speak to it: its own, or the hub's."""
        self.station = station
        self.number = number
        self._seals: dict[int, tuple[bytes, Seal]] = {}

    def genuine(self, number: int, datagram: bytes) -> bool:
        """Whether `datagram` was made by station `number` for this one; it may be old."""
        entry = self.station.roster.station(number)
        if entry is None:
            return False
        known = self._seals.get(number)
        if known is None or known[0] != entry.seal_key:
            realm = self.station.settings.realm
            key = link_key(self.station.keys.station_seal, entry.seal_key, realm)
            known = self._seals[number] = entry.seal_key, Seal(key, number, self.number)
        return known[1].verify(datagram)
