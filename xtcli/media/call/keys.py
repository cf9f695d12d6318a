"""Who may hear a call: key agreement, sealing, number recovery, replay.

The pattern is that of Noise IK (noiseprotocol.org, revision 34) cut down to two messages: both
stations know each other's static X25519 key from the roster, each draws an ephemeral key for the
call. The hub relays and has neither private key; a key stolen later does not open a past call.

Sealing is AES-256-CCM (RFC 3610) with an 8-byte tag for all that steers a call (as in RFC 6655)
and a 4-byte tag for bare sound (RFC 3711 section 7.5 says why that is enough for voice). The nonce
is never sent: it is the kind and the number of the datagram, of which 13 bits travel. It refuses to
know what is sealed.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from xtcli.errors import BundleRejected

KEY_BYTES = 32
TAG_BYTES = 8
SOUND_TAG_BYTES = 4
"""Bare sound has a key of its own, because a key has one tag length (NIST SP 800-38C)."""
NONCE_BYTES = 13
NUMBER_BITS = 13
NUMBER_MAX = 2**32 - 1
REPLAY_WINDOW_NUMBERS = 1024
"""How far behind the newest number a late datagram may be: a minute of frames."""


def refused() -> BundleRejected:
    """The one error for anything from outside that does not check."""
    return BundleRejected(
        "A call datagram does not check: it is damaged, old, or not from this call.",
        "Nothing was played. If it goes on, hang up and call again.",
    )


def public_of(private: bytes) -> bytes:
    """The X25519 public key (32 bytes) of a private one."""
    return X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()


def agree(private: bytes, public: bytes) -> bytes:
    """The X25519 shared secret (RFC 7748), 32 bytes; refused when `public` is of low order."""
    try:
        key = X25519PublicKey.from_public_bytes(public)
        return X25519PrivateKey.from_private_bytes(private).exchange(key)
    except ValueError as error:
        raise refused() from error


def derive(secret: bytes, salt: bytes, info: bytes) -> bytes:
    """One 32-byte key by HKDF-SHA256 (RFC 5869)."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt, b"xt call 1 " + info).derive(secret)


@dataclass(frozen=True, slots=True)
class Party:
    """What one side has when a call begins. `ephemeral` is its own private key for this call."""

    private: bytes
    peer_public: bytes
    ephemeral: bytes

    @property
    def ephemeral_public(self) -> bytes:
        """What is sent to the other side."""
        return public_of(self.ephemeral)


def ring_secret(party: Party, *, caller: bool, ring_public: bytes) -> bytes:
    """Static-static and ephemeral-static agreement: what the ring is sealed under, 64 bytes."""
    static = agree(party.private, party.peer_public)
    if caller:
        return static + agree(party.ephemeral, party.peer_public)
    return static + agree(party.private, ring_public)


def call_secret(party: Party, first: bytes, *, caller: bool, peer_ephemeral: bytes) -> bytes:
    """`first` (from `ring_secret`) and the two agreements the accepting side's key adds."""
    both = agree(party.ephemeral, peer_ephemeral)
    if caller:
        return first + both + agree(party.private, peer_ephemeral)
    return first + both + agree(party.ephemeral, party.peer_public)


def nonce(kind: int, number: int) -> bytes:
    """13 bytes that no other datagram under the same key has."""
    return bytes([kind]) + bytes(NONCE_BYTES - 5) + number.to_bytes(4, "big")


class Seal:
    """One key of one direction."""

    def __init__(self, key: bytes, tag_bytes: int = TAG_BYTES) -> None:
        """Take a 32-byte key."""
        self._aead = AESCCM(key, tag_length=tag_bytes)
        self._tag_bytes = tag_bytes

    def seal(self, kind: int, number: int, clear: bytes, body: bytes) -> bytes:
        """`body` sealed; `clear` travels in the open beside it and is authenticated."""
        return self._aead.encrypt(nonce(kind, number), body, clear)

    def open(self, kind: int, number: int, clear: bytes, sealed: bytes) -> bytes:
        """The body, or `BundleRejected`."""
        if len(sealed) < self._tag_bytes:
            raise refused()
        try:
            return self._aead.decrypt(nonce(kind, number), sealed, clear)
        except InvalidTag as error:
            raise refused() from error


class Numbers:
    """Full numbers from 13 bits, and each number only once."""

    def __init__(self) -> None:
        """Nothing seen yet."""
        self.newest = -1
        self._seen = 0

    def full(self, short: int) -> int:
        """The number nearest to what is expected next (RFC 9000, appendix A.3)."""
        span = 1 << NUMBER_BITS
        expected = self.newest + 1
        number = (expected & ~(span - 1)) | short
        if number + span // 2 <= expected:
            number += span
        elif number > expected + span // 2 and number >= span:
            number -= span
        return number

    def fresh(self, number: int) -> bool:
        """Whether `number` was not seen and is not too old to know."""
        behind = self.newest - number
        if behind < 0:
            return number <= NUMBER_MAX
        return behind < REPLAY_WINDOW_NUMBERS and not self._seen >> behind & 1

    def note(self, number: int) -> None:
        """Remember an authentic number."""
        if number > self.newest:
            # Capped first: a far jump must not shift by a million bits.
            step = min(number - self.newest, REPLAY_WINDOW_NUMBERS)
            self._seen = (self._seen << step | 1) & ((1 << REPLAY_WINDOW_NUMBERS) - 1)
            self.newest = number
        else:
            self._seen |= 1 << (self.newest - number)
