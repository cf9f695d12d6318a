"""3 MB over each recording of a real link: xt beside HTTPS POST, and LXMF where installed.

    python -m scripts.bench.link_traces FOLDER          20 places of each recording, 4 at a time
    python -m scripts.bench.link_traces FOLDER --places 10 --rival xt https --raw rows.jsonl
    python -m scripts.bench.link_traces --rows rows.jsonl              the table of such rows again
    python -m scripts.bench.link --only --traces FOLDER --rivals       beside xt's bar: it completes

Linux, root, real time, real processes in network namespaces of their own; about 40 minutes. The
recording stands still until the processes are ready and the clock starts, so all meet the same
stretch of it. `xt` is two processes over UDP; `xt virtual` the same code in virtual time. Nobody
has measured the link before. LXMF: $XT_LXMF_PYTHON names a Python that has rns and lxmf.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

from scripts.bench import link_cases as cases
from scripts.bench._https_rival import Posting, finish
from scripts.bench.recordings import (
    TRACE_BYTES,
    TRACE_PLACES,
    Recording,
    held_road,
    recordings,
)
from scripts.bench.rivals import HERE, congestion_control, lxmf_python, peers_over
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.options import guarded
from xtcli.transport.emulator.tun import Host, require_tun

LIMIT_S = 300.0
"""A run that takes longer has failed."""
FAST_BPS = 12e6
"""Rates side by side at most, so that emulator and processes stay below a core."""
BEAT_S = 0.01
RIVALS = ("xt", "https", "https cubic", "lxmf")


@dataclass(frozen=True, slots=True)
class Run:
    """One transfer from one place of a recording; `seconds` None: not whole within the limit."""

    rival: str
    recording: str
    start: float
    seconds: float | None
    share: float
    """Of the recording's own capacity."""
    there: int
    """Payload at the hub, by HTTPS; else IP bytes that reached it, the payload's size at most."""
    queue_p95_s: float
    """What packets waited at the bottleneck; an urgent one would have waited as long."""
    bytes_up: int
    """IP bytes offered, what the processes said before the clock started included."""
    bytes_down: int


Play = Callable[[Recording, float], Run]


def _run(
    rival: str, one: Recording, start: float, road: Duplex, seconds: float | None, there: int
) -> Run:
    share = one.share(start, seconds)
    queue = cases.percentile(list(road.up.queue_delays) or [0.0], 0.95)
    up, down = (way.counters.bytes_offered for way in (road.up, road.down))
    return Run(rival, one.name, start, seconds, share, there, queue, up, down)


def virtual(one: Recording, start: float) -> Run:
    """xt in virtual time."""
    seconds, road = cases.over_trace(*one.play(start), TRACE_BYTES, 1)
    there = min(TRACE_BYTES, road.up.counters.bytes_delivered)
    return _run("xt virtual", one, start, road, seconds, there)


def posted(rival: str, control: str | None = None) -> Play:
    """HTTPS POST over a fresh connection; the client's own start, about 20 ms, is in it. The
    kernel's congestion control as it is, or `control`."""

    def play(one: Recording, start: float) -> Run:
        return _posted(rival, control, one, start)

    return play


def _posted(rival: str, control: str | None, one: Recording, start: float) -> Run:
    held = held_road(one, start)
    with Posting(held.road) as posting:
        if control is not None:
            _control(posting.hosts.post, posting.hosts.hub, control)
        posting.write("one", TRACE_BYTES, 1)
        began = time.monotonic()
        held.begin(began - posting.joined)
        client = posting.post("one", TRACE_BYTES, 1)
        whole = posting.whole("one", LIMIT_S)
        finish(client, 10.0 if whole else 0.0)
        there = max((event.size for event in posting.events), default=0)
    seconds = None if whole is None else whole - began
    return _run(rival, one, start, held.road, seconds, there)


def _control(post: Host, hub: Host, name: str) -> None:
    """Choose TCP's congestion control on the way to the hub; RuntimeError if it cannot be."""
    route = [hub.address, "dev", post.device, "src", post.address, "congctl", name]
    command = ["ip", "-n", post.namespace, "route", "change", *route]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"no congestion control {name} here: {done.stderr.strip()}")


def by_peers(rival: str, command: Sequence[str]) -> Play:
    """Two processes that speak as `_lxmf_peer.py` does."""

    def play(one: Recording, start: float) -> Run:
        held = held_road(one, start)
        seconds, _, _ = peers_over(held.road, command, TRACE_BYTES, 1, held.begin, LIMIT_S)
        there = min(TRACE_BYTES, held.road.up.counters.bytes_delivered)
        return _run(rival, one, start, held.road, seconds, there)

    return play


def rivals() -> dict[str, Play]:
    """What can be played here. Most computers send with CUBIC: where this one does not, both."""
    found = {
        "xt": by_peers("xt", [sys.executable, "-m", "scripts.bench._xt_peer"]),
        "https": posted("https"),
    }
    if congestion_control() != "cubic":
        found["https cubic"] = posted("https cubic", "cubic")
    python = lxmf_python()
    if python is not None:
        found["lxmf"] = by_peers("lxmf", [python, str(HERE / "_lxmf_peer.py")])
    return found


