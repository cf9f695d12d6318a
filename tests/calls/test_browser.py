"""A specialist talks in a browser: real hub, post and desk processes; Chromium or a peer of aiortc.

The peer is always tried. Chromium, where it is installed, goes through a small reverse proxy of the
test, which switches its voice processing off (that makes another waveform) and hears its sound.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import signal
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
import wave
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from aiortc import MediaStreamTrack, RTCPeerConnection, RTCSessionDescription
from av import AudioFrame, AudioResampler

from tests.call.matching import best_match
from tests.call.speech import speech as recorded
from tests.calls.realm import DEPT, Realm, file_request, sync
from tests.cli.realm import xt
from tests.ports import free_port
from xtcli.errors import ExitCode
from xtcli.records.ids import RecordId
from xtcli.station.calls_browser import BACK_SECONDS, BrowserEnd
from xtcli.station.calls_browser_page import BODY_BYTES_MAX, CallPage
from xtcli.station.page_server import still_good
from xtcli.transport.carriers import certificates

pytestmark = pytest.mark.realtime

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
STATES = ("Connected. Waiting for the call…", "On the call", "已连接，等待通话…", "通话中")
FOUND = 0.5
"""Correlation; other sound of the same length gives 0.06 to 0.15."""
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


def speech() -> bytes:
    """7 s of it: a call of 10 s holds all of it at any phase."""
    return recorded()[: 7 * 2 * 16_000]


def spoken(folder: Path) -> str:
    """The same as a file."""
    with wave.open(str(folder / "said.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(speech())
    return str(folder / "said.wav")


@dataclass
class Scene:
    """A case that the desk has opened."""

    realm: Realm
    case: RecordId
    started: list[asyncio.subprocess.Process] = field(default_factory=list)

    def kill(self) -> None:
        """A test that failed leaves no call behind."""
        for process in self.started:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)


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
        made = Scene(realm, case)
        yield made
        made.kill()
    finally:
        realm.close()


async def start(scene: Scene, name: str, *words: str) -> asyncio.subprocess.Process:
    """`xt call CASE WORDS --json` of a station, as a process."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("XT_")}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "xtcli", "call", str(scene.case), *words, "--json",
        env=kept | {"XT_HOME": str(scene.realm.root / name), "XT_LANG": "en", "XT_DEBUG": "1"},
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    scene.started.append(process)
    return process


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
        # Nobody vouches for the certificate; its fingerprint is compared elsewhere.
        unknown = ssl._create_unverified_context() if url.startswith("https") else None
        with urllib.request.urlopen(request, timeout=30, context=unknown) as answer:
            return answer.status, answer.read(), answer.headers.get("Set-Cookie", "")
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), ""


def matched(sound: bytes, reduce: Callable[[list[float]], Any] = np.median) -> float:
    """How well pieces of speech are found again in a sound; the median of all."""
    heard = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2").astype(np.float64)
    said = np.frombuffer(speech(), "<i2").astype(np.float64)
    if heard.size < 16_000:
        return 0.0
    pieces = [said[at : at + 8_000] for at in range(16_000, 80_000, 8_000)]
    return float(reduce([best_match(piece, heard) for piece in pieces]))


def sound_of(path: Path) -> bytes:
    """The samples of a WAV file."""
    with wave.open(str(path)) as file:
        return bytes(file.readframes(file.getnframes()))


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


async def ended(process: asyncio.subprocess.Process) -> dict[str, Any]:
    """The last JSON line of a process that ended."""
    async with asyncio.timeout(90):
        out, error = await process.communicate()
    assert process.returncode == 0, error.decode()
    found: dict[str, Any] = json.loads(out.decode().strip().splitlines()[-1])
    return found


async def call(
    scene: Scene,
    browse: Callable[[str, str], Awaitable[Any]],
    *words: str,
    listen: str = "127.0.0.1:0",
) -> tuple[dict[str, Any], dict[str, Any], float, Any]:
    """The desk waits with a browser, the post calls with a file: both reports, the post's score."""
    heard = scene.realm.root / "heard.wav"
    desk = await start(scene, "desk", "--accept", "--browser", listen, *words)
    url = (await line_of(desk))["browser"]["url"]
    page, code = url.split("#")
    found = await browse(page, code)
    post = await start(scene, "post", "--file", spoken(scene.realm.root), "--out", str(heard))
    at_post, at_desk = await asyncio.gather(ended(post), ended(desk))
    return at_post, at_desk, matched(sound_of(heard)), found


def test_a_peer_talks_and_its_code_is_good_for_one(scene: Scene) -> None:
    """Speech both ways by correlation; a wrong code, a second browser and no SDP are refused."""
    peer: list[Peer] = []

    async def browse(page: str, code: str) -> list[int]:
        seen = [(await asyncio.to_thread(ask, page))[0]]
        seen.append((await asyncio.to_thread(ask, page + "../keys.bin"))[0])
        documents: tuple[object, ...] = (
            {"sdp": "v=0", "code": "x"},
            {"sdp": "v=0", "code": code},
            [],
            {},
        )
        for document in documents:
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
    assert at_post > FOUND
    assert at_browser > FOUND


