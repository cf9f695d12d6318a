"""Two real call sessions joined by emulated links, in virtual time.

Used by the tests and by scripts/bench/audio.py. Every chance comes from one seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from xtcli.media.call.events import Answered, CallEvent
from xtcli.media.call.handshake import is_ring
from xtcli.media.call.keys import public_of
from xtcli.media.call.session import CallSession
from xtcli.media.call.states import State
from xtcli.media.call.talk import AROUND_LINK_BYTES
from xtcli.transport.emulator.capacity import Capacity
from xtcli.transport.emulator.core import Emulator
from xtcli.transport.emulator.profiles import PROFILES, Outages, Profile

FRAME_BYTES = 1_920
FRAME_S = 0.06
BLOCK_SAMPLES = 320
"""Sound devices ask for 20 ms at a time."""


def entropy(seed: int) -> Callable[[int], bytes]:
    """Random bytes that are the same every time."""
    return Random(seed).randbytes


def emulator(profile: Profile, *, up: bool, seed: int) -> Emulator:
    """One direction of a profile, counting all bytes around a relayed payload."""
    return Emulator(
        profile.rate_up_bps if up else profile.rate_down_bps,
        profile.delay_s,
        profile.jitter_s,
        profile.loss,
        profile.burst_mean,
        profile.queue_s,
        profile.outages,
        2 * seed + (not up),
        overhead=AROUND_LINK_BYTES,
    )


def clean(delay_s: float = 0.1, rate_bps: float | None = None) -> Emulator:
    """A link without loss and jitter."""
    return Emulator(rate_bps, delay_s, overhead=AROUND_LINK_BYTES)


class Falling(Capacity):
    """A bottleneck whose rate falls at a given time."""

    def __init__(self, before_bps: float, after_bps: float, at: float) -> None:
        self._before, self._after, self._at = before_bps, after_bps, at
        self.mean_bps = before_bps
        self._free = 0.0

    def serve(self, size: int, now: float) -> tuple[float, float]:
        start = max(now, self._free)
        rate = self._before if start < self._at else self._after
        self._free = start + 8 * size / rate
        return start, self._free


def falling(*, seed: int, up: bool) -> Emulator:
    """gprs, cut from 30 s to 50 s, at 6 kbit/s from 80 s on."""
    return Emulator(
        PROFILES["gprs"].rate_up_bps,
        PROFILES["gprs"].delay_s,
        PROFILES["gprs"].jitter_s,
        PROFILES["gprs"].loss,
        PROFILES["gprs"].burst_mean,
        PROFILES["gprs"].queue_s,
        Outages(((30.0, 50.0),)),
        2 * seed + up,
        overhead=39,
        capacity=Falling(20e3 if up else 40e3, 6e3, 80.0),
    )


@dataclass
class Side:
    """A station of the pair: its session, what it says, and what it hears."""

    speech: bytes = b""
    """PCM said from the moment of the answer; silence after it ends."""
    out: Emulator = field(default_factory=clean)
    clock: float = 1.0
    """How fast its sound device runs."""
    session: CallSession | None = None
    heard: bytearray = field(default_factory=bytearray)
    heard_from: float = 0.0
    events: list[tuple[float, CallEvent]] = field(default_factory=list)
    said_at: float | None = None
    first_in: float | None = None
    """When the first sound of the other side was played."""
    played: set[int] = field(default_factory=set)
    """Numbers of the other side's frames that were really played."""
    _captures: int = 0
    _blocks: int = 0
    block: int = BLOCK_SAMPLES

    @property
    def talking(self) -> bool:
        return self.session is not None and self.session.state is State.TALKING

    def due(self, now: float) -> float:
        """When its sound devices next want something."""
        if self.said_at is None:
            return float("inf")
        capture = self.said_at + (self._captures + 1) * FRAME_S / self.clock
        play = self.heard_from + self._blocks * self.block / 16_000 / self.clock
        return min(capture, play)

    def devices(self, now: float) -> None:
        """Microphone and loudspeaker at `now`."""
        if self.session is None or self.said_at is None:
            return
        while self.said_at + (self._captures + 1) * FRAME_S / self.clock <= now + 1e-9:
            at = self._captures * FRAME_BYTES
            self._captures += 1
            self.session.capture(self.speech[at : at + FRAME_BYTES].ljust(FRAME_BYTES, b"\0"), now)
        while self.heard_from + self._blocks * self.block / 16_000 / self.clock <= now + 1e-9:
            self._blocks += 1
            self.heard += self.session.play(now, self.block)
            talk = self.session.talk
            if talk is not None and talk.playout.next is not None:
                self._note_played(talk.playout.next, talk.playout.heard)
                if self.first_in is None and talk.playout.played:
                    self.first_in = now

    def _note_played(self, following: int, heard: int) -> None:
        self.played |= {following - 1 - i for i in range(32) if heard >> i & 1}


