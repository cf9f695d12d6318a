"""A station's end of the HTTPS carrier: the datagrams of one link as requests and answers.

It fills a request only with what should take well under a second, so that something urgent waits
for one request at the most. It knows HTTP, TLS and batches; no bundles or records.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections import deque
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING

from xtcli.errors import BundleRejected, LinkDown, XtError
from xtcli.transport.carriers.batches import (
    BATCH_BYTES_MAX,
    BODY_BYTES_MAX,
    LENGTH_BYTES,
    SESSION_BYTES,
    Asked,
    unpack,
)
from xtcli.transport.carriers.certificates import print_of
from xtcli.transport.carriers.https_server import HTTP_BYTES, PATH
from xtcli.transport.driving import LinkClient, Wire
from xtcli.transport.link.events import LinkEvent
from xtcli.transport.link.spooled import SpooledLink

if TYPE_CHECKING:
    import httpx

WAIT_SECONDS = 25.0
"""A request that waits is held so long by the hub."""
ANSWER_SECONDS = 0.3
"""A request with the last datagrams waits so long for what answers them."""
CONNECT_SECONDS = 30.0
REQUEST_SECONDS = 120.0
BATCH_SECONDS = 0.7
BATCH_BYTES_START = 4096
BATCH_BYTES_MIN = 1300
FAILURE_SECONDS_MAX = 30.0
FINISH_SECONDS = 5.0
FULL_BYTES = 1_000
"""An answer with a full datagram is part of something larger; small talk is not followed up."""
WANT_LOGIN = (301, 302, 303, 307, 308, 511)
"""Redirections, and "network authentication required" (RFC 6585)."""
IDLE_SECONDS = 0.3
"""After so long without anything to send, one request waits at the hub."""


class Url:
    """Where a hub's endpoint is."""

    def __init__(self, where: str) -> None:
        """`where` is HOST:PORT, or an http(s) URL whose path may be left out."""
        self.text = where if "://" in where else f"https://{where}"
        rest = self.text.split("://", 1)[1]
        if "/" not in rest:
            self.text += PATH
        self.host = rest.split("/")[0]


async def pinned(url: Url, wanted: bytes, cache: Path) -> ssl.SSLContext:
    """TLS settings that accept the one certificate whose print is `wanted`, and no other.

    The certificate is asked for once and kept in `cache`. BundleRejected when another one is shown;
    LinkDown when there is no answer.
    """
    der = cache.read_bytes() if cache.exists() else b""
    if print_of(der) != wanted:
        der = await _shown(url)
        if print_of(der) != wanted:
            raise wrong_certificate(url)
        cache.write_bytes(der)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=der)
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.check_hostname = False
    return context


def wrong_certificate(url: Url) -> BundleRejected:
    """Somebody else answers where the hub should."""
    return BundleRejected(
        "The certificate shown at {host} is not the hub's.",
        "A login page of this network, or somebody else, may stand in between: log in with a"
        " browser, use another network, or ask for a new code.",
        host=url.host,
    )  # fmt: skip


async def _shown(url: Url) -> bytes:
    """The certificate that whoever answers shows, in DER form. Nothing is told to them."""
    import httpx

    anybody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    anybody.check_hostname = False
    anybody.verify_mode = ssl.CERT_NONE
    async with connections(anybody, httpx.Timeout(CONNECT_SECONDS)) as client:
        try:
            async with client.stream("GET", url.text) as answer:
                stream = answer.extensions["network_stream"]
                tls = stream.get_extra_info("ssl_object")
                found: bytes | None = tls.getpeercert(binary_form=True) if tls else None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise unreachable(url, error) from error
    if found is None:
        raise wrong_certificate(url)
    return found


def connections(
    verify: ssl.SSLContext | bool, timeout: httpx.Timeout, limits: httpx.Limits | None = None
) -> httpx.AsyncClient:
    """An HTTP client by way of the system's proxy, if it has one; LinkDown if that is of no use."""
    import httpx

    try:
        return httpx.AsyncClient(verify=verify, timeout=timeout, limits=limits or httpx.Limits())
    except (ImportError, ValueError, httpx.InvalidURL) as error:
        # httpx looks at HTTPS_PROXY and ALL_PROXY here, and knows SOCKS only with one package more.
        raise LinkDown(
            "The proxy that this system names cannot be used for HTTPS.",
            "Set HTTPS_PROXY to an address like http://HOST:PORT, or unset it and ALL_PROXY.",
        ) from error


