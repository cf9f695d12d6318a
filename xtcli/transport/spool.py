"""The spool: what waits to be sent and what has partly arrived, in one SQLite file.

A bundle is sealed once; its ciphertext stays here until the station drops it (after the receipt),
because sealing again would void the symbols already at the other side. Everything here is
encrypted content under random tags. Safe for several processes at once and for a crash at any
write. It knows peers by station number and nothing of links, records or clocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from xtcli.errors import DiskFull
from xtcli.transport.link.events import SymbolsToKeep
from xtcli.transport.small_file import SmallFile
from xtcli.transport.symbols import bundle_tag

OUTGOING_BYTES_MAX = 512 << 20
"""Sealed bytes that may wait for one peer."""
INCOMING_BYTES_MAX = 64 << 20
"""Symbols kept of bundles that have partly arrived from one peer."""
CANCELLED_UNTIL = 1e15
"""Unix seconds that never come: a bundle postponed until then is cancelled."""
POSTPONED_SECONDS_MAX = 366 * 86_400.0
ACCEPTED_MAX = 4096
"""Answered tags remembered for one peer."""
_SCHEMA = """
CREATE TABLE IF NOT EXISTS outgoing(
  peer INTEGER NOT NULL, tag BLOB NOT NULL, priority INTEGER NOT NULL, sealed BLOB NOT NULL,
  size INTEGER NOT NULL, state INTEGER NOT NULL, postponed_until REAL NOT NULL,
  created REAL NOT NULL, answered REAL NOT NULL DEFAULT 0, PRIMARY KEY(peer, tag));
CREATE TABLE IF NOT EXISTS incoming(
  peer INTEGER NOT NULL, tag BLOB NOT NULL, length INTEGER NOT NULL,
  symbol_bytes INTEGER NOT NULL, priority INTEGER NOT NULL, PRIMARY KEY(peer, tag));
