"""Signatures, keys and key files: what is signed cannot be changed, and nothing secret leaks."""

from __future__ import annotations

from dataclasses import replace

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.records.world import DOCTOR, HUB, POST, World, a_request
from xtcli.errors import BundleRejected, KeyMissing
from xtcli.records.keys import Keys, is_locked
from xtcli.records.sign import NO_PREV, author, read, realm_of, verify
from xtcli.records.types import Note

ONE = World()
RECORD = ONE.request()
PUBLIC = ONE.signers[DOCTOR].public


def counted(size: int) -> bytes:
    """Deterministic entropy for tests."""
    return bytes(range(size))


def test_a_good_record_verifies() -> None:
    assert verify(read(RECORD.content, RECORD.raw), PUBLIC, ONE.realm)
    assert len(RECORD.raw) == 72
    assert RECORD.case == RECORD.id


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(0, len(RECORD.content) + 71), st.integers(1, 255))
def test_one_changed_byte_is_refused(place: int, flip: int) -> None:
    """Red line: advice that was changed on the way is never applied."""
    whole = bytearray(RECORD.content + RECORD.raw)
    whole[place] ^= flip
    content, raw = bytes(whole[: len(RECORD.content)]), bytes(whole[len(RECORD.content) :])
    try:
        found = read(content, raw)
    except BundleRejected:
        return
    assert not verify(found, PUBLIC, ONE.realm)


def test_another_realm_or_key_does_not_verify() -> None:
    """A signature is worth nothing in another county, or under another name."""
    assert not verify(RECORD, PUBLIC, realm_of(PUBLIC))
    assert not verify(RECORD, ONE.signers[HUB].public, ONE.realm)
    assert not verify(RECORD, b"\xff" * 32, ONE.realm)


def test_the_chain_starts_with_zeros_and_only_there(world: World) -> None:
    first, second = world.request(), world.request()
    assert first.prev == NO_PREV
    assert second.prev == first.digest[:8]
    body = a_request()
    for seq, prev in ((1, b"12345678"), (2, NO_PREV)):
        made = author(body, station=POST, seq=seq, author=DOCTOR, at=5, prev=prev,
                      signer=world.signers[DOCTOR], realm=world.realm)  # fmt: skip
        with pytest.raises(BundleRejected, match="what came before"):
            read(made.content, made.raw)


def test_a_second_signature_is_no_second_record() -> None:
    """The digest leaves the signature out, so a malleable one cannot fork a log."""
    twin = replace(RECORD, signature=bytes(64))
    assert twin.digest == RECORD.digest


def test_note_and_request_sign_different_bytes(world: World) -> None:
    note = world.sign(Note("a"), DOCTOR, world.request().id)
    assert verify(note, world.signers[DOCTOR].public, world.realm)


def test_key_file_open_and_locked() -> None:
    keys = Keys.make(lambda size: bytes([size]) * size)
    assert Keys.from_bytes(keys.to_bytes()) == keys
    locked = keys.to_bytes("2468", counted)
    assert is_locked(locked)
    assert not is_locked(keys.to_bytes())
    assert Keys.from_bytes(locked, "2468") == keys
    assert keys.station_sign not in locked
    with pytest.raises(KeyMissing, match="not the PIN"):
        Keys.from_bytes(locked, "1357")
    with pytest.raises(KeyMissing, match="locked"):
        Keys.from_bytes(locked)


def test_keys_are_never_printed() -> None:
    """A traceback or a log line cannot leak a key."""
    keys = Keys.make(counted)
    assert repr(keys) == str(keys) == "Keys(...)"


@pytest.mark.parametrize(
    "bad", [b"", b"x", b"\x93\x01\x00", msgpack.packb([2, 0, b""]), msgpack.packb([1, 1, b"abc"]),
            msgpack.packb([1, 0, msgpack.packb([b"a", b"b", b"c"])]), msgpack.packb({1: 2})]
)  # fmt: skip
def test_a_broken_key_file_is_one_clear_error(bad: bytes) -> None:
    with pytest.raises(KeyMissing):
        Keys.from_bytes(bad, "1")
