"""Datagrams: what goes in comes out, and nothing else gets in."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.media.call import packet as p

QUICK = settings(derandomize=True, max_examples=200, deadline=None)

reports = st.builds(
    p.Report,
    rung=st.integers(0, 15),
    talking=st.booleans(),
    newest=st.integers(-1, 0xFFFF),
    held_s=st.integers(0, 255).map(lambda n: n / 100),
    queue_s=st.integers(0, 255).map(lambda n: n / 100),
    jitter_s=st.integers(0, 255).map(lambda n: n / 100),
    arrived=st.integers(0, 2**32 - 1),
    heard_to=st.integers(0, 0xFFFF),
    heard=st.integers(0, 2**64 - 1),
)


@st.composite
def sounds(draw: st.DrawFn) -> p.Sound:
    bundle = draw(st.integers(1, p.BUNDLE_MAX))
    steps = tuple(draw(st.lists(st.integers(1, p.STEP_MAX), max_size=2)))
    count = bundle * (1 + len(steps))
    frames = draw(st.lists(st.binary(max_size=255), min_size=count, max_size=count))
    report = draw(st.none() | reports)
    return p.Sound(draw(st.integers(0, 2**20)), bundle, steps, tuple(frames), report)


@given(reports)
@QUICK
def test_report_round_trip(report: p.Report) -> None:
    again, rest = p.decode_report(p.encode_report(report) + b"rest")
    assert (again, rest) == (report, b"rest")


@given(sounds())
@QUICK
def test_sound_round_trip(sound: p.Sound) -> None:
    kind, body = p.encode_sound(sound)
    assert p.decode_sound(kind, sound.number, body) == sound


@given(st.sampled_from([0, 1]), st.binary(max_size=300))
@QUICK
def test_any_bytes_are_sound_or_refused(kind: int, body: bytes) -> None:
    """A body from outside decodes to exactly itself, or is refused with the one error."""
    try:
        sound = p.decode_sound(kind, 7, body)
    except BundleRejected:
        return
    assert p.encode_sound(sound) == (kind, body)


@given(st.binary(max_size=80))
@QUICK
def test_any_bytes_are_control_or_refused(body: bytes) -> None:
    try:
        word, report = p.decode_control(body)
    except BundleRejected:
        return
    assert p.encode_control(word, report) == body


def test_bare_sound_costs_one_byte_besides_the_frame() -> None:
    kind, body = p.encode_sound(p.Sound(5, 1, (), (b"x" * 50,)))
    assert (kind, len(body)) == (p.Kind.SOUND, 51)


def test_report_is_21_bytes() -> None:
    assert len(p.encode_report(p.Report())) == 21


def test_frames_have_their_numbers() -> None:
    """Two new frames and a copy two datagrams old: 9 and 10, then 5 and 6; silence has no entry."""
    sound = p.Sound(10, 2, (2,), (b"i", b"j", b"e", b""))
    assert sound.numbered() == [(9, b"i"), (10, b"j"), (5, b"e")]
    assert sound.oldest == 5


def test_copies_of_before_the_call_have_no_number() -> None:
    assert p.Sound(1, 1, (5,), (b"a", b"b")).numbered() == [(1, b"a")]


@pytest.mark.parametrize(
    "sound",
    [
        (1, 0, (), ()),
        (1, 5, (), (b"",) * 5),
        (1, 1, (8,), (b"", b"")),
        (1, 1, (1, 2, 3), (b"",) * 4),
        (1, 1, (), (b"a", b"b")),
        (1, 1, (), (b"x" * 256,)),
    ],
)
def test_impossible_sound_is_refused_at_once(
    sound: tuple[int, int, tuple[int, ...], tuple[bytes, ...]],
) -> None:
    with pytest.raises(ValueError, match="no such sound"):
        p.Sound(*sound)


@pytest.mark.parametrize("payload", [b"", b"\0", b"\xff\xff", b"\0" * (p.PAYLOAD_BYTES_MAX + 1)])
def test_header_refuses(payload: bytes) -> None:
    """Too short, of no known kind, too long."""
    with pytest.raises(BundleRejected):
        p.split_header(payload)


@given(st.integers(0, 2**31), st.integers(-30_000, 30_000))
@QUICK
def test_widen_finds_the_number(near: int, off: int) -> None:
    number = max(0, near + off)
    assert p.widen(number & 0xFFFF, near) == number
