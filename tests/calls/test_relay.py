"""The hub's part in a call, without a hub: who reaches whom, and how much."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.records.ids import RecordId
from xtcli.station.calls_relay import BYTES_BURST, BYTES_PER_S, JOINED_SECONDS, Relay
from xtcli.station.calls_wire import (
    PAYLOAD_BYTES_MAX,
    Envelope,
    RingNote,
    Route,
    is_enveloped,
    open_envelope,
    read_note,
    wanted,
    wanted_case,
)

pytestmark = pytest.mark.realtime

POST, DESK, OTHER, GONE = 12, 20, 30, 40
CASE = RecordId(POST, 7)


def relay() -> Relay:
    """Posts 12 and 30, desk 20; 40 is not connected."""
    return Relay(
        may=lambda one, other: DESK in (one, other) or GONE in (one, other),
        reached=lambda station: station != GONE,
        desks=lambda post, case: [DESK, GONE] if post == case.station else [],
    )


def to(station: int, payload: bytes = b"sealed") -> bytes:
    return Envelope(Route.TO, station, payload).encode()


def join(station: int, payload: bytes = b"sealed") -> bytes:
    return Envelope(Route.JOIN, station, payload).encode()


def joined() -> Relay:
    made = relay()
    made.take(POST, join(DESK), 0.0)
    made.take(DESK, join(POST), 0.1)
    return made


def test_a_ring_reaches_the_other_with_its_sender() -> None:
    assert relay().take(POST, join(DESK, b"ring"), 0.0) == [(DESK, to(POST, b"ring"))]


def test_bare_payloads_flow_only_between_two_who_both_joined() -> None:
    made = relay()
    made.take(POST, join(DESK), 0.0)
    assert made.take(POST, b"\x00sound", 0.1) == []
    assert made.take(DESK, b"\x00sound", 0.1) == []
    made.take(DESK, join(POST), 0.2)
    assert made.take(POST, b"\x00sound", 0.3) == [(DESK, b"\x00sound")]
    assert made.take(DESK, b"\x00other", 0.3) == [(POST, b"\x00other")]


def test_nobody_puts_himself_between_two_others() -> None:
    """A third station's JOIN, even answered with "busy", changes nothing for the two."""
    made = joined()
    made.take(OTHER, join(DESK), 1.0)
    made.take(DESK, to(OTHER, b"busy"), 1.1)
    made.take(OTHER, join(DESK), 1.2)
    assert made.peer_of(DESK) == POST
    assert made.take(OTHER, b"\x00sound", 1.3) == []
    assert made.take(POST, b"\x00sound", 1.3) == [(DESK, b"\x00sound")]


def test_posts_do_not_call_each_other() -> None:
    assert relay().take(POST, join(OTHER), 0.0) == []


def test_who_is_not_connected_is_said_to_be_away() -> None:
    assert relay().take(POST, join(GONE), 0.0) == [(POST, Envelope(Route.AWAY, GONE).encode())]


def test_a_relay_may_say_that_a_station_below_it_is_away() -> None:
    """Only to whom the two may call, and a station can say no more than that of itself."""
    made = relay()
    said = Envelope(Route.AWAY, POST).encode()
    assert made.take(DESK, said, 0.0) == [(POST, Envelope(Route.AWAY, DESK).encode())]
    assert made.take(OTHER, said, 0.0) == []
    assert made.take(POST, said, 0.0) == []
    assert made.take(DESK, Envelope(Route.AWAY, GONE).encode(), 0.0) == []


def test_below_is_between_hubs_alone() -> None:
    """A post or a desk cannot speak in another station's name."""
    ring = join(DESK, b"ring")
    assert relay().take(OTHER, Envelope(Route.BELOW, POST, ring).encode(), 0.0) == []


def test_a_wish_to_be_called_reaches_the_connected_desks_of_its_own_case() -> None:
    made = relay()
    sent = made.take(POST, wanted(CASE), 0.0)
    assert [station for station, _ in sent] == [DESK]
    told = open_envelope(sent[0][1])
    assert (told.route, told.station, wanted_case(told)) == (Route.WANTED, POST, CASE)
    assert made.take(OTHER, wanted(CASE), 0.0) == [(OTHER, Envelope(Route.AWAY, 0).encode())]


def test_a_join_ends_by_itself_and_comes_back_when_both_ask_again() -> None:
    made = joined()
    late = JOINED_SECONDS + 1.0
    assert made.take(POST, b"\x00sound", late) == []
    made.take(POST, join(DESK), late)
    made.take(DESK, join(POST), late)
    assert made.take(POST, b"\x00sound", late) == [(DESK, b"\x00sound")]


def test_after_a_restart_of_the_hub_two_joins_are_enough() -> None:
    made = relay()
    assert made.take(DESK, join(POST, b"\x00sound"), 0.0) == [(POST, to(DESK, b"\x00sound"))]
    made.take(POST, join(DESK, b"\x00sound"), 0.1)
    assert made.peer_of(POST) == DESK
    made.forget(DESK)
    assert made.take(POST, b"\x00sound", 0.2) == []


def test_a_station_cannot_send_more_than_its_allowance() -> None:
    made = joined()
    payload = b"\x00" * 1_000
    passed = sum(bool(made.take(POST, payload, i / 1_000)) for i in range(10_000))
    assert passed * 1_000 <= BYTES_BURST + 10 * BYTES_PER_S
    assert made.dropped == 10_000 - passed
    assert made.take(DESK, payload, 10.0), "the other side has an allowance of its own"


def test_envelopes_have_an_allowance_too() -> None:
    made = relay()
    passed = sum(bool(made.take(POST, join(DESK, b"r"), 0.0)) for _ in range(1_000))
    assert passed < 100


@settings(derandomize=True)
@given(st.binary(max_size=PAYLOAD_BYTES_MAX + 40), st.sampled_from([POST, DESK, OTHER]))
def test_arbitrary_bytes_reach_nobody_but_the_joined(payload: bytes, source: int) -> None:
    """Never an exception, never a payload for a third station."""
    made = joined()
    for station, sent in made.take(source, payload, 1.0):
        bare = not is_enveloped(payload)
        assert not bare or {source, station} == {POST, DESK}
        assert len(sent) <= len(payload) + 8


@settings(derandomize=True)
@given(
    st.integers(1, 2**31 - 1), st.integers(1, 2**32 - 1), st.integers(0, 2**32 - 1), st.booleans()
)
def test_a_ring_note_survives_the_way(station: int, seq: int, at: int, keep: bool) -> None:
    note = RingNote(RecordId(station, seq), at, keep)
    assert read_note(note.encode()) == note
    assert len(note.encode()) == 13


@settings(derandomize=True)
@given(st.binary(max_size=40))
def test_arbitrary_bytes_are_a_note_an_envelope_or_refused(data: bytes) -> None:
    for read in (read_note, open_envelope):
        try:
            read(data)
        except BundleRejected:
            continue


@pytest.mark.parametrize(
    "note",
    [b"", bytes(13), RingNote(CASE, 1).encode()[:-1] + b"\x02", RingNote(CASE, 1).encode() + b"x"],
)
def test_a_note_that_must_be_refused(note: bytes) -> None:
    with pytest.raises(BundleRejected):
        read_note(note)


@pytest.mark.parametrize("data", [b"", b"\xe0\x00", b"\xe6\x00\x01x", b"\x60\x00\x01x"])
def test_an_envelope_that_must_be_refused(data: bytes) -> None:
    with pytest.raises(BundleRejected):
        open_envelope(data)
