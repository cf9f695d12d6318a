"""aiortc as a carrier and as a browser: real ICE, DTLS and SRTP on this machine."""

from __future__ import annotations

import asyncio
import time
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame, AudioResampler

from tests.call.matching import best_match
from tests.call.speech import frames_of, speech
from xtcli.errors import PeerMisbehaved
from xtcli.media.call.line import CLOCK_HZ, Line
from xtcli.media.call.webrtc import BrowserLeg, Direct
from xtcli.media.opus import Encoder

pytestmark = pytest.mark.realtime


async def until(condition: Any, seconds: float) -> None:
    """Wait for a condition."""
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        await asyncio.sleep(0.02)
    assert condition()


def test_payloads_go_straight_between_stations() -> None:
    """Every sealed payload comes out as it went in; no codec touches it."""

    async def scene() -> None:
        got: dict[str, list[bytes]] = {"a": [], "b": []}
        one, other = Direct(got["a"].append), Direct(got["b"].append)
        await one.accept(await other.answer(await one.offer()))
        await until(lambda: one.state == other.state == "connected", 15)
        sent = [bytes([n]) * (20 + n) for n in range(40)]
        for payload in sent:
            one.send(payload)
            other.send(payload[::-1])
            await asyncio.sleep(0.02)
        await until(lambda: len(got["a"]) >= 38 and len(got["b"]) >= 38, 5)
        assert set(got["b"]) <= set(sent)
        assert len(set(got["b"])) >= 38
        await one.close()
        await other.close()

    asyncio.run(scene())


@pytest.mark.parametrize("sdp", ["", "v=0", "m=audio nonsense", "v=0\r\nm=audio 9 X 0\r\n" * 3])
def test_what_is_not_sdp_is_refused(sdp: str) -> None:
    async def scene() -> None:
        leg = BrowserLeg(time.monotonic)
        with pytest.raises(PeerMisbehaved):
            await leg.answer(sdp)
        await leg.close()

    asyncio.run(scene())


class Microphone(MediaStreamTrack):  # type: ignore[misc]
    """Speech as a browser sends it: 20 ms frames in real time."""

    kind = "audio"

    def __init__(self) -> None:
        super().__init__()
        self._at = 0
        self._start: float | None = None

    async def recv(self) -> AudioFrame:
        self._start = self._start or time.monotonic()
        await asyncio.sleep(max(0.0, self._start + self._at / 16_000 - time.monotonic()))
        pcm = speech()[2 * self._at : 2 * self._at + 640].ljust(640, b"\0")
        frame = AudioFrame("s16", "mono", 320)
        frame.planes[0].update(pcm)
        frame.sample_rate, frame.pts, frame.time_base = 16_000, self._at, Fraction(1, 16_000)
        self._at += 320
        return frame


async def listen(track: Any, heard: bytearray) -> None:
    """What the browser's loudspeaker gets."""
    resampler = AudioResampler("s16", "mono", 16_000)
    while True:
        for frame in resampler.resample(await track.recv()):
            heard += bytes(frame.planes[0])[: 2 * frame.samples]


def matches(heard: bytearray) -> float:
    """How well speech is found again in what was heard."""
    sound = np.frombuffer(bytes(heard), "<i2").astype(np.float64)
    said = np.frombuffer(speech(), "<i2").astype(np.float64)
    pieces = [said[at : at + 8_000] for at in range(16_000, 56_000, 8_000)]
    return float(np.median([best_match(piece, sound) for piece in pieces]))


def test_a_browser_hears_and_is_heard() -> None:
    """Four seconds of speech each way, found again on the other side."""

    async def scene() -> tuple[float, float]:
        browser, leg = RTCPeerConnection(), BrowserLeg(time.monotonic)
        browser.addTrack(Microphone())
        at_browser, at_station = bytearray(), bytearray()
        listening: list[asyncio.Task[None]] = []
        browser.on(
            "track", lambda t: listening.append(asyncio.ensure_future(listen(t, at_browser)))
        )
        await browser.setLocalDescription(await browser.createOffer())
        answer = await leg.answer(browser.localDescription.sdp)
        await browser.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        await until(lambda: leg.state == browser.connectionState == "connected", 15)
        start = time.monotonic()
        for n, frame in enumerate(frames_of(speech())[:75]):
            leg.loudspeaker(frame)
            at_station += leg.microphone(time.monotonic())
            await asyncio.sleep(max(0.0, start + (n + 1) * 0.06 - time.monotonic()))
        await browser.close()
        await leg.close()
        for task in listening:
            task.cancel()
        return matches(at_station), matches(at_browser)

    at_station, at_browser = asyncio.run(scene())
    assert at_station > 0.8
    assert at_browser > 0.8


def line_of(drop: set[int], samples: int = 320) -> tuple[Line, bytes]:
    """A line fed with 20 ms packets, some lost, one pair swapped, and what it plays."""
    encoder, line, out = Encoder(24_000, frame_ms=20, dtx=False), Line(), bytearray()
    pcm = speech()
    order = list(range(150))
    order[40], order[41] = order[41], order[40]
    packets = [encoder.encode(pcm[640 * n : 640 * n + 640]) for n in range(150)]
    start = 2**32 - CLOCK_HZ
    for step, n in enumerate(order):
        if n not in drop:
            line.add((start + n * 960) % 2**32, packets[n], step * 0.02)
        out += line.play(step * 0.02, samples)
    return line, bytes(out)


def test_line_orders_conceals_and_wraps() -> None:
    """Timestamps wrap around, two packets are swapped, one is lost: only that one is concealed."""
    line, out = line_of({70})
    assert line.concealed == 2
    assert len(out) == 150 * 640
    piece = np.frombuffer(speech()[16_000:32_000], "<i2").astype(np.float64)
    assert best_match(piece, np.frombuffer(out, "<i2").astype(np.float64)) > 0.9


def test_line_takes_any_bytes() -> None:
    line = Line()
    for n in range(300):
        line.add(n * 7919 % 2**32, bytes([n % 256]) * (n % 50), n * 0.01)
        assert len(line.play(n * 0.01, 160)) == 320
