"""A poll always comes to an end: answered, or repeated until its tries are spent."""

from __future__ import annotations

from random import Random

import pytest

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES
from xtcli.transport.link.simulate import End, Simulation

NAMES = ("gprs", "edge", "lossy3g", "satphone", "awful")
STORIES = 40


def _plan_bundle(simulation: Simulation, end: End, random: Random) -> None:
    at, data = random.uniform(0, 6), random.randbytes(random.choice((40, 300, 3000)))
    priority = random.randrange(6)
    simulation.plan(at, lambda: (end.put(data, priority, at), None)[1])


def _plan_poll(simulation: Simulation, at: float) -> None:
    simulation.plan(at, lambda: simulation.post.link.poll(simulation.post.now(at)))


@pytest.mark.parametrize("block", range(10))
def test_no_poll_waits_for_ever(block: int) -> None:
    """Whatever is lost, while bundles go both ways: when nobody has anything to do any more, no
    poll still waits, for its answer would be waited for in vain."""
    for seed in range(block * STORIES, (block + 1) * STORIES):
        random = Random(seed)
        profile = PROFILES[random.choice(NAMES)]
        simulation = Simulation(Duplex(profile, seed, duplicate=random.choice((0, 0.1))), seed)
        for end in (simulation.post, simulation.hub):
            for _ in range(random.randrange(3)):
                _plan_bundle(simulation, end, random)
        for _ in range(random.randrange(1, 4)):
            _plan_poll(simulation, random.uniform(0, 8))
        simulation.run(5000.0)
        assert not simulation.post.link.polling, f"seed {seed}"
