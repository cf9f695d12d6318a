"""The HTTPS carrier's client by itself: what it asks for, and when. No sockets."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from xtcli.transport.carriers.batches import read_asked
from xtcli.transport.carriers.https_client import HttpsClient, Url
from xtcli.transport.carriers.https_server import READY_BYTES, WAITING_BYTES_MAX, Session
from xtcli.transport.driving import Wire
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool

FULL = bytes(1_200)


class Scripted(HttpsClient):
    """Answers come from a list; requests are noted."""

    def __init__(self, answers: list[tuple[bytes, ...]]) -> None:
        link = Link(local=2, peer=1, key=bytes(32), now=0.0, entropy=bytes)
        node = SpooledLink(link, Spool(":memory:"))
        super().__init__(node, Url("127.0.0.1:9"), b"", Path("none"), bytes(16), lambda _: None)
        self.answers = answers
        self.asked: list[tuple[float, int]] = []
        self._client = object()  # type: ignore[assignment]

    def kick(self) -> None:
        """There is no link to drive here."""

    async def _read(self, body: bytes) -> tuple[bytes, ...]:
        asked = read_asked(body)
        self.asked.append((asked.wait, len(asked.datagrams)))
        await asyncio.sleep(0)
        return self.answers.pop(0) if self.answers else ()


async def talked(answers: list[tuple[bytes, ...]]) -> list[tuple[float, int]]:
    """What is asked for when one datagram is sent and these answers come."""
    client = Scripted(answers)
    client.send(b"question")
    work = asyncio.create_task(client._talk())
    for _ in range(50):
        await asyncio.sleep(0)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    return client.asked


def test_a_full_answer_is_followed_up_at_once() -> None:
    """What waits at the hub is fetched answer by answer, until one is not full."""
    asked = asyncio.run(talked([(FULL, FULL), (FULL,), (FULL,), ()]))
    assert [count for _, count in asked] == [1, 0, 0, 0]
    assert all(0 < wait < 1 for wait, _ in asked)


def test_small_talk_is_not_followed_up() -> None:
    asked = asyncio.run(talked([(b"receipt" * 20,), (FULL,)]))
    assert [count for _, count in asked] == [1]


def test_a_session_holds_ready_what_its_client_wants_at_once() -> None:
    """A fast road is filled; one that asks for little leaves room for something urgent."""
    session = Session(bytes(16), Wire())
    filled = 0
    while session.ready():
        session.send(FULL)
        filled += len(FULL)
    assert READY_BYTES <= filled < READY_BYTES + 2 * len(FULL)
    session.most = 100_000
    while session.ready():
        session.send(FULL)
        filled += len(FULL)
    assert 100_000 <= filled < 100_000 + 2 * len(FULL)
    session.most = 1 << 23
    while session.ready():
        session.send(FULL)
        filled += len(FULL)
    assert filled <= WAITING_BYTES_MAX
