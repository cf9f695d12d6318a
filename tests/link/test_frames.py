"""Frames to bytes and back; arbitrary bytes never do harm."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.transport.link.frames import (
    HEAD_BYTES,
    Ask,
    ControlItem,
    Done,
    Frame,
    FrameError,
    Have,
    Poll,
    Refused,
    Report,
    Resync,
    Status,
    Symbol,
    Whole,
    kind_of,
    pack_content,
    sender_of,
    unpack_content,
)

PROFILE = settings(max_examples=300, derandomize=True, deadline=None)
TAGS = st.binary(min_size=4, max_size=4)
BYTE = st.integers(0, 255)
U16 = st.integers(0, 0xFFFF)
U32 = st.integers(0, 0xFFFFFFFF)
REPORTS = st.builds(
    Report,
    U32,
    U16,
    st.integers(0, 0xFFFFFF).map(lambda ticks: ticks / 4096),
    U16.map(lambda ms: ms / 1000),
    st.lists(
        st.tuples(st.integers(1, 255), st.integers(-0x8000, 0x7FFF).map(lambda t: t / 1024)),
        max_size=3,
    ).map(tuple),
)
ITEMS: st.SearchStrategy[ControlItem] = st.one_of(
    REPORTS,
    st.builds(Have, TAGS, st.integers(1, 1200), U16, st.lists(BYTE, max_size=128).map(tuple)),
    st.builds(Done, TAGS),
    st.builds(Refused, TAGS, BYTE),
    st.builds(Poll, BYTE),
    st.builds(Status, BYTE, U16, U32),
    st.builds(Ask, TAGS),
    st.builds(Resync, U32),
)
FRAMES: st.SearchStrategy[Frame] = st.one_of(
    st.builds(Whole, st.binary(min_size=1, max_size=300), st.integers(0, 7)),
    st.builds(
        Symbol,
        TAGS,
        st.integers(0, 255),
        st.integers(1, 2000),
        st.binary(min_size=16, max_size=300),
        st.integers(0, 7),
    ),
)


@PROFILE
@given(
    items=st.lists(ITEMS, max_size=4),
    frame=st.none() | FRAMES,
    counter=U32,
    station=U16,
    report=st.booleans(),
)
def test_round_trip(
    items: list[ControlItem], frame: Frame | None, counter: int, station: int, report: bool
) -> None:
    """What is packed is unpacked, item for item."""
    content = pack_content(station, counter, items, frame, report=report)
    parsed = unpack_content(content)
    assert (parsed.counter, parsed.report) == (counter, report)
    assert parsed.items == items
    assert parsed.frame == frame
    assert sender_of(content + bytes(8)) == station


@settings(max_examples=3000, derandomize=True, deadline=None)
@given(content=st.binary(max_size=120))
def test_arbitrary_bytes(content: bytes) -> None:
    """Bytes are a datagram or a FrameError, and what was understood can be said again."""
    kind_of(content)
    sender_of(content)
    try:
        parsed = unpack_content(content)
    except FrameError:
        return
    again = pack_content(7, parsed.counter, parsed.items, parsed.frame, report=parsed.report)
    assert unpack_content(again).frame == parsed.frame


@PROFILE
@given(items=st.lists(ITEMS, min_size=1, max_size=4), cut=st.integers(1, 60))
def test_truncation(items: list[ControlItem], cut: int) -> None:
    """A control frame cut inside an item is refused whole."""
    content = pack_content(1, 1, items, None, report=False)
    whole = {HEAD_BYTES}
    for number in range(len(items)):
        whole.add(len(pack_content(1, 1, items[: number + 1], None, report=False)))
    shorter = content[: max(HEAD_BYTES, len(content) - cut)]
    if len(shorter) in whole:
        return
    with pytest.raises(FrameError):
        unpack_content(shorter)


def test_byte_budget() -> None:
    """The figures of docs/format/link.md."""
    tag = bytes(4)
    report = Report(1, 1, 0.0, 0.0)
    sizes = {
        "whole": len(pack_content(1, 1, [], Whole(b"x", 1), report=True)) + 8 - 1,
        "symbol": len(pack_content(1, 1, [], Symbol(tag, 0, 9, b"x", 5), report=True)) + 8 - 1,
        "poll": len(pack_content(1, 1, [Poll(1)], None, report=True)) + 8,
        "report": len(pack_content(1, 1, [report, Have(tag, 9, 9, (1,))], None, report=False)) + 8,
        "done": len(pack_content(1, 1, [report, Done(tag)], None, report=False)) + 8,
    }
    assert sizes == {"whole": 15, "symbol": 24, "poll": 17, "report": 39, "done": 33}
