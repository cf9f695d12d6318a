"""How many requests a second one hub takes in, with durable receipts, from many posts on loopback.

The hub is the real `xt hub serve` process. The posts share one process: real links and sockets, but
no logs of their own, so that the hub is what is measured. Requests are signed and sealed before the
clock starts. Two runs: as fast as receipts come back (closed loop, each post keeps `--window`
requests under way), then at half that rate for the latency of receipts.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from _consults import request, rows  # type: ignore[import-not-found]

from xtcli.hub import setup
from xtcli.records.keys import Keys
from xtcli.records.sign import NO_PREV, Signer, author, read
from xtcli.records.types import Receipt
from xtcli.station import enrolment, parcels
from xtcli.station.home import Home, Settings
from xtcli.transport.bundle.pack import pack, unpack
from xtcli.transport.bundle.seal import bundle_context, open_sealed, seal
from xtcli.transport.link.events import BundleArrived, LinkEvent
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool
from xtcli.transport.symbols import bundle_tag
from xtcli.transport.udp import UdpClient

RATE_BAR, P99_BAR = 100.0, 1.0
HUB = 1


@dataclass(slots=True)
class Post:
    """One post: its keys, its sealed requests, what is under way."""

    settings: Settings
    keys: Keys
    address: tuple[str, int]
    bundles: list[bytes] = field(default_factory=list)
    prev: bytes = NO_PREV
    seq: int = 0
    sent_at: dict[int, float] = field(default_factory=dict)
    took: list[float] = field(default_factory=list)
    client: UdpClient | None = None
    node: SpooledLink | None = None
    next_bundle: int = 0
    first_seq: int = 1
    on_receipt: Callable[[Post], None] = lambda post: None

    def prepare(self, count: int, seed: int) -> None:
        """Sign, pack and seal `count` requests."""
        rng, sample = random.Random(seed), rows()
        signer = Signer(self.keys.practitioner_sign)
        context = bundle_context(self.settings.realm, self.settings.number, HUB)
        for _ in range(count):
            self.seq += 1
            body = request(rng.choice(sample), self.seq)
            record = author(
                body, station=self.settings.number, seq=self.seq,
                author=self.settings.practitioner, at=int(time.time()), prev=self.prev,
                signer=signer, realm=self.settings.realm,
            )  # fmt: skip
            self.prev = record.digest[:8]
            plain = pack([parcels.record_part(record)])
            self.bundles.append(
                seal(plain, recipient=self.settings.hub_seal, context=context, entropy=os.urandom)
            )

    async def start(self) -> None:
        """Open the link."""
        key = link_key(self.keys.station_seal, self.settings.hub_seal, self.settings.realm)
        now = asyncio.get_running_loop().time()
        link = Link(local=self.settings.number, peer=HUB, key=key, now=now, entropy=os.urandom)
        self.node = SpooledLink(link, Spool(":memory:"))
        self.client = UdpClient(self.node, self.address, self._events)
        await self.client.start()

    def send(self) -> bool:
        """Put the next request on the road; False when there is none left."""
        assert self.node is not None
        assert self.client is not None
        if self.next_bundle >= len(self.bundles):
            return False
        sealed = self.bundles[self.next_bundle]
        self.next_bundle += 1
        self.sent_at[self.next_bundle] = time.monotonic()
        now = asyncio.get_running_loop().time()
        self.node.link.offer(bundle_tag(sealed), sealed, 1, now)
        self.client.kick()
        return True

    def _events(self, events: list[LinkEvent]) -> None:
        """Receipts end what they name."""
        assert self.node is not None
        context = bundle_context(self.settings.realm, HUB, self.settings.number)
        for event in events:
            if not isinstance(event, BundleArrived):
                continue
            plain = open_sealed(event.sealed, private=self.keys.station_seal, context=context)
            self.node.accept(event.tag)
            for part in unpack(plain):
                body = read(part.body, part.raw).body
                if isinstance(body, Receipt):
                    self._receipt(body)

    def _receipt(self, body: Receipt) -> None:
        now = time.monotonic()
        for span in body.records:
            if span.station != self.settings.number:
                continue
            for seq in range(span.first, span.last + 1):
                began = self.sent_at.pop(seq, None)
                if began is not None:
                    self.took.append(now - began)
                    self.on_receipt(self)


def enrol(root: Path, count: int) -> tuple[str, list[Post]]:
    """A hub with `count` posts and two desks enrolled by file; its home and the posts."""
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    home = str(root / "hub")
    setup.init(Home(root / "hub"), "hub", f"127.0.0.1:{port}")
    os.environ["XT_HOME"] = home
    posts = []
    for number in range(count + 2):
        kind = "desk" if number >= count else "post"
        code = setup.invite(station=f"{kind}{number}", kind=kind, practitioner="doctor",
                            dept="心内科" if kind == "desk" else "").code  # fmt: skip
        place = Home(root / f"s{number}")
        enrolment.write_request(place, code, str(root / "join"))
        settings = enrolment.join(place, code, 1.0, setup.admit_file(str(root / "join")))
        if kind == "post":
            posts.append(Post(settings, Keys.from_bytes(place.read_keys()), ("127.0.0.1", port)))
    return home, posts


def rss(pid: int) -> float:
    """Resident megabytes of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1000
    return 0.0


