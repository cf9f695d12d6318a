"""The erasure code: any K of a block's symbols give it back, exactly."""

from __future__ import annotations

import random

import pytest
import zfec
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.transport.symbols import (
    BLOCK_SOURCES_MAX,
    BLOCK_SYMBOLS_MAX,
    Decoder,
    Encoder,
    Layout,
    bundle_tag,
    symbol_size,
)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(length=st.integers(1, 9000), size=st.integers(1, 700), seed=st.integers(0, 10_000))
def test_any_k_of_n(length: int, size: int, seed: int) -> None:
    """Symbols in any order, with any holes, give the data as soon as each block has K."""
    rng = random.Random(seed)
    if -(-length // size) > 1500:
        size = -(-length // 1500)
    data = rng.randbytes(length)
    encoder = Encoder(data, size)
    decoder = Decoder(length, size)
    indices = list(range(encoder.layout.indices))
    rng.shuffle(indices)
    used = 0
    for index in indices:
        if decoder.complete:
            break
        lacking = sum(decoder.missing)
        new = decoder.add(index, encoder.symbol(index))
        assert sum(decoder.missing) == lacking - new
        used += new
    assert decoder.data() == data
    assert used == encoder.layout.sources


@pytest.mark.parametrize("count", [1, 2, 3, 17, 60, 128])
def test_zfec_agrees(count: int) -> None:
    """zfec and this code both get the same sources back from equally many repair symbols."""
    rng = random.Random(count)
    size = 40
    data = rng.randbytes(count * size)
    sources = [data[i * size : (i + 1) * size] for i in range(count)]
    lost = rng.sample(range(count), min(count, 100))
    total = count + len(lost)
    theirs = zfec.Encoder(count, total).encode(sources)
    kept = [i for i in range(total) if i not in lost]
    assert b"".join(zfec.Decoder(count, total).decode([theirs[i] for i in kept], kept)) == data
    encoder, decoder = Encoder(data, size), Decoder(len(data), size)
    for index in kept:
        decoder.add(index, encoder.symbol(index))
    assert decoder.data() == data


def test_every_small_choice_is_enough() -> None:
    """Maximum distance: every choice of 3 rows out of 9 of a block of 3 decodes."""
    data = bytes(range(30))
    encoder = Encoder(data, 10)
    rows = [0, 1, 2, 3, 4, 100, 128, 200, 255]
    for first in rows:
        for second in rows:
            for third in rows:
                if len({first, second, third}) < 3:
                    continue
                decoder = Decoder(30, 10)
                for row in (first, second, third):
                    assert decoder.add(row, encoder.symbol(row))
                assert decoder.data() == data


def test_systematic_and_even() -> None:
    """The first symbols are the data itself, cut evenly."""
    data = random.Random(1).randbytes(60_000)
    size = symbol_size(len(data), 1176)
    encoder = Encoder(data, size)
    layout = encoder.layout
    joined = b"".join(encoder.symbol(i) for i in range(layout.sources))
    assert joined[: len(data)] == data
    assert len(joined) - len(data) < layout.sources


def test_a_burst_is_shared_by_all_blocks() -> None:
    """Neighbouring indices belong to different blocks."""
    layout = Layout(500_000, 1000)
    assert layout.blocks == 4
    assert sum(layout.block_sources(b) for b in range(4)) == layout.sources
    assert max(layout.block_sources(b) for b in range(4)) <= BLOCK_SOURCES_MAX
    assert layout.indices == 4 * BLOCK_SYMBOLS_MAX


@pytest.mark.parametrize(("length", "size"), [(0, 10), (1 << 24, 1200), (1 << 23, 100), (5, 0)])
def test_impossible_layouts(length: int, size: int) -> None:
    with pytest.raises(ValueError, match="symbol"):
        Layout(length, size)


def test_foreign_symbols_are_refused() -> None:
    decoder = Decoder(100, 10)
    for index, payload in ((-1, bytes(10)), (256, bytes(10)), (0, bytes(9)), (0, bytes(11))):
        with pytest.raises(ValueError, match="not a symbol"):
            decoder.add(index, payload)
    with pytest.raises(ValueError, match="missing"):
        decoder.data()
    with pytest.raises(ValueError, match="no such"):
        Encoder(b"abc", 2).symbol(256)


def test_tags_differ() -> None:
    assert len({bundle_tag(bytes([n])) for n in range(256)}) == 256
