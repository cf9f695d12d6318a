"""One side of xt's own link over real UDP sockets, spoken to as `_lxmf_peer.py` is.

Usage: python -m scripts.bench._xt_peer hub|post FOLDER HUB_ADDRESS PORT. The hub prints "ready",
then for each bundle the monotonic second at which it was whole, and its size. The post prints
"connected" and "ready"; each file name on its stdin is sent as one bundle. Nobody has measured the
link before. Spools are in memory: what is compared is the road, not the disk.
"""

from __future__ import annotations

import asyncio
import secrets
import sys
import time
from pathlib import Path

from xtcli.transport.link.events import BundleArrived, LinkEvent
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool
from xtcli.transport.udp import UdpClient, UdpServer, resolve

KEY = bytes(range(32))
BULK = 5
"""Priority of a full image."""


def node(local: int, peer: int) -> SpooledLink:
    """One end, fresh."""
    now = asyncio.get_running_loop().time()
    link = Link(local=local, peer=peer, key=KEY, now=now, entropy=secrets.token_bytes)
    return SpooledLink(link, Spool(":memory:"))


async def hub(port: str) -> None:
    """Take bundles until stopped."""
    mine = node(0, 1)

    def arrived(station: int, events: list[LinkEvent]) -> None:
        for event in events:
            if isinstance(event, BundleArrived):
                print(f"{time.monotonic():.6f} {len(event.sealed)}", flush=True)
                mine.accept(event.tag)

    server = UdpServer({1: mine}.get, arrived)
    await server.start("0.0.0.0", int(port))
    print("ready", flush=True)
    await asyncio.Event().wait()


async def post(address: str, port: str) -> None:
    """Send each file named on stdin."""
    mine = node(1, 0)
    loop = asyncio.get_running_loop()
    client = UdpClient(mine, await resolve(address, int(port)), lambda events: None)
    await client.start()
    print("connected\nready", flush=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        mine.put(Path(line.strip()).read_bytes(), BULK, loop.time(), 0.0)
        client.kick()
    await asyncio.Event().wait()


if __name__ == "__main__":
    if sys.argv[1] == "hub":
        asyncio.run(hub(sys.argv[4]))
    else:
        asyncio.run(post(sys.argv[3], sys.argv[4]))
