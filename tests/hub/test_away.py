"""Stations that are away: nothing is sealed for them one by one, and nothing is lost by waiting."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.calm import Calm, at
from xtcli.hub.core import AWAY_SECONDS
from xtcli.records.ids import spans_of
from xtcli.records.types import Kind, Note, Receipt
from xtcli.station.exchange import FILL_MAX

NOTES = 100


@pytest.fixture
def calm(tmp_path: Path) -> Iterator[Calm]:
    made = Calm(tmp_path)
    yield made
    made.close()


def test_what_waits_for_a_desk_that_is_away_travels_together(calm: Calm) -> None:
    """A hundred remarks of a night are a few bundles in the morning, not a hundred."""
    case, post = calm.file(), at(calm.post)
    calm.let(10)
    calm.desk.stop()
    calm.let(AWAY_SECONDS + 10)
    for number in range(NOTES):
        note = post.write(Note(f"血压{number}，一般情况可"), case)
        post.log.queue(1, note.id)
        calm.let(2)
    assert calm.hub.spool is not None
    assert calm.hub.spool.outgoing(calm.desk.number) == []
    sealed: list[bytes] = []
    put = calm.hub.spool.put
    calm.hub.spool.put = lambda *a: sealed.append(put(*a)) or sealed[-1]  # type: ignore
    calm.desk.start()
    calm.let(30)
    assert len(at(calm.desk).log.records(case)) == 1 + NOTES
    assert len(sealed) <= 6
    calm.let(30)
    assert calm.hub.spool.outgoing(calm.desk.number) == []


def test_a_claimed_number_makes_the_hub_seal_nothing(calm: Calm) -> None:
    """Anybody can send a datagram with a station's number and a wrong tag."""
    calm.desk.stop()
    calm.hub.stop()
    calm._start(calm.hub)
    calm.file()
    calm.let(10)
    before = calm.hub_station.log.pending(calm.desk.number)
    assert before
    calm.hub.receive(b"\x10" + calm.desk.number.to_bytes(2, "big") + bytes(40), 1)
    calm.let(10)
    assert calm.hub.spool is not None
    assert calm.hub.spool.outgoing(calm.desk.number) == []
    calm.desk.start()
    calm.let(30)
    assert calm.hub_station.log.pending(calm.desk.number) == []


def test_a_long_row_of_receipts_does_not_wait_for_a_look(calm: Calm) -> None:
    """Receipts bring no receipts back, and more of them wait than one filling looks at. A hub never
    says that nothing waits while some of them do, and sends them one after another."""
    case, hub = calm.file(), calm.hub_station
    calm.let(10)
    calm.post.stop()
    calm.let(AWAY_SECONDS + 10)
    with hub.log.many():
        for _ in range(2 * FILL_MAX):
            record = hub.write(Receipt(records=spans_of([case])), automatic=True)
            hub.log.queue(calm.post.number, record.id, 1)
    said: list[int] = []
    calm.post.start()
    post = at(calm.post)
    for _ in range(100):
        calm.let(0.2)
        exchange = calm.post.exchange
        assert exchange is not None
        if exchange.link.peer_waiting is not None and not exchange.link.polling:
            said.append(exchange.link.peer_waiting)
            if not exchange.link.peer_waiting:
                break
    assert said[-1] == 0
    assert len(post.log.of_kinds([Kind.RECEIPT], hub.number)) >= 2 * FILL_MAX
