"""Real-time payloads on their way out: the next thing sent, or nothing at all.

A payload that waits too long is worth nothing, so old ones give way. They have no counter: their
replay protection is inside. It knows no keys and no times.
"""

from __future__ import annotations

from collections import deque

from xtcli.transport.link.frames import OVERHEAD_BYTES, Kind

QUEUE_MAX = 8


class RealtimeQueue:
    """See the module."""

    def __init__(self, local: int, datagram_bytes: int) -> None:
        """For station `local` and datagrams of so many bytes at most."""
        self._head = bytes([Kind.REALTIME << 3]) + local.to_bytes(2, "big")
        self._bytes_max = datagram_bytes - OVERHEAD_BYTES
        self._payloads: deque[bytes] = deque(maxlen=QUEUE_MAX)

    def __bool__(self) -> bool:
        """Whether any waits."""
        return bool(self._payloads)

    def put(self, payload: bytes) -> None:
        """Send it next; ValueError if it is too large."""
        if len(payload) > self._bytes_max:
            raise ValueError("real-time payload too large")
        self._payloads.append(payload)

    def content(self) -> bytes:
        """The next datagram, without its tag."""
        return self._head + self._payloads.popleft()
