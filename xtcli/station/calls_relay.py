"""The hub's part in a call: real-time payloads from one station to the other. Sans-IO.

It reads the envelope (three bytes) and nothing behind it. Two stations are joined when each has
sent the other a JOIN: the caller with its ring, the called one with its accept. So nobody can put
himself between two others. What is remembered is one number a station, ends by itself, and is
built anew by the stations after a restart: they send JOIN again when they hear nothing.

Each station has an allowance of bytes and of envelopes. It refuses to know what is said.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from xtcli.errors import BundleRejected
from xtcli.records.ids import RecordId
from xtcli.station.calls_wire import (
    CASE,
    PAYLOAD_BYTES_MAX,
    Envelope,
    Route,
    is_enveloped,
    open_envelope,
    wanted_case,
)

BYTES_PER_S = 12_000.0
"""The dearest rung with all its headers is 5.5 kB/s."""
BYTES_BURST = 24_000.0
ENVELOPES_PER_S = 20.0
"""After a cut everything goes enveloped for a moment: 17 datagrams a second."""
ENVELOPES_BURST = 60.0
JOINED_SECONDS = 180.0
"""A call ends after 90 s of silence."""

Sent = tuple[int, bytes]
"""(station, payload) to be sent."""


class Budget:
    """Something that refills: so much a second, so much at once."""

    def __init__(self, per_s: float, burst: float, now: float) -> None:
        """Start full."""
        self.per_s, self.burst = per_s, burst
        self._left, self._at = burst, now

    def take(self, amount: float, now: float) -> bool:
        """Whether `amount` is allowed now."""
        self._left = min(self.burst, self._left + max(0.0, now - self._at) * self.per_s)
        self._at = now
        if self._left < amount:
            return False
        self._left -= amount
        return True


@dataclass(slots=True)
class _Wish:
    """Whom a station wants to be joined with, and when it last sent anything to them."""

    peer: int
    used: float


class Relay:
    """Passes payloads on.

    `may(a, b)`: whether these two may call each other at all; `reached(station)`: whether it is
    connected; `desks(post, case)`: whom a post's wish to be called concerns.
    """

    def __init__(
        self,
        may: Callable[[int, int], bool],
        reached: Callable[[int], bool],
        desks: Callable[[int, RecordId], Iterable[int]],
    ) -> None:
        """Nobody talks yet."""
        self._may = may
        self._reached = reached
        self._desks = desks
        self.guest: Callable[[int, bytes, float], list[Sent]] = _no_page
        """Takes what a station says about a guest's room: `(station, rest, now)`."""
        self._bytes: dict[int, Budget] = {}
        self._envelopes: dict[int, Budget] = {}
        self._wishes: dict[int, _Wish] = {}
        self.dropped = 0
        """Payloads that were not passed on."""

    def take(self, source: int, payload: bytes, now: float) -> list[Sent]:
        """What to send because `source` sent `payload`."""
        sent: list[Sent] = []
        if self._allowed(self._bytes, source, len(payload), (BYTES_PER_S, BYTES_BURST), now):
            sent = self._pass(source, payload, now)
        if not sent:
            self.dropped += 1
        return sent

    def forget(self, station: int) -> None:
        """A station was revoked or has left."""
        self._bytes.pop(station, None)
        self._envelopes.pop(station, None)
        self._wishes.pop(station, None)

    def peer_of(self, station: int) -> int | None:
        """With whom a station is joined: each wants the other."""
        mine = self._wishes.get(station)
        theirs = self._wishes.get(mine.peer) if mine is not None else None
        return mine.peer if mine is not None and theirs and theirs.peer == station else None

    @staticmethod
    def _allowed(
        budgets: dict[int, Budget], source: int, amount: float, limit: tuple[float, float],
        now: float,
    ) -> bool:  # fmt: skip
        found = budgets.get(source)
        if found is None:
            found = budgets[source] = Budget(*limit, now)
        return found.take(amount, now)

    def _pass(self, source: int, payload: bytes, now: float) -> list[Sent]:
        if not is_enveloped(payload):
            return self._pass_bare(source, payload, now)
        limit = (ENVELOPES_PER_S, ENVELOPES_BURST)
        if not self._allowed(self._envelopes, source, 1, limit, now):
            return []
        try:
            envelope = open_envelope(payload)
            if envelope.route is Route.WANTED:
                return self._wanted(source, wanted_case(envelope))
        except BundleRejected:
            return []
        if envelope.route is Route.GUEST:
            return self.guest(source, envelope.payload, now)
        if envelope.route is Route.AWAY and not envelope.payload:
            return self._says_away(source, envelope.station)
        if envelope.route not in (Route.TO, Route.JOIN) or not envelope.payload:
            return []
        return self._enveloped(source, envelope, now)

    def _says_away(self, source: int, target: int) -> list[Sent]:
        """A relay says of a station below it that it cannot be reached; a station may of itself."""
        if target == source or not self._may(source, target) or not self._reached(target):
            return []
        return [(target, Envelope(Route.AWAY, source).encode())]

    def _pass_bare(self, source: int, payload: bytes, now: float) -> list[Sent]:
        peer = self.peer_of(source)
        if peer is None or len(payload) > PAYLOAD_BYTES_MAX:
            return []
        wish = self._wishes[source]
        if now - wish.used > JOINED_SECONDS:
            del self._wishes[source]
            return []
        wish.used = now
        return [(peer, payload)]

    def _enveloped(self, source: int, envelope: Envelope, now: float) -> list[Sent]:
        target = envelope.station
        if target == source or not self._may(source, target):
            return []
        if not self._reached(target):
            return [(source, Envelope(Route.AWAY, target).encode())]
        if envelope.route is Route.JOIN:
            self._wishes[source] = _Wish(target, now)
        return [(target, Envelope(Route.TO, source, envelope.payload).encode())]

    def _wanted(self, source: int, case: RecordId) -> list[Sent]:
        told = [one for one in self._desks(source, case) if one != source and self._reached(one)]
        if not told:
            return [(source, Envelope(Route.AWAY, 0).encode())]
        note = Envelope(Route.WANTED, source, CASE.pack(*case)).encode()
        return [(one, note) for one in told]


def _no_page(station: int, rest: bytes, now: float) -> list[Sent]:
    """A hub that serves no page says so."""
    from xtcli.station.calls_guest_wire import no_page

    try:
        return [(station, no_page(rest))]
    except BundleRejected:
        return []
