"""What only the hub may say: an enrolled enemy who seals in its name is not believed, by any road.

The enemy has a desk of the realm, knows every public key and record, and can write to sticks, have
a relay deliver a bundle, or send short messages; it lacks the private keys of the two ends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.roads.realm import DEPT, Realm, file_request
from tests.roads.test_relay_sticks import Chain, visit
from tests.roads.test_sms_road import BEIDOU, network
from xtcli.hub.hub import HubStation
from xtcli.records.authority import Reason
from xtcli.records.case import State
from xtcli.records.ids import RecordId, spans_of
from xtcli.records.keys import Keys
from xtcli.records.sign import Record
from xtcli.records.types import Receipt
from xtcli.station import origin, parcels
from xtcli.station.exchange import Exchange
from xtcli.station.intake import Intake
from xtcli.station.roads_shelf import Mail
from xtcli.station.routing import HUB
from xtcli.station.station import Station
from xtcli.transport.bundle.envelope import Envelope, realm_hint
from xtcli.transport.bundle.pack import Part, pack
from xtcli.transport.bundle.seal import bundle_context, seal
from xtcli.transport.carriers import folder
from xtcli.transport.link.events import BundleArrived
from xtcli.transport.symbols import bundle_tag


def record_of(station: Station, item: RecordId) -> Record:
    found = station.log.get(item)
    assert found is not None
    return found


def words(post: Station, *cases: RecordId) -> list[Part]:
    """What would unsay everything: -4 for all, -5 for `cases`, as a fork and otherwise."""
    names = [(case.seq, parcels.return_digest(record_of(post, case))) for case in cases]
    said = [parcels.return_part(dict.fromkeys(names, why)) for why in ("fork", "kind")]
    return [parcels.lack_part([(1, 2_000)]), *said]


def sealed(post: Station, parts: list[Part]) -> bytes:
    """A bundle for a post in the hub's name, as anybody can make it."""
    context = bundle_context(post.settings.realm, HUB, post.number)
    public = post.keys.station_seal_public
    return seal(pack(parts), recipient=public, context=context, entropy=post.entropy)


class Scene:
    """A post with a request that the hub has confirmed, and one that waits for its receipt."""

    def __init__(self, realm: Realm) -> None:
        self.realm = realm
        realm.join("desk", "desk", DEPT)
        realm.join("post")
        self.hub: HubStation = realm.hub()
        self.desk, self.post = realm.station("desk"), realm.station("post")
        self.stick = realm.root / "stick"
        self.stick.mkdir()
        self.safe = file_request(self.post)
        for _ in range(2):
            self.round()
        self.waiting = file_request(self.post, patient="巴图", id="")

    def round(self) -> None:
        """The post's stick goes to the hub and back."""
        for one in (self.post, self.hub, self.post):
            visit(one, self.stick)

    def forged(self) -> list[Part]:
        """Those words without a proof, with the hub's for the desk, with all the desk can make."""
        mine, post, hub = (one.keys for one in (self.desk, self.post, self.hub))
        realm, to = self.post.settings.realm, self.post.number
        key = origin.origin_key(mine.station_seal, post.station_seal_public, realm)
        up = origin.origin_key(mine.station_seal, hub.station_seal_public, realm)
        found = []
        for word in words(self.post, self.safe, self.waiting):
            found += [
                word, Part(word.body, bytes(24)), Part(word.body, bytes(7)),
                origin.said(self.hub, word, self.desk.number, mine.station_seal_public),
                origin.said(self.post, word, HUB, hub.station_seal_public),
                origin.prove(key, HUB, to, word, bytes(8)),
                origin.prove(key, self.desk.number, to, word, bytes(8)),
                origin.prove(up, HUB, to, word, bytes(8)),
            ]  # fmt: skip
        return found

    def state(self) -> list[object]:
        """Everything of the post that such words would change."""
        log = self.post.log
        cases = [self.post.case(case) for case in (self.safe, self.waiting)]
        return [
            log.returns(), [one.item for one in log.pending(HUB)],
            [(case.state, case.refused) for case in cases],
            [log.confirmed(case) for case in (self.safe, self.waiting)],
        ]  # fmt: skip


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    realm = Realm(tmp_path / "realm")
    yield Scene(realm)
    realm.close()


def by_stick(scene: Scene, data: bytes) -> None:
    hint = realm_hint(scene.post.settings.realm)
    stick = scene.realm.root / "enemy"
    stick.mkdir()
    envelope = Envelope(scene.post.number, HUB, hint, 0, data)
    folder.put(stick, envelope.to_bytes(), scene.realm.entropy)
    visit(scene.post, stick)


