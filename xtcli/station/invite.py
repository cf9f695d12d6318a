"""Enrolment on paper: the invitation code, and what a joining station and its hub say.

Pure: bytes in, values out. It does not know sockets, files, or which invitations are still open.
Specified in docs/format/enrolment.md.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from xtcli.errors import BundleRejected, UsageError

CODE_VERSION = 1
CODE_PREFIX = "xt1."
ADDRESS_BYTES_MAX = 80
JOIN_BYTES = 1100
"""A join request is padded to this, so that a reply can never be larger than what asked for it."""
JOIN_CONTEXT = b"xt/join/1"
WELCOME_CONTEXT = b"xt/welcome/1"
CODE_CHARS_MAX = 500
HTTPS_FIELD, PRINT_FIELD = 1, 2
PRINT_BYTES = 16
INVITE_ID_BYTES, SECRET_BYTES, FINGERPRINT_BYTES = 4, 12, 16


def fingerprint(sign_public: bytes, seal_public: bytes) -> bytes:
    """16 bytes that stand for a hub's two public keys (BLAKE2s)."""
    return hashlib.blake2s(
        b"xt/hub/1" + sign_public + seal_public, digest_size=FINGERPRINT_BYTES
    ).digest()


@dataclass(frozen=True, slots=True)
class Invitation:
    """What a one-line code says: where the hub is, its keys, a secret that works once."""

    address: str
    hub_seal: bytes
    hub_fingerprint: bytes
    invite: bytes
    secret: bytes
    https: str = ""
    """Where the hub answers over HTTPS: HOST:PORT or a URL; empty where it does not."""
    https_print: bytes = b""
    """The print of its own certificate; empty when authorities vouch for it."""

    def __post_init__(self) -> None:
        """Sizes are fixed by the format."""
        sizes = (len(self.hub_seal), len(self.hub_fingerprint), len(self.invite), len(self.secret))
        if sizes != (32, FINGERPRINT_BYTES, INVITE_ID_BYTES, SECRET_BYTES):
            raise _bad_code()
        if not 3 <= len(self.address.encode()) <= ADDRESS_BYTES_MAX or ":" not in self.address:
            raise _bad_code()
        if len(self.https.encode()) > ADDRESS_BYTES_MAX or "\0" in self.address:
            raise _bad_code()
        if len(self.https_print) not in (0, PRINT_BYTES):
            raise _bad_code()

    def _more(self) -> bytes:
        """What may follow the address: fields of type, length, value."""
        fields = ((HTTPS_FIELD, self.https.encode()), (PRINT_FIELD, self.https_print))
        packed = b"".join(bytes([kind, len(value)]) + value for kind, value in fields if value)
        return b"\0" + packed if packed else b""

    def code(self) -> str:
        """The one line: prefix, then base64url of the fields and a 2-byte check."""
        body = (
            bytes([CODE_VERSION])
            + self.invite
            + self.secret
            + self.hub_fingerprint
            + self.hub_seal
            + self.address.encode()
            + self._more()
        )
        check = hashlib.blake2s(body, digest_size=2).digest()
        return CODE_PREFIX + base64.urlsafe_b64encode(body + check).rstrip(b"=").decode()

    @classmethod
    def from_code(cls, code: str) -> Invitation:
        """Read a code as typed or pasted; UsageError when a character is wrong."""
        text = "".join(code.split())
        if not text.startswith(CODE_PREFIX) or len(text) > CODE_CHARS_MAX:
            raise _bad_code()
        text = text[len(CODE_PREFIX) :]
        try:
            data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        except ValueError as error:
            raise _bad_code() from error
        if base64.urlsafe_b64encode(data).rstrip(b"=") != text.encode():
            # The last character has bits to spare: only one of its spellings is the code.
            raise _bad_code()
        body, check = data[:-2], data[-2:]
        if len(body) < 65 + 3 or hashlib.blake2s(body, digest_size=2).digest() != check:
            raise _bad_code()
        if body[0] != CODE_VERSION:
            raise UsageError(
                "This code was made by a newer xt than this one.",
                "Install the newest xt here, then type xt join CODE again.",
            )
        address, _, more = body[65:].partition(b"\0")
        fields = _fields(more)
        try:
            where, https = address.decode(), fields.get(HTTPS_FIELD, b"").decode()
        except UnicodeDecodeError as error:
            raise _bad_code() from error
        return cls(where, body[33:65], body[17:33], body[1:5], body[5:17], https,
                   fields.get(PRINT_FIELD, b""))  # fmt: skip


