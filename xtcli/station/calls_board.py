"""The switchboard of a station: what comes in while nobody is in a call, and who is in one.

It lives in the process that holds the link. A ring is answered with "ringing", told to a person and
kept until somebody takes it, the caller gives up or a minute has passed. While a call is attached,
everything that comes belongs to it. Sans-IO: `now` is the loop's time. It refuses to know sound.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xtcli.errors import BundleRejected
from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.station import calls_who
from xtcli.station.calls_wire import (
    Envelope,
    RingNote,
    Route,
    is_enveloped,
    open_envelope,
    read_note,
    wanted_case,
)
from xtcli.station.core import StationCore
from xtcli.station.happenings import Happening

if TYPE_CHECKING:
    from xtcli.media.call.session import CallSession

RINGS_REMEMBERED = 256
RING_AGE_SECONDS_MAX = 12 * 3600.0
"""Clocks in villages are wrong by hours; a ring recorded and played back days later is refused."""
WANTED_AGAIN_SECONDS = 60.0
RING_KEY_BYTES = 32

Tell = Callable[[Happening], None]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A call that rings here."""

    case: RecordId
    station: int
    keep: bool
    """The caller agrees to the call being kept."""
    ring: bytes
    """The ring as it came, to be answered by whoever takes the call."""


@dataclass(slots=True)
class _Pending:
    incoming: Incoming
    session: CallSession


