"""Datagrams in HTTP bodies: the batch format, and the endpoint against anybody."""

from __future__ import annotations

import asyncio
import random
from collections.abc import MutableMapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.transport.carriers import certificates
from xtcli.transport.carriers.batches import (
    BODY_BYTES_MAX,
    HEAD_BYTES,
    SESSION_BYTES,
    Asked,
    pack,
    read_asked,
    unpack,
)
from xtcli.transport.carriers.https_client import Url
from xtcli.transport.carriers.https_server import (
    HELD_MAX,
    SESSIONS_MAX,
    Endpoint,
    HttpsListener,
)
from xtcli.transport.driving import LinkServer, Way
from xtcli.transport.link.frames import DATAGRAM_BYTES_MAX, Kind
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool

SESSION = bytes(range(SESSION_BYTES))
JOIN = bytes([Kind.JOIN << 3])
datagrams = st.lists(st.binary(min_size=1, max_size=DATAGRAM_BYTES_MAX), max_size=8)


@settings(derandomize=True, deadline=None)
@given(datagrams, st.integers(0, 255), st.integers(0, 0xFFFFFF))
def test_a_request_comes_through(sent: list[bytes], tenths: int, most: int) -> None:
    asked = Asked(SESSION, tenths / 10, most, tuple(sent))
    assert read_asked(asked.to_bytes()) == asked


@settings(derandomize=True, deadline=None, max_examples=400)
@given(st.binary(max_size=400))
def test_any_bytes_are_datagrams_or_refused(data: bytes) -> None:
    try:
        found = unpack(data)
    except BundleRejected:
        return
    assert pack(found) == data


@pytest.mark.parametrize(
    "body",
    [
        b"",
        bytes(HEAD_BYTES - 1),
        b"\1" + bytes(HEAD_BYTES - 1),
        bytes(BODY_BYTES_MAX + 1),
        bytes(HEAD_BYTES) + b"\0\0",
        bytes(HEAD_BYTES) + b"\0\5abcd",
        bytes(HEAD_BYTES) + b"\0",
        bytes(HEAD_BYTES) + (DATAGRAM_BYTES_MAX + 1).to_bytes(2, "big") + bytes(1300),
    ],
    ids=[
        "empty",
        "short",
        "version",
        "too long",
        "empty datagram",
        "cut",
        "half a length",
        "large",
    ],
)
def test_must_reject(body: bytes) -> None:
    with pytest.raises(BundleRejected):
        read_asked(body)


