"""What a bottleneck can carry over time: a constant rate, or a recording of a real link.

Sans-IO: recordings are parsed from text that somebody else has read. A capacity answers one
question: when has the last bit of this packet left, if it arrives now and waits its turn?
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_left
from collections.abc import Iterable
from itertools import pairwise
from typing import Protocol

from xtcli.errors import UsageError
from xtcli.lang import tr

OPPORTUNITY_BYTES = 1500
"""Bytes that one line of a mahimahi trace lets through."""
TRACE_LINES_MAX = 5_000_000
TRACE_MS_MAX = 366 * 86_400_000


class Capacity(Protocol):
    """A bottleneck that serves packets in order; it remembers until when it is busy."""

    mean_bps: float
    """Mean rate, bit/s; infinite if unlimited. It turns the queue's seconds into bytes."""

    def serve(self, size: int, now: float) -> tuple[float, float]:
        """Take `size` bytes that arrive at `now`: (start of service, end of service), seconds."""
        ...


class ConstantRate:
    """`rate_bps` bits a second; None is unlimited."""

    def __init__(self, rate_bps: float | None) -> None:
        """Start idle."""
        if rate_bps is not None and rate_bps <= 0:
            raise ValueError("a rate must be positive")
        self.mean_bps = math.inf if rate_bps is None else float(rate_bps)
        self._byte_s = 8.0 / self.mean_bps
        self._free_at = 0.0

    def serve(self, size: int, now: float) -> tuple[float, float]:
        """Serve at the rate, after what came before."""
        start = now if now > self._free_at else self._free_at
        self._free_at = end = start + size * self._byte_s
        return start, end


class Opportunities:
    """A mahimahi trace: at each timestamp (ms, rising) 1500 bytes may leave; then it repeats.

    Unused opportunities are lost; packets may share one and may span several, as in mahimahi's
    link shell (Netravali et al., USENIX ATC 2015).
    """

    def __init__(self, times_ms: Iterable[int], start_s: float = 0.0) -> None:
        """Play from second `start_s` of the recording on."""
        self._times = array("q", times_ms)
        if not self._times or self._times[-1] <= 0:
            raise ValueError("a trace needs at least one opportunity after time 0")
        self.period_s = self._times[-1] / 1000
        self.mean_bps = len(self._times) * OPPORTUNITY_BYTES * 8 / self.period_s
        self._start_s = start_s
        self._next = -1
        self._left = 0
        self._seek(0.0)

    def _at(self, index: int) -> float:
        """When opportunity `index` comes, counted over all repetitions."""
        turn, place = divmod(index, len(self._times))
        return turn * self.period_s + self._times[place] / 1000 - self._start_s

    def _seek(self, now: float) -> None:
        """Let the opportunities before `now` pass unused."""
        turn, rest = divmod(now + self._start_s, self.period_s)
        place = bisect_left(self._times, math.ceil(round(rest * 1000, 6)))
        index = int(turn) * len(self._times) + place
        if index > self._next:
            self._next, self._left = index, OPPORTUNITY_BYTES

    def serve(self, size: int, now: float) -> tuple[float, float]:
        """Leave with the first opportunities that have room for all of it."""
        self._seek(now)
        start = max(now, self._at(self._next))
        while size > self._left:
            size -= self._left
            self._next += 1
            self._left = OPPORTUNITY_BYTES
        self._left -= size
        end = max(now, self._at(self._next))
        if self._left == 0:
            self._next += 1
            self._left = OPPORTUNITY_BYTES
        return start, end


class Steps:
    """A recording of rates: `rates_bps[i]` holds for second `i` x `step_s`; then it repeats."""

    def __init__(
        self, rates_bps: Iterable[float], step_s: float = 1.0, start_s: float = 0.0
    ) -> None:
        """Play from second `start_s` of the recording on."""
        self._rates = array("d", rates_bps)
        if not self._rates or max(self._rates) <= 0 or min(self._rates) < 0 or step_s <= 0:
            raise ValueError("a recording needs rates of 0 or more, at least one above 0")
        self._step_s = step_s
        self.period_s = len(self._rates) * step_s
        self.mean_bps = sum(self._rates) / len(self._rates)
        self._start_s = start_s
        self._free_at = 0.0

    def serve(self, size: int, now: float) -> tuple[float, float]:
        """Spend the bits step by step; a step at rate 0 only passes time."""
        start = at = max(now, self._free_at)
        bits = size * 8.0
        step = int((at + self._start_s) / self._step_s)
        while True:
            rate = self._rates[step % len(self._rates)]
            until = (step + 1) * self._step_s - self._start_s
            room = rate * (until - at)
            if rate > 0 and bits <= room:
                break
            bits -= max(0.0, room)
            at = until
            step += 1
        self._free_at = end = at + bits / rate
        return start, end


def parse_mahimahi(text: str, start_s: float = 0.0) -> Opportunities:
    """A mahimahi trace (one time in ms a line, not falling); UsageError if it is not one."""
    lines = text.split()
    if not 0 < len(lines) <= TRACE_LINES_MAX:
        raise _not_a_trace(tr("it is empty or too long"))
    try:
        times = [int(line) for line in lines]
    except ValueError as error:
        raise _not_a_trace(tr("a line is not a whole number of milliseconds")) from error
    if times[0] < 0 or not 0 < times[-1] <= TRACE_MS_MAX or any(b < a for a, b in pairwise(times)):
        raise _not_a_trace(tr("its times do not rise"))
    return Opportunities(times, start_s)


def parse_rates(text: str, column: str, start_s: float = 0.0) -> Steps:
    """Column `column` (in Mbit/s) of a CSV with one row a second; UsageError if it has none.

    This is the form of the Starlink recordings of Laniewski et al. ("download_mbps",
    "upload_mbps").
    """
    rows = text.splitlines()
    names = rows[0].split(",") if rows else []
    if column not in names or len(rows) > TRACE_LINES_MAX:
        raise _not_a_trace(tr("it has no column {column}", column=column))
    place = names.index(column)
    try:
        rates = [float(row.split(",")[place]) * 1e6 for row in rows[1:] if row.strip()]
        if not all(0 <= rate < math.inf for rate in rates):
            raise ValueError
        return Steps(rates, start_s=start_s)
    except (ValueError, IndexError) as error:
        raise _not_a_trace(tr("a row has no usable rate, or all rates are 0")) from error


def _not_a_trace(why: str) -> UsageError:
    """The one sentence for every recording that cannot be played."""
    return UsageError(
        "This recording cannot be played: {why}.",
        "Give a mahimahi trace (a time in ms a line) or a CSV with download_mbps, upload_mbps.",
        why=why,
    )
