"""What became of each datagram sent: loss, bursts, round trip and what the link delivered.

It learns only from the other side's reports. It refuses to know what was in the datagrams.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from xtcli.media.call.packet import ARRIVED_BITS, Report, widen

OUTCOMES_MAX = 240
"""How many settled datagrams loss is taken over: 15 to 30 s of speech."""
OUTCOMES_S = 20.0
FLIGHT_MAX = 2048
REORDER_NUMBERS = 6
"""A datagram this far behind the newest one that came is lost, not late: 360 ms."""
BURST_SINGLE, BURST_LONG = 1.3, 1.6
LOSSES_TO_JUDGE = 15
"""Fewer losses than this say nothing about bursts; then losses are taken to come in bursts."""
PRIOR_DATAGRAMS = 20
"""Weight of "no loss" before there is anything to go by."""


@dataclass(slots=True)
class _Sent:
    at: float
    size_bytes: int
    arrived: bool = False


class Flight:
    """Sound datagrams on their way and settled."""

    def __init__(self) -> None:
        """Nothing sent."""
        self._sent: dict[int, _Sent] = {}
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=OUTCOMES_MAX)
        self._arrivals: deque[tuple[float, int]] = deque(maxlen=OUTCOMES_MAX)
        self._newest = -1
        self.settled_to = -1
        """Datagrams up to this number are known to have arrived or been lost."""
        self.bursty = True
        """Whether losses come in bursts. Slow to change: each change moves the delay of a call."""
        self.rtt_s: float | None = None
        self.sent = 0
        self.lost = 0
        self.bytes = 0

    def send(self, number: int, size_bytes: int, now: float) -> None:
        """Note a datagram of `size_bytes` on the wire."""
        self._sent[number] = _Sent(now, size_bytes)
        self._newest = number
        self.sent += 1
        self.bytes += size_bytes
        if len(self._sent) > FLIGHT_MAX:
            del self._sent[next(iter(self._sent))]

    def settle(self, report: Report, now: float) -> int | None:
        """Take in a report; the newest number the other side has, or None if it has none."""
        if report.newest < 0 or self._newest < 0:
            return None
        newest = widen(report.newest, self._newest)
        if newest not in self._sent and newest > self.settled_to:
            return None
        for i in range(ARRIVED_BITS):
            sent = self._sent.get(newest - i)
            if report.arrived >> i & 1 and sent is not None and not sent.arrived:
                sent.arrived = True
                self._arrivals.append((now, sent.size_bytes))
        if newest in self._sent and report.held_s < 2.5:
            self._round_trip(now - self._sent[newest].at - report.held_s)
        self._close(newest - REORDER_NUMBERS, newest - ARRIVED_BITS, now)
        self._judge(now)
        return newest

    def _round_trip(self, sample_s: float) -> None:
        sample_s = max(0.0, sample_s)
        before = self.rtt_s
        self.rtt_s = sample_s if before is None else 0.8 * before + 0.2 * sample_s

    def _close(self, to: int, unknown_to: int, now: float) -> None:
        """Settle all up to `to`; what no report spoke of (to `unknown_to`) is only forgotten."""
        for number in [n for n in self._sent if n <= to]:
            sent = self._sent.pop(number)
            self.settled_to = max(self.settled_to, number)
            if sent.arrived or number > unknown_to:
                self._outcomes.append((now, sent.arrived))
                self.lost += not sent.arrived

    def _recent(self, now: float) -> list[bool]:
        return [arrived for at, arrived in self._outcomes if now - at <= OUTCOMES_S]

    def loss(self, now: float) -> float:
        """Share of datagrams lost lately, 0..1."""
        recent = self._recent(now)
        return recent.count(False) / max(len(recent), PRIOR_DATAGRAMS)

    def burst(self, now: float) -> float:
        """Mean number of datagrams lost in a row; 1.0 when nothing is."""
        recent = self._recent(now)
        runs = sum(not arrived and (i == 0 or recent[i - 1]) for i, arrived in enumerate(recent))
        return recent.count(False) / runs if runs else 1.0

    def _judge(self, now: float) -> None:
        if self._recent(now).count(False) >= LOSSES_TO_JUDGE:
            self.bursty = self.burst(now) > (BURST_SINGLE if self.bursty else BURST_LONG)

    def delivered_bps(self, now: float, window_s: float = 2.5) -> float:
        """Bits a second that reports of the last `window_s` seconds say have arrived."""
        return 8 * sum(size for at, size in self._arrivals if now - at <= window_s) / window_s
