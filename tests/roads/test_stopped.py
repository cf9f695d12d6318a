"""Ctrl-C in the middle: one JSON document with what was reached, exit code 130, everything kept."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.roads.processes import XT, environment, xt
from tests.roads.realm import DEPT, Realm, file_request
from tests.roads.test_folder_road import visit
from xtcli.cli.roads import say_road
from xtcli.errors import ExitCode
from xtcli.station import roads
from xtcli.station.roads_folder import FolderReport

SECONDS_MAX = 60.0
ASKS = ["--patient", "其其格", "--sex", "f", "--born", "1962-05-01", "--dept", DEPT, "--complaint",
        "胸闷", "--allergy", "无", "--question", "是否需要转诊"]  # fmt: skip


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address="127.0.0.1:9")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


@contextmanager
def nobody() -> Iterator[socket.socket]:
    """An address where somebody listens and never answers."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        sock.settimeout(SECONDS_MAX)
        yield sock


def start(home: Path, *words: str, language: str = "en") -> subprocess.Popen[str]:
    return subprocess.Popen(
        [XT, *words], env=environment(home) | {"XT_LANG": language}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
        # Whoever runs the tests in the background has SIGINT ignored, and children inherit it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )  # fmt: skip


def stop(process: subprocess.Popen[str]) -> tuple[str, str]:
    """Ctrl-C; what it printed. It leaves with the code of that."""
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=SECONDS_MAX)
    assert process.returncode == ExitCode.STOPPED, (out, err)
    return out, err


def documents(out: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in out.splitlines()]


@pytest.mark.parametrize("watch", [[], ["--watch"]], ids=["sync", "watch"])
def test_a_sync(realm: Realm, watch: list[str]) -> None:
    """The report as ever, with `stopped`; the record waits on."""
    file_request(realm.station("post"))
    realm.close()
    with nobody() as hub:
        via = ["--via", f"udp:127.0.0.1:{hub.getsockname()[1]}"]
        process = start(realm.root / "post", "sync", "--json", *via, *watch)
        hub.recv(2000)
        out, _ = stop(process)
        (said,) = documents(out)
        assert said["exit_code"] == "stopped"
        assert said["road"] == "udp"
        assert said["waiting_records"] == 1
        assert said["datagrams_sent"] >= 1
    with nobody() as hub:
        via = ["--via", f"udp:127.0.0.1:{hub.getsockname()[1]}"]
        process = start(realm.root / "post", "sync", *via, *watch, language="zh")
        hub.recv(2000)
        out, err = stop(process)
    assert out == ""
    assert "已停止" in err
    assert "等待回执：记录 1 条" in err
    assert realm.station("post").log.waiting(1).records == 1


def test_a_sync_beside_another(realm: Realm) -> None:
    """Another process has the link: this one only looks on, and is stopped as well."""
    file_request(realm.station("post"))
    realm.close()
    with nobody() as hub:
        xt(realm.root / "post", "link", "add", f"udp:127.0.0.1:{hub.getsockname()[1]}")
        xt(realm.root / "post", "link", "remove", "udp")
        first = start(realm.root / "post", "sync", "--json")
        hub.recv(2000)
        second = start(realm.root / "post", "sync", "--json", "--timeout", "1000")
        wait_until_it_waits(second)
        said = [documents(stop(one)[0]) for one in (second, first)]
    assert [len(one) for one in said] == [1, 1]
    assert {one[0].get("exit_code") for one in said} == {"stopped"}


def wait_until_it_waits(process: subprocess.Popen[str]) -> None:
    """Until a process has opened the log and slept often between two looks at it: the first few
    times it only asks whether the link is free."""
    end, slept = time.monotonic() + SECONDS_MAX, 0
    where = Path(f"/proc/{process.pid}")
    while time.monotonic() < end and slept < 20:
        opened = [str(one.resolve()) for one in (where / "fd").iterdir()]
        if any("log.db" in one for one in opened) and "sleep" in (where / "wchan").read_text():
            slept += 1
        time.sleep(0.05)


def test_a_request_that_waits(realm: Realm) -> None:
    """It is saved, and the document says so: a script must know its case."""
    with nobody() as hub:
        xt(realm.root / "post", "link", "add", f"udp:127.0.0.1:{hub.getsockname()[1]}")
        xt(realm.root / "post", "link", "remove", "udp")
        process = start(realm.root / "post", "request", *ASKS, "--wait", "1000", "--json")
        hub.recv(2000)
        out, err = stop(process)
    (said,) = documents(out)
    assert (said["state"], said["seconds"]) == ("sent", None)
    assert "Stopped" in err
    (row,) = xt(realm.root / "post", "list")["cases"]
    assert row["case"] == said["case"]


def test_short_messages(realm: Realm, tmp_path: Path) -> None:
    """The command is let end in peace; what it has sent is told."""
    file_request(realm.station("post"))
    realm.close()
    mark = tmp_path / "mark"
    modem = tmp_path / "modem"
    modem.write_text(f"#!/bin/sh\necho SIZE 1750\nread a\necho SENT 1\n: > {mark}\ncat >&2\n")
    modem.chmod(0o700)
    process = start(realm.root / "post", "sync", "--via", f"sms:{modem}", "--json")
    end = time.monotonic() + SECONDS_MAX
    while not mark.exists() and time.monotonic() < end:
        time.sleep(0.02)
    out, _ = stop(process)
    (said,) = documents(out)
    assert said["exit_code"] == "stopped"
    assert said["waiting_records"] == 1


def test_a_stick(realm: Realm, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Between two bundles: the first is there, the second goes with the next visit."""
    stick = tmp_path / "stick"
    stick.mkdir()
    post = realm.station("post")
    file_request(post)
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4\n" + bytes(3000))
    post.attach(file_request(post, complaint="头晕"), paper)

    def press(report: FolderReport) -> None:
        raise KeyboardInterrupt

    report = roads.visit_folder(post, stick, on_step=press)
    assert (report.exit_code, report.put) == (ExitCode.STOPPED, 1)
    say_road(report, as_json=True)
    assert json.loads(capsys.readouterr().out)["exit_code"] == "stopped"
    assert visit(post, stick).exit_code is ExitCode.OK
    hub = realm.hub()
    assert visit(hub, stick).taken >= 2
