"""An exchange over time: what waits for receipts, what no log knows, what could not be taken in."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.hub.realm import Realm, file
from xtcli.errors import DiskFull
from xtcli.hub.hub import HubStation
from xtcli.records.ids import RecordId, spans_of
from xtcli.records.sign import blob_digest
from xtcli.records.types import Receipt
from xtcli.station import exchange as exchanges
from xtcli.station import origin, parcels, syncing
from xtcli.station.exchange import Exchange
from xtcli.station.intake import Arrival, Intake
from xtcli.station.routing import HUB
from xtcli.station.station import Station
from xtcli.transport import spool as spools
from xtcli.transport.link.events import BundleArrived, BundleRefused, BundleTaken
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import REFUSED, TAKEN, Spool

WEEK = 7 * 86_400.0


@dataclass
class Ends:
    """A post's exchange with its hub and the hub's with the post; the links say nothing."""

    realm: Realm
    post: Station
    up: Exchange
    down: Exchange

    def filed(self) -> tuple[RecordId, bytes]:
        """A request in a bundle: the case and the tag."""
        case = file(self.post)
        self.up.fill(0.0)
        return case, self.up.held()[-1].tag

    def answered(self, tag: bytes, state: int) -> None:
        """The hub's link says DONE or REFUSED."""
        self.up.spool.mark(HUB, tag, state)
        self.up.handle(BundleTaken(tag) if state == TAKEN else BundleRefused(tag, 2), 0.0)


def exchange(station: Station, peer: int, seal_key: bytes) -> Exchange:
    link = Link(local=station.number, peer=peer, key=bytes(32), now=0.0,
                entropy=random.Random(1).randbytes)  # fmt: skip
    rule = station.deliveries if isinstance(station, HubStation) else None
    node = SpooledLink(link, Spool(":memory:"))
    return Exchange(station, node, Intake(station, rule), seal_key)


@pytest.fixture
def ends(tmp_path: Path) -> Iterator[Ends]:
    realm = Realm(tmp_path)
    post = realm.add("村", "post")
    entry = realm.hub.roster.station(post.number)
    assert entry is not None
    up = exchange(post, HUB, post.settings.hub_seal)
    yield Ends(realm, post, up, exchange(realm.hub, post.number, entry.seal_key))
    realm.close()


def test_a_question_outlives_looks_and_receipts(ends: Ends) -> None:
    """It is in no log, so nothing but the peer's DONE may end it."""
    ends.down.ask_again([(3, 3)], 0.0)
    tag = ends.down.held()[0].tag
    ends.down.mend()
    ends.down.clear()
    assert [one.tag for one in ends.down.held()] == [tag]
    assert ends.down.saying
    ends.down.spool.mark(ends.post.number, tag, TAKEN)
    ends.down.handle(BundleTaken(tag), 0.0)
    assert not ends.down.held()
    assert not ends.down.saying


def test_what_is_refused_is_told_although_a_receipt_came_with_it(ends: Ends) -> None:
    case, _ = ends.filed()
    refused = parcels.return_part({(case.seq, bytes(16)): "kind"})
    receipt = ends.post.write(Receipt(records=spans_of([case])), automatic=True)
    arrival = Arrival(new=[receipt], unwanted={(case.seq, bytes(16)): "kind"})
    ends.down.settled(b"abcd", arrival, 0.0)
    (kept,) = ends.down.held()
    sealed = ends.down.spool.sealed(ends.post.number, kept.tag)
    assert sealed is not None
    (part,) = ends.up.peek(sealed) or []
    assert part.body == refused.body
    assert origin.is_said(ends.post, part, HUB, ends.post.settings.hub_seal)


@pytest.mark.parametrize("state", [TAKEN, REFUSED])
def test_patience_begins_with_the_answer(ends: Ends, state: int) -> None:
    """A bundle that waited a week for a link is not sent twice because its receipt takes a minute;
    it is when no receipt comes for long."""
    _, tag = ends.filed()
    ends.realm.clock.now += WEEK
    ends.answered(tag, state)
    ends.up.mend()
    ends.realm.clock.now += exchanges.RECEIPT_PATIENCE_SECONDS - 1
    ends.up.mend()
    assert [one.tag for one in ends.up.held()] == [tag]
    ends.realm.clock.now += 2
    ends.up.mend()
    ends.up.fill(0.0)
    (again,) = ends.up.held()
    assert again.tag != tag


