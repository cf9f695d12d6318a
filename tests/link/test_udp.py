"""The UDP shell over real sockets on the loopback, IPv4 and IPv6."""

from __future__ import annotations

import asyncio
import random
import socket
from collections.abc import Callable

import pytest

from xtcli.errors import LinkDown
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import profile
from xtcli.transport.emulator.relay import Relay
from xtcli.transport.link.events import BundleArrived, BundleTaken, LinkEvent
from xtcli.transport.link.frames import Kind
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool
from xtcli.transport.udp import Address, UdpClient, UdpServer, exchange, resolve

KEY = bytes(range(32))
SECONDS_MAX = 60


def make_node(local: int, peer: int, spool: Spool) -> SpooledLink:
    link = Link(local=local, peer=peer, key=KEY, now=0.0, entropy=random.Random(local).randbytes)
    return SpooledLink(link, spool)


class Bench:
    """A server that accepts everything and a client beside it."""

    def __init__(self) -> None:
        self.arrived: list[bytes] = []
        self.taken: list[bytes] = []
        self.changed = asyncio.Event()
        self.nodes = {1: make_node(0, 1, Spool(":memory:"))}
        self.server = UdpServer(self.nodes.get, self.hub_events, self.stranger)
        self.node = make_node(1, 0, Spool(":memory:"))

    def hub_events(self, station: int, events: list[LinkEvent]) -> None:
        for event in events:
            if isinstance(event, BundleArrived):
                self.arrived.append(event.sealed)
                self.nodes[station].accept(event.tag)

    def post_events(self, events: list[LinkEvent]) -> None:
        self.taken += [event.tag for event in events if isinstance(event, BundleTaken)]
        self.changed.set()

    def stranger(self, datagram: bytes, source: Address) -> bytes | None:
        return datagram[:1] + b"come in" if datagram[1:5] == b"xt??" else b"x" * 2000

    async def until(self, wanted: Callable[[], bool]) -> None:
        async with asyncio.timeout(SECONDS_MAX):
            while not wanted():
                self.changed.clear()
                await self.changed.wait()


def test_what_comes_again_is_counted_at_a_station() -> None:
    """A genuine datagram, sent again by a stranger: not refused, counted, changes nothing."""

    async def scene() -> None:
        bench = Bench()
        address = await bench.server.start("127.0.0.1", 0)
        client = UdpClient(bench.node, address, bench.post_events)
        await client.start()
        kept: list[bytes] = []
        arrived = client._arrived

        def keep(datagram: bytes, source: Address) -> None:
            kept.append(datagram)
            arrived(datagram, source)

        assert client._socket is not None
        client._socket._take = keep
        tag = bench.node.put(b"x" * 300, 1, asyncio.get_running_loop().time(), 0.0)
        client.kick()
        await bench.until(lambda: bench.taken == [tag])
        port = client._socket.transport.get_extra_info("sockname")[1]  # type: ignore[union-attr]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as stranger:
            for _ in range(3):
                stranger.sendto(kept[0], ("127.0.0.1", port))
            async with asyncio.timeout(SECONDS_MAX):
                while client.wire.again < 3:
                    await asyncio.sleep(0.01)
        assert (client.wire.again, client.wire.refused) == (3, 0)
        assert bench.taken == [tag]
        client.close()
        bench.server.close()

    asyncio.run(scene())


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_bundles_cross_a_real_socket(host: str) -> None:
    """Small and large bundles arrive whole, and the wire counters count headers."""

    async def scene() -> None:
        bench = Bench()
        address = await bench.server.start(host, 0)
        client = UdpClient(bench.node, address, bench.post_events)
        await client.start()
        sealed = [random.Random(size).randbytes(size) for size in (300, 90_000)]
        tags = [bench.node.put(one, 1, asyncio.get_running_loop().time(), 0.0) for one in sealed]
        client.kick()
        await bench.until(lambda: sorted(bench.taken) == sorted(tags))
        assert sorted(bench.arrived) == sorted(sealed)
        header_bytes = 48 if host == "::1" else 28
        assert client.wire.bytes_out > 90_300 + header_bytes * client.wire.datagrams_out
        assert bench.server.station_wire(1).datagrams_in <= client.wire.datagrams_out
        await client.rebind()
        again = bench.node.put(b"after the rebind" * 20, 0, 0.0, 0.0)
        client.kick()
        await bench.until(lambda: again in bench.taken)
        client.close()
        bench.server.close()

    asyncio.run(scene())


def test_over_the_relay_of_a_bad_link() -> None:
    """The same shell through the emulator's relay, on a link with loss, jitter and a new SIM."""

    async def scene() -> None:
        bench = Bench()
        host, port = (await bench.server.start("127.0.0.1", 0))[:2]
        relay = Relay(
            ("127.0.0.1", 0), (host, port), lambda number: Duplex(profile("lossy3g"), number)
        )
        client = UdpClient(bench.node, relay.address, bench.post_events)
        await client.start()
        tag = bench.node.put(random.Random(5).randbytes(12_000), 3, 0.0, 0.0)
        client.kick()
        asyncio.get_running_loop().call_later(0.3, relay.rebind)
        await bench.until(lambda: tag in bench.taken)
        client.close()
        relay.close()
        bench.server.close()

    asyncio.run(scene())


def test_garbage_and_strangers() -> None:
    """Garbage gets no answer; a stranger's question never gets a longer answer."""

    async def scene() -> None:
        bench = Bench()
        address = await bench.server.start("127.0.0.1", 0)
        rng = random.Random(1)
        sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(500):
            sender.sendto(rng.randbytes(rng.randrange(1, 1400)), address[:2])
        question = bytes([Kind.JOIN << 3]) + b"xt??"
        assert await exchange(address, question.ljust(64, b"."), wait_s=1.0) == b"\x20come in"
        with pytest.raises(LinkDown):
            await exchange(address, question[:1] + b"other", tries=1, wait_s=0.2)
        sender.close()
        assert bench.arrived == []
        assert bench.server.wire.datagrams_out == 1
        assert bench.server.wire.refused >= 400
        bench.server.close()

    asyncio.run(scene())


def test_unknown_host() -> None:
    """A name that cannot be is told in one sentence."""
    with pytest.raises(LinkDown):
        asyncio.run(resolve("no.such.host.invalid", 1))
