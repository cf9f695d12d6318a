"""Somebody on the path repeats what he has recorded: what that can do, and what it cannot."""

from __future__ import annotations

from random import Random

import pytest

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES
from xtcli.transport.link.events import BundleArrived, Received
from xtcli.transport.link.freshness import UNSAVED_MAX
from xtcli.transport.link.simulate import Simulation
from xtcli.transport.link.tuning import DATAGRAM_BYTES

HOUR = 3_600.0


class Recorded(Simulation):
    """Everything that the post sends is recorded."""

    def __init__(self, seed: int) -> None:
        super().__init__(Duplex(PROFILES["edge"], seed), seed)
        self.heard: list[bytes] = []
        push = self.road.up.push

        def record(packet: bytes, now: float) -> None:
            self.heard.append(packet)
            push(packet, now)

        self.road.up.push = record  # type: ignore[method-assign]


def repeated(simulation: Recorded, rng: Random) -> list[Received]:
    """All of it again, some of it twice, to the hub of now."""
    again = simulation.heard + rng.sample(simulation.heard, len(simulation.heard) // 2)
    return [simulation.hub.receive(datagram, simulation.at) for datagram in again]


@pytest.mark.parametrize("seed", range(6))
def test_to_a_hub_that_runs_a_repeated_datagram_is_nothing(seed: int) -> None:
    """No address moves, nothing arrives, nothing is sent but a RESYNC a second at most."""
    simulation, rng = Recorded(seed), Random(seed)
    for size in (300, 9_000, 40):
        simulation.post.put(rng.randbytes(size), 1, 0.0)
    simulation.run(300.0)
    events, sent = len(simulation.hub.events), simulation.road.down.counters.packets_offered
    assert Received.FRESH not in repeated(simulation, rng)
    simulation.run(600.0)
    assert len(simulation.hub.events) == events
    assert simulation.road.down.counters.packets_offered == sent


@pytest.mark.parametrize("seed", range(6))
def test_after_a_crash_a_few_move_the_address_until_the_next_genuine_one(seed: int) -> None:
    """What came since the hub wrote the counter down is fresh to the next process: the answers go
    astray until the post says anything. Nothing arrives twice, and little is sent there."""
    simulation, rng = Recorded(seed), Random(seed)
    taken = simulation.post.put(rng.randbytes(20_000), 3, 0.0)
    simulation.run(200.0)
    for _ in range(8):
        simulation.post.link.poll(simulation.post.now(simulation.at))
        simulation.run(simulation.at + 20)
    hub, arrived = simulation.hub, dict(simulation.hub.arrived)
    hub.crash()
    photo = hub.put(rng.randbytes(300_000), 5, simulation.at)
    hub.start(simulation.at)
    verdicts = repeated(simulation, rng)
    assert 0 < verdicts.count(Received.FRESH) <= UNSAVED_MAX
    assert hub.arrived == arrived
    assert list(arrived) == [taken]
    assert not any(isinstance(event, BundleArrived) for at, event in hub.events if at > 200)
    astray = 0
    assert hub.node is not None
    at, end = simulation.at, simulation.at + HOUR
    while at < end:
        while (datagram := hub.node.send(hub.now(at))) is not None:
            astray += len(datagram)
        due = hub.node.next_timer(hub.now(at))
        at = end if due is None else max(at + 1e-3, due - hub.clock_s)
    assert astray < 10 * DATAGRAM_BYTES
    simulation.at = end
    simulation.post.link.poll(simulation.post.now(end))
    genuine = simulation.post.link.send(simulation.post.now(end))
    assert genuine is not None
    assert hub.receive(genuine, end) is Received.FRESH
    simulation.run(end + HOUR, lambda: photo in simulation.hub.taken)
    assert photo in simulation.hub.taken
