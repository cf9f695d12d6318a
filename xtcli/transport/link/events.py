"""What a link tells its shell: events, measurements, progress, and its limits.

Plain values; it knows nobody who reads them.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

PRIORITIES = 8
"""Priorities go from 0 (critical, stat) to 7; 5 is a full image."""


class Received(IntEnum):
    """What `Link.receive` made of a datagram. Only INVALID is false."""

    INVALID = 0
    """Its tag does not check, or its content is malformed. Nothing was changed."""
    OLD = 1
    """Genuine and late: it was used, but the peer's address must not move to where it came from."""
    FRESH = 2
    """Genuine and newer than everything before: answer to where it came from."""
    AGAIN = 3
    """Genuine, but it came before, or before this process: nothing of it was used. A network that
    doubles, a peer that has lost its counter and a stranger who replays look alike."""


@dataclass(frozen=True, slots=True)
class BundleArrived:
    """A whole bundle is here. Commit it durably, then call `accept(tag)` or `refuse(tag, ..)`."""

    tag: bytes
    sealed: bytes
    priority: int


@dataclass(frozen=True, slots=True)
class SymbolsToKeep:
    """Part of a bundle has come; keep it so that a restart does not cost it again."""

    tag: bytes
    length: int
    symbol_bytes: int
    priority: int
    symbols: tuple[tuple[int, bytes], ...]


@dataclass(frozen=True, slots=True)
class BundleTaken:
    """The peer holds this bundle durably. This is not a receipt."""

    tag: bytes


@dataclass(frozen=True, slots=True)
class BundleRefused:
    """The peer will not take this bundle; `reason` as given to its `refuse`."""

    tag: bytes
    reason: int


@dataclass(frozen=True, slots=True)
class PartWithdrawn:
    """The peer sends no more of a bundle that has partly come: what was kept of it is of no use."""

    tag: bytes


@dataclass(frozen=True, slots=True)
class PeerPolled:
    """The peer asked whether anything waits for it."""


@dataclass(frozen=True, slots=True)
class Contact:
    """Something genuine came from the peer after a silence."""

    now: float


@dataclass(frozen=True, slots=True)
class Realtime:
    """An opaque real-time payload; it has no replay protection of its own."""

    payload: bytes


LinkEvent = (
    BundleArrived
    | SymbolsToKeep
    | PartWithdrawn
    | BundleTaken
    | BundleRefused
    | PeerPolled
    | Contact
    | Realtime
)


@dataclass(frozen=True, slots=True)
class LinkMeasure:
    """The link as measured. None where nothing has been measured yet."""

    rate_bps: float | None
    """Bottleneck rate towards the peer, IP bytes, bit/s."""
    rtt_s: float | None
    """Smoothed round trip, seconds."""
    loss: float
    """Share of our datagrams that did not arrive."""
    last_contact: float | None
    """When the last genuine datagram came, the shell's clock."""
    queued_bundles: int
    queued_bytes: int
    """Sealed bytes that the peer does not have yet."""
    invalid_datagrams: int


@dataclass(frozen=True, slots=True)
class TransferProgress:
    """One bundle on its way out (`incoming` False) or in."""

    tag: bytes
    priority: int
    size: int
    arrived: int
    """Bytes known to be at the receiver."""
    incoming: bool


@dataclass(frozen=True, slots=True)
class LinkConfig:
    """Limits of a link, with their units."""

    overhead_bytes: int = 28
    """IP and UDP headers of a datagram: 28 for IPv4, 48 for IPv6."""
    datagram_bytes: int = 1200
    """Largest datagram that carries a symbol; control items may ride on up to 32 bytes more."""
    symbol_s: float = 0.75
    """A bulk datagram keeps the link busy no longer than this, where its rate is known."""
    symbol_bytes_min: int = 512
    bundle_bytes_max: int = 8 << 20
    """Larger bundles are neither offered nor taken."""
    partial_bundles_max: int = 64
    partial_bytes_max: int = 32 << 20
    """Bounds of what has partly arrived from the peer; the least urgent, oldest goes first."""
    accepted_max: int = 4096
    """Tags remembered as accepted or refused."""
    keep_alive_s: float = 25.0
    """Pause between keep-alives while somebody waits; address translators forget after 30 s."""
    poll_tries: int = 12
