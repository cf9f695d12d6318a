"""A STUN server that does one thing: it tells a browser or station how its address looks from here.

RFC 8489, Binding over UDP only, without state and without anybody's name. An answer is never longer
than its question by more than the address in it, and there are at most so many a second, so that it
is of no use for an attack on others. `answer` is pure; `StunSocket` is the shell around it.
"""

from __future__ import annotations

import asyncio
import ipaddress
import struct
from typing import cast

from xtcli.transport.driving import Allowance

HEADER = struct.Struct(">HHI12s")
COOKIE = 0x2112_A442
BINDING, SUCCESS, ERROR = 0x0001, 0x0101, 0x0111
XOR_MAPPED_ADDRESS, ERROR_CODE, UNKNOWN_ATTRIBUTES = 0x0020, 0x0009, 0x000A
USERNAME, INTEGRITY, FINGERPRINT, PRIORITY, INTEGRITY_256 = 0x0006, 0x0008, 0x8028, 0x0024, 0x001C
UNDERSTOOD = frozenset((USERNAME, INTEGRITY, INTEGRITY_256, PRIORITY, 0x0025))
"""Of the attributes that must be understood: those that a request may carry and this may ignore."""
REQUEST_BYTES_MAX = 548
PER_SECOND, BURST = 200.0, 400.0


def answer(request: bytes, host: str, port: int) -> bytes | None:
    """The answer for a request from `host` and `port`; None when none is given."""
    unknown = _unknown(request)
    if unknown is None:
        return None
    *_, number = HEADER.unpack_from(request)
    if unknown:
        codes = b"".join(code.to_bytes(2, "big") for code in unknown)
        codes += codes[-2:] if len(unknown) % 2 else b""
        body = struct.pack(">HHHBB", ERROR_CODE, 4, 0, 4, 20)
        body += struct.pack(">HH", UNKNOWN_ATTRIBUTES, 2 * len(unknown)) + codes
        found = HEADER.pack(ERROR, len(body), COOKIE, number) + body
        return found if len(found) <= len(request) else None
    body = mapped(host, port, number)
    return HEADER.pack(SUCCESS, len(body), COOKIE, number) + body


def mapped(host: str, port: int, number: bytes) -> bytes:
    """XOR-MAPPED-ADDRESS (RFC 8489, 14.2)."""
    address = ipaddress.ip_address(host.split("%")[0])
    mask = (COOKIE.to_bytes(4, "big") + number)[: len(address.packed)]
    hidden = bytes(one ^ other for one, other in zip(address.packed, mask, strict=True))
    family = 1 if address.version == 4 else 2
    value = struct.pack(">BBH", 0, family, port ^ COOKIE >> 16) + hidden
    return struct.pack(">HH", XOR_MAPPED_ADDRESS, len(value)) + value


def _unknown(request: bytes) -> list[int] | None:
    """Attributes of a Binding request that must be understood and are not; None: no request."""
    if not HEADER.size <= len(request) <= REQUEST_BYTES_MAX or len(request) % 4:
        return None
    kind, size, cookie, _ = HEADER.unpack_from(request)
    if kind != BINDING or cookie != COOKIE or size != len(request) - HEADER.size:
        return None
    found: list[int] = []
    at = HEADER.size
    while at < len(request):
        name, length = struct.unpack_from(">HH", request, at)
        at += 4 + (length + 3 & ~3)
        if at > len(request):
            return None
        if name < 0x8000 and name not in UNDERSTOOD:
            found.append(name)
    return found


class StunSocket(asyncio.DatagramProtocol):
    """The responder on a UDP port of its own."""

    def __init__(self) -> None:
        """Use `open_stun`."""
        self._transport: asyncio.DatagramTransport | None = None
        self._allowance = Allowance(PER_SECOND, BURST, asyncio.get_running_loop().time())

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the socket."""
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer, within the allowance."""
        if not self._allowance.take(asyncio.get_running_loop().time()):
            return
        found = answer(data, addr[0], addr[1])
        if found is not None and self._transport is not None:
            self._transport.sendto(found, addr)

    def error_received(self, exc: Exception) -> None:
        """Somebody is gone; nobody waits for it."""

    @property
    def port(self) -> int:
        """Where it listens."""
        assert self._transport is not None
        return int(self._transport.get_extra_info("sockname")[1])

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()


async def open_stun(host: str, port: int) -> StunSocket:
    """Listen; OSError when that cannot be."""
    loop = asyncio.get_running_loop()
    _, made = await loop.create_datagram_endpoint(StunSocket, local_addr=(host, port))
    return made
