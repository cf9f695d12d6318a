"""The relay over real sockets: what goes in comes out, late, counted, from one port per client."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from xtcli.errors import ExitCode, UsageError
from xtcli.lang import choose
from xtcli.transport.emulator.__main__ import main
from xtcli.transport.emulator.badlink import main as badlink
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.options import guarded, load_trace, parse_outage
from xtcli.transport.emulator.profiles import profile
from xtcli.transport.emulator.relay import (
    CLIENTS_MAX,
    Relay,
    header_bytes,
    parse_address,
    show_address,
)

LOOPBACK = ("127.0.0.1", 0)
SHORT = replace(profile("lan"), rate_up_bps=400e3, rate_down_bps=400e3, delay_s=0.05)
PATIENCE_S = 20.0


class Far:
    """A UDP socket of the test, read with patience."""

    def __init__(self, address: tuple[str, int] = LOOPBACK) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(address)
        self.socket.setblocking(False)

    @property
    def address(self) -> tuple[str, int]:
        host, port = self.socket.getsockname()[:2]
        return str(host), int(port)

    async def read(self) -> tuple[bytes, tuple[str, int]]:
        """The next datagram and where it came from."""
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.sock_recvfrom(self.socket, 65_535), PATIENCE_S)

    def send(self, data: bytes, to: tuple[str, int]) -> None:
        self.socket.sendto(data, to)


@pytest.fixture
def far() -> Iterator[Callable[[], Far]]:
    """Makes sockets and closes them."""
    made: list[Far] = []

    def make() -> Far:
        made.append(Far())
        return made[-1]

    yield make
    for one in made:
        one.socket.close()


def short_road(_number: int) -> Duplex:
    return Duplex(SHORT)


def test_there_and_back_takes_the_links_time(far: Callable[[], Far]) -> None:
    """A datagram and its answer arrive whole, not before the link allows, and are counted."""

    async def body() -> None:
        loop = asyncio.get_running_loop()
        hub, post = far(), far()
        relay = Relay(LOOPBACK, hub.address, short_road)
        began = loop.time()
        post.send(b"request" * 100, relay.address)
        data, nat = await hub.read()
        assert data == b"request" * 100
        assert loop.time() - began >= 0.05 + 728 * 8 / 400e3 - 1e-6
        hub.send(b"answer", nat)
        assert (await post.read())[0] == b"answer"
        assert loop.time() - began >= 0.1 + (728 + 34) * 8 / 400e3 - 1e-6
        stats = relay.stats()
        assert (stats["bytes_up"], stats["bytes_down"]) == (728, 34)
        assert (stats["datagrams_up"], stats["datagrams_down"]) == (1, 1)
        relay.close()

    asyncio.run(body())


def test_the_rate_holds_over_real_sockets(far: Callable[[], Far]) -> None:
    """Twenty datagrams of 1000 bytes need at least their time at 400 kbit/s, in order."""

    async def body() -> None:
        loop = asyncio.get_running_loop()
        hub, post = far(), far()
        relay = Relay(LOOPBACK, hub.address, short_road)
        began = loop.time()
        for number in range(20):
            post.send(bytes([number]) * 972, relay.address)
        order = [(await hub.read())[0][0] for _ in range(20)]
        assert order == list(range(20))
        assert loop.time() - began >= 0.05 + 20 * 8000 / 400e3 - 1e-6
        relay.close()

    asyncio.run(body())


def test_each_client_has_its_own_port_and_road(far: Callable[[], Far]) -> None:
    """The target tells clients apart by address; answers reach the right one."""

    async def body() -> None:
        hub, first, second = far(), far(), far()
        relay = Relay(LOOPBACK, hub.address, short_road)
        first.send(b"1", relay.address)
        second.send(b"2", relay.address)
        came = dict([await hub.read(), await hub.read()])
        assert came[b"1"] != came[b"2"]
        hub.send(b"for two", came[b"2"])
        hub.send(b"for one", came[b"1"])
        assert (await first.read())[0] == b"for one"
        assert (await second.read())[0] == b"for two"
        assert set(relay.roads()) == {first.address, second.address}
        relay.close()

    asyncio.run(body())


def test_rebind_changes_the_port_and_forgets_the_old_one(far: Callable[[], Far]) -> None:
    """After a new SIM the hub sees a new address; what it sends to the old one vanishes."""

    async def body() -> None:
        hub, post = far(), far()
        relay = Relay(LOOPBACK, hub.address, short_road)
        post.send(b"before", relay.address)
        _, old = await hub.read()
        relay.rebind()
        post.send(b"after", relay.address)
        data, new = await hub.read()
        assert data == b"after"
        assert new != old
        hub.send(b"to the old port", old)
        hub.send(b"to the new port", new)
        assert (await post.read())[0] == b"to the new port"
        relay.close()

    asyncio.run(body())


def test_loss_over_real_sockets_is_the_seeds(far: Callable[[], Far]) -> None:
    """Exactly the datagrams that the core loses for this seed are lost."""
    lossy = replace(SHORT, loss=0.3, burst_mean=2.0, rate_up_bps=None)
    model = Duplex(lossy, 5).up
    for number in range(100):
        model.push(bytes([number]), 0.0)
    expected = {packet[0] for packet in model.pop(10.0)}

    async def body() -> set[int]:
        hub, post = far(), far()
        relay = Relay(LOOPBACK, hub.address, lambda _: Duplex(lossy, 5))
        for number in range(100):
            post.send(bytes([number]), relay.address)
        came = {(await hub.read())[0][0] for _ in range(len(expected))}
        relay.close()
        return came

    assert asyncio.run(body()) == expected
    assert 50 <= len(expected) < 90


def test_nobody_listening_is_loss_not_a_crash(far: Callable[[], Far]) -> None:
    """The system's "port unreachable" is swallowed; the relay goes on when somebody listens."""

    async def body() -> None:
        gone, post = far(), far()
        target = gone.address
        gone.socket.close()
        relay = Relay(LOOPBACK, target, short_road)
        post.send(b"lost", relay.address)
        while not relay.roads() or relay.roads()[post.address].next_timer() is not None:
            await asyncio.sleep(0.01)
        back = Far(target)
        post.send(b"first after refusal", relay.address)
        post.send(b"heard", relay.address)
        heard = [(await back.read())[0]]
        if heard != [b"heard"]:
            heard.append((await back.read())[0])
        assert heard[-1] == b"heard"
        back.socket.close()
        relay.close()

    asyncio.run(body())


