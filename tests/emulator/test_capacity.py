"""Recordings play as recorded: every opportunity, every dead second, again and again."""

from __future__ import annotations

from random import Random

import pytest

from xtcli.errors import UsageError
from xtcli.transport.emulator.capacity import (
    Capacity,
    ConstantRate,
    Opportunities,
    Steps,
    parse_mahimahi,
    parse_rates,
)
from xtcli.transport.emulator.core import Emulator

CSV = "t_s,download_mbps,upload_mbps\n0,8,1\n1,0,0\n2,16,2\n"


def saturated_bps(capacity: Capacity, seconds: float, size: int = 1500) -> float:
    """Rate of a sender that always has something to send."""
    served, end = 0, 0.0
    while end < seconds:
        served += size
        _, end = capacity.serve(size, 0.0)
    return served * 8 / end


def test_constant_rate_serves_in_order() -> None:
    link = ConstantRate(8000)
    assert link.serve(500, 1.0) == (1.0, 1.5)
    assert link.serve(1000, 1.1) == (1.5, 2.5)
    assert link.serve(1000, 9.0) == (9.0, 10.0)
    assert ConstantRate(None).serve(10_000, 3.0) == (3.0, 3.0)


def test_opportunities_carry_1500_bytes_each_and_repeat() -> None:
    """One packet an opportunity, then the recording starts again after its last line."""
    link = Opportunities([10, 20, 50])
    ends = [link.serve(1500, 0.0)[1] for _ in range(7)]
    assert ends == pytest.approx([0.010, 0.020, 0.050, 0.060, 0.070, 0.100, 0.110])
    assert link.mean_bps == pytest.approx(3 * 1500 * 8 / 0.05)


def test_small_packets_share_and_large_ones_span_opportunities() -> None:
    link = Opportunities([10, 20, 50])
    assert link.serve(700, 0.0)[1] == pytest.approx(0.010)
    assert link.serve(800, 0.0)[1] == pytest.approx(0.010)
    assert link.serve(3000, 0.0)[1] == pytest.approx(0.050)


def test_unused_opportunities_are_gone() -> None:
    """A packet that comes late waits for the next one, in the middle and across repetitions."""
    link = Opportunities([10, 20, 50])
    link.serve(100, 0.0)
    assert link.serve(100, 0.012) == pytest.approx((0.020, 0.020))
    assert link.serve(100, 0.055)[1] == pytest.approx(0.060)
    assert link.serve(100, 5.015)[1] == pytest.approx(5.020)


def test_recordings_can_start_later() -> None:
    assert Opportunities([10, 20, 50], start_s=0.015).serve(1500, 0.0)[1] == pytest.approx(0.005)
    assert Steps([8e6, 0.0, 16e6], start_s=1.5).serve(1000, 0.0)[1] == pytest.approx(0.5005)


def test_steps_spend_bits_across_seconds_and_dead_time() -> None:
    """A packet that does not fit into a second goes on after the dead one."""
    link = Steps([8000.0, 0.0, 16000.0])
    assert link.serve(500, 0.0) == (0.0, 0.5)
    assert link.serve(1000, 0.0) == (0.5, 2.25)
    assert link.serve(1000, 0.0) == (2.25, 2.75)
    assert link.serve(500, 3.0) == (3.0, 3.5)


@pytest.mark.parametrize("seed", range(3))
def test_saturated_recordings_reach_their_mean_rate(seed: int) -> None:
    """Nothing of the capacity is lost while there is something to send."""
    draw = Random(seed)
    times = sorted(draw.randrange(1, 60_000) for _ in range(5000))
    rates = [draw.choice([0.0, 1e6, 3e6]) for _ in range(60)]
    for capacity in (Opportunities(times), Steps(rates)):
        assert saturated_bps(capacity, 300.0) == pytest.approx(capacity.mean_bps, rel=0.01)


def test_the_emulator_plays_a_recording() -> None:
    """Queue in bytes of the mean rate: dead time delays, it does not drop by itself."""
    link = Emulator(None, 0.1, queue_s=1.0, overhead=0, capacity=Steps([0.0, 0.0, 24000.0]))
    link.push(bytes(500), 0.0)
    link.push(bytes(500), 0.0)
    link.push(bytes(500), 0.0)
    assert link.counters.packets_overflowed == 1
    assert link.next_timer() == pytest.approx(2.0 + 500 * 8 / 24000 + 0.1)


def test_parsers_read_both_forms() -> None:
    assert parse_mahimahi("1\n1\n5\n").period_s == 0.005
    assert parse_rates(CSV, "upload_mbps").mean_bps == pytest.approx(1e6)
    assert parse_rates(CSV, "download_mbps").mean_bps == pytest.approx(8e6)


@pytest.mark.parametrize("text", ["", "0\n0\n", "5\n4\n", "-1\n5\n", "1.5\n", "one\n", "\x00"])
def test_what_is_no_mahimahi_trace_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be played"):
        parse_mahimahi(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a,b\n1,2\n",
        "upload_mbps\n",
        "upload_mbps\n0\n",
        "upload_mbps\n-1\n2\n",
        "t_s,upload_mbps\n1\n",
        "upload_mbps\nnan\n",
        "upload_mbps\ninf\n",
    ],
)
def test_what_is_no_rate_recording_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="cannot be played"):
        parse_rates(text, "upload_mbps")
