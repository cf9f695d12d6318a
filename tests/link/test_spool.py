"""The spool: what must survive a crash, and what must stay bounded."""

from __future__ import annotations

import multiprocessing
import os
import random
import sqlite3
from pathlib import Path

import pytest

from xtcli.errors import DiskFull
from xtcli.transport import spool as module
from xtcli.transport.link.events import SymbolsToKeep
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import CANCELLED_UNTIL, REFUSED, STARTED, TAKEN, WAITING, Spool
from xtcli.transport.symbols import bundle_tag


def part(tag: bytes, indices: range, length: int = 5000, priority: int = 5) -> SymbolsToKeep:
    symbols = tuple((index, bytes([index % 256]) * 100) for index in indices)
    return SymbolsToKeep(tag, length, 100, priority, symbols)


def test_outgoing_lives_until_dropped(tmp_path: Path) -> None:
    """Taken is not received: the ciphertext stays until the station drops it."""
    spool = Spool(tmp_path / "spool.db")
    photo = spool.put(0, b"photo" * 100, 5, 10.0)
    text = spool.put(0, b"text", 1, 11.0)
    spool.put(3, b"other peer", 0, 12.0)
    assert spool.put(0, b"text", 1, 99.0) == text == bundle_tag(b"text")
    assert [one.tag for one in spool.outgoing(0)] == [text, photo]
    for state in (STARTED, TAKEN, REFUSED, WAITING, TAKEN):
        spool.mark(0, text, state)
        assert spool.outgoing(0)[0].state == state
    spool.close()
    again = Spool(tmp_path / "spool.db")
    assert again.sealed(0, text) == b"text"
    assert again.postpone(0, photo, 50.0)
    assert again.outgoing(0)[1].postponed_until == 50.0
    assert again.drop(0, text)
    assert not again.drop(0, text)
    assert again.sealed(0, text) is None
    assert not again.postpone(0, text, 1.0)
    assert len(again.outgoing()) == 2
    again.close()


def test_postponed_while_the_clock_was_wrong() -> None:
    """Nobody means years: when the clock is set right, it goes. What was cancelled stays so."""
    spool, hour, years = Spool(":memory:"), 3_600.0, 4 * 365 * 86_400.0
    tag = spool.put(0, b"photo", 5, 0.0)
    spool.postpone(0, tag, years + hour)
    (one,) = spool.outgoing(0)
    assert one.held_until(years) == years + hour
    assert one.held_until(years + hour) == 0
    assert one.held_until(0.0) == 0
    link = Link(local=1, peer=0, key=bytes(32), now=0.0, entropy=random.Random(1).randbytes)
    node = SpooledLink(link, spool)
    node.load(0.0, years)
    assert node.next_timer(0.0) == hour
    node.load(0.0, 0.0)
    assert node.send(0.0) is not None
    spool.postpone(0, tag, CANCELLED_UNTIL)
    (one,) = spool.outgoing(0)
    assert all(one.held_until(now) for now in (0.0, years, 10 * years))


