"""The SQLite file under the log: opening, schema, transactions, and errors as sentences.

WAL with synchronous=FULL: what a transaction changed is on the disk when it returns, other
processes keep reading meanwhile, and a crash at any write leaves the state before or after it.
Knows tables, not what records mean.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from xtcli.errors import DiskFull, LogCorrupt, XtError

SCHEMA_VERSION = 5
BUSY_SECONDS = 10.0
CACHE_KIB = 8_192

_SCHEMA = """
CREATE TABLE records (
  station INTEGER NOT NULL, seq INTEGER NOT NULL, kind INTEGER NOT NULL, author INTEGER NOT NULL,
  at INTEGER NOT NULL, case_station INTEGER NOT NULL, case_seq INTEGER NOT NULL,
  stored_at INTEGER NOT NULL, digest BLOB NOT NULL, raw BLOB NOT NULL, content BLOB NOT NULL,
  PRIMARY KEY (station, seq));
CREATE INDEX records_case ON records (case_station, case_seq);
CREATE INDEX records_kind ON records (kind, station, seq);
CREATE TABLE held (
  station INTEGER NOT NULL, seq INTEGER NOT NULL, digest BLOB NOT NULL, why TEXT NOT NULL,
  at INTEGER NOT NULL, via TEXT NOT NULL, raw BLOB NOT NULL, content BLOB NOT NULL,
  PRIMARY KEY (station, seq, digest));
CREATE INDEX held_via ON held (via);
CREATE TABLE refused (
  n INTEGER PRIMARY KEY, why TEXT NOT NULL, at INTEGER NOT NULL, via TEXT NOT NULL,
  raw BLOB NOT NULL, content BLOB NOT NULL);
CREATE TABLE deliveries (
  peer INTEGER NOT NULL, station INTEGER NOT NULL, seq INTEGER NOT NULL, blob BLOB NOT NULL,
  priority INTEGER NOT NULL, size INTEGER NOT NULL, tag BLOB NOT NULL, queued_at INTEGER NOT NULL,
  n INTEGER PRIMARY KEY, UNIQUE (peer, station, seq, blob));
CREATE INDEX deliveries_next ON deliveries (peer, tag, priority, n);
CREATE TABLE confirmed (
  station INTEGER NOT NULL, seq INTEGER NOT NULL, blob BLOB NOT NULL, peer INTEGER NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (station, seq, blob, peer)) WITHOUT ROWID;
CREATE TABLE early (
  station INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL, peer INTEGER NOT NULL,
  at INTEGER NOT NULL);
CREATE INDEX early_station ON early (station);
CREATE TABLE sent (
  station INTEGER NOT NULL, seq INTEGER NOT NULL, blob BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (station, seq, blob)) WITHOUT ROWID;
