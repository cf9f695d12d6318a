"""Stills: pictures that travel inside a call, in what speech leaves over.

A still is cut into chunks. `Outgoing` gives the next chunk when the `Spare` has room for it, and
sends again what the other side says is missing; `Incoming` puts chunks together. Only the newest
picture counts: a later one replaces what did not arrive whole. Bytes in docs/format/call.md. It
refuses to know keys, cameras and how a picture is coded.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from enum import IntEnum

from xtcli.media.call.keys import refused

HEAD_BYTES = 7
CHUNK_BYTES_MIN, CHUNK_BYTES_MAX = 72, 400
CHUNKS_MAX = 256
STILL_BYTES_MAX = 16_000
AGE_UNIT_S = 0.2
CLOCK_UNIT_S = 0.01
CLOCK_UNITS = 1 << 16
NUMBERS = 256

EVERY_S = 2.0
"""No oftener than this."""
GIVE_UP_S = 40.0
DEAF_STILLS = 3
"""So many given up, and the other side never said a word about any: it knows no stills."""
AGAIN_S = 1.2
GOT_EVERY_S = 1.0
ROOM_BYTES_MIN, ROOM_BYTES_MAX = 2_500, 9_000
ROOM_S = 5.0
"""A still is made so big that it takes about this long."""


class StillWord(IntEnum):
    """Words of a control datagram that carry no report."""

    CHUNK = 4
    GOT = 5


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of a still."""

    number: int
    """Of the still, 0..255, counted round."""
    last: int
    """Index of its last chunk."""
    index: int
    age_s: float
    """How old the picture was when this left."""
    clock_s: float
    """The sender's microphone clock then, modulo 655.36 s: tells the delay on the way."""
    body: bytes = field(repr=False)


def encode_chunk(chunk: Chunk) -> bytes:
    """The body of its control datagram."""
    age = min(255, max(0, round(chunk.age_s / AGE_UNIT_S)))
    clock = round(chunk.clock_s / CLOCK_UNIT_S) % CLOCK_UNITS
    head = bytes([StillWord.CHUNK, chunk.number, chunk.last, chunk.index, age])
    return head + clock.to_bytes(2, "big") + chunk.body


def decode_chunk(body: bytes) -> Chunk:
    """The opposite; refused when it is empty, too long or beyond its own last."""
    if not HEAD_BYTES < len(body) <= HEAD_BYTES + CHUNK_BYTES_MAX or body[3] > body[2]:
        raise refused()
    clock = int.from_bytes(body[5:7], "big") * CLOCK_UNIT_S
    return Chunk(body[1], body[2], body[3], body[4] * AGE_UNIT_S, clock, body[HEAD_BYTES:])


def encode_got(number: int, came: set[int], last: int) -> bytes:
    """What came of a still; no map at all when it is whole."""
    if len(came) > last:
        return bytes([StillWord.GOT, number])
    size = last // 8 + 1
    return bytes([StillWord.GOT, number]) + sum(1 << i for i in came).to_bytes(size, "big")


def decode_got(body: bytes) -> tuple[int, int | None]:
    """`(number, map)`: bit i is chunk i; None for whole."""
    if not 2 <= len(body) <= 2 + CHUNKS_MAX // 8:
        raise refused()
    return body[1], int.from_bytes(body[2:], "big") if len(body) > 2 else None


def clock_near(short_s: float, near_s: float) -> float:
    """The full clock nearest to `near_s` of which a chunk carries the low 655.36 s."""
    span = CLOCK_UNITS * CLOCK_UNIT_S
    return short_s + span * round((near_s - short_s) / span)


@dataclass(frozen=True, slots=True)
class Still:
    """A picture that came whole."""

    data: bytes = field(repr=False)
    taken_at: float
    """By this side's clock, as far as it can know."""


@dataclass(slots=True)
class _Sending:
    number: int
    chunks: list[bytes]
    taken_at: float
    began_at: float
    todo: deque[int]
    missing: set[int]
    sent_at: dict[int, float] = field(default_factory=dict)
    ask_at: float = 0.0
    asks: int = 0


