"""A hub, a post and a desk as real processes on loopback: how long until a new request is seen."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from _tui_terminal import Terminal  # type: ignore[import-not-found]

from xtcli.errors import XtError
from xtcli.station import shell
from xtcli.station.forms import RequestForm
from xtcli.station.home import Home
from xtcli.station.station import Station

DEPT = "心内科"
BELL = b"\x07"
PATIENCE_SECONDS = 10.0
STARTED_SECONDS = 8.0


def free_port() -> int:
    """A UDP port nobody uses."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def xt(home: Path, *arguments: str) -> str:
    """One `xt` command in a home; what it printed."""
    env = {**os.environ, "XT_HOME": str(home), "XT_LANG": "en"}
    done = subprocess.run([sys.executable, "-m", "xtcli", *arguments], env=env, text=True,
                          capture_output=True, check=False)  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"xt {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


def form(number: int) -> RequestForm:
    """A request whose patient's name is found nowhere else."""
    return RequestForm(
        patient=f"测试{number:03d}", sex="f", born="1970-05-06", dept=DEPT, urgency="urgent",
        complaint="头晕", question="怎么办", allergy="无", vital=["bp=150/90"],
    )  # fmt: skip


class Network:
    """A hub that is served, an enrolled post and an enrolled desk."""

    def __init__(self, root: Path) -> None:
        """Make and start everything but the desk's screens."""
        self.root = root
        port = free_port()
        hub, self.post, self.desk = root / "hub", root / "post", root / "desk"
        xt(hub, "hub", "init", "--name", "hub", "--listen", f"127.0.0.1:{port}")
        codes = {}
        for kind, place in (("post", self.post), ("desk", self.desk)):
            more = ("--dept", DEPT) if kind == "desk" else ()
            said = xt(hub, "hub", "invite", "--station", kind, "--kind", kind, "--practitioner",
                      f"{kind} doctor", *more, "--json")  # fmt: skip
            codes[place] = json.loads(said)["code"]
        env = {**os.environ, "XT_HOME": str(hub)}
        quiet = subprocess.DEVNULL
        self.hub = subprocess.Popen(
            [sys.executable, "-m", "xtcli", "hub", "serve"], env=env, stdout=quiet, stderr=quiet
        )
        for place, code in codes.items():
            xt(place, "join", code)

    def close(self) -> None:
        """Stop the hub."""
        self.hub.terminate()
        self.hub.wait(10)


def arrivals(root: Path, count: int, spacing: float) -> list[float]:
    """Seconds from the commit at the post until the desk has shown the row and rung, `count` times.

    The way through post and hub on loopback is included, so this is more than what is asked for.
    """
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir(parents=True)
    network = Network(root)
    post = Station(Home(network.post), clock=shell.now, entropy=shell.entropy)
    link = Station(Home(network.post), clock=shell.now, entropy=shell.entropy)

    def talk() -> None:
        with suppress(XtError):
            link.sync(0.0, watch=True)

    threading.Thread(target=talk, daemon=True).start()
    env = {**os.environ, "XT_HOME": str(network.desk), "XT_LANG": "zh", "TERM": "xterm-256color"}
    try:
        with Terminal([sys.executable, "-m", "xtcli", "tui"], env, 80, 24) as screen:
            screen.wait_for("待答复")
            time.sleep(STARTED_SECONDS)
            screen.forget()
            return [_one(screen, post, number, spacing) for number in range(count)]
    finally:
        network.close()


def _one(screen: Terminal, post: Station, number: int, spacing: float) -> float:
    wanted = f"测试{number:03d}".encode()
    screen.data = b""
    start = time.perf_counter()
    post.file(form(number))
    while time.perf_counter() - start < PATIENCE_SECONDS:
        screen.read(0.01)
        if wanted in screen.data and BELL in screen.data:
            found = time.perf_counter() - start
            time.sleep(spacing)
            screen.forget()
            return found
    return PATIENCE_SECONDS
