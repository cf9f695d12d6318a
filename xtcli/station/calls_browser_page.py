"""The page of a call in a browser, served by this process for one call: ASGI around three files.

Its address carries a code after the `#`, which a browser keeps to itself: neither proxies nor logs
see it. The code lets one browser in; a cookie lets the same one come back after its connection
broke. On this computer the page is plain HTTP, which browsers trust with a microphone there only;
elsewhere HTTPS with a certificate of our own, or plain behind a proxy that has a real one. It
refuses to know how a call goes (`calls`) and what the page looks like (`media.call.web`).
"""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xtcli.errors import PeerMisbehaved, UsageError
from xtcli.media.call import web
from xtcli.station.enrolment import parse_address
from xtcli.station.page_server import (
    PageListener,
    Receive,
    Scope,
    Send,
    certificate_files,
    fingerprint_of,
    is_here,
)

if TYPE_CHECKING:
    from xtcli.station.calls_browser import BrowserEnd
    from xtcli.station.core import StationCore

CODE_BYTES = 10
TOKEN_BYTES = 16
COOKIE = "xt"
CONNECT_SECONDS = 20.0
"""A browser that took the code and did not connect gives it back."""
GONE = ("failed", "closed")
HOLD_SECONDS = 5.0
"""How long a browser's question how the call stands stays open."""
LOOK_SECONDS = 0.1
TOLD_SECONDS = 0.2
"""The answer leaves before the server stops."""
BODY_BYTES_MAX = 64 << 10
BODY_SECONDS = 20.0
REQUESTS_MAX = 32
"""At a time; a page has three files."""
KEY, CERTIFICATE = "browser.key", "browser.crt"
HEADERS = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'self'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True)
class Address:
    """Where the page is."""

    url: str
    """With the one-time code."""
    fingerprint: str = ""
    """SHA-256 of our self-signed certificate as browsers show it; empty without one."""


@dataclass(frozen=True, slots=True)
class BrowserOptions:
    """Where the page is served."""

    listen: str
    """HOST:PORT or [IPv6]:PORT; port 0: any."""
    outside: str = ""
    """Behind a reverse proxy: the page's address there. We then serve plain HTTP."""
    opened: Callable[[Address], None] = lambda address: None
    """Told when the page can be opened."""


class CallPage:
    """The ASGI application: the page's files, and one browser let in by the code."""

    def __init__(self, end: BrowserEnd, entropy: Callable[[int], bytes], *, secure: bool) -> None:
        """`secure`: browsers reach it by HTTPS, so its cookie stays there."""
        self.end = end
        self.code = base64.b32encode(entropy(CODE_BYTES)).decode().lower()
        self._entropy = entropy
        self._secure = secure
        self._token = ""
        self._offered = 0.0
        self._one = asyncio.Lock()
        self._over = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Only the last part of the path counts: a proxy may put others before."""
        if scope["type"] != "http":
            return
        name = scope["path"].rsplit("/", 1)[1]
        if scope["method"] == "POST" and name in ("offer", "leave", "state"):
            await self._post(name, scope, receive, send)
        elif scope["method"] != "GET":
            await _answer(send, 405)
        elif (name or "index.html") in web.FILES:
            name = name or "index.html"
            await _answer(send, 200, (web.folder() / name).read_bytes(), web.FILES[name])
        else:
            await _answer(send, 404)

    async def _post(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        body = await _read(receive)
        if body is None:
            return await _answer(send, 413)
        code, sdp, shown = _asked(body)
        if not hmac.compare_digest(code.encode(), self.code.encode()):
            return await _answer(send, 403)
        known = bool(self._token) and hmac.compare_digest(_cookie(scope), self._token.encode())
        if name == "leave":
            if known:
                self.end.leave()
            return await _answer(send, 200 if known else 403)
        if name == "state":
            if not known:
                return await _answer(send, 403)
            state = json.dumps({"state": await self._changed(shown)}).encode()
            return await _answer(send, 200, state, "application/json")
        async with self._one:
            if not (known or self._free()):
                return await _answer(send, 403)
            try:
                answer = await self._join(sdp)
            except PeerMisbehaved:
                return await _answer(send, 400)
        cookie = f"{COOKIE}={self._token}; HttpOnly; SameSite=Strict"
        more = (b"set-cookie", (cookie + "; Secure" * self._secure).encode())
        await _answer(send, 200, json.dumps({"sdp": answer}).encode(), "application/json", more)

    async def _changed(self, shown: str) -> str:
        """How the call stands, when that is not what the page shows, or after some seconds."""
        end = time.monotonic() + HOLD_SECONDS
        while not self._over.is_set() and self.end.state == shown and time.monotonic() < end:
            await asyncio.sleep(LOOK_SECONDS)
        return "over" if self._over.is_set() else self.end.state

    def _free(self) -> bool:
        """Whether the code was not used yet, or to no avail."""
        if not self._token:
            return True
        leg = self.end.leg
        late = time.monotonic() - self._offered > CONNECT_SECONDS
        dead = leg is None or leg.state in GONE or (late and leg.state != "connected")
        return dead and not self.end.joined

    async def _join(self, sdp: str) -> str:
        """Take this browser's sound; the answer for it."""
        from xtcli.media.call.webrtc import BrowserLeg

        leg = BrowserLeg(time.monotonic)
        try:
            answer = await leg.answer(sdp)
        except PeerMisbehaved:
            await leg.close()
            raise
        before, self.end.leg = self.end.leg, leg
        self._token = self._entropy(TOKEN_BYTES).hex()
        self._offered = time.monotonic()
        if before is not None:
            await before.close()
        return answer

    async def close(self) -> None:
        """Tell the browser that it is over, and let it go."""
        self._over.set()
        await asyncio.sleep(TOLD_SECONDS)
        if self.end.leg is not None:
            await self.end.leg.close()


