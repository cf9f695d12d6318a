"""Rooms: where a station's paper waits for its guest, and the guest's is passed on. Sans-IO.

A room is opened by a station over its link and found by whoever has its name and shows that he has
the key; the first one takes it. Nothing here can be read by the hub, nothing is kept after the end,
and after a restart the stations open their rooms again. A name that is unknown, taken, closed, too
old or asked for with another key: all are the same `None`. It refuses to know HTTP.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, field

from xtcli.errors import BundleRejected
from xtcli.station.calls_guest_paper import PAPER_BYTES_MAX, lock_of
from xtcli.station.calls_guest_wire import (
    NO_ROOM,
    OPEN,
    OPEN_SECONDS_MAX,
    Op,
    Word,
    read_word,
)
from xtcli.station.calls_relay import Budget, Sent

ROOMS_MAX = 256
ROOMS_OF_STATION_MAX = 2
TOKEN_BYTES = 16
SILENT_SECONDS = 120.0
"""A station opens its room again every 15 s."""
HERE_SECONDS = 45.0
CLOSED_SECONDS = 20.0
AWAY_SECONDS = 4.0
AWAY_TIMES = 3
PAPERS_PER_S, PAPERS_BURST = 5.0, 20.0
MISSES_PER_S, MISSES_BURST = 20.0, 60.0


def mark_of(paper: bytes) -> str:
    """By what a page says which paper it has."""
    return hashlib.sha256(paper).hexdigest()[:16] if paper else ""


@dataclass(slots=True)
class Room:
    """One room."""

    name: bytes
    station: int
    lock: bytes
    expires: float
    """Unless somebody comes before."""
    heard: float
    """When its station was heard last."""
    budget: Budget
    token: str = ""
    paper: bytes = field(default=b"", repr=False)
    asked: float = 0.0
    """When the guest's page asked last."""
    held: int = 0
    """Its requests that wait for an answer."""
    told_away: int = 0
    closed: float | None = None


class Rooms:
    """See the module. `changed(name)`: there is something new for the guest of that room."""

    def __init__(
        self, opened: Callable[[bytes], bytes], changed: Callable[[bytes], None],
        entropy: Callable[[int], bytes], now: float,
    ) -> None:  # fmt: skip
        """`opened(name)` is the body of the answer to a station that opens a room."""
        self._opened, self._changed, self._entropy = opened, changed, entropy
        self._rooms: dict[bytes, Room] = {}
        self._misses = Budget(MISSES_PER_S, MISSES_BURST, now)

    def __len__(self) -> int:
        """Rooms that are there."""
        return len(self._rooms)

    # From stations

    def take(self, station: int, rest: bytes, now: float) -> list[Sent]:
        """What a station says in a GUEST envelope; what to answer."""
        try:
            word = read_word(rest)
            if word.op is Op.OPEN:
                return [(station, self._open(station, word, now).envelope())]
        except BundleRejected:
            return []
        room = self._rooms.get(word.room)
        if room is None or room.station != station or room.closed is not None:
            return []
        room.heard = now
        if word.op in (Op.SAY, Op.CLOSE) and word.body and len(word.body) <= PAPER_BYTES_MAX:
            room.paper = word.body
        if word.op is Op.CLOSE:
            room.closed = now
        self._changed(room.name)
        return []

    def _open(self, station: int, word: Word, now: float) -> Word:
        found = self._rooms.get(word.room)
        if len(word.body) != OPEN.size:
            raise BundleRejected("This is no room.", "Nothing need be done.")
        lock, seconds = OPEN.unpack(word.body)
        if found is None:
            self._forget(now)
            mine = [room for room in self._rooms.values() if room.station == station]
            if len(self._rooms) >= ROOMS_MAX or len(mine) >= ROOMS_OF_STATION_MAX:
                return Word(Op.REFUSED, word.room, bytes([NO_ROOM]))
            expires = now + min(seconds, OPEN_SECONDS_MAX)
            budget = Budget(PAPERS_PER_S, PAPERS_BURST, now)
            found = Room(word.room, station, lock, expires, now, budget)
            self._rooms[word.room] = found
        if found.station != station:
            return Word(Op.REFUSED, word.room, bytes([NO_ROOM]))
        found.heard = now
        return Word(Op.OPENED, word.room, self._opened(word.room))

    # From guests

    def may_ask(self, now: float) -> bool:
        """Whether somebody who shows no token may ask now."""
        return self._misses.take(1.0, now)

    def enter(self, name: bytes, password: bytes, now: float) -> str | None:
        """The token of who comes first with the right pass."""
        room = self._living(name, now)
        if room is None or room.token or now > room.expires:
            return None
        if not hmac.compare_digest(lock_of(password), room.lock):
            return None
        room.token = self._entropy(TOKEN_BYTES).hex()
        room.asked = now
        return room.token

    def known(self, name: bytes, token: str, now: float) -> Room | None:
        """The room of a guest who has its token."""
        room = self._living(name, now)
        if room is None or not room.token or not token.isascii():
            return None
        if not hmac.compare_digest(room.token, token):
            return None
        room.asked, room.told_away = now, 0
        return room

    def say(self, room: Room, paper: bytes, now: float) -> list[Sent]:
        """Pass a guest's paper on."""
        if len(paper) > PAPER_BYTES_MAX or not room.budget.take(1.0, now):
            return []
        if room.closed is not None:
            return []
        return [(room.station, Word(Op.SAID, room.name, paper).envelope())]

    def _living(self, name: bytes, now: float) -> Room | None:
        self._forget(now)
        return self._rooms.get(name)

    def _forget(self, now: float) -> None:
        """Rooms that are over."""
        for name, room in list(self._rooms.items()):
            over = room.closed is not None and now - room.closed > CLOSED_SECONDS
            late = not room.token and now > room.expires
            if over or late or now - room.heard > SILENT_SECONDS:
                del self._rooms[name]

    # From time to time

    def look(self, now: float) -> list[Sent]:
        """Tell stations whose guest's page asks no more."""
        self._forget(now)
        sent: list[Sent] = []
        for room in self._rooms.values():
            quiet = room.token and not room.held and room.closed is None
            due = room.asked + AWAY_SECONDS * (1 + room.told_away)
            if quiet and now > due and room.told_away < AWAY_TIMES:
                room.told_away += 1
                sent.append((room.station, Word(Op.AWAY, room.name).envelope()))
        return sent
