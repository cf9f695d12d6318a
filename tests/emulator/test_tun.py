"""Two joined namespaces where root and TUN exist; the refusal and its advice everywhere else."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from xtcli.errors import ExitCode, XtError
from xtcli.transport.emulator.badlink import main, run_joined
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.options import guarded
from xtcli.transport.emulator.profiles import Profile, profile
from xtcli.transport.emulator.tun import HUB_ADDRESS, JoinedHosts, require_tun, wanted

BADLINK = Path(__file__).parents[2] / "scripts" / "badlink"
SHORT = Profile("short", 800e3, 800e3, 0.02)
SEND = """
import socket, sys, time
taken = socket.create_connection((sys.argv[1], 4400), 30)
taken.sendall(bytes(60_000)); taken.shutdown(socket.SHUT_WR)
print(taken.recv(99).decode())
"""
TAKE = """
import socket, time
server = socket.create_server(("0.0.0.0", 4400)); print("ready", flush=True)
taken, _ = server.accept(); began = time.monotonic(); size = 0
while data := taken.recv(65536): size += len(data)
taken.sendall(f"{size} {time.monotonic() - began:.6f}".encode())
"""


def runs(pid: int) -> bool:
    """Whether a process is there and has not ended; nobody may have asked yet how it ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def namespaces() -> set[str]:
    """Namespaces of this process's own runs."""
    if shutil.which("ip") is None:
        return set()
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=False)
    return {line for line in listed.stdout.splitlines() if f"xtbad-{os.getpid()}-" in line}


def check_refusal(capsys: pytest.CaptureFixture[str]) -> None:
    """Where nothing can be joined the tool says why and what to do, and leaves nothing."""
    status = guarded(main, ["--link", "lan", "--", sys.executable, "-c", ""])
    assert status in {ExitCode.USAGE, ExitCode.DEVICE}
    what, advice = capsys.readouterr().err.strip().splitlines()
    assert what
    assert "root" in advice.lower() or "--to" in advice
    assert not namespaces()


