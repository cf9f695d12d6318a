"""Two hosts on one machine, joined by a bad link: network namespaces with a TUN device each.

Linux and root only. Whole IP packets cross the emulator, so TCP, TLS and everything above them
run unchanged. The namespaces see nothing but each other. Clock: monotonic, from the joining.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from types import TracebackType
from typing import Any

from xtcli.errors import DeviceMissing, UsageError
from xtcli.lang.system import because
from xtcli.transport.emulator.core import Duplex, Emulator

TUN_DEVICE = "/dev/net/tun"
TUNSETIFF = 0x400454CA
IFF_TUN_NO_PI = 0x1001
MTU_BYTES = 1500
PACKET_BYTES_MAX = 65_535
READS_PER_WAKE_MAX = 64
STOP_PATIENCE_S = 3.0
NAMESPACE_PREFIX = "xtbad-"

POST_ADDRESS = "10.77.0.1"
HUB_ADDRESS = "10.77.0.2"
POST_ADDRESS_V6 = "fd77::1"
HUB_ADDRESS_V6 = "fd77::2"


_numbers = count()


def require_tun() -> None:
    """Raise unless this machine and this user can join namespaces, saying what is missing."""
    if not sys.platform.startswith("linux"):
        raise DeviceMissing(
            "Network namespaces exist on Linux only.", "Use the UDP relay: --listen and --to."
        )
    if os.geteuid() != 0:
        raise UsageError(
            "Joining network namespaces needs root.",
            "Run it with sudo, or use the UDP relay: --listen and --to.",
        )
    if shutil.which("ip") is None:
        raise DeviceMissing(
            "The command ip is missing.",
            "Install iproute2, or use the UDP relay: --listen and --to.",
        )
    if not os.access(TUN_DEVICE, os.R_OK | os.W_OK):
        raise DeviceMissing(
            "There is no usable {device} here.",
            "Load the tun module, or use the UDP relay: --listen and --to.",
            device=TUN_DEVICE,
        )


@dataclass(frozen=True, slots=True)
class Host:
    """One end: a network namespace, its address, and how to run something in it."""

    namespace: str
    address: str
    address_v6: str
    device: str

    def start(self, command: Sequence[str], **options: Any) -> subprocess.Popen[Any]:
        """Start a command in this namespace; options as for subprocess.Popen."""
        return subprocess.Popen(["ip", "netns", "exec", self.namespace, *command], **options)

    def set_up(self, peer: Host) -> None:
        """Bring the device up inside the namespace with addresses of both families."""
        inside = ["-n", self.namespace]
        _ip("link", "set", self.device, "netns", self.namespace)
        _ip(*inside, "link", "set", "lo", "up")
        # No link-local address: its router solicitations would be counted and cost the link.
        _ip(*inside, "link", "set", self.device, "addrgenmode", "none", optional=True)
        _ip(*inside, "addr", "add", self.address, "peer", peer.address, "dev", self.device)
        _ip(*inside, "link", "set", self.device, "mtu", str(MTU_BYTES), "up")
        v6 = [self.address_v6, "peer", peer.address_v6, "dev", self.device, "nodad"]
        _ip(*inside, "-6", "addr", "add", *v6, optional=True)


def _ip(*arguments: str, optional: bool = False) -> str:
    """Run `ip`; UsageError with its own words if it refuses."""
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, check=False)
    if done.returncode and not optional:
        raise UsageError(
            "The system refused to set up the link: {why}.",
            "Root with the right to make network namespaces is needed.",
            why=" ".join((done.stderr or done.stdout).split()) or "ip " + " ".join(arguments),
        )
    return done.stdout


def _open_tun(name: str) -> int:
    """A non-blocking file descriptor on a new TUN device."""
    import fcntl  # not on Windows, where this module can still be imported

    descriptor = os.open(TUN_DEVICE, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN_NO_PI))
    except OSError as error:
        os.close(descriptor)
        raise DeviceMissing(
            "The system gives no TUN device: {why}.",
            "Use the UDP relay: --listen and --to.",
            why=because(error),
        ) from error
    return descriptor


def wanted(packet: bytes) -> bool:
    """Whether a packet is unicast IP: multicast is the kernel talking to itself."""
    if len(packet) >= 20 and packet[0] >> 4 == 4:
        return packet[16] < 224
    return len(packet) >= 40 and packet[0] >> 4 == 6 and packet[24] != 0xFF


class Shuttle:
    """Moves packets between two descriptors through a road, in a thread with its own loop."""

    def __init__(self, post: int, hub: int, road: Duplex) -> None:
        """`post` and `hub` are TUN descriptors; the shuttle does not close them."""
        self._post, self._hub, self._road = post, hub, road
        self._loop = asyncio.new_event_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._started = 0.0
        self._thread = threading.Thread(target=self._run, name="badlink", daemon=True)

    def start(self) -> None:
        """Begin; second 0 of the road is now."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is under way is lost."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self) -> None:
        self._started = self._loop.time()
        self._loop.add_reader(self._post, self._read, self._post, self._road.up)
        self._loop.add_reader(self._hub, self._read, self._hub, self._road.down)
        self._loop.run_forever()

    def _read(self, descriptor: int, direction: Emulator) -> None:
        for _ in range(READS_PER_WAKE_MAX):
            try:
                packet = os.read(descriptor, PACKET_BYTES_MAX)
            except OSError:
                break
            if wanted(packet):
                direction.push(packet, self._loop.time() - self._started)
        self._arm()

    def _arm(self) -> None:
        due = self._road.next_timer()
        if due is None:
            return
        when = self._started + due
        if self._timer is not None:
            if self._timer.when() <= when:
                return
            self._timer.cancel()
        self._timer = self._loop.call_at(when, self._deliver)

    def _deliver(self) -> None:
        self._timer = None
        now = self._loop.time() - self._started
        for direction, descriptor in ((self._road.up, self._hub), (self._road.down, self._post)):
            for packet in direction.pop(now):
                with contextlib.suppress(OSError):
                    os.write(descriptor, packet)
        self._arm()


