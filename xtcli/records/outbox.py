"""What waits for whom, what was put on a road, and what was confirmed by signed receipts.

Only a receipt ends a delivery. Knows items and peers, not bundles' bytes or links.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from xtcli.records.authority import Reason
from xtcli.records.database import Database
from xtcli.records.ids import RecordId, Span
from xtcli.records.sign import Record
from xtcli.records.store import Delivery, Item, Pending, Return, Waiting
from xtcli.records.types import Receipt

EARLY_MAX = 4_096
"""Runs of records remembered for one station whose receipts came before the records. Honest ones
are few; a station that confirms what never comes must not make the log grow, or slow for others."""
HEARD_MAX = 10_000
"""Words of a hub that are known again: years of them."""
IN_VAIN = (Reason.FORK.value, Reason.CHAIN.value)
"""The number belongs to another record at the peer, or the one before it does: no receipt that
names the number can mean this one."""


def key_of(item: Item) -> tuple[int, int, bytes]:
    """The columns (station, seq, blob) of an item."""
    return (0, 0, item) if isinstance(item, bytes) else (item.station, item.seq, b"")


def item_of(station: int, seq: int, blob: bytes) -> Item:
    """The item of those columns."""
    return RecordId(station, seq) if station else blob


class Outbox(Database):
    """Deliveries, confirmations and first times on a road."""

    def queue(
        self, peer: int, item: Item, priority: int = 1, *, size: int = 0, at: int = 0
    ) -> None:
        """`peer` must get this. Queueing twice keeps the more urgent priority.

        What `peer` has confirmed already is not queued again.
        """
        with self.transaction():
            if self.row(
                "SELECT 1 FROM confirmed WHERE station=? AND seq=? AND blob=? AND peer=?",
                *key_of(item), peer,
            ):  # fmt: skip
                return
            if not size and isinstance(item, RecordId):
                size = self._record_size(item)
            self._db.execute(
                "INSERT INTO deliveries (peer, station, seq, blob, priority, size, tag, queued_at)"
                " VALUES (?,?,?,?,?,?,x'',?) ON CONFLICT DO UPDATE SET"
                " priority=min(priority, excluded.priority), size=max(size, excluded.size)",
                (peer, *key_of(item), priority, size, at),
            )

    def _record_size(self, item: RecordId) -> int:
        """Bytes of a record that is here; 0 otherwise."""
        found = self.row(
            "SELECT length(content)+length(raw) FROM records WHERE station=? AND seq=?", *item
        )
        return int(found[0]) if found else 0

    def _queue_with(self, record: Record, deliveries: Iterable[Delivery]) -> None:
        """Deliveries that go with a record being stored."""
        for delivery in deliveries:
            item = record.id if delivery.item is None else delivery.item
            size = record.size if delivery.item is None else delivery.size
            self.queue(delivery.peer, item, delivery.priority, size=size, at=record.at)

    def pending(self, peer: int, limit: int = 100, *, ready: bool = False) -> list[Pending]:
        """What is in no bundle yet, most urgent first, then oldest. `ready`: without the blobs that
        are not whole here, some of which never will be."""
        here = " AND (blob=x'' OR EXISTS (SELECT 1 FROM blobs b WHERE digest=blob AND whole=1))"
        return self._pending(f"peer=? AND tag=x''{here if ready else ''}", peer, limit)

    def in_bundle(self, peer: int, tag: bytes) -> list[Pending]:
        """What the bundle `tag` carries and `peer` has not confirmed."""
        return self._pending("peer=? AND tag=?", peer, tag, 2**31)

    def _pending(self, where: str, *values: object) -> list[Pending]:
        rows = self.rows(
            "SELECT peer, station, seq, blob, priority, size, tag, queued_at FROM deliveries"
            f" WHERE {where} ORDER BY priority, n LIMIT ?",
            *values,
        )
        return [Pending(r[0], item_of(r[1], r[2], r[3]), r[4], r[5], r[6], r[7]) for r in rows]

    def peers_waiting(self) -> list[int]:
        """Peers for whom something is in no bundle yet."""
        return [r[0] for r in self.rows("SELECT DISTINCT peer FROM deliveries WHERE tag=x''")]

    def tags(self, peer: int) -> list[bytes]:
        """Bundles that carry something `peer` has not confirmed."""
        rows = self.rows("SELECT DISTINCT tag FROM deliveries WHERE peer=? AND tag<>x''", peer)
        return [r[0] for r in rows]

    def bundled(self, peer: int, items: Iterable[Item], tag: bytes) -> None:
        """These are in the bundle `tag` now."""
        with self.transaction():
            self._db.executemany(
                "UPDATE deliveries SET tag=? WHERE peer=? AND station=? AND seq=? AND blob=?",
                [(tag, peer, *key_of(item)) for item in items],
            )

    def unbundled(self, peer: int, tag: bytes) -> int:
        """The bundle `tag` is gone without a receipt: its items wait again; how many."""
        with self.transaction():
            done = self._db.execute(
                "UPDATE deliveries SET tag=x'' WHERE peer=? AND tag=? AND tag<>x''", (peer, tag)
            )
            return done.rowcount

    def delivered(self, peer: int, items: Iterable[Item]) -> None:
        """`peer` holds these, or will never take them: nothing more to do."""
        with self.transaction():
            self._db.executemany(
                "DELETE FROM deliveries WHERE peer=? AND station=? AND seq=? AND blob=?",
                [(peer, *key_of(item)) for item in items],
            )

    def returned(self, peer: int, why: Mapping[RecordId, str], at: int) -> list[RecordId]:
        """`peer` has refused these for good: nothing waits for its receipt any more.

        They stay in the log and never count as received. Those that this is news of. Receipts
        name numbers: one for the other record of a number (`IN_VAIN`) counts no more.
        """
        news = []
        with self.transaction():
            for item, reason in why.items():
                if not self._record_size(item):
                    continue
                if reason in IN_VAIN:
                    self._unconfirm(peer, item)
                elif peer in self.confirmed(item):
                    continue
                done = self._db.execute(
                    "INSERT OR IGNORE INTO returned VALUES (?,?,?,?,?)", (*item, peer, reason, at)
                )
                if done.rowcount:
                    news.append(item)
                self.delivered(peer, [item])
                self._touch(item)
        return news

    def returns(self, limit: int = 100) -> list[Return]:
        """What was refused elsewhere, newest first."""
        rows = self.rows(
            "SELECT station, seq, peer, why, at FROM returned ORDER BY at DESC, seq DESC LIMIT ?",
            limit,
        )
        return [Return(RecordId(r[0], r[1]), r[2], r[3], r[4]) for r in rows]

    def returned_in(self, case: RecordId) -> dict[RecordId, str]:
        """Of a case's records those refused elsewhere, and why."""
        rows = self.rows(
            "SELECT t.station, t.seq, t.why FROM returned t JOIN records r"
            " ON r.station=t.station AND r.seq=t.seq WHERE r.case_station=? AND r.case_seq=?",
            *case,
        )
        return {RecordId(r[0], r[1]): r[2] for r in rows}

    def is_returned(self, item: RecordId) -> bool:
        """Whether a record was refused elsewhere."""
        return bool(self.row("SELECT 1 FROM returned WHERE station=? AND seq=?", *item))

    def heard(self, proof: bytes) -> bool:
        """Whether this is the first time that a peer's word with this `proof` is met. A copy of a
        word says nothing new: records may have been received since."""
        with self.transaction():
            done = self._db.execute("INSERT OR IGNORE INTO heard (proof) VALUES (?)", (proof,))
            self._db.execute(
                "DELETE FROM heard WHERE n <= (SELECT max(n) FROM heard) - ?", (HEARD_MAX,)
            )
        return done.rowcount > 0

    def wanted_again(self, peer: int, items: Iterable[RecordId], at: int) -> int:
        """`peer` has lost these although it confirmed them: they wait for a receipt anew."""
        count = 0
        with self.transaction():
            for item in items:
                if not self._record_size(item):
                    continue
                self._unconfirm(peer, item)
                self.queue(peer, item, at=at)
                self._touch(item)
                count += 1
        return count

    def _unconfirm(self, peer: int, item: RecordId) -> None:
        """`peer` does not have this record after all."""
        self._db.execute(
            "DELETE FROM confirmed WHERE station=? AND seq=? AND blob=x'' AND peer=?",
            (*item, peer),
        )

    def drop_peer(self, peer: int) -> int:
        """Stop delivering to a peer that was revoked; how many items that were."""
        with self.transaction():
            done = self._db.execute("DELETE FROM deliveries WHERE peer=?", (peer,))
            return done.rowcount

    def waiting(self, peer: int) -> Waiting:
        """What `peer` has not confirmed, bundled or not."""
        found = self.row(
            "SELECT coalesce(sum(station>0),0), coalesce(sum(station=0),0), coalesce(sum(size),0)"
            " FROM deliveries WHERE peer=?",
            peer,
        )
        return Waiting(*found)

    def confirmed(self, item: Item) -> dict[int, int]:
        """Which stations have confirmed an item, and when (earliest receipt)."""
        rows = self.rows(
            "SELECT peer, at FROM confirmed WHERE station=? AND seq=? AND blob=? ORDER BY peer",
            *key_of(item),
        )
        return dict(rows)

    def sent(self, items: Iterable[Item], at: int) -> None:
        """Note that these were put on a road; the first time is kept."""
        with self.transaction():
            for item in items:
                done = self._db.execute(
                    "INSERT OR IGNORE INTO sent VALUES (?,?,?,?)", (*key_of(item), at)
                )
                if done.rowcount and isinstance(item, RecordId):
                    self._touch(item)

    def sent_at(self, item: Item) -> int:
        """When it was first put on a road; 0 when never."""
        found = self.row("SELECT at FROM sent WHERE station=? AND seq=? AND blob=?", *key_of(item))
        return int(found[0]) if found else 0

    def _touch(self, item: RecordId) -> None:
        """For the log: the case of this record must be summarised again."""

    def _apply_receipt(self, record: Record) -> None:
        """Confirm what a receipt names, and end the deliveries to its station."""
        body, peer = record.body, record.id.station
        assert isinstance(body, Receipt)
        early = False
        for span in body.records:
            # Only these change their cases: a receipt that is repeated must cost little.
            news = self.rows(
                "SELECT station, seq FROM records r WHERE station=? AND seq BETWEEN ? AND ?"
                " AND NOT EXISTS (SELECT 1 FROM confirmed c WHERE c.station=r.station"
                "  AND c.seq=r.seq AND c.blob=x'' AND c.peer=?)",
                *span, peer,
            )  # fmt: skip
            self._db.execute(
                "INSERT INTO confirmed SELECT station, seq, x'', ?, ? FROM records r"
                " WHERE station=? AND seq BETWEEN ? AND ? AND NOT EXISTS (SELECT 1 FROM returned t"
                "  WHERE t.station=r.station AND t.seq=r.seq AND t.peer=? AND t.why IN (?,?))"
                " ON CONFLICT DO UPDATE SET at=min(at, excluded.at)",
                (peer, record.at, *span, peer, *IN_VAIN),
            )
            self._db.execute(
                "DELETE FROM deliveries WHERE peer=? AND station=? AND seq BETWEEN ? AND ?",
                (peer, *span),
            )
            self._db.execute(
                "DELETE FROM returned WHERE peer=? AND station=? AND seq BETWEEN ? AND ?"
                " AND why NOT IN (?,?)",
                (peer, *span, *IN_VAIN),
            )
            (here,) = self.row(
                "SELECT count(*) FROM records WHERE station=? AND seq BETWEEN ? AND ?", *span
            )
            if here <= span.last - span.first:
                self._overtaken(span, peer, record.at)
                early = True
            for station, seq in news:
                self._touch(RecordId(station, seq))
        if early:
            self._db.execute(
                "DELETE FROM early WHERE peer=? AND rowid <= (SELECT rowid FROM early"
                " WHERE peer=? ORDER BY rowid DESC LIMIT 1 OFFSET ?)",
                (peer, peer, EARLY_MAX),
            )
        self._confirm_blobs(body.blobs, peer, record.at)

    def _overtaken(self, span: Span, peer: int, at: int) -> None:
        """A receipt came before a record: it will count when the record comes. One row for each
        end of a run, however often it is said."""
        known = self._db.execute(
            "UPDATE early SET first=min(first, ?), at=min(at, ?)"
            " WHERE station=? AND last=? AND peer=?",
            (span.first, at, span.station, span.last, peer),
        )
        if not known.rowcount:
            self._db.execute("INSERT INTO early VALUES (?,?,?,?,?)", (*span, peer, at))

    def _confirm_blobs(self, digests: Iterable[bytes], peer: int, at: int) -> None:
        """The same for blobs; their bytes need not be here."""
        for digest in digests:
            self._db.execute(
                "INSERT INTO confirmed VALUES (0,0,?,?,?)"
                " ON CONFLICT DO UPDATE SET at=min(at, excluded.at)",
                (digest, peer, at),
            )
        self.delivered(peer, digests)

    def _apply_early(self, record: Record) -> None:
        """Confirm a record by receipts that came before it."""
        station, seq = record.id
        for peer, at in self.rows(
            "SELECT peer, min(at) FROM early WHERE station=? AND last>=? AND first<=?"
            " GROUP BY peer",
            station, seq, seq,
        ):  # fmt: skip
            self._db.execute(
                "INSERT OR IGNORE INTO confirmed VALUES (?,?,x'',?,?)", (station, seq, peer, at)
            )
