"""`xt` as people start it: a process with its own home, and what it says while it runs."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import IO, Any

from tests.calls.realm import until
from xtcli.records.ids import RecordId
from xtcli.station.station import Station

STARTED: list[Xt] = []


def end_all() -> None:
    """Kill what a test that failed has left behind."""
    for one in STARTED:
        if one.process.poll() is None:
            one.kill()
    STARTED.clear()


class Xt:
    """One command that runs. `keys`: its standard input, such as the end of a terminal."""

    def __init__(self, station: Station, *words: str, keys: int = subprocess.DEVNULL) -> None:
        environment = {**os.environ, "XT_HOME": str(station.home.root), "XT_LANG": "en"}
        self.said: list[str] = []
        self.out: list[str] = []
        self.process = subprocess.Popen(
            [sys.executable, "-m", "xtcli", *words], env=environment, stdin=keys,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdout is not None
        assert self.process.stderr is not None
        self._readers = [
            threading.Thread(target=self._read, args=(self.process.stdout, self.out), daemon=True),
            threading.Thread(target=self._read, args=(self.process.stderr, self.said), daemon=True),
        ]
        for reader in self._readers:
            reader.start()
        STARTED.append(self)

    @staticmethod
    def _read(stream: IO[str], lines: list[str]) -> None:
        with stream:
            lines.extend(iter(stream.readline, ""))

    def says(self, text: str, seconds: float = 90.0) -> bool:
        """Whether it comes to say `text`, on either stream."""
        return until(lambda: any(text in line for line in [*self.said, *self.out]), seconds)

    def interrupt(self) -> None:
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """As a power cut."""
        self.process.kill()
        self.wait()

    def wait(self, seconds: float = 120.0) -> int:
        """Its exit code, when all it said has been read."""
        code = self.process.wait(seconds)
        for reader in self._readers:
            reader.join()
        return code

    def report(self, seconds: float = 120.0) -> dict[str, Any]:
        """The JSON it printed."""
        self.wait(seconds)
        assert self.out, self.said
        found: dict[str, Any] = json.loads("".join(self.out))
        return found


class Watch(Xt):
    """`xt sync --watch` of a station, holding its link."""

    def __init__(self, station: Station) -> None:
        super().__init__(station, "sync", "--watch")
        assert until(lambda: (station.home.root / "line.json").exists()), self.said


def call(station: Station, case: RecordId, says: Path, out: Path, *words: str, **more: int) -> Xt:
    """`xt call` with files in place of microphone and speaker."""
    files = ("--file", str(says), "--out", str(out))
    return Xt(station, "call", str(case), *files, *words, "--json", **more)
