"""The log: every record here, what waits for whom, what was confirmed. The `Store` that ships.

The records are the truth; the table of cases is a fold of them, written in the same transaction.
Takes no clock: whoever calls says what time it is. Knows SQLite, not links or screens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from xtcli.errors import LogCorrupt, XtError
from xtcli.records.admit import Outcome, Verdict, admit
from xtcli.records.aside import AsideTable
from xtcli.records.authority import Missing
from xtcli.records.case import Case, fold
from xtcli.records.cases import Cases
from xtcli.records.database import Database
from xtcli.records.ids import RecordId, Span
from xtcli.records.roster import Roster
from xtcli.records.sign import NO_PREV, Record, read
from xtcli.records.store import Deliver, Head, Make, Score
from xtcli.records.types import ROSTER_KINDS, Kind, PractitionerEntry, StationEntry

CACHE_RECORDS_MAX = 4_096
HELD_BATCH = 500

_COLUMNS = "station, seq, kind, author, at, case_station, case_seq, stored_at, digest, raw, content"


class Log(Cases, AsideTable):
    """One station's log. `score` gives the number that the queue sorts by."""

    def __init__(self, path: Path | str, *, own: int, score: Score | None = None) -> None:
        """Open or create the file; `own` is this station's number."""
        self.station = own
        self.score = score
        self._cache: dict[RecordId, Record] = {}
        self._dirty: set[RecordId] = set()
        super().__init__(path)

    @property
    def database(self) -> Database:
        """The file and its transactions, which the index of blobs shares."""
        return self

    def many(self) -> AbstractContextManager[None]:
        """One transaction for everything inside: a batch costs one fsync."""
        return self.transaction()

    # Writing

    def append(self, make: Make, deliver: Deliver = ()) -> Record:
        """Commit the next record of this station, and its deliveries, in one transaction.

        `make(seq, prev)` signs it. On return it is on the disk.
        """
        with self.transaction():
            head = self.own_head()
            seq, prev = head.seq + 1, head.digest[:8] if head.seq else NO_PREV
            record = make(seq, prev)
            if record.id != (self.station, seq) or record.prev != prev:
                raise ValueError("make() signed another record than the next one")
            self._store(record, record.at, deliver)
            return record

    def admit(
        self, record: Record, roster: Roster, *, at: int, via: str = "", deliver: Deliver = ()
    ) -> Verdict:
        """Judge a record that arrived; store it, hold it or set it aside. `at` is the time here.

        A roster record that is applied is taken into `roster` too. When the transaction around this
        fails later, `roster` must be made anew (`roster()`).
        """
        with self.transaction():
            verdict = admit(record, roster, self)
            if verdict.outcome is Outcome.NEW:
                self._unhold(record)
                self._store(record, at, deliver)
                roster.apply(record)
            elif verdict.outcome is Outcome.HELD:
                self._hold(record, str(verdict.missing), at, via)
            elif verdict.reason is not None:
                self.refuse(record.content, record.raw, verdict.reason.value, at, via)
            return verdict

    def release_held(
        self,
        roster: Roster,
        *,
        at: int,
        deliver: Deliver = (),
        after: Iterable[Record] | None = None,
    ) -> list[Record]:
        """Judge held records again until nothing more is applied; those applied, in order.

        `after`: only those that waited for these, which are new here. What is held may be much.
        """
        applied: list[Record] = []
        if not self.row("SELECT 1 FROM held LIMIT 1"):
            return applied
        with self.transaction():
            reasons = self._wants() if after is None else _met_by(after)
            while fresh := self._release_once(roster, at, deliver, reasons):
                applied += fresh
                reasons = _met_by(fresh)
        return applied

    def _wants(self) -> list[str]:
        """Everything that held records wait for."""
        return [why for (why,) in self.rows("SELECT DISTINCT why FROM held")]

    def _release_once(
        self, roster: Roster, at: int, deliver: Deliver, reasons: Iterable[str]
    ) -> list[Record]:
        """One pass over the held records whose want may be satisfied now."""
        applied = []
        for why in reasons:
            rows = self.rows("SELECT content, raw, via FROM held WHERE why=? ORDER BY rowid", why)
            if not rows or not self._has_come(why, roster):
                continue
            for content, raw, via in rows:
                record = read(content, raw)
                self._unhold(record)
                if self.admit(record, roster, at=at, via=via, deliver=deliver).new:
                    applied.append(record)
        return applied

    def _has_come(self, why: str, roster: Roster) -> bool:
        """Whether what `why` (a `Missing` as text) names is here now."""
        what, _, which = why.partition(" ")
        if what == "record":
            return self.digest_at(*RecordId.parse(which)) is not None
        return roster.entry_record(int(which)) is not None

    def _store(self, record: Record, at: int, deliver: Deliver) -> None:
        """Insert a judged record and everything that follows from it."""
        case = record.case or RecordId(0, 0)
        marks = ",".join("?" * 11)
        self._db.execute(
            f"INSERT INTO records ({_COLUMNS}) VALUES ({marks})",
            (*record.id, int(record.kind), record.author, record.at, *case, at,
             record.digest, record.raw, record.content),
        )  # fmt: skip
        self._apply_early(record)
        if record.kind is Kind.RECEIPT:
            self._apply_receipt(record)
        if record.case is not None:
            self._dirty.add(record.case)
        self._queue_with(record, deliver(record) if callable(deliver) else deliver)

    def _touch(self, item: RecordId) -> None:
        found = self.row("SELECT case_station, case_seq FROM records WHERE station=? AND seq=?",
                         *item)  # fmt: skip
        if found and found[0]:
            self._dirty.add(RecordId(*found))

    def _before_commit(self) -> None:
        """Summarise the cases that changed, once each."""
        for case in sorted(self._dirty):
            found = self.row("SELECT kind, stored_at FROM records WHERE station=? AND seq=?", *case)
            if found and found[0] == Kind.REQUEST:
                arrived = found[1] if case.station != self.station else 0
                self._write_summary(self.case(case), arrived)
        self._dirty.clear()

    def _after_rollback(self) -> None:
        """Nothing read meanwhile counts; cases of an outer part are summarised again anyway."""
        self._cache.clear()
        if self._depth <= 1:
            self._dirty.clear()

    # Reading

    def get(self, record_id: RecordId) -> Record | None:
        """One record; None when it is not here."""
        found = self._cache.get(record_id)
        if found is None:
            row = self.row("SELECT content, raw FROM records WHERE station=? AND seq=?", *record_id)
            found = self._read(row) if row else None
        return found

    def _read(self, row: Any) -> Record:
        """A stored row as a record, kept in the cache."""
        try:
            record = read(row[0], row[1])
        except XtError as error:
            raise _corrupt(str(error)) from error
        if len(self._cache) >= CACHE_RECORDS_MAX:
            self._cache.clear()
        self._cache[record.id] = record
        return record

    def records(self, case: RecordId) -> list[Record]:
        """All records of a case, in order of time."""
        rows = self.rows(
            "SELECT content, raw, station, seq FROM records WHERE case_station=? AND case_seq=?"
            " ORDER BY at, station, seq",
            *case,
        )
        return [self._cache.get(RecordId(r[2], r[3])) or self._read(r) for r in rows]

    def of_kinds(self, kinds: Iterable[Kind], station: int = 0) -> list[Record]:
        """All records of these kinds, by station and sequence; of one station if given."""
        numbers = [int(kind) for kind in kinds]
        rows = self.rows(
            f"SELECT content, raw FROM records WHERE kind IN ({','.join('?' * len(numbers))})"
            f"{' AND station=?' if station else ''} ORDER BY station, seq",
            *numbers, *([station] if station else []),
        )  # fmt: skip
        return [self._read(row) for row in rows]

    def roster(self, root_public: bytes) -> Roster:
        """The roster as far as it is here."""
        return Roster(root_public, self.of_kinds(sorted(ROSTER_KINDS)))

    def case(self, case: RecordId, now: float = 0.0) -> Case:
        """The fold of a case with its receipts; `NotFound` without its request."""
        where = "r.case_station=? AND r.case_seq=?"
        confirmations: dict[RecordId, dict[int, int]] = {}
        for station, seq, peer, at in self.rows(
            "SELECT r.station, r.seq, c.peer, c.at FROM records r JOIN confirmed c"
            f" ON c.station=r.station AND c.seq=r.seq AND c.blob=x'' WHERE {where}",
            *case,
        ):
            confirmations.setdefault(RecordId(station, seq), {})[peer] = at
        sent = self.rows(
            "SELECT r.station, r.seq, s.at FROM records r JOIN sent s"
            f" ON s.station=r.station AND s.seq=r.seq AND s.blob=x'' WHERE {where}",
            *case,
        )
        return fold(
            self.records(case), confirmations, now,
            sent={RecordId(r[0], r[1]): r[2] for r in sent}, whole=_Whole(self),
            returned=self.returned_in(case),
        )  # fmt: skip

    def own_head(self) -> Head:
        """The newest record of this station."""
        return self.head(self.station)

    def head(self, station: int) -> Head:
        """The newest record of a station here."""
        found = self.row(
            "SELECT seq, digest FROM records WHERE station=? ORDER BY seq DESC LIMIT 1", station
        )
        return Head(*found) if found else Head(0, b"")

    def digest_at(self, station: int, seq: int) -> bytes | None:
        """Digest of a record that is here."""
        found = self.row("SELECT digest FROM records WHERE station=? AND seq=?", station, seq)
        return found[0] if found else None

    def prev_at(self, station: int, seq: int) -> bytes | None:
        """The prev field of a record that is here."""
        found = self.row(
            "SELECT substr(raw, 1, 8) FROM records WHERE station=? AND seq=?", station, seq
        )
        return found[0] if found else None

    def stations(self) -> list[int]:
        """Stations of which at least one record is here."""
        return [r[0] for r in self.rows("SELECT DISTINCT station FROM records ORDER BY station")]

    def ranges(self, station: int) -> list[Span]:
        """Runs of a station's records that are here and count."""
        return self._runs("SELECT seq FROM records WHERE station=?", station)

    def gaps(self, station: int) -> list[Span]:
        """Runs that are missing below the newest of a station's records; held ones are here."""
        here = self._runs(
            "SELECT seq FROM records WHERE station=? UNION SELECT seq FROM held WHERE station=?",
            station, station,
        )  # fmt: skip
        before, missing = 0, []
        for span in here:
            if span.first > before + 1:
                missing.append(Span(station, before + 1, span.first - 1))
            before = span.last
        return missing

    def _runs(self, select: str, station: int, *more: int) -> list[Span]:
        rows = self.rows(
            "SELECT min(seq), max(seq) FROM"
            f" (SELECT seq, seq - row_number() OVER (ORDER BY seq) AS g FROM ({select}))"
            " GROUP BY g ORDER BY 1",
            station, *more,
        )  # fmt: skip
        return [Span(station, first, last) for first, last in rows]

    def remember_key(self, key: str, record_id: RecordId) -> None:
        """Note that the document `key` became this record."""
        with self.transaction():
            self._db.execute("INSERT OR IGNORE INTO keys VALUES (?,?,?)", (key, *record_id))

    def by_key(self, key: str) -> RecordId | None:
        """What the document `key` became."""
        found = self.row("SELECT station, seq FROM keys WHERE key=?", key)
        return RecordId(*found) if found else None

    # Checking

    def rebuild(self) -> int:
        """Make the table of cases anew from the records; how many cases."""
        with self.transaction():
            self._db.execute("DELETE FROM cases")
            found = self.rows("SELECT station, seq FROM records WHERE kind=?", int(Kind.REQUEST))
            self._dirty |= {RecordId(*row) for row in found}
            return len(found)

    def verify(self, roster: Roster, tick: Callable[[int], None] | None = None) -> int:
        """Check every byte: file, encoding, digests, chain, signatures. How many records.

        Raises `LogCorrupt` at the first that does not check. `tick` is told the count so far.
        """
        problem = self.row("PRAGMA quick_check")[0]
        if problem != "ok":
            raise _corrupt(str(problem))
        count, before = 0, (0, 0, b"")
        for record in self._each():
            station, seq = record.id
            follows = before[:2] == (station, seq - 1)
            if station == self.station and not follows and seq != 1:
                raise _corrupt(f"{station}-{seq - 1}")
            if (follows and before[2][:8] != record.prev) or not roster.signed_by(record):
                raise _corrupt(str(record.id))
            before = (station, seq, record.digest)
            count += 1
            if tick:
                tick(count)
        return count

    def _each(self) -> Iterator[Record]:
        """Every record in order, read from its bytes and compared with its row."""
        last = (0, 0)
        while rows := self.rows(
            "SELECT content, raw, station, seq, digest, author, at, kind FROM records"
            " WHERE (station, seq) > (?, ?) ORDER BY station, seq LIMIT 1000",
            *last,
        ):
            for row in rows:
                last = (row[2], row[3])
                try:
                    record = read(row[0], row[1])
                except XtError as error:
                    raise _corrupt(f"{row[2]}-{row[3]}") from error
                told = (*record.id, record.digest, record.author, record.at, record.kind)
                if told != row[2:]:
                    raise _corrupt(f"{row[2]}-{row[3]}")
                yield record


def _met_by(records: Iterable[Record]) -> list[str]:
    """What held records may have waited for (`Missing` as text) that these bring."""
    met = []
    for record in records:
        met.append(str(Missing(record=record.id)))
        if isinstance(record.body, StationEntry | PractitionerEntry):
            met.append(str(Missing(author=record.body.no)))
    return met


class _Whole:
    """The digests of blobs that are whole here, asked one by one."""

    def __init__(self, log: Log) -> None:
        self.log = log

    def __contains__(self, digest: object) -> bool:
        return bool(self.log.row("SELECT 1 FROM blobs WHERE digest=? AND whole=1", digest))


def _corrupt(where: str) -> LogCorrupt:
    """The log does not check at `where`."""
    return LogCorrupt(
        "The log on disk does not check (at {where}).",
        "Move the file log.db away, restore your copy, then type: xt sync",
        where=where,
    )
