"""Seal bytes so that one station, and nobody on the way, can read them.

A sealed bundle is a suite byte, the 32-byte encapsulated key and the ciphertext with its 16-byte
tag: 49 bytes more than the plaintext. The suite byte names the algorithms, so that others (SM2 and
SM4, a post-quantum KEM) can stand beside this one; it is authenticated as associated data. Who
sealed and for whom is the `context`, bound but never sent. A seal hides and protects; it does not
say who wrote the records inside: their signatures do.
"""

from __future__ import annotations

from collections.abc import Callable

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.hpke import OVERHEAD_BYTES, open_base, seal_base
from xtcli.transport.bundle.varint import write_number

SUITE_PLAIN = 1
"""HPKE base mode, X25519, HKDF-SHA256, ChaCha20-Poly1305."""

SUITE_PADDED = 2
"""The same; the plaintext ends in 0x80 and zeros (ISO/IEC 7816-4), to hide its length."""

SEAL_BYTES = 1 + OVERHEAD_BYTES
"""How much longer a sealed bundle is than its plaintext, without padding."""

PADDING_BUCKETS = (0, 64, 128, 256)
"""Allowed `bucket` arguments: sealed lengths are rounded up to a multiple; 0 pads nothing."""

REALM_BYTES = 8
_LABEL = b"xt/bundle/1"


def bundle_context(realm: bytes, sender: int, recipient: int) -> bytes:
    """What both ends know and nobody sends: realm (8 bytes) and the two station numbers."""
    if len(realm) != REALM_BYTES:
        raise ValueError("a realm is 8 bytes")
    return realm + write_number(sender) + write_number(recipient)


def seal(
    plain: bytes,
    *,
    recipient: bytes,
    context: bytes,
    entropy: Callable[[int], bytes],
    bucket: int = 0,
) -> bytes:
    """`plain` sealed for the X25519 public key `recipient` (32 bytes).

    `context` is usually `bundle_context(...)`. `bucket` rounds the sealed length up. Raises
    `BundleRejected` when the key cannot be used.
    """
    if bucket not in PADDING_BUCKETS:
        raise ValueError(f"no bucket of {bucket} bytes")
    suite = SUITE_PLAIN
    if bucket:
        suite = SUITE_PADDED
        plain += b"\x80"
        plain += bytes(-(len(plain) + SEAL_BYTES) % bucket)
    aad = bytes([suite])
    return aad + seal_base(plain, public=recipient, info=_LABEL + context, aad=aad, entropy=entropy)


def open_sealed(sealed: bytes, *, private: bytes, context: bytes) -> bytes:
    """The plaintext of a sealed bundle, for the X25519 private key `private` (32 bytes).

    Raises `BundleRejected` on an unknown suite, on damage, on another recipient or context.
    """
    if len(sealed) < SEAL_BYTES:
        raise BundleRejected(
            "This bundle is too short to be whole.", "Ask the sender to send it again."
        )
    suite = sealed[0]
    if suite not in (SUITE_PLAIN, SUITE_PADDED):
        raise BundleRejected(
            "This bundle is sealed with suite {suite}, which this version does not know.",
            "Update xt.",
            suite=suite,
        )
    plain = open_base(sealed[1:], private=private, info=_LABEL + context, aad=sealed[:1])
    return _unpadded(plain) if suite == SUITE_PADDED else plain


def _unpadded(plain: bytes) -> bytes:
    stripped = plain.rstrip(b"\x00")
    if not stripped.endswith(b"\x80"):
        raise BundleRejected(
            "This bundle is damaged: its padding is wrong.", "Ask the sender to send it again."
        )
    return stripped[:-1]