CREATE TABLE IF NOT EXISTS symbols(
  peer INTEGER NOT NULL, tag BLOB NOT NULL, number INTEGER NOT NULL, payload BLOB NOT NULL,
  PRIMARY KEY(peer, tag, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS accepted(
  id INTEGER PRIMARY KEY, peer INTEGER NOT NULL, tag BLOB NOT NULL, reason INTEGER NOT NULL,
  UNIQUE(peer, tag));
CREATE INDEX IF NOT EXISTS accepted_newest ON accepted(peer, id);
CREATE TABLE IF NOT EXISTS link(peer INTEGER PRIMARY KEY, state BLOB NOT NULL);
"""

_LISTED = """
CREATE INDEX IF NOT EXISTS outgoing_listed ON outgoing(
  peer, priority, created, tag, size, state, postponed_until, answered)"""
"""Lists are made from this alone: to look at what waits must not read megabytes of pictures."""

WAITING, STARTED, TAKEN, REFUSED = range(4)
"""States of an outgoing bundle: never sent, perhaps sent in part, held by the peer, refused."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A bundle in the spool, without its bytes. Times are wall clock; `answered` is when it was
    first seen to be taken or refused, 0 before."""

    tag: bytes
    peer: int
    priority: int
    size: int
    state: int
    postponed_until: float
    created: float
    answered: float = 0.0

    def held_until(self, now: float) -> float:
        """Until when it was postponed, at `now` (wall clock); 0 when it was not, or that is over.

        So was one that would wait for longer than anybody can ask for: it was postponed while the
        clock was wrong, and nobody meant years.
        """
        until = self.postponed_until
        asked = now < until <= now + POSTPONED_SECONDS_MAX or until >= CANCELLED_UNTIL
        return until if asked else 0.0


class Spool(SmallFile):
    """See the module."""

    def __init__(self, path: Path | str) -> None:
        """Open or create the file; ":memory:" keeps everything in memory."""
        super().__init__(path, _SCHEMA)
        if "answered" not in [row[1] for row in self._run("PRAGMA table_info(outgoing)")]:
            self._run("ALTER TABLE outgoing ADD COLUMN answered REAL NOT NULL DEFAULT 0")
        self._run(_LISTED)

    # Outgoing

    def put(self, peer: int, sealed: bytes, priority: int, now: float) -> bytes:
        """Keep a sealed bundle for `peer`; its tag. The same bundle again changes nothing."""
        tag = bundle_tag(sealed)
        with self.transaction():
            if len(sealed) > self.room(peer):
                raise DiskFull(
                    "Too much already waits to be sent to this station.",
                    "Connect, or cancel transfers that are not needed any more.",
                )
            self._run(
                "INSERT OR IGNORE INTO outgoing VALUES(?,?,?,?,?,?,0,?,0)",
                (peer, tag, priority, sealed, len(sealed), WAITING, now),
            )
        return tag

    def room(self, peer: int) -> int:
        """Sealed bytes for which there is room for `peer`."""
        held = self._run("SELECT sum(size) FROM outgoing WHERE peer=?", (peer,)).fetchone()[0]
        return OUTGOING_BYTES_MAX - int(held or 0)

    def outgoing(self, peer: int | None = None) -> list[Outgoing]:
        """What is kept for one peer or all, most urgent and oldest first."""
        columns = "tag, peer, priority, size, state, postponed_until, created, answered"
        where, values = ("WHERE peer=?", (peer,)) if peer is not None else ("", ())
        order = "ORDER BY priority, created, rowid"
        rows = self._run(f"SELECT {columns} FROM outgoing {where} {order}", values)
        return [Outgoing(*row) for row in rows]

    def sealed(self, peer: int, tag: bytes) -> bytes | None:
        """The bytes of an outgoing bundle."""
        row = self._run("SELECT sealed FROM outgoing WHERE peer=? AND tag=?", (peer, tag))
        found = row.fetchone()
        return found[0] if found else None

    def mark(self, peer: int, tag: bytes, state: int) -> None:
        """Set the state of an outgoing bundle."""
        self._run("UPDATE outgoing SET state=? WHERE peer=? AND tag=?", (state, peer, tag))

    def answered(self, peer: int, tag: bytes, now: float) -> None:
        """It was found taken or refused at `now` (wall clock); the first time is kept."""
        self._run(
            "UPDATE outgoing SET answered=? WHERE peer=? AND tag=? AND answered=0",
            (now, peer, tag),
        )

    def postpone(self, peer: int, tag: bytes, until: float) -> bool:
        """Send it not before `until` (wall clock); False if it is not here."""
        done = self._run(
            "UPDATE outgoing SET postponed_until=? WHERE peer=? AND tag=?", (until, peer, tag)
        )
        return done.rowcount > 0

    def drop(self, peer: int, tag: bytes) -> bool:
        """Forget an outgoing bundle: its receipt is here, or the user cancelled it."""
        done = self._run("DELETE FROM outgoing WHERE peer=? AND tag=?", (peer, tag))
        return done.rowcount > 0

    # Incoming

    def keep(self, peer: int, part: SymbolsToKeep) -> None:
        """Keep symbols of a bundle that has not arrived whole."""
        with self.transaction():
            self._run(
                "INSERT OR IGNORE INTO incoming VALUES(?,?,?,?,?)",
                (peer, part.tag, part.length, part.symbol_bytes, part.priority),
            )
            self._run_many(
                "INSERT OR IGNORE INTO symbols VALUES(?,?,?,?)",
                [(peer, part.tag, index, payload) for index, payload in part.symbols],
            )

    def kept(self, peer: int) -> list[SymbolsToKeep]:
        """What has partly arrived from `peer`, within the bound; the rest is deleted."""
        rows = self._run(
            "SELECT tag, length, symbol_bytes, priority FROM incoming WHERE peer=?"
            " ORDER BY priority, rowid DESC",
            (peer,),
        ).fetchall()
        kept: list[SymbolsToKeep] = []
        total = 0
        for tag, length, symbol_bytes, priority in rows:
            total += length
            if total > INCOMING_BYTES_MAX:
                self.forget(peer, tag)
                continue
            symbols = self._run(
                "SELECT number, payload FROM symbols WHERE peer=? AND tag=?", (peer, tag)
            ).fetchall()
            kept.append(SymbolsToKeep(tag, length, symbol_bytes, priority, tuple(symbols)))
        return kept

    def forget(self, peer: int, tag: bytes) -> None:
        """Forget the symbols of a bundle."""
        with self.transaction():
            self._run("DELETE FROM incoming WHERE peer=? AND tag=?", (peer, tag))
            self._run("DELETE FROM symbols WHERE peer=? AND tag=?", (peer, tag))

    def settle(self, peer: int, tag: bytes, reason: int) -> None:
        """Remember the answer to a bundle (0: accepted) and forget its symbols."""
        with self.transaction():
            self.forget(peer, tag)
            self._run(
                "INSERT OR REPLACE INTO accepted(peer, tag, reason) VALUES(?,?,?)",
                (peer, tag, reason),
            )
            self._run(
                "DELETE FROM accepted WHERE peer=? AND id <= (SELECT id FROM accepted"
                " WHERE peer=? ORDER BY id DESC LIMIT 1 OFFSET ?)",
                (peer, peer, ACCEPTED_MAX),
            )

    def settled(self, peer: int, tag: bytes) -> bool:
        """Whether a bundle was answered for good, as far back as is remembered."""
        found = self._run("SELECT 1 FROM accepted WHERE peer=? AND tag=?", (peer, tag)).fetchone()
        return found is not None

    def answers(self, peer: int) -> list[tuple[bytes, int]]:
        """Answers remembered, oldest first: (tag, reason)."""
        query = "SELECT tag, reason FROM accepted WHERE peer=? ORDER BY id"
        return self._run(query, (peer,)).fetchall()

    # The link's memory

    def link_state(self, peer: int) -> bytes | None:
        """What `Link.save` gave last."""
        row = self._run("SELECT state FROM link WHERE peer=?", (peer,)).fetchone()
        return row[0] if row else None

    def save_link_state(self, peer: int, state: bytes) -> None:
        """Keep what `Link.save` gave."""
        self._run("INSERT OR REPLACE INTO link VALUES(?,?)", (peer, state))
