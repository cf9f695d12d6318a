"""`xt hub serve` at a relay: sockets, the loop's clock and signals around `RelayCore`.

What it prints names stations and numbers of bundles, never a case.
"""

from __future__ import annotations

import asyncio
import json
import math
import os
import signal
from contextlib import suppress
from typing import Any

from xtcli.errors import DiskFull, LinkDown, LogCorrupt, XtError
from xtcli.hub.doors import Door
from xtcli.hub.relaying import RelayCore, RelayPump
from xtcli.hub.serving_roads import RoadOptions, ServedRoads
from xtcli.lang import tr
from xtcli.station import shell
from xtcli.station.enrolment import parse_address, show_address
from xtcli.station.exchange import MEND_SECONDS
from xtcli.station.home import Home, SyncLock, default_root
from xtcli.station.roads import RoadName
from xtcli.station.roads_auto import RoadChange, RoadKeeper, link_roads
from xtcli.station.roads_https import CERTIFICATE, ask_over_https
from xtcli.station.roads_store import RoadStore
from xtcli.station.routing import HUB
from xtcli.station.station import Station
from xtcli.transport.carriers.serial import SerialClient
from xtcli.transport.driving import Way
from xtcli.transport.link.events import LinkEvent
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool
from xtcli.transport.udp import UdpServer, exchange, resolve

LOOK_SECONDS = 0.25
POLL_SECONDS = 120.0
ALIVE_SECONDS = 60.0
RECONNECT_SECONDS = 5.0
TROUBLE_SECONDS = 30.0
"""The same trouble is told again only after so long."""
JOINS_MAX = 16
JOIN_WAIT_S = 3.0
JOIN_LINE_SECONDS = 10.0
"""Request and answer are 1.1 kB each: 2.4 s at 9,600 baud."""


class RelaySocket(UdpServer):
    """A UDP server that carries requests to join upwards and the answers back."""

    joins = 0
    ask: RelayServer

    def _stranger(self, datagram: bytes, way: Way) -> bool:
        if self.joins >= JOINS_MAX:
            return False
        self.joins += 1
        task = asyncio.get_running_loop().create_task(self._join(datagram, way))
        self.ask.tasks.add(task)
        task.add_done_callback(self.ask.tasks.discard)
        return True

    async def _join(self, datagram: bytes, way: Way) -> None:
        try:
            answer = await self.ask.ask_above(datagram)
            if len(answer) <= len(datagram):
                way.send(answer)
            # Its roster entry waits above, and its first datagram comes in a moment.
            self.ask.pump.poll()
        except (XtError, TimeoutError):
            return
        finally:
            self.joins -= 1


