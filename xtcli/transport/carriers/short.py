"""Short messages: sealed bundles cut to messages of N bytes, and back. docs/format/sms.md. Pure.

BeiDou messages and SMS are paid for one by one, so the header is small and a bundle is named by two
bytes. It knows bytes and keys: no modem, clock, spool or record.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from dataclasses import dataclass

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.seal import SEAL_BYTES
from xtcli.transport.bundle.varint import read_number, write_number
from xtcli.transport.link.keys import Seal
from xtcli.transport.symbols import (
    BLOCK_SOURCES_MAX,
    BLOCK_SYMBOLS_MAX,
    LENGTH_BYTES_MAX,
    Decoder,
    Encoder,
    bundle_tag,
)

MARK = 0b10 << 6
WHOLE, SYMBOL, MORE = range(3)
ID_BYTES = 2
TAG_BYTES = 4
PRIORITY_MAX = 5
MESSAGE_BYTES_MIN = 70
"""Shorter messages cannot carry much; BeiDou's global ones have so many."""
MESSAGE_BYTES_MAX = 4096
SENDER_MAX = 0xFFFF


class ShortKey:
    """Tags messages of one pair of stations, both ways."""

    def __init__(self, link_key: bytes, local: int, peer: int) -> None:
        """`link_key` is `keys.link_key` of the two."""
        key = hashlib.blake2s(key=link_key, person=b"xt sms").digest()
        self._out, self._in = Seal(key, local, peer), Seal(key, peer, local)

    def close(self, content: bytes) -> bytes:
        """A message: content and tag."""
        return content + self._out.tag(content)[:TAG_BYTES]

    def open(self, message: bytes) -> bytes:
        """The content of a message; BundleRejected when its tag does not check."""
        content, tag = message[:-TAG_BYTES], message[-TAG_BYTES:]
        if not hmac.compare_digest(self._in.tag(content)[:TAG_BYTES], tag):
            raise BundleRejected(
                "A short message does not check.", "It was ignored; the sender sends it again."
            )
        return content


@dataclass(frozen=True, slots=True)
class WholeMessage:
    """A whole bundle."""

    sealed: bytes
    priority: int


@dataclass(frozen=True, slots=True)
class SymbolMessage:
    """A symbol of the bundle whose tag begins with `id`."""

    id: bytes
    index: int
    length: int
    payload: bytes
    priority: int


@dataclass(frozen=True, slots=True)
class MoreMessage:
    """So many symbols of a bundle are lacking."""

    id: bytes
    length: int
    lacking: int


Message = WholeMessage | SymbolMessage | MoreMessage


def head(kind: int, sender: int, priority: int = 0) -> bytes:
    """The first bytes of a message."""
    return bytes([MARK | kind << 4 | priority]) + write_number(sender)


def symbols_of(length: int, sender: int, size: int) -> int:
    """Messages of `size` bytes that a bundle of `length` bytes needs; 0 when it cannot be cut."""
    fixed = len(head(0, sender)) + TAG_BYTES
    if length + fixed <= size:
        return 1
    room = size - fixed - ID_BYTES - 1 - len(write_number(length))
    if room <= 0 or length > LENGTH_BYTES_MAX:
        return 0
    # Equal symbols: with the last one no shorter, fewer may do.
    count = -(-length // -(-length // -(-length // room)))
    return count if count <= BLOCK_SOURCES_MAX else 0


def cut(
    sealed: bytes, key: ShortKey, sender: int, priority: int, size: int, first: int, count: int
) -> Iterator[bytes]:
    """`count` messages of at most `size` bytes from symbol `first` on; indices wrap at 256."""
    total = symbols_of(len(sealed), sender, size)
    if not total:
        raise ValueError("too long for short messages")
    if total == 1:
        yield key.close(head(WHOLE, sender, priority) + sealed)
        return
    encoder = Encoder(sealed, -(-len(sealed) // total))
    front = head(SYMBOL, sender, priority) + bundle_tag(sealed)[:ID_BYTES]
    for number in range(first, first + count):
        index = number % BLOCK_SYMBOLS_MAX
        length = write_number(len(sealed))
        yield key.close(front + bytes([index]) + length + encoder.symbol(index))


def more(key: ShortKey, sender: int, wanted: bytes, length: int, lacking: int) -> bytes:
    """The message that asks for `lacking` more symbols."""
    body = wanted + write_number(length) + bytes([min(255, lacking)])
    return key.close(head(MORE, sender) + body)


def sender_of(message: bytes) -> int:
    """The station that a message claims to come from; BundleRejected when it is no message."""
    if not 2 + TAG_BYTES <= len(message) <= MESSAGE_BYTES_MAX or message[0] >> 6 != MARK >> 6:
        raise _foreign()
    sender, _ = read_number(message[: 1 + 3], 1)
    if not 0 < sender <= SENDER_MAX:
        raise _foreign()
    return sender


def read(message: bytes, key: ShortKey) -> Message:
    """What a genuine message says; BundleRejected when it does not check."""
    content = key.open(message)
    first = content[0]
    kind, priority = first >> 4 & 3, first & 7
    if first & 8 or priority > PRIORITY_MAX:
        raise _foreign()
    _, at = read_number(content, 1)
    body = content[at:]
    if kind == WHOLE:
        if len(body) < SEAL_BYTES:
            raise _foreign()
        return WholeMessage(body, priority)
    if kind == SYMBOL:
        return _symbol(body, priority)
    if kind == MORE:
        return _more(body)
    raise _foreign()


def _symbol(body: bytes, priority: int) -> SymbolMessage:
    if len(body) < ID_BYTES + 2:
        raise _foreign()
    length, at = read_number(body, ID_BYTES + 1)
    payload = body[at:]
    if not SEAL_BYTES < length <= LENGTH_BYTES_MAX or not payload:
        raise _foreign()
    sources = -(-length // len(payload))
    if not 2 <= sources <= BLOCK_SOURCES_MAX or len(payload) != -(-length // sources):
        raise _foreign()
    return SymbolMessage(body[:ID_BYTES], body[ID_BYTES], length, payload, priority)


def _more(body: bytes) -> MoreMessage:
    if len(body) < ID_BYTES + 2:
        raise _foreign()
    length, at = read_number(body, ID_BYTES)
    if len(body) != at + 1 or body[at] == 0 or not SEAL_BYTES <= length <= LENGTH_BYTES_MAX:
        raise _foreign()
    return MoreMessage(body[:ID_BYTES], length, body[at])


def join(parts: dict[int, bytes], length: int, wanted: bytes) -> bytes | None:
    """The bundle from its symbols by index; None while some lack, or when they are not of one
    bundle."""
    size = len(next(iter(parts.values())))
    decoder = Decoder(length, size)
    for index, payload in parts.items():
        if len(payload) == size and index < decoder.layout.indices:
            decoder.add(index, payload)
    if not decoder.complete:
        return None
    sealed = decoder.data()
    return sealed if bundle_tag(sealed)[:ID_BYTES] == wanted else None


def _foreign() -> BundleRejected:
    return BundleRejected("This is no short message of xt.", "It was ignored.")
