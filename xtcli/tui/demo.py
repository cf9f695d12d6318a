"""A home full of sample cases, made by signing real records with keys made on the spot.

It shows the screens without a hub: a realm with a hub, two posts and two desks lives for as long
as the demo runs, and every record is admitted through the same judgement as one that arrived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from xtcli.clinic.vitals import parse_vitals
from xtcli.records.ids import RecordId, spans_of
from xtcli.records.keys import Keys
from xtcli.records.log import Log
from xtcli.records.roster import Roster
from xtcli.records.sign import NO_PREV, Record, Signer, author, blob_digest, realm_of
from xtcli.records.types import (
    Ack,
    Answer,
    Attach,
    Body,
    Claimed,
    Closed,
    Departments,
    Note,
    Opened,
    PractitionerEntry,
    Receipt,
    Request,
    StationEntry,
)
from xtcli.records.values import (
    BlobKind,
    Department,
    Diagnosis,
    Disposition,
    Patient,
    Rx,
    StationKind,
)
from xtcli.records.version import seen_of
from xtcli.station.home import Home, Settings
from xtcli.tui.samples import EARLIER, SAMPLES, Sample

HUB, POST, DOCTOR, DESK, SPECIALIST, POST2, DOCTOR2, DESK2, COLLEAGUE = range(1, 10)
HOME = {DOCTOR: POST, SPECIALIST: DESK, DOCTOR2: POST2, COLLEAGUE: DESK2}
DEPARTMENTS = ("心内科", "神经内科", "妇产科", "儿科", "内分泌科", "骨科", "呼吸科")
STATIONS = {
    HUB: (StationKind.HUB, "旗医院枢纽"), POST: (StationKind.POST, "白音查干卫生室"),
    DESK: (StationKind.DESK, "心内科一诊室"), POST2: (StationKind.POST, "巴彦淖尔卫生院"),
    DESK2: (StationKind.DESK, "旗医院二诊室"),
}  # fmt: skip
PEOPLE = {DOCTOR: "乌云医生", SPECIALIST: "陈主任", DOCTOR2: "高医生", COLLEAGUE: "额尔敦医生"}
ROSTER_AT = 1_600_000_000
Entropy = Callable[[int], bytes]


class Realm:
    """Every key of a small realm in one hand, and each station's newest record."""

    def __init__(self, entropy: Entropy) -> None:
        """Keys for all stations; nothing is signed yet."""
        self.entropy = entropy
        self.keys = {no: Keys.make(entropy) for no in STATIONS}
        self.signers = {no: Signer(keys.station_sign) for no, keys in self.keys.items()}
        for person, station in HOME.items():
            self.signers[person] = Signer(self.keys[station].practitioner_sign)
        self.root_public = self.keys[HUB].station_sign_public
        self.realm = realm_of(self.root_public)
        self.heads: dict[int, Record] = {}
        self.roster_records = list(self._roster())

    def _roster(self) -> Iterable[Record]:
        for no, (kind, name) in STATIONS.items():
            keys = self.keys[no]
            entry = StationEntry(no, name, kind, keys.station_sign_public,
                                 keys.station_seal_public)  # fmt: skip
            yield self.sign(entry, HUB, at=ROSTER_AT)
        for person, station in HOME.items():
            depts = DEPARTMENTS if STATIONS[station][0] is StationKind.DESK else ()
            key = self.keys[station].practitioner_sign_public
            yield self.sign(PractitionerEntry(person, PEOPLE[person], station, key, depts=depts),
                            HUB, at=ROSTER_AT)  # fmt: skip
        yield self.sign(Departments(tuple(Department(d, d) for d in DEPARTMENTS)), HUB,
                        at=ROSTER_AT)  # fmt: skip

    def sign(self, body: Body, who: int, case: RecordId | None = None, *, at: float) -> Record:
        """The next record of `who`'s station."""
        station = HOME.get(who, who)
        head = self.heads.get(station)
        record = author(
            body, station=station, seq=head.id.seq + 1 if head else 1, author=who, at=int(at),
            case=case, prev=head.digest[:8] if head else NO_PREV, signer=self.signers[who],
            realm=self.realm,
        )  # fmt: skip
        self.heads[station] = record
        return record

    def home(self, root: Path, station: int) -> Home:
        """A home for `station`, with the roster in its log."""
        home = Home(root)
        home.make()
        keys = self.keys[station]
        person = next((no for no, at in HOME.items() if at == station), 0)
        home.write(home.keys_path, keys.to_bytes())
        home.write_settings(Settings(
            name=STATIONS[station][1], kind=STATIONS[station][0].name.lower(), number=station,
            practitioner=person, realm=self.realm, hub_sign=self.root_public,
            hub_seal=self.keys[HUB].station_seal_public, hub_address="127.0.0.1:9",
        ))  # fmt: skip
        return home


def request_of(sample: Sample) -> Request:
    """A sample as a record's body."""
    return Request(
        patient=Patient(sample.name, sample.sex, sample.born, phone=sample.phone,
                        place=sample.place),
        dept=sample.dept, urgency=sample.urgency, complaint=sample.complaint,
        history=sample.history, exam=sample.exam, allergy=sample.allergy,
        question=sample.question,
        vitals=tuple(vital.wire for vital in parse_vitals(sample.vitals)),
    )  # fmt: skip


