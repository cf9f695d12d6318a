"""Opus packets in an Ogg file and out again (RFC 3533, RFC 7845): pure bytes, no codec.

docs/format/voice.md is the contract. The writer fills its pages; the reader plays a file that was
cut short up to the cut, and refuses everything else that is not a voice note with one sentence. It
refuses to know how sound is coded, and where files are.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from xtcli.errors import BundleRejected

OPUS_RATE_HZ = 48_000
"""RFC 7845 counts in samples of this rate whatever the sound was recorded at."""

INPUT_RATE_HZ = 16_000
SECONDS_MAX = 300
SECONDS_SLACK = 1
FILE_BYTES_MAX = 1_000_000
PACKET_BYTES_MAX = 1_275
VENDOR_BYTES_MAX = 64
PAGE_SEGMENTS_MAX = 255
PACKET_MS_MAX = 120

_CONTINUED, _BOS, _EOS = 1, 2, 4
_PAGE = struct.Struct("<4sBBqIIIB")
_HEAD = struct.Struct("<8sBBHIhB")
_CRC_OFFSET = 22
_NO_GRANULE = -1


@dataclass(frozen=True, slots=True)
class OpusStream:
    """The Opus packets of one voice note and what a player must know about them."""

    packets: tuple[bytes, ...]
    end: int
    """Where the sound ends, in 48 kHz samples, the pre-skip included."""
    pre_skip: int
    """48 kHz samples to drop at the start: the encoder's lookahead."""
    vendor: str = ""
    complete: bool = True
    """False when the file was cut short or damaged after what is here."""

    def __post_init__(self) -> None:
        """Refuse what the format cannot hold."""
        if not 0 <= self.pre_skip < 1 << 16:
            raise ValueError(f"pre_skip {self.pre_skip} out of range")
        if any(not 0 < len(packet) <= PACKET_BYTES_MAX for packet in self.packets):
            raise ValueError(f"a packet has 1..{PACKET_BYTES_MAX} bytes")
        if len(self.vendor.encode()) > VENDOR_BYTES_MAX:
            raise ValueError(f"vendor is over {VENDOR_BYTES_MAX} bytes")

    @property
    def seconds(self) -> float:
        """Length of what is heard."""
        return max(0, self.end - self.pre_skip) / OPUS_RATE_HZ


def _not_a_note() -> BundleRejected:
    return BundleRejected(
        "This is not a voice note that xt can play.", "Ask for it to be recorded and sent again."
    )


# --- checksum -------------------------------------------------------------------------------


