"""Envelopes: what a carrier sees, and what it must refuse."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.envelope import (
    HEADER_BYTES_MAX,
    PRIORITY_MAX,
    STATION_MAX,
    Envelope,
    read_envelope,
    realm_hint,
)
from xtcli.transport.symbols import bundle_tag

stations = st.integers(1, STATION_MAX)
envelopes = st.builds(
    Envelope,
    stations,
    stations,
    st.binary(min_size=2, max_size=2),
    st.integers(0, PRIORITY_MAX),
    st.binary(min_size=49, max_size=200),
)


@settings(max_examples=200, derandomize=True, deadline=None)
@given(envelopes)
def test_round_trip(envelope: Envelope) -> None:
    data = envelope.to_bytes()
    assert read_envelope(data) == envelope
    assert len(data) - len(envelope.sealed) <= HEADER_BYTES_MAX


def test_usual_header_is_nine_bytes() -> None:
    made = Envelope(1, 12, realm_hint(b"realm-01"), 0, bytes(60))
    assert len(made.to_bytes()) - 60 == 9


def test_every_flipped_bit_of_the_sealed_bytes_and_every_cut_is_refused() -> None:
    data = Envelope(1, 12, b"ab", 0, bytes(60)).to_bytes()
    for length in range(len(data)):
        with pytest.raises(BundleRejected):
            read_envelope(data[:length])
    for bit in range(5 * 8, len(data) * 8):
        altered = bytearray(data)
        altered[bit // 8] ^= 1 << bit % 8
        with pytest.raises(BundleRejected):
            read_envelope(bytes(altered))


@settings(max_examples=300, derandomize=True, deadline=None)
@given(st.binary(max_size=120))
def test_foreign_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(BundleRejected):
        read_envelope(data)


def test_tag_is_the_links_tag() -> None:
    """The same bundle by two roads is one bundle."""
    made = Envelope(1, 12, b"ab", 0, bytes(60))
    assert made.tag == bundle_tag(made.sealed)
    assert made.tag in made.to_bytes()


def test_hint_is_stable() -> None:
    """Other programs compute it too."""
    assert realm_hint(b"realm-01").hex() == "34a7"