def _asked(body: bytes) -> tuple[str, str, str]:
    """Code, SDP and state of a request; empty when they are not there."""
    try:
        document = json.loads(body)
    except (ValueError, RecursionError):
        return "", "", ""
    if not isinstance(document, dict):
        return "", "", ""
    found = [document.get(name) for name in ("code", "sdp", "state")]
    code, sdp, state = (text if isinstance(text, str) else "" for text in found)
    return code, sdp, state


def _cookie(scope: Scope) -> bytes:
    """What we gave a browser; empty when we did not."""
    for name, value in scope["headers"]:
        for part in value.split(b";") if name == b"cookie" else ():
            key, _, found = part.strip().partition(b"=")
            if key == COOKIE.encode():
                return bytes(found)
    return b""


async def _read(receive: Receive) -> bytes | None:
    """The body; None when it is too long or too slow."""
    body = bytearray()
    with suppress(TimeoutError):
        async with asyncio.timeout(BODY_SECONDS):
            while len(body) <= BODY_BYTES_MAX:
                message = await receive()
                body += message.get("body", b"")
                if not message.get("more_body", False):
                    return bytes(body) if len(body) <= BODY_BYTES_MAX else None
    return None


async def _answer(
    send: Send, status: int, body: bytes = b"", kind: str = "", *more: tuple[bytes, bytes]
) -> None:
    headers = [*HEADERS, *more]
    if status != 204:
        headers.append((b"content-length", str(len(body)).encode()))
    if kind:
        headers.append((b"content-type", kind.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


class PageServer:
    """uvicorn in the call's own loop, for as long as the call."""

    def __init__(self, station: StationCore, end: BrowserEnd, options: BrowserOptions) -> None:
        """UsageError when browsers could not use the address; nothing is opened yet."""
        self.host, self.port = parse_address(options.listen)
        self.tls = not options.outside and not is_here(self.host)
        if not options.outside and self.host in ("0.0.0.0", "::"):
            raise UsageError(
                "Browsers cannot open the address {address}.",
                "Give the address at which they reach this computer.", address=options.listen,
            )  # fmt: skip
        if options.outside and not options.outside.startswith(("https://", "http://")):
            raise UsageError(
                "{url} is not the address of a page.",
                "Write it like https://hub.example.cn/call/.", url=options.outside,
            )  # fmt: skip
        secure = self.tls or options.outside.startswith("https://")
        self.page = CallPage(end, station.entropy, secure=secure)
        self._station, self._outside = station, options.outside
        self._listener = PageListener(self.page, self.host, self.port, REQUESTS_MAX)

    async def open(self) -> Address:
        """Listen; LinkDown when the address is not to be had."""
        key, certificate, fingerprint = None, None, ""
        if self.tls:
            key, certificate = certificate_files(self._station, self.host, KEY, CERTIFICATE)
            fingerprint = fingerprint_of(certificate.read_bytes())
        port = await self._listener.start(key, certificate)
        host = f"[{self.host}]" if ":" in self.host else self.host
        url = self._outside or f"{'https' if self.tls else 'http'}://{host}:{port}/"
        return Address(f"{url}#{self.page.code}", fingerprint)

    async def close(self) -> None:
        """Let the browser go and stop."""
        await self.page.close()
        await self._listener.close()
