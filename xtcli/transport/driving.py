"""Driving links over any road of datagrams: timers, bursts, and the way back to each peer.

`Driver` moves one link; `LinkServer` has many and tells them apart by the sender's station number.
The way to a peer is wherever its last fresh datagram came from, whatever road that was. What comes
from strangers costs one look at its first bytes, at most one keyed hash, and one bounded answer.
It opens no sockets or devices: `udp` and the carriers do. It knows no bundles, records or rosters.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, Protocol

from xtcli.errors import XtError
from xtcli.transport.link.events import LinkEvent, Received
from xtcli.transport.link.frames import MAC_BYTES, Kind, kind_of, sender_of
from xtcli.transport.link.spooled import SpooledLink

BURST_MAX = 64
"""Datagrams sent before other work of the loop has a turn."""
FULL_SECONDS = 1.0
"""A road that takes no more is looked at again after so long, should it forget to say so."""
AGAIN_SECONDS = 1.0
"""After something failed (a full disk, say) a link is looked at again after so long."""
STRANGERS_PER_S = 50.0
STRANGERS_BURST = 100.0


@dataclass(slots=True)
class Wire:
    """Datagrams and bytes on the wire, the road's own headers included."""

    datagrams_out: int = 0
    bytes_out: int = 0
    datagrams_in: int = 0
    bytes_in: int = 0
    refused: int = 0
    """Datagrams that no link took, and bundles refused for good."""
    again: int = 0
    """Of those taken: genuine ones that had come before, by a road that doubles or by a replay."""

    def since(self, before: Wire) -> Wire:
        """What has been counted since `before`."""
        return Wire(*(getattr(self, f.name) - getattr(before, f.name) for f in fields(Wire)))

    @property
    def any(self) -> bool:
        """Whether anything was counted."""
        return any(getattr(self, one.name) for one in fields(Wire))


class Way(Protocol):
    """How to reach one peer: an address on a socket, a line, a session."""

    @property
    def overhead_bytes(self) -> int:
        """What the road adds to every datagram."""

    @property
    def address(self) -> object:
        """Where that is, for callbacks and messages."""

    @property
    def wire(self) -> Wire:
        """The numbers of the whole road that it is on."""

    def ready(self) -> bool:
        """Whether it takes more now. One that does not must have its peers kicked when it does:
        what has not been handed over yet can still be overtaken by something urgent."""

    def send(self, datagram: bytes) -> None:
        """Send one datagram; never blocks, may lose it."""


