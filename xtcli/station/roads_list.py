"""Which roads a station has: its settings, kept in `roads.json` of its home (docs/CARRIERS.md).

While the file is not there, the roads are those that the invitation named: UDP, and HTTPS where the
hub answers so. The order is the order in which they are tried. It opens no road.
"""

from __future__ import annotations

import json
import os
import shlex
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from xtcli.errors import LogCorrupt, NotFound, UsageError
from xtcli.station.core import Entropy
from xtcli.station.enrolment import parse_address
from xtcli.station.home import Home, Settings
from xtcli.station.roads import RoadName
from xtcli.station.roads_https import HttpsRoad
from xtcli.station.roads_link import LinkRoad, UdpRoad
from xtcli.station.roads_store import RoadCount, RoadStore
from xtcli.transport.carriers.serial import SerialName, SerialRoad

NAME = "roads.json"
VERSION = 1
ROADS_MAX = 8
ROAD_CHARACTERS_MAX = 300


@dataclass(frozen=True, slots=True)
class RoadRow:
    """One road as `xt link list` shows it. `ready`: whether it could be used now, as far as this
    computer can see; `carries`: the link uses it now, or used it last."""

    road: str
    ready: bool
    carries: bool
    last_contact: float | None
    bytes_sent: int
    bytes_received: int


def invited(settings: Settings) -> list[str]:
    """What the invitation named."""
    return ["udp", "https"] if settings.extra.get("https") else ["udp"]


def read_roads(home: Home, settings: Settings) -> list[str]:
    """The roads of this home, in their order; LogCorrupt when the file says something else."""
    try:
        data = (home.root / NAME).read_bytes()
    except FileNotFoundError:
        return invited(settings)
    try:
        plain = json.loads(data.decode())
        roads = plain["roads"]
        if plain["version"] != VERSION or not isinstance(roads, list) or len(roads) > ROADS_MAX:
            raise ValueError("not a list of roads")
        names = [RoadName.parse(str(road)) for road in roads]
        if not any(one.carries_link for one in names):
            raise ValueError("no road for the link")
        return [one.text for one in names]
    except (ValueError, KeyError, TypeError, RecursionError, UsageError) as error:
        raise LogCorrupt(
            "The list of roads in {file} cannot be read.",
            "Mend it, or delete it: then the roads are those of the invitation.",
            file=str(home.root / NAME),
        ) from error


def _whole(road: RoadName) -> RoadName:
    """The same road from whatever folder xt is started later."""
    if road.kind == "folder" and not road.rest.startswith("~"):
        return RoadName("folder", str(Path(road.rest).absolute()))
    if road.kind == "serial" and os.sep in road.rest:
        return RoadName("serial", str(Path(road.rest).absolute()))
    if road.kind == "sms" and os.sep in road.command[0]:
        words = road.command
        return RoadName("sms", shlex.join([str(Path(words[0]).absolute()), *words[1:]]))
    return road


def _write(home: Home, roads: list[str]) -> None:
    text = json.dumps({"version": VERSION, "roads": roads}, ensure_ascii=False, indent=1)
    home.write(home.root / NAME, text.encode())


def add_road(home: Home, settings: Settings, text: str) -> list[str]:
    """Append a road, or move it to the end; all roads. UsageError when it cannot be one."""
    road = _whole(RoadName.parse(text))
    if len(road.text) > ROAD_CHARACTERS_MAX or any(ord(one) < 32 for one in text):
        raise UsageError("This name of a road is too long.", "Give the folder a shorter name.")
    check_road(home, settings, road)
    roads = [one for one in read_roads(home, settings) if one != road.text]
    if len(roads) >= ROADS_MAX:
        raise UsageError(
            "A station has at most {count} roads.", "Take one away: xt link remove ROAD",
            count=ROADS_MAX,
        )  # fmt: skip
    roads.append(road.text)
    _write(home, roads)
    return roads


def remove_road(home: Home, settings: Settings, text: str) -> list[str]:
    """Take a road away; those that are left. NotFound when there is no such road."""
    roads = read_roads(home, settings)
    if text not in roads:
        # Added from this folder, it is kept with its whole path.
        with suppress(UsageError):
            text = _whole(RoadName.parse(text)).text
    if text not in roads:
        raise NotFound("{road} is no road of this station.", "See them: xt link list", road=text)
    roads.remove(text)
    if not any(RoadName.parse(one).carries_link for one in roads):
        raise UsageError(
            "A station needs one of udp, https and serial.", "Add another one: xt link add ROAD"
        )
    _write(home, roads)
    return roads


def check_road(home: Home, settings: Settings, road: RoadName) -> None:
    """UsageError or NotFound when a road can never work here; nothing is opened."""
    if road.kind == "udp" and road.rest:
        parse_address(road.rest)
    elif road.kind == "https":
        HttpsRoad(home, settings, bytes)
    elif road.kind == "serial":
        SerialName.parse(road.rest)
    elif road.kind == "folder":
        _ = road.place
    elif road.kind == "sms":
        _ = road.command


def link_road(home: Home, settings: Settings, entropy: Entropy, road: RoadName) -> LinkRoad:
    """A road for the link's datagrams; UsageError or NotFound when this station has none."""
    match road.kind:
        case "udp":
            return UdpRoad(road.rest or settings.hub_address)
        case "https":
            return HttpsRoad(home, settings, entropy)
        case "serial":
            return SerialRoad(road.rest)
    raise UsageError(
        "{road} carries no link.", "Such roads do: udp, https, serial:DEVICE.", road=road.text
    )


def usual_road(home: Home, settings: Settings) -> RoadName:
    """The road that a sync would begin with, as far as is known: the one that the link used last,
    or the first that can carry it."""
    store = RoadStore(home.root)
    try:
        last = store.last_road()
    finally:
        store.close()
    links = [one for one in map(RoadName.parse, read_roads(home, settings)) if one.carries_link]
    return next((one for one in links if road_name(one) == last), links[0])


def is_ready(road: RoadName) -> bool:
    """Whether a device or folder is there; a network is not asked."""
    if road.kind == "serial":
        return Path(SerialName.parse(road.rest).device).exists()
    if road.kind == "folder":
        with suppress(OSError, UsageError):
            return road.place.is_dir()
        return False
    return True


def rows(home: Home, settings: Settings, carrying: str) -> list[RoadRow]:
    """Every road with what is known of it; `carrying` is the name of the one that carries."""
    store = RoadStore(home.root)
    try:
        counts = {one.road: one for one in store.counts()}
    finally:
        store.close()
    found = []
    for text in read_roads(home, settings):
        road = RoadName.parse(text)
        name = road_name(road)
        count = counts.get(name, RoadCount(name))
        found.append(RoadRow(text, is_ready(road), road.carries_link and name == carrying,
                             count.last, count.bytes_out, count.bytes_in))  # fmt: skip
    return found


def road_name(road: RoadName) -> str:
    """The name under which a road is counted and measured."""
    if road.kind == "serial":
        return f"serial:{SerialName.parse(road.rest).device}"
    return road.kind
