"""Packing: exact, bounded, never larger than it must be."""

from __future__ import annotations

import random
import subprocess
import sys
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.transport.bundle import codecs
from xtcli.transport.bundle.codecs import PRIMED, STORED, ZSTANDARD
from xtcli.transport.bundle.pack import CODEC_VERSIONS, PARTS_MAX, Limits, Part, pack, unpack
from xtcli.transport.bundle.varint import NUMBER_MAX, read_number, write_number

RAW = bytes(range(72))
bodies = st.one_of(st.binary(max_size=80), st.text(max_size=40).map(str.encode))
parts = st.builds(Part, bodies, st.one_of(st.just(RAW), st.binary(max_size=90)))


@settings(max_examples=200, derandomize=True, deadline=None)
@given(st.lists(parts, min_size=1, max_size=6), st.sampled_from(CODEC_VERSIONS))
def test_round_trip(given_parts: list[Part], version: int) -> None:
    packed = pack(given_parts, version)
    assert unpack(packed) == given_parts
    assert packed[0] & 0x0F in (0, version)


@settings(max_examples=400, derandomize=True, deadline=None)
@given(st.binary(max_size=150))
def test_garbage_never_crashes(data: bytes) -> None:
    """Refused, or parts within the limits: no other error gets out."""
    with suppress(BundleRejected):
        found = unpack(data, Limits(parts=8, body_bytes=2000, raw_bytes=200))
        assert sum(len(p.body) for p in found) <= 2000
        assert sum(len(p.raw) for p in found) <= 200


@pytest.mark.parametrize("version", CODEC_VERSIONS)
def test_altered_bundles_never_crash(version: int, consults: list[bytes]) -> None:
    """Under the seal this cannot happen; the parser holds without the seal too."""
    rnd = random.Random(7)
    made = [pack([Part(c, RAW) for c in consults[k : k + 3]], version) for k in range(0, 30, 3)]
    for packed in made * 6:
        altered = bytearray(packed)
        for _ in range(rnd.randrange(1, 4)):
            altered[rnd.randrange(len(altered))] = rnd.randrange(256)
        with suppress(BundleRejected):
            unpack(bytes(altered[: rnd.choice((len(altered), rnd.randrange(len(altered))))]))


def test_framing_of_one_record_is_one_byte() -> None:
    noise = random.Random(3).randbytes(200)
    assert len(pack([Part(noise, RAW)])) == 200 + 72 + 1
    assert len(pack([Part(noise)])) == 200 + 1
    assert len(pack([Part(noise, b"r")])) <= 200 + 1 + 6


def test_method_follows_the_content(consults: list[bytes]) -> None:
    """Text is primed, noise is stored, what is long goes to Zstandard."""
    chosen = {
        PRIMED: [Part(consults[0], RAW)],
        STORED: [Part(random.Random(3).randbytes(300))],
        ZSTANDARD: [Part(c, RAW) for c in consults],
    }
    for method, chosen_parts in chosen.items():
        packed = pack(chosen_parts)
        assert packed[0] >> 4 & 3 == method
        assert unpack(packed) == chosen_parts


def test_long_noise_is_not_even_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys and hashes by the kilobyte cost no time."""
    from xtcli.transport.bundle import ppm

    monkeypatch.setattr(ppm, "compress", None)
    noise = random.Random(3).randbytes(12_000)
    assert unpack(pack([Part(noise)])) == [Part(noise)]


def test_what_compresses_is_never_larger_in_a_newer_version(consults: list[bytes]) -> None:
    for content in consults:
        assert len(pack([Part(content)], 1)) < len(pack([Part(content)], 0)) <= len(content) + 1


def test_large_media_pass_unchanged() -> None:
    blob = random.Random(5).randbytes(3 << 20)
    packed = pack([Part(b"\x92\x01\x02", blob), Part(b"\x92\x01\x03", b"tail")])
    assert len(packed) <= len(blob) + 40
    assert unpack(packed)[0].raw == blob


def test_limits_hold_before_memory_is_taken() -> None:
    with pytest.raises(BundleRejected):
        unpack(pack([Part(b"", b"r" * 101)]), Limits(raw_bytes=100))
    with pytest.raises(BundleRejected):
        unpack(pack([Part(b"b" * 3000)]), Limits(body_bytes=2999))
    with pytest.raises(BundleRejected):
        unpack(pack([Part(b"")] * 9), Limits(parts=8))
    for wrong in ([], [Part(b"")] * (PARTS_MAX + 1)):
        with pytest.raises(ValueError, match="parts"):
            pack(wrong)
    with pytest.raises(ValueError, match="version"):
        pack([Part(b"")], max(CODEC_VERSIONS) + 1)
    with pytest.raises(ValueError, match="too many bytes"):
        pack([Part(bytes(codecs.STREAM_BYTES_MAX + 1))])


@settings(max_examples=200, derandomize=True)
@given(st.integers(0, NUMBER_MAX), st.binary(max_size=4))
def test_numbers(value: int, behind: bytes) -> None:
    written = write_number(value)
    assert read_number(written + behind, 0) == (value, len(written))
    for cut in range(len(written)):
        with pytest.raises(BundleRejected):
            read_number(written[:cut], 0)


def test_numbers_out_of_range() -> None:
    for value in (-1, NUMBER_MAX + 1):
        with pytest.raises(ValueError, match="does not fit"):
            write_number(value)


def test_a_small_request_loads_nothing_heavy() -> None:
    """Packing a note needs neither Zstandard nor a cipher library."""
    code = (
        "import sys\n"
        "from xtcli.transport.bundle.pack import Part, pack\n"
        "pack([Part('患者无明显诱因出现腹痛，伴恶心呕吐。'.encode(), bytes(72))])\n"
        "print(sorted({'zstandard', 'cryptography', 'numpy', 'pyppmd'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
