"""The link beside its bars: every figure in virtual time, with the physical limit.

    python -m scripts.bench.link                    the whole table, 10 seeds
    python -m scripts.bench.link --seeds 20 --only text bulk
    python -m scripts.bench.link --traces FOLDER    recordings too (mahimahi pairs, Starlink CSV)
    python -m scripts.bench.link --rivals           with HTTPS POST (and LXMF) beside every row:
                                                    Linux, root, real time, about an hour
    python -m scripts.bench.link --only --traces FOLDER --rivals      recordings alone, 40 minutes
    python -m scripts.bench.link --real             a subset over real UDP sockets, in real time

Exit code 1 if a bar is missed. Links are warm (a former process measured them) unless a row says
cold. The code is that of the real link and spool over `xtcli.transport.emulator`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.bench import link_cases as cases
from scripts.bench import link_real, link_traces
from scripts.bench.recordings import TRACE_PLACES, recordings
from xtcli.transport.emulator.profiles import PROFILES

TEXT_BYTES = 360
BULK_BYTES = 60_000
BULK_BARS = {
    "gprs": 0.92,
    "edge": 0.92,
    "satphone": 0.92,
    "geo": 0.92,
    "lossy3g": 0.85,
    "awful": 0.85,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `passed` None where there is no bar."""

    what: str
    figure: str
    bar: str
    passed: bool | None


def spread(values: list[float], digits: int = 2) -> str:
    """Median and p95."""
    middle, high = statistics.median(values), cases.percentile(values, 0.95)
    return f"median {middle:.{digits}f}, p95 {high:.{digits}f}"


def at_most(what: str, values: list[float], bar: float, digits: int = 2) -> Row:
    """The median must not exceed the bar."""
    passed = statistics.median(values) <= bar
    return Row(what, spread(values, digits), f"median <= {bar:.{digits}f}", passed)


def text(seeds: int) -> Iterator[Row]:
    """A text consult; no less than 100 seeds, because its tail is what matters."""
    for name in ("gprs", "satphone", "awful"):
        link = PROFILES[name]
        limit = cases.limit_s(link, TEXT_BYTES)
        for warm in (True, False):
            runs = range(max(100, seeds))
            times = [
                cases.bulk(link, TEXT_BYTES, seed, priority=1, warm=warm).seconds for seed in runs
            ]
            kind = "" if warm else ", cold"
            what = f"text consult {TEXT_BYTES} B, {name}{kind}, s (limit {limit:.2f})"
            yield at_most(what, times, 1.25 * limit)
            if name == "awful":
                bar = limit + 2.5 * 2 * link.delay_s
                high = cases.percentile(times, 0.95)
                yield Row(f"{what}, tail", f"p95 {high:.2f}", f"p95 <= {bar:.2f}", high <= bar)


def bulk(seeds: int) -> Iterator[Row]:
    """60 kB on every profile: goodput, wire bytes, standing queue. Where a tenth is lost, chance
    weighs most: 40 seeds at least."""
    for name, bar in BULK_BARS.items():
        for warm in (True, False):
            number = max(seeds, 40) if PROFILES[name].loss >= 0.1 else seeds
            runs = [cases.bulk(PROFILES[name], BULK_BYTES, s, warm=warm) for s in range(number)]
            kind = name if warm else f"{name}, cold"
            goodput = [one.goodput for one in runs]
            middle, low = statistics.median(goodput), cases.percentile(goodput, 0.05)
            yield Row(
                f"60 kB, {kind}: goodput of (1-p) x rate",
                f"median {middle:.3f}, p5 {low:.3f}",
                f"median >= {bar}",
                middle >= bar,
            )
            yield at_most(
                f"60 kB, {kind}: wire both ways over payload/(1-p)",
                [one.wire for one in runs],
                1.10,
                3,
            )
            yield at_most(f"60 kB, {kind}: queue p95, s", [one.queue_p95_s for one in runs], 0.8)


