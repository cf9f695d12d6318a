"""Roads that carry a link's datagrams: what a station's pump must know of each.

A link keeps one counter for all roads, but what it measured on one says nothing about another: the
rate of each road is kept apart. It opens nothing itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from xtcli.station.enrolment import parse_address
from xtcli.station.home import Home, Settings
from xtcli.station.roads_store import RoadStore
from xtcli.transport.driving import LinkClient, Wire
from xtcli.transport.link.events import LinkEvent
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.udp import Address, UdpClient, headers, resolve

RELAY_SEAL = "relay_seal"
"""Name of the setting that holds the X25519 key of the relay next to this station, in hex."""


def hop_key(settings: Settings) -> bytes:
    """The X25519 key of whoever is at the other end of the link: the hub, or a relay for it."""
    relay = settings.extra.get(RELAY_SEAL, "")
    return bytes.fromhex(relay) if relay else settings.hub_seal


class LinkRoad(Protocol):
    """One road from a station to its hub."""

    @property
    def name(self) -> str:
        """Under which its rate is remembered and its traffic counted."""

    @property
    def rate_bps(self) -> float:
        """The rate to assume before anything is measured; 0 when nobody knows."""

    async def prepare(self) -> int:
        """Find what is needed to open it; its overhead in bytes for each datagram."""

    def client(self, node: SpooledLink, on_events: Callable[[list[LinkEvent]], None]) -> LinkClient:
        """The road for one link; opened by its `start`."""


class UdpRoad:
    """UDP to the hub's address."""

    name = "udp"
    rate_bps = 0.0

    def __init__(self, address: str) -> None:
        """`address` is HOST:PORT."""
        self._where = address
        self._address: Address | None = None

    async def prepare(self) -> int:
        """Resolve the name; LinkDown when it is not known."""
        self._address = await resolve(*parse_address(self._where))
        return headers(self._address)

    def client(self, node: SpooledLink, on_events: Callable[[list[LinkEvent]], None]) -> LinkClient:
        """A socket of its own."""
        assert self._address is not None
        return UdpClient(node, self._address, on_events)


class RoadLink(Link):
    """A link whose road may change: what it measured on one is forgotten on the next."""


def tune(link: RoadLink, home: Home, road: LinkRoad, now: float) -> None:
    """Before a road is opened: what was measured on this road last, or nothing."""
    store = RoadStore(home.root)
    try:
        if store.last_road() == road.name:
            return
        link.forget_rate(now)
        known = store.rate(road.name)
        if known is not None:
            link.rate.learn(*known)
        elif road.rate_bps:
            link.rate.learn(road.rate_bps, 0.5, 0.2, 0.0)
    finally:
        store.close()


def keep(link: Link, home: Home, road: LinkRoad) -> None:
    """After a road was used: what it was found to be, and that it was used last."""
    store = RoadStore(home.root)
    try:
        if link.rate.proven and link.rate.srtt is not None:
            rate = link.rate
            found = (rate.rate_bps, rate.srtt or 0.0, rate.rttvar, rate.loss.share)
            store.save_rate(road.name, found)
        store.used(road.name)
    finally:
        store.close()


def count(home: Home, road: LinkRoad, more: Wire, contact: float | None) -> None:
    """Add what went over a road to its numbers. `contact` is the unix time when something genuine
    came over it, None if nothing did."""
    if not more.any:
        return
    store = RoadStore(home.root)
    try:
        store.count_wire(road.name, more, contact)
    finally:
        store.close()
