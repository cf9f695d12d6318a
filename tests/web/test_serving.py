"""`xt hub serve --web`: addresses, certificate, headers; what does not fit together is said."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import os
import ssl
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest

from tests.calls.realm import Realm
from tests.cli.realm import xt
from tests.ports import free_port
from xtcli.errors import ExitCode, UsageError
from xtcli.hub.web import WebOptions, checked, turn_login
from xtcli.hub.web_page import GuestPage
from xtcli.hub.web_rooms import Rooms
from xtcli.station.calls_guest_paper import lock_of
from xtcli.station.calls_guest_wire import OPEN, Op, Opened, Word, read_opened

ROOM = "A" * 22


def made(root: Path) -> Path:
    """A hub's home."""
    home = root / "hub"
    listen = f"127.0.0.1:{free_port()}"
    assert xt(home, "hub", "init", "--name", "旗医院", "--listen", listen).code == 0
    return home


def served(home: Path, *words: str) -> tuple[subprocess.Popen[str], dict[str, Any]]:
    """`xt hub serve WORDS --json`, and what it says of the page."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("XT_")}
    process = subprocess.Popen(
        [sys.executable, "-m", "xtcli", "hub", "serve", *words, "--json"],
        env=kept | {"XT_HOME": str(home), "XT_LANG": "en"}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    for line in process.stdout:
        found: dict[str, Any] = json.loads(line)
        if "page" in found:
            return process, found
    raise AssertionError("no page")


def get(url: str, method: str = "GET", body: bytes | None = None) -> tuple[int, bytes, Any]:
    """Status, body, headers."""
    request = urllib.request.Request(url, body, method=method)
    try:
        unknown = ssl._create_unverified_context() if url.startswith("https") else None
        with urllib.request.urlopen(request, timeout=30, context=unknown) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as refused:
        with refused:
            return refused.code, refused.read(), refused.headers


def test_over_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    port = free_port()
    process, said = served(made(tmp_path), "--web", f"127.0.0.1:{port}")
    try:
        page = f"https://127.0.0.1:{port}/"
        assert said["page"] == page
        pem = ssl.get_server_certificate(("127.0.0.1", port))
        digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(pem)).hexdigest().upper()
        assert said["fingerprint"].replace(":", "") == digest
        status, html, headers = get(page + ROOM)
        assert status == 200
        assert b"guest.js" in html
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert headers["referrer-policy"] == "no-referrer"
        assert get(page)[1] == html
        assert {get(page + name)[0] for name in ("guest.js", "call.css")} == {200}
        assert {get(page + name)[0] for name in ("web.key", "index.html", "A" * 21)} == {404}
        assert get(page + ROOM, "PUT", b"x")[0] == 405
        guess = json.dumps({"pass": "00" * 16}).encode()
        big = json.dumps({"pass": "00" * 16, "p": "A" * 5_000}).encode()
        assert {get(page + ROOM, "POST", body)[0] for body in (guess, big, b"{", b"")} == {404}
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
    key = tmp_path / "hub" / "web.key"
    assert key.stat().st_mode & 0o077 == 0


def test_guesses_are_rationed_and_a_guest_with_a_token_is_not() -> None:
    """Without a token only so many questions are answered; then 429, for every room alike."""
    room, password = os.urandom(16), os.urandom(16)

    async def asked(page: GuestPage, name: str, document: object) -> int:
        sent: list[Any] = []

        async def receive() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": json.dumps(document).encode()}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": f"/g/{name}", "headers": []}
        await page(scope, receive, send)
        return int(sent[0]["status"])

    async def scene() -> tuple[list[int], int]:
        now = asyncio.get_running_loop().time()
        rooms = Rooms(lambda name: b"", lambda name: None, os.urandom, now)
        page = GuestPage(rooms, lambda sent: None, lambda name: [])
        rooms.take(7, Word(Op.OPEN, room, OPEN.pack(lock_of(password), 60)).envelope()[3:], now)
        token = rooms.enter(room, password, now)
        statuses = [await asked(page, ROOM, {"pass": "00" * 16}) for _ in range(400)]
        mine = base64.urlsafe_b64encode(room).decode().rstrip("=")
        return statuses, await asked(page, mine, {"t": token, "p": "AAAA"})

    statuses, mine = asyncio.run(scene())
    assert statuses[:60] == [404] * 60
    assert 429 in statuses
    assert mine == 200


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (WebOptions(listen="127.0.0.1:1", plain="127.0.0.1:2"), "One page"),
        (WebOptions(plain="127.0.0.1:2"), "How do guests"),
        (WebOptions(listen="0.0.0.0:443"), "How do guests"),
        (WebOptions(listen="nowhere"), "not HOST:PORT"),
        (WebOptions(listen="127.0.0.1:1", url="hub"), "not the address"),
        (WebOptions(listen="127.0.0.1:1", turn="turn:hub:3478"), "TURN"),
        (WebOptions(listen="127.0.0.1:1", turn="hub:3478", turn_secret="x"), "TURN"),
    ],
)
def test_what_does_not_fit_together_is_said(options: WebOptions, said: str) -> None:
    with pytest.raises(UsageError) as found:
        checked(options)
    assert said in str(found.value)


def test_addresses_follow_from_each_other() -> None:
    found = checked(WebOptions(listen="192.0.2.7:8443"))
    assert (found.url, found.stun) == ("https://192.0.2.7:8443/", "192.0.2.7:8443")
    found = checked(WebOptions(plain="127.0.0.1:9000", url="https://x.cn/g", stun="0.0.0.0:3478"))
    assert (found.url, found.stun) == ("https://x.cn/g/", "0.0.0.0:3478")


def test_a_turn_server_takes_what_is_made_from_its_secret() -> None:
    """The name says until when; the password is its HMAC-SHA1, as coturn computes it."""
    name, password = turn_login(b"north", b"\xab" * 16, 1_700_000_000.5)
    assert name == "1700003600:abababab"
    digest = hmac.new(b"north", name.encode(), "sha1").digest()
    assert password == base64.b64encode(digest).decode()
    opened = Opened("https://x.cn/", ({"urls": "turn:x.cn:3478", "username": name,
                                       "credential": password},))  # fmt: skip
    assert read_opened(opened.encode()) == opened


def test_a_hub_without_a_page_says_so(tmp_path: Path) -> None:
    realm = Realm(tmp_path)
    try:
        post = realm.join("post")
        post.sync(30.0)
        from tests.calls.realm import file_request

        case = file_request(post)
        realm.opened.pop().close()
        found = xt(tmp_path / "post", "call", str(case), "--guest", "王主任", "--file",
                   "tests/data/speech/zh/rapidasr_0478_00017.wav", "--out", os.devnull,
                   "--json")  # fmt: skip
        assert found.code == ExitCode.NOT_ALLOWED, found
        assert "serves no page" in found.json["error"]["message"]
        for words in (("--accept",), ("--browser", "127.0.0.1:0")):
            found = xt(tmp_path / "post", "call", str(case), "--guest", "x", *words, "--json")
            assert found.code == ExitCode.USAGE, found
    finally:
        realm.close()


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    home, port = made(tmp_path), free_port()
    process, _ = served(home, "--web-plain", f"127.0.0.1:{port}", "--web-url", "https://x.cn/")
    try:
        other = made(tmp_path / "other")
        done = subprocess.run(
            [sys.executable, "-m", "xtcli", "hub", "serve", "--web", f"127.0.0.1:{port}"],
            env=os.environ | {"XT_HOME": str(other)}, capture_output=True, timeout=60,
        )  # fmt: skip
        assert done.returncode == ExitCode.LINK_DOWN, done
    finally:
        process.terminate()
        process.wait()
        assert process.stdout is not None
        process.stdout.close()
