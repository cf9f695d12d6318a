"""One end of a WebRTC line in a few values: what is left of an SDP when all that is fixed is gone.

The page (`web/guest.js`) and `guest_leg` make of it whatever their WebRTC wants. Pure: values to
JSON and back, everything bounded (docs/format/web.md). It refuses to know sockets and SDP.
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Any

from xtcli.errors import BundleRejected

TYPES = {"h": "host", "s": "srflx", "r": "relay"}
LETTERS = {name: letter for letter, name in TYPES.items()}
CANDIDATES_MAX = 10
ICE_CHARS_MAX = 256
_ICE = re.compile(r"[A-Za-z0-9+/]{4,256}")
_PRINT = re.compile(r"[0-9a-f]{64}")
_LOCAL = re.compile(r"[0-9a-f-]{36}\.local")
PREFERENCES = {"host": 126, "srflx": 100, "relay": 0}
"""RFC 8445, 5.1.2.2."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A place where one end may be reached over UDP."""

    kind: str
    """host, srflx or relay."""
    address: str
    port: int

    def __post_init__(self) -> None:
        """Refuse what no ICE agent could use."""
        if self.kind not in LETTERS or not 1 <= self.port <= 0xFFFF or not _is_place(self.address):
            raise _refused()

    def priority(self, place: int) -> int:
        """RFC 8445, 5.1.2.1, for the candidate in this place of the list."""
        return PREFERENCES[self.kind] << 24 | (65_535 - place) << 8 | 255


def _is_place(address: str) -> bool:
    if _LOCAL.fullmatch(address):
        return True
    try:
        return not ipaddress.ip_address(address).is_multicast
    except ValueError:
        return False


@dataclass(frozen=True, slots=True)
class LineEnd:
    """What the other side must know to reach and recognise this one."""

    user: str
    password: str
    fingerprint: str
    """SHA-256 of the DTLS certificate, lower-case hex."""
    candidates: tuple[Candidate, ...]

    def __post_init__(self) -> None:
        """Refuse what is not within docs/format/web.md."""
        good = (
            _ICE.fullmatch(self.user)
            and _ICE.fullmatch(self.password)
            and _PRINT.fullmatch(self.fingerprint)
            and len(self.candidates) <= CANDIDATES_MAX
        )
        if not good:
            raise _refused()

    def document(self) -> dict[str, Any]:
        """As it stands in a paper."""
        places = [[LETTERS[one.kind], one.address, one.port] for one in self.candidates]
        return {"u": self.user, "p": self.password, "f": self.fingerprint, "c": places}


def read_end(document: Any) -> LineEnd:
    """The opposite; BundleRejected for anything else."""
    try:
        places = document["c"]
        if not isinstance(places, list):
            raise _refused()
        found = tuple(_read_candidate(*place) for place in places[: CANDIDATES_MAX + 1])
        return LineEnd(document["u"], document["p"], document["f"], found)
    except (TypeError, KeyError, ValueError) as error:
        raise _refused() from error


def _read_candidate(letter: Any, address: Any, port: Any) -> Candidate:
    if not (isinstance(letter, str) and isinstance(address, str) and type(port) is int):
        raise _refused()
    return Candidate(TYPES.get(letter, ""), address, port)


def _refused() -> BundleRejected:
    return BundleRejected(
        "The browser's WebRTC description cannot be read.", "Reload the page there."
    )
