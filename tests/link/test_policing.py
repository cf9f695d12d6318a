"""A link that drops what exceeds a rate and queues nothing is not flooded."""

from __future__ import annotations

import math
from dataclasses import replace
from random import Random

import pytest

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.policer import Policer
from xtcli.transport.emulator.profiles import PROFILES, Profile
from xtcli.transport.link.filters import Point
from xtcli.transport.link.policing import DATAGRAMS, PAUSE_S, SUSPECT, Policing
from xtcli.transport.link.simulate import Simulation

FAST = replace(
    PROFILES["lan"], name="policed", rate_up_bps=10e6, rate_down_bps=10e6, delay_s=0.05,
    jitter_s=0.01, loss=0.01, queue_s=1.0,
)  # fmt: skip


def sent(
    link: Profile, size: int, seed: int, police: tuple[float, int] | None
) -> tuple[float, float]:
    """Seconds until `size` bytes are at the hub, and bytes sent over `size`."""
    simulation = Simulation(Duplex(link, seed), seed)
    if police is not None:
        simulation.road.up = Policer(simulation.road.up, *police)
    tag = simulation.post.put(Random(seed).randbytes(size), 5, 0.0)
    assert simulation.run(600.0, lambda: tag in simulation.post.taken)
    way = simulation.road.up
    total = way.bytes_in if isinstance(way, Policer) else way.counters.bytes_sent
    return simulation.hub.arrived[tag][0], total / size


@pytest.mark.parametrize(
    ("rate_bps", "burst", "size"),
    [(128e3, 16_000, 300_000), (128e3, 64_000, 1_000_000), (1e6, 50_000, 3_000_000)],
)
def test_what_a_policer_drops_is_not_sent_for_ever(rate_bps: float, burst: int, size: int) -> None:
    """Five to eight times the bytes would leave if this were taken for a fast and lossy link."""
    for seed in range(3):
        _, more = sent(FAST, size, seed, (rate_bps, burst))
        assert more < 2.2


def test_a_lossy_link_is_not_taken_for_a_policed_one() -> None:
    """Three of ten lost at random, a bottleneck of 2 Mbit/s: its rate is used all the same."""
    link = replace(FAST, rate_up_bps=2e6, loss=0.3, burst_mean=1.0)
    shares = [1e6 * 8 / sent(link, 1_000_000, seed, None)[0] / (2e6 * 0.7) for seed in range(5)]
    assert sorted(shares)[2] > 0.75


def points(first: int, count: int, share: float, bps: float) -> tuple[Point, Point]:
    """The first and the last of `count` datagrams of 1,000 bytes, of which `share` came."""
    seconds = count * share * 8_000 / bps
    start = Point(first, first * 1000, 0, float(first), float(first))
    arrived = round(count * share)
    return start, Point(
        first + count, (first + count) * 1000, arrived, first + seconds, first + 1.0
    )


def window(policing: Policing, first: int, share: float, bps: float, now: float) -> float | None:
    """A whole window in which `share` came through, at `bps`; the rate to go on with."""
    start, end = points(first, DATAGRAMS, share, bps)
    assert policing.reported(start, first, 1e6, now, idle=0, queued=False) is None
    return policing.reported(end, end.counter, 1e6, now, idle=0, queued=False)


def suspect(policing: Policing) -> None:
    """Two windows in a row that let a quarter through, at 128 kbit/s."""
    start, middle = points(50, DATAGRAMS, 0.25, 128e3)
    _, end = points(50, 2 * DATAGRAMS, 0.25, 128e3)
    for point in (start, middle):
        assert policing.reported(point, 50, 1e6, 0.0, idle=0, queued=False) is None
    rate_bps = policing.reported(end, end.counter, 1e6, 0.0, idle=0, queued=False)
    assert rate_bps == pytest.approx(128e3)


