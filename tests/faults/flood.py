"""A flood of random datagrams at a served hub: it stays small, and it serves."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

from tests.faults.realm import Realm

BURST = 100
"""Datagrams sent at once; then the hub's socket must be nearly empty before more are sent."""
QUEUE_BYTES_MAX = 100_000
DATAGRAM_BYTES_MAX = 1_400
STATIONS = (1, 2, 4, 7)
"""Senders that the random datagrams pretend to be: hub, post, desk, nobody."""


@dataclass(frozen=True, slots=True)
class Flooded:
    """What a flood did. Memory is the hub's resident set, KiB."""

    sent: int
    dropped_by_kernel: int
    before_kib: int
    after_kib: int
    bytes_back: int
    seconds: float


def resident_kib(pid: int) -> int:
    """Resident memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise AssertionError("no VmRSS")


def socket_state(port: int) -> tuple[int, int]:
    """(bytes waiting, datagrams dropped) at the UDP socket bound to a port."""
    for line in Path("/proc/net/udp").read_text().splitlines()[1:]:
        words = line.split()
        if int(words[1].split(":")[1], 16) == port:
            return int(words[4].split(":")[1], 16), int(words[-1])
    raise AssertionError("nobody listens")


def made_up(random: Random) -> bytes:
    """Noise, or noise behind a head that looks right."""
    kind = random.randrange(4)
    body = random.randbytes(random.randrange(DATAGRAM_BYTES_MAX))
    if kind == 0:
        return body
    head = bytes([random.randrange(8) << 3 | random.randrange(8)])
    if kind == 1:
        return head + body
    return head + random.choice(STATIONS).to_bytes(2, "big") + body


def flood(folder: Path, count: int, seed: int) -> Flooded:
    """Send `count` datagrams as fast as the hub reads them; then a consult must go through."""
    random = Random(seed)
    realm = Realm(folder, seed, hostile=False)
    try:
        assert realm.hub is not None
        realm.ok("post", *realm.request("F1", "--wait", "10"))
        before, began = resident_kib(realm.hub.pid), time.monotonic()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            back = 0
            for number in range(count):
                sender.sendto(made_up(random), ("127.0.0.1", realm.port))
                if number % BURST == 0:
                    back += _drain(sender)
                    while socket_state(realm.port)[0] > QUEUE_BYTES_MAX:
                        time.sleep(0.001)
            while socket_state(realm.port)[0]:
                time.sleep(0.01)
            back += _drain(sender)
        seconds = time.monotonic() - began
        after, dropped = resident_kib(realm.hub.pid), socket_state(realm.port)[1]
        realm.ok("post", *realm.request("F2", "--wait", "10"))
        realm.settle()
        realm.verify(["F1", "F2"])
        assert realm.hub_alive()
        return Flooded(count, dropped, before, after, back, seconds)
    finally:
        realm.close()


def _drain(sender: socket.socket) -> int:
    """Bytes that came back."""
    total = 0
    while True:
        try:
            total += len(sender.recv(65_535))
        except OSError:
            return total
