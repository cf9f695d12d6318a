"""The SQLite log: the contract, crashes, full disks, damage, several processes at once."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.records.contract import BLOB, StoreContract, own
from tests.records.world import (
    DESK,
    DESK2,
    DOCTOR,
    HUB,
    POST,
    SPECIALIST,
    START,
    World,
    a_request,
    an_answer,
)
from xtcli.errors import DiskFull, LogCorrupt, XtError
from xtcli.records.database import SCHEMA_VERSION
from xtcli.records.ids import RecordId, Span
from xtcli.records.log import Log
from xtcli.records.queue import Ask
from xtcli.records.store import Delivery, Store
from xtcli.records.types import Kind, Note, Receipt, Request

ROOT = Path(__file__).parents[2]
CRASH = """
import sys
from pathlib import Path
sys.path.insert(0, {root!r})
from tests.records.contract import BLOB, own
from tests.records.world import World
from xtcli.records.log import Log
from xtcli.records.store import Delivery, Store
from xtcli.records.types import Receipt
log, world = Log(Path({path!r}), own=1), World()
print("ready", flush=True)
while True:
    with log.many():
        for _ in range(3):
            record = log.append(own(world, Receipt(blobs=(BLOB,))), [Delivery(2)])
    print(record.id.seq, flush=True)
"""


class TestLogIsAStore(StoreContract):
    """SQLite keeps the contract."""

    @pytest.fixture
    def store(self, log: Log) -> Store:
        """An empty hub's log; the annotation makes mypy check it against the protocol."""
        return log


@pytest.fixture
def filled(log: Log, world: World) -> Log:
    """The hub's log with the roster and one answered case."""
    roster = StoreContract().fill(log, world)
    request = world.request()
    answer = world.sign(an_answer(request), SPECIALIST, request.id)
    StoreContract().take(log, roster, request, answer)
    return log


def append_some(path: str, count: int) -> None:
    """Another process on the same home."""
    log, world = Log(path, own=1), World()
    for _ in range(count):
        log.append(own(world, Receipt(blobs=(BLOB,))))
    log.close()


def test_several_processes_share_one_log(tmp_path: Path) -> None:
    """Commands and the TUI run at once on one home: no number twice, no gap, chain whole."""
    path = str(tmp_path / "log.db")
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=append_some, args=(path, 15)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0, 0]
    log, world = Log(path, own=1), World()
    assert log.ranges(1) == [Span(1, 1, 45)]
    assert log.verify(world.roster()) == 45
    log.close()


def test_another_process_is_noticed(tmp_path: Path, world: World) -> None:
    one, two = Log(tmp_path / "log.db", own=1), Log(tmp_path / "log.db", own=1)
    before = one.data_version()
    one.append(own(world, Receipt(blobs=(BLOB,))))
    assert one.data_version() == before
    two.append(own(world, Receipt(blobs=(BLOB,))))
    assert one.data_version() != before
    assert one.own_head().seq == 2
    one.close()
    two.close()


@pytest.mark.parametrize("seed", range(4))
def test_killed_at_any_moment(tmp_path: Path, seed: int) -> None:
    """What was acknowledged is there, transactions are whole, the next number follows."""
    path = tmp_path / "log.db"
    rng, told = random.Random(seed), 0
    for _ in range(3):
        code = CRASH.format(root=str(ROOT), path=str(path))
        child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        for _ in range(rng.randint(1, 6)):
            line = child.stdout.readline()
            told = max(told, int(line)) if line.strip().isdigit() else told
        os.kill(child.pid, signal.SIGKILL)
        told = max([told, *(int(n) for n in child.stdout.read().split() if n.isdigit())])
        child.wait()
        child.stdout.close()
        log = Log(path, own=1)
        head = log.own_head().seq
        assert head >= told
        assert head % 3 == 0
        assert log.waiting(2).records == head
        assert log.verify(World().roster()) == head
        log.close()


def test_a_full_disk_saves_nothing_by_half(tmp_path: Path, world: World) -> None:
    """One clear sentence; afterwards everything is as before, and goes on when there is room."""
    log = Log(tmp_path / "log.db", own=1)
    log.append(own(world, Receipt(blobs=(BLOB,))))
    pages = log.row("PRAGMA page_count")[0]
    log.row(f"PRAGMA max_page_count={pages}")
    head = log.own_head()

    def fill() -> None:
        with log.many():
            for _ in range(500):
                log.append(own(world, Receipt(blobs=(os.urandom(16),))), [Delivery(POST)])

    with pytest.raises(DiskFull, match="nothing was saved"):
        fill()
    assert log.own_head() == head
    assert log.waiting(POST).records == 0
    log.row("PRAGMA max_page_count=1000000")
    fill()
    assert log.verify(world.roster()) == 501
    log.close()


