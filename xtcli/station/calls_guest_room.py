"""A station's side of a guest's room: what it says, what the guest said, and when to say it again.

    room.take(rest, now)       what came from the hub in a GUEST envelope
    room.say(st="on", ...)     what the guest is to know now
    for payload in room.send(now): the line's

Sans-IO (docs/format/web.md). It refuses to know sound, people and how two browsers find each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from xtcli.media.call.guest_end import LineEnd, read_end
from xtcli.station.calls_guest_paper import GuestLink, Papers, refused
from xtcli.station.calls_guest_wire import (
    OPEN,
    OPEN_SECONDS_MAX,
    Op,
    Opened,
    Word,
    read_opened,
    read_word,
)

NAME_CHARS_MAX = 60
ASK_AGAIN_S = 2.0
OPEN_AGAIN_S = 15.0
CLOSE_TIMES = 3
CLOSE_AGAIN_S = 0.4
AROUND_BYTES = 28 + 11


@dataclass(frozen=True, slots=True)
class Said:
    """What a guest says, checked."""

    me: str
    name: str
    """As it was typed: a claim, and nothing more."""
    keep: bool = False
    left: bool = False
    answers: int = 0
    """The offer that `end` answers; 0 for none."""
    end: LineEnd | None = None


def read_said(document: dict[str, Any]) -> Said:
    """A guest's paper; BundleRejected for anything that is not one."""
    me, name = document.get("me"), document.get("n")
    if not (isinstance(me, str) and len(me) == 16 and isinstance(name, str)):
        raise refused()
    name = " ".join("".join(c for c in name if c.isprintable()).split())
    if not 1 <= len(name) <= NAME_CHARS_MAX:
        raise refused()
    answer = document.get("a")
    if answer is None:
        return Said(me, name, document.get("k") == 1, document.get("l") == 1)
    if not isinstance(answer, dict) or type(answer.get("o")) is not int:
        raise refused()
    return Said(me, name, document.get("k") == 1, document.get("l") == 1, answer["o"],
                read_end(answer))  # fmt: skip


class GuestRoom:
    """See the module."""

    def __init__(self, entropy: Callable[[int], bytes], now: float) -> None:
        """A room that the hub does not know yet."""
        self.link = GuestLink.make(entropy)
        self.papers = Papers(self.link.room, self.link.key, "station", entropy)
        self.opened: Opened | None = None
        self.refusal = 0
        """Why the hub gives no room; 0: it was not refused."""
        self.said: Said | None = None
        """The newest of the guest who came first."""
        self.anew = False
        """The guest's page was loaded again; put back by whoever has seen to it."""
        self.away_at: float | None = None
        """Since when the hub says that the guest's page asks no more."""
        self.bytes = 0
        """Sent, with what is around it on the link."""
        self._expires = now + OPEN_SECONDS_MAX
        self._open_at = now
        self._closing = 0
        self._close_at = now

    @property
    def url(self) -> str:
        """What the guest opens; empty before the hub has given the room."""
        return self.link.url(self.opened.url) if self.opened is not None else ""

    def expired(self, now: float) -> bool:
        """Whether nobody came in time."""
        return self.said is None and now > self._expires

    def say(self, now: float, **changes: Any) -> None:
        """What is different for the guest from now on; None takes a point away."""
        if not self._closing:
            self.papers.write(changes, now)

    def close(self, now: float, why: str) -> None:
        """Say that it is over, and have the room forgotten."""
        if not self._closing:
            self.say(now, st="over", w=why, of=None, m=None, b=None, d=None)
            self._closing, self._close_at = CLOSE_TIMES, now

    @property
    def closed(self) -> bool:
        """Whether the end was said often enough."""
        return self._closing < 0

    # The link

    def send(self, now: float) -> Iterator[bytes]:
        """Payloads for the hub that are due."""
        for word in self._due(now):
            payload = word.envelope()
            self.bytes += len(payload) + AROUND_BYTES
            yield payload

    def _due(self, now: float) -> Iterator[Word]:
        room = self.link.room
        if self._closing > 0 and now >= self._close_at:
            self._closing = self._closing - 1 or -1
            self._close_at = now + CLOSE_AGAIN_S
            yield Word(Op.CLOSE, room, self.papers.paper)
        if self._closing:
            return
        if now >= self._open_at:
            self._open_at = now + (ASK_AGAIN_S if self.opened is None else OPEN_AGAIN_S)
            left = max(1, min(OPEN_SECONDS_MAX, round(self._expires - now)))
            yield Word(Op.OPEN, room, OPEN.pack(self.link.lock, left))
        paper = self.papers.send(now) if self.opened is not None else None
        if paper is not None:
            yield Word(Op.SAY, room, paper)

    def take(self, rest: bytes, now: float) -> None:
        """A word from the hub; BundleRejected for one that is none, or of another room."""
        word = read_word(rest)
        if word.room != self.link.room:
            raise refused()
        if word.op is Op.OPENED:
            self._take_opened(word.body)
        elif word.op is Op.REFUSED and self.opened is None:
            self.refusal = word.body[0] if word.body else 255
        elif word.op is Op.AWAY:
            self.away_at = self.away_at or now
        elif word.op is Op.SAID:
            self._take_paper(word.body, now)

    def _take_opened(self, body: bytes) -> None:
        found = read_opened(body)
        if self.opened is None:
            self.opened = found

    def _take_paper(self, paper: bytes, now: float) -> None:
        said = read_said(self.papers.take(paper, now))
        if self.said is not None and said.me != self.said.me:
            raise refused()
        self.anew = self.anew or (self.said is not None and self.papers.anew)
        self.said, self.away_at = said, None
