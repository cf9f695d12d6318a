"""Syncing: drive the pump until nothing waits either way, a receipt is here, or time is over.

If another process of this home holds the link, it does the sending; this one only watches the log.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from xtcli.errors import ExitCode, LinkDown, UsageError
from xtcli.records.queue import Ask as Page
from xtcli.records.values import StationKind
from xtcli.station.calls_door import LinkCalls
from xtcli.station.core import StationCore
from xtcli.station.exchange import MEND_SECONDS
from xtcli.station.happenings import Happening, happening
from xtcli.station.home import SyncLock
from xtcli.station.intake import Arrival
from xtcli.station.polls import Coming, Polls
from xtcli.station.pump import Pump, no_hub_here
from xtcli.station.requested import Giver
from xtcli.station.roads_auto import OnRoad, RoadKeeper, all_roads
from xtcli.station.roads_beside import RoadsBeside
from xtcli.station.roads_link import LinkRoad
from xtcli.station.routing import HUB
from xtcli.station.syncing_other import LOOK_SECONDS, SyncReport, watch_other

Progress = Callable[["Traffic"], None]
Show = Callable[[Happening], None]
POLL_SECONDS = 5.0
"""While something should come and does not, ask again."""
WATCH_POLL_SECONDS = 120.0
"""A watching station is kept reachable by keep-alives; it asks only now and then."""
IDLE_POLL_SECONDS = 900.0
"""A watching post where nobody waits costs nothing in between; so late it hears what it did not
ask for, such as a change of an answer to a closed case."""
ALIVE_SECONDS = 60.0
PROGRESS_SECONDS = 0.25
RECONNECT_SECONDS = 3.0
NEVER = float("inf")


@dataclass(frozen=True, slots=True)
class Traffic:
    """What is on its way: bytes that the hub lacks and that we lack, as far as is known.

    What was postponed is not in it. `send_seconds` is the link's estimate until the first are known
    to be there; None while nothing was measured.
    """

    to_send: int
    send_seconds: float | None
    to_fetch: int = 0
    silent_seconds: float = 0.0
    """For how long the hub has owed an answer: while it does, no estimate means anything."""


class Syncer:
    """One sync under way, in one event loop. `stop` may be set by anybody in that loop."""

    def __init__(
        self,
        station: StationCore,
        show: Show | None = None,
        progress: Progress | None = None,
        road: LinkRoad | None = None,
        on_road: OnRoad | None = None,
        seconds: float = 0.0,
    ) -> None:
        """Nothing is opened before `start`. `road` None is whichever of the station's own roads
        answers; `seconds` is all the time there is (0: no end).
        """
        self.station = station
        self.show = show
        self.progress = progress
        self.stop = False
        self.arrived = 0
        self.pump = Pump(station, self._arrival, road)
        roads = [] if road is not None else all_roads(station)
        links = [one for one in roads if one.carries_link]
        self.keeper = RoadKeeper(station, self.pump, links, on_road, seconds) if links else None
        self.beside = RoadsBeside(station, roads, self._arrival, on_road)
        if self.keeper is not None:
            self.keeper.patient = self.beside.any
        self.watch = False
        self._answering = False
        self.calls = LinkCalls(station, self.pump, show)
        self.giver = Giver(station)
        self._version = -1
        self._waits: tuple[tuple[int, int], bool] | None = None
        self.polls = Polls()
        self.coming = Coming()
        self._drawn_at = self._saved_at = self._mended_at = 0.0
        self._wake = asyncio.Event()

    def _arrival(self, arrival: Arrival) -> None:
        """Something came: tell it, and ask soon whether there is more."""
        self.arrived += len(arrival.new)
        self.polls.again()
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
        await self._roads()
        now = time.monotonic()
        if self.pump.open:
            self._talk(poll_seconds, now)
        self._draw(now)
        self._wake.clear()
        try:
            await asyncio.wait_for(self._wake.wait(), LOOK_SECONDS)
        except TimeoutError:
            return

    def _talk(self, poll_seconds: float, now: float) -> None:
        """Bundle what is new, ask the hub when it is time."""
        version = self.station.log.data_version()
        if version != self._version:
            self.pump.look()
            self._version = version
        if self.polls.due(self.pump.link, now, poll_seconds):
            self.pump.poll()
        if now - self._saved_at > POLL_SECONDS:
            self.pump.save()
            self._saved_at = now
        if now - self._mended_at > MEND_SECONDS:
            self.pump.mend()
            self._mended_at = now

    async def _roads(self) -> None:
        """Keep the link on a road that answers, and use the roads beside it."""
        if self.keeper is None:
            self.pump.check()
            return
        if await self.keeper.step(self._asks()):
            await self._answer_calls()
            self.pump.look()
            self.polls.again()
        if self.beside.any and not self.calls.busy:
            silence = self.keeper.silence()
            if self.beside.step(silence, time.monotonic(), self.watch):
                self.pump.look()

    def _asks(self) -> bool:
        """Whether an answer of the hub is waited for."""
        if not self.pump.open:
            return True
        link = self.pump.link
        return link.polling or bool(link.measured().queued_bundles and not self.pump.held_back())

    def _draw(self, now: float) -> None:
        """Show how much waits, and how long it will take."""
        if self.progress is None or now - self._drawn_at < PROGRESS_SECONDS:
            return
        self._drawn_at = now
        if not self.pump.open:
            return self.progress(Traffic(self.station.log.waiting(HUB).size, None))
        link, at = self.pump.link, asyncio.get_running_loop().time()
        queued = link.waiting(at)[1]
        left = link.estimate(0, 7, at) if queued else None
        if left is not None:
            # The hub's word that it is there takes its time too.
            left += (link.measured().rtt_s or 0.0) / 2
        coming = sum(one.size - one.arrived for one in link.progress() if one.incoming)
        silent = self.keeper.silence() if self.keeper is not None else 0.0
        self.progress(Traffic(queued, left, coming, silent))

    async def start(self) -> None:
        """Open a road, and the door for calls of other processes of this home.

        Where there are roads beside the link, they do while none can be opened.
        """
        try:
            await (self.pump.start() if self.keeper is None else self.keeper.start())
        except LinkDown:
            if not self.beside.any:
                raise
            return
        await self._answer_calls()

    async def _answer_calls(self) -> None:
        if not self._answering:
            self._answering = True
            await self.calls.open()

    async def close(self) -> None:
        """Close everything."""
        await self.calls.close()
        await self.beside.close()
        await (self.pump.close() if self.keeper is None else self.keeper.close())

    def waits(self) -> bool:
        """Whether a person here waits for what the hub may send: at a desk always, for requests
        come unasked; at a post while a case is not closed. Looked at when the log has changed.
        """
        seen = self.station.log.data_version(), self.arrived
        if self._waits is None or seen != self._waits[0]:
            self._waits = seen, somebody_waits(self.station)
        return self._waits[1]

    def done(self) -> bool:
        """Nothing waits here, and the hub has said that nothing waits there."""
        if not self.pump.open:
            return False
        link = self.pump.link
        if self.coming.look(link, time.monotonic()) or link.measured().queued_bundles:
            return False
        if link.polling or link.peer_waiting != 0:
            return False
        waiting = self.station.log.waiting(HUB)
        return not waiting.records and not waiting.blobs

    def rests(self) -> bool:
        """All that still waits was postponed or cancelled, and nothing waits at the hub."""
        if not self.pump.open:
            return False
        link = self.pump.link
        return not link.polling and link.peer_waiting == 0 and self.pump.held_back()

    def visit_sticks(self) -> bool:
        """At the end: take what lies on a stick that is there; whether anything came."""
        found = self.beside.end(time.monotonic())
        if found:
            self.pump.look()
        return found

    def settled(self) -> bool:
        """No link answers, but a road beside it has carried everything and brought the receipts."""
        waiting = self.station.log.waiting(HUB)
        return self.beside.settled and not waiting.records and not waiting.blobs

    def code(self) -> ExitCode:
        """How a sync ends that the link alone has not ended."""
        if not self.pump.heard and not self.beside.carried:
            return ExitCode.LINK_DOWN
        waiting = self.station.log.waiting(HUB)
        mine = waiting.records or waiting.blobs or self.pump.heard
        return ExitCode.WAITING if mine else ExitCode.OK

    def watched(self) -> ExitCode:
        """How a watch ends: well when the hub was heard and nothing is known to wait."""
        code, waiting = self.code(), self.station.log.waiting(HUB)
        theirs = self.pump.open and bool(self.pump.link.peer_waiting)
        well = code is ExitCode.WAITING and not (waiting.records or waiting.blobs or theirs)
        return ExitCode.OK if well else code

    def report(self, code: ExitCode, confirmed: int, returned: int) -> SyncReport:
        """What to say at the end."""
        waiting, wire = self.station.log.waiting(HUB), self.pump.wire
        return SyncReport(
            code, confirmed, self.arrived, wire.bytes_out, wire.bytes_in, wire.datagrams_out,
            wire.datagrams_in, waiting.records, waiting.blobs, returned, self.pump.road.name,
            code is ExitCode.WAITING and self.rests(),
        )  # fmt: skip


def run_sync(
    station: StationCore,
    timeout: float,
    *,
    watch: bool,
    show: Show | None = None,
    progress: Progress | None = None,
    road: LinkRoad | None = None,
    on_road: OnRoad | None = None,
) -> SyncReport:
    """Exchange with the hub; with `watch` until `timeout` (0: until stopped).

    Over `road`; None: over whichever of the station's roads answers, and `on_road` hears which.
    """
    if station.kind is StationKind.HUB:
        raise no_hub_here()
    lock, end = SyncLock(station.home), time.monotonic() + timeout if timeout else NEVER
    if not lock.take():
        if watch:
            raise UsageError(
                "Another xt of this station is connected already.", "Use that one, or stop it."
            )
        other = watch_other(station, lock, end)
        if other is not None:
            return other
    left = max(LOOK_SECONDS, end - time.monotonic()) if timeout else 0.0
    try:
        make = partial(Syncer, road=road, on_road=on_road, seconds=0.0 if watch else left)
        return asyncio.run(_sync(make, station, left, watch, show, progress))
    finally:
        lock.free()


async def _sync(
    make: Callable[..., Syncer], station: StationCore, timeout: float, watch: bool,
    show: Show | None, progress: Progress | None,
) -> SyncReport:  # fmt: skip
    """This process holds the link."""
    syncer = make(station, show, progress)
    syncer.watch = watch
    before, refused = station.log.waiting(HUB).records, len(station.log.returns())
    end = time.monotonic() + timeout if timeout else NEVER
    try:
        code = await _until_done(syncer, end, watch)
        after = station.log.waiting(HUB).records
        returned = len(station.log.returns()) - refused
        if returned > 0 and code is ExitCode.OK:
            code = ExitCode.PARTLY
        return syncer.report(code, max(0, before - after - max(0, returned)), max(0, returned))
    finally:
        await syncer.close()


async def _until_done(syncer: Syncer, end: float, watch: bool) -> ExitCode:
    """Drive it; how it ended. Ctrl-C cancels: what was reached until then is told, too."""
    code: ExitCode | None = None
    try:
        await start_syncer(syncer, end, patient=watch)
        while (time.monotonic() < end or syncer.calls.busy) and not syncer.stop:
            waits = syncer.calls.busy or (watch and syncer.waits())
            if syncer.pump.open and waits:
                syncer.pump.link.keep_alive_until(asyncio.get_running_loop().time() + ALIVE_SECONDS)
            pause = WATCH_POLL_SECONDS if waits else IDLE_POLL_SECONDS
            await syncer.step(pause if watch else POLL_SECONDS)
            if watch or syncer.calls.busy:
                continue
            if syncer.done():
                if syncer.visit_sticks():
                    continue
                code = ExitCode.OK
                break
            if syncer.rests() or syncer.settled():
                break
        if syncer.keeper is not None:
            syncer.keeper.hear()
        if code is None:
            syncer.visit_sticks()
            code = syncer.watched() if watch else syncer.code()
        return code
    except asyncio.CancelledError:
        return ExitCode.STOPPED


def somebody_waits(station: StationCore) -> bool:
    """As `Syncer.waits`, looked up now."""
    return station.kind is not StationKind.POST or station.log.count(Page(open_only=True)) > 0


async def start_syncer(syncer: Syncer, end: float, *, patient: bool) -> None:
    """Open the road; a patient one waits for a network to appear."""
    while True:
        try:
            return await syncer.start()
        except LinkDown:
            if not patient or time.monotonic() + RECONNECT_SECONDS > end or syncer.stop:
                raise
        await asyncio.sleep(RECONNECT_SECONDS)
