"""The link that a guest is given, and the sealed papers that station and guest pass each other.

    link = GuestLink.make(entropy)          link.url(page) is what the guest opens
    desk = Papers(link.room, link.key, "station", entropy)
    desk.write(changes, now)                there is something new to say
    paper = desk.send(now)                  the newest, when it is due; None otherwise
    desk.take(paper, now)                   what the guest says, if it is new and genuine

Layout and limits are docs/format/web.md's. A hub that passes papers on can lose them, and no more.
Pure: `now` and `entropy` are arguments. It refuses to know links, sockets and what a paper means.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from xtcli.errors import BundleRejected

ROOM_BYTES = KEY_BYTES = PASS_BYTES = LOCK_BYTES = 16
SALT_BYTES, NUMBER_BYTES, TAG_BYTES = 8, 4, 16
HEAD_BYTES = SALT_BYTES + NUMBER_BYTES
PAPER_BYTES_MAX = 1_100
SALTS_MAX = 16
"""How often a guest may load the page anew."""
AGAIN_S = (1.0, 1.5, 2.0, 3.0, 4.0, 5.0)
_INFO = b"xt guest 1 "

Entropy = Callable[[int], bytes]


def _derive(key: bytes, salt: bytes, name: str, size: int) -> bytes:
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), size, salt, _INFO + name.encode()).derive(key)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def room_named(name: str) -> bytes | None:
    """The room of the last part of an address; None when it is no such name."""
    if len(name) != 22:
        return None
    try:
        found = base64.b64decode(name + "==", altchars=b"-_", validate=True)
    except ValueError:
        return None
    return found if _text(found) == name else None


def lock_of(password: bytes) -> bytes:
    """What a hub is told, so that it knows the right guest without knowing the key."""
    return hashlib.sha256(password).digest()[:LOCK_BYTES]


@dataclass(frozen=True, slots=True)
class GuestLink:
    """A room at the hub and the key that only station and guest know."""

    room: bytes
    key: bytes

    @classmethod
    def make(cls, entropy: Entropy) -> GuestLink:
        """A new one."""
        return cls(entropy(ROOM_BYTES), entropy(KEY_BYTES))

    def url(self, page: str) -> str:
        """What the guest opens; `page` ends in a slash."""
        return f"{page}{_text(self.room)}#{_text(self.key)}"

    @property
    def password(self) -> bytes:
        """What shows the hub that somebody has the key."""
        return _derive(self.key, self.room, "pass", PASS_BYTES)

    @property
    def lock(self) -> bytes:
        """What the hub is given to check that."""
        return lock_of(self.password)


def refused() -> BundleRejected:
    """What is raised for a paper that does not check."""
    return BundleRejected(
        "Something that came with a guest's call does not check.", "It was dropped."
    )


def seen_mark(salt: bytes, number: int) -> str:
    """How a paper names the newest paper of the other side that was read."""
    return f"{salt[:4].hex()}:{number}"


class Papers:
    """One side's paper, and the other side's as far as it was read."""

    def __init__(self, room: bytes, key: bytes, mine: str, entropy: Entropy) -> None:
        """`mine`: "station" or "guest"."""
        self.room, self._key = room, key
        self._mine, self._other = mine, {"station": "guest", "guest": "station"}[mine]
        self._salt = entropy(SALT_BYTES)
        self._number = self._changed = 0
        self._read: dict[bytes, int] = {}
        self._newest = (b"", 0)
        self.anew = False
        """Whether the last paper read was the first of a new start over there."""
        self._heard: dict[str, Any] = {}
        self._document: dict[str, Any] = {}
        self._paper = b""
        self._due: float | None = None
        self._tries = 0
        self._seen = False

    # Writing

    @property
    def document(self) -> dict[str, Any]:
        """What is said now."""
        return dict(self._document)

    def write(self, changes: dict[str, Any], now: float) -> None:
        """Say something else in some points; None takes a point away. No change, no paper."""
        document = {**self._document, **changes}
        document = {name: value for name, value in document.items() if value is not None}
        if document != self._document or not self._number:
            self._document = document
            self._renew(now)
            self._changed, self._seen, self._tries = self._number, False, 0

    def _renew(self, now: float) -> None:
        self._number += 1
        self._paper = self._seal()
        self._due = now

    def _seal(self) -> bytes:
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        document = {"s": seen_mark(*self._newest), **self._document}
        plain = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        number = self._number.to_bytes(NUMBER_BYTES, "big")
        sealed = AESGCM(self._paper_key(self._mine, self._salt)).encrypt(
            bytes(8) + number, plain, self.room
        )
        paper = self._salt + number + sealed
        if len(paper) > PAPER_BYTES_MAX:
            raise refused()
        return paper

    def _paper_key(self, who: str, salt: bytes) -> bytes:
        return _derive(self._key, self.room + salt, who, 32)

    @property
    def paper(self) -> bytes:
        """The newest."""
        return self._paper

    def send(self, now: float) -> bytes | None:
        """The newest paper when it is to be given (again)."""
        if self._due is None or now < self._due:
            return None
        # Once seen, it is only given to say what was read: the other side asks again if it is lost.
        self._due = None if self._seen else now + AGAIN_S[min(self._tries, len(AGAIN_S) - 1)]
        self._tries += 1
        return self._paper

    # Reading

    def take(self, paper: bytes, now: float) -> dict[str, Any]:
        """What the other side says now; BundleRejected when it is old, or not from there."""
        if not HEAD_BYTES + TAG_BYTES < len(paper) <= PAPER_BYTES_MAX:
            raise refused()
        salt, number = paper[:SALT_BYTES], int.from_bytes(paper[SALT_BYTES:HEAD_BYTES], "big")
        if number <= self._read.get(salt, 0):
            if (salt, number) == self._newest and self._number:
                # It was not seen that this was read: say so once more.
                self._due = now
            raise refused()
        document = self._open(salt, paper)
        if salt not in self._read and len(self._read) >= SALTS_MAX:
            raise refused()
        self.anew = salt != self._newest[0]
        self._read[salt] = number
        self._newest = (salt, number)
        self._mark(document, now)
        return document

    def _mark(self, document: dict[str, Any], now: float) -> None:
        """What the other side has seen; and let it know that this was, if it says anything new."""
        salt, _, number = document.pop("s").partition(":")
        if salt == self._salt[:4].hex() and number.isdecimal() and int(number) >= self._changed:
            self._seen, self._due = True, None
        if document != self._heard and self._number:
            self._renew(now)
        self._heard = document

    def _open(self, salt: bytes, paper: bytes) -> dict[str, Any]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = bytes(8) + paper[SALT_BYTES:HEAD_BYTES]
        try:
            plain = AESGCM(self._paper_key(self._other, salt)).decrypt(
                nonce, paper[HEAD_BYTES:], self.room
            )
            document = json.loads(plain)
        except (InvalidTag, ValueError, RecursionError) as error:
            raise refused() from error
        if not isinstance(document, dict) or not isinstance(document.get("s"), str):
            raise refused()
        return document
