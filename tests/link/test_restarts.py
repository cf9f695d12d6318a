"""What a restart must not do: send again, tell nonsense, or stop measuring."""

from __future__ import annotations

from random import Random

import pytest

from tests.link.test_session import Pair, make, offer
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES
from xtcli.transport.link.events import Received
from xtcli.transport.link.filters import BaseDelays
from xtcli.transport.link.frames import Ask, FrameError, Have, Symbol, unpack_content
from xtcli.transport.link.freshness import UNSAVED_MAX, Freshness
from xtcli.transport.link.queueing import StandingQueue
from xtcli.transport.link.sharing import Sharing
from xtcli.transport.link.simulate import Simulation
from xtcli.transport.link.tuning import DRAIN_EVERY_S


def test_no_symbol_is_sent_twice_over_restarts_of_the_sender() -> None:
    """Symbols of the former process that are still in a queue count, whatever a report of theirs
    says: the new process waits for the answer to its own question."""
    simulation = Simulation(Duplex(PROFILES["edge"], 18), 18)
    seen: list[int] = []
    receive = simulation.hub.receive

    def listen(datagram: bytes, at: float) -> Received:
        try:
            frame = unpack_content(datagram[:-8]).frame
        except FrameError:
            frame = None
        if isinstance(frame, Symbol):
            seen.append(frame.index)
        return receive(datagram, at)

    simulation.hub.receive = listen  # type: ignore[method-assign]
    tag = simulation.post.put(Random(18).randbytes(200_000), 5, 0.0)
    for _ in range(5):
        simulation.run(simulation.at + 5.0)
        simulation.post.crash()
        simulation.run(simulation.at + 0.5)
        simulation.post.start(simulation.at)
    assert simulation.run(600, lambda: tag in simulation.post.taken)
    assert len(seen) - len(set(seen)) <= 2


def test_a_stale_word_does_not_start_a_resumed_bundle() -> None:
    """HAVE without a report about this process: the question still stands."""
    pair = Pair()
    sealed = Random(1).randbytes(5000)
    tag = offer(pair.post, 5000, seed=1)
    first = pair.post.send(1.0)
    assert first is not None
    pair.hub.receive(first, 1.0)
    stale = pair.hub.send(1.0)
    assert stale is not None
    assert any(isinstance(item, Have) for item in unpack_content(stale[:-8]).items)
    again = make(1, 0)
    again.restore(pair.post.save())
    again.offer(tag, sealed, 1, 2.0, resumed=True)
    question = again.send(2.0)
    assert question is not None
    assert unpack_content(question[:-8]).items == [Ask(tag)]
    again.receive(stale, 2.1)
    assert again.send(2.1) is None
    pair.hub.receive(question, 2.2)
    answer = pair.hub.send(2.2)
    assert answer is not None
    again.receive(answer, 2.3)
    symbol = again.send(again.next_timer(2.3) or 2.3)
    assert symbol is not None
    frame = unpack_content(symbol[:-8]).frame
    assert isinstance(frame, Symbol)
    assert frame.index > 1


def test_what_is_older_than_the_process_came_again_and_is_not_reported() -> None:
    """Which of it came is not known then: it may have been recorded. When the highest came is not
    known either, and a report would tell a wrong time."""
    fresh = Freshness()
    fresh.restore(100)
    for counter in (100, 99, 1):
        assert fresh.check(counter, 5.0) == (Received.AGAIN, False)
    assert fresh.report(6.0) is None
    assert fresh.check(101, 7.0) == (Received.FRESH, True)
    report = fresh.report(7.5)
    assert report is not None
    assert (report.highest, report.held) == (101, 0.5)
    assert fresh.check(103, 8.0) == (Received.FRESH, True)
    assert fresh.check(102, 8.5) == (Received.OLD, True), "late, not again"
    assert fresh.check(102, 9.0) == (Received.AGAIN, False)


