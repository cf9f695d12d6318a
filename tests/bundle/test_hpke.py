"""HPKE against RFC 9180 appendix A.2 and against the library's own implementation."""

from __future__ import annotations

import os

import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.hpke import OVERHEAD_BYTES, open_base, seal_base

ORACLE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)

# RFC 9180, A.2.1 (base setup) and A.2.1.1 (sequence number 0).
INFO = bytes.fromhex("4f6465206f6e2061204772656369616e2055726e")
EPHEMERAL = bytes.fromhex("f4ec9b33b792c372c1d2c2063507b684ef925b8c75a42dbcbf57d63ccd381600")
PUBLIC = bytes.fromhex("4310ee97d88cc1f088a5576c77ab0cf5c3ac797f3d95139c6c84b5429c59662a")
PRIVATE = bytes.fromhex("8057991eef8f1f1af18f4a9491d16a1ce333f695d4db8e38da75975c4478e0fb")
ENC = bytes.fromhex("1afa08d3dec047a643885163f1180476fa7ddb54c6a8029ea33f95796bf2ac4a")
PLAIN = b"Beauty is truth, truth beauty"
AAD = b"Count-0"
CIPHERTEXT = bytes.fromhex(
    "1c5250d8034ec2b784ba2cfd69dbdb8af406cfe3ff938e131f0def8c8b60b4db21993c62ce81883d2dd1b51a28"
)


def test_rfc_9180_vector() -> None:
    sealed = seal_base(PLAIN, public=PUBLIC, info=INFO, aad=AAD, entropy=lambda n: EPHEMERAL[:n])
    assert sealed == ENC + CIPHERTEXT
    assert open_base(sealed, private=PRIVATE, info=INFO, aad=AAD) == PLAIN


@settings(max_examples=50, derandomize=True, deadline=None)
@given(st.binary(max_size=300), st.binary(max_size=60), st.binary(min_size=32, max_size=32))
def test_oracle_both_directions(plain: bytes, info: bytes, seed: bytes) -> None:
    key = X25519PrivateKey.from_private_bytes(seed)
    public = key.public_key().public_bytes_raw()
    ours = seal_base(plain, public=public, info=info, aad=b"", entropy=os.urandom)
    assert len(ours) == len(plain) + OVERHEAD_BYTES
    assert ORACLE.decrypt(ours, key, info=info) == plain
    theirs = ORACLE.encrypt(plain, X25519PublicKey.from_public_bytes(public), info=info)
    assert open_base(theirs, private=seed, info=info, aad=b"") == plain


@pytest.mark.parametrize("public", [bytes(32), bytes([1]) + bytes(31), b"short"])
def test_unusable_public_key(public: bytes) -> None:
    """A key of small order would give a secret that anybody knows."""
    with pytest.raises(BundleRejected):
        seal_base(b"x", public=public, info=b"", aad=b"", entropy=os.urandom)


@pytest.mark.parametrize("enc", [bytes(32), bytes([1]) + bytes(31), b""])
def test_unusable_enc(enc: bytes) -> None:
    with pytest.raises(BundleRejected):
        open_base(enc + bytes(20), private=PRIVATE, info=b"", aad=b"")


def test_same_entropy_same_bytes() -> None:
    """A run can be replayed: nothing but the argument is random."""
    made = {
        seal_base(PLAIN, public=PUBLIC, info=INFO, aad=AAD, entropy=lambda n: b"\x07" * n)
        for _ in range(3)
    }
    assert len(made) == 1
