"""Frames: what a datagram says, to bytes and back. docs/format/link.md is the specification.

Every parser here takes arbitrary bytes and either returns values within their limits or raises
`FrameError`. It knows no link state, keys or clocks.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum

from xtcli.transport.symbols import BLOCKS_MAX, Layout

VERSION_BIT = 0x80
REPORT_BIT = 0x40
HEAD = struct.Struct(">BHI")
"""Kind and flags, the sender's station number, the sender's datagram counter."""
HEAD_BYTES = HEAD.size
MAC_BYTES = 8
OVERHEAD_BYTES = HEAD_BYTES + MAC_BYTES
REALTIME_HEAD_BYTES = 3
DATAGRAM_BYTES_MAX = 1232
"""Largest UDP payload: IPv6's minimum MTU of 1280 less 48 bytes of headers."""
SYMBOL_HEAD = struct.Struct(">4sH3s")
"""A symbol's bundle tag, index, and the bundle's length in 24 bits."""
COUNTER_MAX = (1 << 32) - 1
CLOCK_TICK_S = 1 / 4096
"""Unit of the arrival time in a report, 24 bits, wraps every 4,096 s."""
EARLIER_MAX = 3
"""Arrivals before the highest one that a report can tell."""


class FrameError(ValueError):
    """These bytes are not a frame."""


class Kind(IntEnum):
    """What a datagram carries; bits 3-5 of its first byte."""

    SYMBOL = 0
    WHOLE = 1
    CONTROL = 2
    REALTIME = 3
    JOIN = 4


class Item(IntEnum):
    """The items of a control frame."""

    REPORT = 1
    HAVE = 2
    DONE = 3
    REFUSED = 4
    POLL = 5
    STATUS = 6
    ASK = 7
    RESYNC = 8
    WITHDRAWN = 9
    FRAME = 15


