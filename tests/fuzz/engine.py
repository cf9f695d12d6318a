"""Feeding parsers what a hostile sender could: seeded, bounded, and every input can be made again.

Input `number` of a parser depends on the seed, the parser's name and the number alone.
"""

from __future__ import annotations

import itertools
import resource
import sys
import time
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.mutate import mutated
from xtcli.errors import XtError

LINK_BPS = 60_000
"""The fastest narrow link's way up, the profile `edge`: what a hostile station could fill."""
HEADERS_BYTES = 28
"""IPv4 and UDP: what every datagram costs besides its bytes."""
LOCAL_SHARE = 0.1
"""Of a link's bytes, for what only a person at this computer can hand over."""
CPU_S_MAX = 2.0
"""Processor time that one input may cost."""
MEMORY_BYTES_MAX = 160 << 20
"""How far one parser may make the process grow; a whole bundle may unpack to 64 MiB."""
TRACED_EVERY = 2_000
RSS_EVERY = 500
BLOCK = 64
"""Inputs from one generator of random numbers: to seed one costs as much as to make an input."""


class Failure(AssertionError):
    """A parser did what it may not."""

    report: Report | None = None
    """Of the inputs before."""


@dataclass(frozen=True)
class Parser:
    """One parser: what it reads, what it may raise, and how to spell what it accepted.

    `covers` names the functions of the project that it stands for, as `module:name`.
    """

    name: str
    covers: tuple[str, ...]
    feed: Callable[[bytes], object]
    samples: Callable[[], Sequence[bytes]]
    refusals: tuple[type[Exception], ...] = (XtError,)
    again: Callable[[Any], bytes] | None = None
    tree: str = ""
    """`msgpack` or `json`: mutate what is in it, too."""
    local: bool = False
    """Reached only by somebody at this computer: typed, pasted or in its own files."""
    bytes_max: int = 4_096

    def bytes_of(self, hours: float) -> float:
        """Bytes on the wire that a hostile sender gets through in `hours`."""
        return LINK_BPS / 8 * 3_600 * hours * (LOCAL_SHARE if self.local else 1.0)


@dataclass
class Report:
    """What a run of one parser found."""

    parser: str
    seed: int
    first: int = 0
    """Number of the first input."""
    inputs: int = 0
    wire_bytes: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0
    slowest_input: int = -1
    peak_bytes: int = 0
    """Most that one traced input allocated."""
    grown_bytes: int = 0
    seconds: float = 0.0
    cpu_s: float = 0.0
    hours: float = 0.0
    """Of how many hours of `LINK_BPS` this is the equivalent."""


def make_input(parser: Parser, samples: Sequence[bytes], seed: int, number: int) -> bytes:
    """The input with a number."""
    return next(make_inputs(parser, samples, seed, number))


def make_inputs(parser: Parser, samples: Sequence[bytes], seed: int, first: int) -> Iterator[bytes]:
    """All inputs from `first` on, without end."""
    for block in itertools.count(first // BLOCK):
        random = Random(f"{seed} {parser.name} {block}")
        for number in range(block * BLOCK, (block + 1) * BLOCK):
            data = mutated(random, samples, parser.tree)[: parser.bytes_max]
            if number >= first:
                yield data


def judge(parser: Parser, data: bytes) -> str:
    """Feed one input; "" when it was accepted, else the name of the refusal. Failure if neither."""
    try:
        found = parser.feed(data)
    except parser.refusals as error:
        return type(error).__name__
    except Exception as error:
        raise Failure(f"{type(error).__name__}: {error}") from error
    if parser.again is not None and (spelt := parser.again(found)) != data:
        raise Failure(f"accepted {data[:60].hex()} but spells it {spelt[:60].hex()}")
    return ""


def rss_bytes() -> int:
    """Most memory that this process has had since `_forget_peak`, where that works."""
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _forget_peak() -> None:
    """What one parser needed must not hide what the next one needs. Linux only."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5", encoding="ascii")


def run(
    parser: Parser,
    hours: float,
    seed: int,
    *,
    seconds: float = 0.0,
    inputs: int = 0,
    so_far: tuple[int, int] = (0, 0),
    stop: Callable[[], bool] = bool,
) -> Report:
    """Feed `hours` worth of inputs, or fewer where `inputs`, `seconds` or `stop` say so.

    `so_far` is the number of the first input and the bytes of those before it. Failure names the
    input and has the report of those before it.
    """
    first, spent = so_far
    report = Report(parser.name, seed, first)
    samples = parser.samples()
    _forget_peak()
    began, before, cpu = time.monotonic(), rss_bytes(), time.process_time()
    enough = parser.bytes_of(hours) - spent
    try:
        for sample in samples:
            _one(parser, sample, -1, report)
        for data in make_inputs(parser, samples, seed, first):
            if report.wire_bytes >= enough or stop():
                break
            _one(parser, data, first + report.inputs, report)
            report.inputs += 1
            report.wire_bytes += len(data) + HEADERS_BYTES
            if report.inputs == inputs or (seconds and time.monotonic() - began > seconds):
                break
            if report.inputs % RSS_EVERY == 0:
                _must_be_small(report, rss_bytes() - before)
        _must_be_small(report, rss_bytes() - before)
    except Failure as failure:
        failure.report = report
        raise
    finally:
        report.seconds = time.monotonic() - began
        report.cpu_s = time.process_time() - cpu
        report.grown_bytes = rss_bytes() - before
        report.hours = report.wire_bytes / parser.bytes_of(1.0)
    return report


def _one(parser: Parser, data: bytes, number: int, report: Report) -> None:
    traced = number >= 0 and number % TRACED_EVERY == 0 and not tracemalloc.is_tracing()
    if traced:
        tracemalloc.start()
    start = time.perf_counter()
    try:
        verdict = judge(parser, data)
    except Failure as failure:
        raise Failure(f"{parser.name}, input {number}: {failure}") from failure
    finally:
        spent = time.perf_counter() - start
        if traced:
            report.peak_bytes = max(report.peak_bytes, tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()
    if spent > report.slowest_s and not traced:
        report.slowest_s, report.slowest_input = spent, number
    if spent > CPU_S_MAX and not traced and (spent := _cpu_seconds(parser, data)) > CPU_S_MAX:
        raise Failure(f"{parser.name}, input {number}: took {spent:.1f} s")
    if verdict:
        report.refused[verdict] += 1
    else:
        report.accepted += 1


def _cpu_seconds(parser: Parser, data: bytes) -> float:
    """What an input costs that took long: perhaps the machine was busy with other things."""
    start = time.process_time()
    judge(parser, data)
    return time.process_time() - start


def _must_be_small(report: Report, grown: int) -> None:
    if max(grown, report.peak_bytes) > MEMORY_BYTES_MAX:
        raise Failure(f"{report.parser}, input {report.first + report.inputs}: grew by"
                      f" {max(grown, report.peak_bytes) >> 20} MiB")  # fmt: skip
