"""HPKE, RFC 9180, base mode, one message per encapsulation.

Suite: DHKEM(X25519, HKDF-SHA256) 0x0020, HKDF-SHA256 0x0001, ChaCha20-Poly1305 0x0003. It is
written out here because the library's own draws its randomness itself, and a bundle must come out
the same from the same `entropy` so that a run can be replayed. The library's is the oracle in the
tests. Knows keys and bytes only.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from functools import lru_cache

from xtcli.errors import BundleRejected

KEY_BYTES = 32
ENC_BYTES = 32
TAG_BYTES = 16
OVERHEAD_BYTES = ENC_BYTES + TAG_BYTES

_KEM = b"KEM\x00\x20"
_SUITE = b"HPKE\x00\x20\x00\x01\x00\x03"


def _mac(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, "sha256")


def _extract(suite: bytes, salt: bytes, label: bytes, ikm: bytes) -> bytes:
    """LabeledExtract of section 4."""
    return _mac(salt, b"HPKE-v1" + suite + label + ikm)


def _expand(suite: bytes, prk: bytes, label: bytes, info: bytes, length: int) -> bytes:
    """LabeledExpand of section 4, for lengths up to one hash (32 bytes)."""
    return _mac(prk, length.to_bytes(2) + b"HPKE-v1" + suite + label + info + b"\x01")[:length]


@lru_cache(maxsize=256)
def _schedule_context(info: bytes) -> bytes:
    """`key_schedule_context` of section 5.1 for mode base; the same for all bundles of a pair."""
    return (
        b"\x00"
        + _extract(_SUITE, b"", b"psk_id_hash", b"")
        + _extract(_SUITE, b"", b"info_hash", info)
    )


def _key_and_nonce(dh: bytes, enc: bytes, public: bytes, info: bytes) -> tuple[bytes, bytes]:
    """Sections 4.1 (ExtractAndExpand) and 5.1 (KeySchedule), for sequence number 0."""
    prk = _extract(_KEM, b"", b"eae_prk", dh)
    shared = _expand(_KEM, prk, b"shared_secret", enc + public, 32)
    context = _schedule_context(info)
    secret = _extract(_SUITE, shared, b"secret", b"")
    key = _expand(_SUITE, secret, b"key", context, 32)
    return key, _expand(_SUITE, secret, b"base_nonce", context, 12)


def seal_base(
    plain: bytes, *, public: bytes, info: bytes, aad: bytes, entropy: Callable[[int], bytes]
) -> bytes:
    """`enc` (32 bytes) and the ciphertext of `plain` for the holder of X25519 key `public`.

    `entropy(32)` must give fresh secret bytes: they become the ephemeral private key. Raises
    `BundleRejected` when `public` is no usable key.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    ephemeral = X25519PrivateKey.from_private_bytes(entropy(KEY_BYTES))
    enc = ephemeral.public_key().public_bytes_raw()
    try:
        dh = ephemeral.exchange(X25519PublicKey.from_public_bytes(public))
    except ValueError as error:
        raise BundleRejected(
            "The key of the station this is meant for cannot be used.",
            "Fetch the roster again with: xt sync",
        ) from error
    key, nonce = _key_and_nonce(dh, enc, public, info)
    return enc + ChaCha20Poly1305(key).encrypt(nonce, plain, aad)


@lru_cache(maxsize=8)
def _public_of(private: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def open_base(sealed: bytes, *, private: bytes, info: bytes, aad: bytes) -> bytes:
    """The plaintext of what `seal_base` made for the public key of `private`.

    Raises `BundleRejected` when it is short, altered, made for another key, or made with another
    `info` or `aad`; which of these it was cannot be told apart, by design.
    """
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

    enc, ciphertext = sealed[:ENC_BYTES], sealed[ENC_BYTES:]
    try:
        ours = X25519PrivateKey.from_private_bytes(private)
        dh = ours.exchange(X25519PublicKey.from_public_bytes(enc))
        key, nonce = _key_and_nonce(dh, enc, _public_of(private), info)
        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)
    except (InvalidTag, ValueError) as error:
        raise BundleRejected(
            "This bundle is damaged or was not sealed for this station.",
            "Ask the sender to send it again.",
        ) from error
