"""Ring, reply, accept, cancel: how two stations come to share a call's keys.

One round trip and two ephemeral keys; every later datagram is sealed under keys that the hub in
between cannot derive. It refuses to know states and time: it makes and opens bytes.
"""

from __future__ import annotations

from dataclasses import dataclass

from xtcli.media.call.keys import (
    KEY_BYTES,
    SOUND_TAG_BYTES,
    Party,
    Seal,
    call_secret,
    derive,
    public_of,
    refused,
    ring_secret,
)
from xtcli.media.call.packet import (
    HEADER_BYTES,
    NOTE_BYTES_MAX,
    ROUTE_BYTES_MAX,
    VERSION,
    Kind,
    Reply,
    header,
    split_header,
)


@dataclass(frozen=True, slots=True)
class Keys:
    """The seals of a call: for each direction one for bare sound and one for all else."""

    out: Seal
    into: Seal
    out_sound: Seal
    into_sound: Seal


def is_ring(payload: bytes) -> bool:
    """Whether a real-time payload that no running call knows is someone ringing."""
    return len(payload) > HEADER_BYTES and payload[0] >> 5 == Kind.RING


def route_of(payload: bytes) -> bytes:
    """What the ring says in the open about who calls whom: for the hub and the station."""
    return _split_ring(payload)[0]


def reroute(payload: bytes, route: bytes) -> bytes:
    """The same ring with another route: the hub's part."""
    _, public, sealed = _split_ring(payload)
    return _ring_clear()[:2] + bytes([VERSION]) + _route(route) + public + sealed


def _ring_clear() -> bytes:
    return header(Kind.RING, 0) + bytes([VERSION])


def _route(route: bytes) -> bytes:
    if len(route) > ROUTE_BYTES_MAX:
        raise ValueError(f"a route has at most {ROUTE_BYTES_MAX} bytes")
    return bytes([len(route)]) + route


def _split_ring(payload: bytes) -> tuple[bytes, bytes, bytes]:
    """`(route, ephemeral public key, sealed note)`."""
    kind, number = split_header(payload)
    if kind != Kind.RING or number or len(payload) < 4 or payload[2] != VERSION:
        raise refused()
    end = 4 + payload[3]
    if payload[3] > ROUTE_BYTES_MAX or len(payload) < end + KEY_BYTES:
        raise refused()
    return payload[4:end], payload[end : end + KEY_BYTES], payload[end + KEY_BYTES :]


class Handshake:
    """One side of the agreement."""

    def __init__(self, party: Party, *, caller: bool, ring_public: bytes, first: bytes) -> None:
        """Use `Handshake.call` or `Handshake.answer`."""
        self._party = party
        self.caller = caller
        self._ring_public = ring_public
        self._first = first
        own, peer = public_of(party.private), party.peer_public
        self._who = own + peer if caller else peer + own
        self._ring = Seal(derive(first, ring_public, b"ring" + self._who))
        self._reply = Seal(derive(first, ring_public, b"reply" + self._who))

    @classmethod
    def call(cls, party: Party) -> Handshake:
        """The calling side."""
        public = party.ephemeral_public
        first = ring_secret(party, caller=True, ring_public=public)
        return cls(party, caller=True, ring_public=public, first=first)

    @classmethod
    def answer(cls, party: Party, ring: bytes) -> tuple[Handshake, bytes]:
        """The called side: itself and the ring's note. Refused unless `peer_public` rang."""
        _, public, sealed = _split_ring(ring)
        first = ring_secret(party, caller=False, ring_public=public)
        made = cls(party, caller=False, ring_public=public, first=first)
        note = made._ring.open(Kind.RING, 0, _ring_clear() + public, sealed)
        return made, note

    def ring(self, note: bytes, route: bytes) -> bytes:
        """The datagram that rings. `note` (such as the case) is sealed, `route` is not."""
        if len(note) > NOTE_BYTES_MAX:
            raise ValueError(f"a ring's note has at most {NOTE_BYTES_MAX} bytes")
        clear = _ring_clear()
        sealed = self._ring.seal(Kind.RING, 0, clear + self._ring_public, note)
        return clear + _route(route) + self._ring_public + sealed

    def same_ring(self, payload: bytes) -> bool:
        """Whether `payload` is the ring this side answers, sent again."""
        return _split_ring(payload)[1] == self._ring_public

    def cancel(self) -> bytes:
        """The caller thought better of it."""
        return self._bare(self._ring, Kind.CANCEL, 0)

    def check_cancel(self, payload: bytes) -> None:
        """Refused unless the caller made it."""
        self._check(self._ring, Kind.CANCEL, payload)

    def reply(self, word: Reply) -> bytes:
        """Ringing, declined or busy."""
        return self._bare(self._reply, Kind.REPLY, word)

    def read_reply(self, payload: bytes) -> Reply:
        """What the called side says."""
        number = self._check(self._reply, Kind.REPLY, payload)
        if number not in set(Reply):
            raise refused()
        return Reply(number)

    def _bare(self, seal: Seal, kind: Kind, number: int) -> bytes:
        clear = header(kind, number)
        return clear + seal.seal(kind, number, clear, b"")

    def _check(self, seal: Seal, kind: Kind, payload: bytes) -> int:
        got, number = split_header(payload)
        clear = payload[:HEADER_BYTES]
        if got != kind or seal.open(kind, number, clear, payload[HEADER_BYTES:]):
            raise refused()
        return number

    def accept(self) -> tuple[bytes, Keys]:
        """The called side's accept and the keys of the call."""
        public = self._party.ephemeral_public
        keys = self._keys(public, peer_ephemeral=self._ring_public)
        clear = header(Kind.ACCEPT, 0)
        return clear + public + keys.out.seal(Kind.ACCEPT, 0, clear + public, b""), keys

    def read_accept(self, payload: bytes) -> Keys:
        """The keys of the call, once the accept checks."""
        kind, number = split_header(payload)
        clear, rest = payload[:HEADER_BYTES], payload[HEADER_BYTES:]
        if kind != Kind.ACCEPT or number or len(rest) < KEY_BYTES:
            raise refused()
        public, sealed = rest[:KEY_BYTES], rest[KEY_BYTES:]
        keys = self._keys(public, peer_ephemeral=public)
        if keys.into.open(Kind.ACCEPT, 0, clear + public, sealed):
            raise refused()
        return keys

    def _keys(self, accept_public: bytes, *, peer_ephemeral: bytes) -> Keys:
        secret = call_secret(
            self._party, self._first, caller=self.caller, peer_ephemeral=peer_ephemeral
        )
        salt = self._ring_public + accept_public
        caller, called = (
            (
                Seal(derive(secret, salt, side + self._who)),
                Seal(derive(secret, salt, side + b" sound" + self._who), SOUND_TAG_BYTES),
            )
            for side in (b"caller", b"called")
        )
        out, into = (caller, called) if self.caller else (called, caller)
        return Keys(out[0], into[0], out[1], into[1])
