"""The screens against their bars: start, memory, keys, bytes, arrivals, a follow-up by keystrokes.

Everything is measured at a pty, from the key written to the last byte painted, on a log of ten
thousand cases that it makes itself. `--json` prints rows, `--keep FOLDER` keeps the log for the
next run.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from _tui_arrivals import arrivals  # type: ignore[import-not-found]
from _tui_home import make  # type: ignore[import-not-found]
from _tui_terminal import Painted, Terminal  # type: ignore[import-not-found]

from xtcli.clinic import icd10
from xtcli.station import shell

KEYS_A_SECOND = 3.0
OPEN_QUIET_SECONDS = 0.3


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    bar: str
    figure: str
    passed: bool


def p95(values: Iterable[float]) -> float:
    """The value that 95 % do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))]


def start(home: Path, kind: str = "desk") -> Terminal:
    """`xt tui` on a home, without a hub."""
    env = {**os.environ, "XT_HOME": str(home), "XT_LANG": "zh", "TERM": "xterm-256color",
           "COLORTERM": "truecolor"}  # fmt: skip
    return Terminal([sys.executable, "-m", "xtcli", "tui", "--no-sync"], env, 80, 24)


def starts(home: Path, count: int) -> list[tuple[float, float]]:
    """(Seconds from starting the process to the first row, processor seconds), `count` times."""
    found = []
    for _ in range(count):
        with start(home) as screen:
            found.append((screen.wait_for("心内科"), screen.cpu_seconds()))
    return found


def keys(screen: Terminal, names: Iterable[str]) -> list[Painted]:
    """Press keys one after another; those that change nothing on the screen are left out."""
    return [painted for name in names if (painted := screen.press(name, 0.5)).count]


@dataclass(frozen=True, slots=True)
class Session:
    """What keys brought in the queue, in case and answer, and where they opened a screen."""

    queue: list[Painted]
    case: list[Painted]
    opened: list[Painted]
    memory: int
    cpu: float
    """Processor seconds a key, which do not depend on what else the machine does."""


def opening(screen: Terminal, key: str) -> Painted:
    """A key that opens a screen, until that is whole."""
    screen.forget()
    found = screen.press(key, 1.0, OPEN_QUIET_SECONDS)
    screen.forget()
    return found


def session(home: Path) -> Session:
    """Walk through queue, case and answer."""
    with start(home) as screen:
        screen.wait_for("心内科")
        screen.forget()
        before = screen.cpu_seconds()
        # Every key changes something: one that does not would be timed by the next clock tick.
        walk = ["down"] * 40 + ["up"] * 10 + ["home", *["pagedown"] * 3, *["pageup"] * 3, "end"]
        queue = keys(screen, [*walk, "home", "6", *["down"] * 20, *["pagedown"] * 6, "home", "1"])
        opened = [opening(screen, "enter")]
        case = keys(screen, ["2", "3", "4", "5", "1"] * 4)
        opened.append(opening(screen, "f2"))
        case += keys(screen, [*"gxb", "enter", "enter", *"低盐饮食，监测血压，一周后复诊"])
        count = len(queue) + len(case) + len(opened)
        used = (screen.cpu_seconds() - before) / count
        return Session(queue, case, opened, screen.memory_bytes(), used)


def follow_up(home: Path) -> tuple[int, float]:
    """Keys and seconds of a follow-up consult at three keys a second, to the saved record."""
    script: list[str] = [
        "f3", *"复诊，血压偏高", "enter", *"需要调药吗？", "enter", *"150/92", "enter", *"78",
        "enter", *"36.6", "enter", *"97", "enter", "f2", "enter",
    ]  # fmt: skip
    with start(home, "post") as screen:
        screen.wait_for("心内科")
        screen.press("enter")
        time.sleep(1)
        screen.forget()
        began = time.perf_counter()
        for number, name in enumerate(script):
            left = began + number / KEYS_A_SECOND - time.perf_counter()
            if left > 0:
                screen.read(left)
                time.sleep(max(0.0, began + number / KEYS_A_SECOND - time.perf_counter()))
            screen.data = b""
            screen.press(name, 0.01)
        screen.wait_for("已存本机")
        return len(script), time.perf_counter() - began


