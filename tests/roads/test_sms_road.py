"""Short messages between real stations: in virtual time over a bad network, and as processes."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tests.roads.processes import XT, environment, serving, xt
from tests.roads.realm import DEPT, Realm, answer, file_request
from xtcli.errors import BundleRejected
from xtcli.hub.roads import duties
from xtcli.records.case import State
from xtcli.records.ids import Span
from xtcli.records.types import Escalated, Receipt
from xtcli.station.home import Home
from xtcli.station.roads_gaps import WAIT_SECONDS
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_sms import (
    DUPLICATE_SECONDS,
    HOLD_SECONDS,
    KEEP_RECEIPTS_SECONDS,
    LINK,
    LIVE_SECONDS,
    ShortMessages,
)
from xtcli.station.roads_store import RoadStore
from xtcli.station.station import Station

MODEM = Path(__file__).with_name("modem.py")
SMS, BEIDOU = 134, 1750


@dataclass
class End:
    """One station with its short messages."""

    station: Station
    size: int

    def __post_init__(self) -> None:
        does = duties(self.station)
        self.mail = Mail(self.station, does.rule, does.inside)
        self.store = RoadStore(self.station.home.root)
        self.short = ShortMessages(self.mail, self.store, self.size)

    def close(self) -> None:
        self.mail.close()
        self.store.close()


@dataclass
class Network:
    """Carries messages between stations by address, badly, in virtual time."""

    realm: Realm
    loss: float = 0.0
    double: float = 0.0
    delay: float = 0.0
    seed: int = 1
    sent: int = 0
    under_way: list[tuple[float, str, str, bytes]] = field(default_factory=list)
    ends: dict[str, End] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.random = random.Random(self.seed)

    def run(self, seconds: float, step: float = 20.0) -> None:
        """Let time pass."""
        end = self.realm.clock.at + seconds
        while self.realm.clock.at < end:
            for name, one in self.ends.items():
                for message in one.short.due(self.realm.clock.at):
                    assert len(message.data) <= one.size
                    self._send(name, "hub" if message.to == "-" else message.to, message.data)
                    one.short.handed_over(message)
            self.realm.clock.at += step
            self._deliver()

    def _send(self, source: str, to: str, data: bytes) -> None:
        self.sent += 1
        copies = 0 if self.random.random() < self.loss else 1
        copies += copies and self.random.random() < self.double
        for _ in range(int(copies)):
            at = self.realm.clock.at + self.random.uniform(0, self.delay)
            self.under_way.append((at, source, to, data))

    def _deliver(self) -> None:
        now = self.realm.clock.at
        arrived = [one for one in self.under_way if one[0] <= now]
        self.under_way = [one for one in self.under_way if one[0] > now]
        self.random.shuffle(arrived)
        for _, source, to, data in arrived:
            self.ends[to].short.receive(source, data, now)


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm")
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


@pytest.fixture
def ends(realm: Realm) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def network(realm: Realm, ends: ExitStack, size: int, **how: float) -> Network:
    made = Network(realm, **how)  # type: ignore[arg-type]
    for name, station in (("post", realm.station("post")), ("hub", realm.hub())):
        made.ends[name] = End(station, size)
        ends.callback(made.ends[name].close)
    return made


@pytest.mark.parametrize(("size", "most"), [(BEIDOU, 1), (SMS, 4)])
def test_a_text_consult_and_its_receipt(
    realm: Realm, ends: ExitStack, size: int, most: int
) -> None:
    """One BeiDou-class message or at most four SMS-class ones; the receipt comes back."""
    net = network(realm, ends, size)
    post, hub = net.ends["post"].station, net.ends["hub"].station
    case = file_request(post)
    net.run(20)
    assert 1 <= net.sent <= most
    assert hub.log.records(case)
    net.run(100)
    assert post.case(case).state is State.RECEIVED
    quiet = net.sent
    net.run(86_400, step=600)
    assert net.sent == quiet


def test_an_answer_comes_back_by_short_message(realm: Realm, ends: ExitStack) -> None:
    """The hub writes to where it heard the post; a desk that answers over another road is told
    on."""
    net = network(realm, ends, BEIDOU)
    case = file_request(net.ends["post"].station)
    net.run(40)
    desk = realm.station("desk")
    hub = net.ends["hub"]
    over = End(desk, BEIDOU)
    ends.callback(over.close)
    bridge = [one for one in hub.mail.fill(2)]
    for one in bridge:
        sealed = hub.mail.spool.sealed(2, one.tag)
        assert sealed is not None
        over.mail.arrived(1, sealed, one.tag, "test")
    answer(desk, case)
    for one in over.mail.fill(1):
        sealed = over.mail.spool.sealed(1, one.tag)
        assert sealed is not None
        hub.mail.arrived(2, sealed, one.tag, "test")
    net.run(100)
    assert net.ends["post"].station.case(case).answer


@pytest.mark.parametrize("seed", range(3))
def test_a_bad_network(realm: Realm, ends: ExitStack, seed: int) -> None:
    """Loss, doubles, delays of minutes and any order: everything arrives once, within bounds."""
    net = network(realm, ends, SMS, loss=0.3, double=0.2, delay=120.0, seed=seed)
    post, hub = net.ends["post"].station, net.ends["hub"].station
    cases = [file_request(post, complaint=f"胸痛第{n}天", patient=f"患者{'甲乙丙'[n]}", id="")
             for n in range(3)]  # fmt: skip
    net.run(7 * 86_400, step=120)
    for case in cases:
        assert len(hub.log.records(case)) == 1
        assert post.case(case).state is State.RECEIVED
    assert net.sent < 150
    hub.verify_log()


def test_symbols_survive_a_restart(realm: Realm, ends: ExitStack) -> None:
    """What has partly come is on disk: a new process asks only for the rest."""
    net = network(realm, ends, SMS)
    post, hub = net.ends["post"], net.ends["hub"]
    case = file_request(post.station)
    messages = post.short.due(realm.clock.at)
    assert len(messages) > 1
    for message in messages[:-1]:
        assert hub.short.receive("post", message.data, realm.clock.at) is None
    again = End(realm.hub(), SMS)
    ends.callback(again.close)
    realm.clock.at += 100
    (question,) = again.short.due(realm.clock.at)
    post.short.receive("hub", question.data, realm.clock.at)
    (more,) = post.short.due(realm.clock.at)
    assert more.data not in {one.data for one in messages}
    assert again.short.receive("post", more.data, realm.clock.at)
    assert again.station.log.records(case)


def test_a_lost_receipt_is_asked_for_by_sending_again(realm: Realm, ends: ExitStack) -> None:
    net = network(realm, ends, BEIDOU)
    post, hub = net.ends["post"], net.ends["hub"]
    case = file_request(post.station)
    (message,) = post.short.due(realm.clock.at)
    assert hub.short.receive("post", message.data, realm.clock.at)
    for lost in hub.short.due(realm.clock.at):
        hub.short.handed_over(lost)
    realm.clock.at += 10
    assert hub.short.receive("post", message.data, realm.clock.at) is None
    realm.clock.at += DUPLICATE_SECONDS
    net.run(3_600)
    assert post.station.case(case).state is State.RECEIVED
    assert len(hub.station.log.records(case)) == 1


def test_a_lost_receipt_of_a_station_is_a_gap_that_the_hub_asks_for(
    realm: Realm, ends: ExitStack
) -> None:
    """A receipt that was sent once and lost is done with an hour later, not when the clock is set
    back; what it named was confirmed by another road. With the next record the hub sees the gap,
    and by short messages alone its copy of the log becomes whole."""
    net = network(realm, ends, BEIDOU)
    post, hub = net.ends["post"], net.ends["hub"]
    receipt = post.station.write(Receipt(records=(Span(1, 1, 1),)), automatic=True)
    post.station.log.queue(1, receipt.id, 1, at=int(realm.clock.at))
    (lost,) = post.short.due(realm.clock.at)
    post.short.handed_over(lost)
    realm.clock.at -= 40
    assert post.short.due(realm.clock.at) == []
    assert post.mail.spool.outgoing(1), "more of it may be asked for"
    realm.clock.at += KEEP_RECEIPTS_SECONDS + 40
    assert post.short.due(realm.clock.at) == []
    assert post.mail.spool.outgoing(1) == []
    file_request(post.station)
    net.run(60)
    assert Span(receipt.id.station, receipt.id.seq, receipt.id.seq) in hub.station.log.gaps(
        receipt.id.station
    )
    sent = net.sent
    net.run(2 * WAIT_SECONDS)
    assert hub.station.log.gaps(receipt.id.station) == []
    assert hub.station.log.get(receipt.id) is not None
    assert net.sent - sent <= 3


def test_bad_messages_harm_nothing(realm: Realm, ends: ExitStack) -> None:
    """Truncated, foreign, forged, oversized and flipped messages: one sentence, counted."""
    net = network(realm, ends, SMS)
    post, hub = net.ends["post"], net.ends["hub"]
    case = file_request(post.station)
    good = [one.data for one in post.short.due(realm.clock.at)]
    dice = random.Random(8)
    bad = [b"", b"\x81", good[0][:-1], good[0] + b"\0", bytes(5000), b"hello, this is a text"]
    bad += [dice.randbytes(dice.randrange(1, 200)) for _ in range(2000)]
    for at in range(len(good[0])):
        bad.append(good[0][:at] + bytes([good[0][at] ^ 1 << dice.randrange(8)]) + good[0][at + 1 :])
    for message in bad:
        with pytest.raises(BundleRejected) as caught:
            hub.short.receive("elsewhere", message, realm.clock.at)
        assert str(caught.value)
    assert hub.short.refused == len(bad)
    assert hub.store.partly() == []
    for message in good:
        hub.short.receive("post", message, realm.clock.at)
    assert hub.station.log.records(case)


def test_an_enrolled_station_cannot_fill_the_hub(realm: Realm, ends: ExitStack) -> None:
    """Endless beginnings of bundles, each message genuine: what is kept stays bounded."""
    from xtcli.station.roads_sms import PARTLY_MAX
    from xtcli.transport.carriers import short

    net = network(realm, ends, SMS)
    post, hub = net.ends["post"], net.ends["hub"]
    key = post.short._key(1)
    assert key is not None
    dice = random.Random(2)
    for _ in range(200):
        sealed = dice.randbytes(400)
        (message,) = short.cut(sealed, key, post.station.number, 1, SMS, 0, 1)
        hub.short.receive("post", message, realm.clock.at)
    assert len(hub.store.partly()) <= PARTLY_MAX


def test_processes_and_a_plug_in_command(realm: Realm, tmp_path: Path) -> None:
    """`xt sync --via sms:` at both ends over a network that loses, doubles and reorders."""
    realm.clock.at = time.time()
    post = realm.station("post")
    case = file_request(post)
    realm.close()

    def via(me: str, peer: str) -> str:
        words = [sys.executable, str(MODEM), str(tmp_path / "net"), me, peer, str(SMS),
                 "--double", "0.5", "--delay", "0.3", "--seed", "5"]  # fmt: skip
        return "sms:" + " ".join(words)

    hub = subprocess.Popen(
        [XT, "sync", "--via", via("hub", "post"), "--watch", "--timeout", "60", "--json"],
        env=environment(realm.hub_home.root), stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        done = xt(realm.root / "post", "sync", "--via", via("post", "hub"), "--timeout", "50")
    finally:
        hub.terminate()
        hub.communicate(timeout=60)
    assert done["waiting_records"] == 0
    assert done["messages_sent"] <= 4
    assert realm.station("post").case(case).state is State.RECEIVED


@pytest.mark.parametrize(
    ("command", "code"),
    [("sms:/no/such/modem", 2), ("sms:true", 8), ("sms:yes", 8)],
    ids=["not there", "ends at once", "babbles"],
)
def test_a_bad_plug_in(realm: Realm, command: str, code: int) -> None:
    """One sentence, a documented exit code; what waits is kept."""
    realm.clock.at = time.time()
    file_request(realm.station("post"))
    realm.close()
    found = xt(realm.root / "post", "sync", "--via", command, "--timeout", "5", code=code)
    assert found["error"]["message"]
    assert realm.station("post").log.waiting(1).records == 1


def test_the_cheaper_road_is_taken_while_it_lives(realm: Realm) -> None:
    """Heard by message an hour ago and over the link a minute ago: nothing is paid for. Gone from
    the link: text after a quarter of an hour, what is stat at once."""
    post, hub = realm.station("post"), realm.hub()
    near, far = End(post, BEIDOU), End(hub, BEIDOU)
    clock = realm.clock

    case = file_request(post)
    for message in near.short.due(clock.at):
        far.short.receive("post", message.data, clock.at)
    assert len(far.short.due(clock.at)) == 1, "the receipt"
    clock.at += 3600
    far.store.met(post.number, LINK, "", clock.at - 60)
    hub.write(Escalated("十分钟无人答复"), case, automatic=True)
    assert far.short.due(clock.at) == []
    assert far.short.waiting()[0] == 0
    clock.at += LIVE_SECONDS
    assert far.short.due(clock.at) == []
    clock.at += HOLD_SECONDS
    assert len(far.short.due(clock.at)) == 1
    stat = file_request(post, urgency="stat", complaint="呼吸困难", patient="甲")
    for message in near.short.due(clock.at):
        far.short.receive("post", message.data, clock.at)
    far.short.due(clock.at)
    far.store.met(post.number, LINK, "", clock.at + 1)
    clock.at += LIVE_SECONDS + 10
    hub.write(Escalated("十分钟无人答复"), case, automatic=True)
    assert far.short.due(clock.at) == []
    hub.write(Escalated("十分钟无人答复"), stat, automatic=True)
    assert len(far.short.due(clock.at)) == 1
    near.close()
    far.close()


def test_a_served_hub_notes_who_is_on_the_link(realm: Realm) -> None:
    """Only of stations that have sent short messages; the post's own sync is what it hears."""
    with serving(realm.hub_home.root) as lines:
        address = str(lines[0]["listening"])
        store = RoadStore(realm.hub_home.root)
        post = realm.join("other")
        store.met(post.number, "sms", "somewhere", time.time())
        home = Home(realm.root / "other")
        home.write_settings(replace(post, hub_address=address))
        xt(home.root, "sync", "--timeout", "90")
        end = time.monotonic() + 90
        while store.contact(post.number, LINK) is None and time.monotonic() < end:
            time.sleep(0.1)
        found = store.contact(post.number, LINK)
        assert found is not None
        assert abs(found[1] - time.time()) < 60
        assert store.contact(realm.station("post").number, LINK) is None
        store.close()
