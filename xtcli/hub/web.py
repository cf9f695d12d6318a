"""The hub's page for guests, served: HTTPS, STUN, and the rooms behind them.

It knows addresses, certificates and the names of servers that browsers are told of; what happens in
a room is `web_rooms`', and what is said there nobody's here.
"""

from __future__ import annotations

import asyncio
import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from xtcli.errors import LinkDown, UsageError
from xtcli.hub.core import HubCore
from xtcli.hub.web_page import GuestPage
from xtcli.hub.web_rooms import Rooms
from xtcli.hub.web_stun import StunSocket, open_stun
from xtcli.station.calls_guest_wire import Opened
from xtcli.station.core import StationCore
from xtcli.station.enrolment import parse_address
from xtcli.station.page_server import PageListener, certificate_files, fingerprint_of

KEY, CERTIFICATE = "web.key", "web.crt"
REQUESTS_MAX = 1_024
TURN_SECONDS = 3_600
SECRET_BYTES_MAX = 4_096
URL_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What `xt hub serve` was told about the page."""

    listen: str = ""
    """HOST:PORT with TLS and a certificate of our own."""
    plain: str = ""
    """HOST:PORT without TLS, for a reverse proxy in front."""
    url: str = ""
    """The page's address as guests open it."""
    stun: str = ""
    """HOST:PORT for STUN over UDP; empty: the page's."""
    turn: str = ""
    """turn:HOST:PORT of a server of our own that shares a secret with us."""
    turn_secret: str = ""
    """The file with that secret."""

    @property
    def wanted(self) -> bool:
        """Whether a page is served at all."""
        return bool(self.listen or self.plain)


def checked(options: WebOptions) -> WebOptions:
    """The same with every address said; UsageError when they do not fit together."""
    if options.listen and options.plain:
        raise UsageError("One page is enough.", "Give --web or --web-plain.")
    where = options.listen or options.plain
    host, port = parse_address(where)
    url = options.url or _url_of(options, host, port)
    if not url.startswith(("https://", "http://")) or len(url) > URL_CHARS_MAX:
        raise UsageError(
            "{url} is not the address of a page.", "Write it like https://hub.example.cn/call/.",
            url=url,
        )  # fmt: skip
    good = options.turn.startswith(("turn:", "turns:")) or not options.turn
    if bool(options.turn) != bool(options.turn_secret) or not good:
        raise UsageError(
            "A TURN server needs an address and a secret.",
            "Give --turn turn:HOST:PORT and --turn-secret FILE.",
        )
    return WebOptions(options.listen, options.plain, url.rstrip("/") + "/", options.stun or where,
                      options.turn, options.turn_secret)  # fmt: skip


def _url_of(options: WebOptions, host: str, port: int) -> str:
    if options.plain or host in ("0.0.0.0", "::"):
        raise UsageError(
            "How do guests reach the page?", "Give its address: --web-url https://HOST/"
        )
    return f"https://{f'[{host}]' if ':' in host else host}:{port}/"


class ServedWeb:
    """The page of a running hub."""

    def __init__(self, hub: StationCore, core: HubCore, options: WebOptions) -> None:
        """UsageError for addresses that do not fit together; nothing is opened before `start`."""
        self.options = checked(options)
        self._hub, self._core = hub, core
        self._secret = _secret(self.options.turn_secret)
        self._stun: StunSocket | None = None
        self._listener: PageListener | None = None
        self.rooms: Rooms | None = None

    async def start(self) -> tuple[str, str]:
        """Serve; the page's address and its certificate's fingerprint. LinkDown if it cannot be."""
        loop = asyncio.get_running_loop()
        options = self.options
        host, port = parse_address(options.stun)
        try:
            self._stun = await open_stun(host, port)
        except OSError as error:
            raise LinkDown(
                "The address {address} cannot be used: {why}.",
                "Choose another address or port, or end the program that holds it.",
                address=options.stun, why=error.strerror or str(error),
            ) from error  # fmt: skip
        rooms = Rooms(self._opened, self._changed, self._hub.entropy, loop.time())
        self._page = GuestPage(rooms, lambda sent: self._core.pass_on(sent, loop.time()), self._ice)
        self.rooms, self._core.relay.guest = rooms, rooms.take
        host, port = parse_address(options.listen or options.plain)
        key, certificate, fingerprint = None, None, ""
        if options.listen:
            name = urlsplit(options.url).hostname or host
            key, certificate = certificate_files(self._hub, name, KEY, CERTIFICATE)
            fingerprint = fingerprint_of(certificate.read_bytes())
        self._listener = PageListener(self._page, host, port, REQUESTS_MAX)
        await self._listener.start(key, certificate)
        return options.url, fingerprint

    def _changed(self, room: bytes) -> None:
        self._page.changed(room)

    def _opened(self, room: bytes) -> bytes:
        return Opened(self.options.url, tuple(self._ice(room))).encode()

    def _ice(self, room: bytes) -> Sequence[dict[str, Any]]:
        """The hub's own STUN, and the TURN server it was told of with a name for this room."""
        host = urlsplit(self.options.url).hostname or ""
        host = f"[{host}]" if ":" in host else host
        assert self._stun is not None
        servers: list[dict[str, Any]] = [{"urls": f"stun:{host}:{self._stun.port}"}]
        if self.options.turn:
            name, password = turn_login(self._secret, room, self._hub.clock())
            servers.append({"urls": self.options.turn, "username": name, "credential": password})
        return servers

    def look(self, now: float) -> None:
        """From time to time."""
        if self.rooms is not None:
            self._core.pass_on(self.rooms.look(now), now)

    async def close(self) -> None:
        """Stop."""
        if self._listener is not None:
            await self._listener.close()
        if self._stun is not None:
            self._stun.close()


def turn_login(secret: bytes, room: bytes, now: float) -> tuple[str, str]:
    """A name and a password that a TURN server with the same secret takes for an hour.

    As in draft-uberti-behave-turn-rest-00, which coturn's `use-auth-secret` follows.
    """
    name = f"{int(now) + TURN_SECONDS}:{room.hex()[:8]}"
    digest = hmac.digest(secret, name.encode(), "sha1")
    return name, base64.b64encode(digest).decode()


def _secret(file: str) -> bytes:
    if not file:
        return b""
    try:
        with Path(file).open("rb") as found:
            return found.read(SECRET_BYTES_MAX).strip()
    except OSError as error:
        raise UsageError(
            "The file {file} cannot be read.", "Check its name and place.", file=file
        ) from error