@pytest.mark.parametrize(
    "content", [b"not a database, but a letter" * 50, b"SQLite format 3\0" * 99]
)
def test_a_foreign_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log.db"
    path.write_bytes(content)
    with pytest.raises(LogCorrupt, match="damaged"):
        Log(path, own=1)
    assert path.read_bytes() == content


def test_a_newer_log_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    Log(path, own=1).close()
    with sqlite3.connect(path) as db:
        db.execute(f"PRAGMA user_version={SCHEMA_VERSION + 1}")
    db.close()
    with pytest.raises(LogCorrupt, match="newer xt"):
        Log(path, own=1)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(XtError, match="cannot be read or written"):
        Log(tmp_path / "nowhere" / "log.db", own=1)


def test_verify_passes_on_a_sound_log(filled: Log, world: World) -> None:
    ticks: list[int] = []
    assert filled.verify(world.roster(), ticks.append) == len(ticks) > 10


DAMAGE = [
    "UPDATE records SET content=replace(content, x'01', x'02') WHERE station=2",
    "UPDATE records SET raw=zeroblob(72) WHERE station=2",
    "UPDATE records SET digest=zeroblob(32) WHERE station=2",
    "UPDATE records SET author=author+1 WHERE station=2",
    "UPDATE records SET kind=2 WHERE station=2",
    "UPDATE records SET at=at+1 WHERE station=2",
    "DELETE FROM records WHERE station=1 AND seq=4",
    "DELETE FROM records WHERE station=1 AND seq=1",
    "UPDATE records SET content=(SELECT content FROM records WHERE station=1 AND seq=2),"
    " raw=(SELECT raw FROM records WHERE station=1 AND seq=2) WHERE station=1 AND seq=3",
]


@pytest.mark.parametrize("damage", DAMAGE)
def test_verify_finds_every_kind_of_damage(filled: Log, world: World, damage: str) -> None:
    """Somebody edited the file: one clear sentence says where."""
    filled.rows(damage)
    with pytest.raises(LogCorrupt, match=r"does not check|damaged"):
        filled.verify(world.roster())


def test_verify_wants_the_right_realm(filled: Log) -> None:
    other = World()
    other.signers[HUB] = other.signers[DOCTOR]
    with pytest.raises(LogCorrupt):
        filled.verify(type(other.roster())(other.signers[DOCTOR].public))


def test_rebuild_changes_nothing(filled: Log, world: World) -> None:
    """The table of cases is a fold: made anew, it is the same."""
    before = filled.rows("SELECT * FROM cases")
    assert filled.rebuild() == 1
    assert filled.rows("SELECT * FROM cases") == before
    filled.rows("UPDATE cases SET name='?', state=9")
    filled.rebuild()
    assert filled.rows("SELECT * FROM cases") == before


def test_score_is_given_from_outside(tmp_path: Path, world: World) -> None:
    """The log sorts by a number that it does not understand."""

    def pulse(request: Request) -> int | None:
        return dict(request.vitals).get(6)

    log = Log(tmp_path / "log.db", own=POST, score=pulse)
    for changes in ({}, {"vitals": ()}):
        body = a_request(**changes)
        log.append(lambda seq, prev, body=body: world.sign(body, DOCTOR))  # type: ignore[misc]
    assert sorted(row.score for row in log.summaries(Ask())) == [-1, 368]
    log.close()


def test_the_roster_is_read_from_the_log(filled: Log, world: World) -> None:
    roster = filled.roster(world.root_public)
    assert roster.practitioners() == world.roster().practitioners()
    assert len(filled.of_kinds([Kind.DEPARTMENTS])) == 1
    assert filled.stations() == [1, 2, 4]
    assert filled.count(Ask()) == 1
    assert filled.summary(RecordId(2, 1)) == filled.summaries(Ask())[0]
    assert filled.summary(RecordId(2, 9)) is None


def test_tags_and_peers(log: Log, world: World) -> None:
    log.append(own(world, Receipt(blobs=(BLOB,))), [Delivery(POST), Delivery(4)])
    assert log.peers_waiting() == [2, 4]
    log.bundled(POST, [RecordId(1, 1)], b"tagg")
    assert (log.peers_waiting(), log.tags(POST)) == ([4], [b"tagg"])
    assert [p.item for p in log.in_bundle(POST, b"tagg")] == [RecordId(1, 1)]
    assert log.drop_peer(POST) == 1
    assert log.tags(POST) == []