def test_a_desk_rings_from_a_browser_and_hangs_up_there(scene: Scene) -> None:
    """A connection that broke comes back with its cookie; `leave` ends the call for both."""
    statuses: list[int] = []

    async def scenario() -> tuple[dict[str, Any], dict[str, Any]]:
        desk = await start(scene, "desk", "--browser", "127.0.0.1:0")
        page, code = (await line_of(desk))["browser"]["url"].split("#")
        post = await start(
            scene, "post", "--accept", "--file", spoken(scene.realm.root), "--out", os.devnull
        )
        async with asyncio.timeout(60):
            while not (scene.realm.root / "post" / "line.json").exists():
                await asyncio.sleep(0.05)
        first, second = Peer(), Peer()
        statuses.append(await first.join(page, code))
        await first.connected()
        await first.close()
        statuses.append(await second.join(page, code, first.cookie))
        await second.connected()
        async with asyncio.timeout(60):
            while matched(bytes(second.heard[-96_000:]), max) < FOUND:
                await asyncio.sleep(0.2)
        left = await asyncio.to_thread(ask, page + "leave", {"code": code}, second.cookie)
        statuses.append(left[0])
        reports = await asyncio.gather(ended(post), ended(desk))
        await second.close()
        return reports[0], reports[1]

    post, desk = asyncio.run(scenario())
    assert statuses == [200, 200, 200]
    assert post["answered"]
    assert desk["answered"]
    assert desk["record"]


def test_elsewhere_it_is_https_and_no_browser_means_no_ring(scene: Scene) -> None:
    """The certificate served is the one whose fingerprint is shown; Ctrl-C before anybody came."""

    async def scenario() -> list[str]:
        seen: list[str] = []
        for _ in range(2):
            # Another name of this computer: to a browser it could be any host.
            desk = await start(scene, "desk", "--browser", "127.1:0")
            address = (await line_of(desk))["browser"]
            found = re.fullmatch(r"https://127\.1:(\d+)/#[a-z2-7]{16}", address["url"])
            assert found, address
            pem = await asyncio.to_thread(ssl.get_server_certificate, ("127.0.0.1", int(found[1])))
            digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
            assert address["fingerprint"].replace(":", "") == digest
            seen.append(digest)
            url = address["url"].split("#")[0]
            status, page, _ = await asyncio.to_thread(ask, url)
            assert (status, b"call.js" in page) == (200, True)
            desk.send_signal(signal.SIGINT)
            async with asyncio.timeout(30):
                _, error = await desk.communicate()
            assert desk.returncode == ExitCode.LINK_DOWN
            assert b"No browser has joined." in error
        return seen

    first, second = asyncio.run(scenario())
    assert first == second


def test_what_cannot_be_served_is_said(scene: Scene) -> None:
    here = ("--browser", "127.0.0.1:0")
    for words, code, said in (
        (("--browser", "0.0.0.0:8443"), ExitCode.USAGE, "cannot open the address"),
        (("--browser", "nowhere"), ExitCode.USAGE, "not HOST:PORT"),
        ((*here, "--out", "x.wav"), ExitCode.USAGE, "is microphone"),
        (("--browser-plain", "https://hub.example.cn/"), ExitCode.USAGE, "page be served"),
        ((*here, "--browser-plain", "hub"), ExitCode.USAGE, "not the address"),
        (("--browser", "203.0.113.9:8443"), ExitCode.LINK_DOWN, "cannot be used"),
    ):
        found = xt(scene.realm.root / "desk", "call", str(scene.case), *words, "--json")
        assert found.code == code, found
        assert said in found.json["error"]["message"]


async def served(page: CallPage, method: str, path: str, body: bytes = b"") -> int:
    """The status of one request to the application itself."""
    sent: list[MutableMapping[str, Any]] = []

    async def receive() -> MutableMapping[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message)

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    await page(scope, receive, send)
    return int(sent[0]["status"])


