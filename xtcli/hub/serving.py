"""`xt hub serve`: the hub's shell. One socket, many links, one batch of commits at a time.

Bundles that arrive together are committed together, so that many stations cost few fsyncs. What the
process holds can be rebuilt from disk; kill it at any moment.
"""

from __future__ import annotations

import asyncio
import os
import signal
from dataclasses import dataclass, field

from xtcli.errors import DiskFull, XtError
from xtcli.hub.admission import Admission
from xtcli.hub.hub import HubStation, open_hub
from xtcli.lang import tr
from xtcli.records.sign import Record
from xtcli.records.types import Kind
from xtcli.records.values import StationKind
from xtcli.station.enrolment import parse_address
from xtcli.station.exchange import Exchange
from xtcli.station.home import SyncLock
from xtcli.station.intake import Arrival, Intake
from xtcli.transport.bundle.pack import Part
from xtcli.transport.link.events import BundleArrived, LinkEvent, Realtime
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool
from xtcli.transport.udp import UdpServer

LOOK_SECONDS = 0.25
WATCH_SECONDS = 5.0
BATCH_SECONDS = 0.004
"""How long a bundle may wait for others to be committed with it."""
BATCH_MAX = 64
SPOOL_BYTES_PER_STATION_MAX = 64 << 20


@dataclass(slots=True)
class Peer:
    """One station as the hub sees it while it is connected."""

    number: int
    exchange: Exchange


@dataclass(slots=True)
class Opened:
    """A bundle that has been opened and waits to be committed."""

    peer: Peer
    tag: bytes
    parts: list[Part] = field(default_factory=list)


