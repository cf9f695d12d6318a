"""Networks with a login page, proxies of no use, certificates nobody vouches for, lines that go."""

from __future__ import annotations

import asyncio
import errno
import http.server
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.roads.processes import serving, xt
from tests.roads.realm import Realm
from xtcli.errors import BundleRejected, LinkDown, UsageError
from xtcli.hub import setup
from xtcli.lang import chinese
from xtcli.lang.system import SENTENCES, because
from xtcli.station.enrolment import parse_address, show_address
from xtcli.station.home import Home
from xtcli.station.roads_https import join_over_https
from xtcli.transport.carriers.https_client import Url, connections, unreachable
from xtcli.transport.carriers.https_client import login_page as page_of
from xtcli.transport.carriers.serial import SerialLine, SerialName
from xtcli.transport.driving import LinkServer, Wire
from xtcli.transport.link.frames import Kind


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address="127.0.0.1:0")
    made.clock.at = time.time()
    yield made
    made.close()


PAGE = b"<!DOCTYPE html><html>\xe8\xaf\xb7\xe5\x85\x88\xe7\x99\xbb\xe5\xbd\x95</html>"


@contextmanager
def login_page(
    status: int = 200, kind: str = "", body: bytes = PAGE, port: int = 0
) -> Iterator[str]:
    """A network that answers everything with its own page."""

    class Page(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            if kind:
                self.send_header("content-type", kind)
            if status == 302:
                self.send_header("location", "http://login.example.cn/?from=xt")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *words: object) -> None:
            """Quiet."""

    server = http.server.HTTPServer(("127.0.0.1", port), Page)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/xt"
    finally:
        server.shutdown()
        server.server_close()


def test_joining_through_a_login_page_says_what_it_is(tmp_path: Path) -> None:
    with login_page() as where, pytest.raises(LinkDown) as told:
        join_over_https(where, b"", bytes(1100), bytes, tmp_path / "none")
    assert Url(where).host in str(told.value)
    assert "login" in str(told.value)
    other = login_page(kind="text/plain", body=b"It works!")
    with other as where, pytest.raises(LinkDown) as told:
        join_over_https(where, b"", bytes(1100), bytes, tmp_path / "none")
    assert "not a hub" in str(told.value)


@pytest.mark.parametrize(
    ("status", "kind", "body", "login"),
    [
        (200, "text/html; charset=utf-8", PAGE, True), (200, "", b"\r\n<html>", True),
        (200, "Application/XHTML+XML", b"", True), (302, "", b"", True), (511, "", b"", True),
        (200, "text/plain", b"It works!", False), (502, "text/html", PAGE, False),
        (404, "text/html", PAGE, False), (200, "application/octet-stream", b"\0", False),
    ],
)  # fmt: skip
def test_what_a_login_page_looks_like(status: int, kind: str, body: bytes, login: bool) -> None:
    import httpx

    answer = httpx.Response(status, headers={"content-type": kind} if kind else None)
    assert (page_of(Url("h:1"), answer, body) is not None) is login


@pytest.mark.parametrize(("status", "kind"), [(200, "text/html"), (302, "")])
def test_a_sync_through_a_login_page_says_so_at_once(realm: Realm, status: int, kind: str) -> None:
    """Not after two minutes, and not only that nobody answered; it is counted, nothing is lost, and
    after the login it goes through."""
    port = free_port()
    hub, post = realm.hub_home.root, realm.root / "post"
    code = xt(hub, "hub", "invite", "--station", "村", "--kind", "post", "--practitioner", "乌兰",
              "--advertise", "127.0.0.1:9", "--https", f"http://127.0.0.1:{port}/xt")  # fmt: skip
    with serving(hub, "--http", f"127.0.0.1:{port}"):
        xt(post, "join", code["code"], "--timeout", "1")
    with login_page(status, kind, port=port):
        said = xt(post, "sync", "--via", "https", "--timeout", "100", code=8)["error"]
        assert "login" in said["message"]
        assert "browser" in said["hint"]
        tested = xt(post, "link", "test", "--via", "https", "--timeout", "100", code=8)
        assert tested["error"]["message"] == said["message"]
    (row,) = [one for one in xt(post, "status")["roads"] if one["road"] == "https"]
    assert row["refused"] >= 2
    with serving(hub, "--http", f"127.0.0.1:{port}"):
        xt(post, "sync", "--via", "https", "--timeout", "60")


def test_an_error_page_of_a_proxy_is_no_login(realm: Realm) -> None:
    """The hub behind it may only be starting again: it is asked until the time is over."""
    port = free_port()
    hub, post = realm.hub_home.root, realm.root / "post"
    code = xt(hub, "hub", "invite", "--station", "村", "--kind", "post", "--practitioner", "乌兰",
              "--advertise", "127.0.0.1:9", "--https", f"http://127.0.0.1:{port}/xt")  # fmt: skip
    with serving(hub, "--http", f"127.0.0.1:{port}"):
        xt(post, "join", code["code"], "--timeout", "1")
    with login_page(502, "text/html", port=port):
        said = xt(post, "sync", "--via", "https", "--timeout", "2", code=8)
    assert said["exit_code"] == "link_down"