class Allowance:
    """A token bucket: so many a second, so many at once."""

    def __init__(self, per_s: float, burst: float, now: float) -> None:
        """Start full."""
        self._per_s, self._burst = per_s, burst
        self._left, self._at = burst, now

    def take(self, now: float) -> bool:
        """Whether one more is allowed now."""
        self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Driver:
    """Drives one link: sends what it has to send and wakes when it wants to."""

    def __init__(
        self,
        node: SpooledLink,
        send: Callable[[bytes], None],
        on_events: Callable[[list[LinkEvent]], None],
        ready: Callable[[], bool] = lambda: True,
        on_error: Callable[[XtError], None] | None = None,
    ) -> None:
        """`send` takes a datagram while `ready`; `on_events` is called in the loop with what
        happened, `on_error` when something could not be written. None: it is raised.
        """
        self.node = node
        self.wire = Wire()
        self._send = send
        self._on_events = on_events
        self._ready = ready
        self._on_error = on_error
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._handling = False

    def run(self) -> None:
        """Hand out events, send what may leave now, set the timer.

        Whatever fails, a full disk say, the timer is set: a link without one would be silent until
        something came, and perhaps nothing ever would.
        """
        if self._handling:
            return
        now = self._loop.time()
        try:
            self._hand_out(now)
            self._arm(self._send_all(now))
        except XtError as error:
            self._arm(now + AGAIN_SECONDS)
            if self._on_error is None:
                raise
            self._on_error(error)
        except Exception:
            self._arm(now + AGAIN_SECONDS)
            raise

    def _hand_out(self, now: float) -> None:
        """Events for the station."""
        self._handling = True
        try:
            while happened := self.node.events(now):
                try:
                    self._on_events(happened)
                except Exception:
                    self.node.give_back(happened)
                    raise
        finally:
            self._handling = False

    def _send_all(self, now: float) -> float | None:
        """Send what may leave now; when to go on."""
        for _ in range(BURST_MAX):
            if not self._ready():
                return now + FULL_SECONDS
            datagram = self.node.send(now)
            if datagram is None:
                return self.node.next_timer(now)
            self._send(datagram)
        return now

    def receive(self, datagram: bytes) -> Received:
        """Give the link a datagram and act on it; a peer that lost its counter is told."""
        now = self._loop.time()
        verdict = self.node.receive(datagram, now)
        if verdict in (Received.OLD, Received.AGAIN):
            answer = self.node.link.resync(now)
            if answer is not None and len(answer) <= len(datagram):
                self._send(answer)
        if verdict is not Received.INVALID:
            self.run()
        return verdict

    def _arm(self, due: float | None) -> None:
        self.stop()
        if due is not None:
            self._timer = self._loop.call_at(due, self.run)

    def stop(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class LinkClient:
    """One link over one road. A road says how to open and close itself and how to send."""

    def __init__(self, node: SpooledLink, on_events: Callable[[list[LinkEvent]], None]) -> None:
        """`on_events` is called in the loop with everything that happened."""
        self.node = node
        self._on_events = on_events
        self._driver: Driver | None = None
        self.trouble: XtError | None = None
        """Why the road will not work however long one waits."""
        self.failure: XtError | None = None
        """What could not be written last, by no fault of the road; the link goes on by itself."""

    @property
    def wire(self) -> Wire:
        """What went over the wire."""
        raise NotImplementedError

    async def open(self) -> None:
        """Open the road; LinkDown if it cannot be."""
        raise NotImplementedError

    def ready(self) -> bool:
        """Whether the road takes more now; if not, it must `kick` when it does."""
        return True

    def send(self, datagram: bytes) -> None:
        """Send one datagram; never blocks, may lose it."""
        raise NotImplementedError

    def shut(self) -> None:
        """Close the road. Idempotent."""
        raise NotImplementedError

    async def start(self) -> None:
        """Open the road and begin."""
        self._driver = Driver(self.node, self.send, self._on_events, self.ready, self._failed)
        await self.open()
        self.kick()

    def _failed(self, error: XtError) -> None:
        self.failure = error

    def kick(self) -> None:
        """Something was offered, accepted or asked of the link: look at it now."""
        if self._driver is not None:
            self._driver.run()

    def take(self, datagram: bytes) -> bool:
        """A datagram came over the road; False if the link did not want it."""
        if self._driver is None:
            return False
        inbox = self.node.link.inbox
        before = inbox.refused
        verdict = self._driver.receive(datagram)
        self.wire.again += verdict is Received.AGAIN
        self.wire.refused += inbox.refused - before
        return verdict is not Received.INVALID

    async def finish(self) -> None:
        """Let what was handed over leave, before `close`."""

    def close(self) -> None:
        """Write everything down and close the road. Idempotent."""
        if self._driver is not None:
            self._driver.stop()
            self._driver = None
            self.node.close()
        self.shut()


class LinkServer:
    """Many links over any number of roads.

    `find(station)` gives the link of a station that has none yet, or None. `genuine(station,
    datagram)` says before that whether the station has made the datagram: a link holds all that
    waits for its station, and it must cost a stranger more than a number to have one loaded. Both
    may be asked often, so they must be cheap. `on_events(station, events)` is called in the loop.
    `on_stranger(datagram, address)` answers JOIN datagrams; answers longer than the question are
    not sent.
    """

    def __init__(
        self,
        find: Callable[[int], SpooledLink | None],
        on_events: Callable[[int, list[LinkEvent]], None],
        on_stranger: Callable[[bytes, Any], bytes | None] | None = None,
        genuine: Callable[[int, bytes], bool] = lambda station, datagram: True,
    ) -> None:
        """Nothing arrives before `take`."""
        self._find = find
        self._genuine = genuine
        self._on_events = on_events
        self._on_stranger = on_stranger
        self._drivers: dict[int, Driver] = {}
        self._ways: dict[int, Way] = {}
        self._strangers: Allowance | None = None

    def station_wire(self, station: int) -> Wire:
        """What went over the wire with one station since its link was attached."""
        driver = self._drivers.get(station)
        return driver.wire if driver is not None else Wire()

    def link_of(self, station: int) -> SpooledLink | None:
        """The link of a station, if attached."""
        driver = self._drivers.get(station)
        return driver.node if driver is not None else None

    def way_to(self, station: int) -> Way | None:
        """How a station was heard from last."""
        return self._ways.get(station)

    def kick(self, station: int) -> None:
        """Something was offered, accepted or asked of a link: look at it now."""
        driver = self._drivers.get(station) or self._attach(station)
        if driver is not None and station in self._ways:
            driver.run()

    def detach(self, station: int) -> None:
        """Forget the link of a station, after writing it down."""
        driver = self._drivers.pop(station, None)
        self._ways.pop(station, None)
        if driver is not None:
            driver.stop()
            driver.node.close()

    def close(self) -> None:
        """Write everything down. Idempotent."""
        for station in list(self._drivers):
            self.detach(station)

    def _attach(self, station: int) -> Driver | None:
        node = self._find(station)
        if node is None:
            return None
        driver = Driver(
            node,
            lambda datagram: self._send(station, datagram),
            lambda events: self._on_events(station, events),
            lambda: self._ready(station),
        )
        self._drivers[station] = driver
        return driver

    def _ready(self, station: int) -> bool:
        way = self._ways.get(station)
        return way is None or way.ready()

    def kick_way(self, way: Way) -> None:
        """A road takes more again: let all whose way it is send."""
        for station in [one for one, its in self._ways.items() if its == way]:
            self.kick(station)

    def _send(self, station: int, datagram: bytes) -> None:
        way = self._ways.get(station)
        driver = self._drivers.get(station)
        if way is not None and driver is not None:
            driver.wire.datagrams_out += 1
            driver.wire.bytes_out += len(datagram) + way.overhead_bytes
            way.send(datagram)

    def take(self, datagram: bytes, way: Way) -> bool:
        """A datagram came by `way`. False if nobody wants it."""
        kind = kind_of(datagram)
        if kind == Kind.JOIN:
            return self._stranger(datagram, way)
        station = sender_of(datagram)
        if kind is None or station is None or len(datagram) < MAC_BYTES:
            return False
        driver = self._drivers.get(station)
        if driver is None and self._genuine(station, datagram):
            driver = self._attach(station)
        if driver is None:
            return False
        now = asyncio.get_running_loop().time()
        before = driver.node.link.inbox.refused
        verdict = driver.node.receive(datagram, now)
        if verdict is Received.INVALID:
            return False
        driver.wire.datagrams_in += 1
        driver.wire.bytes_in += len(datagram) + way.overhead_bytes
        if verdict is Received.AGAIN:
            driver.wire.again += 1
            way.wire.again += 1
        if verdict is Received.FRESH:
            self._ways[station] = way
        else:
            answer = driver.node.link.resync(now)
            if answer is not None and len(answer) <= len(datagram):
                way.send(answer)
        driver.run()
        way.wire.refused += driver.node.link.inbox.refused - before
        return True

    def _stranger(self, datagram: bytes, way: Way) -> bool:
        now = asyncio.get_running_loop().time()
        if self._strangers is None:
            self._strangers = Allowance(STRANGERS_PER_S, STRANGERS_BURST, now)
        if self._on_stranger is None or not self._strangers.take(now):
            return False
        answer = self._on_stranger(datagram, way.address)
        if answer is not None and len(answer) <= len(datagram):
            way.send(answer)
        return answer is not None
