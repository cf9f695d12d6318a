"""Two sessions over emulated links, from the ring to the note."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.call.pair import Pair, Side, clean, emulator, falling
from tests.call.speech import FRAME_BYTES, speech
from xtcli.media.call.events import (
    Answered,
    ContactBack,
    ContactLost,
    Ended,
    PeerStepped,
    Ringing,
    Stepped,
)
from xtcli.media.call.playout import Playout
from xtcli.media.call.session import CallSession
from xtcli.media.call.states import TABLE, State, Trigger
from xtcli.transport.emulator.core import Emulator
from xtcli.transport.emulator.profiles import PROFILES, Outages

GPRS = PROFILES["gprs"]


def session_of(side: Side) -> CallSession:
    assert side.session is not None
    return side.session


def reason(side: Side) -> str:
    ends = [event for _, event in side.events if isinstance(event, Ended)]
    assert len(ends) == 1
    assert isinstance(ends[0], Ended)
    return ends[0].reason


def kinds(side: Side) -> list[str]:
    return [type(event).__name__ for _, event in side.events]


class Spy:
    """Every frame number that a playout really played."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.played: dict[int, set[int]] = {}
        step: Callable[[Playout, bool], None] = Playout._step
        played = self.played

        def spying(playout: Playout, real: bool) -> None:
            if real and playout.next is not None:
                played.setdefault(id(playout), set()).add(playout.next)
            step(playout, real)

        monkeypatch.setattr(Playout, "_step", spying)

    def by(self, side: Side) -> set[int]:
        talk = session_of(side).talk
        assert talk is not None
        return self.played.get(id(talk.playout), set())


def assert_no_word_lost(speaker: Side, listener: Side, spy: Spy) -> tuple[int, int]:
    """Every spoken frame was played there or is in the note here; `(spoken, in the note)`."""
    talk = session_of(speaker).talk
    assert talk is not None
    unheard = {round(at / 0.06) for at, _ in session_of(speaker).unheard()}
    spoken = set(talk.ledger._spoken)
    assert spoken, "nothing was said"
    assert spoken - unheard <= spy.by(listener)
    return len(spoken), len(unheard)


def test_ring_answer_talk_hang_up() -> None:
    caller, called = Side(speech=speech()), Side(speech=speech()[:96_000])
    pair = Pair(caller, called, answer_after_s=3.0)
    pair.run(18.0)
    assert [type(e) for _, e in caller.events[:2]] == [Ringing, Answered]
    session_of(caller).hang_up(pair.now)
    pair.run(20.0)
    assert (reason(caller), reason(called)) == ("hung up", "peer hung up")
    assert session_of(caller).unheard() == []
    assert session_of(called).unheard() == []
    summary = session_of(caller).summary(pair.now)
    assert summary is not None
    assert summary.heard_s == summary.spoken_s > 8
    assert summary.seconds == pytest.approx(15.0, abs=0.5)
    assert session_of(called).note == b"case"


def test_decline() -> None:
    caller, called = Side(), Side()
    pair = Pair(caller, called, answer_after_s=None)
    pair.run(2.0)
    session_of(called).decline(pair.now)
    pair.run(4.0)
    assert (reason(caller), reason(called)) == ("declined", "declined")
    assert session_of(caller).summary(pair.now) is None


def test_busy() -> None:
    caller, called = Side(), Side()
    pair = Pair(caller, called, answer_after_s=None)
    pair.run(2.0)
    session_of(called).decline(pair.now, busy=True)
    pair.run(4.0)
    assert reason(caller) == "busy"


def test_cancel() -> None:
    caller, called = Side(), Side()
    pair = Pair(caller, called, answer_after_s=None)
    pair.run(2.0)
    session_of(caller).hang_up(pair.now)
    pair.run(4.0)
    assert (reason(caller), reason(called)) == ("cancelled", "cancelled")


def test_nobody_answers() -> None:
    caller, called = Side(), Side()
    pair = Pair(caller, called, answer_after_s=None)
    pair.run(70.0)
    assert (reason(caller), reason(called)) == ("not answered", "not answered")


