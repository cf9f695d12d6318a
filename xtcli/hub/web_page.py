"""The hub's page for guests: ASGI around two files and one kind of request.

`Rooms` decides who may say what to whom; this reads and writes HTTP, and holds a request back until
there is something to answer. It knows nothing of what passes through it: that is sealed.
"""

from __future__ import annotations

import asyncio
import base64
import binascii
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from xtcli.hub.web_rooms import HERE_SECONDS, Room, Rooms, mark_of
from xtcli.media.call import web
from xtcli.station.calls_guest_paper import room_named
from xtcli.station.calls_relay import Sent
from xtcli.station.page_server import Receive, Scope, Send

HOLD_SECONDS = 5.0
"""Short, so that a browser whose network went away is missed soon."""
BODY_BYTES_MAX = 4 << 10
BODY_SECONDS = 10.0
HELD_MAX = 512
HEADERS = (
    (b"cache-control", b"no-store"),
    (
        b"content-security-policy",
        b"default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (b"permissions-policy", b"microphone=(self), camera=(), geolocation=()"),
    (b"referrer-policy", b"no-referrer"),
    (b"x-content-type-options", b"nosniff"),
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asks."""

    password: bytes = b""
    token: str = ""
    paper: bytes = b""
    mark: str = ""


class GuestPage:
    """The ASGI application. `pass_on` sends what is for stations; `ice(room)` is for browsers."""

    def __init__(
        self, rooms: Rooms, pass_on: Callable[[Sequence[Sent]], None],
        ice: Callable[[bytes], Sequence[dict[str, Any]]],
    ) -> None:  # fmt: skip
        """Needs a running loop."""
        self.rooms = rooms
        self._pass_on = pass_on
        self._ice = ice
        self._news: dict[bytes, asyncio.Event] = {}
        self._held = 0

    def changed(self, name: bytes) -> None:
        """There is something new in a room."""
        if name in self._news:
            self._news[name].set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request. Only the last part of the path counts: a proxy may put others before."""
        if scope["type"] != "http":
            return
        name = scope["path"].rsplit("/", 1)[-1]
        room = room_named(name)
        if scope["method"] == "POST" and room is not None:
            await self._post(room, receive, send)
        elif scope["method"] not in ("GET", "HEAD"):
            await answer(send, 405)
        elif name in ("guest.js", "call.css"):
            await answer(send, 200, (web.folder() / name).read_bytes(), web.FILES[name])
        elif room is not None or not name:
            name = "guest.html"
            await answer(send, 200, (web.folder() / name).read_bytes(), web.FILES[name])
        else:
            await answer(send, 404)

    async def _post(self, name: bytes, receive: Receive, send: Send) -> None:
        asked = read_asked(await read(receive))
        now = asyncio.get_running_loop().time()
        if not asked.token and not self.rooms.may_ask(now):
            return await answer(send, 429)
        document: dict[str, object] = {}
        token = asked.token
        if asked.password:
            token = self.rooms.enter(name, asked.password, now) or ""
            document = {"t": token, "ice": list(self._ice(name))}
        room = self.rooms.known(name, token, now) if token else None
        if room is None:
            return await answer(send, 404)
        if asked.paper:
            self._pass_on(self.rooms.say(room, asked.paper, now))
        if not asked.password and not asked.paper:
            await self._hold(room, asked.mark, receive)
        now = asyncio.get_running_loop().time()
        document["here"] = now - room.heard < HERE_SECONDS
        if room.paper and mark_of(room.paper) != asked.mark:
            document["p"] = base64.b64encode(room.paper).decode()
        await answer(send, 200, json.dumps(document).encode(), "application/json")

    async def _hold(self, room: Room, mark: str, receive: Receive) -> None:
        """Until there is another paper than the page knows, it is gone, or some seconds passed."""
        if mark_of(room.paper) != mark or self._held >= HELD_MAX:
            return
        news = self._news.setdefault(room.name, asyncio.Event())
        news.clear()
        room.held += 1
        self._held += 1
        waits = [asyncio.ensure_future(news.wait()), asyncio.ensure_future(receive())]
        try:
            await asyncio.wait(waits, timeout=HOLD_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waits:
                one.cancel()
            room.held -= 1
            self._held -= 1
            room.asked = asyncio.get_running_loop().time()
            if not room.held:
                self._news.pop(room.name, None)


def read_asked(body: bytes | None) -> Asked:
    """What a body asks; nothing when it is not in order."""
    try:
        found = json.loads(body or b"")
        texts = {name: found.get(name, "") for name in ("pass", "t", "p", "h")}
        if not all(isinstance(text, str) for text in texts.values()):
            return Asked()
        return Asked(
            bytes.fromhex(texts["pass"]), texts["t"],
            base64.b64decode(texts["p"], validate=True), texts["h"],
        )  # fmt: skip
    except (ValueError, AttributeError, RecursionError, binascii.Error):
        return Asked()


async def read(receive: Receive) -> bytes | None:
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


async def answer(send: Send, status: int, body: bytes = b"", kind: str = "") -> None:
    """One answer, whole."""
    headers = [*HEADERS, (b"content-length", str(len(body)).encode())]
    if kind:
        headers.append((b"content-type", kind.encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
