"""The hub's end of the HTTPS carrier: a small ASGI application, and uvicorn around it.

Each client session is a way to the stations behind it, like an address on a socket. It knows HTTP
and batches; links, bundles and rosters are behind the `LinkServer` that it hands datagrams to.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Generator, MutableMapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from xtcli.errors import BundleRejected, LinkDown
from xtcli.lang import tr
from xtcli.transport.carriers.batches import (
    BATCH_BYTES_MAX,
    BODY_BYTES_MAX,
    LENGTH_BYTES,
    pack,
    read_asked,
)
from xtcli.transport.driving import LinkServer, Wire
from xtcli.transport.link.frames import sender_of

PATH = "/xt"
SESSIONS_MAX = 4096
SESSION_SECONDS = 120.0
WAITING_BYTES_MAX = 256 << 10
READY_BYTES = 16 << 10
"""A session with so much waiting takes no more for now, unless its client wants more at once."""
PUSHES_MAX = 32
"""Sessions looked at for one that is pushed out."""
HELD_MAX = 1024
"""Requests of strangers that may wait at once."""
CONNECTIONS_MAX = 4096
FIRST_SECONDS = 60.0
"""A connection over which no request has come for so long is closed: it would keep others out."""
GATHER_SECONDS = 0.03
"""After the first datagram of an answer, others that belong to it may follow."""
BODY_SECONDS = 60.0
OVERHEAD_BYTES = LENGTH_BYTES + 4
"""For each datagram: its length and a share of HTTP's and TLS's headers."""
HTTP_BYTES = 150
"""Counted for each body: HTTP header and TLS record, measured; TCP and IP are not counted."""

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class Session:
    """One client: datagrams that wait for its next request."""

    overhead_bytes = OVERHEAD_BYTES

    def __init__(self, number: bytes, wire: Wire) -> None:
        """`wire` counts for the whole road."""
        self.number = number
        self.heard = 0.0
        self.station: int | None = None
        """Whose fresh datagram came by it last."""
        self.turn = 0
        """Rises with every request: an older one that still waits gives way."""
        self.most = 0
        """Bytes that the client wanted in its last answer: what its road carries in a moment."""
        self.changed = asyncio.Event()
        self.wire = wire
        self._queue: deque[bytes] = deque()
        self._bytes = 0

    @property
    def address(self) -> object:
        """Its number, in hex."""
        return self.number.hex()

    def ready(self) -> bool:
        """While little waits."""
        return self._bytes < max(READY_BYTES, min(self.most, WAITING_BYTES_MAX // 2))

    def send(self, datagram: bytes) -> None:
        """Keep a datagram for the next answer; dropped when far too much waits."""
        if self._bytes + len(datagram) > WAITING_BYTES_MAX:
            return
        self._queue.append(datagram)
        self._bytes += len(datagram)
        self.wire.datagrams_out += 1
        self.wire.bytes_out += len(datagram) + LENGTH_BYTES
        self.changed.set()

    def __len__(self) -> int:
        """Datagrams that wait."""
        return len(self._queue)

    def pull(self, most: int) -> list[bytes]:
        """Datagrams for an answer of at most `most` bytes, but at least one."""
        taken: list[bytes] = []
        size = 0
        while self._queue and (not taken or size + len(self._queue[0]) <= most):
            taken.append(self._queue.popleft())
            size += len(taken[-1])
        self._bytes -= size
        return taken


class Endpoint:
    """The ASGI application."""

    def __init__(self, server: LinkServer, path: str = PATH) -> None:
        """Datagrams go to `server`."""
        self.server = server
        self.path = path
        self.wire = Wire()
        self._sessions: OrderedDict[bytes, Session] = OrderedDict()
        self._held = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            return
        if not scope["path"].endswith(self.path):
            return await self._refuse(send, 404)
        if scope["method"] != "POST":
            # A station asks so for the certificate: that is no bad input.
            return await _answer(send, 405)
        try:
            async with asyncio.timeout(BODY_SECONDS):
                body = await _read(receive)
        except TimeoutError:
            return await self._refuse(send, 408)
        except ConnectionError:
            # Cut off in the middle: nobody listens any more, and nothing was refused.
            return
        if body is None:
            return await self._refuse(send, 413)
        self.wire.bytes_in += len(body) + HTTP_BYTES
        try:
            asked = read_asked(body)
        except BundleRejected:
            return await self._refuse(send, 400)
        session = self._session(asked.session)
        session.most = asked.most
        for datagram in asked.datagrams:
            self._take(datagram, session)
        await self._wait(session, asked.wait)
        answer = pack(session.pull(min(asked.most, BATCH_BYTES_MAX)))
        self.wire.bytes_out += HTTP_BYTES
        await _answer(send, 200, answer)
        self.server.kick_way(session)

    async def _refuse(self, send: Send, status: int) -> None:
        """Not for us, or not as we speak: counted."""
        self.wire.refused += 1
        await _answer(send, status)

    def _take(self, datagram: bytes, session: Session) -> None:
        """Hand a datagram over, and notice whose way the session is."""
        self.wire.datagrams_in += 1
        if not self.server.take(datagram, session):
            self.wire.refused += 1
        elif self.server.way_to(sender_of(datagram) or 0) is session:
            session.station = sender_of(datagram)

    def _is_way(self, session: Session) -> bool:
        """Whether a station is answered there. Nobody but a station can make a session its way, and
        each has one at the most."""
        return session.station is not None and self.server.way_to(session.station) is session

    def _session(self, number: bytes) -> Session:
        """The session with this number; new ones push out the longest silent, strangers first."""
        now = asyncio.get_running_loop().time()
        found = self._sessions.get(number)
        if found is None:
            found = self._sessions[number] = Session(number, self.wire)
        found.heard = now
        self._sessions.move_to_end(number)
        for _ in range(PUSHES_MAX):
            oldest = next(iter(self._sessions.values()))
            count, silent = len(self._sessions), now - oldest.heard >= SESSION_SECONDS
            if count <= SESSIONS_MAX and not silent:
                break
            if silent or count > 2 * SESSIONS_MAX or not self._is_way(oldest):
                del self._sessions[oldest.number]
            else:
                self._sessions.move_to_end(oldest.number)
        return found

    async def _wait(self, session: Session, seconds: float) -> None:
        """Until there is something to say, `seconds` have passed, or a newer request came. Only so
        many strangers may wait at once, and they keep no station from waiting."""
        session.turn += 1
        turn = session.turn
        session.changed.set()
        loop = asyncio.get_running_loop()
        stranger = not self._is_way(session)
        end = loop.time() + (0.0 if stranger and self._held >= HELD_MAX else seconds)
        self._held += stranger
        try:
            while not len(session) and session.turn == turn and (left := end - loop.time()) > 0:
                session.changed.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(session.changed.wait(), left)
            if len(session) and session.turn == turn:
                await asyncio.sleep(GATHER_SECONDS)
        finally:
            self._held -= stranger


async def _read(receive: Receive) -> bytes | None:
    """The body; None when it is too long, ConnectionError when the client went away."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionResetError
        body += message.get("body", b"")
        if len(body) > BODY_BYTES_MAX:
            return None
        if not message.get("more_body", False):
            return bytes(body)


