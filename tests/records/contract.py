"""What every store must do, whatever engine is under it. Engines subclass `StoreContract`."""

from __future__ import annotations

import pytest

from tests.records.world import (
    COLLEAGUE,
    DESK,
    DOCTOR,
    HUB,
    POST,
    SPECIALIST,
    START,
    World,
    a_request,
    an_answer,
)
from xtcli.errors import UsageError
from xtcli.records.admit import Outcome
from xtcli.records.ids import RecordId, Span
from xtcli.records.queue import Ask, Order
from xtcli.records.roster import Roster
from xtcli.records.sign import Record, author
from xtcli.records.store import Delivery, Make, Store, Waiting
from xtcli.records.types import Alert, Body, Claimed, Kind, Note, Receipt
from xtcli.records.values import Urgency

BLOB = b"b" * 16


def own(world: World, body: Body, case: RecordId | None = None) -> Make:
    """Signs the hub's next record for a store's `append`."""

    def make(seq: int, prev: bytes) -> Record:
        world.now += 1
        return author(body, station=HUB, seq=seq, author=HUB, at=world.now, case=case, prev=prev,
                      signer=world.signers[HUB], realm=world.realm)  # fmt: skip

    return make


class StoreContract:
    """Every test gets an empty hub's `store`."""

    def fill(self, store: Store, world: World) -> Roster:
        """The roster becomes the hub's own first records."""
        for record in world.roster_records:
            store.append(own(world, record.body))
        return Roster(world.root_public, store.of_kinds([Kind.STATION, Kind.PRACTITIONER]))

    def take(self, store: Store, roster: Roster, *records: Record) -> list[Outcome]:
        """Records arrive one after another."""
        return [store.admit(r, roster, at=r.at + 2, via="test").outcome for r in records]

    def test_own_records_are_chained_and_gapless(self, store: Store, world: World) -> None:
        first = store.append(own(world, Receipt(blobs=(BLOB,))))
        second = store.append(own(world, Receipt(blobs=(BLOB,))))
        assert (first.id, second.id) == ((1, 1), (1, 2))
        assert second.prev == first.digest[:8]
        assert store.own_head() == (2, second.digest)
        assert store.prev_at(1, 2) == second.prev
        assert store.digest_at(1, 1) == first.digest
        assert store.get(second.id) == second
        assert store.get(RecordId(1, 3)) is None

    def test_a_record_that_cannot_be_made_leaves_nothing(self, store: Store, world: World) -> None:
        with pytest.raises(UsageError):
            store.append(own(world, Note("no case")))
        with pytest.raises(ValueError, match="another record"):
            store.append(lambda seq, prev: world.request())
        assert store.own_head().seq == 0

    def test_admit_is_idempotent(self, store: Store, world: World) -> None:
        roster, request = self.fill(store, world), world.request()
        assert self.take(store, roster, request, request) == [Outcome.NEW, Outcome.DUPLICATE]
        assert store.records(request.id) == [request]

    def test_a_fork_is_kept_aside(self, store: Store, world: World) -> None:
        """Same number, other words: refused, and both are evidence."""
        roster, request = self.fill(store, world), world.request()
        world.heads.pop(POST)
        fork = world.sign(a_request(complaint="别的"), DOCTOR)
        assert self.take(store, roster, request, fork) == [Outcome.NEW, Outcome.REFUSED]
        assert store.get(request.id) == request
        (aside,) = store.refused()
        assert (aside.content, aside.raw, aside.why, aside.via) == (
            fork.content, fork.raw, "fork", "test",
        )  # fmt: skip

    def test_bytes_that_cannot_be_read_are_kept_once(self, store: Store, world: World) -> None:
        for _ in range(2):
            store.refuse(b"x", b"y", "unreadable", START, "udp")
        assert [a.content for a in store.refused()] == [b"x"]

    def test_what_is_held_is_released_in_the_right_order(self, store: Store, world: World) -> None:
        """Author, request, answer arrive backwards; nothing is lost, nothing applied early."""
        request = world.request()
        answer = world.sign(an_answer(request), SPECIALIST, request.id)
        amendment = world.sign(an_answer(amends=answer.id, reason="x"), SPECIALIST, request.id)
        roster = Roster(world.root_public)
        held = [Outcome.HELD] * 3
        assert self.take(store, roster, amendment, answer, request) == held
        assert self.take(store, roster, amendment) == [Outcome.HELD]
        assert len(store.held()) == 3
        assert store.release_held(roster, at=START) == []
        roster = self.fill(store, world)
        applied = store.release_held(roster, at=START, deliver=[Delivery(DESK)])
        assert [r.id for r in applied] == [request.id, answer.id, amendment.id]
        assert store.held() == []
        assert {p.item for p in store.pending(DESK)} == {request.id, answer.id, amendment.id}

    def test_what_waits_for_something_else_is_not_looked_at(
        self, store: Store, world: World
    ) -> None:
        """Held records may be many: those that wait for what has come are found, all the way."""
        request = world.request()
        answer = world.sign(an_answer(request), SPECIALIST, request.id)
        amendment = world.sign(an_answer(amends=answer.id, reason="x"), SPECIALIST, request.id)
        roster = self.fill(store, world)
        self.take(store, roster, amendment, answer)
        assert store.release_held(roster, at=START, after=world.roster_records) == []
        assert self.take(store, roster, request) == [Outcome.NEW]
        assert store.release_held(roster, at=START, after=[]) == []
        applied = store.release_held(roster, at=START, after=[request])
        assert [r.id for r in applied] == [answer.id, amendment.id]
        assert store.held() == []

    def test_what_comes_again_and_counts_is_not_held_any_more(
        self, store: Store, world: World
    ) -> None:
        request = world.request()
        self.take(store, Roster(world.root_public), request)
        roster = self.fill(store, world)
        assert self.take(store, roster, request) == [Outcome.NEW]
        assert store.held() == []

    def test_a_held_record_that_turns_out_forged_is_refused(
        self, store: Store, world: World
    ) -> None:
        forged = world.sign(a_request(), DOCTOR, key=SPECIALIST)
        self.take(store, Roster(world.root_public), forged)
        assert store.release_held(self.fill(store, world), at=START) == []
        assert [a.why for a in store.refused()] == ["signature"]
        assert store.held() == []

    def test_roster_entries_and_what_needs_them_may_come_in_one_batch(
        self, store: Store, world: World
    ) -> None:
        roster, request = Roster(world.root_public), world.request()
        outcomes = self.take(store, roster, *world.roster_records, request)
        assert set(outcomes) == {Outcome.NEW}

    def test_deliveries_are_queued_with_the_record(self, store: Store, world: World) -> None:
        store.append(own(world, Receipt(blobs=(BLOB,))), deliver=[Delivery(POST, 3)])
        urgent = store.append(
            own(world, Receipt(blobs=(BLOB,))),
            deliver=lambda record: [Delivery(POST, 0), Delivery(POST, 5, BLOB, 9000)],
        )
        pending = store.pending(POST)
        assert [(p.item, p.priority) for p in pending] == [
            (urgent.id, 0), (RecordId(1, 1), 3), (BLOB, 5),
        ]  # fmt: skip
        assert store.waiting(POST) == Waiting(2, 1, 9000 + sum(p.size for p in pending[:2]))
        assert store.pending(DESK) == []
        assert len(store.pending(POST, limit=1)) == 1

    def test_bundled_items_wait_for_their_receipt(self, store: Store, world: World) -> None:
        ids = [store.append(own(world, Receipt(blobs=(BLOB,))), [Delivery(POST)]).id for _ in "ab"]
        store.bundled(POST, ids, b"tag1")
        assert store.pending(POST) == []
        assert store.waiting(POST).records == 2
        assert store.unbundled(POST, b"tag1") == 2
        assert [p.item for p in store.pending(POST)] == ids
        store.delivered(POST, ids[:1])
        assert [p.item for p in store.pending(POST)] == ids[1:]

    def test_queueing_twice_keeps_the_more_urgent(self, store: Store, world: World) -> None:
        for priority in (4, 2, 3):
            store.queue(POST, BLOB, priority, size=7)
        assert [(p.item, p.priority, p.size) for p in store.pending(POST)] == [(BLOB, 2, 7)]

    def test_only_a_receipt_ends_a_delivery(self, store: Store, world: World) -> None:
        """Red line: a request lost. Sending does not end it, another's receipt does not either."""
        roster = self.fill(store, world)
        request = world.request()
        self.take(store, roster, request)
        store.queue(DESK, request.id)
        store.queue(DESK, BLOB, 3)
        store.bundled(DESK, [request.id, BLOB], b"tag1")
        store.sent([request.id], START + 5)
        assert store.waiting(DESK).records == 1
        receipt = Receipt((Span(POST, 1, 1),), (BLOB,))
        self.take(store, roster, world.sign(receipt, POST))
        assert store.waiting(DESK).records == 1
        signed = world.sign(receipt, DESK)
        self.take(store, roster, signed)
        assert store.waiting(DESK) == Waiting(0, 0, 0)
        assert store.confirmed(request.id)[DESK] == signed.at
        assert store.confirmed(BLOB)[DESK] == signed.at
        store.queue(DESK, request.id)
        assert store.pending(DESK) == []

    def test_a_forged_receipt_confirms_nothing(self, store: Store, world: World) -> None:
        """Red line: "synced" when it is not."""
        roster, request = self.fill(store, world), world.request()
        self.take(store, roster, request)
        store.queue(DESK, request.id)
        forged = world.sign(Receipt((Span(POST, 1, 1),)), DESK, key=DOCTOR)
        assert self.take(store, roster, forged) == [Outcome.REFUSED]
        assert store.confirmed(request.id) == {}
        assert store.waiting(DESK).records == 1

    def test_a_receipt_may_overtake_its_record(self, store: Store, world: World) -> None:
        roster, request = self.fill(store, world), world.request()
        receipt = world.sign(Receipt((Span(POST, 1, 9),)), DESK)
        self.take(store, roster, receipt, request)
        assert store.confirmed(request.id) == {DESK: receipt.at}

    def test_the_earliest_receipt_counts(self, store: Store, world: World) -> None:
        roster, request = self.fill(store, world), world.request()
        one = world.sign(Receipt((Span(POST, 1, 1),)), DESK)
        two = world.sign(Receipt((Span(POST, 1, 2),)), DESK)
        self.take(store, roster, request, two, one)
        assert store.confirmed(request.id) == {DESK: one.at}
        assert store.case(request.id).entries[0].received == one.at

    def test_the_first_time_on_a_road_is_kept(self, store: Store, world: World) -> None:
        store.sent([RecordId(1, 1), BLOB], 5)
        store.sent([RecordId(1, 1)], 9)
        assert store.sent_at(RecordId(1, 1)) == 5
        assert store.sent_at(BLOB) == 5
        assert store.sent_at(RecordId(1, 2)) == 0

    def test_ranges_and_gaps(self, store: Store, world: World) -> None:
        """Red line: a request lost. What is missing is known exactly, so it can be asked for."""
        roster = self.fill(store, world)
        records = [world.request() for _ in range(7)]
        self.take(store, roster, *(records[n] for n in (6, 1, 2, 4)))
        assert store.ranges(POST) == [Span(POST, 2, 3), Span(POST, 5, 5), Span(POST, 7, 7)]
        assert store.gaps(POST) == [Span(POST, 1, 1), Span(POST, 4, 4), Span(POST, 6, 6)]
        assert store.gaps(99) == []

    def test_keys_make_batches_idempotent(self, store: Store, world: World) -> None:
        store.remember_key("a.yaml:1", RecordId(2, 3))
        store.remember_key("a.yaml:1", RecordId(2, 4))
        assert store.by_key("a.yaml:1") == RecordId(2, 3)
        assert store.by_key("other") is None

    def test_many_is_all_or_nothing(self, store: Store, world: World) -> None:
        roster, request = self.fill(store, world), world.request()
        head = store.own_head()

        def half() -> None:
            with store.many():
                self.take(store, roster, request)
                store.append(own(world, Receipt(blobs=(BLOB,))), [Delivery(POST)])
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            half()
        assert store.get(request.id) is None
        assert store.own_head() == head
        assert store.summaries(Ask()) == []
        assert store.waiting(POST).records == 0

    def test_one_failure_inside_many_does_not_undo_the_rest(
        self, store: Store, world: World
    ) -> None:
        with store.many():
            store.append(own(world, Receipt(blobs=(BLOB,))))
            with pytest.raises(UsageError):
                store.append(own(world, Note("no case")))
            store.append(own(world, Receipt(blobs=(BLOB,))))
        assert store.own_head().seq == 2

    def test_summaries_follow_every_change(self, store: Store, world: World) -> None:
        """The table of cases equals the fold after each step, receipts included."""
        roster, request = self.fill(store, world), world.request()
        self.take(store, roster, request)

        def states() -> list[int]:
            return [int(row.state) for row in store.summaries(Ask())]

        seen = states()
        self.take(store, roster, world.sign(Receipt((Span(POST, 1, 1),)), DESK))
        seen += states()
        self.take(store, roster, world.sign(Claimed(), COLLEAGUE, request.id))
        seen += states()
        self.take(store, roster, world.sign(an_answer(request), SPECIALIST, request.id))
        seen += states()
        assert seen == [1, 3, 5, 6]
        (row,) = store.summaries(Ask())
        assert (row.claimed_by, row.answered_by, row.waiting_since) == (COLLEAGUE, SPECIALIST, 0)
        assert (row.name, row.complaint, row.dept) == ("王小明", "胸痛3小时", "cardio")
        store.append(own(world, Alert("K 6.9"), request.id))
        assert [row.alerts for row in store.summaries(Ask())] == [1]

    def test_pages_and_conditions(self, store: Store, world: World) -> None:
        roster = self.fill(store, world)
        made = [world.request(dept="cardio" if n % 2 else "surgery", complaint=f"主诉{n}%",
                              urgency=Urgency(n % 3)) for n in range(6)]  # fmt: skip
        self.take(store, roster, *made)

        def ids(ask: Ask) -> list[int]:
            return [made.index(r) for row in store.summaries(ask) if (r := store.get(row.case))]

        assert ids(Ask()) == [5, 4, 3, 2, 1, 0]
        assert ids(Ask(limit=2, offset=1)) == [4, 3]
        assert ids(Ask(depts=("surgery",))) == [4, 2, 0]
        assert ids(Ask(order=Order.QUEUE)) == [2, 5, 1, 4, 0, 3]
        assert ids(Ask(text="诉3%")) == [3]
        assert ids(Ask(text="诉_")) == []
        assert ids(Ask(post=POST, open_only=True, waiting_only=True, limit=1)) == [5]
        assert ids(Ask(post=DESK)) == []
        assert ids(Ask(overdue_at=made[1].at + 601)) == [1, 0]
        assert ids(Ask(claimed_by=SPECIALIST)) == []
        assert ids(Ask(answered_only=True)) == []
        assert len(ids(Ask(name="王小明"))) == len(ids(Ask(name="x", born=19_500_312))) == 6
        assert ids(Ask(name="x", born=19_510_000)) == []
        who = store.summaries(Ask())[0].patient_key
        assert len(ids(Ask(patient_key=who))) == 6