class Outgoing:
    """Stills to the other side, one at a time."""

    def __init__(self) -> None:
        """Nothing to show yet."""
        self._now: _Sending | None = None
        self._number = 0
        self._free_at = 0.0
        self._silent = 0
        self._answered = False
        self._room = ROOM_BYTES_MIN
        self.sent = 0
        """Stills that arrived whole."""
        self.bytes = 0

    @property
    def working(self) -> bool:
        """Whether a still is on its way."""
        return self._now is not None

    @property
    def deaf(self) -> bool:
        """Whether the other side shows no sign of knowing stills."""
        return not self._answered and self._silent >= DEAF_STILLS

    def room(self, now: float) -> int:
        """How many bytes the next still may have; 0: none is wanted now."""
        if self.working or self.deaf or now < self._free_at:
            return 0
        return self._room

    def offer(self, data: bytes, taken_at: float, chunk_bytes: int, now: float) -> None:
        """A picture to be sent, if none is on its way."""
        if self.working or not 0 < len(data) <= STILL_BYTES_MAX:
            return
        size = max(CHUNK_BYTES_MIN, min(CHUNK_BYTES_MAX, chunk_bytes), -(-len(data) // CHUNKS_MAX))
        chunks = [data[at : at + size] for at in range(0, len(data), size)]
        every = range(len(chunks))
        self._number = (self._number + 1) % NUMBERS
        self._now = _Sending(self._number, chunks, taken_at, now, deque(every), set(every))
        self._free_at = now + EVERY_S

    def next(self, clock_s: float, now: float) -> Chunk | None:
        """The chunk to send next, if one is due; `sent` it when it has left."""
        one = self._now
        if one is None:
            return None
        if now - one.began_at > GIVE_UP_S:
            self._silent += 1
            self._room = ROOM_BYTES_MIN
            self._now = None
            return None
        if not one.todo:
            if now < one.ask_at:
                return None
            one.todo.append(max(one.missing))
            one.asks += 1
        index = one.todo[0]
        age = now - one.taken_at
        return Chunk(one.number, len(one.chunks) - 1, index, age, clock_s, one.chunks[index])

    def left(self, chunk: Chunk, rtt_s: float, now: float) -> None:
        """What `next` gave has been sent."""
        one = self._now
        if one is not None and one.todo:
            one.todo.popleft()
            one.sent_at[chunk.index] = now
            one.ask_at = now + (rtt_s + AGAIN_S) * 1.5 ** min(one.asks, 5)
            self.bytes += len(chunk.body)

    def got(self, number: int, came: int | None, rtt_s: float, now: float) -> None:
        """The other side says what it has."""
        one = self._now
        self._answered = True
        if one is None or number != one.number:
            return
        if came is None:
            self.sent += 1
            size = sum(map(len, one.chunks))
            wanted = round(ROOM_S * size / max(0.5, now - one.began_at))
            self._room = max(ROOM_BYTES_MIN, min(ROOM_BYTES_MAX, wanted))
            self._now = None
            return
        one.asks = 0
        one.missing = {i for i in one.missing if not came >> i & 1} or one.missing
        waiting = set(one.todo)
        for index in sorted(one.missing - waiting):
            if now - one.sent_at[index] > rtt_s:
                one.todo.append(index)


class Incoming:
    """Stills from the other side."""

    def __init__(self) -> None:
        """Nothing came."""
        self._number: int | None = None
        self._last = 0
        self._came: dict[int, bytes] = {}
        self._newest = -1
        self._say_at = 0.0
        self._due = False
        self.received = 0

    def take(self, chunk: Chunk, rtt_s: float, now: float) -> Still | None:
        """One chunk; the still that it completes."""
        if self._number is None or 0 < (chunk.number - self._number) % NUMBERS < NUMBERS // 2:
            self._number, self._last = chunk.number, chunk.last
            self._came, self._newest = {}, -1
        if chunk.number != self._number or chunk.last != self._last:
            return None
        whole = len(self._came) > self._last
        # The last chunk, one sent again, one of a still that is whole: it waits for an answer.
        self._due |= chunk.index in (self._last, *self._came) or chunk.index < self._newest
        self._newest = max(self._newest, chunk.index)
        self._came.setdefault(chunk.index, chunk.body)
        if whole or len(self._came) <= self._last:
            return None
        self._due, self._say_at = True, now
        data = b"".join(self._came[i] for i in range(self._last + 1))
        if len(data) > STILL_BYTES_MAX:
            return None
        self.received += 1
        return Still(data, now - chunk.age_s - rtt_s / 2)

    def answer(self, now: float) -> bytes | None:
        """What is to be said about the still on its way, when that is due."""
        if not self._due or now < self._say_at or self._number is None:
            return None
        self._due, self._say_at = False, now + GOT_EVERY_S
        return encode_got(self._number, set(self._came), self._last)
