"""RTP and RTCP as far as a browser's voice needs them: bytes to values and back.

RTP (RFC 3550) with one header extension, the transport-wide sequence number; RED (RFC 2198) for
frames that travel together; RTCP sender reports out; receiver reports and transport-wide feedback
(draft-holmer-rmcat-transport-wide-cc-extensions-01) in. Before SRTP and after it: it refuses to
know keys, sockets, clocks and what a frame sounds like.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from xtcli.errors import BundleRejected

HEADER = struct.Struct(">BBHII")
EXTENSION_ID = 3
_EXTENSION = struct.Struct(">HHBHx")
_ONE_BYTE = 0xBEDE
RED, OPUS = 63, 96
"""Payload types, fixed by docs/format/web.md."""
OFFSET_MAX = (1 << 14) - 1
BLOCK_BYTES_MAX = (1 << 10) - 1
_SR, _RR, _RTPFB, _TRANSPORT_CC = 200, 201, 205, 15
FEEDBACK_PACKETS_MAX = 2_000
WRAP16, WRAP32 = 1 << 16, 1 << 32


def refused() -> BundleRejected:
    """What is raised for bytes that are not what they should be."""
    return BundleRejected("Sound from the browser cannot be read.", "Nothing need be done.")


@dataclass(frozen=True, slots=True)
class Block:
    """One coded frame with its RTP timestamp (48 kHz)."""

    timestamp: int
    packet: bytes


@dataclass(frozen=True, slots=True)
class Packet:
    """An RTP packet of a voice: `blocks` oldest first, the primary one last."""

    sequence: int
    ssrc: int
    blocks: tuple[Block, ...]


def encode_red(
    blocks: tuple[Block, ...], sequence: int, transport_sequence: int, ssrc: int
) -> bytes:
    """An RTP packet of payload type 63. ValueError when a block is too old or too long for it."""
    *older, primary = blocks
    head, body = b"", b""
    for block in older:
        offset = (primary.timestamp - block.timestamp) % WRAP32
        if offset > OFFSET_MAX or len(block.packet) > BLOCK_BYTES_MAX:
            raise ValueError("no such block in RED")
        fields = 1 << 31 | OPUS << 24 | offset << 10 | len(block.packet)
        head += fields.to_bytes(4, "big")
        body += block.packet
    start = HEADER.pack(0x90, RED, sequence % WRAP16, primary.timestamp % WRAP32, ssrc)
    extension = _EXTENSION.pack(_ONE_BYTE, 1, EXTENSION_ID << 4 | 1, transport_sequence % WRAP16)
    return start + extension + head + bytes([OPUS]) + body + primary.packet


def decode_rtp(data: bytes) -> Packet:
    """An RTP packet of payload type 96 or 63; BundleRejected for anything else."""
    if len(data) < HEADER.size:
        raise refused()
    first, second, sequence, timestamp, ssrc = HEADER.unpack_from(data)
    at = HEADER.size + 4 * (first & 15)
    if first >> 6 != 2:
        raise refused()
    if first & 0x10:
        at += 4 + 4 * int.from_bytes(data[at + 2 : at + 4], "big")
    end = len(data) - (data[-1] if first & 0x20 else 0)
    payload = data[at:end]
    if at > len(data) or end < at:
        raise refused()
    if second & 127 == OPUS:
        return Packet(sequence, ssrc, (Block(timestamp, payload),))
    if second & 127 == RED:
        return Packet(sequence, ssrc, tuple(_red(payload, timestamp)))
    raise refused()


def _red(payload: bytes, timestamp: int) -> Iterator[Block]:
    """The blocks of a RED payload."""
    older: list[tuple[int, int]] = []
    at = 0
    while at < len(payload) and payload[at] & 0x80:
        fields = int.from_bytes(payload[at : at + 4], "big")
        older.append((fields >> 10 & OFFSET_MAX, fields & BLOCK_BYTES_MAX))
        at += 4
    at += 1
    if at + sum(size for _, size in older) > len(payload):
        raise refused()
    for offset, size in older:
        yield Block((timestamp - offset) % WRAP32, payload[at : at + size])
        at += size
    yield Block(timestamp, payload[at:])


def is_rtcp(data: bytes) -> bool:
    """Whether a packet on a muxed line is RTCP (RFC 5761)."""
    return len(data) >= 2 and 192 <= data[1] <= 223


def encode_report(ssrc: int, now: float, timestamp: int, packets: int, size: int) -> bytes:
    """A sender report (RFC 3550, 6.4.1) without blocks; `now` is any clock, its own each time."""
    ntp = int(now * WRAP32) & (1 << 64) - 1
    body = struct.pack(">IQIII", ssrc, ntp, timestamp % WRAP32, packets % WRAP32, size % WRAP32)
    return struct.pack(">BBH", 0x80, _SR, len(body) // 4) + body


@dataclass(frozen=True, slots=True)
class Echo:
    """From a report block: what tells the round trip (RFC 3550, 6.4.1)."""

    last: int
    """Middle 32 bits of our report's time; 0 when none came."""
    since_s: float

    def round_trip_s(self, now: float) -> float | None:
        """With `now` by the clock that our report had; None when nothing can be said."""
        if not self.last:
            return None
        passed = (int(now * 65_536) - self.last) % WRAP32 / 65_536
        found = passed - self.since_s
        return found if 0 <= found < 30 else None


