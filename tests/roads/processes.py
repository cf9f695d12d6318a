"""Real `xt` processes for tests of roads, and lines of bytes between them."""

from __future__ import annotations

import json
import os
import random
import selectors
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

XT = Path(sys.executable).with_name("xt")
START_SECONDS_MAX = 60.0


def environment(home: Path) -> dict[str, str]:
    return {**os.environ, "XT_HOME": str(home), "PYTHONUNBUFFERED": "1", "XT_LANG": "en",
            "XT_DEBUG": "1"}  # fmt: skip


def xt(home: Path, *words: str, code: int = 0) -> dict[str, Any]:
    """Run one command; its JSON. Fails unless it ends with `code`."""
    done = subprocess.run(
        [XT, *words, "--json"], env=environment(home), capture_output=True, text=True, check=False
    )
    assert done.returncode == code, f"{words}: {done.returncode}\n{done.stdout}\n{done.stderr}"
    found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return found


@contextmanager
def serving(home: Path, *words: str) -> Iterator[list[dict[str, Any]]]:
    """`xt hub serve`, up; yields the lines it prints."""
    process = subprocess.Popen(
        [XT, "hub", "serve", "--json", *words], env=environment(home), stdout=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    lines: list[dict[str, Any]] = []
    wanted = 1 + sum(word in ("--serial", "--https") for word in words)
    assert process.stdout is not None
    stdout = process.stdout

    def pump() -> None:
        for line in stdout:
            lines.append(json.loads(line))

    thread = threading.Thread(target=pump, daemon=True)
    thread.start()
    try:
        end = time.monotonic() + START_SECONDS_MAX
        while len(lines) < wanted and process.poll() is None and time.monotonic() < end:
            time.sleep(0.02)
        assert len(lines) >= wanted, lines
        yield lines
    finally:
        process.terminate()
        process.wait(60)
        thread.join(5)
        stdout.close()


@dataclass
class Line:
    """Two pseudo-terminals joined by a line of `rate` bytes a second, with noise from `seed`."""

    rate: float = 60_000.0
    noise: float = 0.0
    seed: int = 1
    ends: list[str] = field(default_factory=list)
    carried: int = 0
    each: list[int] = field(default_factory=lambda: [0, 0])
    """Bytes that each end has sent."""
    cut: bool = False

    def __enter__(self) -> Line:
        pairs = [os.openpty() for _ in range(2)]
        self._masters = [pair[0] for pair in pairs]
        self._slaves = [pair[1] for pair in pairs]
        for slave in self._slaves:
            tty.setraw(slave)
        self.ends = [os.ttyname(slave) for slave in self._slaves]
        self._random = random.Random(self.seed)
        self._stop = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        return self

    def _run(self) -> None:
        chosen = selectors.DefaultSelector()
        for number, master in enumerate(self._masters):
            chosen.register(master, selectors.EVENT_READ, (number, self._masters[1 - number]))
        while not self._stop:
            for key, _ in chosen.select(0.05):
                data = os.read(key.fd, 256)
                number, other = key.data
                self.carried += len(data)
                self.each[number] += len(data)
                if not self.cut:
                    os.write(other, self._noisy(data))
                time.sleep(len(data) / self.rate)
        chosen.close()

    def _noisy(self, data: bytes) -> bytes:
        """Bytes changed, lost and added, now and then."""
        out = bytearray()
        for byte in data:
            chance = self._random.random()
            if chance > self.noise:
                out.append(byte)
            elif chance < self.noise / 3:
                out += self._random.randbytes(3)
            elif chance < self.noise / 1.5:
                out.append(byte ^ 1 << self._random.randrange(8))
        return bytes(out)

    def __exit__(self, *error: object) -> None:
        self._stop = True
        self._thread.join(5)
        for handle in self._masters + self._slaves:
            os.close(handle)