CREATE TABLE keys (
  key TEXT PRIMARY KEY, station INTEGER NOT NULL, seq INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE blobs (
  digest BLOB PRIMARY KEY, size INTEGER NOT NULL, file TEXT NOT NULL, whole INTEGER NOT NULL);
CREATE TABLE blob_parts (
  digest BLOB NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY (digest, first)) WITHOUT ROWID;
CREATE TABLE cases (
  station INTEGER NOT NULL, seq INTEGER NOT NULL, name TEXT NOT NULL, sex INTEGER NOT NULL,
  born INTEGER NOT NULL, patient_key TEXT NOT NULL, dept TEXT NOT NULL, urgency INTEGER NOT NULL,
  complaint TEXT NOT NULL, created INTEGER NOT NULL, state INTEGER NOT NULL,
  waiting_since INTEGER NOT NULL, claimed_by INTEGER NOT NULL, answered_at INTEGER NOT NULL,
  answered_by INTEGER NOT NULL, expires INTEGER NOT NULL, score INTEGER NOT NULL,
  attachments INTEGER NOT NULL, alerts INTEGER NOT NULL, recheck INTEGER NOT NULL,
  updated INTEGER NOT NULL, author INTEGER NOT NULL, place TEXT NOT NULL,
  PRIMARY KEY (station, seq));
CREATE INDEX cases_patient ON cases (patient_key);
CREATE INDEX cases_created ON cases (created DESC, station, seq);
CREATE INDEX cases_waiting ON cases (waiting_since) WHERE waiting_since > 0;
"""

_RETURNED = """
CREATE TABLE returned (
  station INTEGER NOT NULL, seq INTEGER NOT NULL, peer INTEGER NOT NULL, why TEXT NOT NULL,
  at INTEGER NOT NULL, PRIMARY KEY (station, seq, peer)) WITHOUT ROWID;
"""
_PARENTS = """
ALTER TABLE cases ADD COLUMN parent_station INTEGER NOT NULL DEFAULT 0;
ALTER TABLE cases ADD COLUMN parent_seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX cases_parent ON cases (parent_station, parent_seq);
"""
_ASIDE = """
ALTER TABLE refused ADD COLUMN digest BLOB NOT NULL DEFAULT x'';
CREATE INDEX refused_digest ON refused (digest);
CREATE INDEX held_why ON held (why);
DROP INDEX early_station;
CREATE INDEX early_last ON early (station, last);
"""
_HEARD = """
CREATE TABLE heard (n INTEGER PRIMARY KEY, proof BLOB NOT NULL UNIQUE);
"""
_STEPS = (_SCHEMA, _RETURNED, _PARENTS, _ASIDE, _HEARD)
"""What makes format n + 1 of format n; format 0 is an empty file."""

_FULL = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMOPEN,
}  # fmt: skip
"""With SHM: there is no room even for the small file through which processes share a log."""
_BROKEN = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}


@contextmanager
def sentences() -> Iterator[None]:
    """Turn SQLite's errors into ours; a Python bug inside passes unchanged."""
    try:
        yield
    except sqlite3.Error as error:
        raise explained(error) from error


def explained(error: sqlite3.Error) -> XtError:
    """Our error for one of SQLite's."""
    code = getattr(error, "sqlite_errorcode", 0) or 0
    if code in _FULL or code & 0xFF == sqlite3.SQLITE_FULL:
        return DiskFull("The disk is full; nothing was saved.", "Free some space and try again.")
    # Without a code it is Python's own complaint about what it read: bytes that are no text.
    undecodable = isinstance(error, sqlite3.OperationalError) and not code
    if undecodable or code & 0xFF in _BROKEN:
        return LogCorrupt(
            "The log on disk is damaged ({reason}).",
            "Move the file log.db away, restore your copy, then type: xt sync",
            reason=str(error),
        )
    if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return XtError("Another xt is busy writing to this log.", "Wait a moment and try again.")
    return XtError(
        "The log cannot be read or written ({reason}).",
        "Check that the folder exists and belongs to you.",
        reason=str(error),
    )


class Database:
    """One connection, used by any thread one at a time; several processes may have their own."""

    def __init__(self, path: Path | str) -> None:
        """Open or create; `LogCorrupt` for a foreign or damaged file."""
        self._lock = threading.RLock()
        self._depth = 0
        self.path = str(path)
        with sentences():
            self._db = sqlite3.connect(
                self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    def _prepare(self) -> None:
        """Settings, then the schema when the file is new or older."""
        db = self._db
        version = db.execute("PRAGMA user_version").fetchone()[0]
        if version > SCHEMA_VERSION:
            raise LogCorrupt(
                "The log was written by a newer xt (format {found}, this one reads {known}).",
                "Install the newest xt here.",
                found=version,
                known=SCHEMA_VERSION,
            )
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=FULL")
        db.execute(f"PRAGMA cache_size=-{CACHE_KIB}")
        if version < SCHEMA_VERSION:
            with self.transaction():
                # Another process may have done it meanwhile.
                version = db.execute("PRAGMA user_version").fetchone()[0]
                for statement in "".join(_STEPS[version:]).split(";"):
                    db.execute(statement)
                db.execute(f"PRAGMA user_version={SCHEMA_VERSION}")

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All or nothing. Inside another transaction: all or nothing of the inner part."""
        with self._lock, sentences():
            outer = self._depth == 0
            name = f"s{self._depth}"
            self._db.execute("BEGIN IMMEDIATE" if outer else f"SAVEPOINT {name}")
            self._depth += 1
            try:
                yield
                if outer:
                    self._before_commit()
                self._db.execute("COMMIT" if outer else f"RELEASE {name}")
            except BaseException:
                # SQLite has already rolled back by itself when the disk was full.
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK" if outer else f"ROLLBACK TO {name}")
                    if not outer:
                        self._db.execute(f"RELEASE {name}")
                self._after_rollback()
                raise
            finally:
                self._depth -= 1

    def _before_commit(self) -> None:
        """For subclasses: last changes of the outermost transaction."""

    def _after_rollback(self) -> None:
        """For subclasses: forget what was read meanwhile."""

    def rows(self, sql: str, *values: object) -> list[Any]:
        """All rows of a query."""
        with self._lock, sentences():
            return self._db.execute(sql, values).fetchall()

    def row(self, sql: str, *values: object) -> Any:
        """The first row of a query; None without one."""
        with self._lock, sentences():
            return self._db.execute(sql, values).fetchone()

    def data_version(self) -> int:
        """Changes when another connection has committed; cheap enough to poll."""
        return int(self.row("PRAGMA data_version")[0])
