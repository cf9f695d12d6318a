"""A few of the link's cases over real UDP sockets and the emulator's relay, in real time."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from random import Random

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import profile
from xtcli.transport.emulator.relay import Relay
from xtcli.transport.link.events import BundleArrived, LinkEvent
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool
from xtcli.transport.udp import UdpClient, UdpServer

KEY = bytes(range(32))
CASES = (("gprs", 360), ("satphone", 360), ("awful", 360), ("edge", 60_000), ("lossy3g", 60_000))


async def _run(link: str, size: int, seed: int) -> tuple[float, int]:
    """Seconds until accepted at the hub, and IP bytes both ways."""

    def node(local: int, peer: int) -> SpooledLink:
        entropy = Random(seed + local).randbytes
        made = Link(local=local, peer=peer, key=KEY, now=0.0, entropy=entropy)
        return SpooledLink(made, Spool(":memory:"))

    hub, post = node(0, 1), node(1, 0)
    arrived = asyncio.get_running_loop().create_future()

    def at_hub(station: int, events: list[LinkEvent]) -> None:
        for event in events:
            if isinstance(event, BundleArrived):
                hub.accept(event.tag)
                arrived.set_result(time.monotonic())

    server = UdpServer({1: hub}.get, at_hub)
    host, port = (await server.start("127.0.0.1", 0))[:2]
    relay = Relay(("127.0.0.1", 0), (host, port), lambda number: Duplex(profile(link), seed))
    client = UdpClient(post, relay.address, lambda events: None)
    await client.start()
    begun = time.monotonic()
    priority = 1 if size < 1000 else 5
    post.put(Random(seed).randbytes(size), priority, asyncio.get_running_loop().time(), 0.0)
    client.kick()
    seconds = await asyncio.wait_for(arrived, 600) - begun
    wire = client.wire.bytes_out + client.wire.bytes_in
    client.close()
    relay.close()
    server.close()
    return seconds, wire


def runs() -> Iterator[tuple[str, str]]:
    """Each case once, cold: what and the figure."""
    for link, size in CASES:
        seconds, wire = asyncio.run(_run(link, size, 1))
        yield f"real sockets, cold: {size} B, {link}", f"{seconds:.2f} s, {wire} B both ways"
