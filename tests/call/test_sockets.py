"""The same core on real sockets and a real clock: two stations on one machine."""

from __future__ import annotations

import select
import socket
import time

import numpy as np
import pytest

from tests.call.matching import best_match
from tests.call.pair import entropy
from tests.call.speech import frames_of, speech
from xtcli.media.call.events import Answered, CallEvent
from xtcli.media.call.handshake import is_ring
from xtcli.media.call.keys import public_of
from xtcli.media.call.session import CallSession
from xtcli.media.call.states import State

pytestmark = pytest.mark.realtime

DRAW = entropy(11)


class Station:
    """A session and its socket."""

    def __init__(self, peer: tuple[str, int] | None = None) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 0))
        self.peer = peer
        self.session: CallSession | None = None
        self.events: list[CallEvent] = []
        self.heard = bytearray()

    def work(self, now: float, frame: bytes) -> None:
        if self.session is None:
            return
        self.events += self.session.events()
        self.session.capture(frame, now)
        self.heard += self.session.play(now)
        self.send(now)

    def send(self, now: float) -> None:
        while self.session is not None and (payload := self.session.send(now)) is not None:
            assert self.peer is not None
            self.socket.sendto(payload, self.peer)


def test_a_call_over_udp_sockets() -> None:
    """Four seconds of speech arrive as they were said."""
    keys = DRAW(32), DRAW(32)
    called = Station()
    caller = Station(called.socket.getsockname())
    start = time.monotonic()
    caller.session = CallSession.place(start, DRAW, keys[0], public_of(keys[1]))
    caller.send(start)
    frames, said = frames_of(speech()), 0
    due = start
    while said < 70:
        now = time.monotonic()
        ready, _, _ = select.select([caller.socket, called.socket], [], [], max(0.0, due - now))
        now = time.monotonic()
        for station in (caller, called):
            if station.socket not in ready:
                continue
            payload, address = station.socket.recvfrom(2048)
            if station.session is None and is_ring(payload):
                station.peer = address
                station.session = CallSession.incoming(
                    payload, now, DRAW, keys[1], public_of(keys[0])
                )
                station.session.accept(now)
            elif station.session is not None:
                assert station.session.receive(payload, now)
            station.send(now)
        if now >= due:
            due += 0.06
            caller.work(now, frames[said % len(frames)])
            called.work(now, bytes(1920))
            said += any(isinstance(e, Answered) for e in caller.events)
    assert caller.session is not None
    assert caller.session.state is State.TALKING
    heard = np.frombuffer(bytes(called.heard), "<i2").astype(np.float64)
    said_samples = np.frombuffer(speech(), "<i2").astype(np.float64)
    pieces = [said_samples[at : at + 8_000] for at in range(8_000, 48_000, 8_000)]
    assert np.median([best_match(piece, heard) for piece in pieces]) > 0.6
    for station in (caller, called):
        station.socket.close()
