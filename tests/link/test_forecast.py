"""What is promised before and while sending, against what it then takes on the emulated links."""

from __future__ import annotations

import random
from statistics import median

import pytest

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES
from xtcli.transport.link.events import LinkConfig
from xtcli.transport.link.forecast import Pace, busy_s, symbol_bytes, there_s
from xtcli.transport.link.simulate import Simulation

LINKS = ("gprs", "edge", "satphone", "lossy3g", "awful", "geo")
SEEDS = 9
SIZE = 60_000


def measured(name: str, seed: int) -> Simulation:
    """A link that has carried something already."""
    simulation = Simulation(Duplex(PROFILES[name], seed), seed)
    post = simulation.post
    tag = post.put(random.Random(seed).randbytes(SIZE), 5, 0.0)
    assert simulation.run(900, lambda: tag in post.taken)
    simulation.run(simulation.at + 5)
    return simulation


def promises(name: str, seed: int) -> tuple[float, float]:
    """Promised over actual, before sending and when a third had arrived."""
    simulation = measured(name, seed)
    post, begun = simulation.post, simulation.at
    rate = post.link.rate
    assert rate.srtt is not None
    before = there_s(SIZE, Pace(rate.rate_bps, rate.srtt, rate.loss.share))
    tag = post.put(random.Random(seed + 99).randbytes(SIZE), 5, begun)
    simulation.run(begun + 900, lambda: post.link.waiting(post.now(simulation.at))[1] < SIZE * 0.67)
    third = simulation.at
    during = post.link.estimate(0, 7, post.now(third))
    assert during is not None
    assert simulation.run(begun + 900, lambda: tag in simulation.hub.arrived)
    there = simulation.hub.arrived[tag][0]
    return before / (there - begun), during / (there - third)


@pytest.mark.parametrize("name", LINKS)
def test_promises_are_honest(name: str) -> None:
    """In the middle of some tries neither too early nor too late by more than a fifth; before
    sending and on the way."""
    found = [promises(name, seed) for seed in range(SEEDS)]
    assert median(before for before, _ in found) == pytest.approx(1.0, abs=0.2)
    assert median(during for _, during in found) == pytest.approx(1.0, abs=0.2)


def test_what_is_under_way_is_not_counted_again() -> None:
    """When all has left and no answer is back yet, little more than the way is promised."""
    simulation = measured("gprs", 3)
    post = simulation.post
    post.put(random.Random(1).randbytes(3_000), 5, simulation.at)
    begun = simulation.at
    begin = post.link.estimate(0, 7, post.now(begun))
    simulation.run(begun + 1.3)
    left = post.link.estimate(0, 7, post.now(simulation.at))
    assert post.link.waiting(post.now(simulation.at)) == (1, 3_000)
    assert begin is not None
    assert left is not None
    assert left < begin - 1.0


def test_what_was_postponed_is_not_counted() -> None:
    """Neither in the bytes to go nor in the time."""
    simulation = measured("gprs", 4)
    post = simulation.post
    idle = post.link.estimate(0, 7, post.now(simulation.at))
    tag = post.put(random.Random(1).randbytes(SIZE), 5, simulation.at)
    now = post.now(simulation.at)
    assert post.link.estimate(0, 7, now) > 20  # type: ignore[operator]
    assert post.link.postpone(tag, now + 3600)
    assert post.link.estimate(0, 7, now) == idle
    assert post.link.waiting(now) == (0, 0)
    assert post.link.waiting(now + 3601) == (1, SIZE)


def test_what_is_more_urgent_goes_first() -> None:
    """A text does not wait for a photo; the photo waits for it."""
    simulation = measured("gprs", 5)
    post = simulation.post
    now = post.now(simulation.at)
    post.put(random.Random(1).randbytes(SIZE), 5, simulation.at)
    assert post.link.estimate(300, 1, now) < 2  # type: ignore[operator]
    assert post.link.estimate(300, 5, now) > 20  # type: ignore[operator]


def test_every_cost_is_counted() -> None:
    """Headers, loss and the way there each make it longer; nothing to send takes no time."""
    config = LinkConfig()
    plain = busy_s(SIZE, Pace(20_000), config)
    assert plain > SIZE * 8 / 20_000 * 1.03
    assert busy_s(SIZE, Pace(20_000, loss=0.2), config) > plain / 0.8
    assert there_s(SIZE, Pace(20_000, 2.0)) == pytest.approx(plain + 1.0)
    assert busy_s(0, Pace(20_000), config) == 0
    assert busy_s(SIZE, Pace(20_000, loss=1.0), config) < float("inf")


def test_symbols_are_as_the_scheduler_cuts_them() -> None:
    """Promises know how many headers a slow link pays for."""
    for name in ("satphone", "gprs", "lossy3g"):
        simulation = measured(name, 6)
        link = simulation.post.link
        simulation.post.put(random.Random(2).randbytes(SIZE), 5, simulation.at)
        simulation.run(simulation.at + 3)
        (one,) = link._outbox
        assert one.symbol_bytes == pytest.approx(symbol_bytes(link.rate.rate_bps, link.config), 0.1)
