"""Two links hand to hand: what is said, what is kept, what is ignored."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES
from xtcli.transport.link.events import (
    BundleArrived,
    BundleRefused,
    BundleTaken,
    Contact,
    LinkConfig,
    LinkEvent,
    PeerPolled,
    Realtime,
    Received,
    SymbolsToKeep,
)
from xtcli.transport.link.filters import Loss
from xtcli.transport.link.frames import Done, Report, Symbol, Whole, unpack_content
from xtcli.transport.link.keys import Seal, link_key
from xtcli.transport.link.session import Link
from xtcli.transport.link.simulate import Simulation
from xtcli.transport.symbols import bundle_tag

KEY = bytes(range(32))


def make(local: int, peer: int, config: LinkConfig | None = None) -> Link:
    entropy = random.Random(local).randbytes
    return Link(local=local, peer=peer, key=KEY, now=0.0, entropy=entropy, config=config)


class Pair:
    """A post (1) and a hub (0) with nothing between them."""

    def __init__(self, config: LinkConfig | None = None, *, accepts: bool = True) -> None:
        self.accepts = accepts
        self.post, self.hub = make(1, 0, config), make(0, 1, config)
        self.now = 1.0
        self.seen: list[LinkEvent] = []
        self.said: list[bytes] = []

    def move(self, source: Link, target: Link) -> int:
        """Move what `source` has to send now; how many datagrams."""
        count = 0
        while (datagram := source.send(self.now)) is not None:
            self.said.append(datagram)
            target.receive(datagram, self.now)
            happened = target.events()
            self.seen += happened
            for event in happened:
                if isinstance(event, BundleArrived) and self.accepts:
                    target.accept(event.tag)
            count += 1
        return count

    def settle(self, seconds: float = 30.0) -> None:
        """Let both talk until both are silent or time is up."""
        until = self.now + seconds
        while self.now < until:
            moved = self.move(self.post, self.hub) + self.move(self.hub, self.post)
            times = [t for one in (self.post, self.hub) if (t := one.next_timer(self.now))]
            if not moved and not times:
                return
            self.now = max(self.now, min(times, default=self.now)) + 0.001

    def of(self, kind: type[LinkEvent]) -> list[LinkEvent]:
        return [event for event in self.seen if isinstance(event, kind)]


def offer(link: Link, size: int, priority: int = 1, seed: int = 0) -> bytes:
    sealed = random.Random(seed).randbytes(size)
    link.offer(bundle_tag(sealed), sealed, priority, 1.0)
    return bundle_tag(sealed)


def test_a_small_bundle_is_one_datagram() -> None:
    """A text consult is one datagram of 15 bytes more than itself, and one back."""
    pair = Pair()
    tag = offer(pair.post, 350)
    pair.settle()
    assert [len(datagram) for datagram in pair.said] == [365, 33]
    assert pair.of(BundleTaken) == [BundleTaken(tag)]


def test_done_only_after_accept() -> None:
    """Whole at the other side is not yet taken."""
    pair = Pair(accepts=False)
    tag = offer(pair.post, 5000)
    for _ in range(40):
        pair.move(pair.post, pair.hub)
        pair.move(pair.hub, pair.post)
        pair.now += 0.2
    assert [event.tag for event in pair.seen if isinstance(event, BundleArrived)] == [tag]
    assert not pair.of(BundleTaken)
    pair.hub.accept(tag)
    pair.settle()
    assert pair.of(BundleTaken) == [BundleTaken(tag)]


def test_duplicates_of_an_accepted_bundle_vanish() -> None:
    """A second copy is answered DONE and told to nobody."""
    pair = Pair()
    tag = offer(pair.post, 100)
    pair.settle()
    offer(pair.post, 100)
    pair.settle()
    assert len(pair.of(BundleArrived)) == 1
    assert pair.of(BundleTaken) == [BundleTaken(tag), BundleTaken(tag)]


def test_refused_with_the_reason() -> None:
    pair = Pair(accepts=False)
    tag = offer(pair.post, 100)
    pair.move(pair.post, pair.hub)
    pair.hub.refuse(tag, 9)
    pair.move(pair.hub, pair.post)
    assert pair.of(BundleRefused) == [BundleRefused(tag, 9)]
    assert pair.post.measured().queued_bundles == 0
    with pytest.raises(ValueError, match="reason"):
        pair.hub.refuse(tag, 0)


def test_too_large_is_refused_before_it_is_sent_whole() -> None:
    pair = Pair(LinkConfig(bundle_bytes_max=50_000))
    big = make(1, 0)
    tag = offer(big, 60_000)
    pair.post = big
    pair.settle()
    assert pair.of(BundleRefused) == [BundleRefused(tag, 1)]
    assert len(pair.said) < 12
    with pytest.raises(ValueError, match="too large"):
        offer(pair.hub, 60_000)


def test_replayed_and_damaged_datagrams_change_nothing() -> None:
    """Old ones do not move the address; damaged, foreign and reflected ones are counted."""
    pair = Pair()
    offer(pair.post, 350)
    first = pair.post.send(1.0)
    assert first is not None
    assert pair.hub.receive(first, 1.0) is Received.FRESH
    offer(pair.post, 351, seed=1)
    second = pair.post.send(2.0)
    assert second is not None
    assert pair.hub.receive(second, 2.0) is Received.FRESH
    pair.hub.events()
    assert pair.hub.receive(first, 3.0) is Received.AGAIN
    assert pair.hub.events() == []
    for place in range(len(first)):
        damaged = bytearray(first)
        damaged[place] ^= 4
        assert not pair.hub.receive(bytes(damaged), 3.0)
    assert not pair.post.receive(first, 3.0)
    assert not pair.hub.receive(first[:14], 3.0)
    assert not pair.hub.receive(b"", 3.0)
    assert pair.hub.invalid == len(first) + 2
    assert pair.hub.events() == []


def test_a_sender_that_lost_its_counter_is_told() -> None:
    """After three old datagrams the answer names the counter, is short, and heals the sender."""
    pair = Pair()
    offer(pair.post, 100)
    pair.settle()
    for seed in range(20):
        offer(pair.post, 100, seed=seed)
        pair.settle()
    fresh = make(1, 0)
    verdicts = []
    for seed in range(100, 106):
        offer(fresh, 50, seed=seed)
        datagram = fresh.send(pair.now)
        assert datagram is not None
        verdicts.append(pair.hub.receive(datagram, pair.now))
        answer = pair.hub.resync(pair.now)
        if answer is not None:
            assert len(answer) <= len(datagram)
            assert fresh.receive(answer, pair.now)
        pair.now += 1
    assert verdicts[:3] == [Received.AGAIN] * 3
    assert verdicts[3:] == [Received.FRESH] * 3


def test_save_and_restore() -> None:
    """The next process goes on above the saved counter and with the link as measured."""
    simulation = Simulation(Duplex(PROFILES["gprs"], 1), 1)
    tag = simulation.post.put(bytes(20_000), 3, 0.0)
    assert simulation.run(300, lambda: tag in simulation.post.taken)
    old = simulation.post.link
    state = old.save()
    new = make(1, 0)
    assert new.restore(state)
    assert not new.restore(state[:-1])
    assert not new.restore(b"\xff" + state[1:])
    assert new.measured().rate_bps == pytest.approx(old.measured().rate_bps)
    offer(new, 10)
    datagram = new.send(1.0)
    assert datagram is not None
    assert simulation.hub.link.receive(datagram, 1e9) is Received.FRESH


def test_polls_until_the_answer_comes() -> None:
    """The status counts what waits; polling ends with it, or after a bounded number of tries."""
    pair = Pair()
    offer(pair.hub, 1000)
    offer(pair.hub, 2000, seed=1)
    assert pair.hub.next_timer(1.0) is not None
    pair.post.poll(1.0)
    pair.settle()
    assert pair.of(PeerPolled)
    assert pair.post.peer_waiting is not None
    alone = make(1, 0)
    alone.poll(0.0)
    sent, now = 0, 0.0
    while (due := alone.next_timer(now)) is not None:
        now = due
        sent += alone.send(now) is not None
    assert sent == LinkConfig().poll_tries
    assert not alone.polling


def test_silence_when_there_is_nothing_to_say() -> None:
    """No timer, no datagram; with somebody waiting, one short datagram every 25 s."""
    pair = Pair()
    offer(pair.post, 300)
    pair.settle()
    for link in (pair.post, pair.hub):
        assert link.next_timer(pair.now) is None
        assert link.send(pair.now + 1e6) is None
    pair.post.keep_alive_until(pair.now + 60)
    sent = []
    now = pair.now
    while (due := pair.post.next_timer(now)) is not None:
        now = due
        datagram = pair.post.send(now)
        sent += [len(datagram)] if datagram else []
    assert sent == [15, 15]


def test_the_urgent_one_overtakes() -> None:
    """Once a stat consult is offered it has the next datagram."""
    pair = Pair()
    offer(pair.post, 100_000, priority=5)
    first = pair.post.send(1.0)
    assert first is not None
    tag = offer(pair.post, 300, priority=0, seed=2)
    frame = None
    now = 1.0
    while frame is None:
        now = max(now, pair.post.next_timer(now) or now)
        datagram = pair.post.send(now)
        frame = unpack_content(datagram[:-8]).frame if datagram else None
    assert isinstance(frame, Whole)
    assert bundle_tag(frame.sealed) == tag


def test_postponed_and_withdrawn() -> None:
    pair = Pair()
    tag = offer(pair.post, 300)
    assert pair.post.postpone(tag, 50.0)
    assert pair.post.send(1.0) is None
    assert pair.post.next_timer(1.0) == 50.0
    assert pair.post.withdraw(tag)
    assert pair.post.next_timer(1.0) is None
    assert not pair.post.withdraw(tag)
    assert not pair.post.postpone(tag, 1.0)


def test_realtime_goes_first_and_stays_short() -> None:
    """Eleven bytes of overhead, before everything else, even while a link is stalled."""
    pair = Pair()
    offer(pair.post, 300)
    pair.post.send_realtime(b"voice", 1.0)
    datagram = pair.post.send(1.0)
    assert datagram is not None
    assert len(datagram) == 11 + 5
    assert pair.hub.receive(datagram, 1.0) is Received.OLD
    assert pair.hub.events() == [Realtime(b"voice")]
    with pytest.raises(ValueError, match="large"):
        pair.post.send_realtime(bytes(1300), 1.0)


def test_symbols_to_keep_and_back() -> None:
    """What was kept counts after a restart: only the rest is asked for."""
    simulation = Simulation(Duplex(PROFILES["edge"], 2), 2)
    simulation.post.put(random.Random(1).randbytes(30_000), 5, 0.0)
    simulation.run(2.5)
    kept = [event for event in simulation.hub.spool.kept(1)]
    assert all(isinstance(part, SymbolsToKeep) for part in kept)
    again = make(0, 1)
    for part in kept:
        again.restore_symbols(part)
        again.restore_symbols(replace(part, symbol_bytes=part.symbol_bytes + 1))
    arrived = again.progress()[0].arrived
    held = sum(len(payload) for part in kept for _, payload in part.symbols)
    assert held - 30 < arrived <= held


def test_forecast_and_progress() -> None:
    """No forecast before the link was measured; afterwards within a fifth of what it takes."""
    simulation = Simulation(Duplex(PROFILES["gprs"], 4), 4)
    post = simulation.post
    assert post.link.estimate(1000, 1, 0.0) is None
    tag = post.put(bytes(30_000), 3, 0.0)
    assert simulation.run(300, lambda: tag in post.taken)
    simulation.run(simulation.at + 5)
    forecast = post.link.estimate(60_000, 5, post.now(simulation.at))
    begun = simulation.at
    tag = post.put(random.Random(2).randbytes(60_000), 5, begun)
    simulation.run(begun + 10)
    progress = post.link.progress()[0]
    assert 0.2 < progress.arrived / progress.size < 0.5
    assert post.link.estimate(300, 0, post.now(simulation.at)) < 3  # type: ignore[operator]
    assert simulation.run(begun + 300, lambda: tag in simulation.hub.arrived)
    took = simulation.hub.arrived[tag][0] - begun
    assert forecast == pytest.approx(took, rel=0.2)


def test_contact_is_told_once() -> None:
    pair = Pair()
    offer(pair.post, 10)
    pair.settle()
    assert len(pair.of(Contact)) == 2


def test_symbols_lost_in_bursts_are_repaired_without_waiting() -> None:
    """On the worst profile the hub sees repair symbols, never a source symbol twice."""
    simulation = Simulation(Duplex(PROFILES["awful"], 7), 7)
    seen: list[int] = []
    receive = simulation.hub.receive

    def listen(datagram: bytes, at: float) -> Received:
        frame = unpack_content(datagram[:-8]).frame
        if isinstance(frame, Symbol):
            seen.append(frame.index)
        return receive(datagram, at)

    simulation.hub.receive = listen  # type: ignore[method-assign]
    tag = simulation.post.put(random.Random(3).randbytes(30_000), 3, 0.0)
    assert simulation.run(600, lambda: tag in simulation.post.taken)
    assert len(seen) == len(set(seen))
    assert max(seen) >= 26


def test_the_key_is_shared_and_bound() -> None:
    """Both sides agree; another realm, another pair or the other direction does not."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    keys = [X25519PrivateKey.from_private_bytes(bytes([n]) * 32) for n in (1, 2, 3)]
    public = [key.public_key().public_bytes_raw() for key in keys]
    private = [key.private_bytes_raw() for key in keys]
    shared = link_key(private[0], public[1], b"realm")
    assert shared == link_key(private[1], public[0], b"realm")
    others = {link_key(private[0], public[2], b"realm"), link_key(private[0], public[1], b"other")}
    assert shared not in others
    assert Seal(shared, 0, 1).tag(b"x") != Seal(shared, 1, 0).tag(b"x")
    with pytest.raises(ValueError, match="32"):
        Seal(b"short", 0, 1)


def test_answers_ride_on_reports() -> None:
    """A report names several arrivals, and DONE is said with it."""
    pair = Pair()
    offer(pair.post, 4000, priority=3)
    pair.settle()
    answers = [unpack_content(datagram[:-8]).items for datagram in pair.said]
    last = [items for items in answers if any(isinstance(one, Done) for one in items)][-1]
    assert isinstance(last[0], Report)


def test_equals_leave_once_before_any_leaves_twice() -> None:
    """On a lossy link a small bundle is sent twice to be sure; a full outbox is not slowed by it.
    Something stat is still made sure of first."""
    pair = Pair()
    pair.post.rate.loss = Loss(0.1, 1000.0)
    texts = [offer(pair.post, 200, 1, seed) for seed in range(3)]
    stat = offer(pair.post, 150, 0, 9)
    left = []
    for _ in range(200):
        pair.now += 0.01
        if (datagram := pair.post.send(pair.now)) is not None:
            frame = unpack_content(datagram[:-8]).frame
            assert isinstance(frame, Whole)
            left.append(bundle_tag(frame.sealed))
    left = left[:5]
    assert left == [stat, stat, *texts]
