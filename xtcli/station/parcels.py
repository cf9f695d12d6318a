"""What a bundle's parts mean: a record, a piece of a blob, or something about the road.

Transport carries parts without asking; this is where they get their meaning. A record's body is a
msgpack array and starts with its kind (1 or more); a piece of a blob starts with 0, what concerns
the road with a negative number (docs/format/relay.md):

    [0, digest (16 bytes), size of the whole, offset of this piece]    raw: the piece's bytes
    [-1, recipient, sender, priority]    raw: a sealed bundle that is passed on unopened
    [-2, tags of 4 bytes, joined]        bundles that the sender has taken from a stick
    [-3]                                 raw: bytes that test a link and mean nothing
    [-4, [first, last, ...]]             records of the receiver that the sender lacks
    [-5, [number, digest, why, ...]]     records of the receiver that the sender refuses for good

The raw of -2, -4 and -5 is the proof of who says so (`origin`), which is not looked at here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgpack

from xtcli.errors import BundleRejected
from xtcli.records import limits
from xtcli.records.sign import Record
from xtcli.transport.bundle.envelope import PRIORITY_MAX, STATION_MAX
from xtcli.transport.bundle.pack import Part
from xtcli.transport.bundle.seal import SEAL_BYTES
from xtcli.transport.symbols import TAG_BYTES

PIECE_BYTES = 7_500_000
"""Largest blob that travels: it goes in one bundle. Symbols make a cut cheap, so a blob is not cut
any further, and one that fits no bundle is not taken: nobody could pass it on."""

ENVELOPE_MARK, TAKEN_MARK, PROBE_MARK, LACK_MARK, RETURN_MARK = -1, -2, -3, -4, -5
LACK_RUNS_MAX = 64
"""Runs of sequence numbers asked for at once."""
LACK_RECORDS_MAX = 2_000
RETURN_DIGEST_BYTES = 16
"""Nobody can make other bytes that a hub would refuse under the name of these."""
RETURNS_MAX = 64
"""Refused records named in one part."""
WHY_CHARACTERS_MAX = 24
TAKEN_MAX = 1000
"""Tags in one note of what was taken."""
TAKEN_SEALED_BYTES_MAX = SEAL_BYTES + 16 + TAKEN_MAX * (TAG_BYTES + 2)


@dataclass(frozen=True, slots=True)
class Passing:
    """A sealed bundle on its way from one station to another through this one."""

    recipient: int
    sender: int
    priority: int
    sealed: bytes

    def part(self) -> Part:
        """As the hop's bundle carries it."""
        head: bytes = msgpack.packb([ENVELOPE_MARK, self.recipient, self.sender, self.priority])
        return Part(head, self.sealed)


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


def _marked(part: Part, mark: int) -> bool:
    return len(part.body) > 1 and part.body[0] >> 4 == 0x9 and part.body[1] == mark & 0xFF


def _fields(part: Part) -> Any:
    """What the body of a part says; ValueError and others of msgpack's when it is no message.

    Looked at only where it is no longer than a record's content: in a bundle of 400 bytes there is
    room for a body of 4 MiB, of which msgpack would make 300 MB of empty maps.
    """
    if len(part.body) > limits.content_bytes_max:
        raise ValueError("too long")
    return msgpack.unpackb(part.body)


def is_passing(part: Part) -> bool:
    """Whether a part is a sealed bundle to be passed on."""
    return _marked(part, ENVELOPE_MARK)


def read_passing(part: Part) -> Passing:
    """The bundle to be passed on; BundleRejected when its head does not check."""
    try:
        mark, recipient, sender, priority = _fields(part)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise _bad_passing() from error
    sound = (
        mark == ENVELOPE_MARK
        and type(recipient) is int
        and type(sender) is int
        and type(priority) is int
        and 0 < recipient <= STATION_MAX
        and 0 < sender <= STATION_MAX
        and 0 <= priority <= PRIORITY_MAX
        and len(part.raw) >= SEAL_BYTES
    )
    if not sound:
        raise _bad_passing()
    return Passing(recipient, sender, priority, part.raw)


def taken_part(tags: Sequence[bytes]) -> Part:
    """A note of bundles (at most `TAKEN_MAX`) that are safe here."""
    body: bytes = msgpack.packb([TAKEN_MARK, b"".join(tags[:TAKEN_MAX])])
    return Part(body)


