"""When the hub is asked whether anything waits there."""

from __future__ import annotations

import math

from xtcli.station.polls import (
    COMING_SECONDS,
    PATIENCE_SECONDS,
    SOON_MAX,
    SOON_SECONDS,
    Coming,
    Polls,
)
from xtcli.transport.link.events import SymbolsToKeep
from xtcli.transport.link.session import Link

EVERY = 120.0


def idle_link(waiting: int | None) -> Link:
    """A link whose peer has said that so many bundles wait."""
    link = Link(local=2, peer=1, key=bytes(32), now=0.0, entropy=bytes)
    link.peer_waiting = waiting
    return link


def test_asked_at_once_then_seldom() -> None:
    polls, link = Polls(), idle_link(0)
    assert polls.due(link, 10.0, EVERY)
    assert not polls.due(link, 10.0 + EVERY - 1, EVERY)
    assert polls.due_at(link, EVERY) == 10.0 + EVERY
    assert polls.due(link, 10.0 + EVERY, EVERY)


def test_what_comes_is_asked_about_at_once() -> None:
    polls, link = Polls(), idle_link(0)
    polls.due(link, 10.0, EVERY)
    polls.again()
    assert polls.due(link, 10.1, EVERY)


def test_a_doubtful_word_is_asked_about_soon_but_not_for_ever() -> None:
    """The hub said that something waits, and nothing comes."""
    polls, link = Polls(), idle_link(1)
    assert polls.due(link, 0.0, EVERY)
    now, asked = 0.0, 0
    while now < EVERY - 1:
        now += 0.5
        asked += polls.due(link, now, EVERY)
    assert asked == SOON_MAX - 1
    assert polls.due_at(link, EVERY) <= now + EVERY


def test_a_doubtful_word_is_asked_about_after_two_round_trips() -> None:
    polls, link = Polls(), idle_link(1)
    polls.due(link, 0.0, EVERY)
    assert polls.due_at(link, EVERY) == 2 * SOON_SECONDS
    link.rate.learn(20_000, 0.4, 0.1, 0.0)
    assert polls.due_at(link, EVERY) == 0.8


def test_an_open_question_is_not_asked_twice() -> None:
    polls, link = Polls(), idle_link(1)
    assert polls.due(link, 0.0, 5.0)
    link.poll(0.0)
    assert polls.due_at(link, 5.0) == PATIENCE_SECONDS


def test_asked_by_another_way() -> None:
    polls, link = Polls(), idle_link(0)
    polls.not_now(7.0)
    assert not polls.due(link, 8.0, math.inf)


def test_a_bundle_on_its_way_is_waited_for_while_it_grows() -> None:
    """The hub's word that nothing waits was older. What an earlier process had of another bundle is
    no sign of anything, and one that stops growing is not waited for."""

    def came(tag: bytes, number: int) -> None:
        link.restore_symbols(SymbolsToKeep(tag, 1_000, 100, 5, ((number, bytes(100)),)))

    coming, link = Coming(), idle_link(0)
    came(b"left", 0)
    assert not coming.look(link, 100.0)
    came(b"news", 0)
    assert coming.look(link, 100.1)
    assert coming.look(link, 100.0 + COMING_SECONDS)
    came(b"news", 1)
    assert coming.look(link, 104.0 + COMING_SECONDS)
    assert not coming.look(link, 109.1 + COMING_SECONDS)
    came(b"news", 2)
    assert coming.look(link, 120.0)
    link.inbox.drop(b"news")
    assert not coming.look(link, 120.1)
