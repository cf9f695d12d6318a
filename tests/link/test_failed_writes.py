"""A disk that is full or kept by another process: nothing that a link has heard is forgotten."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from xtcli.errors import DiskFull, XtError
from xtcli.transport.link.events import BundleArrived, BundleTaken, LinkEvent
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import TAKEN, Spool
from xtcli.transport.udp import UdpClient, UdpServer

KEY = bytes(range(32))
SECONDS_MAX = 60


def make_node(local: int, peer: int, path: Path) -> SpooledLink:
    spool = Spool(path)
    spool._run("PRAGMA busy_timeout=20")
    link = Link(local=local, peer=peer, key=KEY, now=0.0, entropy=random.Random(local).randbytes)
    return SpooledLink(link, spool)


@contextmanager
def kept_by_another(path: Path) -> Iterator[None]:
    """Another process is writing all the time."""
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        other.execute("ROLLBACK")
        other.close()


def carry(source: SpooledLink, target: SpooledLink, now: float) -> None:
    while (datagram := source.send(now)) is not None:
        target.receive(datagram, now)


def test_no_event_is_lost_with_a_write(tmp_path: Path) -> None:
    """DONE of a bundle cannot be written down: that and what came after it are told later."""
    post, hub = make_node(1, 0, tmp_path / "post"), make_node(0, 1, tmp_path / "hub")
    mine, theirs = b"text of the post", b"text of the hub"
    tag = post.put(mine, 1, 0.0, 0.0)
    carry(post, hub, 0.0)
    hub.put(theirs, 1, 0.0, 0.0)
    for event in hub.events(0.0):
        if isinstance(event, BundleArrived):
            hub.accept(event.tag)
    carry(hub, post, 0.1)
    with kept_by_another(tmp_path / "post"), pytest.raises(XtError, match="busy"):
        post.events(0.1)
    told = post.events(0.2)
    assert BundleTaken(tag) in told
    assert [one.sealed for one in told if isinstance(one, BundleArrived)] == [theirs]
    assert post.spool.outgoing(0)[0].state == TAKEN


def test_symbols_without_room_keep_no_event_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They stay in memory, and are written when there is room."""
    post, hub = make_node(1, 0, tmp_path / "post"), make_node(0, 1, tmp_path / "hub")
    post.put(random.Random(1).randbytes(30_000), 5, 0.0, 0.0)
    for step in range(3):
        carry(post, hub, step / 10)

    def full(*_: object) -> None:
        raise DiskFull("no room")

    with monkeypatch.context() as disk:
        disk.setattr(hub.spool, "keep", full)
        assert hub.events(1.0)
    assert hub.spool.kept(1) == []
    hub.events(20.0)
    assert len(hub.spool.kept(1)) == 1


class Bench:
    """A server that fails at the first bundle, and a client."""

    def __init__(self, tmp_path: Path) -> None:
        self.node = make_node(1, 0, tmp_path / "post")
        self.nodes = {1: make_node(0, 1, tmp_path / "hub")}
        self.server = UdpServer(self.nodes.get, self.hub_events)
        self.fails = 1
        self.arrived: list[bytes] = []
        self.taken: list[bytes] = []
        self.changed = asyncio.Event()

    def hub_events(self, station: int, events: list[LinkEvent]) -> None:
        for event in events:
            if isinstance(event, BundleArrived):
                if self.fails:
                    self.fails -= 1
                    raise DiskFull("no room")
                self.arrived.append(event.sealed)
                self.nodes[station].accept(event.tag)

    def post_events(self, events: list[LinkEvent]) -> None:
        self.taken += [event.tag for event in events if isinstance(event, BundleTaken)]
        self.changed.set()

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            while not wanted():
                self.changed.clear()
                await self.changed.wait()


@pytest.mark.parametrize("size", [300, 9_000])
def test_a_bundle_that_could_not_be_dealt_with_comes_again(tmp_path: Path, size: int) -> None:
    """The station's shell failed at it: it is asked for again, not waited for."""

    async def scene() -> None:
        bench, failures = Bench(tmp_path), []
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: failures.append(context["exception"]))
        client = UdpClient(bench.node, await bench.server.start("127.0.0.1", 0), bench.post_events)
        await client.start()
        sealed = random.Random(size).randbytes(size)
        tag = bench.node.put(sealed, 1, loop.time(), 0.0)
        client.kick()
        await bench.until(lambda: bench.taken == [tag])
        assert bench.arrived == [sealed]
        assert [type(one) for one in failures] == [DiskFull]
        client.close()
        bench.server.close()

    asyncio.run(scene())


def test_a_link_keeps_its_timer_when_a_write_fails(tmp_path: Path) -> None:
    """Counters cannot be reserved while another process writes; afterwards it goes on by itself."""

    async def scene() -> None:
        bench = Bench(tmp_path)
        bench.fails = 0
        client = UdpClient(bench.node, await bench.server.start("127.0.0.1", 0), bench.post_events)
        loop = asyncio.get_running_loop()
        await client.start()
        tag = bench.node.put(b"text", 1, loop.time(), 0.0)
        bench.node.link._counter.restore(1_000_000)
        with kept_by_another(tmp_path / "post"):
            client.kick()
            assert "busy" in str(client.failure)
        await bench.until(lambda: bench.taken == [tag])
        client.close()
        bench.server.close()

    asyncio.run(scene())
