"""What a call adds around its payloads on the way through a hub, and the note in its ring.

The payloads themselves are docs/format/call.md's and sealed from station to station. Kind 7, free
there, is the **envelope** between a station and its hub:

    0xE0 | type (1)   station (2)   the rest

    TO 0     to `station`; on the way out of the hub, from `station`. The rest is a payload.
    JOIN 1   as TO; besides, the hub joins the two links, so that later payloads need no envelope.
    AWAY 2   the hub says: `station` cannot be reached now. Nothing follows.
    BELOW 5  between a relay and the station above it alone: a payload of `station`, which is below
             the relay, or on the way down a payload for it. The rest is what a link without a relay
             would carry.
    WANTED 3 a post asks any desk of the case's department to call it; `station` is 0, then the
             post's number. The rest is the case.
    GUEST 4  between a station and its hub alone, about a guest's room; `station` is 0. The rest is
             docs/format/web.md's.

The hub reads these three bytes and never what follows (WANTED's case it knows already).
The **ring note**, sealed for the called station: case (4 + 4), unix seconds (4), flags (1).

Pure: values to bytes and back. It refuses to know sockets, sessions and who may call whom.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from enum import IntEnum

from xtcli.errors import BundleRejected
from xtcli.records.ids import RecordId

MARK = 0xE0
"""Kind 7 in the top three bits."""
ENVELOPE = struct.Struct(">BH")
ENVELOPE_BYTES = ENVELOPE.size
PAYLOAD_BYTES_MAX = 1_180
ENVELOPED_BYTES_MAX = 1_185
"""All that one datagram of a link holds: a payload in two envelopes is six bytes shorter."""
NOTE = struct.Struct(">IIIB")
CASE = struct.Struct(">II")
FLAG_KEEP = 1
"""The caller agrees to the call being kept in the case."""
FLAGS_KNOWN = FLAG_KEEP


class Route(IntEnum):
    """The type of an envelope."""

    TO = 0
    JOIN = 1
    AWAY = 2
    WANTED = 3
    GUEST = 4
    BELOW = 5


@dataclass(frozen=True, slots=True)
class Envelope:
    """A payload with where it goes, or where it came from."""

    route: Route
    station: int
    payload: bytes = b""

    def encode(self) -> bytes:
        """The bytes on the link."""
        return ENVELOPE.pack(MARK | self.route, self.station) + self.payload


def is_enveloped(payload: bytes) -> bool:
    """Whether a real-time payload starts with an envelope."""
    return bool(payload) and payload[0] & MARK == MARK


def open_envelope(payload: bytes) -> Envelope:
    """The envelope of a payload; BundleRejected when it is none or of no known type."""
    if not ENVELOPE_BYTES <= len(payload) <= ENVELOPED_BYTES_MAX:
        raise _refused()
    first, station = ENVELOPE.unpack_from(payload)
    kind = first & ~MARK & 0xFF
    if first & MARK != MARK or kind not in set(Route):
        raise _refused()
    return Envelope(Route(kind), station, payload[ENVELOPE_BYTES:])


@dataclass(frozen=True, slots=True)
class RingNote:
    """What a ring tells the called station alone."""

    case: RecordId
    at: int
    """Unix seconds by the caller's clock."""
    keep: bool = False

    def encode(self) -> bytes:
        """13 bytes."""
        return NOTE.pack(*self.case, self.at & 0xFFFF_FFFF, FLAG_KEEP if self.keep else 0)


def read_note(note: bytes) -> RingNote:
    """The opposite; BundleRejected when it is not a note."""
    if len(note) != NOTE.size:
        raise _refused()
    station, seq, at, flags = NOTE.unpack(note)
    case = RecordId(station, seq)
    if not case.valid or flags & ~FLAGS_KNOWN:
        raise _refused()
    return RingNote(case, at, bool(flags & FLAG_KEEP))


def wanted(case: RecordId) -> bytes:
    """A post's wish to be called about `case`."""
    return Envelope(Route.WANTED, 0, CASE.pack(*case)).encode()


def wanted_case(envelope: Envelope) -> RecordId:
    """The case of a WANTED; BundleRejected when there is none in it."""
    if envelope.route is not Route.WANTED or len(envelope.payload) != CASE.size:
        raise _refused()
    case = RecordId(*CASE.unpack(envelope.payload))
    if not case.valid:
        raise _refused()
    return case


def _refused() -> BundleRejected:
    return BundleRejected(
        "Something that came with a call does not check.", "It was dropped; call again."
    )
