"""The playout clock: no drift, no growing delay, every gap filled for a moment and then quiet."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from tests.call.speech import frames_of, speech
from xtcli.media.call.arrivals import Arrivals
from xtcli.media.call.conceal import Comfort, lengthen, rms, shorten
from xtcli.media.call.cues import CUES, Jingle, cue
from xtcli.media.call.packet import Sound
from xtcli.media.call.playout import Playout
from xtcli.media.opus import Encoder

FRAME_S = 0.06
BLOCK = 320
BLOCK_S = 0.02


def packets(count: int) -> list[bytes]:
    """Speech coded again and again."""
    encoder, frames = Encoder(8_000, dtx=False), frames_of(speech())
    return [encoder.encode(frames[n % len(frames)]) for n in range(count)]


class Bench:
    """A playout fed with datagrams at given times, asked for 20 ms blocks by a skewed device."""

    def __init__(self, clock: float = 1.0) -> None:
        self.arrivals = Arrivals()
        self.playout = Playout(self.arrivals)
        self.clock = clock
        self.now = 0.0
        self.out = bytearray()
        self.delays: list[float] = []
        """From a frame's own time to its being played, at each block."""

    def run(self, datagrams: list[tuple[float, Sound]], until: float) -> None:
        waiting = sorted(datagrams, key=lambda pair: pair[0], reverse=True)
        while self.now < until:
            while waiting and waiting[-1][0] <= self.now:
                at, sound = waiting.pop()
                self.arrivals.note(sound, at)
                self.playout.add(sound, at)
            self.out += self.playout.play(self.now, BLOCK)
            if self.playout.next is not None:
                self.delays.append(self.now - self.playout.next * FRAME_S)
            self.now += BLOCK_S / self.clock


def stream(count: int, delay: float = 0.2, jitter: float = 0.0) -> list[tuple[float, Sound]]:
    draw = Random(3).random
    return [
        (n * FRAME_S + delay + jitter * draw(), Sound(n, 1, (), (packet,)))
        for n, packet in enumerate(packets(count))
    ]


@pytest.mark.parametrize(("ppm", "frames"), [(100, 10_000), (-300, 3_400)])
def test_skewed_clocks_do_not_drift(ppm: int, frames: int) -> None:
    """Ten minutes at 100 ppm, or three and a half at 300, would be 60 ms: the delay stays."""
    bench = Bench(1 + ppm * 1e-6)
    bench.run(stream(frames), frames * FRAME_S)
    early, late = np.mean(bench.delays[300:1500]), np.mean(bench.delays[-1500:-300])
    assert abs(late - early) < 0.02
    assert bench.playout.concealed == 0
    assert bench.playout.late == 0


def test_a_clean_link_plays_every_frame_one_frame_late() -> None:
    bench = Bench()
    bench.run(stream(500), 31.0)
    assert bench.playout.played == 500
    assert bench.playout.concealed <= 3
    # Arrival is 200 ms; the floor is one frame, and a frame starts when the one before is over.
    assert 0.2 <= np.median(bench.delays) <= 0.2 + FRAME_S + BLOCK_S + 0.001


def test_jitter_within_the_cap_costs_next_to_nothing() -> None:
    bench = Bench()
    bench.run(stream(1000, jitter=0.3), 61.0)
    assert bench.playout.played >= 985


def test_delay_comes_back_after_a_bad_minute() -> None:
    """What a queue added goes away again, without a pause to hide it in."""
    pieces = packets(1500)
    datagrams = [
        (n * FRAME_S + (0.7 if 300 <= n < 400 else 0.2), Sound(n, 1, (), (p,)))
        for n, p in enumerate(pieces)
    ]
    bench = Bench()
    bench.run(datagrams, 90.0)
    before = np.mean(bench.delays[400:800])
    after = np.mean(bench.delays[-400:])
    worst = max(bench.delays[1200:])
    assert worst < 0.2 + 0.6 + 0.2
    assert after - before < 0.05


def test_a_copy_is_played_in_place_of_what_was_lost() -> None:
    pieces = packets(300)
    datagrams = []
    for n, packet in enumerate(pieces):
        copy = pieces[n - 3] if n >= 3 else b""
        if n % 10:
            datagrams.append((n * FRAME_S + 0.1, Sound(n, 1, (3,), (packet, copy))))
    bench = Bench()
    bench.run(datagrams, 19.0)
    assert bench.playout.played >= 296


def test_heard_map_says_what_was_played() -> None:
    """One bit a frame, none for the lost one."""
    datagrams = [pair for pair in stream(40) if pair[1].number != 30]
    bench = Bench()
    bench.run(datagrams, 2.6)
    playout = bench.playout
    assert playout.next is not None
    heard = [n for n in range(playout.next) if playout.heard >> playout.next - 1 - n & 1]
    assert heard == [n for n in range(40) if n != 30][: len(heard)]
    assert len(heard) == playout.played


def test_a_long_gap_is_quiet_but_not_dead() -> None:
    bench = Bench()
    bench.run(stream(100), 10.0)
    sound = np.frombuffer(bytes(bench.out), "<i2").astype(np.float32)
    speaking, later = sound[16_000 : 5 * 16_000], sound[8 * 16_000 :]
    assert rms(speaking) > 300
    assert 0 < rms(later) < 80


def test_a_stalled_device_skips_and_does_not_lag() -> None:
    """After five seconds without being asked, playing goes on near the present."""
    datagrams = stream(400)
    bench = Bench()
    bench.run([d for d in datagrams if d[0] < 8], 8.0)
    for at, sound in datagrams:
        if 8 <= at < 13:
            bench.arrivals.note(sound, at)
            bench.playout.add(sound, at)
    bench.now = 13.0
    bench.run([d for d in datagrams if d[0] >= 13], 23.0)
    assert bench.delays[-1] < 0.2 + 0.3


def test_rubbish_inside_a_sealed_datagram_is_concealed() -> None:
    bench = Bench()
    bad = [(0.1 + n * FRAME_S, Sound(n, 1, (), (b"\xff\xff\xff",))) for n in range(20)]
    bench.run(bad, 2.0)
    assert len(bench.out) == 2 * BLOCK * 100


def test_stretching_changes_length_by_a_pitch_period_only() -> None:
    """On a tone of 200 Hz (80 samples) the level stays and no click appears."""
    tone = (8000 * np.sin(2 * np.pi * 200 * np.arange(960) / 16_000)).astype(np.float32)
    for changed in (shorten(tone), lengthen(tone)):
        assert changed.size != tone.size
        assert (changed.size - tone.size) % 80 in (0, 1, 79)
        assert np.max(np.abs(np.diff(changed))) < 1.3 * np.max(np.abs(np.diff(tone)))


def test_noise_that_does_not_repeat_is_left_alone() -> None:
    noise = np.random.Generator(np.random.PCG64(1)).normal(0, 3000, 960).astype(np.float32)
    assert shorten(noise) is noise


def test_comfort_noise_follows_the_room() -> None:
    comfort = Comfort()
    room = np.random.Generator(np.random.PCG64(2)).normal(0, 25, 960).astype(np.float32)
    for _ in range(200):
        comfort.hear(room)
    assert rms(comfort.make(4800)) == pytest.approx(25, rel=0.3)


@pytest.mark.parametrize("name", sorted(CUES))
def test_every_cue_sounds_and_ends(name: str) -> None:
    jingle = Jingle()
    jingle.start(name)
    heard = jingle.mix(bytes(2 * cue(name).size))
    assert rms(np.frombuffer(heard, "<i2").astype(np.float32)) > 100
    assert not jingle.sounding
