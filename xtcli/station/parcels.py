"""What a bundle's parts mean: a record, or a piece of a blob.

Transport carries parts without asking; this is where they get their meaning. A record's body is a
msgpack array and starts with its kind (1 or more); a piece of a blob starts with 0:

    [0, digest (16 bytes), size of the whole, offset of this piece]    raw: the piece's bytes
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import msgpack

from xtcli.errors import BundleRejected
from xtcli.records import limits
from xtcli.records.sign import Record
from xtcli.transport.bundle.pack import Part

PIECE_BYTES = 7_500_000
"""Bytes of a blob in one bundle. Symbols make a cut cheap, so a blob is not cut any further."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Some bytes of a blob."""

    digest: bytes
    size: int
    offset: int
    data: bytes

    def part(self) -> Part:
        """As a bundle carries it."""
        head: bytes = msgpack.packb([0, self.digest, self.size, self.offset])
        return Part(head, self.data)


def pieces(digest: bytes, data: bytes) -> Iterator[Piece]:
    """A blob cut into pieces."""
    for offset in range(0, len(data), PIECE_BYTES):
        yield Piece(digest, len(data), offset, data[offset : offset + PIECE_BYTES])


def record_part(record: Record) -> Part:
    """A record as a bundle carries it."""
    return Part(record.content, record.raw)


def is_piece(part: Part) -> bool:
    """Whether a part is a piece of a blob."""
    return len(part.body) > 1 and part.body[0] >> 4 == 0x9 and part.body[1] == 0


def read_piece(part: Part) -> Piece:
    """The piece in a part; BundleRejected when its head or its bounds are wrong."""
    try:
        mark, digest, size, offset = msgpack.unpackb(part.body)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise _bad_piece() from error
    sound = (
        mark == 0
        and isinstance(digest, bytes)
        and len(digest) == limits.blob_digest_bytes
        and type(size) is int
        and type(offset) is int
        and 0 < size <= limits.blob_bytes_max
        and offset >= 0
        and 0 < len(part.raw) <= PIECE_BYTES
        and offset + len(part.raw) <= size
    )
    if not sound:
        raise _bad_piece()
    return Piece(digest, size, offset, part.raw)


def _bad_piece() -> BundleRejected:
    return BundleRejected(
        "A piece of an attachment that arrived does not check.",
        "It was set aside; the sender will send it again.",
    )
