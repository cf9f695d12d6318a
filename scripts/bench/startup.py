"""How long whole `xt` processes take: help, a saved request, a list; beside an empty Python.

Each command runs ROUNDS times in turn with the others, after one round that warms the cache and is
not counted. Printed are medians of the wall time and of the processor time that the process itself
used, which does not depend on what else the machine does. Nothing is sent: there is no link. The
station is made for this on the spot and joins its hub through files.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROUNDS = 15
BARS = {"xt --help": 0.30, "xt request": 0.45}
"""Seconds of wall time on an idle machine."""
PATIENT = ("--patient", "其其格", "--sex", "f", "--born", "1962-05-01", "--dept", "心内科")
VITALS = ("--vital", "bp=165/95", "--vital", "pulse=88", "--vital", "temp=36.8")


def xt(home: Path, *words: str) -> str:
    """Run a command that must work; what it printed."""
    return subprocess.run([*XT, *words], env=environment(home), check=True, capture_output=True,
                          text=True).stdout.strip()  # fmt: skip


XT = (sys.executable, "-m", "xtcli")


def environment(home: Path) -> dict[str, str]:
    """The environment of the station at `home`."""
    return {**os.environ, "XT_HOME": str(home), "XT_LANG": "zh"}


def make_post(root: Path) -> Path:
    """A post that has joined a hub without a link."""
    hub, post = root / "hub", root / "post"
    xt(hub, "hub", "init", "--name", "旗医院", "--listen", "127.0.0.1:4400")
    xt(hub, "hub", "invite", "--station", "心内诊台", "--kind", "desk", "--practitioner", "王",
       "--dept", "心内科")  # fmt: skip
    code = xt(
        hub, "hub", "invite", "--station", "巴音村", "--kind", "post", "--practitioner", "乌兰"
    )
    asked, welcome = str(root / "join.xt"), str(root / "join.welcome")
    xt(post, "join", code, "--out", asked)
    xt(hub, "hub", "admit", asked, "--out", welcome)
    xt(post, "join", code, "--welcome", welcome)
    return post


def timed(command: tuple[str, ...], home: Path) -> tuple[float, float]:
    """Seconds of wall and of processor time that one process took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.perf_counter()
    subprocess.run(command, env=environment(home), check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)  # fmt: skip
    wall = time.perf_counter() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return wall, used


def measure(home: Path, rounds: int) -> dict[str, list[tuple[float, float]]]:
    """Times of every command, in turn; each request is another one."""
    found: dict[str, list[tuple[float, float]]] = {}
    for turn in range(rounds + 1):
        request = (
            "request",
            *PATIENT,
            *VITALS,
            "--complaint",
            f"胸闷{turn}天",
            "--question",
            "转诊",
        )
        commands: dict[str, tuple[str, ...]] = {
            "python -c pass": (sys.executable, "-c", "pass"),
            "xt --help": (*XT, "--help"),
            "xt request": (*XT, *request),
            "xt list": (*XT, "list"),
        }
        for name, command in commands.items():
            taken = timed(command, home)
            if turn:
                found.setdefault(name, []).append(taken)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="runs of each command")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(make_post(Path(folder)), max(1, options.rounds))
    rows = {
        name: {
            "wall_s": round(statistics.median(wall for wall, _ in times), 3),
            "cpu_s": round(statistics.median(used for _, used in times), 3),
            "bar_s": BARS.get(name),
        }
        for name, times in found.items()
    }
    if options.json:
        print(json.dumps({"rounds": options.rounds, "load": os.getloadavg()[0], "commands": rows}))
        return
    print(
        f"medians of {options.rounds} runs; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} CPUs"
    )
    for name, row in rows.items():
        bar = f"  bar {row['bar_s']:.2f} s" if row["bar_s"] else ""
        print(f"{name:<16} wall {row['wall_s']:.3f} s  processor {row['cpu_s']:.3f} s{bar}")


if __name__ == "__main__":
    main()
