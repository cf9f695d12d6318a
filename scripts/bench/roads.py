"""What one consult costs on each road: bytes both ways, request and receipt, real processes.

Each row is one fresh realm: a hub that serves, a post, `xt sync`. Counted are IP packets for UDP,
TCP payload with the TLS handshake for HTTPS, bytes on the line, sizes of the files on a stick, and
for a relay the IP packets between it and the hub. Short messages are counted over the consults that
were kept aside from training. `--json` prints the rows.
"""

from __future__ import annotations

import argparse
import json
import random
import socket
import statistics
import sys
import tempfile
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
from scripts.bench import _consults
from tests.ports import free_port
from tests.roads.processes import Line, serving, xt
from tests.roads.realm import DEPT, Realm, file_request
from tests.roads.switch import Switch
from xtcli.hub.roads import duties
from xtcli.station import shell
from xtcli.station.home import Home
from xtcli.station.roads_shelf import Mail
from xtcli.transport.bundle.envelope import HEADER_BYTES_MAX, read_header
from xtcli.transport.carriers import short

DOCUMENT_BYTES = 60_000
DEAD = "127.0.0.1:9"
Counted = Callable[[], tuple[int, int]]


@dataclass(frozen=True, slots=True)
class Row:
    """Bytes of one consult on one road; medians over the runs."""

    road: str
    text_up: float
    text_down: float
    document_up: float
    document_down: float


class TcpCounter:
    """A TCP proxy that counts payload."""

    def __init__(self, to: int) -> None:
        """Accept at `port` from now on."""
        self.up = self.down = 0
        self._to = to
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                far = socket.create_connection(("127.0.0.1", self._to))
                for pair in ((near, far, True), (far, near, False)):
                    threading.Thread(target=self._copy, args=pair, daemon=True).start()

    def _copy(self, source: socket.socket, sink: socket.socket, up: bool) -> None:
        with suppress(OSError):
            while data := source.recv(65_536):
                if up:
                    self.up += len(data)
                else:
                    self.down += len(data)
                sink.sendall(data)
        for one in (source, sink):
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Take no more."""
        self._listener.close()


def join(realm: Realm, name: str, kind: str, *words: str, listen: str = "") -> None:
    """Enrol a station through files; `words` are for the invitation."""
    code = xt(realm.hub_home.root, "hub", "invite", "--station", name, "--kind", kind,
              "--practitioner", "乌兰", *words)["code"]  # fmt: skip
    asked, home = str(realm.root / name) + ".ask", realm.root / name
    xt(home, "join", code, "--out", asked)
    welcome = xt(realm.hub_home.root, "hub", "admit", asked)["welcome"]
    more = ("--listen", listen) if listen else ()
    xt(home, "join", code, "--welcome", welcome, *more)


def sync(realm: Realm, *words: str) -> None:
    """Until nothing waits."""
    xt(realm.root / "post", "sync", "--timeout", "100", *words)


def over_udp(realm: Realm, stack: ExitStack) -> tuple[Counted, Callable[[], None]]:
    """The link as it is."""
    way = stack.enter_context(Switch(realm.hub_address))
    join(realm, "post", "post", "--advertise", way.address)
    stack.enter_context(serving(realm.hub_home.root))
    return (lambda: (way.up, way.down)), lambda: sync(realm, "--via", "udp")


def over_https(realm: Realm, stack: ExitStack) -> tuple[Counted, Callable[[], None]]:
    """A connection for each sync, its handshake counted."""
    port = free_port()
    counter = TcpCounter(port)
    stack.callback(counter.close)
    join(realm, "post", "post", "--advertise", DEAD, "--https", f"127.0.0.1:{counter.port}")
    stack.enter_context(serving(realm.hub_home.root, "--https", f"127.0.0.1:{port}"))
    return (lambda: (counter.up, counter.down)), lambda: sync(realm, "--via", "https")


def over_line(realm: Realm, stack: ExitStack) -> tuple[Counted, Callable[[], None]]:
    """Two pseudo-terminals at 11,520 bytes a second."""
    line = stack.enter_context(Line(rate=11_520))
    join(realm, "post", "post", "--advertise", DEAD)
    stack.enter_context(serving(realm.hub_home.root, "--serial", f"{line.ends[0]}@115200"))
    road = f"serial:{line.ends[1]}@115200"
    return (lambda: (line.each[1], line.each[0])), lambda: sync(realm, "--via", road)


def over_relay(realm: Realm, stack: ExitStack) -> tuple[Counted, Callable[[], None]]:
    """The hop between a relay and the hub; the post's own link costs what UDP does."""
    way = stack.enter_context(Switch(realm.hub_address))
    where = f"127.0.0.1:{free_port()}"
    join(realm, "relay", "hub", "--advertise", way.address, listen=where)
    stack.enter_context(serving(realm.hub_home.root))
    stack.enter_context(serving(realm.root / "relay"))
    join(realm, "post", "post", "--via", "relay", "--advertise", where)
    return (lambda: (way.up, way.down)), lambda: sync(realm, "--via", "udp")