def test_clients_are_bounded(far: Callable[[], Far]) -> None:
    """Addresses beyond the limit are refused and counted, not remembered."""

    async def body() -> None:
        hub = far()
        relay = Relay(LOOPBACK, hub.address, short_road)
        for number in range(CLIENTS_MAX):
            relay._clients["10.0.0.1", number] = None  # type: ignore[assignment]
        assert relay._client(("10.0.0.2", 1)) is None
        assert relay.refused_clients == 1
        relay._clients.clear()
        relay.close()

    asyncio.run(body())


def test_a_taken_port_is_one_clear_error(far: Callable[[], Far]) -> None:
    async def body() -> None:
        hub = far()
        with pytest.raises(UsageError, match="Nothing can listen"):
            Relay(hub.address, hub.address, short_road)

    asyncio.run(body())


@pytest.mark.parametrize("text", ["", "host", ":4400", "host:", "host:x", "host:70000", "host:٣"])
def test_bad_addresses_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not an address"):
        parse_address(text)


def test_addresses_of_both_families() -> None:
    assert parse_address("127.0.0.1:4400") == ("127.0.0.1", 4400)
    assert parse_address("[::1]:4400") == ("::1", 4400)
    assert show_address(("::1", 4400)) == "[::1]:4400"


def test_the_program_serves_and_reports() -> None:
    """`--json`: first line the port, on SIGUSR1 and at the end the counters."""
    hub = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    hub.bind(LOOPBACK)
    hub.settimeout(PATIENCE_S)
    target = f"127.0.0.1:{hub.getsockname()[1]}"
    command = [sys.executable, "-m", "xtcli.transport.emulator", "--link", "lan", "--to", target]
    with hub, subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE, text=True) as relay:
        assert relay.stdout is not None
        started = json.loads(relay.stdout.readline())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as post:
            post.sendto(b"hello", (started["host"], started["port"]))
            data, first = hub.recvfrom(99)
            assert data == b"hello"
            relay.send_signal(signal.SIGUSR1)
            assert json.loads(relay.stdout.readline())["bytes_up"] == 33
            relay.send_signal(signal.SIGUSR2)
            relay.send_signal(signal.SIGUSR1)
            relay.stdout.readline()
            post.sendto(b"again", (started["host"], started["port"]))
            assert hub.recvfrom(99)[1] != first
        relay.send_signal(signal.SIGTERM)
        final = json.loads(relay.stdout.readline())
        assert relay.wait(PATIENCE_S) == 0
    assert (final["event"], final["link"], final["datagrams_up"]) == ("stats", "lan", 2)


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (["--link", "5g", "--to", "127.0.0.1:1"], "5g"),
        (["--loss", "1.5", "--to", "127.0.0.1:1"], "--loss must be 0 to below 1"),
        (["--loss", "nan", "--to", "127.0.0.1:1"], "--loss"),
        (["--loss", "much", "--to", "127.0.0.1:1"], "--loss"),
        (["--loss", "0.8", "--burst", "2", "--to", "127.0.0.1:1"], "4 packets"),
        (["--burst", "0.5", "--to", "127.0.0.1:1"], "--burst must be 1 or more"),
        (["--delay", "nan", "--to", "127.0.0.1:1"], "--delay must be 0 or more"),
        (["--delay", "inf", "--to", "127.0.0.1:1"], "--delay"),
        (["--jitter", "-1", "--to", "127.0.0.1:1"], "--jitter"),
        (["--queue", "0", "--to", "127.0.0.1:1"], "--queue must be above 0"),
        (["--rate-up", "0", "--to", "127.0.0.1:1"], "--rate-up must be above 0"),
        (["--rate-down", "nan", "--to", "127.0.0.1:1"], "--rate-down"),
        (["--trace-start", "5", "--to", "127.0.0.1:1"], "--trace-start"),
        (["--outage", "60/60", "--to", "127.0.0.1:1"], "not an outage"),
        (["--outage", "0/60", "--to", "127.0.0.1:1"], "not an outage"),
        (["--outage", "nan/60", "--to", "127.0.0.1:1"], "not an outage"),
        ([], "--to"),
        (["--nosuch", "--to", "127.0.0.1:1"], "--nosuch"),
        (["--outage", "90/60", "--to", "127.0.0.1:1"], "not an outage"),
        (["--to", "nowhere"], "not an address"),
        (["--trace", "missing.csv", "--to", "127.0.0.1:1"], "missing.csv"),
        (["--to", "host..name:1"], "not known"),
    ],
)
def test_bad_options_get_one_sentence_and_the_next_step(
    arguments: list[str], word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert guarded(main, arguments) == ExitCode.USAGE
    what, advice = capsys.readouterr().err.strip().splitlines()
    assert word in what
    assert advice


def test_with_json_an_error_is_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    """The same as of `xt`, on stderr; a --json of the command that is run is not ours."""
    assert guarded(main, ["--json", "--to", "nowhere"]) == ExitCode.USAGE
    heard = capsys.readouterr()
    error = json.loads(heard.err)["error"]
    assert heard.out == ""
    assert (error["code"], error["kind"]) == (2, "UsageError")
    assert "nowhere" in error["message"]
    assert error["hint"]
    assert guarded(badlink, ["--link", "5g", "--", "curl", "--json"]) == ExitCode.USAGE
    assert not capsys.readouterr().err.startswith("{")


def test_errors_are_chinese_too(capsys: pytest.CaptureFixture[str]) -> None:
    choose("zh")
    try:
        guarded(main, ["--delay", "-1", "--to", "127.0.0.1:1"])
        guarded(main, ["--nosuch", "--to", "127.0.0.1:1"])
    finally:
        choose(None)
    said = capsys.readouterr().err.splitlines()
    assert said[0] == "--delay 不能小于 0。"
    assert said[2] == "没有选项 --nosuch。"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seed", "x"], "--seed must be a number; x is none."),
        (["--loss"], "--loss needs a value."),
        (["--rate", "3"], "--rate may mean several options: --rate-up, --rate-down."),
        (["--to", "127.0.0.1:1", "--nosuch=3"], "There is no option --nosuch=3."),
        ([], "--to is missing."),
    ],
)
def test_words_that_make_no_options(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In our words: what argparse says has no Chinese."""
    assert guarded(main, words) == ExitCode.USAGE
    assert capsys.readouterr().err.splitlines()[0] == said
    choose("zh")
    try:
        guarded(main, words)
    finally:
        choose(None)
    assert any("\u4e00" <= sign <= "\u9fff" for sign in capsys.readouterr().err.splitlines()[0])


def test_relay_and_command_do_not_mix(capsys: pytest.CaptureFixture[str]) -> None:
    """What would be ignored is refused."""
    for words in (
        ["--to", "127.0.0.1:1", "--hub-command", "true"],
        ["--to", "127.0.0.1:1", "--", "true"],
        ["--listen", "127.0.0.1:0", "--", "true"],
    ):
        assert guarded(badlink, words) == ExitCode.USAGE
        assert "--to HOST:PORT" in capsys.readouterr().err


def test_ctrl_c_is_no_fault(capsys: pytest.CaptureFixture[str]) -> None:
    def stopped(words: Sequence[str]) -> int:
        raise KeyboardInterrupt

    assert guarded(stopped, []) == 130
    assert capsys.readouterr().err == ""


def test_it_relays_on_when_nobody_reads_what_it_prints() -> None:
    """`relay | head -1`: the first line is read, the pipe is closed, and it still serves."""
    words = [sys.executable, "-m", "xtcli.transport.emulator", "--to", "127.0.0.1:9"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tool:
        assert tool.stdout is not None
        assert tool.stderr is not None
        assert tool.stdout.readline().startswith("127.0.0.1:")
        tool.stdout.close()
        tool.send_signal(signal.SIGUSR1)
        tool.send_signal(signal.SIGTERM)
        assert tool.wait(PATIENCE_S) == 0
        assert tool.stderr.read() == ""


def test_outage_option_starts_up() -> None:
    schedule = parse_outage("60/90")
    assert [schedule.down(t) for t in (0, 14.9, 15, 74.9, 75, 105)] == [
        False, False, True, True, False, True,
    ]  # fmt: skip


def test_recordings_load_as_pair_and_as_csv(tmp_path: Path) -> None:
    (tmp_path / "drive.up").write_text("1\n10\n")
    (tmp_path / "drive.down").write_text("1\n5\n10\n")
    (tmp_path / "sat.csv").write_text("t_s,download_mbps,upload_mbps\n0,8,1\n")
    for name in ("drive", "drive.up", "drive.down"):
        up, down = load_trace(str(tmp_path / name))
        assert (up.mean_bps, down.mean_bps) == pytest.approx((2.4e6, 3.6e6))
    up, down = load_trace(str(tmp_path / "sat.csv"))
    assert (up.mean_bps, down.mean_bps) == pytest.approx((1e6, 8e6))


def test_ipv6_where_the_machine_has_it() -> None:
    """Both families relay; a machine without IPv6 says so in one sentence."""

    async def body() -> None:
        hub = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        hub.bind(("::1", 0))
        hub.setblocking(False)
        target = ("::1", int(hub.getsockname()[1]))
        relay = Relay(("::1", 0), target, lambda _: Duplex(SHORT, overhead=header_bytes(target)))
        post = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        post.sendto(b"six", relay.address)
        loop = asyncio.get_running_loop()
        assert (await asyncio.wait_for(loop.sock_recv(hub, 99), PATIENCE_S)) == b"six"
        assert relay.stats()["bytes_up"] == 51
        post.close()
        hub.close()
        relay.close()

    async def refused() -> None:
        with pytest.raises(UsageError, match=r"listen|known"):
            Relay(("::1", 0), LOOPBACK, short_road)

    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
            probe.bind(("::1", 0))
    except OSError:
        asyncio.run(refused())
    else:
        asyncio.run(body())