async def saturate(posts: list[Post], window: int, seconds: float) -> float:
    """Requests a second with `window` under way at each post."""
    running = True

    def again(post: Post) -> None:
        if running:
            post.send()

    began = time.monotonic()
    before = sum(len(post.took) for post in posts)
    for post in posts:
        post.on_receipt = again
        for _ in range(window):
            post.send()
    await asyncio.sleep(seconds)
    running = False
    done = sum(len(post.took) for post in posts) - before
    rate = done / (time.monotonic() - began)
    await drained(posts)
    return rate


async def paced(posts: list[Post], rate: float, seconds: float, seed: int) -> list[float]:
    """Receipt times at a steady rate (open loop, seeded gaps)."""
    for post in posts:
        post.took.clear()
        post.on_receipt = lambda _: None
    rng = random.Random(seed)
    end = time.monotonic() + seconds
    due = time.monotonic()
    while time.monotonic() < end:
        due += rng.expovariate(rate)
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        rng.choice(posts).send()
    await drained(posts)
    return sorted(time for post in posts for time in post.took)


async def drained(posts: list[Post]) -> None:
    """Wait until every request has its receipt, at most half a minute."""
    end = time.monotonic() + 30
    while any(post.sent_at for post in posts) and time.monotonic() < end:
        await asyncio.sleep(0.05)


async def measure(posts: list[Post], pid: int, options: argparse.Namespace) -> dict[str, float]:
    """Both runs, and the hub's memory before, between and after."""
    for post in posts:
        await post.start()
    memory = [rss(pid)]
    rate = await saturate(posts, options.window, options.seconds)
    memory.append(rss(pid))
    took = await paced(posts, rate / 2, options.seconds, options.seed)
    memory.append(rss(pid))
    lost = sum(len(post.sent_at) for post in posts)
    for post in posts:
        assert post.client is not None
        post.client.close()
    return {
        "requests_per_s": rate, "half_load_per_s": rate / 2, "receipts": len(took),
        "receipt_median_s": took[len(took) // 2], "receipt_p99_s": took[int(len(took) * 0.99)],
        "without_receipt": lost, "hub_mb_start": memory[0], "hub_mb_full": memory[1],
        "hub_mb_end": memory[2],
    }  # fmt: skip


def main() -> int:
    """Print the figures; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--posts", type=int, default=24)
    parser.add_argument("--window", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--per-post", type=int, default=250)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xt-bench-") as folder:
        home, posts = enrol(Path(folder), options.posts)
        for number, post in enumerate(posts):
            post.prepare(options.per_post, options.seed * 1000 + number)
        hub = subprocess.Popen(
            [Path(sys.executable).with_name("xt"), "hub", "serve", "--json"],
            env={**os.environ, "XT_HOME": home}, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            time.sleep(1.5)
            found = asyncio.run(measure(posts, hub.pid, options))
        finally:
            hub.send_signal(signal.SIGTERM)
            hub.wait(20)
    if options.as_json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:<20}{value:>10.3f}")
        print(f"bars: >= {RATE_BAR:.0f} requests/s, p99 receipt <= {P99_BAR} s at half load")
    good = found["requests_per_s"] >= RATE_BAR and found["receipt_p99_s"] <= P99_BAR
    return 0 if good and not found["without_receipt"] else 1


if __name__ == "__main__":
    sys.exit(main())