def test_a_browser_that_fails_gives_its_code_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Used to no avail it is free again; after a real join a silence of 30 s ends the call."""

    async def scenario() -> list[int]:
        end = BrowserEnd(lambda pcm: None, lambda samples: bytes(2 * samples))
        page = CallPage(end, os.urandom, secure=False)
        peer = RTCPeerConnection()
        peer.addTrack(Speech())
        await peer.setLocalDescription(await peer.createOffer())
        offer = json.dumps({"sdp": peer.localDescription.sdp, "code": page.code}).encode()
        seen = [await served(page, "POST", "/a/offer", offer) for _ in range(2)]
        monkeypatch.setattr("xtcli.station.calls_browser_page.CONNECT_SECONDS", -1.0)
        seen.append(await served(page, "POST", "/offer", offer))
        seen.append(await served(page, "POST", "/offer", offer + bytes(BODY_BYTES_MAX)))
        seen.append(await served(page, "PUT", "/offer", offer))
        end.joined = True
        seen.append(await served(page, "POST", "/offer", offer))
        end._seen = 100.0
        end._tick(100.0 + BACK_SECONDS)
        assert end.failure is None
        end._tick(100.1 + BACK_SECONDS)
        assert end.failure is not None
        await page.close()
        await peer.close()
        return seen

    assert asyncio.run(scenario()) == [200, 403, 200, 413, 405, 403]


def test_a_certificate_names_its_host_and_is_renewed_in_time() -> None:
    day, now = 86_400.0, 1_800_000_000.0
    for host, other in (("192.0.2.7", "192.0.2.8"), ("hub.example.cn", "192.0.2.7")):
        _, made = certificates.make(now, host)
        assert still_good(made, host, now)
        assert not still_good(made, other, now)
        assert not still_good(made, host, now + (certificates.HOST_DAYS - 20) * day)
    assert not still_good(b"not a certificate", "192.0.2.7", now)


class Proxy:
    """A reverse proxy before the page, under a path of its own; keeps what the page reports."""

    def __init__(self) -> None:
        self.target = ""
        self.heard: list[bytes] = []
        self.shown: list[str] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
        except asyncio.IncompleteReadError:
            return writer.close()
        method, path = head.split()[:2]
        fields = dict(re.findall(r"^([\w-]+): (.*)\r$", head, re.M))
        lower = {name.lower(): value for name, value in fields.items()}
        body = await reader.readexactly(int(lower.get("content-length", "0")))
        name = path.removeprefix("/call/")
        status, answer, passed = 200, b"", ""
        if name == "heard":
            self.heard.append(body)
        elif name == "shown":
            self.shown.append(body.decode())
        else:
            status, answer, passed = await asyncio.to_thread(
                self._pass, method, name, body, lower.get("cookie", "")
            )
        writer.write(
            f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{passed}"
            "Connection: close\r\n\r\n".encode()
            + answer
        )
        await writer.drain()
        writer.close()

    def _pass(self, method: str, name: str, body: bytes, cookie: str) -> tuple[int, bytes, str]:
        """Status, body and headers of the call's page, its script changed for the test."""
        headers = {"Cookie": cookie} if cookie else {}
        request = urllib.request.Request(
            self.target + name, body if method == "POST" else None, headers, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                data, found = answer.read(), answer.headers
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, b"", ""
        if name == "call.js":
            plain = re.sub(
                rb"(echoCancellation|noiseSuppression|autoGainControl): true", rb"\1: false", data
            )
            assert plain != data
            data = plain + LISTEN.encode()
        kept = ("content-type", "set-cookie", "content-security-policy")
        return 200, data, "".join(f"{k}: {v}\r\n" for k, v in found.items() if k.lower() in kept)


async def chromium(folder: Path, url: str) -> asyncio.subprocess.Process:
    """A browser that opens `url` and speaks the test's speech over and over."""
    assert CHROMIUM is not None
    return await asyncio.create_subprocess_exec(
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={folder / 'profile'}", "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required",
        f"--use-file-for-fake-audio-capture={spoken(folder)}", url,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip


async def call_from_chromium(scene: Scene) -> tuple[dict[str, Any], float, float, list[str]]:
    """The desk's report, the scores at the post and in the browser, what the page showed."""
    proxy = Proxy()
    http = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    outside = f"http://127.0.0.1:{http.sockets[0].getsockname()[1]}/call/"
    listen = f"127.0.0.1:{free_port()}"
    proxy.target = f"http://{listen}/call/"
    browser: list[asyncio.subprocess.Process] = []

    async def browse(page: str, code: str) -> None:
        assert page == outside
        browser.append(await chromium(scene.realm.root, f"{page}#{code}"))

    try:
        _, desk, at_post, _ = await call(scene, browse, "--browser-plain", outside, listen=listen)
    finally:
        for process in browser:
            process.terminate()
            await process.wait()
        http.close()
        await http.wait_closed()
    return desk, at_post, matched(b"".join(proxy.heard)), proxy.shown


def test_chromium_talks(scene: Scene) -> None:
    """Speech both ways by correlation through a reverse proxy; without Chromium a peer did it."""
    if CHROMIUM is None:
        print("no chromium on this machine: the peer of aiortc stands for it")
        return
    desk, at_post, at_browser, shown = asyncio.run(call_from_chromium(scene))
    print(f"correlation at the post {at_post:.2f}, in Chromium {at_browser:.2f}", shown)
    assert desk["answered"]
    # The line to the station stands long before there is a call on it.
    said = [word for word in shown if word in STATES]
    assert said[:2] in (list(STATES[:2]), list(STATES[2:]))
    assert shown[-1] in ("The call is over.", "通话已结束。")
    assert at_post > FOUND
    assert at_browser > FOUND
