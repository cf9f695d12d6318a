"""The roads of a running hub besides its UDP socket, and the counts of all of them.

A line or a web endpoint hands its datagrams to the same links as the socket does: a station may
come by any road, and is answered where it was last heard. It knows no bundles or records.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from xtcli.errors import DeviceMissing, XtError
from xtcli.hub.https import tls_files, tls_print
from xtcli.station.core import StationCore
from xtcli.station.enrolment import parse_address
from xtcli.station.roads_sms import HEARD_SECONDS, LINK, ROAD
from xtcli.station.roads_store import RoadStore
from xtcli.transport.carriers.https_server import Endpoint, HttpsListener
from xtcli.transport.carriers.serial import SerialLine, attach
from xtcli.transport.driving import LinkServer, Wire

SAVE_SECONDS = 5.0
REOPEN_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class RoadOptions:
    """What `xt hub serve` was told to serve besides UDP."""

    serial: Sequence[str] = ()
    https: str = ""
    """HOST:PORT with TLS and the hub's own certificate."""
    http: str = ""
    """HOST:PORT without TLS, for a reverse proxy in front."""
    upstream: str = ""
    """A relay's road upwards, such as serial:DEVICE; UDP when empty."""


class ServedRoads:
    """See the module. `trouble` tells what went wrong; a device that goes is waited for."""

    def __init__(
        self, hub: StationCore, server: LinkServer, wire: Callable[[], Wire],
        options: RoadOptions, trouble: Callable[[XtError], None],
    ) -> None:  # fmt: skip
        """`wire` gives the numbers of the UDP socket. Nothing is opened before `start`."""
        self.hub = hub
        self.server = server
        self.options = options
        self._udp_wire = wire
        self._trouble = trouble
        self._lines: dict[str, SerialLine] = {}
        self._endpoint = Endpoint(server)
        self._listeners: list[HttpsListener] = []
        self._told: dict[str, Wire] = {}
        self._saved_at = 0.0
        self.print = ""
        """The print of the certificate, in hex, where one is served."""

    async def start(self) -> list[str]:
        """Open every road; their names. DeviceMissing or LinkDown when one cannot be."""
        for text in self.options.serial:
            self._lines[text] = attach(self.server, text, partial(self._gone, text))
        roads = [f"serial:{text}" for text in self._lines]
        for name, where in (("https", self.options.https), ("http", self.options.http)):
            if where:
                listener = HttpsListener(self._endpoint, *parse_address(where))
                self._listeners.append(listener)
                await listener.start(*(tls_files(self.hub) if name == "https" else ()))
                roads.append(f"{name}:{where}")
        self.print = tls_print(self.hub).hex() if self.options.https else ""
        return roads

    def _gone(self, text: str) -> None:
        """A device went away: close what is left of it and wait for it to come back."""
        line = self._lines.pop(text, None)
        if line is None:
            return
        self._trouble(
            DeviceMissing(
                "The device {device} went away.", "Plug it in again; the hub waits for it.",
                device=line.name.device,
            )
        )  # fmt: skip
        self._count(line.road, line.wire)
        self._told.pop(line.road, None)
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, line.close)
        loop.call_later(REOPEN_SECONDS, self._reopen, text)

    def _reopen(self, text: str) -> None:
        try:
            line = attach(self.server, text, partial(self._gone, text))
        except DeviceMissing as error:
            self._trouble(error)
            asyncio.get_running_loop().call_later(REOPEN_SECONDS, self._reopen, text)
        else:
            self._lines[text] = line

    def look(self, now: float) -> None:
        """Write the counts down from time to time."""
        if now - self._saved_at >= SAVE_SECONDS:
            self._saved_at = now
            self.save()
            self._note_links(now)

    def _note_links(self, now: float) -> None:
        """When stations that have sent short messages of late were heard over their links: another
        process that sends short messages reads it and saves them."""
        store, wall = RoadStore(self.hub.home.root), self.hub.clock()
        try:
            for station in store.contacts(ROAD, wall - HEARD_SECONDS):
                node = self.server.link_of(station)
                contact = node.link.measured().last_contact if node is not None else None
                known = store.contact(station, LINK)
                at = wall - (now - contact) if contact is not None else 0.0
                if contact is not None and (known is None or at > known[1] + SAVE_SECONDS):
                    store.met(station, LINK, "", at)
        finally:
            store.close()

    def save(self) -> None:
        """Write what has been counted since the last time."""
        self._count("udp", self._udp_wire())
        self._count("https", self._endpoint.wire)
        for line in self._lines.values():
            self._count(line.road, line.wire)

    def _count(self, road: str, wire: Wire) -> None:
        more = wire.since(self._told.get(road, Wire()))
        if not more.any:
            return
        self._told[road] = replace(wire)
        store = RoadStore(self.hub.home.root)
        try:
            heard = more.datagrams_in > more.refused
            store.count_wire(road, more, self.hub.clock() if heard else None)
        finally:
            store.close()

    async def close(self) -> None:
        """Close every road."""
        self.save()
        for listener in self._listeners:
            await listener.close()
        for line in self._lines.values():
            line.close()
        self._lines.clear()
