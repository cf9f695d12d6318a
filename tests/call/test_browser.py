"""A call from an ordinary browser: headless Chromium with a file for a microphone.

Where there is no Chromium the page itself is still checked; the wiring then rests on test_webrtc.
"""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import time
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.call.matching import best_match
from tests.call.speech import frames_of, speech
from xtcli.media.call import web
from xtcli.media.call.webrtc import BrowserLeg

pytestmark = pytest.mark.realtime

PAGES = Path(web.__file__).parent
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
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
"""
TYPES = {".html": "text/html", ".js": "text/javascript", ".css": "text/css"}


class Server:
    """The three files of the page, and a station behind them."""

    def __init__(self) -> None:
        self.leg = BrowserLeg(time.monotonic)
        self.heard: list[bytes] = []
        self.offer = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, path = head.split()[:2]
            found = re.search(r"content-length: (\d+)", head, re.I)
            body = await reader.readexactly(int(found[1])) if found else b""
            kind, answer = await self.answer(method, path.split("?")[0], body)
            writer.write(
                f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n"
                f"Content-Length: {len(answer)}\r\nConnection: close\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            # The browser opens connections ahead and drops what it does not need.
            return
        finally:
            writer.close()

    async def answer(self, method: str, path: str, body: bytes) -> tuple[str, bytes]:
        if method == "POST" and path == "/offer":
            self.offer = json.loads(body)["sdp"]
            sdp = await self.leg.answer(self.offer)
            return "application/json", json.dumps({"sdp": sdp}).encode()
        if path == "/state":
            # Held for a while: nothing changes.
            await asyncio.sleep(1.0)
            return "application/json", b'{"state": "on"}'
        if method == "POST":
            self.heard.append(body)
            return "text/plain", b""
        name = path.strip("/") or "index.html"
        file = PAGES / name
        data = file.read_bytes() if file.is_file() else b""
        if name == "call.js":
            # What a browser does to a voice for the better makes it another waveform.
            plain = re.sub(
                rb"(echoCancellation|noiseSuppression|autoGainControl): true", rb"\1: false", data
            )
            assert plain != data
            data = plain + LISTEN.encode()
        return TYPES.get(file.suffix, "text/plain"), data


def matched(sound: bytes) -> float:
    """How well speech is found again."""
    heard = np.frombuffer(sound, "<i2").astype(np.float64)
    said = np.frombuffer(speech(), "<i2").astype(np.float64)
    pieces = [said[at : at + 8_000] for at in range(16_000, 72_000, 8_000)]
    return float(np.median([best_match(piece, heard) for piece in pieces]))


async def call_from_chromium(folder: Path) -> tuple[float, float, str]:
    """Speech both ways for nine seconds: how well it is found at the station and in the browser."""
    assert CHROMIUM is not None
    with wave.open(str(folder / "mic.wav"), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(speech())
    server = Server()
    http = await asyncio.start_server(server.serve, "127.0.0.1", 0)
    port = http.sockets[0].getsockname()[1]
    browser = await asyncio.create_subprocess_exec(
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        f"--user-data-dir={folder}",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-audio-capture={folder / 'mic.wav'}",
        "--autoplay-policy=no-user-gesture-required",
        f"http://127.0.0.1:{port}/?code=x",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while server.leg.state != "connected" and time.monotonic() < end:
            await asyncio.sleep(0.05)
        at_station, start, frames = bytearray(), time.monotonic(), frames_of(speech())
        for n in range(150):
            server.leg.loudspeaker(frames[n % len(frames)])
            at_station += server.leg.microphone(time.monotonic())
            await asyncio.sleep(max(0.0, start + (n + 1) * 0.06 - time.monotonic()))
    finally:
        browser.terminate()
        await browser.wait()
        await server.leg.close()
        http.close()
    return matched(bytes(at_station)), matched(b"".join(server.heard)), server.offer


def test_a_call_from_chromium(tmp_path: Path) -> None:
    """What is said in the browser is heard at the station, and the other way round."""
    if CHROMIUM is None:
        print("no chromium on this machine: only the page is checked")
        return
    at_station, at_browser, offer = asyncio.run(call_from_chromium(tmp_path))
    assert "opus/48000" in offer
    assert at_browser > 0.7
    assert at_station > 0.6


NAME_OF_AN_EXTENSION = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
"""SDP names a header extension so; nothing is fetched from there."""


@pytest.mark.parametrize(("page", "script"), [("index", "call"), ("guest", "guest")])
def test_the_page_needs_nothing_from_elsewhere(page: str, script: str) -> None:
    """Files, ids and words fit together, and no address of another host is in them."""
    pages = {path.name: path.read_text(encoding="utf-8") for path in PAGES.glob("*.*")}
    html, code = pages[f"{page}.html"], pages[f"{script}.js"]
    for name in re.findall(r'(?:src|href)="([^"]+)"', html):
        assert name in pages
    ids = set(re.findall(r'id="([a-z]+)"', html))
    assert set(re.findall(r'\$\("([a-z]+)"\)', code)) <= ids
    words = set(re.findall(r"^  ([a-z]+): \[", code, re.M))
    assert set(re.findall(r'(?:say|stop)\("([a-z]+)"', code)) <= words
    assert not re.search(r"\son[a-z]+=|style=|javascript:", html)
    assert "://" not in (html + code + pages["call.css"]).replace(NAME_OF_AN_EXTENSION, "")
