"""Syncing: drive the pump until nothing waits either way, a receipt is here, or time is over.

If another process of this home holds the link, it does the sending; this one only watches the log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from xtcli.errors import ExitCode, LinkDown, UsageError
from xtcli.records.ids import RecordId
from xtcli.records.values import StationKind
from xtcli.station import views
from xtcli.station.calls_door import LinkCalls
from xtcli.station.core import StationCore
from xtcli.station.happenings import Happening, happening
from xtcli.station.home import SyncLock
from xtcli.station.intake import Arrival
from xtcli.station.pump import Pump, no_hub_here
from xtcli.station.requested import Giver
from xtcli.station.roads_link import LinkRoad
from xtcli.station.routing import HUB
from xtcli.station.views import Waited

Progress = Callable[[int, float | None], None]
Show = Callable[[Happening], None]
LOOK_SECONDS = 0.1
"""How often the log is looked at for what another process wrote."""
POLL_SECONDS = 5.0
"""While something should come and does not, ask again."""
POLL_PATIENCE_SECONDS = 150.0
"""A question without an answer for so long is asked anew."""
WATCH_POLL_SECONDS = 120.0
"""A watching station is kept reachable by keep-alives; it asks only now and then."""
PROGRESS_SECONDS = 0.25
RECONNECT_SECONDS = 3.0
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class SyncReport:
    """How a sync ended."""

    exit_code: ExitCode
    confirmed: int = 0
    arrived: int = 0
    bytes_sent: int = 0
    bytes_received: int = 0
    datagrams_sent: int = 0
    datagrams_received: int = 0
    waiting_records: int = 0
    waiting_blobs: int = 0


class Syncer:
    """One sync under way, in one event loop. `stop` may be set by anybody in that loop."""

    def __init__(
        self,
        station: StationCore,
        show: Show | None = None,
        progress: Progress | None = None,
        road: LinkRoad | None = None,
    ) -> None:
        """Nothing is opened before `start`. `road` None is UDP."""
        self.station = station
        self.show = show
        self.progress = progress
        self.stop = False
        self.arrived = 0
        self.pump = Pump(station, self._arrival, road)
        self.calls = LinkCalls(station, self.pump, show)
        self.giver = Giver(station)
        self._version = -1
        self._polled_at = -NEVER
        self._drawn_at = self._saved_at = 0.0
        self._wake = asyncio.Event()

    def _arrival(self, arrival: Arrival) -> None:
        """Something came: tell it, and ask soon whether there is more."""
        self.arrived += len(arrival.new)
        self._polled_at = -NEVER
        self._wake.set()
        self.giver.note(arrival.new)
        for record in arrival.new:
            if self.show is None:
                break
            by = self.station.name(record.author)
            found = happening(record, by, self.station.kind, self.station.clock())
            if found is not None:
                self.show(found)

    async def step(self, poll_seconds: float) -> None:
        """Look at the log, ask the hub when it is time, and wait for something to happen."""
        if await self.giver.step():
            # Our own writes do not change the version below.
            self.pump.look()
        self.calls.step()
        self.pump.check()
        now = time.monotonic()
        version = self.station.log.data_version()
        if version != self._version:
            self.pump.look()
            self._version = version
        link = self.pump.link
        since = now - self._polled_at
        if since > poll_seconds and (not link.polling or since > POLL_PATIENCE_SECONDS):
            self.pump.poll()
            self._polled_at = now
        self._draw(now)
        if now - self._saved_at > POLL_SECONDS:
            self.pump.save()
            self._saved_at = now
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
        except TimeoutError:
            return

    def _draw(self, now: float) -> None:
        """Show how much waits, and how long it will take."""
        if self.progress is None or now - self._drawn_at < PROGRESS_SECONDS:
            return
        self._drawn_at = now
        measure = self.pump.link.measured()
        left = self.pump.link.estimate(0, 7) if measure.queued_bytes else None
        self.progress(measure.queued_bytes, left)

    async def start(self) -> None:
        """Open the road, and the door for calls of other processes of this home."""
        await self.pump.start()
        await self.calls.open()

    async def close(self) -> None:
        """Close both."""
        await self.calls.close()
        await self.pump.close()

    def done(self) -> bool:
        """Nothing waits here, and the hub has said that nothing waits there."""
        link = self.pump.link
        if link.polling or link.peer_waiting != 0 or link.measured().queued_bundles:
            return False
        waiting = self.station.log.waiting(HUB)
        return not waiting.records and not waiting.blobs

    def rests(self) -> bool:
        """All that still waits was postponed or cancelled, and nothing waits at the hub."""
        link = self.pump.link
        return not link.polling and link.peer_waiting == 0 and self.pump.held_back()

    def report(self, code: ExitCode, confirmed: int) -> SyncReport:
        """What to say at the end."""
        waiting, wire = self.station.log.waiting(HUB), self.pump.wire
        return SyncReport(
            code, confirmed, self.arrived, wire.bytes_out, wire.bytes_in, wire.datagrams_out,
            wire.datagrams_in, waiting.records, waiting.blobs,
        )  # fmt: skip


def run_sync(
    station: StationCore,
    timeout: float,
    *,
    watch: bool,
    show: Show | None = None,
    progress: Progress | None = None,
    road: LinkRoad | None = None,
) -> SyncReport:
    """Exchange with the hub; with `watch` until `timeout` (0: until stopped)."""
    if station.kind is StationKind.HUB:
        raise no_hub_here()
    lock = SyncLock(station.home)
    if not lock.take():
        if watch:
            raise UsageError(
                "Another xt of this station is connected already.", "Use that one, or stop it."
            )
        return _watch_other(station, timeout)
    try:
        return asyncio.run(
            _sync(partial(Syncer, road=road), station, timeout, watch, show, progress)
        )
    finally:
        lock.free()


async def _sync(
    make: Callable[..., Syncer], station: StationCore, timeout: float, watch: bool,
    show: Show | None, progress: Progress | None,
) -> SyncReport:  # fmt: skip
    """This process holds the link."""
    syncer = make(station, show, progress)
    before = station.log.waiting(HUB).records
    end = time.monotonic() + timeout if timeout else NEVER
    code = ExitCode.OK if watch else ExitCode.WAITING
    await _start(syncer, end, patient=watch)
    try:
        while (time.monotonic() < end or syncer.calls.busy) and not syncer.stop:
            if watch or syncer.calls.busy:
                syncer.pump.link.keep_alive_until(asyncio.get_running_loop().time() + 60.0)
            await syncer.step(WATCH_POLL_SECONDS if watch else POLL_SECONDS)
            if not watch and not syncer.calls.busy and syncer.done():
                code = ExitCode.OK
                break
            if not watch and not syncer.calls.busy and syncer.rests():
                break
        if code is ExitCode.WAITING and not syncer.pump.heard:
            code = ExitCode.LINK_DOWN
        after = station.log.waiting(HUB).records
        return syncer.report(code, max(0, before - after))
    finally:
        await syncer.close()


async def _start(syncer: Syncer, end: float, *, patient: bool) -> None:
    """Open the road; a patient one waits for a network to appear."""
    while True:
        try:
            return await syncer.start()
        except LinkDown:
            if not patient or time.monotonic() + RECONNECT_SECONDS > end or syncer.stop:
                raise
        await asyncio.sleep(RECONNECT_SECONDS)


def _watch_other(station: StationCore, timeout: float) -> SyncReport:
    """Another process holds the link: wait until it has sent what is here."""
    before = station.log.waiting(HUB).records
    end = time.monotonic() + timeout
    while True:
        waiting = station.log.waiting(HUB)
        left = waiting.records + waiting.blobs
        if not left or time.monotonic() >= end:
            return SyncReport(
                ExitCode.WAITING if left else ExitCode.OK, max(0, before - waiting.records),
                waiting_records=waiting.records, waiting_blobs=waiting.blobs,
            )  # fmt: skip
        time.sleep(LOOK_SECONDS)


def send_and_wait(station: StationCore, cases: Sequence[RecordId], seconds: float) -> Waited:
    """Send now and return when the hub's receipts for `cases` are here, or after `seconds`."""
    lock = SyncLock(station.home)
    mine = lock.take()
    try:
        return asyncio.run(_wait(station, cases, seconds, mine))
    finally:
        lock.free()