class RelayServer:
    """One running relay."""

    def __init__(
        self, station: Station, *, as_json: bool = False, roads: RoadOptions | None = None
    ) -> None:
        """Nothing is opened before `run`."""
        self.station = station
        self.as_json = as_json
        self.options = roads or RoadOptions()
        self.spool = Spool(station.home.spool_path)
        self.store = RoadStore(station.home.root)
        self.udp = RelaySocket(self._find, self._below, genuine=Door(station, HUB).genuine)
        self.udp.ask = self
        self.core = RelayCore(station, self.spool, self.store, kick=self.udp.kick,
                              kick_up=self._kick_up)  # fmt: skip
        self.pump = RelayPump(self.core)
        self.pump.on_failure = self._trouble
        self.keeper = RoadKeeper(station, self.pump, self._roads_up(), self._road_changed)
        self.keeper.patient = True
        self.roads = ServedRoads(station, self.udp, lambda: self.udp.wire, self.options,
                                 self._trouble)  # fmt: skip
        self.tasks: set[asyncio.Task[None]] = set()
        self.stopping = asyncio.Event()
        self._polled_at = self._mended_at = -math.inf
        self._version = self._spool_version = -1
        self._up = False
        self._told: dict[str, float] = {}

    def _roads_up(self) -> list[RoadName]:
        """The roads upwards: those of the settings unless `--upstream` says otherwise."""
        if self.options.upstream:
            return [RoadName.parse(self.options.upstream)]
        return link_roads(self.station)

    async def ask_above(self, datagram: bytes) -> bytes:
        """Carry a request to join upwards, over the road that carries the link; the answer.

        LinkDown or TimeoutError when there is none.
        """
        settings, road = self.station.settings, self.keeper.road
        client = self.pump.client
        if isinstance(client, SerialClient):
            return await client.ask(datagram, JOIN_LINE_SECONDS)
        if road.kind == "https":
            print_ = bytes.fromhex(settings.extra.get("https_print", ""))
            cache = self.station.home.root / CERTIFICATE
            where = settings.extra.get("https", "")
            return await ask_over_https(where, print_, datagram, self.station.entropy, cache)
        where = (road.kind == "udp" and road.rest) or settings.hub_address
        address = await resolve(*parse_address(where))
        return await exchange(address, datagram, tries=2, wait_s=JOIN_WAIT_S)

    async def run(self) -> None:
        """Serve until stopped."""
        host, port = parse_address(self.station.settings.extra.get("listen", ""))
        address = await self.udp.start(host, port)
        shown = show_address(address)
        self._say({"listening": shown}, tr("The relay {name} listens on {address}.",
                                           name=self.station.settings.name,
                                           address=shown))  # fmt: skip
        for road in await self.roads.start():
            self._say({"serving": road}, tr("Also on {road}.", road=road))
        if self.roads.print:
            self._say(
                {"print": self.roads.print},
                tr("The print of its certificate: {print}", print=self.roads.print),
            )
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failed)
        for name in ("SIGINT", "SIGTERM"):
            if os.name == "posix":
                loop.add_signal_handler(getattr(signal, name), self.stopping.set)
        upwards = loop.create_task(self._upwards())
        try:
            while not self.stopping.is_set():
                await self._look(loop.time())
                with suppress(TimeoutError):
                    await asyncio.wait_for(self.stopping.wait(), LOOK_SECONDS)
        finally:
            upwards.cancel()
            await self._close()

    async def _close(self) -> None:
        for task in list(self.tasks):
            task.cancel()
        with suppress(DiskFull, XtError):
            await self.keeper.close()
        with suppress(DiskFull):
            self.udp.close()
            await self.roads.close()
        self.store.close()
        self.spool.close()

    async def _upwards(self) -> None:
        """Open the road upwards; a network that is not there yet is waited for."""
        while True:
            try:
                await self.keeper.start()
                self._up = True
                return
            except (LinkDown, XtError) as error:
                self._trouble(error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _look(self, now: float) -> None:
        """Keep the way upwards open, and look for what other processes of this home wrote."""
        try:
            self.roads.look(now)
            self._reload(now)
            await self._look_up(now)
        except LogCorrupt:
            raise
        except XtError as error:
            self._trouble(error)
        except Exception as error:
            # A mistake of ours: it is told in full, and must not end the relay for everybody.
            context = {"message": "The relay's look around failed.", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    async def _look_up(self, now: float) -> None:
        """Keep the way upwards open, send what is new."""
        if not self._up:
            return
        if await self.keeper.step(self._asks()):
            self._version, self._polled_at = -1, -POLL_SECONDS
        if not self.pump.open:
            return
        self.pump.link.keep_alive_until(now + ALIVE_SECONDS)
        version = self.station.log.data_version()
        if version != self._version:
            self._version = version
            self.pump.look()
            for number in self.core.strangers():
                self._leave(number)
        if now - self._polled_at > POLL_SECONDS and not self.pump.link.polling:
            self._polled_at = now
            self.pump.poll()
        if now - self._mended_at > MEND_SECONDS and self.pump.exchange is not None:
            self._mended_at = now
            self.pump.mend()
            self.pump.save()

    def _asks(self) -> bool:
        """Whether an answer from above is waited for."""
        link = self.pump.link
        return not self.pump.open or link.polling or link.measured().queued_bundles > 0

    def _road_changed(self, change: RoadChange) -> None:
        self._say({"road": change.road, "text": change.text}, change.text)

    def _reload(self, now: float) -> None:
        """Another process of this home took a stick: let the links below see what it brought."""
        version = self.spool.data_version()
        if version == self._spool_version:
            return
        self._spool_version = version
        for number, node in list(self.core.nodes.items()):
            node.load(now, self.station.clock())
            self.udp.kick(number)

    def _find(self, number: int) -> SpooledLink | None:
        try:
            return self.core.find(number, asyncio.get_running_loop().time())
        except DiskFull as error:
            self._trouble(error)
            return None

    def _below(self, number: int, events: list[LinkEvent]) -> None:
        try:
            self.core.below(number, events, asyncio.get_running_loop().time())
        except DiskFull as error:
            # Nothing was confirmed: the station keeps it, and is asked for it when it speaks again.
            self._trouble(error)
            asyncio.get_running_loop().call_soon(self._leave, number)

    def _leave(self, number: int) -> None:
        """Forget the link of a station below."""
        self.core.nodes.pop(number, None)
        with suppress(DiskFull):
            self.udp.detach(number)

    def _kick_up(self) -> None:
        if self._up and self.pump.open:
            self.pump.offer()

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback of the loop failed. A full disk is told; the link goes on by itself."""
        error = context.get("exception")
        if isinstance(error, XtError):
            self._trouble(error)
        else:
            loop.default_exception_handler(context)

    def _trouble(self, error: XtError) -> None:
        """Tell it, the same not again for a while."""
        now, text = asyncio.get_running_loop().time(), str(error)
        self._told = {one: at for one, at in self._told.items() if now - at < TROUBLE_SECONDS}
        if text in self._told:
            return
        self._told[text] = now
        self._say({"error": str(error), "hint": error.advice}, f"{error} {error.advice}")

    def _say(self, document: dict[str, object], text: str) -> None:
        print(json.dumps(document, ensure_ascii=False) if self.as_json else text, flush=True)


def run_relay(as_json: bool, roads: RoadOptions | None) -> None:
    """Serve this home's relay until SIGINT or SIGTERM."""
    station = Station(Home(default_root()), clock=shell.now, entropy=shell.entropy)
    lock = SyncLock(station.home)
    if not lock.take():
        raise XtError("This hub is being served already.", "Stop the other one first.")

    async def run() -> None:
        await RelayServer(station, as_json=as_json, roads=roads).run()

    try:
        asyncio.run(run())
    finally:
        lock.free()
        station.close()