def test_a_repeated_receipt_folds_nothing_again(log: Log, world: World, monkeypatch: Any) -> None:
    """It may name a thousand records, and anybody let in may send it."""
    roster = world.roster()
    case = world.request()
    log.admit(case, roster, at=START)
    receipt = Receipt(records=(Span(POST, 1, 1_000),))
    log.admit(world.sign(receipt, DESK), roster, at=START)
    monkeypatch.setattr(log, "case", lambda *_: pytest.fail("folded again"))
    world.now -= 10_000
    log.admit(world.sign(receipt, DESK), roster, at=START)
    assert log.confirmed(case.id)[DESK] < START


def test_receipts_for_what_never_comes_are_bounded(
    log: Log, world: World, monkeypatch: Any
) -> None:
    """Of each station the newest are kept; those of another still count when the record comes."""
    monkeypatch.setattr("xtcli.records.outbox.EARLY_MAX", 20)
    roster, case = world.roster(), world.request()
    log.admit(world.sign(Receipt(records=(Span(POST, case.id.seq, case.id.seq),)), DESK2), roster,
              at=START)  # fmt: skip
    for number in range(30):
        spans = tuple(
            Span(POST, 9_000 + 2 * n + 20 * number, 9_000 + 2 * n + 20 * number)
            for n in range(number % 5 + 1)
        )
        log.admit(world.sign(Receipt(records=spans), DESK), roster, at=START)
    counted = dict(log.rows("SELECT peer, count(*) FROM early GROUP BY peer"))
    assert counted == {DESK: 20, DESK2: 1}
    log.admit(case, roster, at=START)
    assert log.confirmed(case.id) == {DESK2: log.confirmed(case.id)[DESK2]}


def test_receipts_for_what_never_comes_do_not_pile_up(
    log: Log, world: World, monkeypatch: Any
) -> None:
    """Each is looked at when a record of that station comes: one row for each end of a run."""
    monkeypatch.setattr("xtcli.records.outbox.EARLY_MAX", 8)
    roster, case = world.roster(), world.request()
    notes = [world.sign(Note("x"), DOCTOR, case.id) for _ in range(5)]

    def confirm(first: int, last: int, who: int) -> int:
        log.admit(world.sign(Receipt((Span(POST, first, last),)), who), roster, at=START)
        return int(log.row("SELECT count(*) FROM early WHERE peer=?", who)[0])

    assert [confirm(first, 40, DESK2) for first in (9, 8, 7, 6)] == [1, 1, 1, 1]
    for last in range(1, 30):
        assert confirm(last, last, DESK2) <= 8
        assert confirm(max(1, last - 3), 900 + last, DESK2) <= 8
    for number, record in enumerate((case, *notes), 1):
        confirm(1, number, DESK)
        log.admit(record, roster, at=START)
    assert all(DESK in log.confirmed(record.id) for record in (case, *notes))


def test_what_is_searched_at_every_arrival_has_an_index(log: Log) -> None:
    """A table that others fill must not be read through for each of their records."""
    for sql in (
        "SELECT n FROM refused WHERE digest=?", "SELECT content FROM held WHERE why=?",
        "SELECT peer FROM early WHERE last>=? AND station=1 AND first<=7",
    ):  # fmt: skip
        plan = str(log.rows(f"EXPLAIN QUERY PLAN {sql}", b""))
        assert "SEARCH" in plan
        assert "INDEX" in plan


def test_held_records_are_bounded(log: Log, world: World, monkeypatch: Any) -> None:
    """A peer that sends orphans for ever cannot fill the disk; what is not kept gets no receipt."""
    monkeypatch.setattr("xtcli.records.aside.held_records_max", 3)
    monkeypatch.setattr("xtcli.records.aside.refused_records_max", 3)
    roster = world.roster()
    for number in range(6):
        orphan = world.sign(Note("x"), DOCTOR, RecordId(POST, 1000 + number))
        log.admit(orphan, roster, at=START)
        log.refuse(b"%d" % number, b"", "unreadable", START, "")
    assert log.held_count() == 3
    assert [a.content for a in log.refused()] == [b"5", b"4", b"3"]
    assert log.refused_count() == 6


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Child processes must not write bytecode into the tree."""
    before = os.environ.get("PYTHONDONTWRITEBYTECODE")
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    yield
    if before is None:
        del os.environ["PYTHONDONTWRITEBYTECODE"]