def diagnosis() -> float:
    """p95 seconds of a search for each key typed, over the whole table."""
    icd10.table()
    times = []
    for word in ("高血压", "gxy", "I10", "tnb", "糖尿病", "xg", "肺炎", "fy", "脑梗", "zqgy"):
        for end in range(1, len(word) + 1):
            began = time.perf_counter()
            icd10.search(word[:end], 6)
            times.append(time.perf_counter() - began)
    return p95(times)


def ms(seconds: float) -> str:
    """Milliseconds."""
    return f"{seconds * 1000:.0f} ms"


def table(root: Path, cases: int, seen: int) -> list[Row]:
    """Measure everything."""
    desk, post = root / "desk", root / "post"
    for home, kind, count in ((desk, "desk", cases), (post, "post", min(cases, 300))):
        if not home.exists():
            make(home, kind, count, shell.now(), shell.entropy)
    first = starts(desk, 5)
    walk = session(desk)
    queue, case, memory = walk.queue, walk.case, walk.memory
    wall = statistics.median(seconds for seconds, _ in first)
    every = [painted.count for painted in (*queue, *case)]
    count, seconds = follow_up(post)
    came = arrivals(root / "net", seen, 0.4)
    found = [
        Row(f"start to first paint, {cases} cases (median of 5)", "<= 1.0 s",
            f"{wall:.2f} s", wall <= 1.0),
        Row("  of it processor time", "", f"{statistics.median(c for _, c in first):.2f} s", True),
        Row("memory", "<= 150 MB", f"{memory / 1e6:.0f} MB", memory <= 150e6),
        Row("key to paint in the queue, p95", "<= 50 ms", ms(p95(p.last for p in queue)),
            p95(p.last for p in queue) <= 0.05),
        Row("key to paint in case and answer, p95", "<= 50 ms", ms(p95(p.last for p in case)),
            p95(p.last for p in case) <= 0.05),
        Row("  the same, median", "", ms(statistics.median(p.last for p in case)), True),
        Row("key to a screen opened and whole: case; answer form", "",
            "; ".join(ms(p.last) for p in walk.opened), True),
        Row("  processor time per key, mean", "", ms(walk.cpu), True),
        Row("bytes to the terminal per key, median", "<= 2 kB",
            f"{statistics.median(every):.0f} B", statistics.median(every) <= 2000),
        Row("diagnosis search per key, p95", "<= 50 ms", ms(diagnosis()), diagnosis() <= 0.05),
        Row(f"follow-up at 3 keys/s ({count} keys)", "<= 40 s", f"{seconds:.1f} s", seconds <= 40),
        Row(f"commit at the post to row and bell at the desk, p95 of {seen}", "<= 1 s",
            f"{p95(came):.2f} s", p95(came) <= 1.0),
    ]  # fmt: skip
    return found


def main() -> int:
    """Print the table; 1 when a bar was missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--arrivals", type=int, default=20)
    parser.add_argument("--keep", type=Path, help="keep the logs here for the next run")
    parser.add_argument("--json", action="store_true")
    chosen = parser.parse_args()
    root = chosen.keep or Path(tempfile.mkdtemp(prefix="xt-tui-"))
    root.mkdir(parents=True, exist_ok=True)
    try:
        found = table(root, chosen.cases, chosen.arrivals)
    finally:
        if chosen.keep is None:
            shutil.rmtree(root, ignore_errors=True)
    for row in found:
        if chosen.json:
            print(json.dumps(asdict(row), ensure_ascii=False))
        else:
            print(f"{'pass' if row.passed else 'MISS'}  {row.figure:>10}  {row.bar:>9}  {row.what}")
    return 0 if all(row.passed for row in found) else 1


if __name__ == "__main__":
    sys.exit(main())
