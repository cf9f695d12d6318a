"""What must hold at every step of a simulation, and what must hold once links have healed."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.sim.nodes import Node, Outpost
from tests.sim.people import signature
from tests.sim.servers import HubNode
from xtcli.records.case import State
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record, read
from xtcli.records.types import ROSTER_KINDS, Attach, Kind, Receipt, Request
from xtcli.station import attaching
from xtcli.station.core import StationCore
from xtcli.station.routing import HUB

ROSTER = sorted(int(kind) for kind in ROSTER_KINDS)


class Violation(AssertionError):
    """An invariant does not hold."""


def must(holds: bool, what: str) -> None:
    """Violation unless it holds."""
    if not holds:
        raise Violation(what)


class Auditor:
    """Reads committed state of a home as another process would."""

    def __init__(self, node: Node) -> None:
        """A connection of its own, read only."""
        self.node = node
        self.db = sqlite3.connect(f"file:{node.home.log_path}?mode=ro", uri=True)

    def close(self) -> None:
        """Close it."""
        self.db.close()

    def has(self, item: RecordId) -> bool:
        """Whether a record is committed there."""
        query = "SELECT 1 FROM records WHERE station=? AND seq=?"
        return self.db.execute(query, tuple(item)).fetchone() is not None

    def has_blob(self, digest: bytes) -> bool:
        """Whether all of a blob is committed there."""
        query = "SELECT 1 FROM blobs WHERE digest=? AND whole=1"
        return self.db.execute(query, (digest,)).fetchone() is not None

    def own_gapless(self) -> bool:
        """The station's own records are numbered without a gap."""
        query = "SELECT count(*), coalesce(max(seq), 0) FROM records WHERE station=?"
        count, last = self.db.execute(query, (self.node.number,)).fetchone()
        return bool(count == last)

    def digests(self, where: str = "1", values: Iterable[object] = ()) -> dict[RecordId, bytes]:
        """Digests of the records that satisfy a condition."""
        query = f"SELECT station, seq, digest FROM records WHERE {where}"
        found = self.db.execute(query, tuple(values)).fetchall()
        return {RecordId(station, seq): digest for station, seq, digest in found}

    def of_kind(self, kind: Kind) -> list[Record]:
        """Records of a kind."""
        query = "SELECT content, raw FROM records WHERE kind=? ORDER BY station, seq"
        return [read(*row) for row in self.db.execute(query, (int(kind),)).fetchall()]

    def confirmed(self) -> set[tuple[int, int, bytes, int]]:
        """(station, seq, blob, peer) of everything shown as received."""
        return set(self.db.execute("SELECT station, seq, blob, peer FROM confirmed").fetchall())


