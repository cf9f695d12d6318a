"""A call between its sound and its line: payloads to the session and back, PCM in and out.

Devices capture and play in threads of their own, the line works in the event loop; one lock keeps
the session whole. It refuses to know how a call begins and what it leaves behind (`calls` does).
"""

from __future__ import annotations

import asyncio
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from xtcli.errors import XtError
from xtcli.media.call.handshake import is_ring
from xtcli.media.call.packet import Kind, split_header
from xtcli.media.call.session import CallSession
from xtcli.media.call.states import State
from xtcli.station.calls_board import Incoming, busy_words, read_ring
from xtcli.station.calls_line import Line, open_line
from xtcli.station.calls_values import CallOptions
from xtcli.station.calls_view import Level
from xtcli.station.calls_wire import Envelope, Route, is_enveloped, open_envelope

if TYPE_CHECKING:
    from xtcli.station.station import Station

NUDGE_SECONDS = 4.0
REOPEN_SECONDS = 60.0
"""After the holder of the link has ended, a call looks for another way for so long."""


class CallWire:
    """One call of this process, as far as bytes and sound go."""

    def __init__(self, station: Station, options: CallOptions) -> None:
        """Nothing is open yet."""
        self.station = station
        self.options = options
        self.session: CallSession | None = None
        self.peer = 0
        self._lock = threading.RLock()
        self._line: Line | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._driving = True
        self._consent = self._recording = False
        self._mixed: tuple[bytearray, bytearray] = (bytearray(), bytearray())
        self._first_audio: float | None = None
        self._waiting: Incoming | None = None
        self._away = False
        self._levels = Level(), Level()

    # Sound

    def _talking(self) -> bool:
        return self.session is not None and self.session.state is State.TALKING

    def _sounding(self) -> bool:
        session = self.session
        return session is not None and session.state in (State.TALKING, State.DRAINING)

    def _capture(self, pcm: bytes) -> None:
        """60 ms from a microphone, in any thread."""
        with self._lock:
            self._levels[0].hear(pcm)
            if not self._talking():
                return
            assert self.session is not None
            self.session.capture(pcm, time.monotonic())
            if self._recording:
                self._mixed[0].extend(pcm)
        self._wake()

    def _play(self, samples: int) -> bytes:
        """What a speaker wants, in any thread."""
        with self._lock:
            if self.session is None:
                return bytes(2 * samples)
            now = time.monotonic()
            pcm = self.session.play(now, samples)
            self._levels[1].hear(pcm)
            if self._recording and self._talking():
                self._mixed[1].extend(pcm)
            talk = self.session.talk
            if self._first_audio is None and talk is not None and talk.playout.played:
                self._first_audio = now
        return pcm

    def _wake(self) -> None:
        if self._loop is not None and not self._loop.is_closed():
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._flush)

    # The line

    async def _drive(self) -> None:
        """Keep the line working; find another when its holder has ended."""
        # A flag as well as a cancellation: `wait_for` may swallow the latter (bpo-37658).
        nudged = 0.0
        while self._driving:
            assert self._line is not None
            now = time.monotonic()
            if self._silent() and now - nudged > NUDGE_SECONDS:
                self._line.nudge()
                nudged = now
            if self._line.gone:
                await self._line.close()
                self._line = await open_line(self.station, REOPEN_SECONDS)
                self._line.start(self._receive)
            await self._line.step()

    def _silent(self) -> bool:
        """Whether nothing comes from the other side: perhaps the hub was restarted."""
        talk = self.session.talk if self.session is not None else None
        return talk is not None and talk.lost_contact

    def _receive(self, payload: bytes) -> None:
        """A payload from the hub."""
        now = time.monotonic()
        try:
            if is_enveloped(payload):
                self._envelope(open_envelope(payload), now)
            elif self.session is not None:
                with self._lock:
                    self.session.receive(payload, now)
        except XtError:
            return
        self._flush()

    def _envelope(self, envelope: Envelope, now: float) -> None:
        if envelope.route is Route.AWAY:
            self._away = True
            return
        if envelope.route is Route.WANTED:
            return
        ring = is_ring(envelope.payload)
        session = self.session
        if session is None:
            if ring:
                self._wait_over(envelope, now)
        elif envelope.station != self.peer:
            if ring:
                self._busy(envelope, now)
        elif ring and session.state in (State.CALLING, State.RINGING):
            self._both_rang(envelope, now)
        else:
            self._away = False
            with self._lock:
                session.receive(envelope.payload, now)

    def _wait_over(self, envelope: Envelope, now: float) -> None:
        """The ring that was waited for."""
        found = read_ring(self.station, envelope, now)
        if found is not None and found[1].case == self.options.case:
            self._waiting = Incoming(found[1].case, envelope.station, found[1].keep,
                                     envelope.payload)  # fmt: skip

    def _busy(self, envelope: Envelope, now: float) -> None:
        """Somebody else rings during this call."""
        found = read_ring(self.station, envelope, now)
        if found is None or self._line is None:
            return
        for payload in busy_words(found[0], now):
            self._line.send(Envelope(Route.TO, envelope.station, payload).encode())

    def _both_rang(self, envelope: Envelope, now: float) -> None:
        """Each rang the other about the same case: the lower number is the caller."""
        found = read_ring(self.station, envelope, now)
        if found is None or found[1].case != self.options.case or self.station.number < self.peer:
            return
        with self._lock:
            self.session = found[0]
            self._consent = self._consent and found[1].keep
            found[0].accept(now)

    def _flush(self) -> None:
        """Send what the session has to say."""
        now = time.monotonic()
        with self._lock:
            if self.session is None or self._line is None:
                return
            while (payload := self.session.send(now)) is not None:
                self._line.send(self._wrapped(payload, now))

    def _wrapped(self, payload: bytes, now: float) -> bytes:
        """With an envelope where the hub needs one: signalling, and to be joined (again)."""
        kind, _ = split_header(payload)
        if kind in (Kind.REPLY, Kind.CANCEL):
            return Envelope(Route.TO, self.peer, payload).encode()
        session = self.session
        talk = session.talk if session is not None else None
        unsure = talk is None or talk.lost_contact or not talk.proven
        if kind in (Kind.RING, Kind.ACCEPT) or unsure:
            return Envelope(Route.JOIN, self.peer, payload).encode()
        return payload
