"""A realm of real processes on loopback: a served hub, a post, a desk, real commands.

Everything runs in homes of its own; what a command says is saved is remembered.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterable
from pathlib import Path
from random import Random
from typing import Any

from tests.faults.hostile import HostileRelay
from tests.ports import free_port
from xtcli.records.ids import RecordId
from xtcli.records.log import Log
from xtcli.records.types import Kind, Request
from xtcli.station.home import Home

DEPT = "心内科"
SAVED = re.compile(r"^(\d+-\d+) saved: |: saved as (\d+-\d+)$", re.MULTILINE)
PATIENCE_S = 120.0
"""How long any one command may take before the test gives up on it."""
SHIFTED = Path(__file__).parent / "shifted.py"


class Realm:
    """Homes in a folder and the processes that use them."""

    def __init__(self, folder: Path, seed: int, *, hostile: bool = True) -> None:
        """Make the hub, start it, let a post and a desk join, through a hostile relay if wanted."""
        self.folder = folder
        self.random = Random(seed)
        self.port = free_port()
        self.hub: subprocess.Popen[str] | None = None
        self.relay = HostileRelay(("127.0.0.1", self.port), seed) if hostile else None
        advertise = self.relay.address if self.relay else f"127.0.0.1:{self.port}"
        self.said: dict[str, list[RecordId]] = {"post": [], "desk": []}
        self.shift: dict[str, float] = {}
        """Seconds by which the clock of a home's processes is wrong."""
        self.ok("hub", "hub", "init", "--name", "旗医院", "--listen", f"127.0.0.1:{self.port}",
                "--advertise", advertise)  # fmt: skip
        self.start_hub()
        self.join("post", "巴音村", "乌兰")
        self.join("desk", "心内诊台", "王主任", DEPT)

    def home(self, name: str) -> Path:
        """The folder of a station."""
        return self.folder / name

    def popen(self, name: str, *arguments: str) -> subprocess.Popen[str]:
        """Start one `xt` command."""
        start = [sys.executable, str(SHIFTED), str(self.shift.get(name, 0.0))]
        return subprocess.Popen([*start, *arguments], env=self.environment(name), text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)  # fmt: skip

    def environment(self, name: str) -> dict[str, str]:
        """What a command at a station runs with."""
        return {**os.environ, "XT_HOME": str(self.home(name)), "XT_LANG": "en",
                "PYTHONUNBUFFERED": "1", "PYTHONPATH": str(SHIFTED.parents[2])}  # fmt: skip

    def run(self, name: str, *arguments: str) -> tuple[int, str]:
        """One command to its end: exit code and output."""
        process = self.popen(name, *arguments)
        output, _ = process.communicate(timeout=PATIENCE_S)
        self.note(name, output)
        return process.returncode, output

    def ok(self, name: str, *arguments: str) -> str:
        """One command that must succeed; its output."""
        code, output = self.run(name, *arguments)
        assert code == 0, f"xt {' '.join(arguments)} gave {code}: {output}"
        return output

    def note(self, name: str, output: str) -> None:
        """Remember what a command said is saved."""
        for found in SAVED.finditer(output):
            self.said.setdefault(name, []).append(RecordId.parse(found.group(1) or found.group(2)))

    # The hub

    def start_hub(self) -> None:
        """Serve, and wait until it listens."""
        self.hub = self.popen("hub", "hub", "serve")
        assert self.hub.stdout is not None
        line = self.hub.stdout.readline()
        assert "listens" in line, line + self.hub.stdout.read()
        self.hub_output: list[str] = []
        self._drains = threading.Thread(target=self._drain, args=(self.hub, self.hub_output))
        self._drains.start()

    def _drain(self, hub: subprocess.Popen[str], output: list[str]) -> None:
        assert hub.stdout is not None
        with hub.stdout:
            output.extend(iter(hub.stdout.readline, ""))

    def stop_hub(self, *, kill: bool = False) -> None:
        """End it, orderly or with kill -9."""
        if self.hub is not None:
            self.hub.kill() if kill else self.hub.terminate()
            self.hub.wait(timeout=PATIENCE_S)
            self._drains.join()
            self.hub = None

    def hub_alive(self) -> bool:
        """Whether it still runs."""
        return self.hub is not None and self.hub.poll() is None

    def join(self, name: str, station: str, who: str, dept: str = "") -> None:
        """Invite and join."""
        kind = ["--kind", "desk", "--dept", dept] if dept else ["--kind", "post"]
        output = self.ok("hub", "hub", "invite", "--station", station, "--practitioner", who,
                         "--json", *kind)  # fmt: skip
        code: dict[str, Any] = json.loads(output)
        self.ok(name, "join", code["code"])

    def close(self) -> None:
        """End everything."""
        self.stop_hub(kill=True)
        if self.relay is not None:
            self.relay.close()

    # Commands

    def request(self, token: str, *more: str) -> list[str]:
        """The words of a request that can be told from all others."""
        return ["request", "--patient", "其其格", "--sex", "f", "--born", "1962-05-01", "--dept",
                DEPT, "--complaint", f"胸闷3天 {token}", "--question", "是否需要转诊", "--vital",
                "bp=165/95", *more]  # fmt: skip

    # What must hold

    def settle(self) -> None:
        """Everybody runs and syncs until nothing waits anywhere."""
        if not self.hub_alive():
            self.start_hub()
        for _ in range(8):
            codes = [self.run(name, "sync", "--timeout", "60")[0] for name in ("post", "desk")]
            rows = json.loads(self.ok("hub", "hub", "stations", "--json"))
            rows = rows["stations"] if isinstance(rows, dict) else rows
            if codes == [0, 0] and not any(row["waiting"] for row in rows):
                return
        raise AssertionError(f"not settled: {codes} {rows}")

    def log(self, name: str) -> Log:
        """A station's log, opened as another process."""
        home = Home(self.home(name))
        return Log(home.log_path, own=home.settings().number)

    def verify(self, tokens: Iterable[str] = ()) -> None:
        """Every record that was called saved is everywhere it must be, once, and logs check."""
        for name in ("hub", "post", "desk"):
            self.ok(name, "log", "verify")
        logs = {name: self.log(name) for name in ("hub", "post", "desk")}
        try:
            for name, said in self.said.items():
                for item in said:
                    digests = [log.digest_at(*item) for log in logs.values()]
                    assert None not in digests, (
                        f"{item}, saved at the {name}, is missing: {digests}"
                    )
                    assert len(set(digests)) == 1
            for name, log in logs.items():
                assert not log.held(), f"held at {name}"
                assert not log.refused(), f"refused at {name}: {[a.why for a in log.refused()]}"
                filed = [r.body.complaint.split()[-1] for r in log.of_kinds([Kind.REQUEST])
                         if isinstance(r.body, Request)]  # fmt: skip
                assert len(filed) == len(set(filed)), f"a document became two cases at {name}"
                assert set(filed) >= set(tokens), f"{set(tokens) - set(filed)} missing at {name}"
            cases = [{r.id: r.digest for r in log.of_kinds([Kind.REQUEST])}
                     for log in logs.values()]  # fmt: skip
            assert cases[0] == cases[1] == cases[2], "the stations have different cases"
        finally:
            for log in logs.values():
                log.close()
