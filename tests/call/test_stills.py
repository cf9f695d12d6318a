"""Pictures in a call: chunks, what is said about them, and that speech does not feel them."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.call.pair import Pair, Side, clean, emulator
from tests.call.speech import speech
from xtcli.errors import BundleRejected
from xtcli.media.call.packet import Kind, split_header
from xtcli.media.call.spare import Spare, chunk_wire_bytes
from xtcli.media.call.stills import (
    CHUNK_BYTES_MAX,
    DEAF_STILLS,
    GIVE_UP_S,
    STILL_BYTES_MAX,
    Chunk,
    Incoming,
    Outgoing,
    clock_near,
    decode_chunk,
    decode_got,
    encode_chunk,
    encode_got,
)
from xtcli.media.call.talk import Talk
from xtcli.transport.emulator.core import Emulator
from xtcli.transport.emulator.profiles import PROFILES, Outages

PICTURE = Random(1).randbytes(2_500)


def talk_of(side: Side) -> Talk:
    assert side.session is not None
    assert side.session.talk is not None
    return side.session.talk


def play(pair: Pair, until: float, *, shows: bool = True) -> list[tuple[float, bytes]]:
    """Let a call go on; the caller shows pictures whenever there is room. Age and bytes of each."""
    seen = []
    while pair.now < until:
        pair.run(pair.now + 0.1)
        if shows and pair.caller.talking:
            stills = talk_of(pair.caller).stills
            if stills.room(pair.now):
                stills.offer(PICTURE, pair.now, pair.now)
        if pair.called.session is not None and pair.called.session.talk is not None:
            found = pair.called.session.talk.stills.take_newest()
            if found is not None:
                seen.append((pair.now - found.taken_at, found.data))
    return seen


# Bytes


@settings(derandomize=True, deadline=None)
@given(
    st.integers(0, 255), st.integers(0, 255), st.integers(0, 255), st.integers(0, 255),
    st.integers(0, 65_535), st.binary(min_size=1, max_size=CHUNK_BYTES_MAX),
)  # fmt: skip
def test_chunks_come_back(
    number: int, last: int, index: int, age: int, clock: int, body: bytes
) -> None:
    chunk = Chunk(number, max(last, index), index, age * 0.2, clock * 0.01, body)
    assert decode_chunk(encode_chunk(chunk)) == chunk


@settings(derandomize=True, deadline=None)
@given(st.integers(0, 255), st.sets(st.integers(0, 255)), st.integers(0, 255))
def test_what_came_comes_back(number: int, came: set[int], last: int) -> None:
    came = {index for index in came if index <= last}
    said, found = decode_got(encode_got(number, came, last))
    assert said == number
    whole = len(came) == last + 1
    assert found == (None if whole else sum(1 << index for index in came))


@pytest.mark.parametrize(
    "body",
    [b"\x04", bytes([4, 1, 2, 0, 0, 0, 0]), bytes([4, 1, 2, 3, 0, 0, 0, 9]), bytes(4 + 408)],
)
def test_bad_chunks_are_refused(body: bytes) -> None:
    """None, no bytes, beyond its own last, too long."""
    with pytest.raises(BundleRejected):
        decode_chunk(body)


def test_a_map_too_long_is_refused() -> None:
    with pytest.raises(BundleRejected):
        decode_got(bytes(35))


def test_the_clock_of_a_chunk_is_the_nearest() -> None:
    assert clock_near(1.0, 656.0) == pytest.approx(656.36)
    assert clock_near(655.0, 656.0) == pytest.approx(655.0)
    assert clock_near(655.0, 1.0) == pytest.approx(-0.36)


# One side sends, the other collects


def collect(out: Outgoing, into: Incoming, lost: Random, share: float) -> list[float]:
    """Chunks over a link that loses a share of them and of the answers, 50 ms each way."""
    now, whole = 0.0, []
    for _ in range(40_000):
        now += 0.02
        if out.room(now):
            out.offer(PICTURE, now, 90, now)
        chunk = out.next(now, now)
        if chunk is not None:
            out.left(chunk, 0.1, now)
            if lost.random() >= share:
                found = into.take(decode_chunk(encode_chunk(chunk)), 0.1, now)
                if found is not None:
                    assert found.data == PICTURE
                    whole.append(now)
        answer = into.answer(now)
        if answer is not None and lost.random() >= share:
            out.got(*decode_got(answer), 0.1, now)
        if len(whole) == 20:
            break
    return whole


@pytest.mark.parametrize("share", [0.0, 0.1, 0.3])
def test_what_is_lost_is_sent_again(share: float) -> None:
    """Twenty pictures come whole, whatever is lost; no chunk that came is sent much again."""
    out, into = Outgoing(), Incoming()
    whole = collect(out, into, Random(5), share)
    assert len(whole) == 20
    assert out.bytes <= 20 * len(PICTURE) * (1.1 / (1 - share) + 0.1)


def test_a_later_still_replaces_one_that_did_not_arrive_whole() -> None:
    into = Incoming()
    assert into.take(Chunk(1, 1, 0, 0.0, 0.0, b"old "), 0.1, 1.0) is None
    assert into.take(Chunk(2, 1, 0, 0.0, 0.0, b"new "), 0.1, 2.0) is None
    assert into.take(Chunk(1, 1, 1, 0.0, 0.0, b"rest"), 0.1, 3.0) is None
    found = into.take(Chunk(2, 1, 1, 1.0, 0.0, b"rest"), 0.2, 4.0)
    assert found is not None
    assert found.data == b"new rest"
    assert found.taken_at == pytest.approx(2.9)


def test_numbers_go_round() -> None:
    into = Incoming()
    for number in (254, 255, 0, 1):
        assert into.take(Chunk(number, 0, 0, 0.0, 0.0, b"x"), 0.1, 1.0) is not None
    assert into.take(Chunk(255, 0, 0, 0.0, 0.0, b"x"), 0.1, 1.0) is None


def test_a_still_over_the_limit_is_not_taken() -> None:
    into = Incoming()
    found = [into.take(Chunk(1, 59, i, 0.0, 0.0, bytes(400)), 0.1, 1.0) for i in range(60)]
    assert found == [None] * 60
    assert STILL_BYTES_MAX < 60 * 400


def test_a_side_that_knows_no_stills_is_not_bothered_for_long() -> None:
    out, now, chunks = Outgoing(), 0.0, 0
    while now < 10 * GIVE_UP_S:
        now += 0.05
        if out.room(now):
            out.offer(PICTURE, now, 400, now)
        chunk = out.next(now, now)
        if chunk is not None:
            out.left(chunk, 0.1, now)
            chunks += 1
    assert out.deaf
    assert chunks <= DEAF_STILLS * (7 + 15)


# What may be spent


def test_speech_comes_first() -> None:
    """Speech that takes all of the rate leaves nothing; half of it leaves less than half."""
    for share, low, high in ((1.0, 0.0, 0.0), (0.5, 0.2, 0.4)):
        spare, spent = Spare(0.0), 0
        spare.cap_bps = 1e6
        size = chunk_wire_bytes(20_000)
        for i in range(2_000):
            now = i * 0.06
            spare.speak(round(20_000 * 0.06 / 8 * share), 20_000, now)
            spent += size * spare.take(size, 20_000, now)
        assert low <= spent * 8 / (2_000 * 0.06) / 20_000 <= high


def test_a_queue_stops_pictures_before_speech_would_step_down() -> None:
    spare = Spare(0.0)
    assert spare.take(144, 40_000, 5.0)
    spare.report(0.3, 0.1, 6.0)
    assert not any(spare.take(144, 40_000, 6 + i * 0.1) for i in range(99))
    assert spare.take(144, 40_000, 17.0)


# In a call


def test_pictures_come_and_are_new() -> None:
    caller = Side(speech=speech() * 3, out=emulator(PROFILES["edge"], up=True, seed=2))
    called = Side(out=emulator(PROFILES["edge"], up=False, seed=2))
    seen = play(Pair(caller, called, rate_bps=60e3), 40.0)
    assert len(seen) >= 5
    assert all(data == PICTURE for _, data in seen)
    assert sum(age for age, _ in seen) / len(seen) < 10
    assert talk_of(caller).stills.outgoing.sent >= len(seen) - 1


@pytest.mark.parametrize("link", ["gprs", "edge", "lossy3g"])
def test_speech_does_not_feel_them(link: str) -> None:
    """The same call without and with: the same rungs or better, no more frames unheard.

    The caller speaks and is silent by turns; on gprs there is room for pictures in silence only.
    """
    unheard, rungs = [], []
    said = (speech()[: 32_000 * 8] + bytes(32_000 * 10)) * 3
    for shows in (False, True):
        road = PROFILES[link]
        caller = Side(speech=said, out=emulator(road, up=True, seed=4))
        called = Side(out=emulator(road, up=False, seed=4))
        rates = {"rate_bps": road.rate_up_bps, "called_rate_bps": road.rate_down_bps}
        pair = Pair(caller, called, seed=4, **rates)
        seen = play(pair, 50.0, shows=shows)
        assert bool(seen) is shows
        summary = caller.session.summary(pair.now) if caller.session is not None else None
        assert summary is not None
        unheard.append(summary.spoken_s - summary.heard_s)
        rungs.append(max(order for _, order in summary.rungs))
    assert unheard[1] <= unheard[0] + 0.8
    assert rungs[1] <= max(5, rungs[0])


def test_no_picture_leaves_in_front_of_speech() -> None:
    """Whatever is sent while somebody speaks follows a datagram of sound at once."""
    caller = Side(speech=speech() * 2, out=clean(0.1, 40e3))
    pair = Pair(caller, Side(out=clean(0.1)), rate_bps=40e3)
    play(pair, 25.0)
    last_sound = -1.0
    for at, mine, payload in pair.wire:
        if not mine:
            continue
        if split_header(payload)[0] in (Kind.SOUND, Kind.SOUND_AND_REPORT):
            last_sound = at
        elif len(payload) > 80:
            assert at - last_sound <= 0.04 or at - last_sound >= 0.26


def test_nothing_is_shown_into_an_outage_or_on_a_link_for_one() -> None:
    """Without contact, and where only one can speak at a time, no picture is sent."""
    cut = Outages(((8.0, 1e6),))
    caller = Side(speech=speech() * 4, out=Emulator(40e3, 0.1, outages=cut))
    pair = Pair(caller, Side(out=Emulator(None, 0.1, outages=cut)), rate_bps=40e3)
    play(pair, 40.0)
    assert not [1 for at, mine, p in pair.wire if mine and at > 16 and len(p) > 60]
    slow = Pair(Side(speech=speech(), out=clean(0.5, 8_400)), Side(), rate_bps=8_400)
    assert play(slow, 14.0) == []
    assert talk_of(slow.caller).stills.outgoing.bytes == 0


def test_strangers_chunks_change_nothing() -> None:
    """Bits flipped and replays of chunks are refused."""
    caller = Side(out=clean(0.1))
    pair = Pair(caller, Side(out=clean(0.1)), rate_bps=40e3)
    play(pair, 12.0)
    assert pair.called.session is not None
    chunks = [p for _, mine, p in pair.wire if mine and len(p) > 80]
    assert chunks
    before = pair.called.session.rejected
    for payload in chunks[:20]:
        assert not pair.called.session.receive(payload, pair.now)
        assert not pair.called.session.receive(payload[:-1] + b"x", pair.now)
    assert pair.called.session.rejected == before + 2 * len(chunks[:20])