@pytest.mark.parametrize("dead_s", [0.5, 2.0])
def test_an_outage_is_no_policer(dead_s: float) -> None:
    """The receiver is gone for a while, thrice: the rate afterwards is what it was."""
    link = replace(FAST, rate_up_bps=1e6, loss=0.02)
    for seed in (2, 3):
        simulation = Simulation(Duplex(link, seed), seed)
        tag = simulation.post.put(Random(seed).randbytes(3_000_000), 5, 0.0)
        for second in (5, 11, 17):
            simulation.run(second + seed * 0.1)
            simulation.hub.crash()
            simulation.run(second + seed * 0.1 + dead_s)
            simulation.hub.start(simulation.at)
        assert simulation.run(60.0, lambda tag=tag, post=simulation.post: tag in post.taken)  # type: ignore[misc]
        assert simulation.post.link.rate._policing.loss is None


def test_a_try_tells_a_policer_from_a_lossy_link() -> None:
    """Less lost at the rate that came through: found. As much: the old rate, and a pause."""
    found, lossy = Policing(), Policing()
    suspect(found)
    assert window(found, 200, 1.0, 128e3, 1.0) == pytest.approx(128e3)
    assert found.loss == 0.0
    suspect(lossy)
    rates = [window(lossy, 100 * k, 0.25, 128e3 / 2**k, float(k)) for k in range(2, 7)]
    assert 1e6 in rates
    assert lossy.loss is None
    assert lossy.cap_bps == math.inf
    again = 10.0 + PAUSE_S
    start, middle = points(2000, DATAGRAMS, 0.5, 5e5)
    _, end = points(2000, 2 * DATAGRAMS, 0.5, 5e5)
    for at, tried in ((5.0, False), (again, True)):
        policing = lossy
        policing.reported(start, 2000, 1e6, at, idle=0, queued=True)
        policing.reported(start, 2000, 1e6, at, idle=0, queued=False)
        assert policing.reported(middle, 2000, 1e6, at, idle=0, queued=False) is None
        found_rate = policing.reported(end, 3000, 1e6, at, idle=0, queued=False)
        assert (found_rate is not None) is tried


def test_what_is_lost_behind_a_queue_or_now_and_then_is_no_policer() -> None:
    policing = Policing()
    start, end = points(10, DATAGRAMS, 0.2, 1e5)
    policing.reported(start, 10, 1e6, 0.0, idle=0, queued=False)
    assert policing.reported(end, 50, 1e6, 0.0, idle=0, queued=True) is None
    assert window(policing, 100, 1 - SUSPECT + 0.05, 1e5, 1.0) is None
    assert policing.cap_bps == math.inf


def test_a_policer_that_goes_is_noticed() -> None:
    """Window after window without a loss, the rate grows, faster and faster; a loss ends it."""
    policing = Policing()
    suspect(policing)
    window(policing, 200, 1.0, 128e3, 1.0)
    for number in range(3, 15):
        window(policing, 100 * number, 1.0, policing.cap_bps, float(number))
    assert policing.cap_bps > 5 * 128e3
    window(policing, 2000, 0.5, 200e3, 20.0)
    assert policing.cap_bps == pytest.approx(200e3)


def test_losses_before_and_after_a_pause_are_no_policer() -> None:
    """What went to a process that had ended, with seconds between: nobody's rate."""
    policing = Policing()
    start, end = points(100, DATAGRAMS, 0.2, 300.0)
    policing.reported(start, 100, 1e6, 0.0, idle=0, queued=False)
    assert policing.reported(end, end.counter, 1e6, 9.0, idle=110, queued=False) is None
    assert policing.cap_bps == math.inf


def test_small_talk_shows_no_policer() -> None:
    """Many answers of 40 bytes, most of them to a process that had ended."""
    policing = Policing()
    start = Point(100, 4_000, 0, 100.0, 100.0)
    end = Point(200, 8_000, 20, 101.0, 101.0)
    policing.reported(start, 100, 1e6, 0.0, idle=0, queued=False)
    assert policing.reported(end, 200, 1e6, 1.0, idle=0, queued=False) is None
    assert policing.cap_bps == math.inf
