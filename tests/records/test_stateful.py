"""The log against a dictionary: any order of arrivals, receipts, bundles, crashes and reopenings.

A crash is the files as they lie on the disk in the middle of a transaction, opened anew.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterable
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from tests.records.contract import BLOB, StoreContract, own
from tests.records.world import (
    COLLEAGUE,
    DESK,
    DOCTOR,
    HUB,
    POST,
    SPECIALIST,
    START,
    World,
    an_answer,
    an_ecg,
)
from xtcli.records.admit import Outcome
from xtcli.records.ids import RecordId, ids_in, spans_of
from xtcli.records.log import Log
from xtcli.records.queue import Ask, Order, in_queue_order, summarise
from xtcli.records.sign import Record
from xtcli.records.store import Delivery, Item
from xtcli.records.types import Ack, Claimed, Note, Receipt

PEERS = (POST, DESK)


class _Crash(Exception):
    """Leaves a transaction without committing it."""


def pool(world: World) -> list[Record]:
    """Two cases with everything, and a forged record."""
    made = []
    for _ in range(2):
        request = world.request()
        answer = world.sign(an_answer(request), SPECIALIST, request.id)
        made += [
            request,
            answer,
            world.sign(an_ecg(), DOCTOR, request.id),
            world.sign(Claimed(), COLLEAGUE, request.id),
            world.sign(Note("", ((1, 90),)), DOCTOR, request.id),
            world.sign(Ack(answer.id), DOCTOR, request.id),
            world.sign(an_answer(amends=answer.id, reason="x"), SPECIALIST, request.id),
        ]
    made.append(world.sign(Receipt(spans_of([made[0].id, made[7].id, (1, 3)]), (BLOB,)), DESK))
    made.append(world.sign(Receipt(spans_of([(1, n) for n in range(1, 40)])), POST))
    made.append(world.sign(Note("forged"), DOCTOR, made[0].id, key=SPECIALIST))
    return made


class LogMachine(RuleBasedStateMachine):
    """Rules are what may happen to a station; invariants are what must hold after each."""

    @initialize()
    def start(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="xt-log-"))
        self.crashes = 0
        self.world = World()
        self.log = Log(self.folder / "log.db", own=HUB)
        self.roster = StoreContract().fill(self.log, self.world)
        self.pool = pool(self.world)
        self.forged = self.pool[-1].id
        self.model: dict[RecordId, Record] = {
            r.id: r for n in range(1, self.log.own_head().seq + 1)
            if (r := self.log.get(RecordId(HUB, n)))
        }  # fmt: skip
        self.queued: set[tuple[int, Item]] = set()
        self.confirmed: dict[Item, set[int]] = {}

    def teardown(self) -> None:
        if hasattr(self, "folder"):
            self.log.close()
            shutil.rmtree(self.folder)

    def stored(self, records: Iterable[Record]) -> None:
        """The model takes these in; receipts end deliveries."""
        for record in records:
            self.model[record.id] = record
        for receipt in self.model.values():
            if isinstance(receipt.body, Receipt):
                named: set[Item] = {i for i in ids_in(receipt.body.records) if i in self.model}
                for item in named | set(receipt.body.blobs):
                    self.confirmed.setdefault(item, set()).add(receipt.id.station)
        self.queued = {(p, i) for p, i in self.queued if p not in self.confirmed.get(i, ())}

    @rule(number=st.integers(0, 16))
    def arrive(self, number: int) -> None:
        record = self.pool[number]
        known = record.id in self.model
        verdict = self.log.admit(record, self.roster, at=START, deliver=[Delivery(DESK)])
        if record.id == self.forged:
            assert verdict.outcome is Outcome.REFUSED
            return
        assert (verdict.outcome is Outcome.DUPLICATE) == known
        if verdict.new:
            self.queued.add((DESK, record.id))
            self.stored([record])
        fresh = self.log.release_held(self.roster, at=START, deliver=[Delivery(DESK)])
        self.queued |= {(DESK, r.id) for r in fresh}
        self.stored(fresh)

    @rule(peer=st.sampled_from(PEERS), blob=st.booleans())
    def append(self, peer: int, blob: bool) -> None:
        item = BLOB if blob else None
        record = self.log.append(
            own(self.world, Receipt(blobs=(bytes(16),))), [Delivery(peer, 2, item, 5)]
        )
        self.queued.add((peer, item or record.id))
        self.stored([record])

    @rule(peer=st.sampled_from(PEERS))
    def into_bundle(self, peer: int) -> None:
        items = [p.item for p in self.log.pending(peer, 3)]
        self.log.bundled(peer, items, b"tag1")
        assert {p.item for p in self.log.in_bundle(peer, b"tag1")} >= set(items)

    @rule(peer=st.sampled_from(PEERS))
    def unbundle(self, peer: int) -> None:
        self.log.unbundled(peer, b"tag1")
        assert {(peer, p.item) for p in self.log.pending(peer, 999)} == {
            (p, i) for p, i in self.queued if p == peer
        }

    @rule()
    def reopen(self) -> None:
        path = self.log.path
        self.log.close()
        self.log = Log(path, own=HUB)

    @precondition(lambda self: self.crashes < 5)
    @rule(number=st.integers(0, 16))
    def crash(self, number: int) -> None:
        """The machine dies before the commit: nothing of the transaction is there afterwards."""
        self.crashes += 1
        after = self.folder / f"after-{self.crashes}.db"
        try:
            with self.log.many():
                self.log.append(own(self.world, Receipt(blobs=(BLOB,))), [Delivery(POST)])
                self.log.admit(self.pool[number], self.roster, at=START)
                self.log.rows("PRAGMA cache_spill=ON")
                for suffix in ("", "-wal"):
                    shutil.copy(f"{self.log.path}{suffix}", f"{after}{suffix}")
                raise _Crash
        except _Crash:
            self.log.close()
        self.log = Log(after, own=HUB)

    @invariant()
    def same_records(self) -> None:
        if hasattr(self, "log"):
            count = sum(
                span.last - span.first + 1
                for station in self.log.stations()
                for span in self.log.ranges(station)
            )
            assert count == len(self.model)
            assert all(self.log.get(rid) == record for rid, record in self.model.items())

    @invariant()
    def same_outbox(self) -> None:
        if hasattr(self, "log"):
            for peer in PEERS:
                waiting = self.log.waiting(peer)
                mine = [item for p, item in self.queued if p == peer]
                assert waiting.records + waiting.blobs == len(mine)
            for item, by in self.confirmed.items():
                assert set(self.log.confirmed(item)) == by

    @invariant()
    def table_is_the_fold(self) -> None:
        if hasattr(self, "log"):
            rows = self.log.summaries(Ask(order=Order.QUEUE))
            assert rows == in_queue_order(rows)
            for row in rows:
                assert row == summarise(self.log.case(row.case), None, arrived=START)


LogMachine.TestCase.settings = settings(
    derandomize=True, max_examples=25, stateful_step_count=25, deadline=None
)
TestLogAgainstADict = LogMachine.TestCase
