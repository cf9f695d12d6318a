"""Who says so: proof of origin for the parts of a bundle that no signature vouches for.

A seal says nothing about who made it, and anybody who is enrolled can seal a bundle in another
station's name. So a part that makes its receiver do something, and that is no signed record, has in
its raw a nonce and a tag under a key that only its two ends can know. docs/format/relay.md has the
format. It knows no road, and not what a part means.
"""

from __future__ import annotations

import hashlib
import hmac
from functools import lru_cache

from xtcli.station.core import StationCore
from xtcli.transport.bundle.pack import Part
from xtcli.transport.link.keys import KEY_BYTES, link_key

NONCE_BYTES = 8
"""The same words said twice are two parts, so that each can be obeyed once."""
TAG_BYTES = 16
PROOF_BYTES = NONCE_BYTES + TAG_BYTES
_INFO = b"xt/origin/1"
KEYS_KEPT = 64
"""One key for each station spoken with: a bundle of 4,096 false words must not cost 4,096
agreements."""


@lru_cache(maxsize=KEYS_KEPT)
def origin_key(private: bytes, public: bytes, realm: bytes) -> bytes:
    """The key that two stations share for this and nothing else: HKDF-SHA256 (RFC 5869) of their
    link key. ValueError as for `link_key`."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), KEY_BYTES, None, _INFO).derive(link_key(private, public, realm))


def prove(key: bytes, sender: int, receiver: int, part: Part, nonce: bytes) -> Part:
    """`part` with the proof that `sender` says it to `receiver`."""
    return Part(part.body, nonce + _tag(key, sender, receiver, nonce, part.body))


def proves(key: bytes, sender: int, receiver: int, part: Part) -> bool:
    """Whether `sender` said this part to `receiver`, in constant time."""
    nonce, tag = part.raw[:NONCE_BYTES], part.raw[NONCE_BYTES:]
    if len(part.raw) != PROOF_BYTES:
        return False
    return hmac.compare_digest(_tag(key, sender, receiver, nonce, part.body), tag)


def _tag(key: bytes, sender: int, receiver: int, nonce: bytes, body: bytes) -> bytes:
    """Both ends in their order: it can be neither reflected nor moved to another station."""
    ends = sender.to_bytes(4, "big") + receiver.to_bytes(4, "big")
    said = ends + nonce + body
    return hashlib.blake2s(said, key=key, digest_size=TAG_BYTES, person=b"xt says").digest()


def said(station: StationCore, part: Part, receiver: int, public: bytes) -> Part:
    """`part` as `station` says it to `receiver`, whose X25519 key is `public`."""
    key = origin_key(station.keys.station_seal, public, station.settings.realm)
    return prove(key, station.number, receiver, part, station.entropy(NONCE_BYTES))


def is_said(station: StationCore, part: Part, sender: int, public: bytes) -> bool:
    """Whether `sender`, whose X25519 key is `public`, said this part to `station`."""
    if len(part.raw) != PROOF_BYTES:
        return False
    try:
        key = origin_key(station.keys.station_seal, public, station.settings.realm)
    except ValueError:
        # A key with which nothing can be agreed proves nothing.
        return False
    return proves(key, sender, station.number, part)
