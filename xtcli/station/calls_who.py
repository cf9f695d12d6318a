"""Who may be in a call about a case, and which station to ring. It knows neither link nor sound."""

from __future__ import annotations

from dataclasses import dataclass

from xtcli.errors import NotAllowed, NotFound
from xtcli.records.ids import RecordId
from xtcli.records.types import Kind, Request
from xtcli.records.values import StationKind
from xtcli.station.core import StationCore

SPEAKS = frozenset((Kind.OPENED, Kind.CLAIMED, Kind.ANSWER, Kind.ASK, Kind.NOTE, Kind.CALL))
"""Kinds by which a specialist shows that they are on a case."""


@dataclass(frozen=True, slots=True)
class Party:
    """The station at the far end of a call."""

    station: int
    public: bytes
    """Its X25519 key from the roster."""
    name: str


def party(station: StationCore, number: int) -> Party | None:
    """A station as a party; None for strangers and the revoked."""
    entry = station.roster.station(number)
    if entry is None or station.roster.revoked(number):
        return None
    return Party(number, entry.seal_key, entry.name or str(number))


def belongs(station: StationCore, case: RecordId, number: int) -> bool:
    """Whether station `number` may speak about a case that is here.

    The post that filed it may, and so may any desk: a desk's practitioner is introduced here only
    by what they wrote, and the hub lets only stations of its roster through.
    """
    request = station.log.get(case)
    entry = station.roster.station(number)
    if request is None or not isinstance(request.body, Request) or entry is None:
        return False
    return number == case.station or entry.station_kind is StationKind.DESK


def must_call(station: StationCore, case: RecordId) -> None:
    """NotAllowed at a hub or without a practitioner; NotFound without the case."""
    if station.kind is StationKind.HUB:
        raise NotAllowed("A hub passes calls on and makes none.", "Call from a post or a desk.")
    station.must_be_practitioner(StationKind.POST, StationKind.DESK)
    station.request_of(case)


def to_ring(station: StationCore, case: RecordId) -> Party | None:
    """Whom to ring about a case: its post, or the desk that is on it; None when none is yet."""
    if station.kind is not StationKind.POST:
        found = party(station, case.station)
        if found is None:
            raise NotFound(
                "The post of case {case} is not known here.", "Fetch what is new: xt sync",
                case=str(case),
            )  # fmt: skip
        return found
    folded = station.case(case)
    claimed = station.roster.author(folded.claimed_by) if folded.claimed_by else None
    if claimed is not None:
        return party(station, claimed.station)
    records = [e.record for e in folded.entries if e.record.kind in SPEAKS]
    others = [r.id.station for r in records if r.id.station != station.number]
    for number in reversed(others):
        entry = station.roster.station(number)
        if entry is not None and entry.station_kind is StationKind.DESK:
            return party(station, number)
    return None