class JoinedHosts:
    """A post and a hub in namespaces of their own, joined by `road`; a context manager.

    Leaving it stops whatever still runs in the two namespaces and removes them.
    """

    def __init__(self, road: Duplex) -> None:
        """`road` must be fresh and have overhead 0: TUN packets carry their IP header."""
        require_tun()
        self.road = road
        number = next(_numbers)
        mark = f"{NAMESPACE_PREFIX}{os.getpid()}-{number}"
        device = f"xt{os.getpid() % 10**7}.{number % 1000}"
        self.post = Host(f"{mark}-post", POST_ADDRESS, POST_ADDRESS_V6, device + "p")
        self.hub = Host(f"{mark}-hub", HUB_ADDRESS, HUB_ADDRESS_V6, device + "h")
        self._descriptors: list[int] = []
        self._shuttle: Shuttle | None = None

    def __enter__(self) -> JoinedHosts:
        """Make namespaces and devices and start the shuttle."""
        remove_stale_namespaces()
        try:
            for host in (self.post, self.hub):
                _ip("netns", "add", host.namespace)
                self._descriptors.append(_open_tun(host.device))
            self.post.set_up(self.hub)
            self.hub.set_up(self.post)
            post, hub = self._descriptors
            self._shuttle = Shuttle(post, hub, self.road)
            self._shuttle.start()
        except BaseException:
            self._leave()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything and leave nothing behind."""
        self._leave()

    def _leave(self) -> None:
        for host in (self.post, self.hub):
            _stop_all_in(host.namespace)
        if self._shuttle is not None:
            self._shuttle.stop()
            self._shuttle = None
        for descriptor in self._descriptors:
            os.close(descriptor)
        self._descriptors.clear()
        for host in (self.post, self.hub):
            _ip("netns", "del", host.namespace, optional=True)


def _pids(namespace: str) -> list[int]:
    """Who runs in a namespace."""
    return [int(pid) for pid in _ip("netns", "pids", namespace, optional=True).split()]


def _stop_all_in(namespace: str) -> None:
    """End the processes of a namespace of ours: first politely, then not."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        for pid in _pids(namespace):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
        for _ in range(int(STOP_PATIENCE_S / 0.05)):
            if not _pids(namespace):
                return
            time.sleep(0.05)


def remove_stale_namespaces() -> None:
    """Remove what a killed run left behind, and end what still runs in there: its process is gone,
    and with it the device, so nothing in there can reach anybody.
    """
    for line in _ip("netns", "list", optional=True).splitlines():
        name = line.split(" ")[0]
        owner = name.removeprefix(NAMESPACE_PREFIX).split("-")[0]
        if not name.startswith(NAMESPACE_PREFIX) or not owner.isdigit():
            continue
        if os.path.exists(f"/proc/{owner}") or _joined(name):
            continue
        _stop_all_in(name)
        _ip("netns", "del", name, optional=True)


def _joined(namespace: str) -> bool:
    """Whether a namespace has its device still: its owner may live where we cannot see it."""
    shown = _ip("-n", namespace, "-o", "link", "show", optional=True)
    return any(": xt" in line for line in shown.splitlines())