@dataclass(frozen=True, slots=True)
class Report:
    """The receiver's view: highest counter seen, datagrams arrived (mod 2^16), when the highest
    arrived (receiver's clock, s, mod 4096), how long the report waited since (s), and arrivals
    before: (counters back 1-255, seconds before `at`)."""

    highest: int
    arrived: int
    at: float
    held: float
    earlier: tuple[tuple[int, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Have:
    """What of a bundle is there: symbol size, first index never seen, lacks of each block.

    No blocks: the bundle is not known. All lacks 0: it is whole but not yet accepted.
    """

    tag: bytes
    symbol_bytes: int
    next_index: int
    missing: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Done:
    """The bundle is held durably."""

    tag: bytes


@dataclass(frozen=True, slots=True)
class Refused:
    """The bundle will not be taken; `reason` is a code of docs/format/link.md."""

    tag: bytes
    reason: int


@dataclass(frozen=True, slots=True)
class Poll:
    """Anything for me? `number` is echoed by the status that answers."""

    number: int


@dataclass(frozen=True, slots=True)
class Status:
    """The answer to poll `number`: bundles and bytes that wait here for you."""

    number: int
    bundles: int
    size: int


@dataclass(frozen=True, slots=True)
class Ask:
    """What have you of this bundle?"""

    tag: bytes


@dataclass(frozen=True, slots=True)
class Resync:
    """Your counter is behind: `highest` is the highest seen."""

    highest: int


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """No more of this bundle will be sent: what has come of it is of no use."""

    tag: bytes


@dataclass(frozen=True, slots=True)
class Symbol:
    """One symbol of a bundle of `length` sealed bytes."""

    tag: bytes
    index: int
    length: int
    payload: bytes
    priority: int


@dataclass(frozen=True, slots=True)
class Whole:
    """A whole bundle in one datagram; its tag is computed from it."""

    sealed: bytes
    priority: int


ControlItem = Report | Have | Done | Refused | Poll | Status | Ask | Resync | Withdrawn
Frame = Symbol | Whole
SYMBOL_OVERHEAD_BYTES = OVERHEAD_BYTES + SYMBOL_HEAD.size


def pack_item(item: ControlItem) -> bytes:
    """One control item's bytes."""
    match item:
        case Report():
            return _pack_report(item)
        case Have(tag, symbol_bytes, next_index, missing):
            fixed = struct.pack(">B4sHHB", Item.HAVE, tag, symbol_bytes, next_index, len(missing))
            return fixed + bytes(missing)
        case Done(tag):
            return bytes([Item.DONE]) + tag
        case Refused(tag, reason):
            return bytes([Item.REFUSED]) + tag + bytes([reason])
        case Poll(number):
            return bytes([Item.POLL, number & 0xFF])
        case Status(number, bundles, size):
            bounded = min(bundles, 0xFFFF), min(size, 0xFFFFFFFF)
            return struct.pack(">BBHI", Item.STATUS, number & 0xFF, *bounded)
        case Ask(tag):
            return bytes([Item.ASK]) + tag
        case Resync(highest):
            return struct.pack(">BI", Item.RESYNC, highest)
        case Withdrawn(tag):
            return bytes([Item.WITHDRAWN]) + tag


def _pack_report(report: Report) -> bytes:
    clock = (int(report.at / CLOCK_TICK_S) & 0xFFFFFF).to_bytes(3, "big")
    held_ms = min(0xFFFF, max(0, round(report.held * 1000)))
    counts = report.highest, report.arrived & 0xFFFF
    fixed = struct.pack(">BIH3sHB", Item.REPORT, *counts, clock, held_ms, len(report.earlier))
    return fixed + b"".join(
        struct.pack(">Bh", back, max(-0x8000, min(0x7FFF, round(ago * 1024))))
        for back, ago in report.earlier
    )


def _unpack_report(body: bytes, at: int) -> tuple[Report, int]:
    if len(body) < at + 12:
        raise FrameError("truncated item")
    highest, arrived, clock, held_ms, count = struct.unpack_from(">IH3sHB", body, at)
    end = at + 12 + 3 * count
    if count > EARLIER_MAX or len(body) < end:
        raise FrameError("bad REPORT")
    pairs = struct.iter_unpack(">Bh", body[at + 12 : end])
    earlier = tuple((back, ago / 1024) for back, ago in pairs)
    ticks = int.from_bytes(clock, "big")
    return Report(highest, arrived, ticks * CLOCK_TICK_S, held_ms / 1000, earlier), end


def _unpack_status(data: bytes) -> Status:
    return Status(*struct.unpack(">BHI", data))


_FIXED: dict[Item, tuple[int, Callable[[bytes], ControlItem]]] = {
    Item.DONE: (4, Done),
    Item.REFUSED: (5, lambda data: Refused(data[:4], data[4])),
    Item.POLL: (1, lambda data: Poll(data[0])),
    Item.STATUS: (7, _unpack_status),
    Item.ASK: (4, Ask),
    Item.RESYNC: (4, lambda data: Resync(int.from_bytes(data, "big"))),
    Item.WITHDRAWN: (4, Withdrawn),
}


def _unpack_have(body: bytes, at: int) -> tuple[Have, int]:
    if len(body) < at + 9:
        raise FrameError("truncated item")
    tag, symbol_bytes, next_index, blocks = struct.unpack_from(">4sHHB", body, at)
    end = at + 9 + blocks
    if blocks > BLOCKS_MAX or len(body) < end or (blocks and not symbol_bytes):
        raise FrameError("bad HAVE")
    return Have(tag, symbol_bytes, next_index, tuple(body[at + 9 : end])), end


_VARIABLE: dict[Item, Callable[[bytes, int], tuple[ControlItem, int]]] = {
    Item.REPORT: _unpack_report,
    Item.HAVE: _unpack_have,
}


def unpack_control(body: bytes) -> tuple[list[ControlItem], Frame | None]:
    """The items of a control frame and the frame riding at its end, if any."""
    items: list[ControlItem] = []
    at = 0
    while at < len(body):
        code = body[at]
        at += 1
        if code == Item.FRAME:
            return items, _unpack_inner(body[at:])
        if code in _VARIABLE:
            item, at = _VARIABLE[Item(code)](body, at)
            items.append(item)
            continue
        try:
            size, make = _FIXED[Item(code)]
        except (ValueError, KeyError) as error:
            raise FrameError("unknown item") from error
        data = body[at : at + size]
        if len(data) != size:
            raise FrameError("truncated item")
        items.append(make(data))
        at += size
    return items, None


def _unpack_inner(data: bytes) -> Frame:
    if not data:
        raise FrameError("no frame")
    return unpack_frame(Kind.SYMBOL if data[0] >> 3 == 0 else _inner_kind(data[0]), data)


def _inner_kind(first: int) -> Kind:
    if first >> 3 != Kind.WHOLE:
        raise FrameError("this kind cannot ride")
    return Kind.WHOLE


def unpack_frame(kind: Kind, data: bytes) -> Frame:
    """A symbol or whole bundle; `data[0]` holds the priority, the body follows."""
    priority = data[0] & 7
    if kind is Kind.WHOLE:
        if len(data) < 2:
            raise FrameError("empty bundle")
        return Whole(data[1:], priority)
    if len(data) <= 1 + SYMBOL_HEAD.size:
        raise FrameError("truncated symbol")
    tag, index, length3 = SYMBOL_HEAD.unpack_from(data, 1)
    payload = data[1 + SYMBOL_HEAD.size :]
    length = int.from_bytes(length3, "big")
    try:
        layout = Layout(length, len(payload))
    except ValueError as error:
        raise FrameError("impossible layout") from error
    if index >= layout.indices:
        raise FrameError("impossible symbol")
    return Symbol(tag, index, length, payload, priority)


def fits(items: list[ControlItem], symbol_bytes: int, *, whole: bool) -> bool:
    """Whether control items leave room for a frame of so many bytes in the same datagram."""
    room = DATAGRAM_BYTES_MAX - OVERHEAD_BYTES - 2 - sum(len(pack_item(item)) for item in items)
    return symbol_bytes + (0 if whole else SYMBOL_HEAD.size) <= room


def frame_body(frame: Frame) -> bytes:
    """The body of a symbol or whole bundle, after the first byte."""
    if isinstance(frame, Whole):
        return frame.sealed
    return SYMBOL_HEAD.pack(frame.tag, frame.index, frame.length.to_bytes(3, "big")) + frame.payload


def pack_content(
    station: int, counter: int, items: list[ControlItem], frame: Frame | None, *, report: bool
) -> bytes:
    """A datagram without its tag: control items, a frame, or both in one."""
    flags = REPORT_BIT if report else 0
    if frame is None:
        first = flags | Kind.CONTROL << 3
        body = b"".join(map(pack_item, items))
    else:
        kind = Kind.WHOLE if isinstance(frame, Whole) else Kind.SYMBOL
        inner = kind << 3 | frame.priority
        body = frame_body(frame)
        first = flags | inner
        if items:
            first = flags | Kind.CONTROL << 3
            head = b"".join(map(pack_item, items))
            body = head + bytes([Item.FRAME, inner]) + body
    return HEAD.pack(first, station, counter) + body


@dataclass(frozen=True, slots=True)
class Datagram:
    """A datagram taken apart; `report` asks for a report."""

    counter: int
    report: bool
    items: list[ControlItem]
    frame: Frame | None


def unpack_content(content: bytes) -> Datagram:
    """Take apart a datagram whose tag has been checked and cut off."""
    if len(content) < HEAD_BYTES:
        raise FrameError("truncated head")
    first, _, counter = HEAD.unpack_from(content)
    if first & VERSION_BIT:
        raise FrameError("unknown version")
    kind = first >> 3 & 7
    report = bool(first & REPORT_BIT)
    body = content[HEAD_BYTES:]
    if kind == Kind.CONTROL:
        items, frame = unpack_control(body)
        return Datagram(counter, report, items, frame)
    if kind not in (Kind.SYMBOL, Kind.WHOLE):
        raise FrameError("unknown kind")
    return Datagram(counter, report, [], unpack_frame(Kind(kind), bytes([first]) + body))


def sender_of(datagram: bytes) -> int | None:
    """The station number a datagram claims to come from; None if it is too short."""
    if len(datagram) < REALTIME_HEAD_BYTES + MAC_BYTES:
        return None
    return int.from_bytes(datagram[1:3], "big")


def kind_of(datagram: bytes) -> int | None:
    """The kind a datagram claims; None if it is empty or of another version."""
    if not datagram or datagram[0] & VERSION_BIT:
        return None
    return datagram[0] >> 3 & 7
