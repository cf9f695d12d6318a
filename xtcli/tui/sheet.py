"""Everything the case screen draws, gathered in one go in the background."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from xtcli.records.case import Case
from xtcli.records.ids import RecordId
from xtcli.station import desk_follow, desk_views
from xtcli.station.desk_lists import department_name
from xtcli.station.desk_views import TimeLine, VitalLine
from xtcli.station.views import age_text

if TYPE_CHECKING:
    from xtcli.station.station import Station


@dataclass(frozen=True, slots=True)
class Sheet:
    """A case and what is said of it."""

    case: Case
    identifiers: tuple[str, str]
    age: str
    dept: str
    post: str
    author: str
    claimed_by: str
    mine: bool
    timeline: tuple[TimeLine, ...]
    vitals: tuple[VitalLine, ...]
    score: str
    names: dict[int, str]
    now: float
    parent: Case | None = None
    """The case that this one continues, if it is here."""
    follow_ups: tuple[RecordId, ...] = ()


def gather(station: Station, case: RecordId) -> Sheet:
    """The sheet of a case; NotFound when it is not here."""
    found = station.case(case)
    now = station.clock()
    authors = {entry.record.author for entry in found.entries}
    return Sheet(
        case=found, identifiers=station.identifiers(case), age=age_text(found.patient, now),
        dept=department_name(station, found.body.dept), post=station.name(case.station),
        author=station.name(found.request.author),
        claimed_by=station.name(found.claimed_by) if found.claimed_by else "",
        mine=0 != found.claimed_by == station.settings.practitioner,
        timeline=tuple(desk_views.timeline(station, found)),
        vitals=tuple(desk_views.vital_lines(found)), score=desk_views.score_text(found),
        names={no: station.name(no) for no in authors}, now=now,
        parent=desk_follow.parent_of(station, found),
        follow_ups=tuple(desk_follow.continued_by(station, case)),
    )  # fmt: skip