def test_symbols_and_answers(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    spool.keep(1, part(b"aaaa", range(3)))
    spool.keep(1, part(b"aaaa", range(2, 6)))
    spool.keep(2, part(b"aaaa", range(1)))
    kept = spool.kept(1)
    assert [index for index, _ in kept[0].symbols] == list(range(6))
    spool.settle(1, b"aaaa", 0)
    spool.settle(1, b"bbbb", 7)
    assert spool.kept(1) == []
    assert len(spool.kept(2)) == 1
    assert spool.answers(1) == [(b"aaaa", 0), (b"bbbb", 7)]
    assert spool.link_state(1) is None
    spool.save_link_state(1, b"one")
    spool.save_link_state(1, b"two")
    assert spool.link_state(1) == b"two"
    spool.close()


def test_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waiting bytes, kept symbols and remembered answers all have an end."""
    monkeypatch.setattr(module, "ACCEPTED_MAX", 10)
    monkeypatch.setattr(module, "INCOMING_BYTES_MAX", 12_000)
    monkeypatch.setattr(module, "OUTGOING_BYTES_MAX", 100)
    spool = Spool(":memory:")
    for number in range(30):
        spool.settle(1, number.to_bytes(4, "big"), 0)
    assert [int.from_bytes(tag, "big") for tag, _ in spool.answers(1)] == list(range(20, 30))
    for number in range(5):
        spool.keep(1, part(bytes([number]) * 4, range(2), priority=number))
    assert [one.priority for one in spool.kept(1)] == [0, 1]
    assert len(spool.kept(1)) == 2
    spool.put(0, bytes(60), 1, 0.0)
    with pytest.raises(DiskFull):
        spool.put(0, bytes(61), 1, 0.0)
    assert len(spool.outgoing(0)) == 1


def test_disk_full_leaves_everything_as_it_was(tmp_path: Path) -> None:
    """When SQLite finds no room, one clear error, and what was there is there."""
    spool = Spool(tmp_path / "spool.db")
    tag = spool.put(0, b"first", 1, 0.0)
    pages = spool._db.execute("PRAGMA page_count").fetchone()[0]
    spool._db.execute(f"PRAGMA max_page_count={pages + 2}")
    with pytest.raises(DiskFull, match="no room"):
        spool.put(0, random.Random(1).randbytes(50_000), 1, 0.0)
    assert spool.sealed(0, tag) == b"first"
    assert not spool._db.in_transaction
    spool.close()


def _write_and_die(path: str, count: int) -> None:
    spool = Spool(path)
    for number in range(count):
        spool.put(0, f"bundle {number}".encode(), 1, float(number))
        spool.keep(0, part(b"keep", range(number, number + 1)))
    os._exit(9)


def test_two_processes_and_a_kill(tmp_path: Path) -> None:
    """Two writers at once, both killed: what they wrote is there, and the file is sound."""
    path = str(tmp_path / "spool.db")
    Spool(path).close()
    context = multiprocessing.get_context("spawn")
    writers = [context.Process(target=_write_and_die, args=(path, 30)) for _ in range(2)]
    for one in writers:
        one.start()
    for one in writers:
        one.join(60)
        assert one.exitcode == 9
    spool = Spool(path)
    assert len(spool.outgoing(0)) == 30
    assert len(spool.kept(0)[0].symbols) == 30
    spool.close()
    check = sqlite3.connect(path)
    assert check.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    check.close()


def test_looking_at_what_waits_reads_no_contents() -> None:
    """Lists and sums are made from an index; thousands of bundles and large pictures may wait."""
    spool = Spool(":memory:")
    for sql in (
        "SELECT tag, peer, priority, size, state, postponed_until, created, answered FROM outgoing"
        " WHERE peer=1 ORDER BY priority, created, rowid",
        "SELECT sum(size) FROM outgoing WHERE peer=1",
        "SELECT id FROM accepted WHERE peer=1 ORDER BY id DESC LIMIT 1 OFFSET 4096",
    ):
        plan = str(spool._run(f"EXPLAIN QUERY PLAN {sql}").fetchall())
        assert "COVERING INDEX" in plan
        assert "B-TREE FOR ORDER BY" not in plan


def test_one_more_bundle_does_not_list_all_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    spool = Spool(":memory:")
    link = Link(local=1, peer=0, key=bytes(32), now=0.0, entropy=random.Random(1).randbytes)
    node = SpooledLink(link, spool)
    kept = spool.put(0, b"of another process", 1, 0.0)
    with monkeypatch.context() as looking:
        looking.setattr(spool, "outgoing", lambda *_: pytest.fail("listed"))
        tag = node.put(b"text", 1, 0.0, 0.0)
        assert node.put(b"text", 1, 0.0, 0.0) == tag
    assert link.measured().queued_bundles == 1
    assert node.load(0.0, 0.0) == 1
    assert {one.tag for one in link._outbox} == {tag, kept}


def test_a_spool_of_the_format_before_is_brought_up(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    with sqlite3.connect(path) as db:
        db.execute(
            "CREATE TABLE outgoing(peer INTEGER NOT NULL, tag BLOB NOT NULL, priority INTEGER NOT"
            " NULL, sealed BLOB NOT NULL, size INTEGER NOT NULL, state INTEGER NOT NULL,"
            " postponed_until REAL NOT NULL, created REAL NOT NULL, PRIMARY KEY(peer, tag))"
        )
        db.execute("INSERT INTO outgoing VALUES(0, x'01020304', 1, x'05', 1, 2, 0, 7.0)")
    db.close()
    spool = Spool(path)
    spool.answered(0, bytes([1, 2, 3, 4]), 9.0)
    spool.answered(0, bytes([1, 2, 3, 4]), 12.0)
    (one,) = spool.outgoing(0)
    assert (one.created, one.answered, one.state) == (7.0, 9.0, TAKEN)
