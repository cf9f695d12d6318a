"""Keys: both ends agree, the hub cannot, numbers come back whole and only once."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.call.pair import entropy
from xtcli.errors import BundleRejected
from xtcli.media.call.handshake import Handshake, is_ring, reroute, route_of
from xtcli.media.call.keys import NUMBER_BITS, Numbers, Party, agree, public_of
from xtcli.media.call.packet import Kind, Reply, header

DRAW = entropy(5)
CALLER, CALLED, OTHER, EPH_A, EPH_B = (DRAW(32) for _ in range(5))
QUICK = settings(derandomize=True, max_examples=200, deadline=None)


def both() -> tuple[Handshake, Handshake, bytes]:
    """Caller, called and the note the called side read."""
    caller = Handshake.call(Party(CALLER, public_of(CALLED), EPH_A))
    ring = caller.ring(b"case 7", b"desk-3")
    called, note = Handshake.answer(Party(CALLED, public_of(CALLER), EPH_B), ring)
    return caller, called, note


def test_two_messages_make_the_same_keys() -> None:
    caller, called, note = both()
    accept, mine = called.accept()
    theirs = caller.read_accept(accept)
    sealed = theirs.out.seal(Kind.CONTROL, 3, b"cl", b"hello")
    assert note == b"case 7"
    assert mine.into.open(Kind.CONTROL, 3, b"cl", sealed) == b"hello"
    assert len(sealed) == 5 + 8
    bare = mine.out_sound.seal(Kind.SOUND, 3, b"cl", b"hello")
    assert theirs.into_sound.open(Kind.SOUND, 3, b"cl", bare) == b"hello"
    assert len(bare) == 5 + 4


def test_the_hub_may_change_the_route_and_nothing_else() -> None:
    caller, _, _ = both()
    ring = caller.ring(b"case", b"to desk")
    moved = reroute(ring, b"from post")
    party = Party(CALLED, public_of(CALLER), EPH_B)
    assert (is_ring(moved), route_of(moved)) == (True, b"from post")
    assert Handshake.answer(party, moved)[1] == b"case"
    for place in range(len(moved)):
        if 3 <= place < 4 + len(b"from post"):
            continue
        broken = moved[:place] + bytes([moved[place] ^ 1]) + moved[place + 1 :]
        with pytest.raises(BundleRejected):
            Handshake.answer(party, broken)


def test_a_ring_from_another_station_is_refused() -> None:
    ring = Handshake.call(Party(OTHER, public_of(CALLED), EPH_A)).ring(b"", b"")
    with pytest.raises(BundleRejected):
        Handshake.answer(Party(CALLED, public_of(CALLER), EPH_B), ring)


def test_an_accept_from_another_station_is_refused() -> None:
    """The hub, with keys of its own, cannot take a call for the called station."""
    caller, _, _ = both()
    ring = caller.ring(b"", b"")
    with pytest.raises(BundleRejected):
        Handshake.answer(Party(OTHER, public_of(CALLER), EPH_B), ring)
    forged = header(Kind.ACCEPT, 0) + public_of(EPH_B) + bytes(8)
    with pytest.raises(BundleRejected):
        caller.read_accept(forged)


def test_a_public_key_of_low_order_is_refused() -> None:
    with pytest.raises(BundleRejected):
        agree(CALLER, bytes(32))


@pytest.mark.parametrize("word", list(Reply))
def test_replies_are_sealed(word: Reply) -> None:
    caller, called, _ = both()
    payload = called.reply(word)
    assert caller.read_reply(payload) is word
    changed = header(Kind.REPLY, word % 3 + 1) + payload[2:]
    with pytest.raises(BundleRejected):
        caller.read_reply(changed)


def test_cancel_is_sealed() -> None:
    caller, called, _ = both()
    called.check_cancel(caller.cancel())
    with pytest.raises(BundleRejected):
        called.check_cancel(header(Kind.CANCEL, 0) + bytes(8))


@given(st.lists(st.integers(-900, 4000), min_size=1, max_size=60))
@QUICK
def test_numbers_come_back_whole(jumps: list[int]) -> None:
    """Within half of 13 bits of what is expected, a number is recovered and known as fresh once."""
    numbers, seen = Numbers(), set()
    for jump in jumps:
        number = max(0, numbers.newest + jump)
        full = numbers.full(number & (1 << NUMBER_BITS) - 1)
        assert full == number
        assert numbers.fresh(full) == (number not in seen)
        numbers.note(full)
        seen.add(number)


def test_very_old_numbers_are_not_fresh() -> None:
    numbers = Numbers()
    numbers.note(5000)
    assert not numbers.fresh(5000 - 1024)
    assert numbers.fresh(5000 - 1023)
