"""HTTPS POST, and LXMF where installed, in each case of the link's table: real time and TCP.

    python -m scripts.bench.link_rivals                      every case, 10 seeds, 8 runs at a time
    python -m scripts.bench.link_rivals --case text outage --seeds 3 --jobs 4
    python -m scripts.bench.link --rivals                    the same beside the link's own figures

Linux, root. Runs of different seeds go side by side, each in network namespaces of its own; they
mostly wait. Everything takes about an hour and a half. `--raw FILE` keeps one JSON object a run.
"""

from __future__ import annotations

import argparse
import json
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from random import Random

from scripts.bench._https_rival import LIMIT_S, Posting, finish
from scripts.bench.link_cases import FAST, percentile
from scripts.bench.rivals import https_post, lxmf_python, lxmf_send
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES, Profile

TEXT_BYTES = 360
BULK_BYTES = 60_000
PHOTO_BYTES = 300_000
SLOW_S = 300.0
SLOW_RATES = (100.0, 150.0, 200.0, 300.0)
BULK = ("awful", "satphone", "lossy3g", "gprs", "edge", "geo")
TEXTS = ("gprs", "satphone", "awful")
NEW_ADDRESS = "10.77.0.3"
HEADERS = 1_500 / 1_448
"""IP bytes for a byte of payload in a full TCP segment with time stamps."""


@dataclass(frozen=True, slots=True)
class Result:
    """One run of one case by one rival; None: it did not happen within the limit."""

    rival: str
    case: str
    seed: int
    value: float | None
    extra: float | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A figure of the link's table: `key` names the row, `run` plays one seed."""

    key: str
    rival: str
    run: Callable[[int], tuple[float | None, float | None]]
    worst_first: bool = False
    """For shares: the low end is the bad one."""


def _uplink(link: Profile) -> float:
    return (link.rate_up_bps or 1e12) * (1 - link.loss)


def posted(link: Profile, size: int, seed: int) -> tuple[float | None, float | None]:
    """Seconds until whole; IP bytes both ways."""
    run = https_post(link, size, seed)
    return run.seconds, float(run.bytes_up + run.bytes_down)


def messaged(link: Profile, size: int, seed: int) -> tuple[float | None, float | None]:
    """The same by LXMF."""
    run = lxmf_send(link, size, seed)
    return run.seconds, float(run.bytes_up + run.bytes_down)


def goodput(link: Profile, size: int, seed: int) -> tuple[float | None, float | None]:
    """Payload rate after the first round trip over (1-p) x rate; p95 of the queue in seconds."""
    road = Duplex(link, seed, overhead=0)
    with Posting(road) as posting:
        began = time.monotonic()
        client = posting.post("one", size, seed)
        whole = posting.whole("one")
        finish(client, 60.0 if whole else 0.0)
    queue = percentile(list(road.up.queue_delays), 0.95)
    if whole is None:
        return None, queue
    return size * 8 / _uplink(link) / (whole - began - 2 * link.delay_s), queue


def slow(rate: float, seed: int) -> tuple[float | None, float | None]:
    """3 kB at `rate` bit/s within five minutes, 5 % loss: seconds, or None."""
    link = Profile("slow", rate, rate, 0.45, 0.05, 0.05, 3.0, queue_s=120.0)
    with Posting(Duplex(link, seed, overhead=0)) as posting:
        began = time.monotonic()
        posting.post("one", 3000, seed)
        whole = posting.whole("one", SLOW_S)
    return (None if whole is None else whole - began), rate


def new_address(posting: Posting) -> None:
    """The post's host gets another address: what its kernel still had to send is void."""
    hosts = posting.hosts
    post, hub = hosts.post, hosts.hub
    for command in (
        ["-n", post.namespace, "addr", "flush", "dev", post.device],
        ["-n", post.namespace, "addr", "add", NEW_ADDRESS, "peer", hub.address, "dev", post.device],
        ["-n", hub.namespace, "route", "add", NEW_ADDRESS, "dev", hub.device],
    ):
        subprocess.run(["ip", *command], check=True, capture_output=True)