def by_link(scene: Scene, data: bytes) -> None:
    """What a relay's link hands over: its key proves the relay, not the hub."""
    mail = Mail(scene.post)
    exchange = mail.exchange(HUB)
    assert exchange is not None
    exchange.act(BundleArrived(bundle_tag(data), data, 1), 0.0)
    for one in mail.spool.outgoing(HUB):
        exchange.again(one.tag)
    mail.close()


def by_short_message(scene: Scene, data: bytes) -> None:
    mail = Mail(scene.post)
    mail.arrived(HUB, data, bundle_tag(data), "sms")
    mail.close()


@pytest.mark.parametrize("road", [by_link, by_short_message])
def test_a_forged_word_of_the_hub_changes_nothing(
    scene: Scene, road: Callable[[Scene, bytes], None]
) -> None:
    """Each is set aside with one reason and counted; what else is in the bundle is taken."""
    forged, before = scene.forged(), scene.state()
    news = scene.hub.write(Receipt(records=spans_of([scene.safe])), automatic=True)
    refused = scene.post.log.refused_count()
    road(scene, sealed(scene.post, [*forged, parcels.record_part(news)]))
    assert scene.state() == before
    assert scene.post.log.get(news.id) == news
    assert scene.post.log.refused_count() == refused + len(set(forged))
    assert {one.why for one in scene.post.log.refused(len(forged))} == {Reason.ORIGIN}


def test_nor_from_a_stick(scene: Scene) -> None:
    forged = scene.forged()
    scene.round()
    before = scene.state()
    assert scene.post.case(scene.waiting).state is State.RECEIVED
    by_stick(scene, sealed(scene.post, forged))
    assert scene.state() == before
    assert {one.why for one in scene.post.log.refused(len(forged))} == {Reason.ORIGIN}


def test_nor_by_a_relay_that_is_fooled(tmp_path: Path) -> None:
    """The bundle lies in the relay's spool, as one of the hub's that it must pass down."""
    realm = Realm(tmp_path / "realm")
    chain = Chain(realm, 1)
    chain.down()
    post, between = chain.village, chain.line[1]
    case = file_request(post)
    chain.up()
    chain.down()
    assert post.case(case).state is State.RECEIVED
    mail = Mail(between)
    mail.spool.put(post.number, sealed(post, words(post, case)), 0, realm.clock())
    mail.close()
    before = post.log.refused_count()
    visit(between, chain.sticks[1])
    visit(post, chain.sticks[1])
    assert post.log.refused_count() == before + 3
    assert post.case(case).state is State.RECEIVED
    assert post.log.returns() == []
    realm.close()


def test_a_forged_note_ends_nothing(scene: Scene) -> None:
    """Who says in another's name what was taken would keep receipts from ever arriving."""
    visit(scene.post, scene.stick)
    visit(scene.hub, scene.stick)
    mail, other = Mail(scene.hub), scene.realm.root / "enemy"
    mail.fill(scene.post.number)
    held = [one.tag for one in mail.spool.outgoing(scene.post.number)]
    assert held
    other.mkdir()
    public = scene.hub.keys.station_seal_public
    note = parcels.taken_part(held)
    context = bundle_context(scene.hub.settings.realm, scene.post.number, HUB)
    for part in (note, origin.said(scene.desk, note, HUB, public)):
        data = seal(pack([part]), recipient=public, context=context, entropy=scene.hub.entropy)
        envelope = Envelope(HUB, scene.post.number, mail.hint, 0, data)
        folder.put(other, envelope.to_bytes(), scene.hub.entropy)
    assert visit(scene.hub, other).refused == 2
    assert [one.tag for one in mail.spool.outgoing(scene.post.number)] == held
    mail.close()
    visit(scene.post, scene.stick)
    visit(scene.hub, scene.stick)
    mail = Mail(scene.hub)
    left = {one.tag for one in mail.spool.outgoing(scene.post.number)}
    assert not left & set(held), "the post's own note is believed"
    mail.close()


def ask(hub: HubStation, post: Station, case: RecordId) -> None:
    """The hub has lost a record and says so where any road takes it."""
    mail = Mail(hub)
    exchange = mail.exchange(post.number)
    assert exchange is not None
    exchange.ask_again([(case.seq, case.seq)], 0.0)
    mail.close()


