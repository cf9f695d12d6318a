"""Transfers: what waits to travel, how long it will take, and postponing or cancelling it.

A cancelled bundle stays in the spool and in the outbox, so that what it carries is never lost from
sight; it is only not sent, on any road, until it is resumed. It knows no road's format.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xtcli.errors import NotFound, UsageError
from xtcli.records.ids import RecordId
from xtcli.records.types import Attach, Kind
from xtcli.station.core import StationCore
from xtcli.station.forecast import is_held, lacking, pace_of
from xtcli.station.linkfile import read_lacking, read_link
from xtcli.station.priority import NAMES
from xtcli.station.roads_shelf import Mail
from xtcli.transport.link.forecast import there_s
from xtcli.transport.spool import (
    CANCELLED_UNTIL,
    POSTPONED_SECONDS_MAX,
    REFUSED,
    STARTED,
    TAKEN,
    Outgoing,
)

UNITS = {"s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86_400.0}


@dataclass(frozen=True, slots=True)
class Transfer:
    """One bundle that waits. `seconds` until it would be there, behind what is more urgent."""

    tag: str
    to: int
    to_name: str
    priority: str
    size: int
    arrived: int
    """Bytes of it that the other side has, as it last told."""
    state: str
    what: str
    cases: tuple[str, ...]
    postponed_until: float | None
    seconds: float | None


def seconds_of(text: str) -> float:
    """A time to wait, as typed: 90s, 30m, 2h, 1d; UsageError when it is none."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(s|min|m|h|d)", text.strip().lower())
    seconds = float(found[1]) * UNITS[found[2]] if found else 0.0
    if not 0 < seconds <= POSTPONED_SECONDS_MAX:
        raise UsageError("{text} is not a time to wait.", "Write it as 30m, 2h or 1d.", text=text)
    return seconds


class Transfers:
    """The transfers of one station; works beside a process that holds the link."""

    def __init__(self, station: StationCore) -> None:
        """What is new in the outbox is bundled, so that everything that waits has a tag."""
        self.station = station
        self._mail = Mail(station)
        self._attached: dict[bytes, tuple[Attach, RecordId]] | None = None
        for peer in self._mail.peers():
            self._mail.fill(peer)

    def close(self) -> None:
        """Close the spool."""
        self._mail.close()

    def waiting(self) -> list[Transfer]:
        """Everything that waits, in the order in which it would go."""
        pace = pace_of(read_link(self.station.home, ""))
        known = read_lacking(self.station.home)
        now = self.station.clock()
        ahead, found = 0, []
        for one in self._outgoing():
            seconds = None
            left = lacking(one, known)
            if one.state not in (TAKEN, REFUSED) and not is_held(one, now):
                ahead += left
                seconds = there_s(ahead, pace) if pace is not None else None
            found.append(self._transfer(one, now, one.size - left, seconds))
        return found

    def _outgoing(self) -> list[Outgoing]:
        return [one for peer in self._mail.peers() for one in self._mail.spool.outgoing(peer)]

    def _transfer(self, one: Outgoing, now: float, arrived: int, seconds: float | None) -> Transfer:
        what, cases = self._carries(one)
        held = one.held_until(now)
        until = held if 0 < held < CANCELLED_UNTIL else None
        return Transfer(
            one.tag.hex(), one.peer, self.station.name(one.peer),
            NAMES[min(one.priority, len(NAMES) - 1)], one.size,
            0 if one.state == REFUSED else arrived, self._state(one, now), what, cases, until,
            seconds,
        )  # fmt: skip

    def _state(self, one: Outgoing, now: float) -> str:
        """In one word, for programs; `cli` shows another."""
        if one.state == TAKEN:
            return "taken"
        if one.state == REFUSED:
            return "refused"
        if one.postponed_until >= CANCELLED_UNTIL:
            return "cancelled"
        if is_held(one, now):
            return "postponed"
        return "started" if one.state == STARTED or self._left(one) else "waiting"

    def _left(self, one: Outgoing) -> bool:
        """Whether some of it was put on a road; of what goes whole the spool does not note that."""
        log = self.station.log
        return any(log.sent_at(pending.item) for pending in log.in_bundle(one.peer, one.tag))

    def _carries(self, one: Outgoing) -> tuple[str, tuple[str, ...]]:
        """What a bundle carries, in words that name no patient, and the cases concerned."""
        words: list[str] = []
        cases: set[RecordId] = set()
        for pending in self.station.log.in_bundle(one.peer, one.tag):
            if isinstance(pending.item, bytes):
                told = self._announced(pending.item)
                words.append(told[0].blob.name.lower() if told else "attachment")
                cases |= {told[1]} if told else set()
                continue
            record = self.station.log.get(pending.item)
            if record is not None:
                words.append(record.kind.name.lower())
                cases |= {record.case} if record.case else set()
        counted = {word: words.count(word) for word in words}
        text = ", ".join(f"{n} x {word}" if n > 1 else word for word, n in counted.items())
        return text, tuple(str(case) for case in sorted(cases))

    def _announced(self, digest: bytes) -> tuple[Attach, RecordId] | None:
        """What an attachment's bytes are, and of which case; None when nothing here says so."""
        if self._attached is None:
            found = self.station.log.of_kinds([Kind.ATTACH])
            self._attached = {
                record.body.digest: (record.body, record.case)
                for record in found
                if isinstance(record.body, Attach) and record.case is not None
            }
        return self._attached.get(digest)

    # Changing

    def find(self, text: str) -> Outgoing:
        """The bundle whose tag begins so; NotFound or UsageError when that is not one."""
        wanted = text.lower()
        found = [one for one in self._outgoing() if one.tag.hex().startswith(wanted)]
        if not found or not wanted:
            raise NotFound("No transfer {tag} waits here.", "See them: xt transfers", tag=text)
        if len(found) > 1:
            raise UsageError(
                "Several transfers start with {tag}.", "Give more characters.", tag=text
            )
        if found[0].state == TAKEN:
            raise UsageError(
                "Transfer {tag} has arrived already; only its receipt is missing.",
                "There is nothing to do.", tag=text,
            )  # fmt: skip
        return found[0]

    def postpone(self, text: str, wait: str) -> Transfer:
        """Send nothing of it for so long; what has arrived of it stays there."""
        return self._until(text, self.station.clock() + seconds_of(wait))

    def cancel(self, text: str) -> Transfer:
        """Do not send it, on any road, until it is resumed."""
        return self._until(text, CANCELLED_UNTIL)

    def resume(self, text: str) -> Transfer:
        """Send it as soon as its turn comes."""
        return self._until(text, 0.0)

    def _until(self, text: str, until: float) -> Transfer:
        one = self.find(text)
        self._mail.spool.postpone(one.peer, one.tag, until)
        return next(t for t in self.waiting() if t.tag == one.tag.hex() and t.to == one.peer)
