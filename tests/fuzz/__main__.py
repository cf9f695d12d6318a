"""`scripts/fuzz`: feed every parser what a hostile sender could deliver in some hours."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from pathlib import Path

from tests.fuzz.engine import Failure, Parser, Report, judge, make_input, run
from tests.fuzz.everything import all_parsers, parser_named
from tests.fuzz.kept import Kept, as_json

STRETCH_S = 300.0
"""A line is kept at least so often: what a power cut can lose."""


def part(text: str) -> tuple[int, int]:
    """`K/N`: the part and how many there are."""
    which, _, count = text.partition("/")
    found = int(which), int(count)
    if not 1 <= found[0] <= found[1]:
        raise ValueError(text)
    return found


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="how much, in hours of the link")
    parser.add_argument("--parser", action="append", default=[], help="only this one; repeatable")
    parser.add_argument("--part", type=part, default=(1, 1), metavar="K/N",
                        help="every Nth parser, from the Kth on")  # fmt: skip
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0, help="at most so long for each")
    parser.add_argument("--keep", type=Path, metavar="FILE",
                        help="add what was done, and go on where the file ends")  # fmt: skip
    parser.add_argument("--kept", type=Path, metavar="FILE", help="say what such a file has")
    parser.add_argument("--input", type=int, default=-1, help="only this input, of one parser")
    parser.add_argument("--list", action="store_true", help="name the parsers")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each parser")
    return parser.parse_args()


def line(report: Report) -> str:
    """A report as people read it."""
    refused = ", ".join(f"{count} {name}" for name, count in report.refused.most_common())
    return (
        f"{report.parser}: {report.hours:.2f} h, {report.inputs} inputs from {report.first},"
        f" {report.wire_bytes / 1e6:.1f} MB, {report.accepted} accepted, refused: {refused or '-'};"
        f" slowest {report.slowest_s * 1e3:.1f} ms (input {report.slowest_input}),"
        f" peak {report.peak_bytes >> 10} KiB, grew {report.grown_bytes >> 20} MiB,"
        f" {report.cpu_s:.0f} s of processor time in {report.seconds:.0f} s"
    )


def again(parser: Parser, seed: int, number: int) -> None:
    """One input, shown and judged."""
    data = make_input(parser, parser.samples(), seed, number)
    print(data.hex())
    print(judge(parser, data) or "accepted")


def summary(chosen: list[Parser], kept: Kept, wanted: float) -> None:
    """What a file has of each parser, and what `wanted` hours of it cost."""
    whole, costs = 0, 0.0
    print(f"{'hours':>8} {'any version':>12} {'processor h':>12}  parser")
    for parser in chosen:
        hours = kept.hours(parser.name)
        cost = hours.processor_hours(wanted)
        whole, costs = whole + (hours.here > wanted - 1e-6), costs + cost
        print(f"{hours.here:8.2f} {hours.all:12.2f} {cost:12.3f}  {parser.name}", *hours.failed)
    print(f"{whole} of {len(chosen)} had {wanted:g} h by this version;"
          f" all need {costs:.1f} processor hours for it")  # fmt: skip


class Wish:
    """Whether somebody wants this to end: SIGINT or SIGTERM, after the present input."""

    def __init__(self) -> None:
        """Not yet."""
        self.stop = False
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, lambda *_: setattr(self, "stop", True))


def feed(parser: Parser, given: argparse.Namespace, kept: Kept, wish: Wish) -> bool:
    """What is missing of one parser, in stretches; False when it failed."""
    end = time.monotonic() + given.seconds
    while not wish.stop:
        so_far = kept.so_far(parser.name, given.seed)
        left = end - time.monotonic() if given.seconds else STRETCH_S
        if so_far[1] >= parser.bytes_of(given.hours) or left <= 0:
            break
        try:
            report = run(parser, given.hours, given.seed, seconds=min(STRETCH_S, left),
                         so_far=so_far, stop=lambda: wish.stop)  # fmt: skip
        except Failure as failure:
            if failure.report is not None:
                kept.add(failure.report, str(failure))
            print(f"FAILED {failure}\n  again: scripts/fuzz --parser {parser.name}"
                  f" --seed {given.seed} --input NUMBER", flush=True)  # fmt: skip
            return False
        kept.add(report)
        print(json.dumps(as_json(report)) if given.json else line(report), flush=True)
    return True


def main() -> int:
    """Exit code 1 when a parser failed."""
    given = options()
    chosen = [parser_named(name) for name in given.parser] or list(all_parsers())
    chosen = chosen[given.part[0] - 1 :: given.part[1]]
    if given.list:
        for parser in chosen:
            print(parser.name, *parser.covers)
        return 0
    if given.kept:
        summary(chosen, Kept(given.kept), given.hours)
        return 0
    if given.input >= 0:
        again(chosen[0], given.seed, given.input)
        return 0
    kept, wish = Kept(given.keep), Wish()
    failed = sum(not feed(parser, given, kept, wish) for parser in chosen)
    if wish.stop:
        print("stopped before the end")
    print(f"{failed} of {len(chosen)} parsers failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
