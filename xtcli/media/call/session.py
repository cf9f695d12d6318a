"""One call of one station, from the first ring to the last report.

Everything revolves around `CallSession`. The shell around it owns the socket, the microphone, the
loudspeaker and the clock, and does only this:

    session.receive(payload, now)        for every datagram of this call
    session.capture(pcm, now)            for every 60 ms from the microphone
    session.play(now, samples)           whenever the loudspeaker wants more
    while payload := session.send(now):  after each of these and at `next_timer()`
        transmit(payload)
    session.events()                     what a person should see

When it has ended, `unheard()` or `passages()` is what belongs in a voice note. Keep feeding it for
some seconds after the end: the other side may not know yet. It refuses to know who calls and why.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator

from xtcli.errors import BundleRejected
from xtcli.media.call.cues import Jingle
from xtcli.media.call.events import (
    Answered,
    CallEvent,
    ContactBack,
    ContactLost,
    Ended,
    Ringing,
    Stepped,
    Summary,
)
from xtcli.media.call.handshake import Handshake, Keys
from xtcli.media.call.keys import KEY_BYTES, Party
from xtcli.media.call.packet import Kind, Reply, Word, split_header
from xtcli.media.call.playout import FRAME_SAMPLES
from xtcli.media.call.states import SILENCE_S, TABLE, TIME_OUT_S, State, Trigger
from xtcli.media.call.talk import AROUND_LINK_BYTES, Talk

Entropy = Callable[[int], bytes]

RING_AGAIN_S = (1.8, 3.0, 4.0, 5.0)
ACCEPT_AGAIN_S = 1.2
LEAVE_AGAIN_S = 0.8
_REPLIES = {
    Reply.RINGING: Trigger.PEER_RINGS,
    Reply.DECLINED: Trigger.PEER_DECLINES,
    Reply.BUSY: Trigger.PEER_BUSY,
}


class CallSession:
    """A call. Make one with `place` or `incoming`."""

    def __init__(
        self,
        handshake: Handshake,
        now: float,
        *,
        state: State,
        around_bytes: int,
        rate_bps: float | None,
    ) -> None:
        """Use `place` or `incoming`."""
        self._handshake = handshake
        self._around, self._rate = around_bytes, rate_bps
        self._began = self._entered = now
        self._out: deque[bytes] = deque(maxlen=8)
        self._events: list[CallEvent] = []
        self._jingle = Jingle()
        self._ring = self._accept = b""
        self._again_at: float | None = now
        self._tries = 0
        self._talk: Talk | None = None
        self._ended_at: float | None = None
        self.state = state
        self.reason = ""
        self.note = b""
        self.signalling_bytes = 0
        """All bytes of ring, reply, accept and cancel sent from here, with those around them."""
        self.rejected = 0
        """Payloads that did not check."""

    @classmethod
    def place(
        cls,
        now: float,
        entropy: Entropy,
        private: bytes,
        peer_public: bytes,
        *,
        note: bytes = b"",
        route: bytes = b"",
        around_bytes: int = AROUND_LINK_BYTES,
        rate_bps: float | None = None,
    ) -> CallSession:
        """Ring the station with `peer_public`. `note` is sealed (the case); `route` is for the hub.

        `around_bytes` is what the carrier puts around a payload, `rate_bps` what the link is known
        to carry.
        """
        handshake = Handshake.call(Party(private, peer_public, entropy(KEY_BYTES)))
        made = cls(
            handshake, now, state=State.CALLING, around_bytes=around_bytes, rate_bps=rate_bps
        )
        made.note, made._ring = note, handshake.ring(note, route)
        return made

    @classmethod
    def incoming(
        cls,
        ring: bytes,
        now: float,
        entropy: Entropy,
        private: bytes,
        peer_public: bytes,
        *,
        around_bytes: int = AROUND_LINK_BYTES,
        rate_bps: float | None = None,
    ) -> CallSession:
        """Answer a ring (see `handshake.is_ring`, `route_of`); `BundleRejected` when forged."""
        party = Party(private, peer_public, entropy(KEY_BYTES))
        handshake, note = Handshake.answer(party, ring)
        made = cls(
            handshake, now, state=State.INCOMING, around_bytes=around_bytes, rate_bps=rate_bps
        )
        made.note = note
        made._say(handshake.reply(Reply.RINGING))
        made._again_at = None
        return made

    # What a person does.

    def accept(self, now: float) -> None:
        """Take the call."""
        if self.state is State.INCOMING:
            self._accept, keys = self._handshake.accept()
            self._say(self._accept)
            self._again_at = now + ACCEPT_AGAIN_S
            self._begin(keys, now)
            self._fire(Trigger.ACCEPT, now)

    def decline(self, now: float, *, busy: bool = False) -> None:
        """Refuse the call."""
        if self.state is State.INCOMING:
            self._say(self._handshake.reply(Reply.BUSY if busy else Reply.DECLINED))
            self._fire(Trigger.DECLINE, now)

    def hang_up(self, now: float) -> None:
        """Leave, whatever the state; declines a call that still rings here."""
        if self.state is State.INCOMING:
            self.decline(now)
        elif self.state in (State.CALLING, State.RINGING):
            self._say(self._handshake.cancel())
            self._say(self._handshake.cancel())
        self._fire(Trigger.HANG_UP, now)
        if self.state is State.LEAVING:
            self._leave(now)

    def press(self, down: bool | None) -> None:
        """Push-to-talk key down or up; None goes back to the voice deciding."""
        if self._talk is not None:
            self._talk.floor.pressed = down

    def mute(self, muted: bool) -> None:
        """Send nothing from the microphone, and keep nothing."""
        if self._talk is not None:
            self._talk.muted = muted

    def link_rate(self, bps: float) -> None:
        """The station measured the link anew."""
        self._rate = bps
        if self._talk is not None:
            self._talk.rate.hint(bps)

    # Sound.

    def capture(self, pcm: bytes, now: float) -> None:
        """60 ms from the microphone (16 kHz int16 mono); ignored unless the call is on."""
        if self._talk is not None and self.state is State.TALKING:
            self._talk.capture(pcm, now)

    def play(self, now: float, samples: int = FRAME_SAMPLES) -> bytes:
        """PCM to be heard from `now` on: the other side, and the cues of the call."""
        if self._talk is not None and self.state in (State.TALKING, State.DRAINING):
            pcm = self._talk.play(now, samples)
        else:
            pcm = bytes(2 * samples)
            if not self._jingle.sounding:
                self._repeat_tone()
        return self._jingle.mix(pcm)

    def _repeat_tone(self) -> None:
        if self.state is State.RINGING:
            self._jingle.start("ringback")
        elif self.state is State.INCOMING:
            self._jingle.start("ring")

    # Datagrams.

    def receive(self, payload: bytes, now: float) -> bool:
        """One payload of this call; False when it did not check (and changed nothing)."""
        try:
            kind, _ = split_header(payload)
            self._take(kind, payload, now)
        except BundleRejected:
            self.rejected += 1
            return False
        return True

    def _take(self, kind: int, payload: bytes, now: float) -> None:
        if kind == Kind.RING:
            self._take_ring(payload)
        elif kind == Kind.CANCEL and not self._handshake.caller:
            self._handshake.check_cancel(payload)
            self._fire(Trigger.PEER_CANCELS, now)
        elif kind == Kind.REPLY and self._handshake.caller:
            self._fire(_REPLIES[self._handshake.read_reply(payload)], now)
        elif kind == Kind.ACCEPT and self._handshake.caller:
            self._take_accept(payload, now)
        elif self._talk is not None:
            self._take_word(self._talk.receive(payload, now), now)

    def _take_ring(self, payload: bytes) -> None:
        """The caller rings again: what was said last was lost."""
        if self._handshake.caller or not self._handshake.same_ring(payload):
            return
        if self.state is State.INCOMING:
            self._say(self._handshake.reply(Reply.RINGING))
        elif self._accept and self.state is State.TALKING:
            self._say(self._accept)
        elif self.state is State.ENDED and not self._accept:
            self._say(self._handshake.reply(Reply.DECLINED))

    def _take_accept(self, payload: bytes, now: float) -> None:
        keys = self._handshake.read_accept(payload)
        if (self.state, Trigger.PEER_ACCEPTS) in TABLE:
            self._begin(keys, now)
            self._fire(Trigger.PEER_ACCEPTS, now)

    def _take_word(self, word: Word | None, now: float) -> None:
        if word is Word.LEAVE:
            if self.state in (State.LEAVING, State.ENDED):
                self._left(now)
            self._fire(Trigger.PEER_LEAVES, now)
        elif word is Word.LEFT:
            self._fire(Trigger.PEER_LEFT, now)

    def send(self, now: float) -> bytes | None:
        """The next payload to transmit, or None."""
        self._poll(now)
        if self._out:
            return self._out.popleft()
        talking = self.state is State.TALKING
        return self._talk.pop(now, stills=talking) if self._talk is not None else None

    def next_timer(self) -> float | None:
        """When `send` should be asked at the latest; None when nothing is due."""
        times = [t for t in (self._again_at, self._deadline()) if t is not None]
        if self._talk is not None and self.state is State.TALKING:
            times.append(self._talk.next_timer())
        return min(times, default=None)

    def _deadline(self) -> float | None:
        limit = TIME_OUT_S.get(self.state)
        if limit is not None:
            return self._entered + limit
        if self._talk is not None and self.state is State.TALKING:
            return self._talk.heard_at + SILENCE_S
        return None

    def _poll(self, now: float) -> None:
        deadline = self._deadline()
        if deadline is not None and now >= deadline:
            self._fire(Trigger.TIME_OUT, now)
        if self._talk is not None:
            if self.state is State.TALKING:
                self._talk.poll(now)
            elif self.state is State.DRAINING and not self._talk.playout.waiting:
                self._fire(Trigger.PLAYED_OUT, now)
        if self._again_at is not None and now >= self._again_at:
            self._again(now)

    def _again(self, now: float) -> None:
        """Say again what has not been answered."""
        self._again_at = None
        if self.state in (State.CALLING, State.RINGING):
            self._say(self._ring)
            self._again_at = now + RING_AGAIN_S[min(self._tries, len(RING_AGAIN_S) - 1)]
            self._tries += 1
        elif self.state is State.TALKING and self._accept and not self._proven:
            self._say(self._accept)
            self._again_at = now + ACCEPT_AGAIN_S
        elif self.state is State.LEAVING:
            self._leave(now)

    @property
    def _proven(self) -> bool:
        return self._talk is not None and self._talk.proven

    def _leave(self, now: float) -> None:
        if self._talk is not None:
            self._talk.say(Word.LEAVE, now, final=True)
            self._again_at = now + max(LEAVE_AGAIN_S, 1.3 * (self._talk.flight.rtt_s or 0.0))

    def _left(self, now: float) -> None:
        if self._talk is not None:
            self._talk.say(Word.LEFT, now, final=True)

    def _say(self, payload: bytes) -> None:
        self.signalling_bytes += self._around + len(payload)
        self._out.append(payload)

    def _begin(self, keys: Keys, now: float) -> None:
        self._talk = Talk(
            keys,
            now,
            caller=self._handshake.caller,
            around_bytes=self._around,
            rate_bps=self._rate,
        )
        if self._handshake.caller:
            self._again_at = None

    # The table, and what follows from it.

    def _fire(self, trigger: Trigger, now: float) -> None:
        found = TABLE.get((self.state, trigger))
        if found is None:
            return
        before, (self.state, reason) = self.state, found
        self._entered = now
        if self.state is State.RINGING:
            self._events.append(Ringing())
        elif self.state is State.TALKING:
            self._jingle.stop()
            self._events.append(Answered(now - self._began))
        elif self.state is State.ENDED:
            self._end(before, trigger, reason, now)

    def _end(self, before: State, trigger: Trigger, reason: str, now: float) -> None:
        if before is State.DRAINING or trigger is Trigger.PEER_LEAVES:
            self._left(now)
        self.reason, self._ended_at, self._again_at = reason, now, None
        self._jingle.start("end")
        self._events.append(Ended(reason))

    def events(self) -> list[CallEvent]:
        """What happened since the last time, oldest first."""
        found, self._events = self._events, []
        if self._talk is not None:
            found[len(found) :] = self._talk.events
            self._talk.events = []
        for event in found:
            self._sound(event)
        return found

    def _sound(self, event: CallEvent) -> None:
        """Make a change heard."""
        if isinstance(event, Stepped):
            before, after = event.step.before.order, event.step.after.order
            note = not event.step.after.live
            self._jingle.start("note" if note else "down" if after > before else "up")
        elif isinstance(event, ContactLost):
            self._jingle.start("lost")
        elif isinstance(event, ContactBack):
            self._jingle.start("back")

    # What is left of it.

    @property
    def talk(self) -> Talk | None:
        """The inner state while talking: for meters, pictures (`stills`) and tests."""
        return self._talk

    def unheard(self) -> list[tuple[float, bytes]]:
        """`(seconds from the answer, Opus packet)` of every spoken frame not confirmed as heard."""
        return self._talk.ledger.unheard() if self._talk is not None else []

    def passages(self) -> Iterator[tuple[float, list[bytes]]]:
        """The same as passages that can be followed: `(start in seconds, Opus packets)`."""
        return self._talk.ledger.passages() if self._talk is not None else iter(())

    def seconds(self, now: float) -> float:
        """How long the call has been, or was, on; 0 before the answer."""
        return (self._ended_at or now) - self._talk.started if self._talk is not None else 0.0

    def summary(self, now: float) -> Summary | None:
        """The call in figures, or None when nobody ever answered."""
        if self._talk is None:
            return None
        return self._talk.summary(self._ended_at or now, self.reason)
