"""A small realm in one process: hub, posts, desks with real homes; bundles carried by hand."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from xtcli.hub import setup
from xtcli.hub.hub import HubStation
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record
from xtcli.station import enrolment, origin, parcels
from xtcli.station.forms import AnswerForm, RequestForm
from xtcli.station.home import Home
from xtcli.station.intake import Intake
from xtcli.station.station import Station
from xtcli.transport.bundle.pack import Part

START = 1_795_000_000.0


@dataclass
class Clock:
    """A clock that stands still until it is told to move."""

    now: float = START

    def __call__(self) -> float:
        return self.now


@dataclass
class Realm:
    """Hub and stations; `carry` moves everything that waits until nothing does."""

    root: Path
    clock: Clock = field(default_factory=Clock)
    stations: dict[str, Station] = field(default_factory=dict)

    def __post_init__(self) -> None:
        setup.init(Home(self.root / "hub"), "旗医院", "127.0.0.1:4400")
        self.hub = HubStation(Home(self.root / "hub"), clock=self.clock, entropy=os.urandom)

    def add(self, name: str, kind: str, dept: str = "") -> Station:
        """Enrol a station by file."""
        before = os.environ.get("XT_HOME")
        os.environ["XT_HOME"] = str(self.root / "hub")
        try:
            code = setup.invite(station=name, kind=kind, practitioner=f"{name}医生", dept=dept).code
            home = Home(self.root / name)
            enrolment.write_request(home, code, str(self.root / "join"))
            welcome = setup.admit_file(str(self.root / "join"))
        finally:
            os.environ.pop("XT_HOME")
            if before is not None:
                os.environ["XT_HOME"] = before
        enrolment.join(home, code, 1.0, welcome)
        self.hub.forget_roster()
        self.stations[name] = Station(home, clock=self.clock, entropy=os.urandom)
        return self.stations[name]

    def says(self, part: Part, to: Station) -> Part:
        """What the hub says to a station, with its proof."""
        return origin.said(self.hub, part, to.number, to.keys.station_seal_public)

    def carry(self) -> None:
        """Everything that waits anywhere arrives, with receipts, until nothing waits."""
        for _ in range(20):
            moved = 0
            for station in self.stations.values():
                moved += self._move(station, self.hub, Intake(self.hub, self.hub.deliveries))
                moved += self._move(self.hub, station, Intake(station))
            if not moved:
                return
        raise AssertionError("it does not come to rest")

    def _move(self, source: Station, target: Station, intake: Intake) -> int:
        """What waits at `source` for `target` arrives."""
        pending = source.log.pending(target.number, 1000)
        parts: list[Part] = []
        for one in pending:
            if isinstance(one.item, bytes):
                if source.blobs.has(one.item):
                    data = source.blobs.read(one.item)
                    parts += [piece.part() for piece in parcels.pieces(one.item, data)]
            else:
                record = source.log.get(one.item)
                assert record is not None
                parts.append(parcels.record_part(record))
        if not parts:
            return 0
        arrival = intake.take(parts, source.number)
        assert arrival.refused == 0
        if target is self.hub:
            for record in arrival.new:
                self.hub.alert_if_critical(record)
        source.log.delivered(target.number, [one.item for one in pending])
        return len(parts)

    def close(self) -> None:
        """Close every log."""
        for station in (self.hub, *self.stations.values()):
            station.close()


def file(post: Station, **more: str | list[str]) -> RecordId:
    """File an ordinary request."""
    values: dict[str, str | list[str]] = {
        "patient": "其其格", "sex": "f", "born": "1962-05-01", "dept": "心内科",
        "complaint": "胸闷3天", "question": "是否需要转诊", "allergy": "无", **more,
    }  # fmt: skip
    return post.file(RequestForm(**values)).case  # type: ignore[arg-type]


def answer(advice: str = "休息", **more: str | list[str]) -> AnswerForm:
    """An ordinary answer."""
    return AnswerForm(advice=advice, disposition="stay", **more)  # type: ignore[arg-type]


def kinds(records: list[Record]) -> list[str]:
    """The names of records' kinds."""
    return [record.kind.name for record in records]
