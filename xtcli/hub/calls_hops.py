"""Payloads of calls on their way through relays: which station they are of, and who is next.

A relay puts BELOW and a station's number around what that station says to its hub, and takes it off
what the hub says to the station; everything behind these three bytes is sealed from end to end, or
is the hub's business (docs/VOICE.md). It keeps budgets and reads nothing else. Sans-IO.
"""

from __future__ import annotations

from xtcli.errors import BundleRejected
from xtcli.records.values import StationKind
from xtcli.station.calls_relay import (
    BYTES_BURST,
    BYTES_PER_S,
    ENVELOPES_BURST,
    ENVELOPES_PER_S,
    Budget,
)
from xtcli.station.calls_wire import (
    ENVELOPED_BYTES_MAX,
    Envelope,
    Route,
    is_enveloped,
    open_envelope,
)
from xtcli.station.roads_hops import Hops

STATIONS_MAX = 10_000
"""Stations whose budgets are kept; all are forgotten together, which only fills them again."""


class CallHops:
    """The way of calls at one hub or relay."""

    def __init__(self, hops: Hops) -> None:
        """`hops` knows who is below whom."""
        self.hops = hops
        self.dropped = 0
        """Payloads that were not passed on."""
        self._bytes: dict[int, Budget] = {}
        self._envelopes: dict[int, Budget] = {}

    def origin(self, neighbour: int, payload: bytes) -> tuple[int, bytes] | None:
        """The station that a payload from the station directly below is of, and what it says.

        None when the neighbour is a relay and the station is not below it.
        """
        entry = self.hops.station.roster.station(neighbour)
        if entry is None or entry.station_kind is not StationKind.HUB:
            return neighbour, payload
        found = self._below(payload)
        if found is None or found.station == neighbour:
            return self._drop()
        if self.hops.below(found.station) != neighbour:
            return self._drop()
        return found.station, found.payload

    def target(self, payload: bytes) -> tuple[int, bytes] | None:
        """At a relay: the station below that a payload from above is for, and what it hears."""
        found = self._below(payload)
        if found is None or self.hops.below(found.station) is None:
            return self._drop()
        return found.station, found.payload

    def _below(self, payload: bytes) -> Envelope | None:
        try:
            envelope = open_envelope(payload)
        except BundleRejected:
            return None
        return envelope if envelope.route is Route.BELOW and envelope.payload else None

    def down(self, station: int, payload: bytes) -> tuple[int, bytes] | None:
        """The station directly below on the way to `station`, and what to send it."""
        child = self.hops.below(station)
        if child is None:
            return self._drop()
        return (child, payload) if child == station else self._sized(child, station, payload)

    def up(self, station: int, payload: bytes) -> bytes | None:
        """What a relay sends upwards for a station below it."""
        found = self._sized(0, station, payload)
        return found[1] if found is not None else None

    def _sized(self, hop: int, station: int, payload: bytes) -> tuple[int, bytes] | None:
        wrapped = Envelope(Route.BELOW, station, payload).encode()
        return (hop, wrapped) if len(wrapped) <= ENVELOPED_BYTES_MAX else self._drop()

    def _drop(self) -> tuple[int, bytes] | None:
        self.dropped += 1
        return None

    def allowed(self, station: int, payload: bytes, now: float, *, down: bool = False) -> bool:
        """At a relay: whether a station's allowance lets this payload pass; one for each way."""
        station = -station if down else station
        if len(self._bytes) > STATIONS_MAX:
            self._bytes.clear()
            self._envelopes.clear()
        size = self._bytes.setdefault(station, Budget(BYTES_PER_S, BYTES_BURST, now))
        good = size.take(len(payload), now)
        if good and is_enveloped(payload):
            limit = Budget(ENVELOPES_PER_S, ENVELOPES_BURST, now)
            good = self._envelopes.setdefault(station, limit).take(1, now)
        if not good:
            self._drop()
        return good

    @staticmethod
    def away(station: int, payload: bytes) -> bytes | None:
        """What a relay answers for a station that is not connected: whoever rings hears AWAY."""
        try:
            envelope = open_envelope(payload)
        except BundleRejected:
            return None
        if envelope.route not in (Route.TO, Route.JOIN):
            return None
        answer = Envelope(Route.AWAY, envelope.station).encode()
        return Envelope(Route.BELOW, station, answer).encode()