@dataclass
class Checks:
    """Sees everything; knows what each station may hold."""

    hub: HubNode
    outposts: dict[int, Outpost] = field(default_factory=dict)
    auditors: dict[int, Auditor] = field(default_factory=dict)
    applied: dict[int, set[RecordId]] = field(default_factory=dict)
    depts: dict[int, tuple[str, ...]] = field(default_factory=dict)
    closed: dict[int, set[RecordId]] = field(default_factory=dict)
    """Cases that were closed when a station joined: it is told of one only if it goes on."""

    def watch(self, node: Node) -> None:
        """A station was enrolled."""
        self.auditors[node.number] = Auditor(node)
        self.applied[node.number] = set()
        if isinstance(node, Outpost):
            self.outposts[node.number] = node
            query = "SELECT station, seq FROM cases WHERE state>=?"
            rows = self.auditors[HUB].db.execute(query, (int(State.CLOSED),)).fetchall()
            self.closed[node.number] = {RecordId(*row) for row in rows}

    def close(self) -> None:
        """Close every auditor."""
        for auditor in self.auditors.values():
            auditor.close()

    # At every step

    def arrived(self, number: int, new: Iterable[Record]) -> None:
        """Records were applied at a station just now."""
        auditor = self.auditors[number]
        for record in new:
            must(auditor.has(record.id), f"{number} told of {record.id} before it was on the disk")
            must(record.id not in self.applied[number], f"{number} applied {record.id} twice")
            self.applied[number].add(record.id)
            must(self.may_hold(number, record), f"{number} was shown {record.id}")
            if isinstance(record.body, Receipt):
                self._receipt(record, record.body)

    def _receipt(self, record: Record, body: Receipt) -> None:
        """A receipt says that records are on its station's disk: they must be."""
        auditor = self.auditors[record.id.station]
        for span in body.records:
            for seq in range(span.first, span.last + 1):
                item = RecordId(span.station, seq)
                must(auditor.has(item), f"{record.id} confirms {item}, which is not there")
        for digest in body.blobs:
            must(auditor.has_blob(digest), f"{record.id} confirms a blob that is not there")

    def saved(self, node: Node, item: RecordId) -> None:
        """A person was told that a record is saved."""
        must(self.auditors[node.number].has(item), f"{item} was called saved and is not")
        node.said.add(item)
        must(self.auditors[node.number].own_gapless(), f"{node.number} has a gap in its own log")

    def restarted(self, node: Node) -> None:
        """After a start: everything ever called saved is there, nothing is half there."""
        auditor = self.auditors[node.number]
        missing = [item for item in node.said if not auditor.has(item)]
        must(not missing, f"{node.number} lost {missing[:3]}")
        must(auditor.own_gapless(), f"{node.number} has a gap in its own log")

    def may_hold(self, number: int, record: Record) -> bool:
        """Whether a station may see a record at all."""
        if number == HUB or record.case is None:
            return True
        if number not in self.depts:
            return record.case.station == number
        return self._dept(record.case) in self.depts[number]

    def _dept(self, case: RecordId) -> str:
        log = self.auditors[HUB].db
        query = "SELECT content, raw FROM records WHERE station=? AND seq=?"
        found = log.execute(query, tuple(case)).fetchone()
        body = read(*found).body if found else None
        return body.dept if isinstance(body, Request) else ""

    # Now and then, and at the end

    def received_by_receipt(self, number: int) -> None:
        """Nothing is shown as received without a signed receipt that names it."""
        auditor = self.auditors[number]
        named: set[tuple[int, int, bytes, int]] = set()
        for record in auditor.of_kind(Kind.RECEIPT):
            assert isinstance(record.body, Receipt)
            peer = record.id.station
            for span in record.body.records:
                named |= {(span.station, s, b"", peer) for s in range(span.first, span.last + 1)}
            named |= {(0, 0, digest, peer) for digest in record.body.blobs}
        extra = auditor.confirmed() - named
        must(not extra, f"{number} shows {sorted(extra)[:3]} as received without a receipt")

    def agree(self) -> None:
        """After healing: every log holds exactly what it must."""
        hub = self.auditors[HUB]
        for number, outpost in self.outposts.items():
            mine = self.auditors[number]
            must(
                mine.digests("station=?", [number]) == hub.digests("station=?", [number]),
                f"the hub's copy of station {number}'s log differs",
            )
            self._same_cases(outpost)
        for number, auditor in self.auditors.items():
            self.received_by_receipt(number)
            must(auditor.own_gapless(), f"{number} has a gap in its own log")
            held, refused = (auditor.db.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
                             for table in ("held", "refused"))  # fmt: skip
            must(not held and not refused, f"{number} holds {held} and refused {refused} records")

    def _same_cases(self, outpost: Outpost) -> None:
        """The post's or desk's cases are the hub's, record by record and as folded."""
        here, hub = self.auditors[outpost.number], self.auditors[HUB]
        assert outpost.station is not None
        assert self.hub.station is not None
        for record in hub.of_kind(Kind.REQUEST):
            case = record.id
            wanted = hub.digests("case_station=? AND case_seq=?", case)
            found = here.digests("case_station=? AND case_seq=?", case)
            if not self.may_hold(outpost.number, record):
                must(not found, f"{outpost.number} holds records of {case}")
                continue
            if not found and case in self.closed[outpost.number]:
                continue
            lacking, extra = wanted.keys() - found.keys(), found.keys() - wanted.keys()
            must(
                wanted == found,
                f"{outpost.number} lacks {sorted(lacking)[:5]} and has {sorted(extra)[:5]}",
            )
            now = self.hub.wall()
            one, two = outpost.station.log.case(case, now), self.hub.station.log.case(case, now)
            must(signature(one) == signature(two), f"{outpost.number} folds {case} otherwise")
        for record in here.of_kind(Kind.ATTACH):
            assert isinstance(record.body, Attach)
            if attaching.travels(record.body):
                for auditor in (here, hub):
                    must(
                        auditor.has_blob(record.body.digest),
                        f"{auditor.node.number} lacks the blob of {record.id}",
                    )

    def confirmed_everywhere(self) -> None:
        """After healing: every record of every station has come to its reader and back."""
        hub = self.auditors[HUB].confirmed()
        for number, outpost in self.outposts.items():
            auditor = self.auditors[number]
            here = auditor.confirmed()
            receipt = int(Kind.RECEIPT)
            for item in auditor.digests("station=? AND kind<>?", [number, receipt]):
                must((*item, b"", HUB) in here, f"no receipt of the hub for {item}")
            marks = ",".join("?" * len(ROSTER))
            for item in auditor.digests(
                f"station<>? AND kind<>? AND kind NOT IN ({marks})", [number, receipt, *ROSTER]
            ):
                must((*item, b"", number) in hub, f"no receipt of {number} for {item}")
            must(not outpost.waiting(), f"{number} still has something to send")
        must(not self.hub.waiting(), "the hub still has something to send")


def verify(station: StationCore) -> None:
    """Every byte of a log checks."""
    station.log.verify(station.roster)
    station.blobs.verify()
