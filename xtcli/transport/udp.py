"""UDP: the shell that joins links to sockets.

`UdpClient` has one link to one hub; `UdpServer` has many. A post's address is wherever its last
fresh datagram came from. It knows no bundles, records or rosters: what arrives is handed to the
callbacks.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from xtcli.errors import LinkDown
from xtcli.lang import tr
from xtcli.lang.system import because
from xtcli.transport.driving import LinkClient, LinkServer, Wire
from xtcli.transport.link.events import LinkEvent
from xtcli.transport.link.frames import DATAGRAM_BYTES_MAX, Kind, kind_of
from xtcli.transport.link.spooled import SpooledLink

Address = tuple[str, int] | tuple[str, int, int, int]
HEADERS_IPV4 = 28
HEADERS_IPV6 = 48
SOCKET_BUFFER_BYTES = 1 << 20


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
            why=because(error),
        ) from error
    address: Address = found[0][4]  # type: ignore[assignment]
    return address


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
            why=because(error),
        ) from error
    return made


class UdpClient(LinkClient):
    """One link to one hub over a socket of its own."""

    def __init__(
        self, node: SpooledLink, address: Address, on_events: Callable[[list[LinkEvent]], None]
    ) -> None:
        """`address` as `resolve` gives it. Nothing is opened before `start`."""
        super().__init__(node, on_events)
        self.address = address
        self._socket: _Socket | None = None

    async def open(self) -> None:
        """Open the socket; LinkDown if there is none to be had."""
        await self.rebind()

    async def rebind(self) -> None:
        """Take a new local address and port, as after a change of network."""
        old, self._socket = self._socket, None
        family = socket.AF_INET6 if headers(self.address) == HEADERS_IPV6 else socket.AF_INET
        anywhere = "::" if family == socket.AF_INET6 else "0.0.0.0"
        self._socket = await _open(self._arrived, (anywhere, 0), family)
        if old is not None:
            self._socket.wire = old.wire
            old.close()

    @property
    def wire(self) -> Wire:
        """What went over the wire."""
        return self._socket.wire if self._socket is not None else Wire()

    def send(self, datagram: bytes) -> None:
        """Send one datagram to the hub."""
        if self._socket is not None:
            self._socket.send(datagram, self.address)

    def _arrived(self, datagram: bytes, source: Address) -> None:
        if not self.take(datagram):
            self.wire.refused += 1

    def shut(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()


@dataclass(frozen=True, slots=True)
class UdpWay:
    """An address on a socket."""

    socket: _Socket
    address: Address

    @property
    def overhead_bytes(self) -> int:
        """IP and UDP headers."""
        return headers(self.address)

    @property
    def wire(self) -> Wire:
        """What went over the socket."""
        return self.socket.wire

    def ready(self) -> bool:
        """Always: the link's own pace holds it."""
        return True

    def send(self, datagram: bytes) -> None:
        """Send one datagram there."""
        self.socket.send(datagram, self.address)


class UdpServer(LinkServer):
    """Many links on one socket, and on whatever other roads give it datagrams."""

    _socket: _Socket | None = None

    async def start(self, host: str, port: int) -> Address:
        """Listen; the address bound. LinkDown if it cannot be."""
        local = await resolve(host, port)
        family = socket.AF_INET6 if headers(local) == HEADERS_IPV6 else socket.AF_INET
        self._socket = await _open(self._received, local, family)
        assert self._socket.transport is not None
        bound: Address = self._socket.transport.get_extra_info("sockname")
        return bound

    @property
    def wire(self) -> Wire:
        """What went over the wire, all stations together."""
        return self._socket.wire if self._socket is not None else Wire()

    def address_of(self, station: int) -> Address | None:
        """Where a station was heard from last, if over UDP."""
        way = self.way_to(station)
        return way.address if isinstance(way, UdpWay) else None

    def _received(self, datagram: bytes, source: Address) -> None:
        assert self._socket is not None
        if not self.take(datagram, UdpWay(self._socket, source)):
            self._socket.wire.refused += 1

    def close(self) -> None:
        """Write everything down and close the socket. Idempotent."""
        super().close()
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
