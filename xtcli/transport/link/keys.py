"""Link keys: one secret for each pair of stations, one tag key for each direction.

The keyed tag keeps strangers from poisoning a decode or making a hub work for nothing; it hides
nothing (bundles are sealed before they come here). It knows no stations' names and no files.
"""

from __future__ import annotations

import hashlib
import hmac

KEY_BYTES = 32
MAC_BYTES = 8
"""Keyed BLAKE2s (RFC 7693) cut to 64 bits: one forgery in 2^64 tries, each a whole datagram."""


def link_key(private: bytes, public: bytes, realm: bytes) -> bytes:
    """The 32-byte key that two stations share: X25519 (RFC 7748), then BLAKE2s bound to `realm`.

    Both sides compute the same key. ValueError if a key has the wrong length or the agreement is
    the all-zero value of a small-order point.
    """
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey

    mine = X25519PrivateKey.from_private_bytes(private)
    shared = mine.exchange(X25519PublicKey.from_public_bytes(public))
    ends = sorted((mine.public_key().public_bytes_raw(), public))
    return hashlib.blake2s(b"".join(ends) + realm, key=shared, person=b"xt link").digest()


class Seal:
    """Tags datagrams in one direction: from station `sender` to station `receiver`."""

    __slots__ = ("_state",)

    def __init__(self, key: bytes, sender: int, receiver: int) -> None:
        """ValueError unless `key` is 32 bytes."""
        if len(key) != KEY_BYTES:
            raise ValueError("a link key is 32 bytes")
        ends = sender.to_bytes(2, "big") + receiver.to_bytes(2, "big")
        direction = hashlib.blake2s(ends, key=key, person=b"xt way").digest()
        self._state = hashlib.blake2s(key=direction, digest_size=MAC_BYTES)

    def tag(self, content: bytes) -> bytes:
        """The 8-byte tag of a datagram's content."""
        state = self._state.copy()
        state.update(content)
        return state.digest()

    def verify(self, datagram: bytes) -> bool:
        """Whether a datagram's last 8 bytes are its tag, in constant time."""
        return hmac.compare_digest(self.tag(datagram[:-MAC_BYTES]), datagram[-MAC_BYTES:])