class Server:
    """One running hub."""

    def __init__(self, hub: HubStation, *, as_json: bool = False) -> None:
        """Nothing is opened before `run`."""
        self.hub = hub
        self.as_json = as_json
        self.intake = Intake(hub, hub.deliveries)
        self.admission = Admission(hub)
        self.spool = Spool(hub.home.spool_path)
        self.udp = UdpServer(self._find, self._events, self._stranger)
        self.peers: dict[int, Peer] = {}
        self.stopping = asyncio.Event()
        self._batch: list[Opened] = []
        self._flush: asyncio.TimerHandle | None = None
        self._version = -1

    async def run(self) -> None:
        """Listen and serve until stopped."""
        host, port = parse_address(self.hub.settings.hub_address)
        address = await self.udp.start(host, port)
        shown = f"{address[0]}:{address[1]}"
        self._say({"listening": shown}, tr("The hub {name} listens on {address}.",
                                           name=self.hub.settings.name, address=shown))  # fmt: skip
        loop = asyncio.get_running_loop()
        for name in ("SIGINT", "SIGTERM"):
            if os.name == "posix":
                loop.add_signal_handler(getattr(signal, name), self.stopping.set)
        watched = -WATCH_SECONDS
        try:
            while not self.stopping.is_set():
                self._look()
                if loop.time() - watched > WATCH_SECONDS:
                    watched = loop.time()
                    self._watch()
                try:
                    await asyncio.wait_for(self.stopping.wait(), LOOK_SECONDS)
                except TimeoutError:
                    continue
        finally:
            self._commit()
            self.udp.close()
            self.admission.close()
            self.spool.close()

    # Peers

    def _find(self, station: int) -> SpooledLink | None:
        """The link of a station that speaks for the first time; None for strangers and revoked."""
        entry = self.hub.roster.station(station)
        if entry is None or entry.station_kind is StationKind.HUB:
            return None
        if self.hub.roster.revoked(station):
            return None
        now = asyncio.get_running_loop().time()
        settings = self.hub.settings
        key = link_key(self.hub.keys.station_seal, entry.seal_key, settings.realm)
        link = Link(local=self.hub.number, peer=station, key=key, now=now, entropy=self.hub.entropy)
        node = SpooledLink(link, self.spool)
        exchange = Exchange(self.hub, node, self.intake, entry.seal_key)
        exchange.resume(now)
        exchange.fill(now)
        self.peers[station] = Peer(station, exchange)
        return node

    def _stranger(self, datagram: bytes, address: object) -> bytes | None:
        """A join request."""
        try:
            return self.admission.answer(datagram)
        except XtError as error:
            self._trouble(error)
            return None

    def _events(self, station: int, events: list[LinkEvent]) -> None:
        """What happened on one link; bundles wait a moment for others to be committed with."""
        peer = self.peers[station]
        now = asyncio.get_running_loop().time()
        for event in events:
            if isinstance(event, BundleArrived):
                parts = peer.exchange.open(event.tag, event.sealed)
                if parts is not None:
                    self._batch.append(Opened(peer, event.tag, parts))
            elif isinstance(event, Realtime):
                self._relay(station, event.payload)
            else:
                peer.exchange.handle(event, now)
        peer.exchange.note_sent()
        if len(self._batch) >= BATCH_MAX:
            self._commit()
        elif self._batch and self._flush is None:
            loop = asyncio.get_running_loop()
            self._flush = loop.call_later(BATCH_SECONDS, self._commit)

    def _relay(self, station: int, payload: bytes) -> None:
        """Live audio for another station; the hub cannot open it."""

    # Commits

    def _commit(self) -> None:
        """One transaction for all bundles that wait; then, and only then, the links say DONE."""
        if self._flush is not None:
            self._flush.cancel()
            self._flush = None
        batch, self._batch = self._batch, []
        if not batch:
            return
        arrivals: list[tuple[Opened, Arrival]] = []
        try:
            with self.hub.log.many():
                for opened in batch:
                    arrival = self.intake.take(opened.parts, opened.peer.number)
                    arrivals.append((opened, arrival))
                    self._criticals(arrival)
        except DiskFull as error:
            # Nothing was committed and nothing is confirmed: the stations keep all of it.
            self._trouble(error)
            return
        with self.spool.transaction():
            for opened, arrival in arrivals:
                opened.peer.exchange.settled(opened.tag, arrival)
        self._deliver()
        for opened, arrival in arrivals:
            self.udp.kick(opened.peer.number)
            for record in arrival.new:
                self._tell(record)

    def _criticals(self, arrival: Arrival) -> None:
        """Alert about requests with critical values as they come in."""
        for record in arrival.new:
            if record.kind is Kind.REQUEST:
                self.hub.alert_if_critical(record)

    def _deliver(self) -> None:
        """Bundle and offer what waits for stations that are connected."""
        now = asyncio.get_running_loop().time()
        filled = []
        try:
            with self.hub.log.many(), self.spool.transaction():
                for number in self.hub.log.peers_waiting():
                    peer = self.peers.get(number)
                    if peer is not None and peer.exchange.fill(now):
                        filled.append(number)
        except DiskFull as error:
            self._trouble(error)
        for number in filled:
            self.udp.kick(number)

    # From time to time

    def _look(self) -> None:
        """Notice what other processes of this home wrote: revocations, new stations."""
        version = self.hub.log.data_version()
        if version == self._version:
            return
        self._version = version
        for number in list(self.peers):
            if self.hub.roster.revoked(number):
                self.udp.detach(number)
                self.peers.pop(number, None)
        self._deliver()

    def _watch(self) -> None:
        """Keep the ten-minute promise and the alerts in sight."""
        try:
            made = self.hub.watch()
        except DiskFull as error:
            self._trouble(error)
            return
        for record in made:
            self._tell(record)
        if made:
            self._deliver()

    # Telling

    def _tell(self, record: Record) -> None:
        """A line about what happened; never a patient's name."""
        if record.case is None:
            return
        kind, case = record.kind.name.lower(), str(record.case)
        self._say({"record": str(record.id), "kind": kind, "case": case},
                  f"{case} {tr(kind)} {self.hub.name(record.author)}")  # fmt: skip

    def _trouble(self, error: XtError) -> None:
        """Something went wrong that must not stop the hub."""
        self._say({"error": str(error), "hint": error.advice}, f"{error} {error.advice}")

    def _say(self, document: dict[str, object], text: str) -> None:
        import json

        print(json.dumps(document, ensure_ascii=False) if self.as_json else text, flush=True)


def serve(as_json: bool = False) -> None:
    """Serve this home's hub until SIGINT or SIGTERM."""
    hub = open_hub()
    lock = SyncLock(hub.home)
    if not lock.take():
        raise XtError("This hub is being served already.", "Stop the other one first.")
    try:
        asyncio.run(_serve(hub, as_json))
    finally:
        lock.free()
        hub.close()


async def _serve(hub: HubStation, as_json: bool) -> None:
    await Server(hub, as_json=as_json).run()
