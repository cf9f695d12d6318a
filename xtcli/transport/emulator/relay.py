"""A UDP relay that behaves like a bad link and a NAT: the emulator's shell for real sockets.

Each client address gets its own road and its own socket towards the target, so the target sees
one address per client, as behind a phone's carrier. It forwards payloads as they are and knows no
protocol. Clock: the event loop's, monotonic, from the relay's start.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable
from dataclasses import dataclass

from xtcli.errors import UsageError
from xtcli.lang.system import because
from xtcli.transport.emulator.core import UDP_IPV4_BYTES, Counters, Duplex, Emulator

Address = tuple[str, int]
UDP_IPV6_BYTES = 48
DATAGRAM_BYTES_MAX = 65_535
PORT_DIGITS_MAX = 5
READS_PER_WAKE_MAX = 64
CLIENTS_MAX = 1_024
SOCKET_BUFFER_BYTES = 1 << 20


def parse_address(text: str) -> Address:
    """`HOST:PORT` or `[V6]:PORT`; UsageError otherwise."""
    host, colon, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    sound = port.isascii() and port.isdigit() and len(port) <= PORT_DIGITS_MAX
    if not colon or not host or not sound or int(port) > 65_535:
        raise UsageError(
            "{text} is not an address.",
            "Write it as HOST:PORT, for example 127.0.0.1:4400.",
            text=text,
        )
    return host, int(port)


def show_address(address: Address) -> str:
    """The address as `parse_address` takes it."""
    host, port = address[:2]  # an IPv6 socket adds flow and scope
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _resolve(address: Address) -> tuple[int, Address]:
    """Family and numeric form of an address; UsageError if the name is unknown."""
    try:
        found = socket.getaddrinfo(*address, type=socket.SOCK_DGRAM)[0]
    except (OSError, UnicodeError) as error:
        raise UsageError(
            "The address {address} is not known: {why}.",
            "Check the name, or give the number.",
            address=show_address(address),
            why=because(error),
        ) from error
    return found[0], (str(found[4][0]), int(found[4][1]))


def _udp_socket(family: int) -> socket.socket:
    """A non-blocking UDP socket with room for bursts."""
    sock = socket.socket(family, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SOCKET_BUFFER_BYTES)
    return sock


@dataclass(slots=True)
class _Client:
    """One address that has sent something, and the road it sends over."""

    address: Address
    road: Duplex
    upstream: socket.socket
    timer: asyncio.TimerHandle | None = None


class Relay:
    """Listens at `listen` and forwards to `target`, through `road(client_number)` each way.

    Make it inside a running event loop; `close()` it. The target's answers go back to the client.
    Datagrams that the system refuses (nobody listens, buffer full) are lost, as on any link.
    """

    def __init__(self, listen: Address, target: Address, road: Callable[[int], Duplex]) -> None:
        """Bind at once; UsageError if the address is taken or unknown."""
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self._family, self._target = _resolve(target)
        self._make_road = road
        self._clients: dict[Address, _Client] = {}
        self.refused_clients = 0
        """Datagrams dropped because CLIENTS_MAX other addresses are being served."""
        family, numeric = _resolve(listen)
        self._socket = _udp_socket(family)
        try:
            self._socket.bind(numeric)
        except OSError as error:
            self._socket.close()
            raise UsageError(
                "Nothing can listen at {address}: {why}.",
                "Choose another port; port 0 takes any that is free.",
                address=show_address(listen),
                why=because(error),
            ) from error
        self._loop.add_reader(self._socket, self._from_clients)

    @property
    def address(self) -> Address:
        """Where it listens, with the port that was bound."""
        host, port = self._socket.getsockname()[:2]
        return str(host), int(port)

    def rebind(self) -> None:
        """New source ports towards the target for every client: a new SIM, a NAT that forgot."""
        for client in self._clients.values():
            self._close_upstream(client)
            client.upstream = self._dial()
            self._loop.add_reader(client.upstream, self._from_target, client)

    def close(self) -> None:
        """Stop; what is under way is lost."""
        self._loop.remove_reader(self._socket)
        self._socket.close()
        for client in self._clients.values():
            self._close_upstream(client)
            if client.timer is not None:
                client.timer.cancel()
        self._clients.clear()

    def roads(self) -> dict[Address, Duplex]:
        """The road of each client; their counters and queue delays are live."""
        return {address: client.road for address, client in self._clients.items()}

    def stats(self) -> dict[str, object]:
        """Seconds since the start and wire bytes (headers included), in all and by client."""
        clients = [
            {"client": show_address(address), **road_stats(road)}
            for address, road in self.roads().items()
        ]
        roads = self.roads().values()
        return {
            "seconds": round(self._now(), 3),
            "bytes_up": sum(road.up.counters.bytes_offered for road in roads),
            "bytes_down": sum(road.down.counters.bytes_offered for road in roads),
            "datagrams_up": sum(road.up.counters.packets_offered for road in roads),
            "datagrams_down": sum(road.down.counters.packets_offered for road in roads),
            "refused_clients": self.refused_clients,
            "clients": clients,
        }

    def _now(self) -> float:
        return self._loop.time() - self._started

    def _dial(self) -> socket.socket:
        """A socket of its own towards the target: a new source port."""
        upstream = _udp_socket(self._family)
        # Without a route every send fails and is a loss like any other.
        with contextlib.suppress(OSError):
            upstream.connect(self._target)
        return upstream

    def _close_upstream(self, client: _Client) -> None:
        self._loop.remove_reader(client.upstream)
        client.upstream.close()

    def _client(self, address: Address) -> _Client | None:
        """The client at `address`, new if need be; None when there are too many."""
        client = self._clients.get(address)
        if client is None:
            if len(self._clients) >= CLIENTS_MAX:
                self.refused_clients += 1
                return None
            road = self._make_road(len(self._clients))
            client = self._clients[address] = _Client(address, road, self._dial())
            self._loop.add_reader(client.upstream, self._from_target, client)
        return client

    def _from_clients(self) -> None:
        """Datagrams have come from clients: put them on their roads."""
        for _ in range(READS_PER_WAKE_MAX):
            try:
                packet, address = self._socket.recvfrom(DATAGRAM_BYTES_MAX)
            except OSError:
                # Nothing more to read, or a client's port-unreachable: both mean "go on".
                return
            client = self._client(address)
            if client is not None:
                self._push(client, client.road.up, packet)

    def _from_target(self, client: _Client) -> None:
        """Datagrams have come from the target for one client."""
        for _ in range(READS_PER_WAKE_MAX):
            try:
                packet = client.upstream.recv(DATAGRAM_BYTES_MAX)
            except OSError:
                return
            self._push(client, client.road.down, packet)

    def _push(self, client: _Client, direction: Emulator, packet: bytes) -> None:
        direction.push(packet, self._now())
        self._arm(client)

    def _arm(self, client: _Client) -> None:
        """One timer a client, at its next arrival."""
        due = client.road.next_timer()
        if due is None:
            return
        when = self._started + due
        if client.timer is not None:
            if client.timer.when() <= when:
                return
            client.timer.cancel()
        client.timer = self._loop.call_at(when, self._deliver, client)

    def _deliver(self, client: _Client) -> None:
        """Hand over what has arrived at either end."""
        client.timer = None
        now = self._now()
        for packet in client.road.up.pop(now):
            with contextlib.suppress(OSError):
                client.upstream.send(packet)
        for packet in client.road.down.pop(now):
            with contextlib.suppress(OSError):
                self._socket.sendto(packet, client.address)
        self._arm(client)


def road_stats(road: Duplex) -> dict[str, object]:
    """Counters of both directions and the 95th percentile of the wait at each bottleneck."""
    return {"up": _direction_stats(road.up), "down": _direction_stats(road.down)}


def _direction_stats(direction: Emulator) -> dict[str, float]:
    counters: Counters = direction.counters
    delays = sorted(direction.queue_delays)
    p95 = delays[int(0.95 * (len(delays) - 1))] if delays else 0.0
    return {**counters.as_dict(), "queue_p95_s": round(p95, 4)}


def header_bytes(target: Address) -> int:
    """IP and UDP header bytes of a datagram to `target`."""
    return UDP_IPV6_BYTES if _resolve(target)[0] == socket.AF_INET6 else UDP_IPV4_BYTES
