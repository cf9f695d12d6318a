"""A way between a station and its hub that the test can cut: UDP datagrams through one thread."""

from __future__ import annotations

import selectors
import socket
import threading

HEADERS_BYTES = 28
"""IPv4 and UDP."""


class Switch:
    """Passes UDP both ways while `on`. `there` counts datagrams towards the hub, `up` and `down`
    bytes of IP packets that were offered."""

    def __init__(self, hub: str, *, on: bool = True) -> None:
        host, _, port = hub.rpartition(":")
        self.hub = (host, int(port))
        self.on = on
        self.there = self.up = self.down = 0
        self._near = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._near.bind(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._near.getsockname()[1]}"
        self._far: dict[tuple[str, int], socket.socket] = {}
        self._end = False
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Switch:
        self._thread.start()
        return self

    def _run(self) -> None:
        chosen = selectors.DefaultSelector()
        chosen.register(self._near, selectors.EVENT_READ, None)
        while not self._end:
            for key, _ in chosen.select(0.05):
                sock = key.fileobj
                assert isinstance(sock, socket.socket)
                try:
                    data, source = sock.recvfrom(4096)
                except OSError:
                    continue
                if key.data is not None:
                    self.down += len(data) + HEADERS_BYTES
                    if self.on:
                        self._near.sendto(data, key.data)
                    continue
                self.there += 1
                self.up += len(data) + HEADERS_BYTES
                if source not in self._far:
                    far = self._far[source] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                    far.connect(self.hub)
                    chosen.register(far, selectors.EVENT_READ, source)
                if self.on:
                    try:
                        self._far[source].send(data)
                    except OSError:
                        continue
        chosen.close()

    def __exit__(self, *error: object) -> None:
        self._end = True
        self._thread.join(5)
        for sock in (self._near, *self._far.values()):
            sock.close()
