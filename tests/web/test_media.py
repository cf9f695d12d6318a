"""The call core over RTP: a browser in virtual time, links that lose, and no word that is lost."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.call.matching import best_match
from tests.call.speech import frames_of, speech
from tests.web.browser import Browser, Way, encode_feedback, encode_opus
from xtcli.errors import BundleRejected
from xtcli.media.call import rtp
from xtcli.media.call.guest import FRAME_TICKS, GuestSession
from xtcli.media.call.states import State

SSRC = 0x78740001


def test_red_goes_and_comes() -> None:
    blocks = tuple(rtp.Block((2**32 - 5_760 + n * 2_880) % 2**32, bytes([n]) * (n + 1))
                   for n in range(6))  # fmt: skip
    data = rtp.encode_red(blocks, 70_000, 65_537, SSRC)
    assert rtp.decode_rtp(data) == rtp.Packet(70_000 % 65_536, SSRC, blocks)
    assert data[12:20] == bytes.fromhex("bede0001 31 0001 00".replace(" ", ""))
    assert len(data) == 20 + 4 * 5 + 1 + sum(range(1, 7))
    with pytest.raises(ValueError, match="RED"):
        rtp.encode_red((rtp.Block(0, b"x"), rtp.Block(16_384, b"y")), 0, 0, SSRC)


def test_feedback_tells_who_came_and_when() -> None:
    arrived = {65_530: 100.0, 65_531: 100.02, 65_534: 100.3, 65_540: 100.29}
    found = rtp.decode_rtcp(encode_feedback(arrived, 300), SSRC)
    assert len(found) == 1
    assert isinstance(found[0], rtp.Feedback)
    assert (found[0].first, found[0].count, found[0].turn) == (65_530, 11, 44)
    numbers = [number for number, _ in found[0].arrived]
    assert numbers == [65_530, 65_531, 65_534, 4]
    times = [at for _, at in found[0].arrived]
    assert times == pytest.approx(list(arrived.values()), abs=3e-4)


def test_feedback_in_runs_and_single_bits() -> None:
    """The other two kinds of chunk of the draft: a run, and one bit each."""
    run = struct.pack(">H", 1 << 13 | 3)
    bits = struct.pack(">H", 0b10 << 14 | 0b10100000000000)
    for chunk, came in ((run, [10, 11, 12]), (bits, [10, 12])):
        body = struct.pack(">IIHH", 1, 2, 10, 3) + bytes([0, 0, 1, 7]) + chunk
        body += bytes([4] * len(came))
        body += bytes(-len(body) % 4)
        data = struct.pack(">BBH", 0x8F, 205, len(body) // 4) + body
        (found,) = rtp.decode_rtcp(data, SSRC)
        assert isinstance(found, rtp.Feedback)
        assert [number for number, _ in found.arrived] == came
        assert found.arrived[0][1] == pytest.approx(0.065)


def test_round_trip_from_a_receiver_report() -> None:
    report = rtp.encode_report(SSRC, 1_000.0, 5, 1, 2)
    assert rtp.is_rtcp(report)
    last = struct.unpack(">Q", report[8:16])[0] >> 16 & 0xFFFFFFFF
    block = struct.pack(">IIIIII", SSRC, 0, 0, 0, last, 32_768)
    answer = struct.pack(">BBHI", 0x81, 201, 7, 99) + block
    (echo,) = rtp.decode_rtcp(answer, SSRC)
    assert isinstance(echo, rtp.Echo)
    assert echo.round_trip_s(1_000.8) == pytest.approx(0.3, abs=0.001)
    assert rtp.decode_rtcp(answer, SSRC + 1) == []


@given(
    st.binary(max_size=80),
    st.sampled_from([b"", b"\x8f\xcd", b"\x81\xc9", b"\x90\x3f", b"\x80\x60"]),
)
@settings(derandomize=True, max_examples=400)
def test_any_bytes_do_no_harm(data: bytes, start: bytes) -> None:
    session = GuestSession(0.0, random.Random(1).randbytes)
    session.admit(0.0, None)
    session.receive(start + data, 0.1)
    for read in (rtp.decode_rtp, lambda found: rtp.decode_rtcp(found, SSRC)):
        try:
            read(start + data)
        except BundleRejected:
            continue


@dataclass
class Scene:
    """A call in virtual time."""

    out: Way
    back: Way
    seconds: float = 24.0
    rate_bps: float | None = 40_000
    heard: bytearray = field(default_factory=bytearray)

    def run(self) -> Scene:
        frames = frames_of(speech())
        self.session = GuestSession(0.0, random.Random(self.out.seed).randbytes)
        self.session.admit(0.0, self.rate_bps)
        self.browser = Browser(frames)
        self.states: set[str] = set()
        for step in range(int(self.seconds / 0.02)):
            now = step * 0.02
            if step % 3 == 0:
                self.session.capture(frames[step // 3 % len(frames)], now)
                self.back.put(self.browser.say(step // 3), now)
            self._move(now)
            if step % 12 == 0 and (feedback := self.browser.feedback()) is not None:
                self.back.put(feedback, now)
            self.heard += self.session.play(now, 320)
            if step % 3 == 0:
                self.states.add(self.wish(now))
        return self

    def wish(self, now: float) -> str:
        """What the page is told."""
        assert self.session.guest is not None
        return self.session.guest.wish(now)[0]

    def _move(self, now: float) -> None:
        while (packet := self.session.send(now)) is not None:
            self.out.put(packet, now)
        for at, packet in self.out.take(now):
            self.browser.take(packet, at)
        for _, packet in self.back.take(now):
            self.session.receive(packet, now)

    def lost_words(self) -> int:
        """Frames that never came to the browser and are not among the unheard."""
        guest = self.session.guest
        assert guest is not None
        unheard = {round(at / 0.06) for at, _ in self.session.unheard()}
        came = {(ts - guest._origin) % 2**32 // FRAME_TICKS for ts in self.browser.frames}
        return sum(number not in came and number not in unheard for number in guest.ledger._spoken)

    def really_missing(self) -> float:
        """Share of the spoken frames that came too late to the browser, or never."""
        guest = self.session.guest
        assert guest is not None
        late = {
            (ts - guest._origin) % 2**32 // FRAME_TICKS: at
            for ts, at in self.browser.frames.items()
        }
        numbers = list(guest.ledger._spoken)
        least = min(at - number * 0.06 for number, at in late.items())
        missing = [n for n in numbers if late.get(n, 1e9) - n * 0.06 - least > guest.hold_s + 0.07]
        return len(missing) / len(numbers)

    def found(self) -> float:
        """Correlation of what was heard here with what the browser said."""
        heard = np.frombuffer(bytes(self.heard), "<i2").astype(np.float64)
        said = np.frombuffer(speech(), "<i2").astype(np.float64)
        pieces = [said[at : at + 8_000] for at in range(16_000, 80_000, 8_000)]
        return float(np.median([best_match(piece, heard) for piece in pieces]))


def test_a_clean_line() -> None:
    """All heard, on a good rung; the guest heard here; the clock of the feedback is another one."""
    scene = Scene(Way(1), Way(2)).run()
    summary = scene.session.summary(scene.seconds)
    assert summary is not None
    assert summary.loss == 0.0
    assert summary.heard_s > summary.spoken_s - 1.5
    assert summary.rungs[-1][1] <= 3
    assert scene.found() > 0.7
    assert scene.lost_words() == 0


@pytest.mark.parametrize("loss", [0.02, 0.1, 0.2])
def test_copies_against_loss(loss: float) -> None:
    """More is heard than the network lets through, and what is not heard is known."""
    scene = Scene(Way(3, loss=loss), Way(4, loss=loss)).run()
    summary = scene.session.summary(scene.seconds)
    assert summary is not None
    lost = scene.out.lost / scene.out.sent
    missing = 1 - summary.heard_s / summary.spoken_s
    really = scene.really_missing()
    print(f"network lost {lost:.3f}, not confirmed {missing:.3f}, not heard {really:.3f}")
    print(summary.rungs)
    assert scene.lost_words() <= (5 if loss < 0.03 else 0)
    if loss > 0.03:
        assert summary.loss == pytest.approx(lost, abs=0.06)
        assert really < 0.75 * lost
        assert missing < 2 * lost


def test_a_cut_of_twenty_seconds() -> None:
    """Every word of it is kept for a note, the page is told, and it goes on after."""
    cut = ((10.0, 30.0),)
    scene = Scene(Way(5, cuts=cut), Way(6, cuts=cut), seconds=45.0).run()
    assert scene.session.state is State.TALKING
    assert scene.lost_words() == 0
    assert {"live", "note"} <= scene.states
    assert scene.wish(45.0) == "live"
    unheard = [at for at, _ in scene.session.unheard()]
    assert sum(9.5 < at < 30.5 for at in unheard) >= 0.9 * len([a for a in unheard if a < 43])
    assert any(len(packets) > 50 for _, packets in scene.session.passages())


def test_a_guest_whose_voice_waits_in_a_queue_is_asked_to_pause() -> None:
    """Each packet later than the one before: 60 ms of sound take 90 ms; then nothing more comes."""
    session = GuestSession(0.0, random.Random(1).randbytes)
    session.admit(0.0, None)
    guest, browser = session.guest, Browser(frames_of(speech()))
    assert guest is not None
    modes: list[str] = []
    for n in range(100):
        session.receive(browser.say(n), n * 0.09)
        modes.append(guest.wish(n * 0.09)[0])
    assert modes[0] == "live"
    assert modes[-1] == "note"
    session.receive(browser.say(300), 18.1)
    assert guest.wish(18.1)[0] == "live"


def test_who_leaves_and_who_is_not_let_in() -> None:
    entropy = random.Random(1).randbytes
    session = GuestSession(0.0, entropy)
    assert not session.receive(encode_opus(b"\x58" * 30, 1), 0.0)
    session.hang_up(1.0)
    assert (session.state, session.reason) == (State.ENDED, "declined")
    for leave, reason in (
        (GuestSession.hang_up, "hung up"),
        (GuestSession.guest_left, "peer hung up"),
    ):
        session = GuestSession(0.0, entropy)
        session.admit(0.0, None)
        leave(session, 1.0)
        for step in range(200):
            session.send(1.0 + step / 50)
            session.play(1.0 + step / 50, 320)
        assert (session.state, session.reason) == (State.ENDED, reason)


def test_a_browser_with_short_packets_is_heard_too() -> None:
    """Not every browser makes 60 ms packets when asked to."""
    from xtcli.media.opus import Encoder

    session = GuestSession(0.0, random.Random(1).randbytes)
    session.admit(0.0, None)
    encoder, heard, pcm = Encoder(24_000, frame_ms=20), bytearray(), speech()
    for n in range(300):
        now = n * 0.02
        packet = encoder.encode(pcm[640 * n : 640 * n + 640].ljust(640, b"\0"))
        head = rtp.HEADER.pack(0x80, rtp.OPUS, n, n * 960, 9)
        session.receive(head + packet, now)
        heard += session.play(now, 320)
    sound = np.frombuffer(bytes(heard), "<i2").astype(np.float64)
    piece = np.frombuffer(pcm[32_000:48_000], "<i2").astype(np.float64)
    assert best_match(piece, sound) > 0.8
