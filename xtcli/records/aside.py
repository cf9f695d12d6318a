"""Records that are not applied: held for something missing, or refused for a reason.

Both are kept with their bytes. Held ones are judged again when what they lack may have come; of
refused ones the newest are kept, and all are counted.
"""

from __future__ import annotations

import hashlib

from xtcli.records.database import Database
from xtcli.records.sign import Record
from xtcli.records.store import Aside

held_records_max = 20_000
"""More than this is not kept; their sender gets no receipt and will try again."""
held_per_sender_max = 2_000
"""One sender cannot use up the room of all."""
refused_records_max = 10_000


def _digest(content: bytes, raw: bytes, reason: str) -> bytes:
    """Names bytes that were refused, and why."""
    found = hashlib.blake2s(digest_size=16)
    for part in (content, raw, reason.encode()):
        found.update(len(part).to_bytes(4, "big") + part)
    return found.digest()


class AsideTable(Database):
    """The tables of held and refused records."""

    def refuse(self, content: bytes, raw: bytes, reason: str, at: int, via: str) -> None:
        """Keep bytes aside with the reason; the same bytes are kept once."""
        with self.transaction():
            # Found by a digest: comparing the bytes of all would let a sender keep a hub busy.
            digest = _digest(content, raw, reason)
            if self.row("SELECT n FROM refused WHERE digest=?", digest):
                return
            self._db.execute(
                "INSERT INTO refused (why, at, via, raw, content, digest) VALUES (?,?,?,?,?,?)",
                (reason, at, via, raw, content, digest),
            )
            self._db.execute(
                "DELETE FROM refused WHERE n <= (SELECT max(n) FROM refused) - ?",
                (refused_records_max,),
            )

    def refused(self, limit: int = 100) -> list[Aside]:
        """What was refused, newest first."""
        rows = self.rows(
            "SELECT content, raw, why, at, via FROM refused ORDER BY n DESC LIMIT ?", limit
        )
        return [Aside(*row) for row in rows]

    def refused_count(self) -> int:
        """How many were ever refused here."""
        return int(self.row("SELECT coalesce(max(n), 0) FROM refused")[0])

    def held(self, limit: int = 100) -> list[Aside]:
        """What is held, oldest first."""
        rows = self.rows(
            "SELECT content, raw, why, at, via FROM held ORDER BY rowid LIMIT ?", limit
        )
        return [Aside(*row) for row in rows]

    def held_count(self) -> int:
        """How many records are held."""
        return int(self.row("SELECT count(*) FROM held")[0])

    def _hold(self, record: Record, why: str, at: int, via: str) -> None:
        """Keep a record until what it lacks has come."""
        by_sender = self.row("SELECT count(*) FROM held WHERE via=?", via)[0]
        if by_sender < held_per_sender_max and self.held_count() < held_records_max:
            self._db.execute(
                "INSERT OR REPLACE INTO held (station, seq, digest, why, at, via, raw, content)"
                " VALUES (?,?,?,?,?,?,?,?)",
                (*record.id, record.digest, why, at, via, record.raw, record.content),
            )

    def _unhold(self, record: Record) -> None:
        """A held record was judged for good."""
        self._db.execute(
            "DELETE FROM held WHERE station=? AND seq=? AND digest=?", (*record.id, record.digest)
        )