def resumed(share: float, seed: int) -> tuple[float | None, float | None]:
    """Client killed when `share` of 60 kB is there, started again: payload that had arrived and
    was sent anew, over the IP bytes sent before the kill."""
    road = Duplex(PROFILES["gprs"], seed, overhead=0)
    with Posting(road) as posting:
        client = posting.post("one", BULK_BYTES, seed)
        there = posting.wait_for(
            lambda e: e.name == "one" and e.size >= share * BULK_BYTES, LIMIT_S
        )
        if there is None:
            return None, None
        client.send_signal(signal.SIGKILL)
        client.wait()
        new_address(posting)
        sent = road.up.counters.bytes_sent
        time.sleep(3.0)
        again = posting.post("two", BULK_BYTES, seed)
        whole = posting.whole("two")
        finish(again, 60.0 if whole else 0.0)
        had = max(e.size for e in posting.events if e.name == "one")
    return (None if whole is None else had / sent), float(had)


def outage(seed: int) -> tuple[float | None, float | None]:
    """60 kB over outages: what was delivered beyond one copy (full segments' headers taken off),
    over the size; seconds until whole."""
    road = Duplex(PROFILES["outage"], seed, overhead=0)
    with Posting(road) as posting:
        began = time.monotonic()
        client = posting.post("one", BULK_BYTES, seed)
        whole = posting.whole("one")
        finish(client, 30.0 if whole else 0.0)
        delivered = road.up.counters.bytes_delivered
    if whole is None:
        return None, None
    return delivered / HEADERS / BULK_BYTES - 1, whole - began


def overtaking(seed: int) -> tuple[float | None, float | None]:
    """A text POST of its own while a photo is on its way on gprs: seconds."""
    with Posting(Duplex(PROFILES["gprs"], seed, overhead=0)) as posting:
        photo = posting.post("photo", PHOTO_BYTES, seed)
        time.sleep(Random(seed).uniform(10, 60))
        began = time.monotonic()
        posting.post("text", TEXT_BYTES, seed + 1)
        whole = posting.whole("text", 120.0)
        photo.kill()
    return (None if whole is None else whole - began), None


def sharing(seed: int) -> tuple[float | None, float | None]:
    """Two POSTs on one 40 kbit/s link: the smaller share of the capacity from 20 to 140 s."""
    link = replace(PROFILES["gprs"], rate_up_bps=40e3)
    with Posting(Duplex(link, seed, overhead=0)) as posting:
        began = time.monotonic()
        for name in ("a", "b"):
            posting.post(name, 1_500_000, seed)
        time.sleep(140.0)
        events = list(posting.events)
    got = []
    for name in ("a", "b"):
        sizes = [(e.at - began, e.size) for e in events if e.name == name and e.what == "read"]
        before = max((size for at, size in sizes if at <= 20), default=0)
        got.append(max((size for _, size in sizes), default=0) - before)
    return min(got) * HEADERS * 8 / (40e3 * 120), None


def killed(seed: int) -> tuple[float | None, float | None]:
    """300 kB on edge, the client killed every 5 s and started again, for four minutes."""
    with Posting(Duplex(PROFILES["edge"], seed, overhead=0)) as posting:
        began = time.monotonic()
        while time.monotonic() < began + 240:
            client = posting.post("one", PHOTO_BYTES, seed)
            whole = posting.whole("one", 5.0)
            client.kill()
            client.wait()
            if whole is not None:
                return whole - began, None
            time.sleep(0.5)
        most = max((e.size for e in posting.events), default=0)
    return None, float(most)


