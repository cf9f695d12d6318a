"""A hub that serves the guests' page, a post behind an emulated link, and browsers of two kinds."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
import wave
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.call.matching import best_match
from tests.call.speech import speech as recorded
from tests.calls.realm import SERVE, Realm, file_request, sync
from tests.ports import free_port
from xtcli.records.ids import RecordId

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FOUND = 0.5
"""Correlation; other sound of the same length gives 0.06 to 0.15."""
NAME = "王主任"
SERVE_WEB = """
import sys, xtcli.hub.serving as s
from xtcli.hub.web import WebOptions
s.serve(as_json=True, web=WebOptions(plain=sys.argv[1], url=sys.argv[2]))
"""
SCRIPT = """
document.getElementById("name").value = "%s";
document.getElementById("sound").addEventListener("playing", () => {
  const context = new AudioContext({ sampleRate: 16000 });
  const ear = context.createScriptProcessor(4096, 1, 1);
  ear.onaudioprocess = (event) => fetch("heard", { method: "POST",
    body: Int16Array.from(event.inputBuffer.getChannelData(0), (x) => 32767 * x) });
  context.createMediaStreamSource(document.getElementById("sound").srcObject).connect(ear);
  ear.connect(context.destination);
}, { once: true });
new MutationObserver(() => fetch("shown", { method: "POST",
  body: document.getElementById("state").textContent }))
  .observe(document.getElementById("state"), { childList: true });