class Pair:
    """A call between two sides."""

    def __init__(
        self,
        caller: Side,
        called: Side,
        *,
        seed: int = 1,
        answer_after_s: float | None = 0.0,
        rate_bps: float | None = None,
        called_rate_bps: float | None = None,
    ) -> None:
        draw = entropy(seed)
        self._keys = draw(32), draw(32)
        self._draw = draw
        self.caller, self.called = caller, called
        self.now = 0.0
        self._answer_after_s = answer_after_s
        self._answer_at: float | None = None
        self._called_rate_bps = called_rate_bps or rate_bps
        self.wire: list[tuple[float, bool, bytes]] = []
        """`(time, from the caller?, payload)` of everything sent."""
        caller.session = CallSession.place(
            0.0, draw, self._keys[0], public_of(self._keys[1]), note=b"case", rate_bps=rate_bps
        )

    @property
    def sides(self) -> tuple[tuple[Side, Side], tuple[Side, Side]]:
        return (self.caller, self.called), (self.called, self.caller)

    def run(self, until: float) -> None:
        """Let virtual time pass."""
        while self.now < until:
            self._step()
            self.now = min(until, self._next())
        self._step()

    def _next(self) -> float:
        times = [self.now + 1.0]
        for side, _ in self.sides:
            times.append(side.due(self.now))
            times.append(side.out.next_timer() or float("inf"))
            if side.session is not None:
                times.append(side.session.next_timer() or float("inf"))
        if self._answer_at is not None:
            times.append(self._answer_at)
        return max(min(times), self.now + 1e-4)

    def _step(self) -> None:
        now = self.now
        for side, other in self.sides:
            for payload in side.out.pop(now):
                self._deliver(other, payload)
        if self._answer_at is not None and now >= self._answer_at:
            self._answer_at = None
            assert self.called.session is not None
            self.called.session.accept(now)
        for side, _ in self.sides:
            side.devices(now)
            self._events(side)
            self._send(side)

    def _deliver(self, side: Side, payload: bytes) -> None:
        if side.session is None:
            if not is_ring(payload):
                return
            side.session = CallSession.incoming(
                payload,
                self.now,
                self._draw,
                self._keys[1],
                public_of(self._keys[0]),
                rate_bps=self._called_rate_bps,
            )
            if self._answer_after_s is not None:
                self._answer_at = self.now + self._answer_after_s
        else:
            side.session.receive(payload, self.now)

    def _events(self, side: Side) -> None:
        if side.session is None:
            return
        for event in side.session.events():
            side.events.append((self.now, event))
            if isinstance(event, Answered):
                side.said_at = self.now
                # A sound device's blocks do not keep step with its frames.
                side.heard_from = self.now + 0.007

    def _send(self, side: Side) -> None:
        if side.session is None:
            return
        while (payload := side.session.send(self.now)) is not None:
            self.wire.append((self.now, side is self.caller, payload))
            side.out.push(payload, self.now)
