"""Primed PPM: exact for every input, safe for every stream, small for real text."""

from __future__ import annotations

import random
from contextlib import suppress
from statistics import median

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.codecs import CODEC_VERSION, PRIMED_BYTES_MAX, model
from xtcli.transport.bundle.model import FIXED, WEIGHTS, Model, read_model, write_model
from xtcli.transport.bundle.ppm import BOTTOM, compress, expand
from xtcli.transport.bundle.training import train

SHIPPED = model(CODEC_VERSION)
TINY = read_model(train([b"abcabcabd", "患者患者患".encode()] * 3))
models = st.sampled_from([SHIPPED, TINY])

chinese = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), max_size=40)
mixed = st.lists(
    st.one_of(
        st.binary(max_size=20),
        st.text(max_size=20).map(str.encode),
        chinese.map(str.encode),
        st.sampled_from(
            ["患者", "无明显诱因", "血压165/95mmHg，", "\x1f", "\uf8ff", "\U0001f600"]
        ).map(str.encode),
        st.sampled_from([b"\xed\xb2\x80", b"\xe6\x82", b"\xff" * 9, b"\x00" * 30]),
    ),
    max_size=8,
).map(b"".join)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(mixed, models)
def test_exact_for_every_input(data: bytes, used: Model) -> None:
    assert expand(compress(data, used), used, 1 << 20) == data


def test_exact_for_long_runs_and_all_bytes() -> None:
    """Long certain stretches are where a carry runs far."""
    rnd = random.Random(1)
    for data in (
        bytes(range(256)) * 8,
        b"\xff" * 3000,
        b"\x00" * 3000,
        "患者无明显诱因".encode() * 200,
        rnd.randbytes(3000),
        "".join(chr(rnd.randrange(0x4E00, 0x9FFF)) for _ in range(800)).encode(),
    ):
        for chosen in (SHIPPED, TINY):
            assert expand(compress(data, chosen), chosen, len(data)) == data


def test_exact_and_small_for_real_consults(consults: list[bytes]) -> None:
    """The sample was never trained on: about a fifth of its bytes remain."""
    packed = [compress(content, SHIPPED) for content in consults]
    assert [expand(p, SHIPPED, PRIMED_BYTES_MAX) for p in packed] == consults
    assert median(map(len, packed)) <= 125
    assert median(len(c) for c in consults) >= 450


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.binary(max_size=60), models)
def test_garbage_never_crashes(data: bytes, used: Model) -> None:
    """Every stream is refused or gives bounded bytes; nothing else is raised."""
    with suppress(BundleRejected):
        assert len(expand(data, used, 500)) <= 500


def test_cuts_and_additions_are_refused_or_differ(consults: list[bytes]) -> None:
    packed = compress(consults[0], SHIPPED)
    for altered in (packed[:-2], packed[: len(packed) // 2], b"", packed + b"\x01\x02"):
        try:
            assert expand(altered, SHIPPED, PRIMED_BYTES_MAX) != consults[0]
        except BundleRejected:
            continue


def test_output_is_bounded() -> None:
    data = "患者无明显诱因出现".encode() * 30
    packed = compress(data, SHIPPED)
    assert expand(packed, SHIPPED, len(data)) == data
    for limit in (0, 1, len(data) // 3, len(data) - 1):
        with pytest.raises(BundleRejected):
            expand(packed, SHIPPED, limit)


@pytest.mark.parametrize("used", [SHIPPED, TINY], ids=["shipped", "tiny"])
def test_model_keeps_the_coders_promises(used: Model) -> None:
    """Every total stays far below the range, every fixed character is known, places ascend."""
    for node in range(used.inner):
        begin, end = used.first[node], used.first[node + 1]
        total = used.below(node)[-1] + WEIGHTS[used.escape[node]]
        assert total * 65536 < BOTTOM
        children = list(used.symbol[begin:end])
        assert children == sorted(set(children))
    assert set(FIXED[1:]) <= set(used.number_of)


def test_model_files_are_checked() -> None:
    data = write_model([[(0, 0, 0, 0)]], [])
    assert read_model(data).depth == 0
    for broken in (b"", data[:-1], data + b"x", b"y" + data[1:]):
        with pytest.raises((ValueError, IndexError)):
            read_model(broken)


def test_training_is_repeatable_and_drops_what_occurs_once() -> None:
    """One patient's words alone never reach the model."""
    documents = ["张三丰腹痛".encode(), "李四腹痛".encode(), "王五腹痛三天".encode()]
    data = train(documents, worth=0.0)
    assert data == train(documents, worth=0.0)
    found = read_model(data)

    def knows(text: str) -> bool:
        node = 0
        for character in text:
            if node >= found.inner:
                return False
            number = found.number_of[ord(character)]
            places = range(found.first[node], found.first[node + 1])
            hits = [place for place in places if found.symbol[place] == number]
            if not hits:
                return False
            node = hits[0]
        return True

    assert knows("腹痛")
    assert not knows("张三")
    assert not knows("三丰")