document.getElementById("form").requestSubmit();
"""


def speech() -> bytes:
    """7 s of it."""
    return recorded()[: 7 * 2 * 16_000]


def matched(sound: bytes) -> float:
    """How well pieces of speech are found again in a sound; the median of all."""
    heard = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2").astype(np.float64)
    said = np.frombuffer(speech(), "<i2").astype(np.float64)
    if heard.size < 16_000:
        return 0.0
    pieces = [said[at : at + 8_000] for at in range(16_000, 80_000, 8_000)]
    return float(np.median([best_match(piece, heard) for piece in pieces]))


@dataclass
class WebRealm(Realm):
    """`Realm` whose hub serves the page too. `outside` is where guests open it."""

    port: int = field(default_factory=free_port)
    outside: str = ""

    def _process(self, words: list[str], home: str) -> dict[str, Any]:
        if words is SERVE:
            url = self.outside or f"http://127.0.0.1:{self.port}/"
            words = ["-c", SERVE_WEB, f"127.0.0.1:{self.port}", url]
        return super()._process(words, home)


@dataclass
class Scene:
    """A case, and the processes of a test."""

    realm: WebRealm
    case: RecordId
    started: list[asyncio.subprocess.Process] = field(default_factory=list)

    def kill(self) -> None:
        """A test that failed leaves no call behind."""
        for process in self.started:
            if process.returncode is None:
                with suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)

    def spoken(self) -> str:
        """The speech as a file."""
        path = self.realm.root / "said.wav"
        with wave.open(str(path), "wb") as file:
            file.setparams((1, 2, 16_000, 0, "NONE", ""))
            file.writeframes(speech())
        return str(path)

    async def ask_in(self, *words: str, name: str = "post") -> Host:
        """`xt call CASE --guest NAME WORDS --json` as a process, and the link it gives."""
        kept = {k: v for k, v in os.environ.items() if not k.startswith("XT_")}
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "xtcli", "call", str(self.case), "--guest", NAME, "--file",
            self.spoken(), "--out", str(self.realm.root / "heard.wav"), *words, "--json",
            env=kept | {"XT_HOME": str(self.realm.root / name), "XT_LANG": "en", "XT_DEBUG": "1"},
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip
        self.started.append(process)
        host = Host(process)
        host.url = (await host.line())["guest"]["url"]
        return host


@dataclass
class Host:
    """The process of the station that asks a guest in."""

    process: asyncio.subprocess.Process
    url: str = ""

    async def line(self) -> dict[str, Any]:
        """The next JSON line."""
        assert self.process.stdout is not None
        async with asyncio.timeout(60):
            line = await self.process.stdout.readline()
        if not line:
            assert self.process.stderr is not None
            pytest.fail((await self.process.stderr.read()).decode())
        found: dict[str, Any] = json.loads(line)
        return found

    async def told(self, text: str, seconds: float = 60.0) -> None:
        """Wait until it tells its person this."""
        assert self.process.stderr is not None
        async with asyncio.timeout(seconds):
            while text not in (line := await self.process.stderr.readline()).decode():
                assert line, "it has ended"

    async def say(self, word: str) -> None:
        """Answer its question."""
        assert self.process.stdin is not None
        self.process.stdin.write(word.encode() + b"\n")
        await self.process.stdin.drain()

    async def end(self) -> None:
        """Whatever has become of it."""
        if self.process.returncode is None:
            self.process.kill()
            await self.process.communicate()

    async def ended(self, seconds: float = 90.0) -> tuple[dict[str, Any], str]:
        """Its report, and what it told on the way."""
        async with asyncio.timeout(seconds):
            out, error = await self.process.communicate()
        lines = out.decode().strip().splitlines()
        return (json.loads(lines[-1]) if lines else {}), error.decode()


def make_scene(root: Path, link: str = "", outside: str = "") -> Scene:
    """Hub with a page, and a post with a case; the post is closed again."""
    realm = WebRealm(root, link, outside=outside)
    post = realm.join("post")
    sync(post)
    case = file_request(post)
    sync(post)
    while realm.opened:
        realm.opened.pop().close()
    return Scene(realm, case)


class Proxy:
    """A reverse proxy before the page, under a path of its own; keeps what the page reports."""

    def __init__(self, target: str, link: str = "") -> None:
        """`link`: the sound goes over an emulated link too, behind which the station is."""
        self.target, self.link = target, link
        self._roads: list[asyncio.subprocess.Process] = []
        self.heard: list[bytes] = []
        self.shown: list[str] = []
        self.change: Callable[[str, bytes], bytes] = lambda name, body: body
        """What an evil hub does to answers."""
        self._server: asyncio.Server | None = None

    async def start(self, port: int) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for road in self._roads:
            road.terminate()
            await road.wait()

    async def _road(self, end: dict[str, Any]) -> dict[str, Any]:
        """Put the link before the browser's candidate: `end` as the station is to see it."""
        host, port = next((a, p) for kind, a, p in end["c"] if kind == "h" and ":" not in a)
        made = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "xtcli.transport.emulator", "--link", self.link, "--seed", "1",
            "--listen", f"{host}:0", "--to", f"{host}:{port}", "--json",
            stdout=subprocess.PIPE,
        )  # fmt: skip
        self._roads.append(made)
        assert made.stdout is not None
        said = json.loads(await made.stdout.readline())
        return {**end, "c": [["h", said["host"], said["port"]]]}

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            method, path = head.split()[:2]
            size = re.search(r"^content-length: (\d+)\r$", head, re.M | re.I)
            body = await reader.readexactly(int(size[1]) if size else 0)
            status, answer, passed = await self._answer(method, path.removeprefix("/g/"), body)
            writer.write(
                f"HTTP/1.1 {status} X\r\nContent-Length: {len(answer)}\r\n{passed}"
                "Connection: close\r\n\r\n".encode()
                + answer
            )
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            writer.close()

    async def _answer(self, method: str, name: str, body: bytes) -> tuple[int, bytes, str]:
        if name in ("heard", "shown"):
            getattr(self, name).append(body if name == "heard" else body.decode())
            return 200, b"", ""
        if name == "road":
            return 200, json.dumps(await self._road(json.loads(body))).encode(), ""
        return await asyncio.to_thread(self._pass, method, name, body)

    @staticmethod
    def _detour(script: bytes) -> bytes:
        """The page's script, so that the only way between the two is the one by `_road`."""
        changes = (
            (b"  offer = of.o;", b"  of = { ...of, c: [] }; offer = of.o;"),
            (
                b"...reduced(mineNow.localDescription.sdp)",
                b'...(await (await fetch("road", { method: "POST", body: '
                b"JSON.stringify(reduced(mineNow.localDescription.sdp)) })).json())",
            ),
        )
        for before, after in changes:
            assert before in script
            script = script.replace(before, after)
        return script

    def _pass(self, method: str, name: str, body: bytes) -> tuple[int, bytes, str]:
        request = urllib.request.Request(
            self.target + name, body if method == "POST" else None, method=method
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                data, found = answer.read(), answer.headers
        except urllib.error.HTTPError as refused:
            with refused:
                return refused.code, b"", ""
        if name == "guest.js":
            plain = re.sub(
                rb"(echoCancellation|noiseSuppression|autoGainControl): true", rb"\1: false", data
            )
            assert plain != data
            data = (self._detour(plain) if self.link else plain) + (SCRIPT % NAME).encode()
        kept = ("content-type", "content-security-policy")
        headers = "".join(f"{k}: {v}\r\n" for k, v in found.items() if k.lower() in kept)
        return 200, self.change(name, data), headers


async def chromium(scene: Scene, url: str, *words: str) -> asyncio.subprocess.Process:
    """A browser that opens `url` and speaks the test's speech over and over."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        f"--user-data-dir={scene.realm.root / 'profile'}", "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream", "--autoplay-policy=no-user-gesture-required",
        f"--use-file-for-fake-audio-capture={scene.spoken()}", *words, url,
        stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    scene.started.append(process)
    return process
