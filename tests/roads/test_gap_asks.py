"""A hub asks for what is missing of a station that has no link: late, seldom, and not for ever."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from tests.hub.realm import Realm, file
from xtcli.records.ids import RecordId
from xtcli.station import parcels, roads_gaps
from xtcli.station.intake import Intake
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore
from xtcli.station.station import Station


@pytest.fixture
def store(tmp_path: Path) -> RoadStore:
    return RoadStore(tmp_path)


@pytest.fixture
def realm(tmp_path: Path) -> Realm:
    return Realm(tmp_path)


def lost(realm: Realm) -> tuple[Station, RecordId]:
    """A post of whose three records the hub lacks the middle one."""
    post = realm.add("村", "post")
    cases = [file(post, complaint=what) for what in ("一", "二", "三")]
    for case in (cases[0], cases[2]):
        record = post.log.get(case)
        assert record is not None
        Intake(realm.hub).take([parcels.record_part(record)], post.number)
    return post, cases[1]


def test_a_gap_is_asked_for_when_it_stays_and_ever_more_seldom(
    realm: Realm, store: RoadStore
) -> None:
    post, case = lost(realm)
    log, number, now = realm.hub.log, post.number, 1e9
    asked = []
    for _ in range(2_000):
        if roads_gaps.to_ask(log, store, number, now):
            asked.append(now - 1e9)
        now += 600.0
    runs = [(span.first, span.last) for span in log.gaps(number)]
    assert (case.seq, case.seq) in runs
    assert len(asked) == roads_gaps.ASKS_MAX
    assert asked[0] >= roads_gaps.WAIT_SECONDS
    pauses = [later - sooner for sooner, later in pairwise(asked)]
    assert pauses == sorted(pauses)


def test_the_answer_goes_by_any_road_and_ends_the_asking(realm: Realm, store: RoadStore) -> None:
    """The question waits in the spool like any bundle; the post sends the record again."""
    post, case = lost(realm)
    post.log.delivered(1, [case])
    mail = Mail(realm.hub, realm.hub.deliveries)
    roads_gaps.ask(mail, store, post.number)
    assert mail.spool.outgoing(post.number) == []
    realm.clock.now += roads_gaps.WAIT_SECONDS
    roads_gaps.ask(mail, store, post.number)
    (question,) = mail.spool.outgoing(post.number)
    sealed = mail.spool.sealed(post.number, question.tag)
    mail.close()
    assert sealed is not None
    at_post = Mail(post)
    at_post.arrived(1, sealed, question.tag, "folder")
    at_post.close()
    assert case in [one.item for one in post.log.pending(1)]
    realm.carry()
    assert realm.hub.log.get(case) is not None
    assert (case.seq, case.seq) not in [
        (span.first, span.last) for span in realm.hub.log.gaps(post.number)
    ]