def fast(seeds: int) -> Iterator[Row]:
    """5 MB on 20 Mbit/s."""
    for warm in (True, False):
        one = cases.bulk(cases.FAST, 5_000_000, 1, warm=warm)
        share = cases.share_of_rate(one, cases.FAST, 5_000_000)
        kind = "warm" if warm else "cold"
        figure = f"{share:.2f} (both ends {one.cpu_s:.2f} s CPU)"
        yield Row(f"5 MB, {cases.FAST.name}, {kind}: of the rate", figure, ">= 0.6", share >= 0.6)


def odd(seeds: int) -> Iterator[Row]:
    """Lowest rate, silence, resuming, outages."""
    some = range(min(seeds, 10))
    yield at_most("lowest rate for 3 kB in 5 min, bit/s", [cases.slowest(s) for s in some], 150, 0)
    quiet = [cases.idle(PROFILES["gprs"], seed) for seed in some]
    yield Row("idle bytes an hour", f"max {max(quiet):.0f}", "0", max(quiet) == 0)
    for share in (0.25, 0.5, 0.75):
        waste = [cases.resumed(PROFILES["gprs"], BULK_BYTES, share, seed) for seed in range(seeds)]
        yield at_most(f"sender killed at {share:.0%}: sent again / sent before", waste, 0.05, 3)
    again = [cases.twice(PROFILES["outage"], BULK_BYTES, seed) for seed in range(seeds)]
    yield at_most("outage, 60 kB: payload twice beyond losses", again, 0.03, 3)


def urgent(seeds: int) -> Iterator[Row]:
    """A stat consult while a photo is on its way."""
    times = [cases.overtaking(PROFILES["gprs"], s, TEXT_BYTES) for s in range(3 * seeds)]
    high = cases.percentile(times, 0.95)
    yield at_most("stat consult during a 300 kB photo, gprs, s", times, 2.0)
    yield Row("the same, tail", f"p95 {high:.2f}", "p95 <= 4.00", high <= 4)
    for name in ("gprs", "awful"):
        limit = cases.limit_s(PROFILES[name], TEXT_BYTES)
        times = [cases.beside_note(PROFILES[name], s, TEXT_BYTES) for s in range(10 * seeds)]
        what = f"text beside a first voice note, {name}, s (limit {limit:.2f})"
        yield Row(what, f"{spread(times)}, max {max(times):.1f}", "-", None)


def policed(seeds: int) -> Iterator[Row]:
    """What exceeds a rate is dropped, and nothing queues."""
    for rate_bps, burst, size in ((128e3, 16_000, 300_000), (1e6, 50_000, 3_000_000)):
        pairs = [cases.policed(seed, rate_bps, burst, size) for seed in range(min(seeds, 10))]
        what = f"policed to {rate_bps / 1e3:.0f} kbit/s, {size / 1e3:.0f} kB:"
        yield Row(f"{what} time over the limit", spread([time for time, _ in pairs]), "-", None)
        yield Row(f"{what} bytes over payload", spread([more for _, more in pairs]), "-", None)


def fair(seeds: int) -> Iterator[Row]:
    """Two posts on one link; a TCP download beside a bundle."""
    some = range(min(seeds, 10))
    shares = [min(cases.shared(40e3, seed, 200.0)) for seed in some]
    worst = statistics.median(shares)
    yield Row(
        "two posts on 40 kbit/s: the smaller share", spread_low(shares), ">= 0.35", worst >= 0.35
    )
    for first in (True, False):
        pairs = [cases.beside_tcp(PROFILES["gprs"], s, 200.0, link_first=first) for s in some]
        order = "link first" if first else "TCP first"
        for side, values in (
            ("link", [ours for ours, _ in pairs]),
            ("TCP", [theirs for _, theirs in pairs]),
        ):
            worst = statistics.median(values)
            yield Row(
                f"beside a TCP download, {order}: share of the {side}",
                spread_low(values),
                ">= 0.25",
                worst >= 0.25,
            )


