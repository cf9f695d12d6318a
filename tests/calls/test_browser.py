"""A specialist talks in a browser: real hub, post and desk processes; Chromium or a peer of aiortc.

The peer is always tried. Chromium, where it is installed, goes through a small reverse proxy of the
test, which switches its voice processing off (that makes another waveform) and hears its sound.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.request
import wave
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame, AudioResampler

from tests.call.matching import best_match
from tests.call.speech import CLIP, speech
from tests.calls.realm import DEPT, Realm, file_request, sync
from xtcli.records.ids import RecordId

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
SAID_SECONDS = 12.0
LISTEN = """
document.getElementById("join").click();
document.getElementById("sound").addEventListener("playing", () => {
  const context = new AudioContext({ sampleRate: 16000 });
  const stream = document.getElementById("sound").srcObject;
  const ear = context.createScriptProcessor(4096, 1, 1);
  ear.onaudioprocess = (event) => fetch("heard", { method: "POST",
    body: Int16Array.from(event.inputBuffer.getChannelData(0), (x) => 32767 * x) });
  context.createMediaStreamSource(stream).connect(ear);
  ear.connect(context.destination);
}, { once: true });
new MutationObserver(() => fetch("shown", { method: "POST",
  body: document.getElementById("state").textContent }))
  .observe(document.getElementById("state"), { childList: true });
"""


@dataclass
class Scene:
    """A case that the desk has opened."""

    realm: Realm
    case: RecordId


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Hub, post and desk; both stations are closed again, so that processes may open them."""
    realm = Realm(tmp_path)
    try:
        post, desk = realm.join("post"), realm.join("desk", "desk", DEPT)
        sync(post)
        case = file_request(post)
        sync(post, desk)
        desk.open_case(case)
        sync(desk, post)
        while realm.opened:
            realm.opened.pop().close()
        yield Scene(realm, case)
    finally:
        realm.close()


async def start(scene: Scene, name: str, *words: str) -> asyncio.subprocess.Process:
    """`xt call CASE WORDS --json` of a station, as a process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("XT_")}
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "xtcli", "call", str(scene.case), *words, "--json",
        env=kept | {"XT_HOME": str(scene.realm.root / name), "XT_LANG": "en", "XT_DEBUG": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


async def line_of(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The next JSON line of a process."""
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = await process.stdout.readline()
    if not line:
        assert process.stderr is not None
        pytest.fail((await process.stderr.read()).decode())
    found: dict[str, Any] = json.loads(line)
    return found


def ask(url: str, document: object = None, cookie: str = "") -> tuple[int, bytes, str]:
    """GET, or POST a document: status, body, cookie."""
    body = None if document is None else json.dumps(document).encode()
    request = urllib.request.Request(url, body, {"Cookie": cookie} if cookie else {})
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, answer.read(), answer.headers.get("Set-Cookie", "")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), ""


def matched(sound: bytes) -> float:
    """How well speech is found again in a sound."""
    heard = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2").astype(np.float64)
    said = np.frombuffer(speech(), "<i2").astype(np.float64)
    if heard.size < 16_000:
        return 0.0
    pieces = [said[at : at + 8_000] for at in range(32_000, 96_000, 8_000)]
    return float(np.median([best_match(piece, heard) for piece in pieces]))


def sound_of(path: Path) -> bytes:
    """The samples of a WAV file."""
    with wave.open(str(path)) as file:
        return file.readframes(file.getnframes())


class Speech(MediaStreamTrack):  # type: ignore[misc]
    """Speech over and over, as a browser sends it: 20 ms frames in real time."""

    kind = "audio"
    at = 0
    began: float | None = None

    async def recv(self) -> AudioFrame:
        now = asyncio.get_running_loop().time()
        self.began = self.began or now
        await asyncio.sleep(max(0.0, self.began + self.at / 16_000 - now))
        start = 2 * self.at % (len(speech()) - 640)
        frame = AudioFrame("s16", "mono", 320)
        frame.planes[0].update(speech()[start : start + 640])
        frame.sample_rate, frame.pts, frame.time_base = 16_000, self.at, Fraction(1, 16_000)
        self.at += 320
        return frame


class Peer:
    """A browser as far as WebRTC goes."""

    def __init__(self) -> None:
        self.heard = bytearray()
        self.cookie = ""
        self._pc = RTCPeerConnection()
        self._pc.addTrack(Speech())
        self._pc.on("track", self._track)
        self._listening: list[asyncio.Task[None]] = []

    def _track(self, track: Any) -> None:
        self._listening.append(asyncio.ensure_future(self._listen(track)))

    async def _listen(self, track: Any) -> None:
        resampler = AudioResampler("s16", "mono", 16_000)
        while True:
            for frame in resampler.resample(await track.recv()):
                self.heard += bytes(frame.planes[0])[: 2 * frame.samples]

    async def join(self, page: str, code: str, cookie: str = "") -> int:
        """Offer, as the page does; the status."""
        await self._pc.setLocalDescription(await self._pc.createOffer())
        offer = {"sdp": self._pc.localDescription.sdp, "code": code}
        status, body, given = await asyncio.to_thread(ask, page + "offer", offer, cookie)
        if status == 200:
            self.cookie = given.split(";")[0]
            answer = RTCSessionDescription(json.loads(body)["sdp"], "answer")
            await self._pc.setRemoteDescription(answer)
        return status

    async def connected(self) -> None:
        """Wait for it."""
        async with asyncio.timeout(30):
            while self._pc.connectionState != "connected":
                await asyncio.sleep(0.02)

    async def close(self) -> None:
        """Without a word to the page, as when the network breaks."""
        for task in self._listening:
            task.cancel()
        await self._pc.close()


