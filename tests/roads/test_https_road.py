"""HTTPS between real processes on the loopback: TLS, cuts, a proxy, the wrong certificate."""

from __future__ import annotations

import random
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.roads.processes import serving, xt
from tests.roads.realm import DEPT, Realm, file_request
from xtcli.errors import UsageError
from xtcli.records.case import State
from xtcli.station.home import Home
from xtcli.station.invite import Invitation
from xtcli.station.roads_store import RoadStore

DEAD = "127.0.0.1:9"


class Cutter:
    """A TCP proxy that cuts connections after `budget` bytes from the client, so many times."""

    def __init__(self, to: int, budget: int, cuts: int) -> None:
        self.to, self.budget, self.left = to, budget, cuts
        self.cut = 0
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._open: list[socket.socket] = [self._listener]
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def _start(self, work: Callable[..., None], *values: object) -> None:
        thread = threading.Thread(target=work, args=values, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                near, _ = self._listener.accept()
                self._open.append(near)
                far = socket.create_connection(("127.0.0.1", self.to))
                self._open.append(far)
                self._start(self._copy, near, far, True)
                self._start(self._copy, far, near, False)

    def _copy(self, source: socket.socket, sink: socket.socket, counted: bool) -> None:
        seen = 0
        with suppress(OSError):
            while data := source.recv(4096):
                seen += len(data)
                if counted and self.left and seen > self.budget:
                    self.left -= 1
                    self.cut += 1
                    break
                sink.sendall(data)
        self._shut(source, sink)

    def _shut(self, *sockets: socket.socket) -> None:
        for one in sockets:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._shut(*self._open)
        for thread in self._threads:
            thread.join(5)
        for one in self._open:
            one.close()


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    """A hub; its UDP port is free, so that several can run."""
    made = Realm(tmp_path / "realm", hub_address="127.0.0.1:0")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    yield made
    made.close()


def invited(realm: Realm, where: str) -> str:
    """A code whose UDP address is dead."""
    made = xt(realm.hub_home.root, "hub", "invite", "--station", "巴音村", "--kind", "post",
              "--practitioner", "乌兰", "--advertise", DEAD, "--https", where)  # fmt: skip
    return str(made["code"])


def consult(realm: Realm, tmp_path: Path, size: int) -> Any:
    """A case with a document of `size` bytes."""
    post = realm.station("post")
    case = file_request(post)
    if size:
        paper = tmp_path / "paper.pdf"
        paper.write_bytes(b"%PDF-1.4\n" + random.Random(3).randbytes(size))
        post.attach(case, paper)
    realm.close()
    return case


def test_join_and_consult_where_only_https_gets_out(realm: Realm, tmp_path: Path) -> None:
    """Enrolment, request and receipt over TLS with the certificate that the code pins."""
    port = free_port()
    code = invited(realm, f"127.0.0.1:{port}")
    with serving(realm.hub_home.root, "--https", f"127.0.0.1:{port}"):
        joined = xt(realm.root / "post", "join", code, "--timeout", "2")
        assert joined["kind"] == "post"
        case = consult(realm, tmp_path, 60_000)
        done = xt(realm.root / "post", "sync", "--via", "https", "--timeout", "60")
    assert done["exit_code"] == "ok"
    assert done["waiting_records"] == done["waiting_blobs"] == 0
    post, hub = realm.station("post"), realm.hub()
    assert post.case(case).state is State.RECEIVED
    assert hub.case(case).attachments[0].whole
    store = RoadStore(hub.home.root)
    counts = {one.road: one for one in store.counts()}
    store.close()
    assert counts["https"].bytes_in > 60_000


def test_a_cut_in_the_middle_resumes(realm: Realm, tmp_path: Path) -> None:
    """Connections cut again and again; a second process goes on with what had arrived."""
    port = free_port()
    cutter = Cutter(port, 40_000, cuts=2)
    code = invited(realm, f"127.0.0.1:{cutter.port}")
    with serving(realm.hub_home.root, "--https", f"127.0.0.1:{port}"):
        cutter.budget, budget = 1 << 30, cutter.budget
        xt(realm.root / "post", "join", code, "--timeout", "2")
        cutter.budget = budget
        case = consult(realm, tmp_path, 120_000)
        done = xt(realm.root / "post", "sync", "--via", "https", "--timeout", "100")
    cutter.close()
    assert cutter.cut == 2
    assert done["waiting_blobs"] == 0
    assert done["bytes_sent"] < 120_000 + 2 * 70_000 + 30_000
    assert realm.hub().case(case).attachments[0].whole


def test_behind_a_proxy_without_tls(realm: Realm, tmp_path: Path) -> None:
    """`--http` is what a reverse proxy talks to; the address is a URL with a path of its own."""
    port = free_port()
    code = invited(realm, f"http://127.0.0.1:{port}/county/xt")
    assert Invitation.from_code(code).https_print == b""
    with serving(realm.hub_home.root, "--http", f"127.0.0.1:{port}"):
        xt(realm.root / "post", "join", code, "--timeout", "2")
        case = consult(realm, tmp_path, 0)
        xt(realm.root / "post", "sync", "--via", "https", "--timeout", "60")
    assert realm.station("post").case(case).state is State.RECEIVED


def test_the_wrong_certificate_is_refused(realm: Realm, tmp_path: Path) -> None:
    """Another TLS at the hub's address: one sentence, nothing said to it, nothing lost."""
    port = free_port()
    code = invited(realm, f"127.0.0.1:{port}")
    with serving(realm.hub_home.root, "--https", f"127.0.0.1:{port}"):
        xt(realm.root / "post", "join", code, "--timeout", "2")
    consult(realm, tmp_path, 0)
    for name in ("https.key", "https.crt"):
        (realm.hub_home.root / name).unlink()
    with serving(realm.hub_home.root, "--https", f"127.0.0.1:{port}"):
        found = xt(realm.root / "post", "sync", "--via", "https", "--timeout", "20", code=7)
        (realm.root / "post" / "hub.crt").unlink()
        again = xt(realm.root / "post", "sync", "--via", "https", "--timeout", "20", code=7)
    assert "certificate" in found["error"]["message"]
    assert "certificate" in again["error"]["message"]
    assert realm.station("post").log.waiting(1).records == 1


def test_no_https_in_the_invitation(realm: Realm) -> None:
    realm.join("post")
    found = xt(realm.root / "post", "sync", "--via", "https", code=3)
    assert "HTTPS" in found["error"]["message"]


def test_codes_with_and_without_more_fields(realm: Realm) -> None:
    """Codes made before stay readable; unknown fields are skipped; cut ones are refused."""
    plain = Invitation("h:1", bytes(32), bytes(16), bytes(4), bytes(12))
    assert Invitation.from_code(plain.code()) == plain
    more = Invitation("h:1", bytes(32), bytes(16), bytes(4), bytes(12), "hub.example.cn:443",
                      bytes(range(16)))  # fmt: skip
    assert Invitation.from_code(more.code()) == more
    assert len(more.code()) < 200
    with pytest.raises(UsageError):
        Invitation.from_code(more.code()[:-4])
    assert Home(realm.root / "desk").settings().extra == {}