@pytest.mark.parametrize("proxy", ["socks5://127.0.0.1:1080", "socks5h://127.0.0.1:1", "x://y"])
def test_a_proxy_of_no_use_is_one_sentence(monkeypatch: pytest.MonkeyPatch, proxy: str) -> None:
    """The environment of many a desktop: it must not look like a fault of xt."""
    import httpx

    for name in ("ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, proxy)
    with pytest.raises(LinkDown):
        connections(True, httpx.Timeout(1.0))


def test_an_unvouched_certificate_is_no_trouble_of_the_network() -> None:
    url = Url("https://hub.example.cn/xt")
    wrong = unreachable(url, OSError("[SSL: CERTIFICATE_VERIFY_FAILED] self-signed (_ssl.c:1006)"))
    assert isinstance(wrong, BundleRejected)
    assert "_ssl" not in str(wrong)
    assert isinstance(unreachable(url, OSError("timed out")), LinkDown)


def test_a_post_below_a_relay_joins_over_the_relays_own_certificate(
    realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The invitation pins the certificate that the relay showed when it was served."""
    port = free_port()
    realm.close()
    realm = Realm(realm.root / "served", hub_address=f"127.0.0.1:{port}")
    realm.join("relay", "hub")
    hub, relay = realm.hub_home.root, realm.root / "relay"
    monkeypatch.setenv("XT_HOME", str(hub))
    invite = partial(setup.invite, station="村", kind="post", practitioner="医生", via="relay",
                     advertise="127.0.0.1:9")  # fmt: skip
    where = f"127.0.0.1:{free_port()}"
    with pytest.raises(UsageError):
        invite(https=where)
    for wrong in ("zz", "00", "00" * 17):
        with pytest.raises(UsageError):
            invite(https=where, https_print=wrong)
    with pytest.raises(UsageError):
        invite(https="https://example.cn/xt", https_print="00" * 16)
    with serving(hub), serving(relay, "--https", where) as said:
        while not (shown := "".join(line.get("print", "") for line in said)):
            time.sleep(0.05)
        code = invite(https=where, https_print=shown).code
        joined = xt(realm.root / "post", "join", code, "--timeout", "90")
    assert joined["name"] == "村"
    assert Home(realm.root / "post").settings().extra["https_print"] == shown


def test_requests_to_join_that_nobody_answers_are_counted() -> None:
    """Noise that looks like a request to join costs one look and counts as refused."""

    class Nowhere:
        overhead_bytes = 0
        address = "nowhere"
        wire = Wire()

        def ready(self) -> bool:
            return True

        def send(self, datagram: bytes) -> None:
            self.sent = datagram

    async def run() -> None:
        noise = bytes([Kind.JOIN << 3]) + bytes(100)
        answer: bytes | None = None
        server = LinkServer(
            lambda number: None, lambda number, events: None, lambda datagram, way: answer
        )
        assert not server.take(noise, Nowhere())
        answer = b"welcome"
        assert server.take(noise, Nowhere())

    asyncio.run(run())


@pytest.mark.parametrize("trouble", [termios.error(5, "Input/output error"), OSError(5, "gone")])
def test_a_line_that_goes_while_it_is_written_is_noticed(trouble: Exception) -> None:
    """termios has an error of its own: it must not end a thread with a traceback."""

    class Device:
        """Takes bytes, and is gone when they should leave."""

        in_waiting = 0

        def write(self, data: bytes) -> None:
            """Into a buffer."""

        def flush(self) -> None:
            raise trouble

        def close(self) -> None:
            """Nothing is open."""

    async def run() -> None:
        gone = asyncio.Event()
        line = SerialLine(SerialName("/dev/none"), lambda datagram: True, gone.set)
        line._device, line._loop = Device(), asyncio.get_running_loop()
        line.send(b"datagram")
        thread = threading.Thread(target=line._write)
        thread.start()
        await asyncio.wait_for(gone.wait(), 20)
        thread.join()
        line.close()

    asyncio.run(run())


def test_why_the_system_refuses_is_said_in_both_languages() -> None:
    for number, sentence in SENTENCES.items():
        assert because(OSError(number, "x")) == sentence
        assert sentence in chinese()
    assert because(OSError(errno.EFBIG, "File too large")) == "File too large"
    assert because(ValueError("words")) == "words"


@pytest.mark.parametrize("shown", ["[::1]:4400", "127.0.0.1:4400"])
def test_an_address_is_shown_as_it_is_typed(shown: str) -> None:
    assert show_address(parse_address(shown)) == shown


@pytest.mark.parametrize(
    "url", ["https://", "http://x y/", "ftp://x/y", "https://x:0/", "https://x:99999/", "://x",
            "https://x/" + "a" * 80, "https://x/\x1b[2J"],
)  # fmt: skip
def test_an_invitation_gives_no_address_that_cannot_work(
    realm: Realm, monkeypatch: pytest.MonkeyPatch, url: str
) -> None:
    realm.close()
    monkeypatch.setenv("XT_HOME", str(realm.hub_home.root))
    with pytest.raises(UsageError) as told:
        setup.invite(station="村", kind="post", practitioner="医生", https=url)
    assert "https://example.cn" in told.value.advice


@pytest.mark.parametrize("url", ["https://", "http://x y/", "ftp://x/y", "https://x:99999/"])
def test_a_code_with_such_an_address_is_one_sentence(tmp_path: Path, url: str) -> None:
    """Codes of others may hold anything."""
    with pytest.raises((LinkDown, BundleRejected)):
        join_over_https(url, b"", bytes(1100), bytes, tmp_path / "none")
