"""The few bytes around a sealed bundle that a carrier without a link must be able to read.

Station numbers, a hint of the realm, a priority and a tag: enough to hand the bundle on, nothing
about people. The header is not secret and not authenticated; a carrier may act on it, nobody may
believe it. Only opening the seal proves anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import blake2s

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.seal import SEAL_BYTES
from xtcli.transport.bundle.varint import read_number, write_number
from xtcli.transport.symbols import bundle_tag

VERSION = 1
MARK = 0b11 << 6
TAG_BYTES = 4
HINT_BYTES = 2
PRIORITY_MAX = 5
STATION_MAX = (1 << 28) - 1
SEALED_BYTES_MAX = 16 << 20
HEADER_BYTES_MAX = 1 + HINT_BYTES + 4 + 4 + TAG_BYTES
ENVELOPE_BYTES_MAX = HEADER_BYTES_MAX + SEALED_BYTES_MAX


def realm_hint(realm: bytes) -> bytes:
    """Two bytes that sort out other realms' envelopes without naming one: BLAKE2s-16."""
    return blake2s(realm, digest_size=HINT_BYTES, person=b"xt/hint").digest()


@dataclass(frozen=True, slots=True)
class Envelope:
    """A sealed bundle and where it goes: station numbers, realm hint (2 bytes), priority 0-5."""

    recipient: int
    sender: int
    hint: bytes
    priority: int
    sealed: bytes

    def __post_init__(self) -> None:
        """Refuse what cannot be written; the caller made a mistake."""
        if not (0 < self.recipient <= STATION_MAX and 0 < self.sender <= STATION_MAX):
            raise ValueError("station number out of range")
        if len(self.hint) != HINT_BYTES or not 0 <= self.priority <= PRIORITY_MAX:
            raise ValueError("hint or priority out of range")
        if not SEAL_BYTES <= len(self.sealed) <= SEALED_BYTES_MAX:
            raise ValueError("sealed bundle too short or too long")

    @property
    def tag(self) -> bytes:
        """The tag by which links and carriers name the sealed bundle."""
        return bundle_tag(self.sealed)

    def to_bytes(self) -> bytes:
        """Header (9 to 15 bytes) and sealed bundle."""
        return b"".join(
            (
                bytes([MARK | VERSION << 3 | self.priority]),
                self.hint,
                write_number(self.recipient),
                write_number(self.sender),
                self.tag,
                self.sealed,
            )
        )


@dataclass(frozen=True, slots=True)
class Header:
    """What stands before the sealed bytes; `length` in bytes. Says nothing until they check."""

    recipient: int
    sender: int
    hint: bytes
    priority: int
    tag: bytes
    length: int


def read_header(data: bytes) -> Header:
    """The header at the start of `data`; `HEADER_BYTES_MAX` bytes are enough to read it.

    Raises `BundleRejected` when it is none of this version.
    """
    if len(data) < 1 + HINT_BYTES or data[0] & MARK != MARK:
        raise _foreign()
    if (data[0] >> 3) & 7 != VERSION:
        raise BundleRejected(
            "This bundle was made by a newer version of xt.", "Update xt and read it again."
        )
    recipient, at = read_number(data, 1 + HINT_BYTES)
    sender, at = read_number(data, at)
    tag = data[at : at + TAG_BYTES]
    priority = data[0] & 7
    stations_fit = 0 < recipient <= STATION_MAX and 0 < sender <= STATION_MAX
    if len(tag) < TAG_BYTES or priority > PRIORITY_MAX or not stations_fit:
        raise _foreign()
    hint = data[1 : 1 + HINT_BYTES]
    return Header(recipient, sender, hint, priority, tag, at + TAG_BYTES)


def read_envelope(data: bytes) -> Envelope:
    """The envelope in `data`, whole; raises `BundleRejected` with one sentence otherwise."""
    if len(data) > ENVELOPE_BYTES_MAX:
        raise BundleRejected("This file is too large to be a bundle.", "Leave it out.")
    head = read_header(data[:HEADER_BYTES_MAX])
    sealed = data[head.length :]
    if not SEAL_BYTES <= len(sealed) <= SEALED_BYTES_MAX or bundle_tag(sealed) != head.tag:
        raise BundleRejected(
            "This bundle is incomplete or damaged.", "Copy it again from where it came."
        )
    return Envelope(head.recipient, head.sender, head.hint, head.priority, sealed)


def _foreign() -> BundleRejected:
    return BundleRejected("This is not a bundle of xt.", "Leave it out.")