class Bench:
    """An endpoint with one link (station 7) behind it."""

    def __init__(self) -> None:
        self.server = LinkServer(self._find, lambda station, events: None, self._stranger)
        self.endpoint = Endpoint(self.server)
        self.far = self._link(1, 7)
        self.near: SpooledLink | None = None

    def _link(self, local: int, peer: int) -> SpooledLink:
        link = Link(local=local, peer=peer, key=bytes(32), now=0.0,
                    entropy=random.Random(local).randbytes)  # fmt: skip
        return SpooledLink(link, Spool(":memory:"))

    def _find(self, station: int) -> SpooledLink | None:
        return self.far if station == 7 else None

    def _stranger(self, datagram: bytes, address: object) -> bytes | None:
        return datagram[:1] + b"come in" if datagram[1:3] == b"hi" else None

    async def call(
        self, body: bytes, *, method: str = "POST", path: str = "/xt", pieces: int = 1
    ) -> tuple[int, bytes]:
        """One request; its status and body."""
        size = -(-len(body) // pieces) or 1
        chunks = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            chunk = chunks.pop(0) if chunks else b""
            return {"type": "http.request", "body": chunk, "more_body": bool(chunks)}

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await self.endpoint({"type": "http", "method": method, "path": path}, receive, send)
        return int(sent[0]["status"]), bytes(sent[1]["body"])


def ask(*sent: bytes, wait: float = 0.0, most: int = 60_000, session: bytes = SESSION) -> bytes:
    return Asked(session, wait, most, sent).to_bytes()


def test_a_link_behind_the_endpoint() -> None:
    """A poll goes in, its answer comes out of the same request."""

    async def scene() -> None:
        bench = Bench()
        near = bench._link(7, 1)
        near.link.poll(0.0)
        datagram = near.send(0.0)
        assert datagram is not None
        status, body = await bench.call(ask(datagram, wait=1.0), pieces=3)
        assert status == 200
        for answer in unpack(body):
            near.receive(answer, 0.1)
        assert near.link.peer_waiting == 0
        bench.server.close()

    asyncio.run(scene())


def test_a_newer_request_ends_the_waiting_of_an_older() -> None:
    async def scene() -> None:
        bench = Bench()
        held = asyncio.create_task(bench.call(ask(wait=25.0)))
        await asyncio.sleep(0.01)
        assert not held.done()
        assert await bench.call(ask()) == (200, b"")
        assert await asyncio.wait_for(held, 5) == (200, b"")

    asyncio.run(scene())


def test_an_answer_keeps_to_what_was_asked_for() -> None:
    """`most` bounds the answer, but one datagram always comes."""

    async def scene() -> None:
        bench = Bench()
        sent = [JOIN + b"hi" + bytes(60) for _ in range(4)]
        status, body = await bench.call(ask(*sent, most=20))
        assert status == 200
        assert len(unpack(body)) == 2
        assert len(unpack((await bench.call(ask(most=1)))[1])) == 1

    asyncio.run(scene())


def test_strangers_and_rubbish() -> None:
    """Whatever is posted: a status, nothing kept but bounded sessions, and it is counted."""

    async def scene() -> None:
        bench = Bench()
        assert (await bench.call(b"x", path="/admin"))[0] == 404
        assert (await bench.call(b"", method="GET"))[0] == 405
        assert (await bench.call(b"rubbish"))[0] == 400
        assert (await bench.call(bytes(BODY_BYTES_MAX + 1)))[0] == 413
        dice = random.Random(1)
        refused = bench.endpoint.wire.refused
        for _ in range(3000):
            batch = [dice.randbytes(dice.randrange(1, 60)) for _ in range(dice.randrange(4))]
            session = dice.randbytes(SESSION_BYTES)
            assert (await bench.call(ask(*batch, session=session)))[0] == 200
        assert bench.endpoint.wire.refused > refused
        assert bench.far.link.measured().last_contact is None
        for _ in range(SESSIONS_MAX):
            bench.endpoint._session(dice.randbytes(SESSION_BYTES))
        assert len(bench.endpoint._sessions) <= SESSIONS_MAX

    asyncio.run(scene())


def test_strangers_push_no_station_out() -> None:
    """However many sessions they begin and let wait, the session by which a station is answered
    stays, and its requests wait for an answer as before."""

    async def scene() -> None:
        bench, dice = Bench(), random.Random(1)
        near = bench._link(7, 1)
        near.link.poll(0.0)
        datagram = near.send(0.0)
        assert datagram is not None
        await bench.call(ask(datagram))
        session = bench.endpoint._sessions[SESSION]
        for _ in range(2 * SESSIONS_MAX):
            bench.endpoint._session(dice.randbytes(SESSION_BYTES))
        assert bench.endpoint._sessions[SESSION] is session
        assert len(bench.endpoint._sessions) <= SESSIONS_MAX + 1
        held = [
            asyncio.create_task(bench.call(ask(wait=25.0, session=dice.randbytes(SESSION_BYTES))))
            for _ in range(HELD_MAX)
        ]
        await asyncio.sleep(0)
        assert await bench.call(ask(wait=25.0, session=dice.randbytes(SESSION_BYTES))) == (200, b"")
        waiting = asyncio.create_task(bench.call(ask(wait=25.0)))
        await asyncio.sleep(0)
        assert not waiting.done()
        assert not any(one.done() for one in held)
        session.send(b"news")
        assert unpack((await waiting)[1])[-1] == b"news"
        for one in held:
            one.cancel()
        await asyncio.gather(*held, return_exceptions=True)
        assert bench.endpoint._held == 0
        bench.server.close()

    asyncio.run(scene())


def test_a_connection_without_a_request_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    """It costs a stranger nothing and would keep others out; one that asks is answered."""

    async def scene() -> None:
        bench = Bench()
        listener = HttpsListener(bench.endpoint, "127.0.0.1", 0)
        await listener.start()
        (server,) = listener._server.servers
        host, port = server.sockets[0].getsockname()
        asking = await asyncio.open_connection(host, port)
        body = ask()
        asking[1].write(b"POST /xt HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body))
        asking[1].write(body)
        async with asyncio.timeout(60):
            assert (await asking[0].readline()).startswith(b"HTTP/1.1 200")
            monkeypatch.setattr("xtcli.transport.carriers.https_server.FIRST_SECONDS", 0.2)
            silent = await asyncio.open_connection(host, port)
            half = await asyncio.open_connection(host, port)
            half[1].write(b"POST /xt HTTP/1.1\r\nHost: x")
            assert await silent[0].read() == b""
            assert await half[0].read() == b""
        for _, writer in (silent, asking, half):
            writer.close()
        await listener.close()

    asyncio.run(scene())


def test_a_request_cut_off_in_the_middle_is_nothing_refused() -> None:
    """A post that is killed while it sends: its link goes on later, and nobody sent rubbish."""

    async def scene() -> None:
        bench = Bench()
        pieces: list[MutableMapping[str, Any]] = [
            {"type": "http.request", "body": ask(JOIN + b"hi")[:-1], "more_body": True},
            {"type": "http.disconnect"},
        ]
        sent: list[MutableMapping[str, Any]] = []

        async def receive() -> MutableMapping[str, Any]:
            return pieces.pop(0)

        async def send(message: MutableMapping[str, Any]) -> None:
            sent.append(message)

        await bench.endpoint({"type": "http", "method": "POST", "path": "/xt"}, receive, send)
        assert not sent
        assert bench.endpoint.wire.refused == 0
        assert bench.endpoint.wire.datagrams_in == 0

    asyncio.run(scene())


def test_a_session_takes_no_more_when_nobody_fetches() -> None:
    """What waits for a client that went away is bounded, and the link is told to wait."""

    async def scene() -> None:
        bench = Bench()
        session: Way = bench.endpoint._session(SESSION)
        assert session.ready()
        for _ in range(1000):
            session.send(bytes(1200))
        assert not session.ready()
        assert bench.endpoint._session(SESSION)._bytes <= 256 << 10

    asyncio.run(scene())


def test_certificates_and_addresses() -> None:
    """A print is of one certificate only; addresses are completed."""
    first, second = certificates.make(1.8e9)[1], certificates.make(1.8e9)[1]
    assert certificates.print_of_pem(first) != certificates.print_of_pem(second)
    assert len(certificates.print_of_pem(first)) == 16
    assert Url("hub.example.cn:443").text == "https://hub.example.cn:443/xt"
    assert Url("https://example.cn/county/xt").text == "https://example.cn/county/xt"
    assert Url("https://example.cn").host == "example.cn"
