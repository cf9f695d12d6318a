"""Papers and rooms: what is lost, doubled, altered, guessed or too late."""

from __future__ import annotations

import os
import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.hub.web_rooms import (
    CLOSED_SECONDS,
    ROOMS_OF_STATION_MAX,
    SILENT_SECONDS,
    Rooms,
    mark_of,
)
from xtcli.station.calls_guest_paper import GuestLink, Papers, room_named
from xtcli.station.calls_guest_room import GuestRoom, read_said
from xtcli.station.calls_guest_wire import (
    NO_PAGE,
    NO_ROOM,
    OPEN,
    OPEN_SECONDS_MAX,
    Op,
    Opened,
    Word,
    no_page,
    read_opened,
    read_word,
)
from xtcli.station.calls_relay import Relay
from xtcli.station.calls_wire import open_envelope

OPENED = Opened("https://hub.example.cn/", ({"urls": "stun:hub.example.cn:443"},))
END = {"u": "abcd", "p": "p" * 22, "f": "ab" * 32, "c": [["h", "192.0.2.7", 5000]]}
SAID = {"me": "0" * 16, "n": "王主任"}


def pair() -> tuple[Papers, Papers]:
    """Station and guest with one key."""
    link = GuestLink.make(os.urandom)
    return (
        Papers(link.room, link.key, "station", os.urandom),
        Papers(link.room, link.key, "guest", os.urandom),
    )


@pytest.mark.parametrize("seed", range(5))
def test_both_learn_the_newest_over_a_line_that_loses_half(seed: int) -> None:
    """And then nothing more is sent."""
    dice, (one, other) = random.Random(seed), pair()
    heard: list[dict[str, Any]] = [{}, {}]
    ways: list[list[tuple[float, bytes]]] = [[], []]
    sent_at = 0.0
    for step in range(1_200):
        now = step / 20
        if step in (0, 40, 80):
            one.write({"st": str(step)}, now)
            other.write({"n": str(step)}, now)
        for n, (me, you) in enumerate(((one, other), (other, one))):
            if (paper := me.send(now)) is not None:
                sent_at = now
                if dice.random() < 0.5:
                    ways[n].append((now + dice.uniform(0.1, 0.8), paper))
            for due in [due for due in ways[n] if due[0] <= now]:
                ways[n].remove(due)
                try:
                    heard[1 - n] = you.take(due[1], now)
                except BundleRejected:
                    continue
    assert heard == [{"n": "80"}, {"st": "80"}]
    assert sent_at < 45


def test_a_paper_is_refused_when_altered_old_or_of_another_room() -> None:
    one, other = pair()
    one.write({"st": "open"}, 0.0)
    paper = one.send(0.0)
    assert paper is not None
    for at in range(len(paper)):
        bad = bytearray(paper)
        bad[at] ^= 1
        with pytest.raises(BundleRejected):
            other.take(bytes(bad), 0.0)
    with pytest.raises(BundleRejected):
        pair()[1].take(paper, 0.0)
    with pytest.raises(BundleRejected):
        # A paper sent back to who wrote it.
        one.take(paper, 0.0)
    assert other.take(paper, 0.0) == {"st": "open"}
    with pytest.raises(BundleRejected):
        other.take(paper, 0.0)


@given(st.binary(max_size=1_200))
@settings(derandomize=True, max_examples=200)
def test_any_bytes_are_refused(data: bytes) -> None:
    _, other = pair()
    with pytest.raises(BundleRejected):
        other.take(data, 0.0)
    for read in (read_word, read_opened):
        try:
            read(data)
        except BundleRejected:
            continue


@pytest.mark.parametrize(
    "document",
    [
        {},
        {**SAID, "n": ""},
        {**SAID, "n": "x" * 61},
        {**SAID, "n": 5},
        {**SAID, "me": "short"},
        {**SAID, "a": 5},
        {**SAID, "a": {"o": "1", **END}},
        {**SAID, "a": {"o": 1, **END, "f": "zz" * 32}},
        {**SAID, "a": {"o": 1, **END, "u": "a b\r\nx=y"}},
        {**SAID, "a": {"o": 1, **END, "c": [["h", "not.an.address", 5000]]}},
        {**SAID, "a": {"o": 1, **END, "c": [["h", "192.0.2.7", 0]]}},
        {**SAID, "a": {"o": 1, **END, "c": [["x", "192.0.2.7", 1]]}},
        {**SAID, "a": {"o": 1, **END, "c": [["h", "192.0.2.7"]]}},
        {**SAID, "a": {"o": 1, **END, "c": [["h", "192.0.2.7", 1]] * 11}},
        {**SAID, "a": {"o": 1, **END, "c": "h"}},
    ],
)
def test_what_a_guest_may_not_say(document: dict[str, Any]) -> None:
    with pytest.raises(BundleRejected):
        read_said(document)


def test_what_a_guest_may_say() -> None:
    said = read_said({**SAID, "n": " 王\n主\u202e任 ", "k": 1, "a": {"o": 3, **END}})
    assert (said.name, said.keep, said.left, said.answers) == ("王主任", True, False, 3)
    assert said.end is not None
    assert said.end.document() == END


class Hub:
    """Rooms, and what came out of them."""

    def __init__(self) -> None:
        self.news: list[bytes] = []
        self.rooms = Rooms(lambda room: OPENED.encode(), self.news.append, os.urandom, 0.0)

    def take(self, room: GuestRoom, now: float, station: int = 7) -> None:
        """Everything the station has to say, and the answers back."""
        for payload in room.send(now):
            for target, answer in self.rooms.take(station, open_envelope(payload).payload, now):
                assert target == station
                room.take(open_envelope(answer).payload, now)