_MIRROR = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in the opposite order."""


def checksum(data: bytes) -> int:
    """The CRC of RFC 3533: polynomial 04C11DB7, most significant bit first, from zero to zero.

    It is zlib's CRC-32 seen in a mirror: the same polynomial with every bit order reversed.
    """
    mirrored = zlib.crc32(data.translate(_MIRROR), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int.from_bytes(mirrored.to_bytes(4, "little").translate(_MIRROR), "big")


# --- packets --------------------------------------------------------------------------------


def packet_samples(packet: bytes) -> int:
    """48 kHz samples in `packet`, from its table of contents (RFC 6716 section 3).

    Raises `BundleRejected` when the bytes contradict each other.
    """
    if not packet or len(packet) > PACKET_BYTES_MAX:
        raise _not_a_note()
    frame, code = _frame_samples(packet[0] >> 3), packet[0] & 3
    if code == 3 and len(packet) < 2:
        raise _not_a_note()
    count = packet[1] & 0x3F if code == 3 else (1, 2, 2)[code]
    total = frame * count
    if not 0 < total <= PACKET_MS_MAX * OPUS_RATE_HZ // 1000:
        raise _not_a_note()
    return total


def _frame_samples(config: int) -> int:
    """Samples of one frame for a configuration number (RFC 6716 table 2)."""
    if config < 12:
        return (480, 960, 1920, 2880)[config & 3]
    return (480, 960)[config & 1] if config < 16 else (120, 240, 480, 960)[config & 3]


def pair(packets: Sequence[bytes]) -> list[bytes]:
    """The same frames, two to a packet where two neighbours are alike (RFC 6716 section 3.2).

    Saves a byte or two of framing for every pair and loses nothing: the frames stay as coded.
    """
    paired: list[bytes] = []
    for packet in packets:
        if paired and (both := _joined(paired[-1], packet)):
            paired[-1] = both
        else:
            paired.append(packet)
    return paired


def _joined(first: bytes, second: bytes) -> bytes | None:
    """Two packets of one frame each as one packet; None when they may not be joined."""
    if first[0] != second[0] or first[0] & 3 or len(first) + len(second) > PACKET_BYTES_MAX:
        return None
    if 2 * packet_samples(first) > PACKET_MS_MAX * OPUS_RATE_HZ // 1000:
        return None
    size = len(first) - 1
    if len(first) == len(second):
        return bytes([first[0] | 1]) + first[1:] + second[1:]
    low = size if size < 252 else 252 + (size & 3)
    length = bytes([low]) if size < 252 else bytes([low, (size - low) >> 2])
    return bytes([first[0] | 2]) + length + first[1:] + second[1:]


# --- writing --------------------------------------------------------------------------------


def _page(flags: int, granule: int, serial: int, number: int, packets: Sequence[bytes]) -> bytes:
    lacing = b"".join(b"\xff" * (len(p) // 255) + bytes([len(p) % 255]) for p in packets)
    head = _PAGE.pack(b"OggS", 0, flags, granule, serial, number, 0, len(lacing))
    page = bytearray(head + lacing + b"".join(packets))
    struct.pack_into("<I", page, _CRC_OFFSET, checksum(bytes(page)))
    return bytes(page)


def _full_pages(packets: Iterable[bytes]) -> Iterator[list[bytes]]:
    """Packets in groups that fill a page; none is split over two pages."""
    group: list[bytes] = []
    segments = 0
    for packet in packets:
        need = len(packet) // 255 + 1
        if segments + need > PAGE_SEGMENTS_MAX:
            yield group
            group, segments = [], 0
        group.append(packet)
        segments += need
    yield group


def write(stream: OpusStream) -> bytes:
    """The Ogg file of `stream`; equal streams give equal bytes."""
    serial = checksum(b"".join(stream.packets))
    head = _HEAD.pack(b"OpusHead", 1, 1, stream.pre_skip, INPUT_RATE_HZ, 0, 0)
    vendor = stream.vendor.encode()
    tags = b"OpusTags" + struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", 0)
    pages = [_page(_BOS, 0, serial, 0, [head]), _page(0, 0, serial, 1, [tags])]
    groups = list(_full_pages(stream.packets))
    granule = 0
    for index, group in enumerate(groups):
        granule += sum(map(packet_samples, group))
        last = index == len(groups) - 1
        flags, at = (_EOS, min(granule, stream.end)) if last else (0, granule)
        pages.append(_page(flags, at, serial, index + 2, group))
    return b"".join(pages)


# --- reading --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Page:
    """One page as read; `whole` is False for the last one of a file that was cut."""

    flags: int
    granule: int
    serial: int
    number: int
    segments: tuple[bytes, ...]
    whole: bool
    size: int

    def packets(self) -> Iterator[bytes]:
        """The packets that end on this page; one that does not is left out."""
        parts: list[bytes] = []
        for segment in self.segments:
            parts.append(segment)
            if len(segment) < 255:
                yield b"".join(parts)
                parts = []


def _read_page(data: bytes, at: int) -> _Page | None:
    """The page at offset `at`; None where there is none or its checksum is wrong."""
    if len(data) < at + _PAGE.size:
        return None
    magic, version, flags, granule, serial, number, crc, count = _PAGE.unpack_from(data, at)
    start = at + _PAGE.size + count
    lacing = data[at + _PAGE.size : start]
    if magic != b"OggS" or version != 0 or len(lacing) < count:
        return None
    size = _PAGE.size + count + sum(lacing)
    whole = len(data) >= at + size
    if whole:
        page = bytearray(data[at : at + size])
        page[_CRC_OFFSET : _CRC_OFFSET + 4] = bytes(4)
        if checksum(bytes(page)) != crc:
            return None
    segments = []
    for length in lacing:
        if start + length > len(data):
            break
        segments.append(data[start : start + length])
        start += length
    return _Page(flags, granule, serial, number, tuple(segments), whole, size)


def _read_head(page: _Page | None) -> tuple[int, int]:
    """Pre-skip and serial number from the first page."""
    if page is None or not page.whole or not page.flags & _BOS:
        raise _not_a_note()
    head = b"".join(page.segments)
    if len(head) < _HEAD.size:
        raise _not_a_note()
    magic, version, channels, pre_skip, _rate, gain, family = _HEAD.unpack_from(head)
    if magic != b"OpusHead" or version > 15 or (channels, gain, family) != (1, 0, 0):
        raise _not_a_note()
    return pre_skip, page.serial


def _read_tags(page: _Page | None, serial: int) -> str:
    """The vendor text from the second page."""
    if page is None or not page.whole or page.serial != serial or page.number != 1:
        raise _not_a_note()
    tags = b"".join(page.segments)
    if tags[:8] != b"OpusTags" or len(tags) < 12:
        raise _not_a_note()
    size = min(int.from_bytes(tags[8:12], "little"), VENDOR_BYTES_MAX)
    text = tags[12 : 12 + size].decode("utf-8", "ignore")
    return text if text.isprintable() else ""


def read(data: bytes) -> OpusStream:
    """The stream in an Ogg file, as far as it goes.

    Raises `BundleRejected` for what is not a voice note (the list in docs/format/voice.md).
    """
    if len(data) > FILE_BYTES_MAX:
        raise _not_a_note()
    page = _read_page(data, 0)
    pre_skip, serial = _read_head(page)
    at = page.size if page else 0
    page = _read_page(data, at)
    vendor = _read_tags(page, serial)
    at += page.size if page else 0
    packets, total, end = _read_sound(data, at, serial)
    if not packets:
        raise _not_a_note()
    return OpusStream(
        packets=tuple(packets),
        end=total if end is None else max(pre_skip, min(total, end)),
        pre_skip=pre_skip,
        vendor=vendor,
        complete=end is not None,
    )


def _read_sound(data: bytes, at: int, serial: int) -> tuple[list[bytes], int, int | None]:
    """Packets, their 48 kHz samples, and the end by the last page (None when it never came)."""
    packets: list[bytes] = []
    total, number = 0, 2
    while (page := _read_page(data, at)) is not None:
        if (page.serial, page.number) != (serial, number) or page.flags & (_CONTINUED | _BOS):
            break
        for packet in page.packets():
            total += packet_samples(packet)
            if total > (SECONDS_MAX + SECONDS_SLACK) * OPUS_RATE_HZ:
                raise _not_a_note()
            packets.append(packet)
        if page.flags & _EOS and page.whole:
            return packets, total, total if page.granule == _NO_GRANULE else page.granule
        at, number = at + page.size, number + 1
    return packets, total, None