@dataclass(frozen=True, slots=True)
class Feedback:
    """Which packets came, and when by the other side's clock."""

    first: int
    """Transport sequence of the first packet spoken of."""
    count: int
    arrived: tuple[tuple[int, float], ...]
    """`(sequence, seconds)`; the seconds mean nothing by themselves."""
    turn: int
    """Rises by one with each, 8 bits: a gap is a feedback that was lost."""


def decode_rtcp(data: bytes, ssrc: int) -> list[Echo | Feedback]:
    """What a compound RTCP packet says about our stream `ssrc`; what is of no use is left out."""
    found: list[Echo | Feedback] = []
    while len(data) >= 8:
        first, kind, words = struct.unpack_from(">BBH", data)
        size = 4 + 4 * words
        if first >> 6 != 2 or size > len(data):
            raise refused()
        part, data = data[:size], data[size:]
        if kind in (_SR, _RR):
            found += _echoes(part, 28 if kind == _SR else 8, first & 31, ssrc)
        elif kind == _RTPFB and first & 31 == _TRANSPORT_CC:
            found.append(_feedback(part))
    return found


def _echoes(part: bytes, at: int, count: int, ssrc: int) -> Iterator[Echo]:
    for start in range(at, min(at + 24 * count, len(part) - 23), 24):
        source, last, since = struct.unpack_from(">I12xII", part, start)
        if source == ssrc:
            yield Echo(last, since / 65_536)


def _feedback(part: bytes) -> Feedback:
    """Transport-wide feedback: symbols in chunks, then the time since the packet before."""
    if len(part) < 20:
        raise refused()
    first, count = struct.unpack_from(">HH", part, 12)
    clock = int.from_bytes(part[16:19], "big", signed=True) * 0.064
    if not 0 < count <= FEEDBACK_PACKETS_MAX:
        raise refused()
    symbols, at = _symbols(part, count)
    arrived: list[tuple[int, float]] = []
    for i, symbol in enumerate(symbols):
        if symbol not in (1, 2):
            continue
        if at + symbol > len(part):
            raise refused()
        clock += int.from_bytes(part[at : at + symbol], "big", signed=symbol == 2) * 250e-6
        at += symbol
        arrived.append(((first + i) % WRAP16, clock))
    return Feedback(first, count, tuple(arrived), part[19])


def _symbols(part: bytes, count: int) -> tuple[list[int], int]:
    """`count` status symbols, and where the times begin."""
    symbols: list[int] = []
    at = 20
    while len(symbols) < count:
        if at + 2 > len(part):
            raise refused()
        chunk = int.from_bytes(part[at : at + 2], "big")
        at += 2
        if not chunk >> 15:
            symbols += [chunk >> 13 & 3] * min(chunk & 0x1FFF, count - len(symbols))
            if not chunk & 0x1FFF:
                raise refused()
        elif chunk >> 14 & 1:
            symbols += [chunk >> shift & 3 for shift in range(12, -1, -2)]
        else:
            symbols += [chunk >> shift & 1 for shift in range(13, -1, -1)]
    return symbols[:count], at