async def _answer(send: Send, status: int, body: bytes = b"") -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    if body:
        headers.append((b"content-type", b"application/octet-stream"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _prompt() -> type[asyncio.Protocol]:
    """uvicorn's protocol, for clients that say at once what they want."""
    from uvicorn.protocols.http.h11_impl import H11Protocol

    class Prompt(H11Protocol):
        """Closes a connection that brings no request."""

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._late = self.loop.call_later(FIRST_SECONDS, self._too_late)

        def connection_lost(self, exc: Exception | None) -> None:
            self._late.cancel()
            super().connection_lost(exc)

        def _too_late(self) -> None:
            if self.cycle is None:
                self.transport.close()

    return Prompt


class HttpsListener:
    """uvicorn in the hub's own loop; the hub's signals stay the hub's."""

    def __init__(self, endpoint: Endpoint, host: str, port: int) -> None:
        """Nothing is opened before `start`."""
        self.endpoint = endpoint
        self.host, self.port = host, port
        self._server: Any = None
        self._task: asyncio.Task[None] | None = None

    async def start(self, key: Path | None = None, certificate: Path | None = None) -> None:
        """Listen, with TLS if a key and a certificate are given; LinkDown if it cannot be."""
        import uvicorn

        class Server(uvicorn.Server):
            """Leaves the process' signals alone."""

            @contextmanager
            def capture_signals(self) -> Generator[None, None, None]:
                yield

        config = uvicorn.Config(
            self.endpoint, host=self.host, port=self.port, lifespan="off", ws="none",
            http=_prompt(), log_level="critical", access_log=False, server_header=False,
            date_header=False, timeout_keep_alive=60, limit_concurrency=CONNECTIONS_MAX,
            ssl_keyfile=str(key) if key else None,
            ssl_certfile=str(certificate) if certificate else None,
        )  # fmt: skip
        self._server = Server(config)
        self._task = asyncio.create_task(self._serve())
        while not self._server.started and not self._task.done():
            await asyncio.sleep(0.01)
        if not self._server.started:
            raise LinkDown(
                "The address {address} cannot be used: {why}.",
                "Choose another address or port, or end the program that holds it.",
                address=f"{self.host}:{self.port}", why=tr("in use, or not of this computer"),
            )  # fmt: skip

    async def _serve(self) -> None:
        # uvicorn leaves the process when it cannot bind; the hub says so itself.
        with suppress(SystemExit):
            await self._server.serve()

    async def close(self) -> None:
        """Answer what is held, then stop."""
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            self._server.force_exit = True
            await self._task
