"""One station's link to its hub over any road: link, spool and exchange joined together.

A shell on asyncio. It does not know when a sync is over; `syncing` does.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, replace

from xtcli.errors import DiskFull, LinkDown, XtError
from xtcli.station import linkfile
from xtcli.station.core import StationCore
from xtcli.station.exchange import Exchange
from xtcli.station.intake import Arrival, Intake
from xtcli.station.roads_hops import RELAYED_PATIENCE_SECONDS
from xtcli.station.roads_link import LinkRoad, RoadLink, UdpRoad, count, hop_key, keep, tune
from xtcli.station.routing import HUB
from xtcli.transport.driving import LinkClient, Wire
from xtcli.transport.link.events import LinkConfig, LinkEvent, Realtime
from xtcli.transport.link.frames import DATAGRAM_BYTES_MAX
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool

SAVE_SECONDS = 5.0
CLOSE_GRACE_SECONDS = 0.02


class Pump:
    """Moves everything between this station and its hub while it is open."""

    def __init__(
        self,
        station: StationCore,
        on_arrival: Callable[[Arrival], None],
        road: LinkRoad | None = None,
    ) -> None:
        """Nothing is opened before `start`. `road` None is UDP to the hub's address."""
        self.station = station
        self.road = road or UdpRoad(station.settings.hub_address)
        self._before = Wire()
        self._counted = Wire()
        self._on_arrival = on_arrival
        self.on_realtime: Callable[[bytes], None] = lambda payload: None
        self.on_failure: Callable[[XtError], None] = self._failed
        """Hears why a bundle could not be taken in; by default `check_disk` raises it."""
        self._failure: XtError | None = None
        self._client: LinkClient | None = None
        self._spool: Spool | None = None
        self.exchange: Exchange | None = None
        self._contact: float | None = None
        self._spool_version = -1

    async def start(self) -> None:
        """Open spool, link and road; LinkDown when the hub cannot be found or the road opened."""
        settings = self.station.settings
        overhead = await self.road.prepare()
        loop = asyncio.get_running_loop()
        self._spool = Spool(self.station.home.spool_path)
        key = link_key(self.station.keys.station_seal, hop_key(settings), settings.realm)
        link = RoadLink(
            local=settings.number, peer=HUB, key=key, now=loop.time(),
            entropy=self.station.entropy, config=LinkConfig(overhead_bytes=overhead),
        )  # fmt: skip
        node = SpooledLink(link, self._spool)
        before = link.save()
        tune(link, self.station.home, self.road, loop.time())
        self.exchange = self._exchange(node)
        self.exchange.resume(loop.time())
        client = self.road.client(node, self._events)
        try:
            await client.start()
        except BaseException:
            # Somebody else may have answered.
            count(self.station.home, self.road, client.wire, None)
            client.close()
            # What is assumed of a road that could not be opened says nothing of the others.
            self._spool.save_link_state(HUB, before)
            self._spool.close()
            self._spool = None
            raise
        self._client = client

    async def change(self, road: LinkRoad) -> None:
        """Go on over another road, as a new process would: nothing that has arrived is sent again.

        When that road cannot be opened, none is open; open one before anything else.
        """
        await self.close()
        self.road = road
        await self.start()

    def _exchange(self, node: SpooledLink) -> Exchange:
        """The dealings with the hub, perhaps through a relay that holds bundles for long."""
        settings = self.station.settings
        intake = Intake(self.station)
        intake.give_at_once = False
        exchange = Exchange(self.station, node, intake, settings.hub_seal)
        if hop_key(settings) != settings.hub_seal:
            exchange.patience = RELAYED_PATIENCE_SECONDS
        return exchange

    @property
    def link(self) -> Link:
        """The link, once started."""
        assert self.exchange is not None
        return self.exchange.link

    @property
    def wire(self) -> Wire:
        """What went over the wire so far, on all roads."""
        now = self._client.wire if self._client is not None else Wire()
        return _sum(self._before, now)

    @property
    def client(self) -> LinkClient | None:
        """The open road; None while none is."""
        return self._client

    @property
    def open(self) -> bool:
        """Whether a road is open."""
        return self._client is not None

    @property
    def contact(self) -> float | None:
        """When something genuine came from the hub last, unix seconds; None: not in this run."""
        return self._contact

    @property
    def heard(self) -> bool:
        """Whether anything genuine came from the hub."""
        return self._contact is not None

    def look(self) -> None:
        """Bundle what is new in the log, and let the link act on it."""
        if self.exchange is None or self._client is None:
            return
        self.exchange.fill(asyncio.get_running_loop().time())
        self.kick()

    def mend(self) -> None:
        """From time to time: bundle again what was refused or got no receipt for long, and take in
        what could not be before; see anew until when things are postponed, for the clock may have
        been set."""
        if self.exchange is not None and self._client is not None:
            now = asyncio.get_running_loop().time()
            self.exchange.mend()
            self.exchange.node.load(now, self.station.clock())
            for arrival in self.exchange.retry(now):
                self._on_arrival(arrival)
            self.look()

    def kick(self) -> None:
        """Let the link act now."""
        if self._client is not None and self.exchange is not None:
            self._client.kick()
            self.exchange.note_sent()

    def take(self, datagram: bytes, overhead: int) -> bool:
        """A datagram that came over another road than the open one; whether it was genuine."""
        client = self._client
        if client is None or len(datagram) > DATAGRAM_BYTES_MAX or not client.take(datagram):
            return False
        self._before.datagrams_in += 1
        self._before.bytes_in += len(datagram) + overhead
        return True

    def count_out(self, size: int) -> None:
        """A datagram of `size` bytes was sent over another road than the open one."""
        self._before.datagrams_out += 1
        self._before.bytes_out += size

    def send_realtime(self, payload: bytes) -> None:
        """Send a payload of a call at once; dropped while the road is not open."""
        if self.exchange is not None and self._client is not None:
            self.link.send_realtime(payload, asyncio.get_running_loop().time())
            self._client.kick()

    def check_disk(self) -> None:
        """Raise why something could not be taken in or written: no other road would mend that."""
        failure, self._failure = self._failure, None
        if self._client is not None:
            failure, self._client.failure = failure or self._client.failure, None
        if failure is not None:
            raise failure

    def check(self) -> None:
        """As `check_disk`; raise what has made the road useless; notice what others postponed."""
        self.check_disk()
        if self._client is not None and self._client.trouble is not None:
            raise self._client.trouble
        if self._spool is None or self.exchange is None:
            return
        version = self._spool.data_version()
        if version != self._spool_version:
            self._spool_version = version
            now = asyncio.get_running_loop().time()
            self.exchange.node.load(now, self.station.clock())
            self.kick()

    def held_back(self) -> bool:
        """Whether everything that still waits was postponed or cancelled by somebody here."""
        if self._spool is None or self.station.log.pending(HUB, 1):
            return False
        now, kept = self.station.clock(), self._spool.outgoing(HUB)
        return bool(kept) and all(one.held_until(now) for one in kept)

    def poll(self) -> None:
        """Ask the hub whether anything waits."""
        self.link.poll(asyncio.get_running_loop().time())
        self.kick()

    def _failed(self, error: XtError) -> None:
        self._failure = error

    def _events(self, events: list[LinkEvent]) -> None:
        """Called by the socket's shell with everything that happened."""
        assert self.exchange is not None
        now = asyncio.get_running_loop().time()
        self._contact = self.station.clock()
        for event in events:
            if isinstance(event, Realtime):
                self.on_realtime(event.payload)
                continue
            try:
                arrival = self.exchange.act(event, now)
            except XtError as error:
                # Nothing was confirmed, and the other events must not be lost with it.
                self.on_failure(error)
                continue
            if arrival is not None:
                self._on_arrival(arrival)
        self.exchange.note_sent()

    def save(self) -> None:
        """Keep what the link has learnt, for `xt status`."""
        if self.exchange is not None:
            known = linkfile.read_lacking(self.station.home)
            lacking = {
                one.tag: one.size - one.arrived if one.arrived else known[one.tag]
                for one in self.link.progress()
                # What the hub told an earlier process stands until it tells this one more.
                if not one.incoming and (one.arrived or one.tag in known)
            }
            linkfile.write_link(
                self.station.home, self.link.measured(), self._contact, self.road.name, lacking
            )
        self._count()

    def _count(self) -> None:
        """Write down what has been counted since the last time: a watch may last for weeks. On a
        full disk it is counted later."""
        if self._client is None:
            return
        wire = replace(self._client.wire)
        more = wire.since(self._counted)
        heard = more.datagrams_in > more.refused
        with suppress(DiskFull):
            count(self.station.home, self.road, more, self._contact if heard else None)
            self._counted = wire

    async def close(self) -> None:
        """Let the last datagrams leave, keep what was learnt, close. Idempotent."""
        client = self._client
        if client is not None:
            self.kick()
            await asyncio.sleep(CLOSE_GRACE_SECONDS)
            await client.finish()
            self.save()
            keep(self.link, self.station.home, self.road)
            self._client = None
            self._before = _sum(self._before, client.wire)
            self._counted = Wire()
            client.close()
        if self._spool is not None:
            self._spool.close()
            self._spool = None


def _sum(one: Wire, other: Wire) -> Wire:
    return Wire(*(getattr(one, f.name) + getattr(other, f.name) for f in fields(Wire)))


def no_hub_here() -> LinkDown:
    """A hub has nobody above it to sync with."""
    return LinkDown("This is the hub: it has nobody to sync with.", "Run it with: xt hub serve")
