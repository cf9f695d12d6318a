"""UDP: the shell that joins links to sockets and the event loop's clock.

`UdpClient` has one link to one hub; `UdpServer` has many and tells them apart by the sender's
station number. A post's address is wherever its last fresh datagram came from. What comes from
strangers costs one look at its first bytes, at most one keyed hash, and one bounded answer.
It knows no bundles, records or rosters: what arrives is handed to the callbacks.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from xtcli.errors import LinkDown
from xtcli.lang import tr
from xtcli.transport.link.events import LinkEvent, Received
from xtcli.transport.link.frames import DATAGRAM_BYTES_MAX, MAC_BYTES, Kind, kind_of, sender_of
from xtcli.transport.link.spooled import SpooledLink

Address = tuple[str, int] | tuple[str, int, int, int]
HEADERS_IPV4 = 28
HEADERS_IPV6 = 48
BURST_MAX = 64
"""Datagrams sent before other work of the loop has a turn."""
STRANGERS_PER_S = 50.0
STRANGERS_BURST = 100.0
SOCKET_BUFFER_BYTES = 1 << 20


@dataclass(slots=True)
class Wire:
    """Datagrams and bytes on the wire, IP and UDP headers included."""

    datagrams_out: int = 0
    bytes_out: int = 0
    datagrams_in: int = 0
    bytes_in: int = 0
    refused: int = 0
    """Datagrams that no link took."""


def headers(address: Address) -> int:
    """IP and UDP header bytes of a datagram to or from `address`."""
    return HEADERS_IPV6 if ":" in address[0] and "." not in address[0] else HEADERS_IPV4


async def resolve(host: str, port: int) -> Address:
    """The first UDP address of a host; LinkDown if the name is not known."""
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_DGRAM)
    except OSError as error:
        raise LinkDown(
            "The address {host} cannot be found: {why}.",
            "Check the network, or the address of the hub.",
            host=host,
            why=error.strerror or error,
        ) from error
    address: Address = found[0][4]  # type: ignore[assignment]
    return address


class _Pump:
    """Drives one link: sends what it has to send and wakes when it wants to."""

    def __init__(
        self,
        node: SpooledLink,
        send: Callable[[bytes], None],
        on_events: Callable[[list[LinkEvent]], None],
    ) -> None:
        self.node = node
        self.wire = Wire()
        self._send = send
        self._on_events = on_events
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._handling = False

    def run(self) -> None:
        """Hand out events, send what may leave now, set the timer."""
        if self._handling:
            return
        now = self._loop.time()
        self._handling = True
        try:
            while happened := self.node.events(now):
                self._on_events(happened)
        finally:
            self._handling = False
        more = True
        for _ in range(BURST_MAX):
            datagram = self.node.send(now)
            if datagram is None:
                more = False
                break
            self._send(datagram)
        self._arm(now if more else self.node.next_timer(now))

    def _arm(self, due: float | None) -> None:
        self.stop()
        if due is not None:
            self._timer = self._loop.call_at(due, self.run)

    def stop(self) -> None:
        """Cancel the timer."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


class _Socket(asyncio.DatagramProtocol):
    """A bound datagram socket that counts."""

    def __init__(self, take: Callable[[bytes, Address], None]) -> None:
        self.wire = Wire()
        self.transport: asyncio.DatagramTransport | None = None
        self._take = take

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.DatagramTransport, transport)
        sock = transport.get_extra_info("socket")
        for option in (socket.SO_RCVBUF, socket.SO_SNDBUF):
            sock.setsockopt(socket.SOL_SOCKET, option, SOCKET_BUFFER_BYTES)

    def datagram_received(self, data: bytes, addr: Address) -> None:
        self.wire.datagrams_in += 1
        self.wire.bytes_in += len(data) + headers(addr)
        if len(data) <= DATAGRAM_BYTES_MAX:
            self._take(data, addr)
        else:
            self.wire.refused += 1

    def error_received(self, exc: Exception) -> None:
        """The network says that nobody is there; the link finds out by silence."""

    def send(self, datagram: bytes, address: Address) -> None:
        if self.transport is not None and not self.transport.is_closing():
            self.wire.datagrams_out += 1
            self.wire.bytes_out += len(datagram) + headers(address)
            self.transport.sendto(datagram, address)

    def close(self) -> None:
        if self.transport is not None:
            self.transport.close()