def over_stick(realm: Realm, stack: ExitStack) -> tuple[Counted, Callable[[], None]]:
    """Post, hub, post: what lies on the stick after the first two visits."""
    stick = realm.root / "stick"
    stick.mkdir()
    join(realm, "post", "post", "--advertise", DEAD)
    told, ends = [0, 0], (1, Home(realm.root / "post").settings().number)

    def visits() -> None:
        for number, home in enumerate((realm.root / "post", realm.hub_home.root)):
            xt(home, "sync", "--via", f"folder:{stick}")
            told[number] += sum(
                path.stat().st_size for path in stick.glob("xt/*.xtb")
                if read_header(path.read_bytes()[:HEADER_BYTES_MAX]).recipient == ends[number]
            )  # fmt: skip
        xt(realm.root / "post", "sync", "--via", f"folder:{stick}")
        for path in stick.glob("xt/*.xtb"):
            path.unlink()

    return (lambda: (told[0], told[1])), visits


ROADS = {
    "UDP": over_udp, "HTTPS": over_https, "line, 115,200 baud": over_line, "stick": over_stick,
    "UDP between relay and hub": over_relay,
}  # fmt: skip


def measure(road: str, seed: int) -> tuple[int, int, int, int]:
    """Text up and down, then with a document up and down. What joining left over goes first."""
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        realm = Realm(Path(folder), seed=seed, hub_address=f"127.0.0.1:{free_port()}")
        realm.clock.at = shell.now()
        realm.join("desk", "desk", DEPT)
        counted, move = ROADS[road](realm, stack)
        move()
        found: list[int] = []
        for size in (0, DOCUMENT_BYTES):
            before = counted()
            _consult(realm, size, seed)
            move()
            found += [after - then for after, then in zip(counted(), before, strict=True)]
        realm.close()
        return found[0], found[1], found[2], found[3]


def _consult(realm: Realm, size: int, seed: int) -> None:
    post = realm.station("post")
    case = file_request(post)
    if size:
        paper = realm.root / f"paper{seed}.pdf"
        paper.write_bytes(b"%PDF-1.4\n" + random.Random(seed).randbytes(size))
        post.attach(case, paper)
    realm.close()


def messages(size: int) -> tuple[Counter[int], Counter[int]]:
    """How many messages of `size` bytes consults take, and the hub's receipts."""
    up: Counter[int] = Counter()
    down: Counter[int] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        realm = Realm(Path(folder))
        realm.join("desk", "desk", DEPT)
        realm.join("post")
        post, hub = realm.station("post"), realm.hub()
        does = duties(hub)
        near, far = Mail(post), Mail(hub, does.rule, does.inside)
        for number, row in enumerate(_consults.rows(), 1):
            post.write(_consults.request(row, number))
            for one, sealed in _sealed(near, 1):
                up[short.symbols_of(len(sealed), post.number, size)] += 1
                far.arrived(post.number, sealed, one, "bench")
                near.spool.drop(1, one)
            for one, sealed in _sealed(far, post.number):
                down[short.symbols_of(len(sealed), 1, size)] += 1
                far.spool.drop(post.number, one)
        near.close()
        far.close()
        realm.close()
    return up, down


def _sealed(mail: Mail, peer: int) -> Iterator[tuple[bytes, bytes]]:
    for one in mail.fill(peer):
        sealed = mail.spool.sealed(peer, one.tag)
        if sealed is not None:
            yield one.tag, sealed


def shown(counts: Counter[int]) -> str:
    """Such as `2 to 3 (2.1 on average)`."""
    each = sorted(counts.elements())
    mean = statistics.mean(each)
    if each[0] == each[-1]:
        return str(each[0])
    return f"{each[0]} to {each[-1]} ({mean:.2f} on average)"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3, help="fresh realms for each road (3)")
    parser.add_argument("--road", choices=ROADS, action="append", help="this road only")
    parser.add_argument("--json", action="store_true", help="rows as JSON")
    options = parser.parse_args()
    rows = []
    for road in options.road or ROADS:
        found = [measure(road, seed) for seed in range(1, options.runs + 1)]
        row = Row(road, *(statistics.median(column) for column in zip(*found, strict=True)))
        rows.append(row)
        if options.json:
            print(json.dumps(asdict(row)), flush=True)
        else:
            print(f"| {row.road} | {row.text_up:,.0f} / {row.text_down:,.0f} | "
                  f"{row.document_up:,.0f} / {row.document_down:,.0f} |", flush=True)  # fmt: skip
    if options.road or options.json:
        return
    for size in (134, 1750):
        up, down = messages(size)
        print(f"| short messages, {size:,} bytes | {shown(up)} up, {shown(down)} down | |")


if __name__ == "__main__":
    main()