def opened() -> tuple[Hub, GuestRoom]:
    """A room with its paper in it."""
    hub, room = Hub(), GuestRoom(os.urandom, 0.0)
    room.say(0.0, st="open")
    hub.take(room, 0.0)
    hub.take(room, 0.1)
    assert room.url.startswith("https://hub.example.cn/")
    return hub, room


def test_one_guest_and_one_use() -> None:
    hub, room = opened()
    name, key = room.link.room, room.link.password
    assert hub.rooms.enter(name, bytes(16), 1.0) is None
    assert hub.rooms.enter(os.urandom(16), key, 1.0) is None
    token = hub.rooms.enter(name, key, 1.0)
    assert token
    assert hub.rooms.enter(name, key, 1.0) is None
    assert hub.rooms.known(name, "0" * 32, 1.0) is None
    assert hub.rooms.known(name, "王", 1.0) is None
    found = hub.rooms.known(name, token, 1.0)
    assert found is not None
    guest = Papers(name, room.link.key, "guest", os.urandom)
    guest.write(SAID, 1.0)
    assert guest.take(found.paper, 1.0) == {"st": "open"}
    for target, payload in hub.rooms.say(found, guest.paper, 1.0):
        assert target == 7
        room.take(open_envelope(payload).payload, 1.0)
    assert room.said is not None
    assert room.said.name == "王主任"
    stranger = Papers(name, room.link.key, "guest", os.urandom)
    stranger.write({**SAID, "me": "1" * 16}, 1.0)
    with pytest.raises(BundleRejected):
        room.take(Word(Op.SAID, name, stranger.paper).envelope()[3:], 1.0)
    assert room.said.me == "0" * 16


def test_a_room_ends() -> None:
    """Not opened in time; its station silent; closed: and nothing of it is left."""
    hub, room = opened()
    key = room.link.password
    assert hub.rooms.enter(room.link.room, key, OPEN_SECONDS_MAX + 1.0) is None
    assert len(hub.rooms) == 0
    assert room.expired(OPEN_SECONDS_MAX + 1.0)

    hub, room = opened()
    assert hub.rooms.enter(room.link.room, room.link.password, SILENT_SECONDS + 2.0) is None
    assert len(hub.rooms) == 0

    hub, room = opened()
    token = hub.rooms.enter(room.link.room, room.link.password, 1.0)
    room.close(2.0, "hung up")
    for step in range(40):
        hub.take(room, 2.0 + step / 10)
    assert room.closed
    assert token
    found = hub.rooms.known(room.link.room, token, 7.0)
    assert found is not None
    assert mark_of(found.paper) == mark_of(room.papers.paper)
    assert hub.rooms.say(found, b"x" * 40, 7.0) == []
    assert hub.rooms.known(room.link.room, token, 4.0 + CLOSED_SECONDS + 2.0) is None
    assert len(hub.rooms) == 0


def test_a_hub_that_was_restarted_learns_the_room_anew() -> None:
    _, room = opened()
    hub = Hub()
    for step in range(400):
        hub.take(room, 0.2 + step / 20)
    assert hub.rooms.enter(room.link.room, room.link.password, 20.0)


def test_rooms_are_bounded_and_only_their_stations() -> None:
    hub, room = opened()
    more = [GuestRoom(os.urandom, 0.0) for _ in range(ROOMS_OF_STATION_MAX)]
    for one in more:
        hub.take(one, 0.0)
    assert [one.refusal for one in more] == [0] * (ROOMS_OF_STATION_MAX - 1) + [NO_ROOM]
    body = OPEN.pack(os.urandom(16), 100)
    for word in (Word(Op.OPEN, room.link.room, body), Word(Op.SAY, room.link.room, b"x" * 50)):
        before = len(hub.news)
        answers = hub.rooms.take(8, word.envelope()[3:], 1.0)
        assert len(hub.news) == before
        for _, payload in answers:
            assert read_word(open_envelope(payload).payload).body == bytes([NO_ROOM])
    assert hub.rooms.enter(room.link.room, room.link.password, 1.0)


def test_a_guest_that_is_gone_is_told_of() -> None:
    hub, room = opened()
    token = hub.rooms.enter(room.link.room, room.link.password, 1.0)
    assert token
    told = [now for now in range(2, 60) if hub.rooms.look(float(now))]
    assert told[0] <= 6
    assert len(told) == 3
    assert hub.rooms.known(room.link.room, token, 60.0) is not None
    assert hub.rooms.look(62.0) == []


def test_a_hub_without_a_page_says_so() -> None:
    relay = Relay(lambda one, other: True, lambda station: True, lambda post, case: [])
    room = GuestRoom(os.urandom, 0.0)
    for payload in room.send(0.0):
        for _, answer in relay.take(7, payload, 0.0):
            room.take(open_envelope(answer).payload, 0.0)
    assert room.refusal == NO_PAGE
    with pytest.raises(BundleRejected):
        no_page(b"short")


def test_a_link_names_its_room() -> None:
    link = GuestLink.make(os.urandom)
    name = link.url("").split("#")[0]
    assert room_named(name) == link.room
    for bad in ("", name[:-1], name + "A", "*" * 22, name[:-1] + "B" * 2):
        assert room_named(bad) is None
    assert link.key.hex() not in link.password.hex() + link.lock.hex()
