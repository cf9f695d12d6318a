"""`xt link test`: a few questions and a small payload over a road, and what they showed.

The payload is a bundle that the hub knows to be a test: it is opened, confirmed by the link and
forgotten. It measures with the link's own reports and invents no others.
"""

from __future__ import annotations

import asyncio
import statistics
import time
from dataclasses import dataclass, replace

from xtcli.errors import ExitCode, UsageError
from xtcli.records.values import StationKind
from xtcli.station import parcels
from xtcli.station.core import StationCore
from xtcli.station.forecast import Forecast
from xtcli.station.home import SyncLock
from xtcli.station.linkfile import write_link
from xtcli.station.pump import Pump, no_hub_here
from xtcli.station.roads_link import LinkRoad
from xtcli.station.routing import HUB
from xtcli.transport.bundle.pack import pack
from xtcli.transport.bundle.seal import bundle_context, seal

POLLS = 4
PAYLOAD_BYTES = 3000
PAYLOAD_BYTES_MAX = 1_000_000
STEP_SECONDS = 0.02
PRIORITY = 1
MEASURED_BYTES = 15_000
"""From so large a payload on the link's own measurement is better than the clock."""
SEALED_BYTES, HEADER_BYTES = 60, 45
"""Around the payload, and around each datagram of it."""


@dataclass(frozen=True, slots=True)
class LinkTest:
    """What a test showed. `loss` is of this station's datagrams; None where nothing was measured.

    `payload_seconds`: from its first datagram until the hub had said that it holds it.
    """

    road: str
    exit_code: ExitCode
    asked: int
    answered: int
    rtt_s: float | None
    rtt_min_s: float | None
    rate_bps: float | None
    loss: float | None
    payload_bytes: int
    payload_seconds: float | None
    bytes_sent: int
    bytes_received: int
    datagrams_sent: int
    datagrams_received: int
    last_contact: float | None
    waiting_records: int
    waiting_blobs: int
    waiting_bytes: int
    waiting_seconds: float | None


def probe_link(
    station: StationCore, seconds: float, payload: int = PAYLOAD_BYTES, road: LinkRoad | None = None
) -> LinkTest:
    """Test a road (None: UDP) for at most `seconds`; UsageError while another process uses it."""
    if station.kind is StationKind.HUB:
        raise no_hub_here()
    if not 0 < payload <= PAYLOAD_BYTES_MAX:
        raise UsageError(
            "A test sends 1 to {most} bytes.", "Choose another size.", most=PAYLOAD_BYTES_MAX
        )
    lock = SyncLock(station.home)
    if not lock.take():
        raise UsageError(
            "Another xt of this station is using the link.", "See what it measured: xt status"
        )
    try:
        return asyncio.run(_Test(station, payload, road).run(seconds))
    finally:
        lock.free()


class _Test:
    """One test under way."""

    def __init__(self, station: StationCore, payload: int, road: LinkRoad | None) -> None:
        self.station = station
        self.payload = payload
        self.pump = Pump(station, lambda arrival: None, road)
        self.trips: list[float] = []
        self.asked = 0
        self.took: float | None = None

    async def run(self, seconds: float) -> LinkTest:
        end = time.monotonic() + seconds
        await self.pump.start()
        try:
            for _ in range(POLLS):
                await self._ask(end)
            await self._send(end)
            for _ in range(POLLS if self.took is not None else 0):
                await self._ask(end)
            found, measure = self._found(), self.pump.link.measured()
        finally:
            await self.pump.close()
        # What this test found is what is promised from now on, until a sync has measured more.
        kept = replace(measure, rate_bps=found.rate_bps)
        write_link(self.station.home, kept, self.pump.contact, self.pump.road.name)
        return replace(found, waiting_seconds=Forecast(self.station).waiting())

    async def _ask(self, end: float) -> None:
        """One question; how long until its answer."""
        if time.monotonic() >= end:
            return
        self.asked += 1
        started = time.monotonic()
        self.pump.poll()
        link = self.pump.link
        while link.polling and time.monotonic() < end:
            self.pump.check()
            await asyncio.sleep(STEP_SECONDS)
        if link.peer_waiting is not None:
            self.trips.append(time.monotonic() - started)

    async def _send(self, end: float) -> None:
        """A payload that does not compress."""
        exchange, station = self.pump.exchange, self.station
        assert exchange is not None
        plain = pack([parcels.probe_part(station.entropy(self.payload))])
        context = bundle_context(station.settings.realm, station.number, HUB)
        sealed = seal(plain, recipient=station.settings.hub_seal, context=context,
                      entropy=station.entropy)  # fmt: skip
        started = time.monotonic()
        loop = asyncio.get_running_loop()
        tag = exchange.node.put(sealed, PRIORITY, loop.time(), station.clock())
        self.pump.kick()
        try:
            while time.monotonic() < end:
                self.pump.check()
                if all(one.tag != tag for one in exchange.spool.outgoing(HUB)):
                    self.took = time.monotonic() - started
                    return
                await asyncio.sleep(STEP_SECONDS)
        finally:
            exchange.link.withdraw(tag)
            exchange.spool.drop(HUB, tag)

    def _rate_bps(self, measured: float | None) -> float | None:
        """The rate upwards. A few datagrams, each late or early by itself, say little of a rate;
        how long all of them took beyond a round trip says what it is at least. What an earlier
        process measured is not what this test found.
        """
        if self.took is None or not self.trips:
            return None
        if measured is not None and self.payload >= MEASURED_BYTES:
            return measured
        least = min(self.trips)
        wire = self.payload + SEALED_BYTES + (1 + self.payload // 1000) * HEADER_BYTES
        return wire * 8 / max(self.took - least, least / 4, 0.001)

    def _found(self) -> LinkTest:
        measure, wire = self.pump.link.measured(), self.pump.wire
        waiting = self.station.log.waiting(HUB)
        return LinkTest(
            road=self.pump.road.name,
            exit_code=ExitCode.OK if self.pump.heard else ExitCode.LINK_DOWN,
            asked=self.asked, answered=len(self.trips),
            rtt_s=statistics.median(self.trips) if self.trips else None,
            rtt_min_s=min(self.trips, default=None),
            rate_bps=self._rate_bps(measure.rate_bps),
            loss=measure.loss if self.pump.heard else None,
            payload_bytes=self.payload, payload_seconds=self.took,
            bytes_sent=wire.bytes_out, bytes_received=wire.bytes_in,
            datagrams_sent=wire.datagrams_out, datagrams_received=wire.datagrams_in,
            last_contact=self.pump.contact,
            waiting_records=waiting.records, waiting_blobs=waiting.blobs,
            waiting_bytes=waiting.size,
            waiting_seconds=None,
        )  # fmt: skip
