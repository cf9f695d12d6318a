"""A hub's open invitations: each works once and expires.

Kept in the hub's own small database, so that `xt hub invite` works while `xt hub serve` runs. Only
a hash of the secret is kept. It knows nothing of sockets or of what a joining station becomes.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from xtcli.errors import DiskFull, LogCorrupt, NotAllowed
from xtcli.station.invite import INVITE_ID_BYTES, SECRET_BYTES
from xtcli.transport.small_file import FULL

VALID_SECONDS = 7 * 24 * 3600
OPEN_MAX = 5_000
SCHEMA = """
CREATE TABLE IF NOT EXISTS invites (
  id BLOB PRIMARY KEY, secret_hash BLOB NOT NULL, station TEXT NOT NULL, kind TEXT NOT NULL,
  practitioner TEXT NOT NULL, role TEXT NOT NULL, depts TEXT NOT NULL, place TEXT NOT NULL,
  made INTEGER NOT NULL, expires INTEGER NOT NULL,
  used_by BLOB, number INTEGER, practitioner_no INTEGER, used_at INTEGER
) WITHOUT ROWID
"""


@dataclass(frozen=True, slots=True)
class Invite:
    """Who is invited, and what they will be."""

    id: bytes
    station: str
    kind: str
    practitioner: str
    role: str
    depts: tuple[str, ...]
    place: str
    expires: int
    used_by: bytes | None = None
    number: int = 0
    practitioner_no: int = 0
    upstream: int = 1
    """The hub or relay that the station's link will end at."""


def _hash(secret: bytes) -> bytes:
    return hashlib.blake2s(b"xt/invite/1" + secret).digest()


class Invites:
    """The table of invitations."""

    def __init__(self, path: Path) -> None:
        """Open or make the database."""
        self._db = sqlite3.connect(path, timeout=10, isolation_level=None)
        with _database():
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute(SCHEMA)
            columns = [row[1] for row in self._db.execute("PRAGMA table_info(invites)")]
            if "upstream" not in columns:
                self._db.execute(
                    "ALTER TABLE invites ADD COLUMN upstream INTEGER NOT NULL DEFAULT 1"
                )

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def make(
        self,
        *,
        station: str,
        kind: str,
        practitioner: str,
        role: str,
        depts: tuple[str, ...],
        place: str,
        now: float,
        valid_seconds: float,
        entropy: Callable[[int], bytes],
        upstream: int = 1,
    ) -> tuple[Invite, bytes]:
        """A new invitation and its secret, which is not kept."""
        with _database():
            (count,) = self._db.execute(
                "SELECT count(*) FROM invites WHERE used_by IS NULL AND expires > ?", (int(now),)
            ).fetchone()
        if count >= OPEN_MAX:
            raise NotAllowed(
                "There are already {count} open invitations.", "Wait until some have expired.",
                count=count,
            )  # fmt: skip
        made = Invite(
            entropy(INVITE_ID_BYTES), station, kind, practitioner, role, depts, place,
            int(now + valid_seconds), upstream=upstream,
        )  # fmt: skip
        secret = entropy(SECRET_BYTES)
        with _database():
            self._db.execute(
                "INSERT INTO invites (id, secret_hash, station, kind, practitioner, role, depts,"
                " place, made, expires, upstream) VALUES (?,?,?,?,?,?,?,?,?,?,?)",
                (made.id, _hash(secret), station, kind, practitioner, role, "\n".join(depts),
                 place, int(now), made.expires, upstream),
            )  # fmt: skip
        return made, secret

    def find(self, invite: bytes, secret: bytes) -> Invite | None:
        """The invitation with this id, if the secret is right."""
        with _database():
            row = self._db.execute(
                "SELECT id, station, kind, practitioner, role, depts, place, expires, used_by,"
                " number, practitioner_no, upstream FROM invites WHERE id = ? AND secret_hash = ?",
                (invite, _hash(secret)),
            ).fetchone()
        if row is None:
            return None
        depts = tuple(row[5].split("\n")) if row[5] else ()
        return Invite(
            id=row[0], station=row[1], kind=row[2], practitioner=row[3], role=row[4], depts=depts,
            place=row[6], expires=row[7], used_by=row[8], number=row[9] or 0,
            practitioner_no=row[10] or 0, upstream=row[11],
        )  # fmt: skip

    def use(self, invite: bytes, by: bytes, number: int, practitioner_no: int, now: float) -> None:
        """Mark an invitation used by the station with key `by` and the numbers it got."""
        with _database():
            self._db.execute(
                "UPDATE invites SET used_by = ?, number = ?, practitioner_no = ?, used_at = ?"
                " WHERE id = ? AND used_by IS NULL",
                (by, number, practitioner_no, int(now), invite),
            )


@contextmanager
def _database() -> Iterator[None]:
    """Turn SQLite's failures into sentences."""
    try:
        yield
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode in FULL:
            raise DiskFull(
                "The disk is full, so nothing was saved.", "Free some space and do it again."
            ) from error
        raise
    except sqlite3.DatabaseError as error:
        raise LogCorrupt(
            "The hub's list of invitations cannot be read.",
            "Move hub.db away; open invitations must then be made again.",
        ) from error