class Switchboard:
    """See the module. `send` takes an enveloped payload for the link."""

    def __init__(
        self, station: StationCore, send: Callable[[bytes], None], tell: Tell | None
    ) -> None:
        """`tell` None: nobody is here to hear a ring, so none is answered."""
        self.station = station
        self._send = send
        self._tell = tell
        self._pending: _Pending | None = None
        self._over: _Pending | None = None
        self._attached: Callable[[bytes], None] | None = None
        self._seen: deque[bytes] = deque(maxlen=RINGS_REMEMBERED)
        self._wanted: dict[RecordId, float] = {}

    @property
    def incoming(self) -> Incoming | None:
        """The call that rings now."""
        return self._pending.incoming if self._pending is not None else None

    @property
    def busy(self) -> bool:
        """Whether a call is attached."""
        return self._attached is not None

    def attach(self, receive: Callable[[bytes], None]) -> Incoming | None:
        """A call takes over; the ring that waits, which is now its business."""
        self._attached = receive
        found, self._pending = self.incoming, None
        return found

    def detach(self) -> None:
        """The call is over."""
        self._attached = None

    def send(self, payload: bytes) -> None:
        """Send for the attached call."""
        self._send(payload)

    # What comes

    def take(self, payload: bytes, now: float) -> None:
        """A real-time payload from the hub."""
        if self._attached is not None:
            self._attached(payload)
            return
        try:
            if is_enveloped(payload):
                self._envelope(open_envelope(payload), now)
        except BundleRejected:
            return
        self.poll(now)

    def _envelope(self, envelope: Envelope, now: float) -> None:
        from xtcli.media.call.handshake import is_ring

        if envelope.route is Route.WANTED:
            self._wish(envelope, now)
        elif envelope.route in (Route.TO, Route.JOIN):
            ring = is_ring(envelope.payload)
            pending = self._pending
            same = pending is not None and pending.incoming.station == envelope.station
            if same and ring and self._is_new(envelope.payload):
                # The caller was cut off and calls again.
                self._pending, same = None, False
            if same and pending is not None:
                pending.session.receive(envelope.payload, now)
            elif ring:
                self._ring(envelope, now)

    def _is_new(self, ring: bytes) -> bool:
        return ring_key(ring) not in self._seen

    def _ring(self, envelope: Envelope, now: float) -> None:
        """A new ring: genuine, fresh and about a case of ours, or nothing happens."""
        if self._tell is None:
            return
        found = read_ring(self.station, envelope, now)
        if found is None:
            return
        session, note = found
        if self._pending is not None:
            for payload in busy_words(session, now):
                self._send(Envelope(Route.TO, envelope.station, payload).encode())
            return
        key = ring_key(envelope.payload)
        if key in self._seen:
            self._again(envelope, now)
            return
        self._seen.append(key)
        incoming = Incoming(note.case, envelope.station, note.keep, envelope.payload)
        self._pending = _Pending(incoming, session)
        self._say("ring", note.case, envelope.station)

    def _again(self, envelope: Envelope, now: float) -> None:
        """A ring that was refused rings on: our refusal was lost."""
        over = self._over
        if over is not None and over.incoming.station == envelope.station:
            over.session.receive(envelope.payload, now)
            self._drain(over.session, envelope.station, now)

    def _wish(self, envelope: Envelope, now: float) -> None:
        """A post asks to be called."""
        case = wanted_case(envelope)
        before = self._wanted.get(case)
        known = calls_who.belongs(self.station, case, envelope.station)
        if not known or (before is not None and now - before < WANTED_AGAIN_SECONDS):
            return
        if len(self._wanted) >= RINGS_REMEMBERED:
            self._wanted.clear()
        self._wanted[case] = now
        self._say("call_wanted", case, envelope.station)

    # As time passes

    def poll(self, now: float) -> None:
        """Say again what was not heard, and notice that a caller has given up."""
        pending = self._pending
        if pending is None:
            return
        from xtcli.media.call.states import State

        session = pending.session
        self._drain(session, pending.incoming.station, now)
        if session.state is State.ENDED:
            self._pending = None
            self._say("call_missed", pending.incoming.case, pending.incoming.station)

    def decline(self, now: float) -> bool:
        """Refuse the call that rings; False when none does."""
        pending = self._pending
        if pending is None:
            return False
        pending.session.decline(now)
        self._drain(pending.session, pending.incoming.station, now)
        self._pending, self._over = None, pending
        return True

    def _drain(self, session: CallSession, station: int, now: float) -> None:
        while (payload := session.send(now)) is not None:
            self._send(Envelope(Route.TO, station, payload).encode())

    def _say(self, kind: str, case: RecordId, number: int) -> None:
        if self._tell is None:
            return
        who = calls_who.party(self.station, number)
        by = who.name if who is not None else str(number)
        texts = {
            "ring": tr("{case} call from {who}. Take it: xt call {case} --accept",
                       case=str(case), who=by),
            "call_wanted": tr("{case} {who} asks to be called: xt call {case}",
                              case=str(case), who=by),
            "call_missed": tr("{case} missed call from {who}", case=str(case), who=by),
        }  # fmt: skip
        self._tell(Happening(kind, case, case, by, texts[kind], kind != "call_missed",
                             self.station.clock()))  # fmt: skip


def ring_key(ring: bytes) -> bytes:
    """What tells one ring from another: the caller's key for this call, and all around it."""
    from xtcli.media.call.handshake import route_of

    start = 4 + len(route_of(ring))
    return ring[start : start + RING_KEY_BYTES]


def busy_words(session: CallSession, now: float) -> Iterator[bytes]:
    """What a caller is told when there is a call already: "busy", and not "it rings" before."""
    while session.send(now) is not None:
        continue
    session.decline(now, busy=True)
    while (payload := session.send(now)) is not None:
        yield payload


def read_ring(
    station: StationCore, envelope: Envelope, now: float
) -> tuple[CallSession, RingNote] | None:
    """A session for a ring and the note in it; None when it is not genuine, fresh and apt."""
    from xtcli.media.call.session import CallSession

    who = calls_who.party(station, envelope.station)
    if who is None:
        return None
    try:
        session = CallSession.incoming(
            envelope.payload, now, station.entropy, station.keys.station_seal, who.public
        )
        note = read_note(session.note)
    except BundleRejected:
        return None
    if not calls_who.belongs(station, note.case, envelope.station):
        return None
    if abs(station.clock() - note.at) > RING_AGE_SECONDS_MAX:
        return None
    return session, note
