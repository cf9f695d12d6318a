"""What today's tools need for the same bytes on the same links: real processes, real kernel TCP.

Each run joins two network namespaces through the emulator (Linux, root) and moves one random
payload from the post to the hub. As a program it prints a table; other benches import
`https_post` and, where Reticulum is installed, `lxmf_send`.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.bench._https_rival import LIMIT_S, PORT, Posting, finish, payload
from xtcli.errors import DeviceMissing
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.options import guarded
from xtcli.transport.emulator.profiles import Profile, profile
from xtcli.transport.emulator.tun import HUB_ADDRESS, JoinedHosts

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]


@dataclass(frozen=True, slots=True)
class RivalRun:
    """One payload moved: `seconds` until whole at the hub (None: never), IP bytes offered."""

    rival: str
    link: str
    size: int
    seed: int
    seconds: float | None
    bytes_up: int
    bytes_down: int


Rival = Callable[[Profile, int, int], RivalRun]


def limit_s(link: Profile, size: int) -> float:
    """Physical limit: mean one-way delay and the bytes at the share of the rate that survives."""
    rate = link.rate_up_bps
    sending = 0.0 if rate is None else 8 * (size + 28) / (rate * (1 - link.loss))
    return link.delay_s + sending


def https_post(link: Profile | str, size: int, seed: int) -> RivalRun:
    """POST `size` bytes over a fresh TLS 1.3 connection; time from starting the client.

    The client's own start, about 20 ms, is in the figure.
    """
    chosen = profile(link) if isinstance(link, str) else link
    road = Duplex(chosen, seed, overhead=0)
    with Posting(road) as posting:
        began = time.monotonic()
        client = posting.post("one", size, seed)
        whole_at = posting.whole("one")
        finish(client, 60.0 if whole_at else 0.0)
    seconds = None if whole_at is None else whole_at - began
    up, down = road.up.counters, road.down.counters
    return RivalRun("https", chosen.name, size, seed, seconds, up.bytes_offered, down.bytes_offered)


def _first_line(process: subprocess.Popen[str], patience_s: float) -> str | None:
    """The next line of a process's stdout, or None if it takes longer or ends."""
    with ThreadPoolExecutor(1) as pool:
        assert process.stdout is not None
        line = pool.submit(process.stdout.readline)
        try:
            return line.result(patience_s).strip() or None
        except TimeoutError:
            # Ends the reader's wait too; the run has failed.
            process.kill()
            return None


def lxmf_python() -> str | None:
    """A Python that has Reticulum and LXMF: $XT_LXMF_PYTHON, else this one, else None."""
    named = os.environ.get("XT_LXMF_PYTHON")
    if named:
        return named
    return sys.executable if importlib.util.find_spec("LXMF") else None


def lxmf_send(link: Profile | str, size: int, seed: int) -> RivalRun:
    """Send `size` bytes as one direct LXMF message over Reticulum's TCP interface.

    The connection stands and the path is known before the clock and the counters start.
    """
    python = lxmf_python()
    if python is None:
        raise DeviceMissing(
            "Reticulum and LXMF are not installed.",
            "Install rns and lxmf somewhere and name that Python in XT_LXMF_PYTHON.",
        )
    chosen = profile(link) if isinstance(link, str) else link
    road = Duplex(chosen, seed, overhead=0)
    peer = [python, str(HERE / "_lxmf_peer.py")]
    seconds, up, down = peers_over(road, peer, size, seed)
    return RivalRun("lxmf", chosen.name, size, seed, seconds, up, down)


def peers_over(
    road: Duplex,
    peer: Sequence[str],
    size: int,
    seed: int,
    begin: Callable[[float], None] = lambda now: None,
    patience_s: float = LIMIT_S,
) -> tuple[float | None, int, int]:
    """One payload between two processes that speak as `_lxmf_peer.py` does: seconds until whole at
    the hub, or None, and IP bytes up and down.

    `begin` is called with the road's second as the clock starts; both sides are ready by then.
    """
    with tempfile.TemporaryDirectory(prefix="xt-rivals-") as name:
        folder = Path(name)
        (folder / "body").write_bytes(payload(size, seed))
        where = [HUB_ADDRESS, str(PORT)]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        with JoinedHosts(road) as hosts:
            joined = time.monotonic()
            hub = hosts.hub.start([*peer, "hub", str(folder / "hub"), *where], cwd=ROOT, **pipes)
            _expect(hub, "ready")
            post = hosts.post.start(
                [*peer, "post", str(folder / "post"), *where], cwd=ROOT, **pipes
            )
            _expect(post, "connected")
            # Reticulum's TCP client reports nothing: give its handshake two round trips.
            time.sleep(4 * (road.profile.delay_s + road.profile.jitter_s) + 0.5)
            _say(hub, "announce")
            _expect(post, "ready")
            before = road.up.counters.bytes_offered, road.down.counters.bytes_offered
            began = time.monotonic()
            begin(began - joined)
            _say(post, str(folder / "body"))
            delivered = _first_line(hub, patience_s)
            up = road.up.counters.bytes_offered - before[0]
            down = road.down.counters.bytes_offered - before[1]
        for process in (hub, post):
            process.communicate()
    return (None if delivered is None else float(delivered.split()[0]) - began), up, down


