"""`scripts/fuzz`: feed every parser what a hostile sender could deliver in some hours."""

from __future__ import annotations

import argparse
import json
import sys

from tests.fuzz.engine import Failure, Parser, Report, judge, make_input, run
from tests.fuzz.everything import all_parsers, parser_named


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/fuzz", description=__doc__)
    parser.add_argument("--hours", type=float, default=24.0, help="how much, in hours of the link")
    parser.add_argument("--parser", action="append", default=[], help="only this one; repeatable")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=0.0, help="at most so long for each")
    parser.add_argument("--input", type=int, default=-1, help="only this input, of one parser")
    parser.add_argument("--list", action="store_true", help="name the parsers")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each parser")
    return parser.parse_args()


def line(report: Report) -> str:
    """A report as people read it."""
    refused = ", ".join(f"{count} {name}" for name, count in report.refused.most_common())
    return (
        f"{report.parser}: {report.hours:.2f} h, {report.inputs} inputs,"
        f" {report.wire_bytes / 1e6:.1f} MB, {report.accepted} accepted, refused: {refused or '-'};"
        f" slowest {report.slowest_s * 1e3:.1f} ms (input {report.slowest_input}),"
        f" peak {report.peak_bytes >> 10} KiB, grew {report.grown_bytes >> 20} MiB,"
        f" {report.seconds:.0f} s"
    )


def as_json(report: Report) -> dict[str, object]:
    """A report for programs. (`dataclasses.asdict` would count a Counter's pairs.)"""
    return {**vars(report), "refused": dict(report.refused)}


def again(parser: Parser, seed: int, number: int) -> None:
    """One input, shown and judged."""
    data = make_input(parser, parser.samples(), seed, number)
    print(data.hex())
    print(judge(parser, data) or "accepted")


def main() -> int:
    """Exit code 1 when a parser failed."""
    given = options()
    chosen = [parser_named(name) for name in given.parser] or list(all_parsers())
    if given.list:
        for parser in chosen:
            print(parser.name, *parser.covers)
        return 0
    if given.input >= 0:
        again(chosen[0], given.seed, given.input)
        return 0
    failed = 0
    for parser in chosen:
        try:
            report = run(parser, given.hours, given.seed, seconds=given.seconds)
        except Failure as failure:
            failed += 1
            print(f"FAILED {failure}\n  again: scripts/fuzz --parser {parser.name}"
                  f" --seed {given.seed} --input NUMBER", flush=True)  # fmt: skip
            continue
        print(json.dumps(as_json(report)) if given.json else line(report), flush=True)
    print(f"{len(chosen) - failed} of {len(chosen)} parsers held")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
