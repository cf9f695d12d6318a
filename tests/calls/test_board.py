"""The switchboard: which rings are told to a person, and which are not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.calls.realm import Realm, file_request, sync
from xtcli.media.call.packet import Kind, Reply, split_header
from xtcli.media.call.session import CallSession
from xtcli.records.ids import RecordId
from xtcli.station import calls_who
from xtcli.station.calls_board import Switchboard
from xtcli.station.calls_wire import CASE, Envelope, RingNote, Route, open_envelope
from xtcli.station.happenings import Happening
from xtcli.station.station import Station


class Place:
    """A desk's switchboard, and a post that rings it."""

    def __init__(self, root: Path) -> None:
        self.realm = Realm(root)
        self.desk = self.realm.join("诊台", "desk", "心内科")
        self.post = self.realm.join("卫生室")
        self.stranger = self.realm.join("别的卫生室")
        self.case = file_request(self.post)
        sync(self.post, self.desk)
        self.sent: list[bytes] = []
        self.heard: list[Happening] = []
        self.board = Switchboard(self.desk, self.sent.append, self.heard.append)

    def ring(
        self, by: Station | None = None, case: RecordId | None = None, late: float = 0.0
    ) -> CallSession:
        """Ring the desk; the caller's session."""
        caller = by or self.post
        note = RingNote(case or self.case, int(caller.clock() - late))
        session = CallSession.place(
            0.0, caller.entropy, caller.keys.station_seal, self.desk.keys.station_seal_public,
            note=note.encode(),
        )  # fmt: skip
        self.pass_on(session, caller, 0.0)
        return session

    def pass_on(self, session: CallSession, caller: Station, now: float) -> None:
        while (payload := session.send(now)) is not None:
            self.board.take(Envelope(Route.TO, caller.number, payload).encode(), now)

    def replies(self) -> list[Reply]:
        """What was said to callers."""
        found = []
        for sent in self.sent:
            kind, number = split_header(open_envelope(sent).payload)
            if kind == Kind.REPLY:
                found.append(Reply(number))
        return found

    def kinds(self) -> list[str]:
        return [one.kind for one in self.heard]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.realm.close()


def test_a_ring_is_told_once_and_answered_each_time(place: Place) -> None:
    session = place.ring()
    assert place.board.incoming is not None
    assert place.board.incoming.case == place.case
    place.pass_on(session, place.post, 2.0)
    place.pass_on(session, place.post, 5.0)
    assert place.kinds() == ["ring"]
    assert place.replies() == [Reply.RINGING] * 3
    assert str(place.case) in place.heard[0].text


def test_who_gives_up_has_called_in_vain(place: Place) -> None:
    session = place.ring()
    session.hang_up(3.0)
    place.pass_on(session, place.post, 3.0)
    assert place.kinds() == ["ring", "call_missed"]
    assert place.board.incoming is None


def test_a_ring_that_nobody_takes_ends(place: Place) -> None:
    place.ring()
    place.board.poll(100.0)
    assert place.kinds() == ["ring", "call_missed"]


def test_a_caller_who_was_cut_off_rings_anew(place: Place) -> None:
    place.ring()
    place.ring()
    assert place.kinds() == ["ring", "ring"]
    assert place.replies() == [Reply.RINGING, Reply.RINGING]


def test_a_second_caller_hears_that_the_line_is_busy(place: Place) -> None:
    other = file_request(place.stranger, patient="巴图", sex="m", phone="13900000000")
    sync(place.stranger, place.desk)
    place.ring()
    place.ring(by=place.stranger, case=other)
    assert place.kinds() == ["ring"]
    assert place.replies() == [Reply.RINGING, Reply.BUSY]


def test_a_lost_refusal_is_said_again(place: Place) -> None:
    session = place.ring()
    assert place.board.decline(1.0)
    place.pass_on(session, place.post, 2.0)
    assert place.replies() == [Reply.RINGING, Reply.DECLINED, Reply.DECLINED]
    assert place.kinds() == ["ring"]


def test_rings_that_are_not_genuine_or_apt_are_silence(place: Place) -> None:
    """Another post's, another case's, one of days ago, a damaged one, one played back."""
    place.ring(by=place.stranger)
    place.ring(case=RecordId(place.post.number, 99))
    place.ring(late=3 * 86_400.0)
    session = place.ring()
    ring = next(iter([place.board.incoming])).ring  # type: ignore[union-attr]
    session.hang_up(1.0)
    place.pass_on(session, place.post, 1.0)
    before = len(place.heard)
    assert place.kinds() == ["ring", "call_missed"]
    place.board.take(Envelope(Route.TO, place.post.number, ring).encode(), 2.0)
    damaged = ring[:-1] + bytes([ring[-1] ^ 1])
    place.board.take(Envelope(Route.TO, place.post.number, damaged).encode(), 3.0)
    place.board.take(Envelope(Route.TO, place.stranger.number, ring).encode(), 4.0)
    assert len(place.heard) == before


def test_where_nobody_listens_nothing_rings(place: Place) -> None:
    place.board = Switchboard(place.desk, place.sent.append, None)
    place.ring()
    assert place.sent == []


def test_a_wish_to_be_called_is_told_once_a_minute(place: Place) -> None:
    wish = Envelope(Route.WANTED, place.post.number, CASE.pack(*place.case)).encode()
    for now in (0.0, 5.0, 30.0, 70.0):
        place.board.take(wish, now)
    other = Envelope(Route.WANTED, place.stranger.number, CASE.pack(*place.case)).encode()
    place.board.take(other, 71.0)
    assert place.kinds() == ["call_wanted", "call_wanted"]


def test_while_a_call_is_attached_everything_is_its_own(place: Place) -> None:
    place.ring()
    got: list[bytes] = []
    waiting = place.board.attach(got.append)
    assert waiting is not None
    assert waiting.station == place.post.number
    place.board.take(b"\x00anything", 1.0)
    assert got == [b"\x00anything"]
    place.board.detach()
    assert not place.board.busy


def test_whom_to_ring(place: Place) -> None:
    """A desk rings the post; a post rings the desk that opened or took the case, else nobody."""
    found = calls_who.to_ring(place.desk, place.case)
    assert found is not None
    assert found.station == place.post.number
    assert calls_who.to_ring(place.post, place.case) is None
    place.desk.open_case(place.case)
    sync(place.desk, place.post)
    found = calls_who.to_ring(place.post, place.case)
    assert found is not None
    assert found.station == place.desk.number
