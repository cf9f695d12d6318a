"""Red line: gaps in sequence numbers are detected and asked for again, even after a receipt."""

from __future__ import annotations

import msgpack
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.hub.realm import Realm, file
from xtcli.hub.gaps import ASKS_MAX, Gaps
from xtcli.records.ids import RecordId
from xtcli.station import parcels
from xtcli.station.intake import Intake
from xtcli.transport.bundle.pack import Part


def test_what_a_hub_lost_after_its_receipt_is_asked_for_and_comes_again(realm: Realm) -> None:
    """A hub restored from an old copy: the post thought everything was safe there."""
    post, _ = realm.add("村", "post"), realm.add("心", "desk", "心内科")
    lost = file(post)
    realm.carry()
    assert 1 in post.log.confirmed(lost)
    with realm.hub.log.transaction():
        for table in ("records", "cases", "confirmed"):
            realm.hub.log.rows(
                f"DELETE FROM {table} WHERE station=? AND seq=?", lost.station, lost.seq
            )
    realm.hub.log._cache.clear()
    file(post, complaint="又来一次")
    realm.carry()
    assert realm.hub.log.get(lost) is None
    gaps = Gaps(realm.hub.log)
    assert gaps.to_ask(post.number) == [], "what is under way is not asked for at once"
    runs = gaps.to_ask(post.number)
    assert runs == [(lost.seq, lost.seq)]
    Intake(post).take([realm.says(parcels.lack_part(runs), post)], 1)
    assert 1 not in post.log.confirmed(lost), "received is not said any more"
    realm.carry()
    assert realm.hub.log.get(lost)
    assert 1 in post.log.confirmed(lost)
    assert gaps.to_ask(post.number) == []


def test_a_gap_that_stays_is_not_asked_for_without_end(realm: Realm) -> None:
    post = realm.add("村", "post")
    first = file(post)
    file(post, complaint="二")
    realm.carry()
    with realm.hub.log.transaction():
        realm.hub.log.rows("DELETE FROM records WHERE station=? AND seq=?", *first)
    gaps = Gaps(realm.hub.log)
    asked = [gaps.to_ask(post.number) for _ in range(ASKS_MAX + 5)]
    assert sum(map(bool, asked)) == ASKS_MAX


def test_only_own_records_that_exist_are_given_again(realm: Realm) -> None:
    post = realm.add("村", "post")
    case = file(post)
    realm.carry()
    asked = parcels.lack_part([(case.seq, case.seq), (900, 950)])
    Intake(post).take([realm.says(asked, post)], 1)
    assert [one.item for one in post.log.pending(1)] == [RecordId(post.number, case.seq)]


def test_a_hub_gives_nobody_its_own_records_for_the_asking(realm: Realm) -> None:
    """Its alerts and receipts tell of cases that a station has no business with."""
    post, other = realm.add("村", "post"), realm.add("邻村", "post")
    realm.add("心", "desk", "心内科")
    file(post, vital=["spo2=70"])
    realm.carry()
    Intake(realm.hub).take([parcels.lack_part([(1, 2000)])], other.number)
    assert realm.hub.log.pending(other.number) == []


def test_numbers_that_no_record_can_have_are_no_question() -> None:
    for number in (1 << 32, 1 << 63, (1 << 64) - 1):
        assert parcels.read_lack(parcels.lack_part([(1, number)])) == []


@given(st.binary(max_size=40) | st.lists(st.integers(-5, 1 << 40), max_size=9).map(
    lambda numbers: bytes(msgpack.packb([-4, numbers]))))  # fmt: skip
@settings(derandomize=True, deadline=None)
def test_any_ask_is_bounded(body: bytes) -> None:
    assert len(parcels.read_lack(Part(body))) <= parcels.LACK_RECORDS_MAX
