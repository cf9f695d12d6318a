"""A small SQLite file that several processes share: transactions, SQLite's errors as sentences.

The spool and what a station remembers of its roads are such files. It knows no table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from xtcli.errors import DiskFull, XtError

BUSY_S = 10.0
FULL = {
    sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_FSYNC,
    sqlite3.SQLITE_IOERR_SHMSIZE, sqlite3.SQLITE_IOERR_SHMOPEN,
}  # fmt: skip
"""SQLite's codes for a full disk; SHM: no room even for the file through which processes share."""


class SmallFile:
    """See the module. Safe for several processes at once and for a crash at any write."""

    def __init__(self, path: Path | str, schema: str) -> None:
        """Open or create the file; ":memory:" keeps everything in memory."""
        self._db = sqlite3.connect(str(path), timeout=BUSY_S, isolation_level=None)
        # NORMAL in WAL mode: a crash of the process loses nothing, a power cut at most the newest
        # writes, and never the file. The station's log, not these files, is what must not be lost.
        for pragma in ("journal_mode=WAL", "synchronous=NORMAL", "wal_autocheckpoint=256"):
            self._run(f"PRAGMA {pragma}").fetchall()
        with self.transaction():
            for statement in schema.split(";"):
                self._run(statement)

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def data_version(self) -> int:
        """A number that changes when another process has changed the file."""
        found: int = self._run("PRAGMA data_version").fetchone()[0]
        return found

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All writes inside happen or none does; may be nested. DiskFull if there is no room,
        another XtError if another process keeps the file, or it cannot be used."""
        if self._db.in_transaction:
            yield
            return
        self._run("BEGIN IMMEDIATE")
        try:
            yield
            self._run("COMMIT")
        except BaseException:
            # SQLite has already rolled back by itself when the disk is full.
            if self._db.in_transaction:
                self._db.execute("ROLLBACK")
            raise

    def _run(self, statement: str, values: tuple[object, ...] = ()) -> sqlite3.Cursor:
        with sentences():
            return self._db.execute(statement, values)

    def _run_many(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with sentences():
            self._db.executemany(statement, rows)


@contextmanager
def sentences() -> Iterator[None]:
    """Turn SQLite's errors into ours: whoever syncs goes on after one of those."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) or 0
        if code in FULL:
            raise DiskFull(
                "There is no room on the disk to keep what waits to be sent.",
                "Free some space; nothing that was saved is lost.",
            ) from error
        if code & 0xFF in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            raise XtError(
                "Another xt is busy writing what waits to be sent.", "Wait a moment and try again."
            ) from error
        raise XtError(
            "What waits to be sent cannot be read or written ({reason}).",
            "Check that the folder exists and belongs to you.",
            reason=str(error),
        ) from error
