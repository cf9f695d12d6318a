"""What a screen says about a call before and during it: about whom it is, and who is rung.

Values only. It refuses to know sound, links and how a call is drawn.
"""

from __future__ import annotations

from dataclasses import dataclass

from xtcli.records.case import Case
from xtcli.records.ids import RecordId
from xtcli.station import calls_who
from xtcli.station.core import StationCore


@dataclass(frozen=True, slots=True)
class CallAbout:
    """A call's case and other side. `who` is empty when no specialist is on the case yet."""

    case: RecordId
    identifiers: tuple[str, str]
    who: str
    """Station and practitioner at the far end."""
    dept: str = ""


def about(station: StationCore, case: RecordId, other: int = 0) -> CallAbout:
    """For a call with station `other`; 0: with whom a call about `case` would ring.

    NotFound when the case is not here.
    """
    folded = station.case(case)
    number = other
    if not number:
        party = calls_who.to_ring(station, case)
        number = party.station if party is not None else 0
    who = _who(station, folded, number) if number else ""
    return CallAbout(case, station.identifiers(case), who, folded.body.dept)


def _who(station: StationCore, case: Case, number: int) -> str:
    """A station and the person there who is on the case: who took it, else who wrote last."""
    name = station.name(number)
    authors = [entry.record.author for entry in case.entries if entry.record.id.station == number]
    if case.claimed_by:
        authors.append(case.claimed_by)
    for author in reversed(authors):
        person = station.roster.practitioner(author)
        if person is not None and person.station == number:
            return f"{name} {person.name}"
    return name
