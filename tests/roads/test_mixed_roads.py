"""Several roads at once: first copy wins, duplicates vanish, the receipt comes by any road."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.roads.realm import DEPT, Realm, file_request
from tests.roads.test_sms_road import SMS, End
from xtcli.hub.roads import duties
from xtcli.records.case import State
from xtcli.station import roads
from xtcli.station.roads_shelf import Mail
from xtcli.station.station import Station
from xtcli.transport.spool import TAKEN


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm")
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


def visit(station: Station, stick: Path) -> None:
    does = duties(station)
    roads.visit_folder(station, stick, rule=does.rule, inside=does.inside)


def test_request_by_message_and_stick_receipt_by_the_other(realm: Realm, tmp_path: Path) -> None:
    """The very same bundle goes by stick and by short messages; the hub has it once and says so
    over both; the post's receipts settle everything."""
    stick = tmp_path / "stick"
    stick.mkdir()
    post, hub = realm.station("post"), realm.hub()
    case = file_request(post)
    visit(post, stick)
    near, far = End(post, SMS), End(hub, SMS)
    for message in near.short.due(realm.clock.at):
        far.short.receive("post", message.data, realm.clock.at)
    assert len(hub.log.records(case)) == 1
    visit(hub, stick)
    assert len(hub.log.records(case)) == 1
    visit(post, stick)
    assert post.case(case).state is State.RECEIVED
    for message in far.short.due(realm.clock.at):
        near.short.receive("hub", message.data, realm.clock.at)
    assert near.mail.spool.outgoing(1) == [] or near.mail.only_receipts(
        1, near.mail.spool.outgoing(1)[0].tag
    )
    near.close()
    far.close()


@pytest.mark.parametrize("seed", range(3))
def test_any_mix_ends_well(realm: Realm, tmp_path: Path, seed: int) -> None:
    """Bundles handed over by random roads, some lost, some twice, sticks forgotten and copied: all
    records arrive once, and in the end a quiet stick settles what is left."""
    dice = random.Random(seed)
    post, hub = realm.station("post"), realm.hub()
    sticks = [tmp_path / name for name in ("one", "two")]
    for stick in sticks:
        stick.mkdir()
    near, far = End(post, SMS), End(hub, SMS)
    cases = []
    for step in range(30):
        if step % 10 == 0:
            cases.append(file_request(post, complaint=f"胸痛{step}次", id="", patient=f"甲{step}"))
        realm.clock.at += dice.choice((5, 200, 2000))
        what = dice.randrange(6)
        if what < 2:
            visit(dice.choice((post, hub)), dice.choice(sticks))
        elif what < 4:
            _messages(near, far, "post", dice, realm.clock.at)
            _messages(far, near, "hub", dice, realm.clock.at)
        else:
            _hand_over(near.mail, far.mail, post.number, dice)
            _hand_over(far.mail, near.mail, 1, dice)
    for _ in range(4):
        realm.clock.at += 4000
        for stick in sticks:
            for station in (post, hub, post):
                visit(station, stick)
    for case in cases:
        assert len([r for r in hub.log.records(case) if r.case == case and r.id == case]) == 1
        assert post.case(case).state is State.RECEIVED
    assert post.log.waiting(1).records <= 1
    hub.verify_log()
    post.verify_log()
    near.close()
    far.close()


def test_a_stick_goes_around_a_relay(realm: Realm, tmp_path: Path) -> None:
    """A relay has said DONE and gets no further: the same bundle lies on the stick all the same, up
    and down, and is delivered once. Without a relay, DONE is the hub's own: nothing is written."""
    relay = realm.join("relay", "hub").number
    number = realm.join("village", upstream=relay).number
    stick = tmp_path / "stick"
    stick.mkdir()
    village, near, hub = realm.station("village"), realm.station("post"), realm.hub()
    case = file_request(village)
    file_request(near, patient="巴图", id="")
    for post in (village, near):
        mail = Mail(post)
        for one in mail.fill(1):
            mail.spool.mark(1, one.tag, TAKEN)
        mail.close()
        visit(post, stick)
    visit(hub, stick)
    assert [record.id for record in hub.log.records(case)] == [case]
    assert hub.log.count() == 1
    mail = Mail(hub)
    waiting = mail.fill(number)
    assert waiting
    for one in waiting:
        mail.spool.mark(number, one.tag, TAKEN)
    mail.close()
    visit(hub, stick)
    visit(village, stick)
    assert village.case(case).state is State.RECEIVED
    hub.verify_log()


def _messages(one: End, other: End, name: str, dice: random.Random, now: float) -> None:
    for message in one.short.due(now):
        for _ in range(dice.choice((0, 1, 1, 2))):
            other.short.receive(name, message.data, now)


def _hand_over(one: Mail, other: Mail, sender: int, dice: random.Random) -> None:
    """As a link would: some bundles arrive; half the time their sender hears that they did."""
    peer = other.station.number
    for waiting in one.fill(peer):
        sealed = one.spool.sealed(peer, waiting.tag)
        if sealed is None or dice.random() < 0.4:
            continue
        assert other.arrived(sender, sealed, waiting.tag, "test") is not None
        if dice.random() < 0.5:
            one.taken(peer, waiting.tag)