@dataclass
class Outcome:
    """What came of a call."""

    post: dict[str, Any] = field(default_factory=dict)
    desk: dict[str, Any] = field(default_factory=dict)
    at_post: float = 0.0
    at_browser: float = 0.0
    more: Any = None


async def ended(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The last JSON line of a process that ended."""
    async with asyncio.timeout(90):
        out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    found: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
    return found


async def call(
    scene: Scene, browse: Callable[[str, str], Awaitable[Any]], *words: str
) -> tuple[dict[str, Any], dict[str, Any], float, Any]:
    """The desk waits with a browser, the post calls with a file: both reports, the post's score."""
    heard = scene.realm.root / "heard.wav"
    desk = await start(scene, "desk", "--accept", "--browser", "127.0.0.1:0", *words)
    processes = [desk]
    try:
        url = (await line_of(desk))["browser"]["url"]
        page, code = url.split("#")
        found = await browse(page, code)
        post = await start(scene, "post", "--file", str(CLIP), "--out", str(heard))
        processes.append(post)
        at_post, at_desk = await asyncio.gather(ended(post), ended(desk))
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
    return at_post, at_desk, matched(sound_of(heard)), found


def test_a_peer_talks_and_its_code_is_good_for_one(scene: Scene) -> None:
    """Speech both ways by correlation; a wrong code, a second browser and no SDP are refused."""
    peer: list[Peer] = []

    async def browse(page: str, code: str) -> list[int]:
        seen = [(await asyncio.to_thread(ask, page))[0]]
        seen.append((await asyncio.to_thread(ask, page + "../keys.bin"))[0])
        for document in ({"sdp": "v=0", "code": "x"}, {"sdp": "v=0", "code": code}, [], {}):
            seen.append((await asyncio.to_thread(ask, page + "offer", document))[0])
        peer.append(Peer())
        seen.append(await peer[0].join(page, code))
        await peer[0].connected()
        second = Peer()
        seen.append(await second.join(page, code))
        seen.append(await second.join(page, code, "xt=00"))
        seen.append((await asyncio.to_thread(ask, page + "leave", {"code": code}))[0])
        await second.close()
        return seen

    async def scenario() -> tuple[Any, ...]:
        found = await call(scene, browse)
        heard = bytes(peer[0].heard)
        await peer[0].close()
        return *found, matched(heard)

    post, desk, at_post, seen, at_browser = asyncio.run(scenario())
    print(f"correlation at the post {at_post:.2f}, in the browser {at_browser:.2f}")
    assert seen == [200, 404, 403, 400, 403, 403, 200, 403, 403, 403]
    assert post["answered"]
    assert desk["answered"]
    assert at_post > 0.6
    assert at_browser > 0.6


def test_hanging_up_in_the_browser_ends_the_call(scene: Scene) -> None:
    """A connection that broke may come back with its cookie; `leave` ends it for both."""
    again: list[int] = []

    async def scenario() -> tuple[dict[str, Any], dict[str, Any]]:
        desk = await start(scene, "desk", "--accept", "--browser", "127.0.0.1:0")
        page, code = (await line_of(desk))["browser"]["url"].split("#")
        first, second = Peer(), Peer()
        again.append(await first.join(page, code))
        await first.connected()
        await first.close()
        again.append(await second.join(page, code, first.cookie))
        await second.connected()
        post = await start(scene, "post", "--file", str(CLIP), "--out", os.devnull)
        async with asyncio.timeout(30):
            while len(second.heard) == 0 or not matched_any(second.heard):
                await asyncio.sleep(0.1)
        left = await asyncio.to_thread(ask, page + "leave", {"code": code}, second.cookie)
        again.append(left[0])
        reports = await asyncio.gather(ended(post), ended(desk))
        await second.close()
        return reports[0], reports[1]

    post, desk = asyncio.run(scenario())
    assert again == [200, 200, 200]
    assert post["answered"]
    assert desk["answered"]
    assert desk["record"]


def matched_any(sound: bytearray) -> bool:
    """Whether a voice is in the last second of a sound."""
    tail = np.frombuffer(bytes(sound[-32_000:]), "<i2").astype(np.float64)
    return bool(np.sqrt(np.mean(np.square(tail))) > 300)