def foreign_answer(url: Url) -> LinkDown:
    """Something answers that is no hub."""
    return LinkDown(
        "What answers at {host} is not a hub of xt.",
        "Log in to the network if it wants that, and check the address in the invitation.",
        host=url.host,
    )  # fmt: skip


def login_page(url: Url, answer: httpx.Response, body: bytes) -> LinkDown | None:
    """What to say when a page for people came, or the way to one, as where a network wants a login
    first; None for any other answer. `body` is what was read of it. A proxy before a hub that is
    down sends pages too, but says with its status that they are errors.
    """
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    page = kind in ("text/html", "application/xhtml+xml") or body.lstrip()[:1] == b"<"
    if not (page and answer.status_code == 200) and answer.status_code not in WANT_LOGIN:
        return None
    return LinkDown(
        "A web page answers at {host} instead of the hub: this network seems to want a login"
        " first.",
        "Open any page in a browser and log in, or use another network or road. Everything is kept."
        " If there is no login, check the address in the invitation.",
        host=url.host,
    )  # fmt: skip


def unreachable(url: Url, error: Exception) -> BundleRejected | LinkDown:
    """No answer over HTTPS, or one that nobody vouches for."""
    if "CERTIFICATE_VERIFY_FAILED" in str(error):
        return wrong_certificate(url)
    return LinkDown(
        "The hub cannot be reached over HTTPS at {host}: {why}.",
        "Check the network. Everything is kept and will be sent next time.",
        host=url.host, why=str(error) or type(error).__name__,
    )  # fmt: skip


