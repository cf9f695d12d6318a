"""`xt hub serve`: the hub's shell. One socket and the loop's clock around `HubCore`.

It knows sockets, signals and what is printed; what a hub does is in `core`.
"""

from __future__ import annotations

import asyncio
import os
import signal
from contextlib import suppress
from typing import Any

from xtcli.errors import DiskFull, LogCorrupt, UsageError, XtError
from xtcli.hub.admission import Admission
from xtcli.hub.core import HubCore
from xtcli.hub.doors import Door
from xtcli.hub.hub import HubStation, open_hub
from xtcli.hub.serving_roads import RoadOptions, ServedRoads
from xtcli.hub.web import ServedWeb, WebOptions
from xtcli.lang import tr
from xtcli.records.sign import Record
from xtcli.station import words
from xtcli.station.enrolment import parse_address, show_address
from xtcli.station.home import Home, SyncLock, default_root
from xtcli.station.routing import HUB
from xtcli.transport.link.events import LinkEvent
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool
from xtcli.transport.udp import UdpServer

LOOK_SECONDS = 0.25
TROUBLE_SECONDS = 30.0
"""The same trouble is told again only after so long."""
TROUBLES_MAX = 100


class Server:
    """One running hub: a socket, a loop and its clock around `HubCore`."""

    def __init__(
        self, hub: HubStation, *, as_json: bool = False, roads: RoadOptions | None = None,
        web: WebOptions | None = None,
    ) -> None:  # fmt: skip
        """Nothing is opened before `run`."""
        self.hub = hub
        self.as_json = as_json
        self.admission = Admission(hub)
        self.spool = Spool(hub.home.spool_path)
        door = Door(hub, hub.number)
        self.udp = UdpServer(self._find, self._events, self._stranger, door.genuine)
        self.core = HubCore(
            hub, self.spool, kick=self.udp.kick, detach=self._detach, tell=self._tell,
            trouble=self._trouble,
        )  # fmt: skip
        self.roads = ServedRoads(
            hub, self.udp, lambda: self.udp.wire, roads or RoadOptions(), self._trouble
        )
        self.web = ServedWeb(hub, self.core, web) if web is not None and web.wanted else None
        self.stopping = asyncio.Event()
        self._flush: asyncio.TimerHandle | None = None
        self._troubles: dict[str, float] = {}
        self._stuck = False

    async def run(self) -> None:
        """Listen and serve until stopped."""
        host, port = parse_address(self.hub.settings.hub_address)
        address = await self.udp.start(host, port)
        shown = show_address(address)
        self._say({"listening": shown}, tr("The hub {name} listens on {address}.",
                                           name=self.hub.settings.name, address=shown))  # fmt: skip
        for road in await self.roads.start():
            self._say({"serving": road}, tr("Also on {road}.", road=road))
        if self.roads.print:
            self._say(
                {"print": self.roads.print},
                tr("The print of its certificate: {print}", print=self.roads.print),
            )
        if self.web is not None:
            url, fingerprint = await self.web.start()
            text = tr("Guests' page: {url} {fingerprint}", url=url, fingerprint=fingerprint)
            self._say({"page": url, "fingerprint": fingerprint}, text.rstrip())
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(self._failed)
        for name in ("SIGINT", "SIGTERM"):
            if os.name == "posix":
                loop.add_signal_handler(getattr(signal, name), self.stopping.set)
        try:
            while not self.stopping.is_set():
                self._look(loop.time())
                try:
                    await asyncio.wait_for(self.stopping.wait(), LOOK_SECONDS)
                except TimeoutError:
                    continue
        finally:
            self.core.close(loop.time())
            with suppress(DiskFull):
                self.udp.close()
                await self.roads.close()
                if self.web is not None:
                    await self.web.close()
            self.admission.close()
            self.spool.close()

    def _look(self, now: float) -> None:
        """What is done from time to time; after a full disk, whether links can go on. Another
        process that keeps the log for long must not end the hub; a log that does not check does."""
        try:
            self.core.look(now)
            self.roads.look(now)
            if self.web is not None:
                self.web.look(now)
            stuck, self._stuck = self._stuck, False
            for number in list(self.core.peers) if stuck else []:
                self.udp.kick(number)
            for fault in self.hub.faults():
                self._trouble(fault)
        except LogCorrupt:
            raise
        except XtError as error:
            self._stuck = True
            self._trouble(error)
        except Exception as error:
            # A mistake of ours: it is told in full, and must not end the hub for everybody.
            context = {"message": "The hub's look around failed.", "exception": error}
            asyncio.get_running_loop().call_exception_handler(context)

    def _failed(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """A callback of the loop failed. A full disk must not stop the hub; it goes on later."""
        error = context.get("exception")
        if isinstance(error, XtError):
            self._stuck = self._stuck or isinstance(error, DiskFull)
            self._trouble(error)
        else:
            loop.default_exception_handler(context)

    # Links

    def _find(self, station: int) -> SpooledLink | None:
        return self.core.find(station, asyncio.get_running_loop().time())

    def _detach(self, station: int) -> None:
        with suppress(DiskFull):
            self.udp.detach(station)

    def _stranger(self, datagram: bytes, address: object) -> bytes | None:
        """A join request."""
        try:
            answer = self.admission.answer(datagram)
            if answer is not None:
                # Relays on the way must know the new station before it speaks.
                asyncio.get_running_loop().call_soon(self._deliver)
            return answer
        except XtError as error:
            self._trouble(error)
            return None

    def _deliver(self) -> None:
        self.core.deliver(asyncio.get_running_loop().time())

    def _events(self, station: int, events: list[LinkEvent]) -> None:
        """What happened on one link."""
        loop = asyncio.get_running_loop()
        self.core.events(station, events, loop.time())
        due = self.core.next_timer()
        if due is not None and (self._flush is None or due < self._flush.when()):
            self._stop_flush()
            self._flush = loop.call_at(due, self._commit)

    def _commit(self) -> None:
        self._stop_flush()
        self.core.commit(asyncio.get_running_loop().time())

    def _stop_flush(self) -> None:
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None

    # Telling

    def _tell(self, record: Record) -> None:
        """A line about what happened; never a patient's name."""
        if record.case is None:
            return
        kind, case = record.kind.name.lower(), str(record.case)
        self._say({"record": str(record.id), "kind": kind, "case": case},
                  f"{case} {words.kind(kind)} {self.hub.name(record.author)}")  # fmt: skip

    def _trouble(self, error: XtError) -> None:
        """Something went wrong that must not stop the hub."""
        now = asyncio.get_running_loop().time()
        if now - self._troubles.get(str(error), -TROUBLE_SECONDS) < TROUBLE_SECONDS:
            return
        if len(self._troubles) >= TROUBLES_MAX:
            self._troubles.clear()
        self._troubles[str(error)] = now
        self._say({"error": str(error), "hint": error.advice}, f"{error} {error.advice}")

    def _say(self, document: dict[str, object], text: str) -> None:
        import json

        print(json.dumps(document, ensure_ascii=False) if self.as_json else text, flush=True)


def serve(
    as_json: bool = False, roads: RoadOptions | None = None, web: WebOptions | None = None
) -> None:
    """Serve this home's hub until SIGINT or SIGTERM, over UDP and `roads`, and guests' `web`."""
    if Home(default_root()).settings().number != HUB:
        from xtcli.hub.relay_server import run_relay

        if web is not None and web.wanted:
            raise UsageError("A relay serves no page.", "Serve it at the hub above.")
        run_relay(as_json, roads)
        return
    hub = open_hub()
    lock = SyncLock(hub.home)
    if not lock.take():
        raise XtError("This hub is being served already.", "Stop the other one first.")
    try:
        asyncio.run(_serve(hub, as_json, roads, web))
    finally:
        lock.free()
        hub.close()


async def _serve(
    hub: HubStation, as_json: bool, roads: RoadOptions | None, web: WebOptions | None
) -> None:
    await Server(hub, as_json=as_json, roads=roads, web=web).run()