def test_what_could_not_be_taken_in_is_taken_in_later(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    case, tag = ends.filed()
    sealed = ends.up.spool.sealed(HUB, tag)
    assert sealed is not None
    event = BundleArrived(tag, sealed, 1)
    with monkeypatch.context() as full:

        def no_room(*_: object) -> Arrival:
            raise DiskFull("no room")

        full.setattr(Intake, "take", no_room)
        with pytest.raises(DiskFull):
            ends.down.act(event, 0.0)
        with pytest.raises(DiskFull):
            ends.down.retry(0.0)
    (arrival,) = ends.down.retry(0.0)
    assert case in [record.id for record in arrival.new]
    assert ends.down.retry(0.0) == []
    assert ends.realm.hub.log.get(case) is not None


def test_of_what_could_not_be_taken_in_a_little_is_kept(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The link lets the rest come again."""
    monkeypatch.setattr(exchanges, "LATE_BYTES_MAX", 100)
    _, tag = ends.filed()
    sealed = ends.up.spool.sealed(HUB, tag)
    assert sealed is not None
    ends.down.link.inbox.waiting[tag] = len(sealed)
    monkeypatch.setattr(Intake, "take", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        ends.down.act(BundleArrived(tag, sealed, 1), 0.0)
    assert ends.down.retry(0.0) == []
    assert tag not in ends.down.link.inbox.waiting


def test_what_was_taken_in_is_not_taken_in_again(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was confirmed, and then there was no room for what else waits: it is not confirmed anew
    each time somebody looks."""
    case, tag = ends.filed()
    sealed = ends.up.spool.sealed(HUB, tag)
    assert sealed is not None

    def no_room(*_: object) -> int:
        raise DiskFull("no room")

    monkeypatch.setattr(ends.down, "fill", no_room)
    with pytest.raises(DiskFull):
        ends.down.act(BundleArrived(tag, sealed, 1), 0.0)
    assert ends.realm.hub.log.get(case) is not None
    assert ends.down.retry(0.0) == []


def test_what_can_never_be_sent_does_not_wait_for_the_next_filling(ends: Ends) -> None:
    """However many files are lost: the hub is not told for ever that something waits here."""
    post, up = ends.post, ends.up
    for number in range(exchanges.FILL_MAX + 1):
        digest = post.blobs.put(b"OggS" + number.to_bytes(4, "big"))
        post.blobs.path(digest).unlink()
        post.log.queue(HUB, digest, 3, size=8)
    assert up.fill(0.0) == 0
    assert not up.more
    assert up.link.unoffered == 0


def test_a_full_spool_is_no_error_and_keeps_no_text_back(
    ends: Ends, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pictures fill their room and wait their turn; a request goes at once. When receipts make
    room the rest follows."""
    monkeypatch.setattr(spools, "OUTGOING_BYTES_MAX", 64_000)
    monkeypatch.setattr(exchanges, "TEXT_ROOM_BYTES", 8_000)
    up, down, post = ends.up, ends.down, ends.post
    pictures = [random.Random(n).randbytes(20_000) for n in range(6)]
    for data in pictures:
        post.log.queue(HUB, post.blobs.put(data), 5, size=len(data))
    assert up.fill(0.0) == 2
    assert up.fill(0.0) == 0
    assert up.more
    case = file(post)
    up.fill(0.0)
    assert case in [one.item for held in up.held() for one in post.log.in_bundle(HUB, held.tag)]
    for _ in range(5):
        for one in up.held():
            sealed = up.spool.sealed(HUB, one.tag)
            assert sealed is not None
            down.act(BundleArrived(one.tag, sealed, one.priority), 0.0)
            ends.answered(one.tag, TAKEN)
        for one in down.held():
            sealed = down.spool.sealed(post.number, one.tag)
            assert sealed is not None
            up.act(BundleArrived(one.tag, sealed, one.priority), 0.0)
            down.spool.mark(post.number, one.tag, TAKEN)
            down.handle(BundleTaken(one.tag), 0.0)
    assert not up.held()
    assert not up.more
    assert all(ends.realm.hub.blobs.has(blob_digest(data)) for data in pictures)


def test_a_station_that_stays_connected_looks_after_its_bundles(realm_post: Station) -> None:
    """Not only a process that starts bundles again what was refused or got no receipt."""
    calls: list[str] = []
    link = SimpleNamespace(polling=False, peer_waiting=0)
    syncer = syncing.Syncer(realm_post)
    syncer.pump = SimpleNamespace(  # type: ignore[assignment]
        link=link, look=lambda: None, poll=lambda: None, save=lambda: None,
        mend=lambda: calls.append("mend"),
    )  # fmt: skip
    for now in (1000.0, 1030.0, 1061.0, 1090.0):
        syncer._talk(120.0, now)
    assert calls == ["mend", "mend"]


@pytest.fixture
def realm_post(tmp_path: Path) -> Iterator[Station]:
    realm = Realm(tmp_path)
    yield realm.add("村", "post")
    realm.close()