def play_all(one: Recording, names: Sequence[str], places: int, jobs: int) -> Iterator[Run]:
    """Every rival from every place of a recording, a place's rivals one after the other."""
    known = rivals()
    tasks = [(name, start) for start in one.places(places) for name in names if name in known]
    width = max(1, min(jobs, int(FAST_BPS / one.play(0.0)[0].mean_bps)))

    def play(task: tuple[str, float]) -> Run | None:
        name, start = task
        try:
            return known[name](one, start)
        except RuntimeError as trouble:
            # A rival that does not start is a run that failed, not the end of the table.
            print(f"{name} {one.name} {start:.0f}: {trouble}", file=sys.stderr, flush=True)
            return Run(name, one.name, start, None, 0.0, 0, 0.0, 0, 0)

    with ThreadPoolExecutor(width) as pool:
        yield from (run for run in pool.map(play, tasks) if run is not None)


def figures(runs: Sequence[Run]) -> str:
    """Shares of the capacity, seconds, queue; runs that failed count as share 0 and for ever."""
    shares = [run.share for run in runs]
    seconds = [float("inf") if run.seconds is None else run.seconds for run in runs]
    queue = statistics.median(run.queue_p95_s for run in runs)
    text = (
        f"of its capacity: median {statistics.median(shares):.2f},"
        f" p10 {cases.percentile(shares, 0.1):.2f}, least {min(shares):.2f};"
        f" s: median {statistics.median(seconds):.1f}, p95 {cases.percentile(seconds, 0.95):.1f};"
        f" queue p95 {queue:.2f} s"
    )
    late = [run for run in runs if run.seconds is None]
    if late:
        least = min(run.there for run in late)
        text += f"; {len(late)} of {len(runs)} not in {LIMIT_S:.0f} s, {least:,} B there at least"
    return text


def ratios(runs: Sequence[Run], ours: Sequence[Run]) -> str:
    """Seconds of a rival over xt's from the same place."""
    mine = {run.start: run.seconds for run in ours}
    found = [
        float("inf") if run.seconds is None else run.seconds / seconds
        for run in runs
        if (seconds := mine.get(run.start)) is not None
    ]
    if not found:
        return "-"
    return (
        f"{statistics.median(found):.2f} times xt's seconds"
        f" (p10 {cases.percentile(found, 0.1):.2f}, p95 {cases.percentile(found, 0.95):.2f})"
    )


def lines(runs: Sequence[Run]) -> Iterator[tuple[str, str, str]]:
    """Of the runs over one recording: (rival, what, figures) for each."""
    ours = [run for run in runs if run.rival == "xt"]
    for rival in dict.fromkeys(run.rival for run in runs):
        its = [run for run in runs if run.rival == rival]
        what = f"{rival}: 3 MB, {its[0].recording}, {len(its)} starts"
        beside = "" if rival.startswith("xt") or not ours else f"; {ratios(its, ours)}"
        yield rival, what, figures(its) + beside


class Strain:
    """How busy this run kept the machine, and how late its clock ran: what timing depends on.

    A thread asks to be woken every 10 ms, as the emulator does for packets.
    """

    def __init__(self) -> None:
        """Begin."""
        self._late: list[float] = []
        self._began = time.monotonic()
        self._cpu = self._used()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)
        self._thread.start()

    @staticmethod
    def _used() -> float:
        kinds = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
        return sum(one.ru_utime + one.ru_stime for one in kinds)

    def _beat(self) -> None:
        while not self._over.is_set():
            due = time.monotonic() + BEAT_S
            time.sleep(BEAT_S)
            self._late.append(time.monotonic() - due)

    def told(self) -> str:
        """End, and say."""
        self._over.set()
        self._thread.join()
        busy = (self._used() - self._cpu) / (time.monotonic() - self._began)
        middle, high = (cases.percentile(self._late, share) * 1e3 for share in (0.5, 0.99))
        return (
            f"{busy:.2f} cores used; woken late by {middle:.1f} ms (median), {high:.1f} ms (p99);"
            f" TCP congestion control: {congestion_control()}"
        )


def kept(path: Path) -> Iterator[list[Run]]:
    """The runs of each recording in a file of rows."""
    runs = [Run(**json.loads(line)) for line in path.read_text().splitlines()]
    for name in dict.fromkeys(run.recording for run in runs):
        yield [run for run in runs if run.recording == name]


def main(arguments: Sequence[str]) -> int:
    """Play, keep the rows, print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path, nargs="?", help="recordings below it")
    parser.add_argument("--places", type=int, default=TRACE_PLACES)
    parser.add_argument("--jobs", type=int, default=4, help="runs side by side; fewer where fast")
    parser.add_argument("--rival", nargs="+", choices=RIVALS, default=RIVALS)
    parser.add_argument("--only", nargs="+", help="first letters of recordings")
    parser.add_argument("--raw", type=Path, help="a file for one JSON object a run")
    parser.add_argument("--rows", type=Path, help="print the table of such a file, play nothing")
    options = parser.parse_args(arguments)
    if (options.rows is None) == (options.folder is None):
        parser.error("give a folder of recordings, or --rows")
    if options.rows:
        for runs in kept(options.rows):
            for _, what, figure in lines(runs):
                print(f"{what:<50} {figure}")
        return 0
    require_tun()
    for one in recordings(options.folder):
        if options.only and not one.name.startswith(tuple(options.only)):
            continue
        runs = [virtual(one, start) for start in one.places(options.places)]
        strain = Strain()
        runs += play_all(one, options.rival, options.places, options.jobs)
        for _, what, figure in lines(runs):
            print(f"{what:<50} {figure}", flush=True)
        print(f"    {strain.told()}", flush=True)
        if options.raw:
            with options.raw.open("a") as raw:
                raw.writelines(json.dumps(asdict(run)) + "\n" for run in runs)
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
