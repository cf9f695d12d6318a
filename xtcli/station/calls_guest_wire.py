"""What a station and its hub tell each other about a guest's call: the inside of a GUEST envelope.

    op (1) | room (16) | body        docs/format/web.md, Over the xt link

Pure: values to bytes and back. It refuses to know what is in a paper and who may have a room.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from xtcli.station.calls_guest_paper import LOCK_BYTES, ROOM_BYTES, refused
from xtcli.station.calls_wire import Envelope, Route

HEAD_BYTES = 1 + ROOM_BYTES
OPEN = struct.Struct(f">{LOCK_BYTES}sH")
OPEN_SECONDS_MAX = 30 * 60
NO_PAGE, NO_ROOM = 1, 2


class Op(IntEnum):
    """What a GUEST envelope is about; up to 16 to the hub, from 17 on from it."""

    OPEN = 1
    SAY = 2
    CLOSE = 3
    OPENED = 17
    SAID = 18
    AWAY = 19
    REFUSED = 20


@dataclass(frozen=True, slots=True)
class Word:
    """One of them."""

    op: Op
    room: bytes
    body: bytes = b""

    def envelope(self) -> bytes:
        """The bytes on the link."""
        return Envelope(Route.GUEST, 0, bytes([self.op]) + self.room + self.body).encode()


def read_word(rest: bytes) -> Word:
    """What follows the envelope; BundleRejected when it is none of these."""
    if len(rest) < HEAD_BYTES or rest[0] not in set(Op):
        raise refused()
    return Word(Op(rest[0]), rest[1:HEAD_BYTES], rest[HEAD_BYTES:])


def no_page(rest: bytes) -> bytes:
    """The answer of a hub that serves no page."""
    return Word(Op.REFUSED, read_word(rest).room, bytes([NO_PAGE])).envelope()


@dataclass(frozen=True, slots=True)
class Opened:
    """Where the page is, and which servers help the two ends to find each other."""

    url: str
    ice: tuple[dict[str, Any], ...]

    def encode(self) -> bytes:
        """JSON."""
        return json.dumps({"url": self.url, "ice": self.ice}, separators=(",", ":")).encode()


def read_opened(body: bytes) -> Opened:
    """The opposite; BundleRejected for anything else."""
    try:
        found = json.loads(body)
        url, ice = found["url"], tuple(_server(one) for one in found["ice"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise refused() from error
    if not (isinstance(url, str) and url.startswith(("https://", "http://")) and url[-1] == "/"):
        raise refused()
    return Opened(url, ice)


def _server(found: dict[str, Any]) -> dict[str, Any]:
    """One server, of what a browser takes too."""
    kept: dict[str, Any] = {
        name: found[name] for name in ("urls", "username", "credential") if name in found
    }
    if "urls" not in kept or not all(isinstance(value, str) for value in kept.values()):
        raise refused()
    return kept