def https_cases() -> Iterator[Case]:
    """Every case, the long ones first."""
    for name in BULK:
        yield Case(f"bulk {name}", "https", partial(goodput, PROFILES[name], BULK_BYTES), True)
    for rate in SLOW_RATES:
        yield Case(f"slow {rate:.0f}", "https", partial(slow, rate))
    yield Case("outage", "https", outage)
    yield Case("killed", "https", killed)
    yield Case("sharing", "https", sharing, True)
    for share in (0.25, 0.5, 0.75):
        yield Case(f"resumed {share:.0%}", "https", partial(resumed, share))
    yield Case("stat", "https", overtaking)
    for name in TEXTS:
        yield Case(f"text {name}", "https", partial(posted, PROFILES[name], TEXT_BYTES))
    yield Case("fast", "https", partial(goodput, FAST, 5_000_000), True)


def lxmf_cases() -> Iterator[Case]:
    """None where Reticulum and LXMF are not installed."""
    if lxmf_python() is None:
        return
    for name in BULK:
        yield Case(f"bulk {name}", "lxmf", partial(_lxmf_goodput, PROFILES[name]), True)
    for name in TEXTS:
        yield Case(f"text {name}", "lxmf", partial(messaged, PROFILES[name], TEXT_BYTES))


def _lxmf_goodput(link: Profile, seed: int) -> tuple[float | None, float | None]:
    seconds, wire = messaged(link, BULK_BYTES, seed)
    if seconds is None:
        return None, wire
    return BULK_BYTES * 8 / _uplink(link) / (seconds - 2 * link.delay_s), wire


def run_all(chosen: Sequence[Case], seeds: int, jobs: int) -> Iterator[list[Result]]:
    """The results of each case, as soon as a case is done."""

    def one(case: Case, seed: int) -> Result:
        try:
            value, extra = case.run(seed)
        except RuntimeError as trouble:
            # A rival that does not start is a run that failed, not the end of the table.
            print(f"{case.rival} {case.key} seed {seed}: {trouble}", file=sys.stderr, flush=True)
            value, extra = None, None
        return Result(case.rival, case.key, seed, value, extra)

    with ThreadPoolExecutor(jobs) as pool:
        waiting = [
            [pool.submit(one, case, seed) for seed in range(1, seeds + 1)] for case in chosen
        ]
        for futures in waiting:
            yield [future.result() for future in futures]


def summary(results: Sequence[Result], worst_first: bool) -> str:
    """Median and the bad end; a run that failed counts as the worst."""
    bad = 0.0 if worst_first else float("inf")
    values = [bad if one.value is None else one.value for one in results]
    median, edge = statistics.median(values), percentile(values, 0.05 if worst_first else 0.95)
    failed = sum(one.value is None for one in results)
    words = "p5" if worst_first else "p95"
    text = f"median {median:.3g}, {words} {edge:.3g}"
    extras = [one.extra for one in results if one.extra is not None]
    if extras:
        text += f"; beside it median {statistics.median(extras):.4g}"
    return text + (f"; {failed} of {len(results)} failed" if failed else "")


def main(arguments: Sequence[str]) -> int:
    """Play the cases asked for and print them."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--jobs", type=int, default=8)
    parser.add_argument("--case", nargs="*", help="first words of cases: text bulk stat ...")
    parser.add_argument("--rival", nargs="*", default=["https", "lxmf"])
    parser.add_argument("--raw", type=Path, help="a file for one JSON object a run")
    options = parser.parse_args(arguments)
    chosen = [
        case
        for case in (*https_cases(), *lxmf_cases())
        if case.rival in options.rival
        and (not options.case or any(case.key.startswith(word) for word in options.case))
    ]
    for case, results in zip(chosen, run_all(chosen, options.seeds, options.jobs), strict=True):
        print(f"{case.rival:<6} {case.key:<14} {summary(results, case.worst_first)}", flush=True)
        if options.raw:
            with options.raw.open("a") as raw:
                raw.writelines(json.dumps(asdict(one)) + "\n" for one in results)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
