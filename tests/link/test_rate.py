"""Rate control against emulated links: fast enough, no standing queue, fair, not fooled."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from xtcli.transport.emulator.capacity import Steps
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES, Profile
from xtcli.transport.link.filters import Loss, Point, WindowMax, WindowMin, unwrap
from xtcli.transport.link.growth import Growth
from xtcli.transport.link.rate import RateControl
from xtcli.transport.link.sending import symbols_needed
from xtcli.transport.link.simulate import Simulation
from xtcli.transport.link.starting import arrived_share
from xtcli.transport.link.tuning import GROWTH_MAX


def moved(profile: Profile, size: int, seed: int = 1) -> tuple[Simulation, float]:
    """Move a bundle over a link never measured before; the seconds it took."""
    simulation = Simulation(Duplex(profile, seed), seed)
    tag = simulation.post.put(random.Random(seed).randbytes(size), 5, 0.0)
    assert simulation.run(3000, lambda: tag in simulation.post.taken)
    return simulation, simulation.hub.arrived[tag][0]


@pytest.mark.parametrize("rate_bps", [2_400, 9_600, 64_000, 1e6, 20e6])
def test_finds_the_rate(rate_bps: float) -> None:
    """From 2.4 kbit/s to 20 Mbit/s, without being told."""
    clean = Profile("clean", rate_bps, rate_bps, 0.1, queue_s=20.0)
    simulation, _ = moved(clean, int(min(2_000_000, rate_bps * 5)))
    assert simulation.post.link.rate.rate_bps == pytest.approx(rate_bps, rel=0.3)


def test_a_loss_is_not_congestion() -> None:
    """With 30 % loss the link is used as fully as without."""
    clean = replace(PROFILES["edge"], loss=0.0)
    lossy = replace(PROFILES["edge"], loss=0.3, burst_mean=1.0)
    _, quick = moved(clean, 100_000)
    _, slow = moved(lossy, 100_000)
    assert slow < quick / 0.7 * 1.25


def test_no_standing_queue() -> None:
    """Once started, a bulk transfer leaves the queue short enough for an alert."""
    simulation = Simulation(Duplex(PROFILES["gprs"], 3), 3)
    simulation.post.put(random.Random(3).randbytes(300_000), 5, 0.0)
    simulation.run(20.0)
    simulation.road.up.queue_delays.clear()
    simulation.run(100.0)
    delays = sorted(simulation.road.up.queue_delays)
    assert delays[int(0.95 * len(delays))] < 0.8


def test_a_slower_link_is_noticed() -> None:
    """Started with what a fast link was, the rate comes down instead of filling the queue."""
    simulation = Simulation(Duplex(PROFILES["satphone"], 2), 2)
    simulation.post.link.rate.learn(64_000, 0.6, 0.1, 0.01)
    simulation.post.put(random.Random(2).randbytes(60_000), 5, 0.0)
    simulation.run(40.0)
    assert simulation.post.link.rate.rate_bps < 15_000


@pytest.mark.parametrize("learnt_bps", [20_000.0, 64_000.0, 640_000.0])
def test_a_stale_memory_leaves_no_standing_queue(learnt_bps: float) -> None:
    """However fast the link was when it was measured last: soon the queue is short again."""
    waits = []
    for seed in range(7):
        simulation = Simulation(Duplex(PROFILES["satphone"], seed), seed)
        simulation.post.link.rate.learn(learnt_bps, 0.6, 0.1, 0.01)
        simulation.post.put(random.Random(seed).randbytes(120_000), 5, 0.0)
        simulation.run(40.0)
        simulation.road.up.queue_delays.clear()
        simulation.run(80.0)
        delays = sorted(simulation.road.up.queue_delays)
        waits.append(delays[len(delays) // 2])
    assert sorted(waits)[3] < 1.0


def test_reports_that_stall_are_not_a_slow_link() -> None:
    """Where only the way back stands still for some seconds, the rate is not measured anew."""
    link = Profile("way back stalls", 1e6, 1e6, 0.06, queue_s=2.0)
    stalled = Steps([1e6] * 8 + [0.0] * 3 + [1e6] * 20)
    simulation = Simulation(Duplex(link, 1, capacity_down=stalled), 1)
    simulation.post.put(random.Random(1).randbytes(4_000_000), 5, 0.0)
    simulation.run(7.5)
    assert simulation.post.link.rate.rate_bps == pytest.approx(1e6, rel=0.2)
    for tenth in range(80, 140):
        simulation.run(tenth / 10)
        assert simulation.post.link.rate.rate_bps > 7e5


@pytest.mark.parametrize("queue_s", [4.0, 30.0])
def test_a_full_queue_is_not_filled_further(queue_s: float) -> None:
    """A link falls to a tenth: the window does not grow with the queue that this makes."""
    link = Profile("falls to a tenth", 1e6, 1e6, 0.06, queue_s=queue_s)
    falls = Steps([1e6] * 6 + [1e5] * 160)
    simulation = Simulation(Duplex(link, 1, capacity_up=falls), 1)
    simulation.post.put(random.Random(1).randbytes(2_000_000), 5, 0.0)
    simulation.run(6.0)
    simulation.road.up.queue_delays.clear()
    simulation.run(60.0)
    delays = sorted(simulation.road.up.queue_delays)
    assert delays[len(delays) // 2] < 0.5


def test_growth_wants_calm_round_trips_in_a_row() -> None:
    growth = Growth()
    assert growth.factor(0.5, busy=True, still=True) == 1.0
    second = growth.factor(0.5, busy=True, still=True)
    assert 1.0 < second < growth.factor(0.5, busy=True, still=True) + 0.01
    assert growth.factor(0.5, busy=False, still=True) == 1.0
    calm = growth.calm
    assert growth.factor(0.5, busy=True, still=False) == 1.0
    assert growth.calm == calm - 2
    for _ in range(40):
        fastest = growth.factor(0.5, busy=True, still=True)
    assert fastest == GROWTH_MAX


def test_what_overflows_did_not_arrive() -> None:
    start, end = Point(10, 0, 0xFFFE, 0.0, 0.0), Point(20, 10_000, 2, 1.0, 1.0)
    assert arrived_share(start, end) == pytest.approx(0.4)
    assert arrived_share(start, replace(end, arrived=30)) == 1.0


def test_stepped_clocks_do_no_harm() -> None:
    """A receiver whose clock jumps by an hour, either way, costs no speed."""
    simulation = Simulation(Duplex(PROFILES["edge"], 5), 5)
    tag = simulation.post.put(random.Random(5).randbytes(150_000), 5, 0.0)
    simulation.plan(5.0, lambda: setattr(simulation.hub, "clock_s", 3600.0))
    simulation.plan(10.0, lambda: setattr(simulation.hub, "clock_s", 7.0))
    assert simulation.run(3000, lambda: tag in simulation.hub.arrived)
    assert simulation.hub.arrived[tag][0] < 150_000 * 8 / 60_000 * 1.25


def test_learnt_nonsense_is_ignored() -> None:
    rate = RateControl(0.0)
    before = rate.rate_bps
    rate.learn(float("nan"), float("nan"), 1e9, 7.0)
    rate.learn(-1.0, -1.0, -1.0, -1.0)
    assert (rate.rate_bps, rate.srtt, rate.known) == (before, None, False)


def test_enough_symbols_are_enough() -> None:
    """The number of symbols gives the wanted chance, and one less does not."""
    rng = random.Random(1)
    for lacking, percent, sure in ((1, 20, 0.98), (5, 10, 0.7), (20, 20, 0.7)):
        number = symbols_needed(lacking, percent, sure)

        def share(sent: int, lacking: int = lacking, percent: int = percent) -> float:
            tries = 4000
            draws = (sum(rng.random() * 100 >= percent for _ in range(sent)) for _ in range(tries))
            return sum(arrived >= lacking for arrived in draws) / tries

        assert share(number) > sure - 0.03
        assert share(number - 1) < sure + 0.03
    assert symbols_needed(0, 50, 0.9) == 0
    assert symbols_needed(100, 0, 0.9) == 100
    assert 125 <= symbols_needed(100, 20, 0.7) <= 135


def test_filters() -> None:
    least, most, loss = WindowMin(10), WindowMax(10), Loss(0.0)
    for at, value in enumerate((5.0, 3.0, 4.0)):
        least.add(value, at)
        most.add(value, at)
    assert (least.value, most.value) == (3.0, 5.0)
    assert least.add(9.0, 11.5) == 4.0
    loss.add(50, 40)
    assert 0.1 < loss.share < 0.2
    assert unwrap(1.0, 4095.0) == 4097.0
    assert unwrap(4095.0, 4097.0) == 4095.0