def spread_low(values: list[float]) -> str:
    """Median and p5."""
    return f"median {statistics.median(values):.2f}, p5 {cases.percentile(values, 0.05):.2f}"


def killed(seeds: int) -> Iterator[Row]:
    """Either side killed every 5 s."""
    link, size = PROFILES["edge"], 300_000
    pairs = [
        (cases.killed(link, size, 5.0, seed), cases.killed(link, size, 0.0, seed))
        for seed in range(seeds)
    ]
    more = [broken[1] / whole[1] - 1 for broken, whole in pairs]
    yield at_most("kill -9 of either side every 5 s, 300 kB, edge: more bytes", more, 0.08, 3)
    times = [broken[0] for broken, _ in pairs]
    yield Row("the same, s", spread(times, 1), "completes", max(times) < cases.FOREVER_S)


def traces(folder: Path, rivals: bool, jobs: int) -> Iterator[Row]:
    """3 MB from the post over each recording, from several places of it; real processes of xt and
    of today's tools on the same places if `rivals`."""
    for one in recordings(folder):
        runs = [link_traces.virtual(one, start) for start in one.places(TRACE_PLACES)]
        if rivals:
            runs += link_traces.play_all(one, link_traces.RIVALS, TRACE_PLACES, jobs)
        for rival, what, figure in link_traces.lines(runs):
            ours = rival.startswith("xt")
            complete = all(run.seconds is not None for run in runs if run.rival == rival)
            indent = "" if rival == "xt virtual" else "    "
            yield Row(
                indent + what, figure, "completes" if ours else "-", complete if ours else None
            )


BESIDE = {
    "text": ("text",), "bulk": ("bulk",), "fast": ("fast",), "urgent": ("stat",),
    "odd": ("slow", "resumed", "outage"), "fair": ("sharing",), "killed": ("killed",),
}  # fmt: skip
"""Which of the rivals' cases belong to a group of rows."""


def beside(group: str, seeds: int, jobs: int) -> Iterator[Row]:
    """The rivals in the cases of a group: real processes, the same bytes and profiles."""
    from scripts.bench import link_rivals as others

    chosen = [
        case
        for case in (*others.https_cases(), *others.lxmf_cases())
        if case.key.split()[0] in BESIDE[group]
    ]
    done = others.run_all(chosen, max(10, seeds), jobs)
    for case, results in zip(chosen, done, strict=True):
        figure = others.summary(results, case.worst_first)
        yield Row(f"    {case.rival}: {case.key}", figure, "-", None)


GROUPS: dict[str, Callable[[int], Iterator[Row]]] = {
    "text": text,
    "bulk": bulk,
    "fast": fast,
    "odd": odd,
    "urgent": urgent,
    "policed": policed,
    "fair": fair,
    "killed": killed,
}


def show(row: Row) -> bool:
    """Print a row; whether it passed or has no bar."""
    verdict = {True: "pass", False: "MISS", None: ""}[row.passed]
    print(f"{row.what:<68} {row.figure:<42} {row.bar:<16} {verdict}", flush=True)
    return row.passed is not False


def main(arguments: list[str]) -> int:
    """Run the groups asked for."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=list(GROUPS), default=list(GROUPS))
    parser.add_argument("--traces", type=Path)
    parser.add_argument("--rivals", action="store_true")
    parser.add_argument("--jobs", type=int, default=8, help="rivals' runs side by side")
    parser.add_argument("--real", action="store_true")
    options = parser.parse_args(arguments)
    # All rows are wanted, also after one that misses.
    return 0 if all([show(row) for row in rows(options)]) else 1


def rows(options: argparse.Namespace) -> Iterator[Row]:
    """Everything that was asked for, group by group."""
    if options.real:
        yield from (Row(what, figure, "-", None) for what, figure in link_real.runs())
        return
    for name in options.only:
        yield from GROUPS[name](options.seeds)
        if options.rivals:
            yield from beside(name, options.seeds, options.jobs)
    if options.traces:
        yield from traces(options.traces, options.rivals, options.jobs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
