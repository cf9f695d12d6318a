"""The roads at whatever station lives here, a hub included: a hub forwards what it takes.

A post or a desk takes what is for it; a hub also queues everything for the desks and posts that it
concerns and alerts about critical values, exactly as when it comes over the link.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xtcli.errors import NotAllowed, UsageError
from xtcli.hub.hub import HubStation
from xtcli.hub.sticks import visitor
from xtcli.records.sign import Record
from xtcli.records.types import Kind
from xtcli.records.values import StationKind
from xtcli.station import roads, shell
from xtcli.station.home import Home, default_root
from xtcli.station.intake import Arrival
from xtcli.station.roads import RoadName, Show
from xtcli.station.roads_folder import FolderVisit
from xtcli.station.roads_list import link_road
from xtcli.station.routing import HUB
from xtcli.station.station import Station
from xtcli.station.syncing import Progress, run_sync


def open_here() -> Station:
    """The station of this home: a hub's with its duties, if it is one."""
    home = Home(default_root())
    # A relay only passes on: the duties of a hub are the root's.
    make = HubStation if home.settings().number == HUB else Station
    return make(home, clock=shell.now, entropy=shell.entropy)


@dataclass(frozen=True, slots=True)
class Duties:
    """What a station does with arrivals that no link brought."""

    rule: Any = None
    inside: Callable[[Record], object] = lambda record: None


def duties(station: Station) -> Duties:
    """A hub routes and alerts; other stations only keep."""
    if not isinstance(station, HubStation):
        return Duties()

    def inside(record: Record) -> None:
        if record.kind is Kind.REQUEST:
            station.alert_if_critical(record)

    return Duties(station.deliveries, inside)


def sync_via(
    station: Station, via: str, timeout: float, watch: bool, show: Show | None,
    progress: Progress | None = None, on_step: Callable[[Any], None] | None = None,
) -> Any:  # fmt: skip
    """Exchange over another road; its report. `progress` is told how far a link's exchange has
    come, `on_step` another's.
    """
    road = RoadName.parse(via)
    does, step = duties(station), on_step or (lambda report: None)

    def told(arrival: Arrival) -> None:
        for one in roads.happenings(station, arrival) if show else []:
            assert show is not None
            show(one)

    if road.kind == "folder" and watch:
        raise UsageError(
            "A folder is visited once, so there is nothing to watch.",
            "Leave --watch out, or let xt sync visit it: xt link add {road}", road=road.text,
        )  # fmt: skip
    if road.kind == "folder":
        make = visitor(station.number) if station.kind is StationKind.HUB else FolderVisit
        return roads.visit_folder(station, road.place, rule=does.rule,
                                  inside=does.inside, on_new=told, make=make,
                                  on_step=step)  # fmt: skip
    seconds = timeout or (0.0 if watch else 120.0)
    if road.kind == "sms" and station.kind is StationKind.HUB and station.number != HUB:
        raise NotAllowed(
            "A relay has no road of short messages.", "Run it at the hub, or at the post."
        )
    if road.kind == "sms":
        return roads.exchange_messages(station, road.rest, seconds, watch, rule=does.rule,
                                       inside=does.inside, on_new=told, on_step=step)  # fmt: skip
    link = link_road(station.home, station.settings, station.entropy, road)
    return run_sync(station, seconds, watch=watch, show=show, progress=progress,
                    road=link)  # fmt: skip
