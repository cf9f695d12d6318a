"""Whatever happened, a link comes to rest: when nobody has anything to do, nothing waits."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest

from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES
from xtcli.transport.link.simulate import End, Simulation
from xtcli.transport.spool import REFUSED, TAKEN

NAMES = ("gprs", "edge", "lossy3g", "satphone", "awful", "geo", "outage")
SIZES = (40, 300, 1_100, 1_300, 3_000, 20_000)
BLOCKS = 8
STORIES = 15
HEALED_S = 7_200.0
"""Long enough for every back-off; a stuck link would not be done in a year."""


class Story:
    """One seed: bundles both ways, polls, crashes, postponing, cancelling and calls, then peace."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        profile = PROFILES[self.random.choice(NAMES)]
        road = Duplex(profile, seed, duplicate=self.random.choice((0, 0.1)))
        self.sim = Simulation(road, seed)
        self.ends = (self.sim.post, self.sim.hub)
        self.cancelled: set[bytes] = set()
        self.span = self.random.uniform(5, 120)
        for _ in range(self.random.randrange(1, 30)):
            self.plan()
        self.sim.plan(self.span + 50, self.heal)

    def plan(self) -> None:
        """Something happens at some time at one of the ends."""
        act: Callable[[End, float, Random], None] = self.random.choice(
            (put, put, put, put, poll, self.crash, postpone, postpone, self.cancel, talk)
        )
        end, at = self.random.choice(self.ends), self.random.uniform(0, self.span)
        own = Random(self.random.random())
        self.sim.plan(at, lambda: act(end, at, own))

    def crash(self, end: End, at: float, random: Random) -> None:
        """The process ends and comes back, at once or later."""
        end.crash()
        self.sim.plan(at + random.choice((0.0, 3.0, 40.0)), self.heal)

    def cancel(self, end: End, at: float, random: Random) -> None:
        """Somebody here takes back what has not arrived yet."""
        for tag in chosen(end, random):
            end.spool.drop(end.peer, tag)
            self.cancelled.add(tag)
            look(end, at)

    def heal(self) -> None:
        """Every process runs."""
        for end in self.ends:
            if end.node is None:
                end.start(self.sim.at)

    def left(self) -> list[str]:
        """What still waits for something that will never come."""
        found = []
        for end in self.ends:
            due = end.node.next_timer(end.now(self.sim.at)) if end.node is not None else None
            partly = [tag for tag in end.link.inbox.partial if tag not in self.cancelled]
            checks = {
                "timer": due is not None, "poll": end.link.polling, "partly": bool(partly),
                "handed over": bool(end.link.inbox.waiting),
                "queued": end.link.measured().queued_bundles > 0, "spooled": bool(open_in(end)),
            }  # fmt: skip
            found += [f"{end.local}: {name}" for name, wrong in checks.items() if wrong]
        return found


def put(end: End, at: float, random: Random) -> None:
    """A bundle to send."""
    end.put(random.randbytes(random.choice(SIZES)), random.randrange(6), at)


def poll(end: End, at: float, random: Random) -> None:
    """Ask whether anything waits there."""
    if end.node is not None:
        end.link.poll(end.now(at))


def talk(end: End, at: float, random: Random) -> None:
    """A call over the same road for a moment."""
    for _ in range(20 if end.node is not None else 0):
        end.link.send_realtime(bytes(100), end.now(at))


def postpone(end: End, at: float, random: Random) -> None:
    """Somebody here lets a bundle wait, or go on."""
    for tag in chosen(end, random):
        end.spool.postpone(end.peer, tag, at + random.choice((0.0, 5.0, 60.0)))
        look(end, at)


def open_in(end: End) -> list[bytes]:
    """What the spool still has to send."""
    return [o.tag for o in end.spool.outgoing(end.peer) if o.state not in (TAKEN, REFUSED)]


def chosen(end: End, random: Random) -> list[bytes]:
    """One of them, if any."""
    tags = open_in(end)
    return [random.choice(tags)] if tags else []


def look(end: End, at: float) -> None:
    """The process notices what others changed in its spool."""
    if end.node is not None:
        end.node.load(end.now(at), at)


@pytest.mark.parametrize("block", range(BLOCKS))
def test_everything_comes_to_rest(block: int) -> None:
    """No timer rings any more, both outboxes are empty, and nothing is partly here whose sender
    still has it."""
    for seed in range(block * STORIES, (block + 1) * STORIES):
        story = Story(seed)
        story.sim.run(story.span + 50 + HEALED_S)
        assert not story.left(), f"seed {seed}: {story.left()}"
