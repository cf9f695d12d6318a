"""Batches of datagrams as HTTP bodies carry them: docs/format/https.md. Pure.

It knows no HTTP, sockets or sessions' meaning, and nothing of what a datagram says.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from xtcli.errors import BundleRejected
from xtcli.transport.link.frames import DATAGRAM_BYTES_MAX

VERSION = 0
SESSION_BYTES = 16
HEAD_BYTES = 1 + SESSION_BYTES + 1 + 3
LENGTH_BYTES = 2
BODY_BYTES_MAX = 1 << 20
BATCH_BYTES_MAX = 1 << 16
"""What one side puts into one body."""
WAIT_S_MAX = 25.5


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: who asks, how long the answer may wait (s), how much it may hold, datagrams."""

    session: bytes
    wait: float
    most: int
    datagrams: tuple[bytes, ...]

    def to_bytes(self) -> bytes:
        """The body."""
        tenths = round(min(WAIT_S_MAX, max(0.0, self.wait)) * 10)
        most = min(self.most, 0xFFFFFF).to_bytes(3, "big")
        head = bytes([VERSION]) + self.session + bytes([tenths]) + most
        return head + pack(self.datagrams)


def pack(datagrams: Iterable[bytes]) -> bytes:
    """A batch."""
    return b"".join(len(one).to_bytes(LENGTH_BYTES, "big") + one for one in datagrams)


def unpack(data: bytes) -> tuple[bytes, ...]:
    """The datagrams of a batch; BundleRejected when it is none, and then nothing of it counts."""
    found = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + LENGTH_BYTES], "big")
        at += LENGTH_BYTES
        one = data[at : at + size]
        if not 0 < size <= DATAGRAM_BYTES_MAX or len(one) != size:
            raise _foreign()
        found.append(one)
        at += size
    return tuple(found)


def read_asked(body: bytes) -> Asked:
    """A request; BundleRejected when it is none."""
    if not HEAD_BYTES <= len(body) <= BODY_BYTES_MAX or body[0] != VERSION:
        raise _foreign()
    at = 1 + SESSION_BYTES
    return Asked(
        session=body[1:at],
        wait=body[at] / 10,
        most=int.from_bytes(body[at + 1 : HEAD_BYTES], "big"),
        datagrams=unpack(body[HEAD_BYTES:]),
    )


def _foreign() -> BundleRejected:
    return BundleRejected("This is no batch of xt's datagrams.", "It was ignored.")
