"""One seed, one story: bundles both ways over a bad road with crashes, then peace.

Phase 1 draws bundles, crashes of either side, stepped clocks and damage; invariants hold
throughout. Phase 2 heals the road: everything offered must arrive, once, within a deadline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from random import Random

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES, Outages
from xtcli.transport.link.simulate import End, Simulation

TROUBLE_S = 120.0
HEALED_S = 3000.0
NAMES = ("gprs", "edge", "lossy3g", "satphone", "geo", "awful", "outage")


@dataclass
class Story:
    """What happened."""

    simulation: Simulation
    offered: dict[bytes, tuple[End, End]]
    crashes: int
    finished: bool


def tell(seed: int, profile_name: str | None = None) -> Story:
    """Play the story of a seed."""
    random = Random(seed)
    profile = PROFILES[profile_name or random.choice(NAMES)]
    if random.random() < 0.3:
        start = random.uniform(5, 60)
        profile = replace(profile, outages=Outages(((start, start + random.uniform(5, 60)),)))
    road = Duplex(
        profile,
        seed,
        duplicate=random.choice((0, 0, 0.05)),
        corrupt=random.choice((0, 0, 0.05)),
    )
    simulation = Simulation(road, seed)
    story = Story(simulation, {}, 0, finished=False)
    ends = [(simulation.post, simulation.hub), (simulation.hub, simulation.post)]
    for _ in range(random.randrange(1, 7)):
        source, target = random.choice(ends)
        size = random.choice((1, 40, 450, 1185, 1186, 3000, 9000, 40_000))
        _plan_bundle(story, random, source, target, size)
    for _ in range(random.randrange(4)):
        _plan_crash(story, random, random.choice((simulation.post, simulation.hub)))
    # The road of a post that knows nobody yet: it must speak first, and it asks for its bundles.
    simulation.plan(0.0, lambda: simulation.post.link.poll(simulation.post.now(0.0)))
    simulation.run(TROUBLE_S)
    for end in (simulation.post, simulation.hub):
        if end.node is None:
            end.start(simulation.at)
        end.link.poll(end.now(simulation.at))
    wanted = story.offered
    story.finished = simulation.run(
        TROUBLE_S + HEALED_S,
        lambda: all(tag in source.taken for tag, (source, _) in wanted.items()),
    )
    return story


def _plan_bundle(story: Story, random: Random, source: End, target: End, size: int) -> None:
    at = random.uniform(0, TROUBLE_S * 0.6)
    sealed, priority = random.randbytes(size), random.randrange(6)

    def offer() -> None:
        story.offered[source.put(sealed, priority, at)] = (source, target)

    story.simulation.plan(at, offer)


def _plan_crash(story: Story, random: Random, end: End) -> None:
    at = random.uniform(0, TROUBLE_S * 0.9)
    down_s = random.choice((0.0, 1.0, 10.0))

    def restart(back: float) -> None:
        if end.node is None:
            end.start(back)

    def crash() -> None:
        if end.node is None:
            return
        story.crashes += 1
        end.crash()
        back = story.simulation.at + down_s
        story.simulation.plan(back, lambda: restart(back))

    story.simulation.plan(at, crash)


def check(story: Story) -> None:
    """The invariants."""
    simulation = story.simulation
    assert story.finished, "something never arrived"
    for tag, (source, target) in story.offered.items():
        times = target.arrived.get(tag, [])
        assert len(times) == 1, f"accepted {len(times)} times"
        assert source.taken[tag] >= times[0], "DONE before it was accepted"
    for end in (simulation.post, simulation.hub):
        for tag in end.arrived:
            assert tag in story.offered, "a bundle that nobody sent"