async def _wait(
    station: StationCore, cases: Sequence[RecordId], seconds: float, mine: bool
) -> Waited:
    """Drive the link if it is ours, and look for receipts."""
    start = time.monotonic()
    receipts: dict[RecordId, float] = {}
    syncer = Syncer(station) if mine else None
    try:
        if syncer is not None:
            await _start(syncer, start + seconds, patient=False)
        while len(receipts) < len(cases) and time.monotonic() < start + seconds:
            if syncer is not None:
                # The request itself asks; a poll would only spend bytes.
                syncer._polled_at = time.monotonic()
                await syncer.step(NEVER)
            else:
                await asyncio.sleep(LOOK_SECONDS)
            for case in cases:
                if case not in receipts and HUB in station.log.confirmed(case):
                    receipts[case] = time.monotonic() - start
    except LinkDown:
        # Saved is saved: the caller says that it waits.
        pass
    finally:
        if syncer is not None:
            await syncer.close()
    states = {case: views.state_word(station.case(case).state) for case in cases}
    wire = syncer.pump.wire if syncer is not None else None
    return Waited(
        receipts, states, wire.bytes_out if wire else 0, wire.bytes_in if wire else 0,
        wire.datagrams_out if wire else 0, wire.datagrams_in if wire else 0,
    )  # fmt: skip
