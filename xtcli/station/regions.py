"""More of a picture that is on a screen: which original it was made from, and what asking costs.

A picture shown may itself be a part of the original; a part marked on it is then counted back to
the whole, because a question about a region speaks of the original. It writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from xtcli.records.ids import RecordId
from xtcli.records.types import Ask, Attach
from xtcli.records.values import Region
from xtcli.station import requested
from xtcli.station.village import Village

PART_BYTES_MAX = 15_000
"""A part is cut and coded so that it never gets larger (`media.picture.VIEW_BYTES_MAX`)."""
WHOLE = Region(0, 0, 1000, 1000)
SIDES = 1000


@dataclass(frozen=True, slots=True)
class Cost:
    """Bytes that would travel, and seconds on this station's link as last measured (or None)."""

    size: int
    seconds: float | None


@dataclass(frozen=True, slots=True)
class More:
    """What more there is of a picture."""

    frame: Region
    """Which part of the original the picture shows."""
    part: Cost
    """The most that a part of it costs."""
    original: Cost
    here: bool
    """The original is on this computer already."""


def more_of(station: Village, case: RecordId, shown: Attach) -> More | None:
    """What can be asked for besides `shown`; None when no original of it was announced."""
    announced = [a for a in station.case(case).attachments if a.body.digest == shown.digest]
    named = station.log.get(announced[0].id) if announced else None
    found = requested.original_of(station, case, named) if named is not None else None
    if found is None or not isinstance(found.body, Attach):
        return None
    size = found.body.size
    return More(
        _frame(station, shown), Cost(PART_BYTES_MAX, station.seconds(PART_BYTES_MAX)),
        Cost(size, station.seconds(size)), station.blobs.has(found.body.digest),
    )  # fmt: skip


def _frame(station: Village, shown: Attach) -> Region:
    """The part of the original that a picture shows: of a crop, what was asked for."""
    asked = station.log.get(shown.of) if shown.of is not None else None
    body = asked.body if asked is not None else None
    return body.region if isinstance(body, Ask) and body.region is not None else WHOLE


def within(frame: Region, left: float, top: float, width: float, height: float) -> Region:
    """A part of what is shown (0..1), as a part of the original (thousandths); never empty.

    Rounded outwards, so that what was inside the mark is inside the region.
    """
    x0, x1 = _side(frame.left, frame.width, left, left + width)
    y0, y1 = _side(frame.top, frame.height, top, top + height)
    return Region(x0, y0, x1 - x0, y1 - y0)


def _side(start: int, length: int, low: float, high: float) -> tuple[int, int]:
    low, high = min(max(low, 0.0), 1.0), min(max(high, 0.0), 1.0)
    first = min(SIDES - 1, int(start + length * low + 1e-9))
    last = max(first + 1, min(SIDES, -int(-(start + length * high - 1e-9) // 1)))
    return first, last


def region_text(region: Region) -> str:
    """As `Village.ask` takes it."""
    return f"{region.left},{region.top},{region.width},{region.height}"