def test_a_true_question_by_stick_and_what_its_copies_do(scene: Scene, tmp_path: Path) -> None:
    """It is obeyed once: a copy that is brought later finds the record received since."""
    post, stick = scene.post, scene.stick
    ask(scene.hub, post, scene.safe)
    visit(scene.hub, stick)
    copies = {path.name: path.read_bytes() for path in (stick / "xt").iterdir()}
    visit(post, stick)
    assert HUB not in post.log.confirmed(scene.safe), "it waits anew"
    scene.round()
    assert HUB in post.log.confirmed(scene.safe)
    before = scene.state()
    for name, data in copies.items():
        (stick / "xt" / name).write_bytes(data)
    visit(post, stick)
    assert scene.state() == before


def test_a_true_question_through_a_relay(tmp_path: Path) -> None:
    """The proof is the hub's, whoever carries it."""
    realm = Realm(tmp_path / "realm")
    chain = Chain(realm, 1)
    chain.down()
    case = file_request(chain.village)
    chain.up()
    chain.down()
    assert HUB in chain.village.log.confirmed(case)
    ask(chain.hub, chain.village, case)
    chain.down()
    assert HUB not in chain.village.log.confirmed(case)
    chain.up()
    chain.down()
    assert HUB in chain.village.log.confirmed(case)
    realm.close()


def test_a_true_refusal_by_short_message(tmp_path: Path) -> None:
    """A post put back to an older copy hears that its number is taken."""
    realm = Realm(tmp_path / "realm")
    realm.join("desk", "desk", DEPT)
    realm.join("post")
    with ExitStack() as ends:
        net = network(realm, ends, BEIDOU)
        post = net.ends["post"].station
        case = file_request(post)
        net.run(100)
        assert post.case(case).state is State.RECEIVED
        exchange = net.ends["hub"].mail.exchange(post.number)
        assert exchange is not None
        name = case.seq, parcels.return_digest(record_of(post, case))
        exchange._say(parcels.return_part({name: "fork"}), 0.0)
        net.run(100)
        assert post.case(case).refused == "fork"
    realm.close()


def test_a_copy_of_a_refusal_does_not_unsay_a_receipt(scene: Scene) -> None:
    post, case = scene.post, scene.waiting
    name = case.seq, parcels.return_digest(record_of(post, case))
    public = post.keys.station_seal_public
    note = origin.said(scene.hub, parcels.return_part({name: "kind"}), post.number, public)
    Intake(post).take([note], HUB)
    assert post.case(case).refused == "kind"
    receipt = scene.hub.write(Receipt(records=spans_of([case])), automatic=True)
    Intake(post).take([parcels.record_part(receipt)], HUB)
    for _ in range(2):
        assert Intake(post).take([note], HUB).refused == 0
        assert (post.case(case).refused, HUB in post.log.confirmed(case)) == ("", True)


def test_a_hub_refuses_bytes_and_not_the_record_they_pretend_to_be(scene: Scene) -> None:
    """Else an enemy could have the hub itself say a lie: it shows the hub the record that it has
    not got yet under a false signature, in the post's name, and the hub refuses that for good."""
    post, case = scene.post, scene.waiting
    record = record_of(post, case)
    fake = Part(record.content, record.raw[:-1] + bytes([record.raw[-1] ^ 1]))
    arrival = Intake(scene.hub, scene.hub.deliveries).take([fake], post.number)
    assert list(arrival.unwanted.values()) == [Reason.SIGNATURE]
    note = parcels.return_part(arrival.unwanted)
    told = origin.said(scene.hub, note, post.number, post.keys.station_seal_public)
    assert Intake(post).take([told], HUB).refused == 0
    assert post.log.returns() == []
    scene.round()
    assert post.case(case).state is State.RECEIVED


def test_only_a_hub_says_what_it_refuses(scene: Scene) -> None:
    """A station that did would be refused in turn."""
    mail = Mail(scene.post)
    exchange = mail.exchange(HUB)
    assert isinstance(exchange, Exchange)
    arrival = Intake(scene.post).take([Part(b"\x91\x0b", bytes(72))], HUB)
    arrival.unwanted = {(1, bytes(16)): "kind"}
    exchange.settled(b"abcd", arrival, 0.0)
    assert not exchange.saying
    mail.close()
    word = parcels.lack_part([(1, 9)])
    told = origin.said(scene.post, word, HUB, scene.hub.keys.station_seal_public)
    assert Intake(scene.hub).take([told], scene.post.number).refused == 1


def test_no_proof_without_an_agreement(scene: Scene) -> None:
    """A public key with which everybody would agree on the same secret proves nothing."""
    part = Part(b"x", bytes(origin.PROOF_BYTES))
    assert not origin.is_said(scene.post, part, HUB, bytes(32))
    assert not origin.is_said(scene.post, part, HUB, Keys.make(scene.realm.entropy).station_seal)
