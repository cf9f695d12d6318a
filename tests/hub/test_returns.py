"""What a hub refuses for good its author hears of: it stops waiting, and is never received."""

from __future__ import annotations

import os
from pathlib import Path
from shutil import copytree

import msgpack
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.realm import Realm, file
from xtcli.records.authority import Reason
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record
from xtcli.records.types import Kind, Receipt
from xtcli.station import parcels
from xtcli.station.home import Home
from xtcli.station.intake import Intake
from xtcli.station.station import Station
from xtcli.transport.bundle.pack import Part


def restored(realm: Realm, post: Station, tmp_path: Path) -> Station:
    """The post as it was before its newest request, which the hub has."""
    copytree(post.home.root, tmp_path / "old")
    file(post, complaint="后来的一次")
    realm.carry()
    return Station(Home(tmp_path / "old"), clock=realm.clock, entropy=os.urandom)


def test_a_post_from_an_old_copy_hears_that_its_numbers_are_taken(
    realm: Realm, tmp_path: Path
) -> None:
    """Its new request has the number of another one: refused, told, not waited for, not green."""
    post = realm.add("村", "post")
    file(post)
    realm.carry()
    old = restored(realm, post, tmp_path)
    again = file(old, complaint="另一个病人")
    record = old.log.get(again)
    assert record is not None
    arrival = Intake(realm.hub).take([parcels.record_part(record)], old.number)
    assert arrival.unwanted == {(again.seq, parcels.return_digest(record)): Reason.FORK.value}
    Intake(old).take([realm.says(parcels.return_part(arrival.unwanted), old)], 1)
    assert old.log.pending(1) == []
    assert [(one.record, one.why) for one in old.log.returns()] == [(again, "fork")]
    assert old.log.confirmed(again) == {}
    assert old.log.get(again) == record, "it stays in the log"
    receipts = [r for r in realm.hub.log.of_kinds([Kind.RECEIPT]) if names(r, again)]
    assert receipts, "the hub has confirmed the other record of this number"
    Intake(old).take([parcels.record_part(one) for one in receipts], 1)
    assert old.log.confirmed(again) == {}, "that says nothing of this one"
    Intake(post).take([realm.says(parcels.return_part(arrival.unwanted), post)], 1)
    assert post.log.returns() == [], "nor is the other one refused"
    assert 1 in post.log.confirmed(again)
    old.close()


def test_a_receipt_that_was_believed_before_is_not_any_more(realm: Realm, tmp_path: Path) -> None:
    """A stick brings the receipt of the other record first, then the hub says what it refused."""
    post = realm.add("村", "post")
    file(post)
    realm.carry()
    old = restored(realm, post, tmp_path)
    again = file(old, complaint="另一个病人")
    receipts = [r for r in realm.hub.log.of_kinds([Kind.RECEIPT]) if names(r, again)]
    Intake(old).take([parcels.record_part(one) for one in receipts], 1)
    record = old.log.get(again)
    assert record is not None
    note = parcels.return_part({(again.seq, parcels.return_digest(record)): "fork"})
    Intake(old).take([realm.says(note, old)], 1)
    assert old.log.confirmed(again) == {}
    assert old.case(again).refused == "fork"
    old.close()


def names(record: Record, wanted: RecordId) -> bool:
    """Whether a receipt names a record."""
    body = record.body
    return isinstance(body, Receipt) and any(
        span.station == wanted.station and span.first <= wanted.seq <= span.last
        for span in body.records
    )


def test_only_the_hub_can_say_so_and_not_of_what_it_confirmed(realm: Realm) -> None:
    post = realm.add("村", "post")
    case = file(post)
    record = post.log.get(case)
    assert record is not None
    note = parcels.return_part({(case.seq, parcels.return_digest(record)): "kind"})
    assert Intake(post).take([realm.says(note, post)], 7).refused == 1
    assert post.log.returns() == []
    realm.carry()
    other = parcels.return_part({(900, bytes(16)): "fork"})
    Intake(post).take([realm.says(one, post) for one in (note, other)], 1)
    assert post.log.returns() == []


def test_a_receipt_that_comes_after_all_ends_it(realm: Realm) -> None:
    post = realm.add("村", "post")
    case = file(post)
    record = post.log.get(case)
    assert record is not None
    note = parcels.return_part({(case.seq, parcels.return_digest(record)): "kind"})
    Intake(post).take([realm.says(note, post)], 1)
    assert len(post.log.returns()) == 1
    Intake(realm.hub).take([parcels.record_part(record)], post.number)
    receipts = [
        record
        for record in realm.hub.log.of_kinds([Kind.RECEIPT])
        if isinstance(record.body, Receipt) and record.body.records
    ]
    Intake(post).take([parcels.record_part(one) for one in receipts], 1)
    assert post.log.returns() == []
    assert 1 in post.log.confirmed(case)


@given(
    st.binary(max_size=40)
    | st.recursive(st.integers(-2, 1 << 40) | st.text(max_size=30) | st.none(), st.lists).map(
        lambda value: bytes(msgpack.packb([-5, value]))
    )
)
@settings(derandomize=True, deadline=None)
def test_any_note_is_bounded(body: bytes) -> None:
    found = parcels.read_return(Part(body))
    assert len(found) <= parcels.RETURNS_MAX
    assert all(len(why) <= parcels.WHY_CHARACTERS_MAX for why in found.values())
