"""A station's private keys, and their file's bytes. Draws no randomness and writes no file.

A key file is msgpack: [version, lock, body]. lock 0: body is the packed keys. lock 1: body is
[salt (16), nonce (12), ciphertext] with ChaCha20-Poly1305 (RFC 8439) under scrypt (RFC 7914,
N=2^15, r=8, p=1) of the PIN. Who writes the file makes it readable by its owner only.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

import msgpack

from xtcli.errors import KeyMissing
from xtcli.records.sign import Signer

FILE_VERSION = 1
_OPEN, _PIN = 0, 1
_SALT_BYTES, _NONCE_BYTES, _KEY_BYTES = 16, 12, 32
_SCRYPT_N, _SCRYPT_R, _SCRYPT_P = 2**15, 8, 1
pin_chars_max = 128

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True, repr=False)
class Keys:
    """Three private keys of 32 bytes: the station's Ed25519 and X25519, its practitioner's Ed25519.

    Never printed: the repr tells nothing.
    """

    station_sign: bytes
    station_seal: bytes
    practitioner_sign: bytes

    def __post_init__(self) -> None:
        """Exactly 32 bytes each."""
        for key in (self.station_sign, self.station_seal, self.practitioner_sign):
            if not isinstance(key, bytes) or len(key) != _KEY_BYTES:
                raise _unreadable()

    def __repr__(self) -> str:
        """Nothing that could leak into a log."""
        return "Keys(...)"

    @classmethod
    def make(cls, entropy: Entropy) -> Keys:
        """New keys."""
        return cls(entropy(_KEY_BYTES), entropy(_KEY_BYTES), entropy(_KEY_BYTES))

    @property
    def station_sign_public(self) -> bytes:
        """Ed25519 public key of the station, 32 bytes."""
        return sign_public(self.station_sign)

    @property
    def station_seal_public(self) -> bytes:
        """X25519 public key of the station, 32 bytes."""
        return seal_public(self.station_seal)

    @property
    def practitioner_sign_public(self) -> bytes:
        """Ed25519 public key of the practitioner, 32 bytes."""
        return sign_public(self.practitioner_sign)

    def to_bytes(self, pin: str = "", entropy: Entropy | None = None) -> bytes:
        """The key file, locked when a PIN is given (then `entropy` is needed)."""
        plain = _pack([self.station_sign, self.station_seal, self.practitioner_sign])
        if not pin:
            return _pack([FILE_VERSION, _OPEN, plain])
        if entropy is None:
            raise ValueError("a locked key file needs entropy")
        salt, nonce = entropy(_SALT_BYTES), entropy(_NONCE_BYTES)
        sealed = _cipher(pin, salt).encrypt(nonce, plain, _lock_header())
        return _pack([FILE_VERSION, _PIN, [salt, nonce, sealed]])

    @classmethod
    def from_bytes(cls, data: bytes, pin: str = "") -> Keys:
        """The keys of a key file; `KeyMissing` when it is broken, locked or the PIN is wrong."""
        try:
            version, lock, body = msgpack.unpackb(data)
            if version != FILE_VERSION or lock not in (_OPEN, _PIN):
                raise ValueError("version")
            plain = body if lock == _OPEN else _unlock(body, pin)
            return cls(*msgpack.unpackb(plain))
        except (ValueError, TypeError) as error:
            raise _unreadable() from error


def is_locked(data: bytes) -> bool:
    """True when a key file wants a PIN."""
    try:
        return bool(msgpack.unpackb(data)[1] == _PIN)
    except (ValueError, TypeError, IndexError):
        return False


def sign_public(private: bytes) -> bytes:
    """Ed25519 public key of a private one."""
    return Signer(private).public


def seal_public(private: bytes) -> bytes:
    """X25519 public key of a private one."""
    from cryptography.hazmat.primitives.asymmetric import x25519

    key = x25519.X25519PrivateKey.from_private_bytes(private)
    return key.public_key().public_bytes_raw()


def _pack(value: Any) -> bytes:
    return cast(bytes, msgpack.packb(value))


def _lock_header() -> bytes:
    """Authenticated with the ciphertext, so that the lock's kind cannot be swapped."""
    return bytes([FILE_VERSION, _PIN])


def _cipher(pin: str, salt: bytes) -> Any:
    """The cipher for a PIN; 32 MiB and about 0.1 s, so that guessing PINs is slow."""
    from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
    from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

    derive = Scrypt(salt=salt, length=_KEY_BYTES, n=_SCRYPT_N, r=_SCRYPT_R, p=_SCRYPT_P)
    return ChaCha20Poly1305(derive.derive(pin[:pin_chars_max].encode()))


def _unlock(body: Any, pin: str) -> bytes:
    """The packed keys inside a locked file."""
    from cryptography.exceptions import InvalidTag

    salt, nonce, sealed = body
    if not pin:
        raise KeyMissing("The keys of this station are locked.", "Give the PIN.")
    try:
        return cast(bytes, _cipher(pin, salt).decrypt(nonce, sealed, _lock_header()))
    except InvalidTag as error:
        raise KeyMissing("That is not the PIN of this station.", "Try again.") from error


def _unreadable() -> KeyMissing:
    return KeyMissing(
        "The key file of this station cannot be read.",
        "Restore it from your copy, or ask the hub for a new invitation: xt join CODE",
    )
