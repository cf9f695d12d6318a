"""Signed records: content + raw. Knows keys as bytes only, not whose they are.

`raw` is prev (8 bytes: the start of the digest of the station's record before, zeros for the
first) followed by the signature. Signed with Ed25519 (RFC 8032) is

    b"xt/record/1" + suite byte + realm + prev + content

Suite 1 is Ed25519 with BLAKE2s (RFC 7693); its raw is 72 bytes and does not repeat the suite
byte. Any other suite puts its byte in front of raw, which is then longer: no bytes are spent on
the suite that is used, and none can pass for another, since the byte is signed.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from xtcli.errors import BundleRejected
from xtcli.records import codec, limits
from xtcli.records.ids import RecordId
from xtcli.records.types import Body, Kind

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

SUITE = 1
DOMAIN = b"xt/record/1"
NO_PREV = bytes(limits.prev_bytes)


def realm_of(root_public: bytes) -> bytes:
    """The realm's 8 bytes: BLAKE2s-64 of the root hub's Ed25519 public key."""
    return hashlib.blake2s(root_public, digest_size=limits.realm_bytes).digest()


def digest_of(content: bytes, prev: bytes) -> bytes:
    """BLAKE2s-256 of prev + content: what the next record's `prev` starts.

    The signature is left out, so that a second valid signature is no second record.
    """
    return hashlib.blake2s(prev + content).digest()


def blob_digest(data: bytes) -> bytes:
    """What names a blob: the first 16 bytes of BLAKE2s-256."""
    return hashlib.blake2s(data).digest()[: limits.blob_digest_bytes]


@dataclass(frozen=True)
class Record:
    """One signed fact. `case` of a request is its own id; None outside cases."""

    id: RecordId
    kind: Kind
    author: int
    at: int
    case: RecordId | None
    body: Body
    content: bytes
    prev: bytes
    signature: bytes

    @cached_property
    def digest(self) -> bytes:
        """32 bytes; see `digest_of`."""
        return digest_of(self.content, self.prev)

    @property
    def raw(self) -> bytes:
        """prev + signature: the part of a record that does not compress."""
        return self.prev + self.signature

    @property
    def size(self) -> int:
        """Bytes of the record before compression."""
        return len(self.content) + len(self.prev) + len(self.signature)


class Signer:
    """Holds one Ed25519 private key (32 bytes)."""

    def __init__(self, private: bytes) -> None:
        """Load the key; `cryptography` is imported here, not with the module."""
        from cryptography.hazmat.primitives.asymmetric import ed25519

        self._key: Ed25519PrivateKey = ed25519.Ed25519PrivateKey.from_private_bytes(private)
        self.public: bytes = self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """64 bytes."""
        return self._key.sign(message)


def _message(realm: bytes, prev: bytes, content: bytes) -> bytes:
    """What is signed."""
    return DOMAIN + bytes([SUITE]) + realm + prev + content


def author(
    body: Body,
    *,
    station: int,
    seq: int,
    author: int,
    at: int,
    case: RecordId | None = None,
    prev: bytes,
    signer: Signer,
    realm: bytes,
) -> Record:
    """Sign `body` as record `station-seq`; raises `UsageError` when it does not fit the limits."""
    content = codec.content_of(body, station=station, seq=seq, author=author, at=at, case=case)
    # What nobody could read must never be signed: read it once as every other station will.
    codec.decode(content)
    signature = signer.sign(_message(realm, prev, content))
    return _record(codec.Content(RecordId(station, seq), author, at, case, body), content, prev,
                   signature)  # fmt: skip


def read(content: bytes, raw: bytes) -> Record:
    """The record of these bytes, its signature not yet checked; raises `BundleRejected`."""
    if len(raw) != limits.raw_bytes:
        raise BundleRejected(
            "A record that arrived has {size} signature bytes, not {most}.",
            "It was set aside. Ask the sending station to update xt or to check its log.",
            size=len(raw),
            most=limits.raw_bytes,
        )
    prev, signature = raw[: limits.prev_bytes], raw[limits.prev_bytes :]
    said = codec.decode(content)
    if (said.id.seq == 1) != (prev == NO_PREV):
        raise BundleRejected(
            "A record that arrived does not say what came before it.",
            "It was set aside. Ask the sending station to check its log: xt log verify",
        )
    return _record(said, content, prev, signature)


def _record(said: codec.Content, content: bytes, prev: bytes, signature: bytes) -> Record:
    """Join what is said with how it is signed."""
    case = said.id if said.kind is Kind.REQUEST else said.case
    return Record(said.id, said.kind, said.author, said.at, case, said.body, content, prev,
                  signature)  # fmt: skip


@lru_cache(maxsize=4096)
def _public_key(public: bytes) -> Ed25519PublicKey:
    """A loaded key; loading costs about as much as a tenth of a check, and keys repeat."""
    from cryptography.hazmat.primitives.asymmetric import ed25519

    return ed25519.Ed25519PublicKey.from_public_bytes(public)


def verify(record: Record, public: bytes, realm: bytes) -> bool:
    """True when `record` was signed with the key of `public` (32 bytes) in `realm`."""
    from cryptography.exceptions import InvalidSignature

    try:
        _public_key(public).verify(record.signature, _message(realm, record.prev, record.content))
    except (InvalidSignature, ValueError):
        return False
    return True