def _expect(process: subprocess.Popen[str], word: str) -> None:
    """Wait for a line; RuntimeError if another or none comes."""
    line = _first_line(process, LIMIT_S)
    if line != word:
        raise RuntimeError(f"a rival said {line!r} where {word!r} was expected")


def _say(process: subprocess.Popen[str], line: str) -> None:
    """Write one line to a process."""
    assert process.stdin is not None
    process.stdin.write(line + "\n")
    process.stdin.flush()


RIVALS: dict[str, Rival] = {"https": https_post, "lxmf": lxmf_send}

REPORTED: dict[tuple[str, str, int], tuple[float, float]] = {
    ("https", "gprs", 600): (2.7, 3.5e3),
    ("https", "satphone", 600): (4.4, 3.6e3),
    ("https", "awful", 600): (3.7, 4.1e3),
    ("https", "gprs", 60_000): (41, 83e3),
    ("https", "satphone", 60_000): (73, 100e3),
    ("https", "awful", 60_000): (95, 104e3),
    ("lxmf", "gprs", 600): (2.7, 2.1e3),
    ("lxmf", "satphone", 600): (4.0, 2.1e3),
    ("lxmf", "awful", 600): (17, 6.8e3),
    ("lxmf", "gprs", 60_000): (32, 82e3),
    ("lxmf", "satphone", 60_000): (77, 376e3),
    ("lxmf", "awful", 60_000): (44, 107e3),
}
"""Earlier measurements of the same cases: seconds until whole at the hub, bytes both ways."""


def summary(runs: Sequence[RivalRun]) -> dict[str, Any]:
    """Median and worst of runs of one case, beside the limit and the earlier figure.

    A run that failed counts as endless: "-" stands for a median or worst that was never.
    """
    first = runs[0]
    seconds = [math.inf if run.seconds is None else run.seconds for run in runs]
    median, worst = statistics.median(seconds), max(seconds)
    reported = REPORTED.get((first.rival, first.link, first.size))
    return {
        "rival": first.rival,
        "link": first.link,
        "size": first.size,
        "runs": len(runs),
        "failed": seconds.count(math.inf),
        "median_s": round(median, 2) if math.isfinite(median) else None,
        "worst_s": round(worst, 2) if math.isfinite(worst) else None,
        "limit_s": round(limit_s(profile(first.link), first.size), 2),
        "bytes": round(statistics.median(run.bytes_up + run.bytes_down for run in runs)),
        "reported_s": reported[0] if reported else None,
        "reported_bytes": round(reported[1]) if reported else None,
    }


def congestion_control() -> str:
    """The kernel's TCP congestion control, which every figure depends on."""
    path = Path("/proc/sys/net/ipv4/tcp_congestion_control")
    return path.read_text().strip() if path.exists() else "unknown"


def table(rows: Sequence[dict[str, Any]]) -> str:
    """The summaries as aligned columns."""
    names = list(rows[0])
    cells = [names, *([("-" if v is None else str(v)) for v in row.values()] for row in rows)]
    widths = [max(len(row[i]) for row in cells) for i in range(len(names))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True))
        for row in cells
    )


def main(arguments: Sequence[str]) -> int:
    """Measure the cases asked for and print them."""
    parser = argparse.ArgumentParser(prog="scripts/bench/rivals.py", description=__doc__)
    parser.add_argument("--rival", nargs="+", choices=sorted(RIVALS), default=["https"])
    parser.add_argument("--link", nargs="+", default=["gprs", "satphone", "awful"])
    parser.add_argument("--size", nargs="+", type=int, default=[600], help="payload bytes")
    parser.add_argument("--seeds", type=int, default=5, help="runs of each case; default 5")
    parser.add_argument("--jobs", type=int, default=1, help="runs at the same time; default 1")
    parser.add_argument("--json", action="store_true", help="raw runs, one JSON object a line")
    options = parser.parse_args(arguments)
    rows = []
    with ThreadPoolExecutor(options.jobs) as pool:
        for name, link, size in product(options.rival, options.link, options.size):
            profile(link)
            runs = []
            for run in pool.map(partial(RIVALS[name], link, size), range(1, options.seeds + 1)):
                # Some take minutes: every run is shown when it is done.
                print(
                    json.dumps(asdict(run)), file=None if options.json else sys.stderr, flush=True
                )
                runs.append(run)
            rows.append(summary(runs))
    if not options.json:
        print(f"TCP congestion control: {congestion_control()}")
        print(table(rows))
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