def test_a_lost_poll_is_repeated_when_later_datagrams_are_reported() -> None:
    """Not only when everything falls silent."""
    pair = Pair()
    offer(pair.hub, 700)
    pair.post.poll(1.0)
    assert pair.post.send(1.0) is not None, "the poll, lost"
    offer(pair.post, 300)
    pair.settle(5.0)
    assert pair.post.peer_waiting is not None
    assert pair.now < 3.0


@pytest.mark.parametrize("step_s", [-2000.0, 1500.0])
def test_the_rate_is_measured_on_when_the_receiver_starts_again(step_s: float) -> None:
    """A clock that begins anew, behind or ahead: the rate follows the link as before."""
    simulation = Simulation(Duplex(PROFILES["edge"], 4), 4)
    simulation.post.put(Random(4).randbytes(600_000), 5, 0.0)
    simulation.run(10.0)
    simulation.hub.clock_s += step_s
    simulation.run(12.0)
    simulation.post.link.rate.rate_bps = 20_000.0
    simulation.run(60.0)
    assert simulation.post.link.rate.rate_bps == pytest.approx(60_000, rel=0.25)


def test_a_stepped_clock_is_told() -> None:
    queue = StandingQueue()
    queue.round_trip(1.0, 1000, 0.0)
    assert queue.reported([(1000, 5.0)], 0.0)
    queue.round_trip(1.2, 1000, 1.0)
    assert queue.reported([(1000, 5.2)], 1.0)
    assert queue.least == pytest.approx(0.2)
    assert not queue.reported([(1000, 90.0)], 2.0)
    assert queue.least == 0.0
    assert queue.reported([(1000, 90.0)], 3.0)
    assert not queue.reported([(1000, -90.0)], 4.0)
    assert BaseDelays(10.0).least(1000) is None


def test_a_queue_runs_empty_now_and_then_but_not_in_a_crowd() -> None:
    """A drain lasts as long as the queue seen and a little more."""
    sharing = Sharing(0.0)
    assert sharing.drain_s(0.2, DRAIN_EVERY_S) == 0.0
    assert 0.2 < sharing.drain_s(0.2, DRAIN_EVERY_S + 1) < 0.5
    assert sharing.drain_s(0.2, DRAIN_EVERY_S + 2) == 0.0
    sharing.alone(40_000.0, 20.0)
    assert not sharing.crowded(2.0, 0.3, 1.0, 30.0)
    assert sharing.crowded(2.0, 0.3, 1.0, 40.0)
    assert sharing.drain_s(2.0, 60.0) == 0.0
    assert sharing.kept_bps(5_000.0) == pytest.approx(18_000.0)


@pytest.mark.parametrize("size", [300, 60_000])
def test_what_a_stranger_recorded_is_old_to_the_next_process(size: int) -> None:
    """After kill -9 of the hub nobody may move a station's way by sending again what it sent:
    nothing that brought a bundle, and of the rest little."""
    simulation = Simulation(Duplex(PROFILES["edge"], 4), 4)
    recorded: list[bytes] = []
    receive = simulation.hub.receive

    def listen(datagram: bytes, at: float) -> Received:
        recorded.append(datagram)
        return receive(datagram, at)

    simulation.hub.receive = listen  # type: ignore[method-assign]
    tags = [simulation.post.put(Random(n).randbytes(size), 1, 0.0) for n in range(3)]
    assert simulation.run(600, lambda: len(simulation.post.taken) == len(tags))
    for _ in range(200):
        simulation.post.link.poll(simulation.post.now(simulation.at))
        simulation.run(simulation.at + 2.0)
    simulation.hub.crash()
    simulation.hub.start(simulation.at)
    fresh = [receive(one, simulation.at) is Received.FRESH for one in recorded]
    assert sum(fresh) < UNSAVED_MAX
    assert len(recorded) > 3 * UNSAVED_MAX