def test_nobody_is_there() -> None:
    """A ring into the void costs little and ends."""
    caller, called = Side(out=Emulator(9600, 0.5, loss=0.99, burst_mean=200, seed=4)), Side()
    pair = Pair(caller, called)
    pair.run(70.0)
    assert reason(caller) == "not answered"
    assert session_of(caller).signalling_bytes < 1_500


@pytest.mark.parametrize("seed", range(5))
def test_every_signal_may_be_lost(seed: int) -> None:
    """On a link that loses a third of everything the call still comes about and ends for both."""

    def out(n: int) -> Emulator:
        return Emulator(None, 0.3, loss=0.33, burst_mean=1.5, seed=10 * seed + n)

    caller, called = Side(out=out(1)), Side(out=out(2))
    pair = Pair(caller, called, seed=seed)
    pair.run(15.0)
    assert caller.talking
    assert called.talking
    session_of(called).hang_up(pair.now)
    pair.run(25.0)
    assert reason(called) == "hung up"
    # If every goodbye is lost, silence ends it: not within these ten seconds.
    assert not caller.talking or "Ended" not in kinds(caller)


def test_set_up_on_gprs_takes_two_round_trips_and_few_bytes() -> None:
    """From ringing to sound in the ear, answered at once."""
    speaking = Side(speech=speech(), out=emulator(GPRS, up=True, seed=1))
    other = Side(speech=speech(), out=emulator(GPRS, up=False, seed=1))
    pair = Pair(speaking, other, rate_bps=20e3, called_rate_bps=40e3)
    pair.run(8.0)
    signalling = session_of(speaking).signalling_bytes + session_of(other).signalling_bytes
    assert signalling <= 600
    assert speaking.first_in is not None
    assert other.first_in is not None
    assert max(speaking.first_in, other.first_in) <= 2 * 2 * (GPRS.delay_s + GPRS.jitter_s)


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.10, 0.20])
def test_no_more_is_missing_than_the_network_lost(
    loss: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Jitter buffers that throw good packets away lose several times what the network does."""
    spy = Spy(monkeypatch)
    out = Emulator(None, 0.2, 0.05, loss=loss, burst_mean=3 if loss else 1, seed=5)
    caller, called = Side(speech=speech() * 3, out=out), Side()
    pair = Pair(caller, called, rate_bps=24e3)
    pair.run(45.0)
    session_of(caller).hang_up(pair.now)
    pair.run(48.0)
    talk = session_of(caller).talk
    assert talk is not None
    live = {n for n, spoken in talk.ledger._spoken.items() if spoken.live}
    # What follows the goodbye is not played by anybody: leave the last half second out.
    live = {n for n in live if n < max(live) - 8}
    missing = len(live - spy.by(called)) / len(live)
    lost = out.counters.packets_lost / max(1, out.counters.packets_offered)
    assert missing <= lost + 0.005


def test_an_outage_of_twenty_seconds_and_a_fall_to_6_kbit_lose_no_word(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two minutes on gprs: what was not played there is in the note here."""
    spy = Spy(monkeypatch)
    caller = Side(speech=speech() * 10, out=falling(seed=3, up=True))
    called = Side(speech=speech()[:64_000] * 3, out=falling(seed=3, up=False))
    pair = Pair(caller, called, rate_bps=20e3, called_rate_bps=40e3)
    pair.run(121.0)
    session_of(caller).hang_up(pair.now)
    pair.run(130.0)
    spoken, noted = assert_no_word_lost(caller, called, spy)
    assert spoken > 1200
    # The outage and the fall are in the note; the rest was heard live.
    assert 0.15 < noted / spoken < 0.75
    assert {"ContactLost", "ContactBack", "Stepped"} <= set(kinds(caller))
    assert any(isinstance(e, ContactLost) for _, e in called.events)
    assert any(isinstance(e, ContactBack) for _, e in called.events)
    assert any(isinstance(e, PeerStepped) for _, e in called.events)
    heard = sum(len(packets) for _, packets in session_of(caller).passages())
    assert heard >= noted * 0.8


def test_a_dead_line_ends_after_ninety_seconds_and_all_is_in_the_note() -> None:
    cut = Outages(((5.0, 1e6),))
    caller = Side(speech=speech() * 12, out=Emulator(None, 0.1, outages=cut))
    called = Side(out=Emulator(None, 0.1, outages=cut))
    pair = Pair(caller, called)
    pair.run(110.0)
    assert (reason(caller), reason(called)) == ("lost", "lost")
    talk = session_of(caller).talk
    assert talk is not None
    spoken, heard = talk.ledger.counts()
    assert spoken > 1000
    assert heard < 100
    assert len(session_of(caller).unheard()) == spoken - heard


def test_nothing_is_sent_into_an_outage_but_signs_of_life() -> None:
    cut = Outages(((5.0, 1e6),))
    caller = Side(speech=speech() * 12, out=Emulator(None, 0.1, outages=cut))
    pair = Pair(caller, Side(out=Emulator(None, 0.1, outages=cut)))
    pair.run(80.0)
    late = sum(len(p) + 39 for at, mine, p in pair.wire if mine and at > 15)
    assert late * 8 / 65 < 2_000


def test_mute_sends_and_keeps_nothing() -> None:
    caller, called = Side(speech=speech()), Side()
    pair = Pair(caller, called)
    pair.run(1.0)
    session_of(caller).mute(True)
    before = session_of(caller).summary(pair.now)
    pair.run(10.0)
    after = session_of(caller).summary(pair.now)
    assert before is not None
    assert after is not None
    assert after.spoken_s - before.spoken_s < 0.2


def test_push_to_talk_on_a_slow_link() -> None:
    """At 8.4 kbit/s only one speaks at a time; who does not hold the floor goes into a note."""
    spoken = speech()
    caller = Side(speech=spoken, out=clean(0.5, 8_400))
    called = Side(speech=bytes(FRAME_BYTES * 20) + spoken, out=clean(0.5, 8_400))
    pair = Pair(caller, called, rate_bps=8_400)
    pair.run(14.0)
    talk = session_of(caller).talk
    assert talk is not None
    assert talk.half_duplex
    assert "Floor" in kinds(called)
    one, other = session_of(caller).unheard(), session_of(called).unheard()
    assert len(other) > 5 * max(1, len(one))


def test_strangers_and_repeats_change_nothing() -> None:
    """Garbage, replays and bit flips are counted and refused; the call goes on."""
    caller, called = Side(speech=speech()), Side()
    pair = Pair(caller, called)
    pair.run(3.0)
    session = session_of(called)
    mine = [payload for _, is_caller, payload in pair.wire if is_caller][-20:]
    rejected = session.rejected
    for payload in mine[:-5]:
        assert not session.receive(payload, pair.now)
        flipped = payload[:-1] + bytes([payload[-1] ^ 1])
        assert not session.receive(flipped, pair.now)
    for length in range(60):
        session.receive(bytes(length), pair.now)
        session.receive(b"\x60" + bytes(length), pair.now)
    assert session.rejected > rejected + 30
    pair.run(13.0)
    talk = session.talk
    assert talk is not None
    assert talk.playout.played > 100


def test_changes_are_heard() -> None:
    """A step on the ladder sounds, in the playing itself."""
    caller, called = Side(out=clean(0.1)), Side(out=clean(0.1))
    pair = Pair(caller, called, rate_bps=24e3)
    pair.run(4.0)
    session_of(caller).link_rate(7_000)
    pair.run(9.0)
    steps = [(at, e) for at, e in caller.events if isinstance(e, Stepped)]
    assert steps
    at = int((steps[0][0] - caller.heard_from) * 16_000) * 2
    assert max(caller.heard[at : at + 8_000]) > 0
    assert set(caller.heard[at - 8_000 : at]) != set(caller.heard[at : at + 8_000])


def test_every_state_but_the_last_can_end() -> None:
    """From anywhere there is a way to ENDED, and none out of it."""
    reach = {State.ENDED}
    while True:
        more = {s for (s, _), (after, _) in TABLE.items() if after in reach} - reach
        if not more:
            break
        reach |= more
    assert reach == set(State)
    assert not [key for key in TABLE if key[0] is State.ENDED]
    assert {reason for after, reason in TABLE.values() if after is State.ENDED} == {
        "hung up",
        "peer hung up",
        "declined",
        "busy",
        "cancelled",
        "not answered",
        "lost",
    }
    assert set(Trigger) == {trigger for _, trigger in TABLE}