async def _open(take: Callable[[bytes, Address], None], local: Address, family: int) -> _Socket:
    loop = asyncio.get_running_loop()
    try:
        _, made = await loop.create_datagram_endpoint(
            lambda: _Socket(take), local_addr=local[:2], family=family
        )
    except OSError as error:
        raise LinkDown(
            "The address {address} cannot be used: {why}.",
            "Choose another address or port, or end the program that holds it.",
            address=f"{local[0]}:{local[1]}",
            why=error.strerror or error,
        ) from error
    return made


class UdpClient:
    """One link to one hub. `on_events` is called in the loop with everything that happened."""

    def __init__(
        self, node: SpooledLink, address: Address, on_events: Callable[[list[LinkEvent]], None]
    ) -> None:
        """`address` as `resolve` gives it. Nothing is opened before `start`."""
        self.node = node
        self.address = address
        self._on_events = on_events
        self._socket: _Socket | None = None
        self._pump: _Pump | None = None

    async def start(self) -> None:
        """Open the socket and begin; LinkDown if there is none to be had."""
        self._pump = _Pump(self.node, self._send, self._on_events)
        await self.rebind()
        self.kick()

    async def rebind(self) -> None:
        """Take a new local address and port, as after a change of network."""
        old, self._socket = self._socket, None
        family = socket.AF_INET6 if headers(self.address) == HEADERS_IPV6 else socket.AF_INET
        anywhere = "::" if family == socket.AF_INET6 else "0.0.0.0"
        self._socket = await _open(self._received, (anywhere, 0), family)
        if old is not None:
            self._socket.wire = old.wire
            old.close()

    @property
    def wire(self) -> Wire:
        """What went over the wire."""
        return self._socket.wire if self._socket is not None else Wire()

    def kick(self) -> None:
        """Something was offered, accepted or asked of the link: look at it now."""
        if self._pump is not None:
            self._pump.run()

    def _send(self, datagram: bytes) -> None:
        if self._socket is not None:
            self._socket.send(datagram, self.address)

    def _received(self, datagram: bytes, source: Address) -> None:
        now = asyncio.get_running_loop().time()
        verdict = self.node.receive(datagram, now)
        if verdict is Received.INVALID:
            self.wire.refused += 1
            return
        if verdict is Received.OLD:
            answer = self.node.link.resync(now)
            if answer is not None and len(answer) <= len(datagram):
                self._send(answer)
        self.kick()

    def close(self) -> None:
        """Write everything down and close the socket. Idempotent."""
        if self._pump is not None:
            self._pump.stop()
            self._pump = None
            self.node.close()
        if self._socket is not None:
            self._socket.close()


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


