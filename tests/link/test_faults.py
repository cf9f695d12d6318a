"""Simulated stories from seeds: trouble, then peace, then everything must have arrived once."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

import pytest

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES
from xtcli.transport.link.simulate import Simulation

_found = importlib.util.spec_from_file_location(
    "link_faults", Path(__file__).with_name("faults.py")
)
assert _found is not None
assert _found.loader is not None
faults = importlib.util.module_from_spec(_found)
sys.modules["link_faults"] = faults
_found.loader.exec_module(faults)


@pytest.mark.parametrize("block", range(10))
def test_stories(block: int) -> None:
    """Nothing lost, nothing accepted twice, nothing DONE before it was accepted."""
    for seed in range(block * 30, block * 30 + 30):
        story = faults.tell(seed)
        try:
            faults.check(story)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error


def test_the_same_seed_tells_the_same_story() -> None:
    """A failure can be played again: same bytes, same times."""
    first, second = faults.tell(11), faults.tell(11)
    for one in (first, second):
        assert one.finished
    roads = [story.simulation.road for story in (first, second)]
    assert roads[0].up.counters == roads[1].up.counters
    assert roads[0].down.counters == roads[1].down.counters
    assert first.simulation.at == second.simulation.at


def test_bytes_are_bounded_in_a_dead_network() -> None:
    """An hour without any answer costs less than 40 kB, however much waits."""
    simulation = Simulation(Duplex(PROFILES["gprs"], 1), 1)
    simulation.hub.crash()
    simulation.post.put(bytes(500_000), 5, 0.0)
    simulation.post.put(bytes(300), 0, 0.0)
    simulation.run(3600.0)
    assert simulation.road.up.counters.bytes_offered < 40_000
