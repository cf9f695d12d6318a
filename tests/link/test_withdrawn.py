"""A transfer given up on its way: the receiver forgets what has come, and only that."""

from __future__ import annotations

from random import Random

from tests.link.test_session import Pair, offer
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES
from xtcli.transport.link.events import BundleArrived
from xtcli.transport.link.frames import Withdrawn, unpack_content
from xtcli.transport.link.simulate import Simulation


def test_what_has_come_is_forgotten_here_and_on_disk() -> None:
    """Also what the spool kept; nothing is sent afterwards, and nobody is told a bundle came."""
    simulation = Simulation(Duplex(PROFILES["edge"], 2), 2)
    tag = simulation.post.put(Random(1).randbytes(60_000), 5, 0.0)
    simulation.run(3.0)
    assert list(simulation.hub.spool.kept(1))
    assert simulation.post.link.withdraw(tag)
    simulation.run(8.0)
    assert not list(simulation.hub.spool.kept(1))
    assert not simulation.hub.link.inbox.partial
    before = simulation.road.up.counters.bytes_offered
    simulation.run(100.0)
    assert simulation.road.up.counters.bytes_offered == before
    assert tag not in simulation.hub.arrived


def test_it_is_said_again_while_the_peer_holds_on() -> None:
    """A lost WITHDRAWN is repeated when a HAVE shows symbols; a HAVE of another bundle is not."""
    pair = Pair()
    tag = offer(pair.post, 5000, priority=5)
    for _ in range(2):
        datagram = pair.post.send(pair.now)
        assert datagram is not None
        pair.hub.receive(datagram, pair.now)
    pair.post.withdraw(tag)
    assert pair.post.send(pair.now) is not None, "the notice, lost"
    have = pair.hub.send(pair.now)
    assert have is not None
    pair.post.receive(have, pair.now + 1)
    again = pair.post.send(pair.now + 1)
    assert again is not None
    assert Withdrawn(tag) in unpack_content(again[:-8]).items
    pair.hub.receive(again, pair.now + 2)
    assert not pair.hub.inbox.partial


def test_it_is_no_recall() -> None:
    """A bundle that is whole or accepted stays; one of which nothing left is not spoken of."""
    pair = Pair(accepts=False)
    tag = offer(pair.post, 5000, priority=5)
    pair.settle(3.0)
    assert tag in pair.hub.inbox.waiting
    assert pair.post.withdraw(tag)
    pair.settle(3.0)
    assert tag in pair.hub.inbox.waiting
    untold = offer(pair.post, 5000, priority=5, seed=3)
    assert pair.post.withdraw(untold)
    assert pair.post.send(pair.now + 60) is None


def test_the_same_bundle_may_be_sent_again() -> None:
    pair = Pair()
    tag = offer(pair.post, 5000, priority=5)
    pair.move(pair.post, pair.hub)
    pair.post.withdraw(tag)
    pair.settle()
    offer(pair.post, 5000, priority=5)
    pair.settle()
    assert [event.tag for event in pair.seen if isinstance(event, BundleArrived)] == [tag]
