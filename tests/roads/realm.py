"""A small realm on disk for tests of roads: hub, posts, desks, real ones, enrolled by file."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from pathlib import Path

from xtcli.hub.admission import Admission
from xtcli.hub.hub import HubStation
from xtcli.hub.setup import ROOT
from xtcli.records.ids import RecordId
from xtcli.records.keys import Keys
from xtcli.records.log import Log
from xtcli.records.sign import realm_of
from xtcli.records.types import StationEntry
from xtcli.records.values import StationKind
from xtcli.station import enrolment
from xtcli.station.forms import AnswerForm, RequestForm
from xtcli.station.home import Home, Settings
from xtcli.station.invite import Invitation, fingerprint
from xtcli.station.station import Station

WALL = 1_800_000_000.0
DEPT = "心内科"


@dataclass
class Clock:
    """Unix time that only the test moves."""

    at: float = WALL

    def __call__(self) -> float:
        return self.at


@dataclass
class Realm:
    """Homes below `root`; stations are opened and closed by the test."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    seed: int = 1
    hub_address: str = "127.0.0.1:4400"
    opened: list[Station] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)
        self.hub_home = Home(self.root / "hub")
        self._make_hub()

    def entropy(self, count: int) -> bytes:
        return self.random.randbytes(count)

    def _make_hub(self) -> None:
        home, keys = self.hub_home, Keys.make(self.entropy)
        home.make()
        settings = Settings(
            name="旗医院", kind="hub", number=ROOT, practitioner=0,
            realm=realm_of(keys.station_sign_public), hub_sign=keys.station_sign_public,
            hub_seal=keys.station_seal_public, hub_address=self.hub_address,
        )  # fmt: skip
        Log(home.log_path, own=ROOT).close()
        home.write(home.keys_path, keys.to_bytes())
        home.write_settings(settings)
        hub = HubStation(home, clock=self.clock, entropy=self.entropy)
        hub.write(
            StationEntry(ROOT, "旗医院", StationKind.HUB, keys.station_sign_public,
                         keys.station_seal_public), automatic=True,
        )  # fmt: skip
        hub.close()

    def hub(self) -> HubStation:
        """The hub, open."""
        made = HubStation(self.hub_home, clock=self.clock, entropy=self.entropy)
        self.opened.append(made)
        return made

    def station(self, name: str) -> Station:
        """A post or desk, open."""
        made = Station(Home(self.root / name), clock=self.clock, entropy=self.entropy)
        self.opened.append(made)
        return made

    def close(self) -> None:
        """Close everything that is open."""
        while self.opened:
            self.opened.pop().close()

    def join(self, name: str, kind: str = "post", dept: str = "", upstream: int = ROOT) -> Settings:
        """Enrol a new station in the home `name`, as through files."""
        hub = HubStation(self.hub_home, clock=self.clock, entropy=self.entropy)
        admission = Admission(hub)
        made, secret = admission.invites.make(
            station=name, kind=kind, practitioner=f"医生{name}", role="", depts=tuple(
                part for part in dept.split(",") if part), place="", now=self.clock(),
            valid_seconds=1e6, entropy=self.entropy, upstream=upstream,
        )  # fmt: skip
        code = Invitation(
            self.hub_address, hub.settings.hub_seal,
            fingerprint(hub.settings.hub_sign, hub.settings.hub_seal), made.id, secret,
        ).code()  # fmt: skip
        home = Home(self.root / name)
        joining = enrolment.begin(home, code)
        answer = admission.answer(enrolment.JOIN_BYTE + joining.request(self.clock()))
        assert answer is not None
        welcome = enrolment.open_welcome(joining, answer)
        listen = "127.0.0.1:0" if kind == "hub" else ""
        settings = enrolment.finish(home, joining, welcome, listen)
        admission.close()
        hub.close()
        return settings


REQUEST: dict[str, object] = {
    "patient": "苏日娜", "sex": "f", "born": "1961-04-09", "dept": DEPT,
    "id": "150102196104091225", "phone": "13904710000",
    "complaint": "胸闷胸痛三小时", "history": "三小时前劳动后突发胸骨后压榨样疼痛，伴出汗。",
    "exam": "心率快，律齐，双肺呼吸音清。", "allergy": "青霉素过敏",
    "question": "是否需要立即转诊？", "vital": ["bp=165/95", "hr=104", "spo2=95"],
}  # fmt: skip


def file_request(post: Station, **changes: object) -> RecordId:
    """File a request at a post; its case."""
    return post.file(RequestForm.from_document({**REQUEST, **changes})).case


def answer(desk: Station, case: RecordId) -> RecordId:
    """Open and answer a case at a desk; the answer."""
    desk.open_case(case)
    form = AnswerForm(advice="卧床休息，吸氧，尽快转诊。", disposition="refer", refer_to="旗医院")
    return desk.answer(case, form).record
