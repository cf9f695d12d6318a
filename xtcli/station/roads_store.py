"""What a station remembers of its roads, in one small SQLite file: `roads.db`.

Counts per carrier for `xt status`, what was carried by hand, how far short messages have come, and
what a relay holds for others. Nothing here is about a patient; when the file is lost, some bytes
travel twice. It knows no road's format.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from xtcli.transport.driving import Wire
from xtcli.transport.small_file import SmallFile

NAME = "roads.db"
CARRIED_MAX = 20_000
"""Bundles remembered as put on a stick, of each station."""
COUNTERS = ("put", "taken", "refused", "bytes_out", "bytes_in", "again")
_SCHEMA = """
CREATE TABLE IF NOT EXISTS counts(
  road TEXT PRIMARY KEY, put INTEGER NOT NULL DEFAULT 0, taken INTEGER NOT NULL DEFAULT 0,
  refused INTEGER NOT NULL DEFAULT 0, bytes_out INTEGER NOT NULL DEFAULT 0,
  bytes_in INTEGER NOT NULL DEFAULT 0, last REAL, again INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS carried(
  id INTEGER PRIMARY KEY, peer INTEGER NOT NULL, tag BLOB NOT NULL, UNIQUE(peer, tag));
CREATE TABLE IF NOT EXISTS short(
  peer INTEGER NOT NULL, tag BLOB NOT NULL, next INTEGER NOT NULL, spent INTEGER NOT NULL,
  tries INTEGER NOT NULL, at REAL NOT NULL, PRIMARY KEY(peer, tag));
CREATE TABLE IF NOT EXISTS short_in(
  peer INTEGER NOT NULL, id BLOB NOT NULL, length INTEGER NOT NULL, number INTEGER NOT NULL,
  payload BLOB NOT NULL, at REAL NOT NULL, PRIMARY KEY(peer, id, length, number));
CREATE TABLE IF NOT EXISTS short_taken(
  peer INTEGER NOT NULL, tag BLOB NOT NULL, at REAL NOT NULL, PRIMARY KEY(peer, tag));
CREATE TABLE IF NOT EXISTS contact(
  peer INTEGER NOT NULL, road TEXT NOT NULL, address TEXT NOT NULL, at REAL NOT NULL,
  PRIMARY KEY(peer, road));
CREATE TABLE IF NOT EXISTS hops(
  peer INTEGER NOT NULL, tag BLOB NOT NULL, station INTEGER NOT NULL, inner BLOB NOT NULL,
  PRIMARY KEY(peer, tag));
CREATE TABLE IF NOT EXISTS passed(
  id INTEGER PRIMARY KEY, station INTEGER NOT NULL, tag BLOB NOT NULL, at REAL NOT NULL,
  UNIQUE(station, tag));
CREATE TABLE IF NOT EXISTS rates(
  road TEXT PRIMARY KEY, rate_bps REAL NOT NULL, rtt_s REAL NOT NULL, rttvar_s REAL NOT NULL,
  loss REAL NOT NULL);
CREATE TABLE IF NOT EXISTS gaps(
  station INTEGER PRIMARY KEY, runs TEXT NOT NULL, asks INTEGER NOT NULL, at REAL NOT NULL);
CREATE TABLE IF NOT EXISTS used(one INTEGER PRIMARY KEY CHECK(one=1), road TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class RoadCount:
    """One carrier's numbers since this home began. `last` is unix time of the last success; `again`
    how many of those taken were genuine but had come before: doubled by a road, or replayed."""

    road: str
    put: int = 0
    taken: int = 0
    refused: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    last: float | None = None
    again: int = 0


@dataclass(frozen=True, slots=True)
class ShortState:
    """How far a bundle has come by short messages: next symbol, messages spent, tries, when."""

    next: int
    spent: int
    tries: int
    at: float


class RoadStore(SmallFile):
    """See the module."""

    def __init__(self, root: Path) -> None:
        """Open or make the file in a home's folder."""
        super().__init__(root / NAME, _SCHEMA)
        with self.transaction():
            if "again" not in [row[1] for row in self._do("PRAGMA table_info(counts)")]:
                self._do("ALTER TABLE counts ADD COLUMN again INTEGER NOT NULL DEFAULT 0")

    def _do(self, statement: str, *values: object) -> sqlite3.Cursor:
        return self._run(statement, values)

    # Counts

    def count_wire(self, road: str, more: Wire, now: float | None) -> None:
        """Add what went over the wire of a road; `now` when something genuine came over it."""
        self.count(road, now, put=more.datagrams_out, taken=more.datagrams_in, refused=more.refused,
                   bytes_out=more.bytes_out, bytes_in=more.bytes_in, again=more.again)  # fmt: skip

    def count(self, road: str, now: float | None = None, **more: int) -> None:
        """Add to a carrier's numbers; `now` when something genuine came over it."""
        if not set(more) <= set(COUNTERS):
            raise ValueError("no such count")
        with self.transaction():
            self._do("INSERT OR IGNORE INTO counts(road) VALUES(?)", road)
            for name, value in more.items():
                if value:
                    self._do(f"UPDATE counts SET {name}={name}+? WHERE road=?", value, road)
            if now is not None:
                self._do("UPDATE counts SET last=? WHERE road=?", now, road)

    def counts(self) -> list[RoadCount]:
        """Every carrier used so far."""
        rows = self._do("SELECT road, put, taken, refused, bytes_out, bytes_in, last, again FROM"
                         " counts ORDER BY road")  # fmt: skip
        return [RoadCount(*row) for row in rows]

    # Rates

    def rate(self, road: str) -> tuple[float, float, float, float] | None:
        """What a road was found to be: rate (bit/s), round trip and its deviation (s), loss."""
        row = self._do(
            "SELECT rate_bps, rtt_s, rttvar_s, loss FROM rates WHERE road=?", road
        ).fetchone()
        return (row[0], row[1], row[2], row[3]) if row else None

    def save_rate(self, road: str, found: tuple[float, float, float, float]) -> None:
        """Keep what a road was found to be."""
        self._do("INSERT OR REPLACE INTO rates VALUES(?,?,?,?,?)", road, *found)

    def last_road(self) -> str:
        """The road that the link of this home used last; UDP when no other was ever used."""
        row = self._do("SELECT road FROM used").fetchone()
        return row[0] if row else "udp"

    def used(self, road: str) -> None:
        """Remember which road was used last."""
        self._do("INSERT OR REPLACE INTO used VALUES(1,?)", road)

    # Carried by hand

    def carried(self, peer: int, tag: bytes) -> None:
        """A bundle for `peer` was written to a stick."""
        with self.transaction():
            self._do("INSERT OR IGNORE INTO carried(peer, tag) VALUES(?,?)", peer, tag)
            self._do("DELETE FROM carried WHERE id <= (SELECT max(id) FROM carried) - ?",
                      CARRIED_MAX)  # fmt: skip

    def carried_tags(self) -> dict[int, set[bytes]]:
        """Bundles written to a stick, by peer."""
        found: dict[int, set[bytes]] = {}
        for peer, tag in self._do("SELECT peer, tag FROM carried"):
            found.setdefault(peer, set()).add(tag)
        return found

    # Short messages

    def short(self, peer: int, tag: bytes) -> ShortState | None:
        """How far a bundle has come by short messages."""
        row = self._do(
            "SELECT next, spent, tries, at FROM short WHERE peer=? AND tag=?", peer, tag
        ).fetchone()
        return ShortState(*row) if row else None

    def save_short(self, peer: int, tag: bytes, state: ShortState) -> None:
        """Remember how far it has come."""
        self._do("INSERT OR REPLACE INTO short VALUES(?,?,?,?,?,?)",
                  peer, tag, state.next, state.spent, state.tries, state.at)  # fmt: skip

    def forget_short(self, peer: int, keep: Iterable[bytes]) -> None:
        """Forget all bundles of `peer` but these."""
        kept = set(keep)
        with self.transaction():
            for (tag,) in self._do("SELECT tag FROM short WHERE peer=?", peer).fetchall():
                if tag not in kept:
                    self._do("DELETE FROM short WHERE peer=? AND tag=?", peer, tag)

    def keep_symbol(self, peer: int, symbol: tuple[bytes, int, int, bytes], now: float
                    ) -> tuple[bool, dict[int, bytes]]:  # fmt: skip
        """Keep a symbol (id, length, index, payload): whether it is new, and all symbols of its
        bundle."""
        wanted, length, number, payload = symbol
        with self.transaction():
            kept = self._do("INSERT OR IGNORE INTO short_in VALUES(?,?,?,?,?,?)",
                            peer, wanted, length, number, payload, now)  # fmt: skip
            self._do("UPDATE short_in SET at=? WHERE peer=? AND id=? AND length=?",
                      now, peer, wanted, length)  # fmt: skip
            rows = self._do(
                "SELECT number, payload FROM short_in WHERE peer=? AND id=? AND length=?",
                peer, wanted, length,
            ).fetchall()  # fmt: skip
        return kept.rowcount > 0, dict(rows)

    def forget_symbols(self, peer: int, wanted: bytes, length: int) -> None:
        """Forget the symbols of a bundle."""
        self._do("DELETE FROM short_in WHERE peer=? AND id=? AND length=?", peer, wanted, length)

    def partly(self) -> list[tuple[int, bytes, int, int, int, float]]:
        """Bundles partly here: peer, id, length, symbol size, symbols, last time; oldest first."""
        return self._do(
            "SELECT peer, id, length, max(length(payload)), count(*), max(at) FROM short_in"
            " GROUP BY peer, id, length ORDER BY max(at)"
        ).fetchall()

    def taken_short(self, peer: int, tag: bytes, now: float) -> None:
        """A bundle that came by short messages is safe; the last thousand are remembered."""
        with self.transaction():
            self._do("INSERT OR REPLACE INTO short_taken VALUES(?,?,?)", peer, tag, now)
            self._do(
                "DELETE FROM short_taken WHERE rowid NOT IN"
                " (SELECT rowid FROM short_taken ORDER BY at DESC LIMIT 1000)"
            )

    def was_taken(self, peer: int, start: bytes) -> float | None:
        """When a bundle whose tag begins so was taken last."""
        row = self._do(
            "SELECT max(at) FROM short_taken WHERE peer=? AND substr(tag, 1, ?)=?",
            peer, len(start), start,
        ).fetchone()  # fmt: skip
        return row[0] if row else None

    # Contacts

    def met(self, peer: int, road: str, address: str, now: float) -> None:
        """Something genuine came from `peer` over a road, from this address."""
        self._do("INSERT OR REPLACE INTO contact VALUES(?,?,?,?)", peer, road, address, now)

    def contact(self, peer: int, road: str) -> tuple[str, float] | None:
        """Where and when `peer` was heard from last on a road."""
        row = self._do(
            "SELECT address, at FROM contact WHERE peer=? AND road=?", peer, road
        ).fetchone()
        return (row[0], row[1]) if row else None

    def contacts(self, road: str, since: float) -> list[int]:
        """Who was heard from on a road since a time."""
        rows = self._do("SELECT peer FROM contact WHERE road=? AND at>=?", road, since)
        return [row[0] for row in rows]

    # Records that are missing

    def gap(self, station: int) -> tuple[str, int, float]:
        """What was missing of a station at the last look, how often it was asked for, and when."""
        row = self._do("SELECT runs, asks, at FROM gaps WHERE station=?", station).fetchone()
        return (row[0], row[1], row[2]) if row else ("", 0, 0.0)

    def save_gap(self, station: int, runs: str, asks: int, at: float) -> None:
        """Remember it; nothing is missing when `runs` is empty."""
        self._do("INSERT OR REPLACE INTO gaps VALUES(?,?,?,?)", station, runs, asks, at)

    # Relays

    def hop(self, peer: int, tag: bytes, station: int, inner: bytes) -> None:
        """Bundle `tag` for the next hop `peer` carries the bundle `inner` of or for `station`."""
        self._do("INSERT OR REPLACE INTO hops VALUES(?,?,?,?)", peer, tag, station, inner)

    def hops(self, peer: int) -> dict[bytes, tuple[int, bytes]]:
        """What waits for the next hop `peer`: tag to (station, inner tag)."""
        rows = self._do("SELECT tag, station, inner FROM hops WHERE peer=?", peer)
        return {tag: (station, inner) for tag, station, inner in rows}

    def hop_of(self, peer: int, tag: bytes) -> tuple[int, bytes] | None:
        """What a bundle that waits for the next hop `peer` carries: (station, inner tag)."""
        row = self._do(
            "SELECT station, inner FROM hops WHERE peer=? AND tag=?", peer, tag
        ).fetchone()
        return (row[0], row[1]) if row else None

    def end_hop(self, peer: int, tag: bytes) -> tuple[int, bytes] | None:
        """The next hop holds a bundle: forget it; what it carried."""
        with self.transaction():
            found = self.hop_of(peer, tag)
            self._do("DELETE FROM hops WHERE peer=? AND tag=?", peer, tag)
        return found

    def passed(self, station: int, tag: bytes, now: float) -> None:
        """A bundle of or for `station` was taken from a stick and passed on."""
        with self.transaction():
            self._do("INSERT OR REPLACE INTO passed(station, tag, at) VALUES(?,?,?)",
                      station, tag, now)  # fmt: skip
            self._do("DELETE FROM passed WHERE id <= (SELECT max(id) FROM passed) - ?",
                      CARRIED_MAX)  # fmt: skip

    def passed_at(self, station: int, tag: bytes) -> float | None:
        """When it was passed on last."""
        row = self._do("SELECT at FROM passed WHERE station=? AND tag=?", station, tag).fetchone()
        return row[0] if row else None
