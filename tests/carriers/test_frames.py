"""Frames on a line: every datagram comes through, noise never gets further than one frame."""

from __future__ import annotations

import binascii
import random
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.transport.carriers.frames import (
    FRAME_BYTES_MAX,
    OVERHEAD_BYTES,
    Deframer,
    frame,
    stuff,
    unframe,
    unstuff,
)
from xtcli.transport.link.frames import DATAGRAM_BYTES_MAX

PAGE = Path(__file__).parents[2] / "docs" / "format" / "serial.md"
datagrams = st.binary(min_size=1, max_size=DATAGRAM_BYTES_MAX)


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=1300))
def test_stuffing_leaves_no_zero(data: bytes) -> None:
    assert b"\0" not in stuff(data)
    assert unstuff(stuff(data)) == data


@settings(derandomize=True, deadline=None)
@given(st.lists(datagrams, max_size=6), st.randoms(use_true_random=False))
def test_datagrams_come_through_however_the_line_cuts_them(
    sent: list[bytes], dice: random.Random
) -> None:
    line = b"".join(map(frame, sent))
    deframer = Deframer()
    got: list[bytes] = []
    while line:
        size = dice.randrange(1, 400)
        got += deframer.feed(line[:size])
        line = line[size:]
    assert got == sent
    assert deframer.noise == 0


@settings(derandomize=True, deadline=None)
@given(st.binary(max_size=3000))
def test_any_bytes_are_bounded_and_harmless(data: bytes) -> None:
    """Noise makes no datagram (but by a chance of 1 in 65,536), and the next real one is heard."""
    deframer = Deframer()
    list(deframer.feed(data))
    assert len(deframer._buffer) <= FRAME_BYTES_MAX
    assert list(deframer.feed(frame(b"hello")))[-1:] == [b"hello"]


def test_damage_costs_one_frame() -> None:
    """For every single byte changed, lost or added, all other frames come through."""
    dice = random.Random(4)
    sent = [dice.randbytes(60) for _ in range(3)]
    line = b"".join(map(frame, sent))
    for at in range(len(line)):
        for damaged in (line[:at] + bytes([line[at] ^ 0x41]) + line[at + 1 :],
                        line[:at] + line[at + 1 :], line[:at] + b"\x07" + line[at:]):  # fmt: skip
            got = list(Deframer().feed(damaged))
            assert len(set(sent) - set(got)) <= 2
            assert set(got) <= set(sent)


def test_overhead() -> None:
    """The link counts 5 bytes; the worst datagram costs 9."""
    assert len(frame(b"\1" * 100)) - 100 == OVERHEAD_BYTES
    assert max(len(frame(b"\1" * n)) - n for n in range(1, DATAGRAM_BYTES_MAX + 1)) == 9


def raw(datagram: bytes, check: int | None = None) -> bytes:
    value = binascii.crc_hqx(datagram, 0) if check is None else check
    return stuff(datagram + value.to_bytes(2, "big"))


@pytest.mark.parametrize(
    "body",
    [b"", b"\x01", raw(b""), raw(b"x" * (DATAGRAM_BYTES_MAX + 1)), raw(b"abc", 0x1234), b"\x09abc",
     raw(b"abc")[:-1]],
    ids=["empty", "nothing", "no datagram", "too long", "wrong check", "no COBS", "truncated"],
)  # fmt: skip
def test_must_reject(body: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        unframe(body)


def test_the_page_is_right() -> None:
    """The worked example of docs/format/serial.md."""
    text = PAGE.read_text(encoding="utf-8")
    found = re.search(r"Datagram `([0-9a-f ]+)`.*on the line `([0-9a-f ]+)`", text)
    assert found
    assert frame(bytes.fromhex(found[1])) == bytes.fromhex(found[2])