class Play:
    """What happened in the sample cases, in order, as signed records."""

    def __init__(self, realm: Realm, now: float) -> None:
        """Nothing has happened yet."""
        self.realm = realm
        self.now = now
        self.records: list[Record] = []

    def add(self, body: Body, who: int, case: RecordId | None, ago: float) -> Record:
        """Something that `who` stated `ago` minutes before now."""
        record = self.realm.sign(body, who, case, at=self.now - ago * 60)
        self.records.append(record)
        return record

    def receipt(self, record: Record, by: int, ago: float) -> None:
        """`by` confirms a record."""
        self.add(Receipt(records=spans_of([record.id])), by, None, ago)

    def file(self, sample: Sample, who: int = DOCTOR) -> Record:
        """A request, safe at the hub after half a minute."""
        made = self.add(request_of(sample), who, None, sample.ago)
        self.receipt(made, HUB, sample.ago - 0.5)
        return made

    def answer(self, asked: Record, advice: str, ago: float, rx: tuple[Rx, ...] = ()) -> Record:
        """Opened, taken and answered by the specialist, and back at the post."""
        seen = seen_of([asked], SPECIALIST)
        self.add(Opened(seen), SPECIALIST, asked.id, ago + 2)
        self.add(Claimed(), SPECIALIST, asked.id, ago + 1.5)
        body = Answer(seen, advice, Disposition.STAY, (Diagnosis("I10.x00x002", "高血压"),), rx,
                      expires=int(self.now) + 86_400)  # fmt: skip
        made = self.add(body, SPECIALIST, asked.id, ago)
        self.receipt(made, HOME[DOCTOR] if asked.id.station == POST else POST2, ago - 0.5)
        return made


def play(realm: Realm, now: float) -> list[Record]:
    """Signed records of all sample cases, in order of time."""
    scene = Play(realm, now)
    steps: list[tuple[float, Callable[[], None]]] = []
    for sample in sorted((*EARLIER, *SAMPLES), key=lambda s: -s.ago):
        steps.append((sample.ago, lambda s=sample: _act(scene, s)))  # type: ignore[misc]
    for _, step in steps:
        step()
    return scene.records


def _act(scene: Play, sample: Sample) -> None:
    """One sample case from its request to where it stands today."""
    who = DOCTOR2 if sample.name in ("其其格", "巴特尔") else DOCTOR
    asked = scene.file(sample, who)
    if sample in EARLIER:
        told = scene.answer(asked, "继续原方案，低盐饮食，两周后复测血压。", sample.ago - 8)
        scene.add(Ack(told.id, True, "已告知患者"), who, asked.id, sample.ago - 12)
        scene.add(Closed("好转"), who, asked.id, sample.ago - 13)
    elif sample.name == "张建国":
        rx = Rx(scene.realm.entropy(6), "缬沙坦胶囊", "80mg", "po", "qd", 14)
        scene.answer(
            asked, "加用缬沙坦80mg每日1次，低盐饮食，一周后复测血压并查血钾、肌酐。", 12, (rx,)
        )
    elif sample.name == "刘德福":
        told = scene.answer(asked, "加用雾化吸入，口服泼尼松5天，氧疗维持血氧88-92%。", 150)
        scene.add(Note("复测血氧", ((6, 89),)), who, asked.id, 20)
        scene.add(Ack(told.id, False, "没有雾化器，已电话说明"), who, asked.id, 18)
    elif sample.name == "赵玉芬":
        seen = seen_of([asked], COLLEAGUE)
        scene.add(Opened(seen), COLLEAGUE, asked.id, 30)
        scene.add(Claimed(), COLLEAGUE, asked.id, 29)


def fill(
    home: Home, realm: Realm, records: Iterable[Record], now: float, blobs: Iterable[bytes] = ()
) -> None:
    """Records into a home's log and blobs beside it, as if they had arrived there."""
    from xtcli.station.station import Station

    station = Station(home, clock=lambda: now, entropy=realm.entropy)
    try:
        admit(station.log, realm, (*realm.roster_records, *records))
        for data in blobs:
            station.blobs.put(data)
    finally:
        station.close()


def admit(log: Log, realm: Realm, records: Iterable[Record]) -> None:
    """Judge and store records in one transaction."""
    roster = Roster(realm.root_public)
    with log.many():
        for record in records:
            log.admit(record, roster, at=record.at, via="demo")


def attachments(realm: Realm, records: list[Record], now: float) -> list[bytes]:
    """Blobs for the newest stat case; the records that announce them are added to `records`.

    The photo's original is only announced, as it would be: it stays where it was taken.
    """
    from xtcli.tui import demo_media

    sound, seconds = demo_media.voice_note()
    picture, original = demo_media.ecg_picture(), demo_media.ecg_picture(95)
    asked = next(r for r in reversed(records) if isinstance(r.body, Request)
                 and r.body.patient.name == SAMPLES[0].name)  # fmt: skip
    for data, body in (
        (sound, Attach(blob_digest(sound), len(sound), "audio/ogg", BlobKind.VOICE, "口述病情",
                       seconds)),
        (original, Attach(blob_digest(original), len(original), "image/jpeg", BlobKind.PICTURE,
                          "心电图照片")),
        (picture, Attach(blob_digest(picture), len(picture), "image/jpeg", BlobKind.VIEW,
                         "心电图照片", derived_from=blob_digest(original))),
    ):  # fmt: skip
        assert body.size == len(data)
        records.append(realm.sign(body, DOCTOR, asked.id, at=now - 150))
    return [sound, picture]


def make_home(root: Path, kind: str, now: float, entropy: Entropy, *, media: bool = False) -> Realm:
    """A station of `kind` ("post" or "desk") in `root` with the sample cases; who signed them.

    `media` adds a voice note and a picture, which takes a second to make.
    """
    realm = Realm(entropy)
    number = POST if kind == "post" else DESK
    home = realm.home(root, number)
    records = play(realm, now)
    blobs = attachments(realm, records, now) if media else []
    if kind == "post":
        mine = {r.case for r in records if r.case and r.case.station == POST}
        records = [r for r in records if r.case in mine or isinstance(r.body, Receipt)]
    fill(home, realm, records, now, blobs)
    return realm
