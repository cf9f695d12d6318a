"""From commit at the post to logged at the hub, over emulated links, real sockets, >= 20 seeds.

One hub and one post with real homes on this machine; each seed is a new relay with its own losses.
The limit beside each figure is what no program can beat: one-way delay, plus the packed bytes of
the consult (content compressed, signature and chain; no seal, no headers) at the link's rate and
loss. The first run of each link starts cold: the link was never measured.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from _consults import request, rows  # type: ignore[import-not-found]

from xtcli.hub import setup
from xtcli.hub.hub import HubStation
from xtcli.hub.serving import Server
from xtcli.records.ids import RecordId
from xtcli.records.types import Request
from xtcli.station import enrolment, shell
from xtcli.station.home import Home
from xtcli.station.pump import Pump
from xtcli.station.station import Station
from xtcli.transport.bundle.pack import Part, pack
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import Profile, profile
from xtcli.transport.emulator.relay import Relay, show_address

LINKS = ("gprs", "satphone", "awful")
BARS = {"gprs": 1.5, "satphone": 1.5, "awful": None}
RUN_SECONDS_MAX = 120.0


async def one(hub: HubStation, post: Station, body: Request, road: Profile, seed: int,
              target: tuple[str, int]) -> tuple[float, float, int, int]:  # fmt: skip
    """Seconds to the hub's log and to the receipt, bytes up and down, for one consult."""
    relay = Relay(("127.0.0.1", 0), target, lambda number: Duplex(road, seed + number, overhead=28))
    post.settings = replace(post.settings, hub_address=show_address(relay.address))
    pump = Pump(post, lambda arrival: None)
    await pump.start()
    record = post.write(body)
    start = time.monotonic()
    pump.look()
    logged = 0.0
    while time.monotonic() - start < RUN_SECONDS_MAX:
        if not logged and hub.log.get(record.id) is not None:
            logged = time.monotonic() - start
        if logged and 1 in post.log.confirmed(record.id):
            break
        await asyncio.sleep(0.002)
    receipt = time.monotonic() - start
    up, down = pump.wire.bytes_out, pump.wire.bytes_in
    await asyncio.sleep(0.3)
    await pump.close()
    relay.close()
    return logged or RUN_SECONDS_MAX, receipt, up, down


async def run(links: list[str], seeds: int, first: int, root: Path) -> list[dict[str, object]]:
    """Every link, every seed."""
    hub, post = enrol(root)
    server = Server(hub, as_json=True)
    server._say = lambda document, text: None  # type: ignore[method-assign]
    serving = asyncio.create_task(server.run())
    await asyncio.sleep(0.2)
    target = enrolment.parse_address(hub.settings.hub_address)
    sample = rows()
    lines = []
    for name in links:
        road = profile(name)
        times, receipts, ratios, ups, downs = [], [], [], [], []
        for seed in range(first, first + seeds):
            body = request(random.Random(seed).choice(sample), seed)
            logged, receipt, up, down = await one(hub, post, body, road, seed, target)
            head = post.log.own_head()
            packed = packed_bytes(post, head.seq)
            rate = road.rate_up_bps or float("inf")
            limit = road.delay_s + packed * 8 / (rate * (1 - road.loss))
            times.append(logged)
            receipts.append(receipt)
            ratios.append(logged / limit)
            ups.append(up)
            downs.append(down)
        lines.append({
            "link": name, "seeds": seeds, "median_s": statistics.median(times),
            "p95_s": sorted(times)[int(0.95 * (len(times) - 1))],
            "receipt_median_s": statistics.median(receipts),
            "ratio_median": statistics.median(ratios),
            "ratio_p95": sorted(ratios)[int(0.95 * (len(ratios) - 1))],
            "bytes_up_median": statistics.median(ups),
            "bytes_down_median": statistics.median(downs), "bar": BARS.get(name),
        })  # fmt: skip
    server.stopping.set()
    await serving
    return lines


def packed_bytes(post: Station, seq: int) -> int:
    """Packed bytes of the newest request of the post."""
    for number in range(seq, 0, -1):
        record = post.log.get(RecordId(post.number, number))
        if record is not None and isinstance(record.body, Request):
            return len(pack([Part(record.content, record.raw)]))
    raise AssertionError("no request was filed")


def enrol(root: Path) -> tuple[HubStation, Station]:
    """A hub that listens on loopback, and a post that has joined it."""
    import os
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    setup.init(Home(root / "hub"), "hub", f"127.0.0.1:{port}")
    os.environ["XT_HOME"] = str(root / "hub")
    code = setup.invite(station="post", kind="post", practitioner="doctor").code
    request_file, home = root / "join", Home(root / "post")
    enrolment.write_request(home, code, str(request_file))
    welcome = setup.admit_file(str(request_file))
    enrolment.join(home, code, 1.0, welcome)
    hub = HubStation(Home(root / "hub"), clock=shell.now, entropy=shell.entropy)
    return hub, Station(home, clock=shell.now, entropy=shell.entropy)


def main() -> int:
    """Print the table; exit 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", default=",".join(LINKS))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", dest="as_json")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xt-bench-") as folder:
        lines = asyncio.run(
            run(options.links.split(","), options.seeds, options.first_seed, Path(folder))
        )
    if options.as_json:
        print(json.dumps(lines))
    else:
        print(f"{'link':<10}{'median s':>9}{'p95 s':>8}{'x limit':>9}{'p95':>6}{'receipt s':>11}"
              f"{'up B':>7}{'down B':>8}   bar")  # fmt: skip
        for line in lines:
            bar = f"<= {line['bar']} x" if line["bar"] else "-"
            print(f"{line['link']:<10}{line['median_s']:>9.2f}{line['p95_s']:>8.2f}"
                  f"{line['ratio_median']:>9.2f}{line['ratio_p95']:>6.2f}"
                  f"{line['receipt_median_s']:>11.2f}{line['bytes_up_median']:>7.0f}"
                  f"{line['bytes_down_median']:>8.0f}   {bar}")  # fmt: skip
    missed = [line for line in lines if line["bar"] and line["ratio_median"] > line["bar"]]  # type: ignore[operator]
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
