"""A hub that serves as a process, and stations of this process, for tests of calls and pictures."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.ports import free_port
from xtcli.hub.admission import Admission
from xtcli.hub.hub import HubStation
from xtcli.hub.setup import ROOT
from xtcli.records.ids import RecordId
from xtcli.records.keys import Keys
from xtcli.records.log import Log
from xtcli.records.sign import realm_of
from xtcli.records.types import StationEntry
from xtcli.records.values import StationKind
from xtcli.station import enrolment, shell
from xtcli.station.forms import RequestForm
from xtcli.station.happenings import Happening
from xtcli.station.home import Home, Settings
from xtcli.station.invite import Invitation, fingerprint
from xtcli.station.station import Station
from xtcli.station.syncing import Traffic, run_sync

DEPT = "心内科"
REQUEST: dict[str, object] = {
    "patient": "苏日娜", "sex": "f", "born": "1961-04-09", "dept": DEPT, "phone": "13904710000",
    "complaint": "胸闷胸痛三小时", "history": "劳动后突发胸骨后压榨样疼痛，伴出汗。",
    "exam": "心率快，律齐。", "allergy": "青霉素过敏", "question": "是否需要立即转诊？",
    "vital": ["bp=165/95", "hr=104", "spo2=95"],
}  # fmt: skip


SERVE = ["-c", "import xtcli.hub.serving as s; s.serve(as_json=True)"]


def until(test: Callable[[], bool], seconds: float = 120.0) -> bool:
    """Whether `test` came true in time."""
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            return False
        time.sleep(0.02)
    return True


class Watcher:
    """`xt sync --watch` in a thread: holds the link of one home and hears what arrives."""

    def __init__(self, station: Station) -> None:
        self.heard: list[Happening] = []
        self._station = station
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        assert until(lambda: (station.home.root / "line.json").exists())

    def _progress(self, traffic: Traffic) -> None:
        if self._end.is_set():
            raise SystemExit

    def _run(self) -> None:
        try:
            run_sync(self._station, 0.0, watch=True, show=self.heard.append,
                     progress=self._progress)  # fmt: skip
        except SystemExit:
            return

    def rings(self) -> bool:
        return any(one.kind == "ring" for one in self.heard)

    def stop(self) -> None:
        self._end.set()
        self._thread.join(10)
        self._station.close()


@dataclass
class Realm:
    """Homes below `root`. `link` puts an emulated link between the posts and the hub."""

    root: Path
    link: str = ""
    opened: list[Station] = field(default_factory=list)
    processes: list[subprocess.Popen[str]] = field(default_factory=list)
    watchers: list[Watcher] = field(default_factory=list)
    readers: list[threading.Thread] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.address = self.road = f"127.0.0.1:{free_port()}"
        self.hub_home = Home(self.root / "hub")
        self._make_hub()
        self._process(SERVE, "hub")
        if self.link:
            words = ["--link", self.link, "--seed", "1", "--listen", "127.0.0.1:0", "--to",
                     self.address, "--json"]  # fmt: skip
            said = self._process(["-m", "xtcli.transport.emulator", *words], "")
            self.road = f"{said['host']}:{said['port']}"

    def _process(self, words: list[str], home: str) -> dict[str, Any]:
        """Start a process; the first line it prints, which is JSON."""
        made = subprocess.Popen(
            [sys.executable, *words], env={**os.environ, "XT_HOME": str(self.root / home)},
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self.processes.append(made)
        assert made.stdout is not None
        said: dict[str, Any] = json.loads(made.stdout.readline())
        reader = threading.Thread(target=made.stdout.read, daemon=True)
        reader.start()
        self.readers.append(reader)
        return said

    def restart_hub(self) -> None:
        """The hub forgets who was connected."""
        old = self.processes[0]
        old.kill()
        old.wait()
        self._process(SERVE, "hub")
        self.processes[0] = self.processes.pop()
        assert old.stdout is not None
        self.readers.pop(0).join()
        old.stdout.close()

    def _make_hub(self) -> None:
        home, keys = self.hub_home, Keys.make(shell.entropy)
        home.make()
        settings = Settings(
            name="旗医院", kind="hub", number=ROOT, practitioner=0,
            realm=realm_of(keys.station_sign_public), hub_sign=keys.station_sign_public,
            hub_seal=keys.station_seal_public, hub_address=self.address,
        )  # fmt: skip
        Log(home.log_path, own=ROOT).close()
        home.write(home.keys_path, keys.to_bytes())
        home.write_settings(settings)
        hub = HubStation(home, clock=shell.now, entropy=shell.entropy)
        hub.write(
            StationEntry(ROOT, "旗医院", StationKind.HUB, keys.station_sign_public,
                         keys.station_seal_public), automatic=True,
        )  # fmt: skip
        hub.close()

    def join(self, name: str, kind: str = "post", dept: str = "") -> Station:
        """Enrol a station, as through files; open."""
        hub = HubStation(self.hub_home, clock=shell.now, entropy=shell.entropy)
        admission = Admission(hub)
        made, secret = admission.invites.make(
            station=name, kind=kind, practitioner=f"医生{name}", role="",
            depts=(dept,) if dept else (), place="", now=shell.now(), valid_seconds=1e6,
            entropy=shell.entropy,
        )  # fmt: skip
        code = Invitation(
            self.road if kind == "post" else self.address, hub.settings.hub_seal,
            fingerprint(hub.settings.hub_sign, hub.settings.hub_seal), made.id, secret,
        ).code()  # fmt: skip
        home = Home(self.root / name)
        joining = enrolment.begin(home, code)
        answer = admission.answer(enrolment.JOIN_BYTE + joining.request(shell.now()))
        assert answer is not None
        enrolment.finish(home, joining, enrolment.open_welcome(joining, answer))
        admission.close()
        hub.close()
        return self.station(name)

    def station(self, name: str) -> Station:
        """A station, open once more."""
        made = Station(Home(self.root / name), clock=shell.now, entropy=shell.entropy)
        self.opened.append(made)
        return made

    def watch(self, name: str) -> Watcher:
        """Hold the link of a station."""
        made = Watcher(Station(Home(self.root / name), clock=shell.now, entropy=shell.entropy))
        self.watchers.append(made)
        return made

    def close(self) -> None:
        """End everything."""
        for watcher in self.watchers:
            watcher.stop()
        for station in self.opened:
            station.close()
        for process in self.processes:
            process.kill()
            process.wait()
        for reader in self.readers:
            reader.join()
        for process in self.processes:
            assert process.stdout is not None
            process.stdout.close()


def file_request(post: Station, **changes: object) -> RecordId:
    """File a request at a post; its case."""
    return post.file(RequestForm.from_document({**REQUEST, **changes})).case


def sync(*stations: Station) -> None:
    """Each in turn exchanges with the hub until nothing waits."""
    for station in stations:
        report = station.sync(60.0)
        assert int(report.exit_code) == 0, (station.settings.name, report)