class HttpsClient(LinkClient):
    """One link over HTTPS."""

    def __init__(
        self, node: SpooledLink, url: Url, wanted: bytes, cache: Path, session: bytes,
        on_events: Callable[[list[LinkEvent]], None],
    ) -> None:  # fmt: skip
        """`wanted` is the print of the hub's certificate, empty for the system's authorities;
        `session` is random. Nothing is opened before `start`.
        """
        super().__init__(node, on_events)
        if len(session) != SESSION_BYTES:
            raise ValueError("a session number is 16 bytes")
        self.url = url
        self._wanted, self._cache, self._session = wanted, cache, session
        self._wire = Wire()
        self._queue: deque[bytes] = deque()
        self._bytes = 0
        self._changed = asyncio.Event()
        self._up = self._down = BATCH_BYTES_START
        self._client: httpx.AsyncClient | None = None
        self._tasks: list[asyncio.Task[None]] = []
        self._busy = False
        self._more_there = False
        """Whether the last answer was full: more waits at the hub, and is asked for at once."""
        self._quiet_since = 0.0

    @property
    def wire(self) -> Wire:
        """Datagrams and bytes of bodies and HTTP headers; TCP and IP are not counted."""
        return self._wire

    async def open(self) -> None:
        """Check who is there; then two tasks talk: one sends, one waits at the hub."""
        import httpx

        verify: ssl.SSLContext | bool = True
        if self._wanted:
            try:
                verify = await pinned(self.url, self._wanted, self._cache)
            except BundleRejected:
                self._wire.refused += 1
                raise
        limits = httpx.Limits(max_connections=2, keepalive_expiry=55)
        timeout = httpx.Timeout(REQUEST_SECONDS, connect=CONNECT_SECONDS)
        self._client = connections(verify, timeout, limits)
        self._client.headers = httpx.Headers({"content-type": "application/octet-stream"})
        self._tasks = [asyncio.create_task(self._told(it)) for it in (self._talk(), self._listen())]

    def ready(self) -> bool:
        """While less than one request's worth waits."""
        return self._bytes < self._up

    def send(self, datagram: bytes) -> None:
        """Keep a datagram for the next request."""
        self._queue.append(datagram)
        self._bytes += len(datagram) + LENGTH_BYTES
        self._changed.set()

    def _pull(self) -> tuple[bytes, ...]:
        taken = tuple(self._queue)
        self._queue.clear()
        self._bytes = 0
        return taken

    async def _told(self, work: Coroutine[object, object, None]) -> None:
        """What goes wrong behind the link, such as a full disk, is told by whoever syncs."""
        try:
            await work
        except XtError as error:
            self.trouble = error

    async def _talk(self) -> None:
        """Send what there is to send, one request after the other."""
        failures = 0
        while True:
            if not self._queue:
                self._changed.clear()
                await self._changed.wait()
            # Everything that the link says at once goes into one request.
            await asyncio.sleep(0)
            batch = self._pull()
            self.kick()
            wait = 0.0 if self._queue else ANSWER_SECONDS
            self._busy = True
            good = await self._request(batch, wait)
            while good and self._more_there and not self._queue:
                good = await self._request((), ANSWER_SECONDS)
            self._busy = False
            self._quiet_since = time.monotonic()
            failures = 0 if good else failures + 1
            self.kick()
            if failures:
                await asyncio.sleep(min(FAILURE_SECONDS_MAX, 2.0 ** (failures - 1)))

    async def _listen(self) -> None:
        """While nothing is being sent, let one request wait at the hub."""
        failures = 0
        while True:
            await asyncio.sleep(IDLE_SECONDS / 2)
            if self._busy or time.monotonic() - self._quiet_since < IDLE_SECONDS:
                continue
            good = await self._request((), WAIT_SECONDS)
            while good and self._more_there and not self._busy:
                good = await self._request((), ANSWER_SECONDS)
            failures = 0 if good else failures + 1
            if failures:
                await asyncio.sleep(min(FAILURE_SECONDS_MAX, 2.0 ** (failures - 1)))

    async def _request(self, batch: tuple[bytes, ...], wait: float) -> bool:
        """One request and its answer; False when it failed."""
        import httpx

        assert self._client is not None
        body = Asked(self._session, wait, self._down, batch).to_bytes()
        started = time.monotonic()
        self._wire.datagrams_out += len(batch)
        self._wire.bytes_out += len(body) + HTTP_BYTES
        try:
            answer = await self._read(body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            if "CERTIFICATE_VERIFY_FAILED" in str(error):
                self._wire.refused += 1
                self.trouble = wrong_certificate(self.url)
            # Its datagrams count as lost; the link mends that.
            return False
        except (BundleRejected, LinkDown) as error:
            self._wire.refused += 1
            if isinstance(error, LinkDown):
                self.trouble = error
            return False
        if isinstance(self.trouble, LinkDown):
            # Somebody has logged in.
            self.trouble = None
        if batch and not wait:
            self._up = _fitted(self._up, len(body), time.monotonic() - started)
        self._wire.bytes_in += HTTP_BYTES
        self._more_there = sum(map(len, answer)) >= FULL_BYTES
        for datagram in answer:
            self._wire.datagrams_in += 1
            self._wire.bytes_in += len(datagram) + LENGTH_BYTES
            if not self.take(datagram):
                self._wire.refused += 1
        return True

    async def _read(self, body: bytes) -> tuple[bytes, ...]:
        """The datagrams of the answer; how fast it came decides how much is asked for next."""
        assert self._client is not None
        async with self._client.stream("POST", self.url.text, content=body) as answer:
            if answer.status_code != 200:
                raise _no_answer(self.url, answer, b"")
            begun = time.monotonic()
            data = bytearray()
            async for piece in answer.aiter_raw():
                data += piece
                if len(data) > BODY_BYTES_MAX:
                    raise BundleRejected("What answered is not the hub.", "It was ignored.")
        if len(data) > self._down / 2:
            self._down = _fitted(self._down, len(data), time.monotonic() - begun)
        try:
            return unpack(bytes(data))
        except BundleRejected as error:
            raise _no_answer(self.url, answer, bytes(data)) from error

    async def finish(self) -> None:
        """Let the last request end, then close the connections."""
        end = time.monotonic() + FINISH_SECONDS
        while (self._queue or self._busy) and time.monotonic() < end:
            await asyncio.sleep(0.02)
        tasks = self._tasks
        self.shut()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def shut(self) -> None:
        """Stop talking."""
        for task in self._tasks:
            task.cancel()
        self._tasks = []


def _no_answer(url: Url, answer: httpx.Response, body: bytes) -> LinkDown | BundleRejected:
    """Why an answer is none of the hub's."""
    page = login_page(url, answer, body)
    return page or BundleRejected("What answered is not the hub.", "It was ignored.")


def _fitted(limit: int, size: int, seconds: float) -> int:
    """The next limit, so that as many bytes take about `BATCH_SECONDS`: at most twice as many."""
    wanted = int(size * BATCH_SECONDS / max(seconds, 0.001))
    return max(BATCH_BYTES_MIN, min(BATCH_BYTES_MAX, 2 * limit, wanted))
