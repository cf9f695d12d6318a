"""Seals: who may open, what is refused, what the length tells."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.seal import (
    PADDING_BUCKETS,
    SEAL_BYTES,
    bundle_context,
    open_sealed,
    seal,
)

PRIVATE = bytes(range(32))
PUBLIC = X25519PrivateKey.from_private_bytes(PRIVATE).public_key().public_bytes_raw()
CONTEXT = bundle_context(b"realm-01", 12, 1)


def sealed(plain: bytes, bucket: int = 0) -> bytes:
    return seal(plain, recipient=PUBLIC, context=CONTEXT, entropy=os.urandom, bucket=bucket)


@settings(max_examples=60, derandomize=True, deadline=None)
@given(st.binary(max_size=400), st.sampled_from(PADDING_BUCKETS))
def test_round_trip(plain: bytes, bucket: int) -> None:
    made = sealed(plain, bucket)
    assert open_sealed(made, private=PRIVATE, context=CONTEXT) == plain
    if bucket:
        assert len(made) % bucket == 0
        assert len(made) - len(plain) - SEAL_BYTES <= bucket
    else:
        assert len(made) == len(plain) + SEAL_BYTES == len(plain) + 49


def test_every_flipped_bit_is_refused() -> None:
    made = sealed(b"two parts")
    for bit in range(len(made) * 8):
        altered = bytearray(made)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BundleRejected):
            open_sealed(bytes(altered), private=PRIVATE, context=CONTEXT)


def test_every_cut_is_refused() -> None:
    made = sealed(b"two parts")
    for length in range(len(made)):
        with pytest.raises(BundleRejected):
            open_sealed(made[:length], private=PRIVATE, context=CONTEXT)


@pytest.mark.parametrize(
    "context",
    [
        bundle_context(b"realm-02", 12, 1),
        bundle_context(b"realm-01", 13, 1),
        bundle_context(b"realm-01", 12, 2),
        bundle_context(b"realm-01", 1, 12),
        b"",
    ],
)
def test_other_context_is_refused(context: bytes) -> None:
    """Sender, recipient and realm are bound although they are not sent."""
    with pytest.raises(BundleRejected):
        open_sealed(sealed(b"hello"), private=PRIVATE, context=context)


def test_other_station_cannot_open() -> None:
    with pytest.raises(BundleRejected):
        open_sealed(sealed(b"hello"), private=bytes(31) + b"\x09", context=CONTEXT)


def test_padding_hides_the_length() -> None:
    """Seven-bit acknowledgement and a long note look alike in one bucket."""
    assert len({len(sealed(bytes(n), 256)) for n in range(0, 200, 20)}) == 1


def test_callers_mistakes() -> None:
    with pytest.raises(ValueError, match="bucket"):
        sealed(b"", 100)
    with pytest.raises(ValueError, match="realm"):
        bundle_context(b"short", 1, 2)
