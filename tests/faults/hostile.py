"""A UDP relay that means harm: it replays, truncates, flips bits, duplicates, drops and makes up
datagrams, between every client and the hub. Real sockets, one thread, chance from a seed.
"""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from random import Random

DATAGRAM_BYTES_MAX = 65_535
REMEMBERED = 400
"""Datagrams kept for replay, both ways together."""


class HostileRelay:
    """Listens on loopback and forwards to `target`; each client has a socket of its own."""

    def __init__(self, target: tuple[str, int], seed: int, *, drop: float = 0.05,
                 harm: float = 0.15) -> None:  # fmt: skip
        """Start at once. `drop` and `harm` are chances per datagram."""
        self.random = Random(seed)
        self.target = target
        self.drop, self.harm = drop, harm
        self.counts = {"forwarded": 0, "dropped": 0, "harm": 0}
        self._seen: deque[bytes] = deque(maxlen=REMEMBERED)
        self._selector = selectors.DefaultSelector()
        self._front = self._socket(("127.0.0.1", 0))
        self._by_client: dict[tuple[str, int], socket.socket] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def address(self) -> str:
        """Where clients send to."""
        return f"127.0.0.1:{self._front.getsockname()[1]}"

    def _socket(self, address: tuple[str, int], client: object = None) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        made.bind(address)
        made.setblocking(False)
        self._selector.register(made, selectors.EVENT_READ, client)
        return made

    def _run(self) -> None:
        while not self._ending.is_set():
            for key, _ in self._selector.select(0.1):
                assert isinstance(key.fileobj, socket.socket)
                self._read(key.fileobj, key.data)

    def _read(self, source: socket.socket, client: tuple[str, int] | None) -> None:
        try:
            data, address = source.recvfrom(DATAGRAM_BYTES_MAX)
        except OSError:
            return
        if client is not None:
            self._pass(data, self._front, client)
            return
        back = self._by_client.get(address)
        if back is None:
            back = self._by_client[address] = self._socket(("127.0.0.1", 0), address)
        self._pass(data, back, self.target)

    def _pass(self, data: bytes, through: socket.socket, to: tuple[str, int]) -> None:
        """Forward, or not; and do some harm."""
        self._seen.append(data)
        if self.random.random() < self.drop:
            self.counts["dropped"] += 1
        else:
            self.counts["forwarded"] += 1
            self._send(through, data, to)
        while self.random.random() < self.harm:
            self.counts["harm"] += 1
            self._send(through, self._harmful(data), to)

    def _harmful(self, data: bytes) -> bytes:
        """Something that must change nothing."""
        draw = self.random
        kind = draw.randrange(5)
        if kind == 0:
            return draw.choice(list(self._seen))
        if kind == 1:
            return data
        if kind == 2:
            return data[: draw.randrange(len(data))] if data else b""
        if kind == 3 and data:
            flipped = bytearray(data)
            flipped[draw.randrange(len(flipped))] ^= 1 << draw.randrange(8)
            return bytes(flipped)
        return draw.randbytes(draw.randrange(1400))

    def _send(self, through: socket.socket, data: bytes, to: tuple[str, int]) -> None:
        try:
            through.sendto(data, to)
        except OSError:
            self.counts["dropped"] += 1

    def close(self) -> None:
        """Stop and close every socket."""
        self._ending.set()
        self._thread.join()
        for key in list(self._selector.get_map().values()):
            assert isinstance(key.fileobj, socket.socket)
            key.fileobj.close()
        self._selector.close()