class UdpServer:
    """Many links on one socket.

    `find(station)` gives the link of a station that has none yet, or None (it may be asked often,
    so it must be cheap for strangers). `on_events(station, events)` is called in the loop.
    `on_stranger(datagram, address)` answers JOIN datagrams; answers longer than the question are
    not sent.
    """

    def __init__(
        self,
        find: Callable[[int], SpooledLink | None],
        on_events: Callable[[int, list[LinkEvent]], None],
        on_stranger: Callable[[bytes, Address], bytes | None] | None = None,
    ) -> None:
        """Nothing is opened before `start`."""
        self._find = find
        self._on_events = on_events
        self._on_stranger = on_stranger
        self._pumps: dict[int, _Pump] = {}
        self._addresses: dict[int, Address] = {}
        self._socket: _Socket | None = None
        self._strangers: Allowance | None = None

    async def start(self, host: str, port: int) -> Address:
        """Listen; the address bound. LinkDown if it cannot be."""
        local = await resolve(host, port)
        family = socket.AF_INET6 if headers(local) == HEADERS_IPV6 else socket.AF_INET
        self._socket = await _open(self._received, local, family)
        now = asyncio.get_running_loop().time()
        self._strangers = Allowance(STRANGERS_PER_S, STRANGERS_BURST, now)
        assert self._socket.transport is not None
        bound: Address = self._socket.transport.get_extra_info("sockname")
        return bound

    @property
    def wire(self) -> Wire:
        """What went over the wire, all stations together."""
        return self._socket.wire if self._socket is not None else Wire()

    def station_wire(self, station: int) -> Wire:
        """What went over the wire with one station since its link was attached."""
        pump = self._pumps.get(station)
        return pump.wire if pump is not None else Wire()

    def link_of(self, station: int) -> SpooledLink | None:
        """The link of a station, if attached."""
        pump = self._pumps.get(station)
        return pump.node if pump is not None else None

    def address_of(self, station: int) -> Address | None:
        """Where a station was heard from last."""
        return self._addresses.get(station)

    def kick(self, station: int) -> None:
        """Something was offered, accepted or asked of a link: look at it now."""
        pump = self._pumps.get(station) or self._attach(station)
        if pump is not None and station in self._addresses:
            pump.run()

    def detach(self, station: int) -> None:
        """Forget the link of a station, after writing it down."""
        pump = self._pumps.pop(station, None)
        self._addresses.pop(station, None)
        if pump is not None:
            pump.stop()
            pump.node.close()

    def _attach(self, station: int) -> _Pump | None:
        node = self._find(station)
        if node is None:
            return None
        pump = _Pump(
            node,
            lambda datagram: self._send(station, datagram),
            lambda events: self._on_events(station, events),
        )
        self._pumps[station] = pump
        return pump

    def _send(self, station: int, datagram: bytes) -> None:
        address = self._addresses.get(station)
        pump = self._pumps.get(station)
        if self._socket is not None and address is not None and pump is not None:
            pump.wire.datagrams_out += 1
            pump.wire.bytes_out += len(datagram) + headers(address)
            self._socket.send(datagram, address)

    def _received(self, datagram: bytes, source: Address) -> None:
        assert self._socket is not None
        kind = kind_of(datagram)
        station = sender_of(datagram)
        if kind == Kind.JOIN:
            self._stranger(datagram, source)
            return
        if kind is None or station is None or len(datagram) < MAC_BYTES:
            self._socket.wire.refused += 1
            return
        pump = self._pumps.get(station) or self._attach(station)
        now = asyncio.get_running_loop().time()
        verdict = pump.node.receive(datagram, now) if pump is not None else Received.INVALID
        if pump is None or verdict is Received.INVALID:
            self._socket.wire.refused += 1
            return
        pump.wire.datagrams_in += 1
        pump.wire.bytes_in += len(datagram) + headers(source)
        if verdict is Received.FRESH:
            self._addresses[station] = source
        else:
            answer = pump.node.link.resync(now)
            if answer is not None and len(answer) <= len(datagram):
                self._socket.send(answer, source)
        pump.run()

    def _stranger(self, datagram: bytes, source: Address) -> None:
        assert self._socket is not None
        assert self._strangers is not None
        now = asyncio.get_running_loop().time()
        if self._on_stranger is None or not self._strangers.take(now):
            self._socket.wire.refused += 1
            return
        answer = self._on_stranger(datagram, source)
        if answer is not None and len(answer) <= len(datagram):
            self._socket.send(answer, source)

    def close(self) -> None:
        """Write everything down and close the socket. Idempotent."""
        for station in list(self._pumps):
            self.detach(station)
        if self._socket is not None:
            self._socket.close()


async def exchange(
    address: Address, datagram: bytes, *, tries: int = 6, wait_s: float = 3.0
) -> bytes:
    """Send a JOIN datagram until something comes back from there; LinkDown if nothing does.

    The answer is never longer than the question: pad the question.
    """
    loop = asyncio.get_running_loop()
    answered: asyncio.Future[bytes] = loop.create_future()

    def take(data: bytes, source: Address) -> None:
        if source[:2] == address[:2] and kind_of(data) == Kind.JOIN and not answered.done():
            answered.set_result(data)

    family = socket.AF_INET6 if headers(address) == HEADERS_IPV6 else socket.AF_INET
    anywhere = "::" if family == socket.AF_INET6 else "0.0.0.0"
    opened = await _open(take, (anywhere, 0), family)
    try:
        for number in range(tries):
            opened.send(datagram, address)
            try:
                return await asyncio.wait_for(asyncio.shield(answered), wait_s * 1.3**number)
            except TimeoutError:
                continue
    finally:
        opened.close()
    raise LinkDown(
        "Nothing came back from {address}.",
        "Check the network and the address of the hub, then try again.",
        address=tr("{host}, port {port}", host=address[0], port=address[1]),
    )