def lack_part(runs: Sequence[tuple[int, int]]) -> Part:
    """Asks the receiver for records of its own again, by runs of sequence numbers."""
    numbers = [number for run in runs[:LACK_RUNS_MAX] for number in run]
    body: bytes = msgpack.packb([LACK_MARK, numbers])
    return Part(body)


def is_lack(part: Part) -> bool:
    """Whether a part asks for records again."""
    return _marked(part, LACK_MARK)


def read_lack(part: Part) -> list[int]:
    """The sequence numbers asked for, bounded; none when the part does not check."""
    try:
        mark, numbers = _fields(part)
    except (ValueError, TypeError, msgpack.UnpackException):
        return []
    sound = mark == LACK_MARK and isinstance(numbers, list) and len(numbers) % 2 == 0
    if not sound or not all(type(n) is int and 0 < n <= limits.seq_max for n in numbers):
        return []
    found: list[int] = []
    for first, last in zip(numbers[::2], numbers[1::2], strict=True):
        if len(found) >= LACK_RECORDS_MAX:
            break
        found += range(first, min(last, first + LACK_RECORDS_MAX - 1) + 1)
    return found[:LACK_RECORDS_MAX]


def return_digest(record: Record) -> bytes:
    """What names refused bytes. The signature is among them: a hub that was shown a record with a
    false one refuses that, and not the record that its station wrote."""
    found = hashlib.blake2s(digest_size=RETURN_DIGEST_BYTES, person=b"xt not")
    found.update(record.raw + record.content)
    return found.digest()


def return_part(why: Mapping[tuple[int, bytes], str]) -> Part:
    """Tells the receiver which records of its own (at most `RETURNS_MAX`) are refused for good.

    Each by its number and its `return_digest`.
    """
    found = list(why.items())[:RETURNS_MAX]
    flat = [value for (seq, digest), text in found for value in (seq, digest, text)]
    body: bytes = msgpack.packb([RETURN_MARK, flat])
    return Part(body)


def is_return(part: Part) -> bool:
    """Whether a part says what was refused."""
    return _marked(part, RETURN_MARK)


def read_return(part: Part) -> dict[tuple[int, bytes], str]:
    """What was refused and why, bounded; none when the part does not check."""
    try:
        mark, flat = _fields(part)
    except (ValueError, TypeError, msgpack.UnpackException):
        return {}
    if mark != RETURN_MARK or not isinstance(flat, list) or len(flat) % 3:
        return {}
    found = list(zip(flat[::3], flat[1::3], flat[2::3], strict=True))[:RETURNS_MAX]
    sound = all(
        type(number) is int
        and 0 < number <= limits.seq_max
        and isinstance(digest, bytes)
        and len(digest) == RETURN_DIGEST_BYTES
        and isinstance(why, str)
        and 0 < len(why) <= WHY_CHARACTERS_MAX
        for number, digest, why in found
    )
    return {(number, digest): why for number, digest, why in found} if sound else {}


def probe_part(data: bytes) -> Part:
    """Bytes that test a link."""
    body: bytes = msgpack.packb([PROBE_MARK])
    return Part(body, data)


def is_of_road(part: Part) -> bool:
    """Whether a part says something about the road, which no log keeps."""
    return len(part.body) > 1 and part.body[0] >> 4 == 0x9 and part.body[1] >= 0xE0


def is_taken(part: Part) -> bool:
    """Whether a part is a note of what was taken."""
    return _marked(part, TAKEN_MARK)


def read_taken(part: Part) -> tuple[bytes, ...]:
    """The tags in a note; none when it does not check, since it is only a hint."""
    try:
        mark, tags = _fields(part)
    except (ValueError, TypeError, msgpack.UnpackException):
        return ()
    if mark != TAKEN_MARK or not isinstance(tags, bytes) or len(tags) % TAG_BYTES:
        return ()
    return tuple(tags[at : at + TAG_BYTES] for at in range(0, len(tags), TAG_BYTES))[:TAKEN_MAX]


def read_piece(part: Part) -> Piece:
    """The piece in a part; BundleRejected when its head or its bounds are wrong."""
    try:
        mark, digest, size, offset = _fields(part)
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        raise _bad_piece() from error
    sound = (
        mark == 0
        and isinstance(digest, bytes)
        and len(digest) == limits.blob_digest_bytes
        and type(size) is int
        and type(offset) is int
        and 0 < size <= PIECE_BYTES
        and offset >= 0
        and len(part.raw) > 0
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


def _bad_passing() -> BundleRejected:
    return BundleRejected(
        "A bundle to be passed on does not check.", "It was dropped; its sender keeps it."
    )