def test_tcp_crosses_at_the_links_rate(joins: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """60 kB through a kernel's TCP arrive whole, no faster than the bottleneck lets them."""
    if not joins:
        check_refusal(capsys)
        return
    road = Duplex(SHORT, overhead=0)
    with JoinedHosts(road) as hosts:
        hub = hosts.hub.start([sys.executable, "-c", TAKE], stdout=subprocess.PIPE, text=True)
        assert hub.stdout is not None
        assert hub.stdout.readline() == "ready\n"
        with hosts.post.start(
            [sys.executable, "-c", SEND, HUB_ADDRESS], stdout=subprocess.PIPE, text=True
        ) as post:
            assert post.stdout is not None
            size, seconds = post.stdout.read().split()
        hub.wait()
        hub.stdout.close()
    assert int(size) == 60_000
    sent = road.up.counters
    # The accepting side's clock starts when the handshake ends: up to one queued packet earlier.
    assert float(seconds) >= 60_000 * 8 / 800e3 - 1500 * 8 / 800e3
    assert 60_000 < sent.bytes_delivered < 75_000
    assert road.down.counters.packets_delivered > 10
    assert not namespaces()


def test_the_tool_returns_the_commands_exit_code_and_counts(
    joins: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """`badlink -- COMMAND`: status of COMMAND, addresses in the environment, counters on stderr."""
    if not joins:
        check_refusal(capsys)
        return
    code = (
        "import os, socket, sys; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
        "s.sendto(bytes(72), (os.environ['BADLINK_HUB'], 9)); sys.exit(7)"
    )
    arguments = ["--link", "lan", "--json", "--hub-command", "sleep 60", "--hub-wait", "0"]
    assert guarded(main, [*arguments, "--", sys.executable, "-c", code]) == 7
    counted = json.loads(capsys.readouterr().err)
    assert counted["up"]["bytes_offered"] == 100
    assert not namespaces()


def test_a_hub_command_that_fails_at_once_is_said(
    joins: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    if not joins:
        check_refusal(capsys)
        return
    with pytest.raises(XtError, match="exit code 3"):
        run_joined(Duplex(profile("lan"), overhead=0), ["true"], "exit 3", 1.0)
    assert not namespaces()


def test_a_terminated_tool_leaves_nothing_behind(
    joins: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """SIGTERM in the middle of a command: both namespaces and the command are gone."""
    if not joins:
        check_refusal(capsys)
        return
    command = [sys.executable, "-m", "xtcli.transport.emulator.badlink", "--link", "lan", "--"]
    inside = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(60)"]
    with subprocess.Popen([*command, *inside], stdout=subprocess.PIPE, text=True) as tool:
        assert tool.stdout is not None
        assert tool.stdout.readline() == "up\n"
        tool.terminate()
        assert tool.wait(30) == 143
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert f"xtbad-{tool.pid}-" not in listed.stdout


def test_ctrl_c_before_the_command_begins(joins: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """While the hub has its head start: no traceback, 130, nothing left behind."""
    if not joins:
        check_refusal(capsys)
        return
    words = [sys.executable, "-m", "xtcli.transport.emulator.badlink", "--link", "lan",
             "--hub-command", "echo up; sleep 60", "--hub-wait", "60", "--", "true"]  # fmt: skip
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as tool:
        assert tool.stdout is not None
        assert tool.stderr is not None
        assert tool.stdout.readline() == "up\n"
        tool.send_signal(signal.SIGINT)
        assert tool.wait(30) == 130
        assert tool.stderr.read() == ""
    listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert f"xtbad-{tool.pid}-" not in listed.stdout


def test_what_a_killed_run_left_is_removed(joins: bool, capsys: pytest.CaptureFixture[str]) -> None:
    """Namespaces named after a process that is no more are stale."""
    if not joins:
        check_refusal(capsys)
        return
    with subprocess.Popen(["true"]) as gone:
        pass
    name = f"xtbad-{gone.pid}-dead-post"
    subprocess.run(["ip", "netns", "add", name], check=True)
    with JoinedHosts(Duplex(profile("lan"), overhead=0)):
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert name not in listed.stdout


def test_a_killed_tool_leaves_nothing_to_the_next_run(
    joins: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    """kill -9 while a command runs: the next run ends the command and removes its namespaces."""
    if not joins:
        check_refusal(capsys)
        return
    inside = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
    words = [sys.executable, "-m", "xtcli.transport.emulator.badlink", "--link", "lan", "--",
             sys.executable, "-c", inside]  # fmt: skip
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as tool:
        assert tool.stdout is not None
        command = int(tool.stdout.readline())
        tool.kill()
    assert runs(command)
    with JoinedHosts(Duplex(profile("lan"), overhead=0)):
        listed = subprocess.run(["ip", "netns", "list"], capture_output=True, text=True, check=True)
    assert f"xtbad-{tool.pid}-" not in listed.stdout
    assert not runs(command)


def test_requirements_are_named_one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Not Linux, not root, no `ip`, no TUN device: each has its own sentence and way out."""
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(XtError, match="Linux only"):
        require_tun()
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(XtError, match="needs root"):
        require_tun()
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(XtError, match="ip is missing"):
        require_tun()
    monkeypatch.setattr(shutil, "which", lambda _: "/sbin/ip")
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(XtError, match="/dev/net/tun"):
        require_tun()


def test_kernel_chatter_is_not_carried() -> None:
    """Unicast IP of both families passes; multicast and what is no IP does not."""
    v4 = bytes([0x45]) + bytes(15) + bytes([10, 77, 0, 2])
    v6 = bytes([0x60]) + bytes(23) + bytes([0xFD]) + bytes(15)
    assert wanted(v4)
    assert wanted(v6)
    assert not wanted(v4[:16] + bytes([224, 0, 0, 22]))
    assert not wanted(v6[:24] + bytes([0xFF]) + v6[25:])
    assert not wanted(b"")
    assert not wanted(bytes(60))


def test_the_script_explains_itself() -> None:
    """`--help` lists every link with an example; without work to do it says what to give."""
    shown = subprocess.run([BADLINK, "--help"], capture_output=True, text=True, check=True).stdout
    assert all(word in shown for word in ("satphone", "--outage", "--trace", "sudo", "BADLINK_HUB"))
    chinese = {**os.environ, "XT_LANG": "zh", "COLUMNS": "80"}
    han = subprocess.run([BADLINK, "--help"], capture_output=True, text=True, check=True,
                         env=chinese).stdout  # fmt: skip
    for line in han.splitlines():
        words = line.split()
        plain = not words or words[0] in ("sudo", "--", "scripts/badlink")
        assert plain or any("\u4e00" <= sign <= "\u9fff" for sign in line), line
    assert set(re.findall(r"--[a-z-]+", han)) == set(re.findall(r"--[a-z-]+", shown))
    idle = subprocess.run([BADLINK], capture_output=True, text=True, check=False)
    assert idle.returncode == ExitCode.USAGE
    assert "--help" in idle.stderr
    wrong = subprocess.run(
        [BADLINK, "--", "no-such-command"], capture_output=True, text=True, check=False
    )
    assert "no-such-command" in wrong.stderr
