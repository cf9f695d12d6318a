"""A small realm to test with: every station signs with real keys and keeps its own chain."""

from __future__ import annotations

import hashlib

from xtcli.records.ids import RecordId
from xtcli.records.roster import Roster
from xtcli.records.sign import NO_PREV, Record, Signer, author, realm_of
from xtcli.records.types import (
    Answer,
    Attach,
    Body,
    Departments,
    PractitionerEntry,
    Request,
    StationEntry,
)
from xtcli.records.values import (
    BlobKind,
    Department,
    Disposition,
    Patient,
    Seen,
    Sex,
    StationKind,
    Urgency,
)
from xtcli.records.version import case_version, seen_of

HUB, POST, DOCTOR, DESK, SPECIALIST, POST2, DOCTOR2, DESK2, SURGEON = 1, 2, 3, 4, 5, 6, 7, 8, 9
COLLEAGUE, DESK3 = 10, 11
START = 1_795_000_000
HOME = {DOCTOR: POST, SPECIALIST: DESK, DOCTOR2: POST2, SURGEON: DESK2, COLLEAGUE: DESK3}
STATIONS = {
    HUB: StationKind.HUB, POST: StationKind.POST, DESK: StationKind.DESK,
    POST2: StationKind.POST, DESK2: StationKind.DESK, DESK3: StationKind.DESK,
}  # fmt: skip
DEPTS = {SPECIALIST: ("cardio",), SURGEON: ("surgery",), COLLEAGUE: ("cardio", "ecg")}


def private(no: int) -> bytes:
    """A fixed private key for a roster number."""
    return hashlib.blake2s(b"test key %d" % no).digest()


class World:
    """Signs records for all stations of one realm and remembers each station's head."""

    def __init__(self) -> None:
        self.signers = {no: Signer(private(no)) for no in (*STATIONS, *HOME)}
        self.root_public = self.signers[HUB].public
        self.realm = realm_of(self.root_public)
        self.heads: dict[int, Record] = {}
        self.now = START
        self.roster_records = [self._station(no) for no in STATIONS]
        self.roster_records += [self._practitioner(no) for no in HOME]
        self.roster_records.append(
            self.sign(Departments((Department("cardio", "心内科"), Department("surgery"))), HUB)
        )

    def _station(self, no: int) -> Record:
        entry = StationEntry(no, f"站点{no}", STATIONS[no], self.signers[no].public, bytes(32))
        return self.sign(entry, HUB)

    def _practitioner(self, no: int) -> Record:
        entry = PractitionerEntry(
            no, f"医生{no}", HOME[no], self.signers[no].public, depts=DEPTS.get(no, ())
        )
        return self.sign(entry, HUB)

    def roster(self) -> Roster:
        """A fresh fold of the whole roster."""
        return Roster(self.root_public, self.roster_records)

    def sign(
        self,
        body: Body,
        who: int,
        case: RecordId | None = None,
        *,
        at: int | None = None,
        station: int | None = None,
        key: int | None = None,
    ) -> Record:
        """The next record of `who`'s station; a minute passes. `key`: sign with another's key."""
        self.now += 60
        station = station or HOME.get(who, who)
        head = self.heads.get(station)
        record = author(
            body,
            station=station,
            seq=head.id.seq + 1 if head else 1,
            author=who,
            at=self.now if at is None else at,
            case=case,
            prev=head.digest[:8] if head else NO_PREV,
            signer=self.signers[key or who],
            realm=self.realm,
        )
        self.heads[station] = record
        return record

    def request(self, who: int = DOCTOR, **changes: object) -> Record:
        """A request of the post."""
        return self.sign(a_request(**changes), who)


def a_request(**changes: object) -> Request:
    """A usual request, with `changes`."""
    fields: dict[str, object] = {
        "patient": Patient("王小明", Sex.MALE, 19_500_312, phone="13800000000"),
        "dept": "cardio",
        "urgency": Urgency.URGENT,
        "complaint": "胸痛3小时",
        "history": "高血压病史10年。",
        "question": "是否需要转诊？",
        "vitals": ((1, 165), (2, 95), (6, 368)),
    }
    return Request(**(fields | changes))  # type: ignore[arg-type]


def an_answer(*seen: Record, by: int = SPECIALIST, **changes: object) -> Answer:
    """A usual answer to what was `seen`."""
    fields: dict[str, object] = {
        "seen": seen_of(seen, by) if seen else Seen(case_version(())),
        "advice": "立即口服阿司匹林300mg，转上级医院。",
        "disposition": Disposition.REFER,
    }
    return Answer(**(fields | changes))  # type: ignore[arg-type]


def an_ecg(number: int = 1) -> Attach:
    """An ECG attachment."""
    return Attach(bytes([number]) * 16, 27_108, "application/x-ecg", BlobKind.ECG)