def _fields(data: bytes) -> dict[int, bytes]:
    """Fields of type, length, value; types that this version does not know do no harm."""
    found: dict[int, bytes] = {}
    at = 0
    while at < len(data):
        value = data[at + 2 : at + 2 + data[at + 1]] if at + 1 < len(data) else b""
        if at + 1 >= len(data) or len(value) != data[at + 1]:
            raise _bad_code()
        found[data[at]] = value
        at += 2 + len(value)
    return found


def _bad_code() -> UsageError:
    return UsageError(
        "This is not a whole invitation code.",
        "Copy the line again, all of it, from xt1. to its last character.",
    )


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """A new station's public keys, and proof that it was invited."""

    invite: bytes
    secret: bytes
    station_sign: bytes
    station_seal: bytes
    practitioner_sign: bytes
    at: int

    def encode(self) -> bytes:
        """Fixed layout of 117 bytes, padded so that the sealed request is JOIN_BYTES long."""
        body = (
            bytes([CODE_VERSION])
            + self.invite
            + self.secret
            + self.station_sign
            + self.station_seal
            + self.practitioner_sign
            + self.at.to_bytes(5, "big")
        )
        return body.ljust(JOIN_BYTES - 64, b"\0")

    @classmethod
    def decode(cls, data: bytes) -> JoinRequest:
        """Read a request; BundleRejected when it is not one."""
        if len(data) < 118 or data[0] != CODE_VERSION or any(data[118:]):
            raise BundleRejected(
                "A request to join does not check.", "Ask for a new code: xt hub invite"
            )
        return cls(
            data[1:5], data[5:17], data[17:49], data[49:81], data[81:113],
            int.from_bytes(data[113:118], "big"),
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Welcome:
    """The hub's reply: numbers and the signed roster records a new station starts with."""

    number: int
    practitioner: int
    hub_sign: bytes
    records: tuple[tuple[bytes, bytes], ...]

    def encode(self) -> bytes:
        """Canonical msgpack; all meaning that matters is in the signed records."""
        import msgpack

        packed: bytes = msgpack.packb(
            [CODE_VERSION, self.number, self.practitioner, self.hub_sign, list(self.records)]
        )
        return packed

    @classmethod
    def decode(cls, data: bytes, invitation: Invitation) -> Welcome:
        """Read a reply and check that it comes from the hub the code named."""
        import msgpack

        try:
            version, number, practitioner, sign, records = msgpack.unpackb(data)
            pairs = tuple((content, raw) for content, raw in records)
        except (ValueError, TypeError, msgpack.UnpackException) as error:
            raise _bad_welcome() from error
        numbers = type(number) is int and type(practitioner) is int
        strings = (sign, *(part for pair in pairs for part in pair))
        if not numbers or not all(isinstance(part, bytes) for part in strings):
            raise _bad_welcome()
        if version != CODE_VERSION:
            raise _bad_welcome()
        welcome = cls(number, practitioner, sign, pairs)
        if fingerprint(welcome.hub_sign, invitation.hub_seal) != invitation.hub_fingerprint:
            raise BundleRejected(
                "The hub that answered is not the one that gave this code.",
                "Check the address with the people who run the hub, and ask for a new code.",
            )
        return welcome


def _bad_welcome() -> BundleRejected:
    return BundleRejected(
        "The hub's answer cannot be read.", "Ask for a new code and type xt join CODE again."
    )
