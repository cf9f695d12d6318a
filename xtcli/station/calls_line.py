"""A line to the hub for one call: the link itself, or a way through the process that holds it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from xtcli.errors import DiskFull, UsageError
from xtcli.station import linkfile
from xtcli.station.calls_board import Incoming
from xtcli.station.calls_door import KEEP_ALIVE_SECONDS, knock
from xtcli.station.core import StationCore
from xtcli.station.home import SyncLock
from xtcli.station.syncing import POLL_SECONDS, Syncer
from xtcli.station.syncing_other import LOOK_SECONDS

OPEN_SECONDS = 8.0
"""A short sync of another process is waited for so long."""
AGAIN_SECONDS = 0.2
RATE_BPS_MIN = 6_000.0
"""A link that has carried little is measured far too low; a call does not start from that."""


def hint(rate_bps: float | None) -> float | None:
    """A measured rate that a call may start from; None: the call finds out by itself."""
    return rate_bps if rate_bps is not None and rate_bps >= RATE_BPS_MIN else None


class Line(Protocol):
    """What a call needs of the link."""

    rate_bps: float | None
    incoming: Incoming | None
    gone: bool

    def start(self, receive: Callable[[bytes], None]) -> None:
        """Hand over what comes from now on."""

    def send(self, payload: bytes) -> None:
        """Send a payload to the hub."""

    def nudge(self) -> None:
        """Nothing is heard: let the hub know again where this station is."""

    async def step(self) -> None:
        """Drive what must be driven, for about a tenth of a second."""

    async def close(self) -> None:
        """Leave."""


class OwnLine:
    """The link, held by this process; it keeps syncing while the call lasts."""

    def __init__(self, station: StationCore, lock: SyncLock) -> None:
        """`lock` is taken already."""
        self.station = station
        self._lock = lock
        self._syncer = Syncer(station)
        self.rate_bps = linkfile.read_link(station.home, "").rate_bps
        self.incoming: Incoming | None = None
        self.gone = False

    async def open(self) -> None:
        """Open the road; LinkDown when the hub's name cannot be found."""
        try:
            await self._syncer.start()
        except BaseException:
            self._lock.free()
            raise
        # Also tells the hub where this station is now.
        self._syncer.pump.poll()

    def start(self, receive: Callable[[bytes], None]) -> None:
        """Hand over what comes from now on."""
        self._syncer.calls.board.attach(receive)

    def send(self, payload: bytes) -> None:
        """Send a payload to the hub."""
        self._syncer.pump.send_realtime(payload)

    def nudge(self) -> None:
        """Nothing is heard: let the hub know again where this station is."""
        self._syncer.pump.poll()

    async def step(self) -> None:
        """One step of the sync."""
        now = asyncio.get_running_loop().time()
        self._syncer.pump.link.keep_alive_until(now + KEEP_ALIVE_SECONDS)
        try:
            await self._syncer.step(POLL_SECONDS)
        except DiskFull:
            # People talk: what cannot be kept now must not end that.
            await asyncio.sleep(LOOK_SECONDS)

    async def settle(self, seconds: float) -> None:
        """Send what the call left behind, for `seconds` at most; the rest goes with a sync."""
        end = asyncio.get_running_loop().time() + seconds
        self._syncer.pump.look()
        while not self._syncer.done() and asyncio.get_running_loop().time() < end:
            await self._syncer.step(POLL_SECONDS)

    async def close(self) -> None:
        """Give the link back."""
        self._syncer.calls.board.detach()
        await self._syncer.close()
        self._lock.free()


async def open_line(station: StationCore, seconds: float = OPEN_SECONDS) -> Line:
    """Take the link, or a line through who has it. UsageError when neither is to be had."""
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    while True:
        lock = SyncLock(station.home)
        if lock.take():
            own = OwnLine(station, lock)
            await own.open()
            return own
        found = await knock(station.home)
        if found is False:
            raise UsageError("This station is in a call already.", "End that one first.")
        if found is not None and found is not True:
            return found
        if loop.time() > end:
            raise UsageError(
                "Another xt of this station is using the link.", "Try again in a moment."
            )
        await asyncio.sleep(AGAIN_SECONDS)
