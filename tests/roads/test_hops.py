"""Bundles passed on: what a relay or anybody else may put into one, and what becomes of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roads.realm import DEPT, Realm, file_request
from xtcli.errors import BundleRejected
from xtcli.hub.admission import Admission
from xtcli.hub.below import Below
from xtcli.hub.relaying import RelayCore
from xtcli.records.ids import Span
from xtcli.records.types import ROSTER_KINDS, Receipt, Revoked
from xtcli.station import enrolment, parcels
from xtcli.station.exchange import REFUSE_FULL
from xtcli.station.home import Home
from xtcli.station.intake import Intake
from xtcli.station.invite import Invitation, fingerprint
from xtcli.station.parcels import Passing
from xtcli.station.roads_gaps import WAIT_SECONDS
from xtcli.station.roads_hops import HOPS_MAX, RELAYED_PATIENCE_SECONDS, Hops, split
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore
from xtcli.transport.bundle.pack import Part
from xtcli.transport.link.events import BundleArrived, LinkConfig
from xtcli.transport.link.receiving import REFUSED_TOO_LARGE
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import STARTED, TAKEN, WAITING, Spool
from xtcli.transport.symbols import bundle_tag

KEY = bytes([9]) + bytes(31)


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm")
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


def head(*values: object) -> bytes:
    packed: bytes = msgpack.packb(list(values))
    return packed


@pytest.mark.parametrize(
    "part",
    [
        Part(head(-1, 1, 2), bytes(60)),
        Part(head(-1, 0, 2, 1), bytes(60)),
        Part(head(-1, 1, 1 << 30, 1), bytes(60)),
        Part(head(-1, 1, 2, 9), bytes(60)),
        Part(head(-1, 1, 2, True), bytes(60)),
        Part(head(-1, "1", 2, 1), bytes(60)),
        Part(head(-1, 1, 2, 1), bytes(48)),
        Part(head(-1, 1, 2, 1)[:-1], bytes(60)),
    ],
    ids=["fields", "nobody", "number", "priority", "bool", "text", "short", "cut"],
)
def test_must_reject(part: Part) -> None:
    """Refused with a sentence, and left out where it rides with others."""
    assert parcels.is_passing(part)
    with pytest.raises(BundleRejected):
        parcels.read_passing(part)
    good = Passing(1, 2, 1, bytes(60))
    assert split([part, good.part(), Part(head(1))]) == ([good], [Part(head(1))])


@settings(derandomize=True, deadline=None, max_examples=300)
@given(st.binary(max_size=60), st.binary(max_size=80))
def test_any_part_is_read_or_refused(body: bytes, raw: bytes) -> None:
    for mark in (b"", b"\x94\xff", b"\x92\xfe", b"\x91\xfd"):
        part = Part(mark + body, raw)
        split([part])
        parcels.read_taken(part)
        parcels.is_of_road(part)


def test_notes_of_what_was_taken() -> None:
    dice = random.Random(1)
    tags = tuple(dice.randbytes(4) for _ in range(parcels.TAKEN_MAX))
    part = parcels.taken_part(tags)
    assert parcels.is_taken(part)
    assert parcels.is_of_road(part)
    assert parcels.read_taken(part) == tags
    assert parcels.read_taken(Part(head(-2, b"abc"))) == ()
    assert parcels.read_taken(Part(head(-2, 7))) == ()


def test_what_is_about_the_road_reaches_no_log(realm: Realm) -> None:
    """Test bytes and notes in a bundle of the link are forgotten, unknown ones too."""
    hub = realm.hub()
    arrival = Intake(hub).take(
        [parcels.probe_part(bytes(500)), parcels.taken_part([b"abcd"]), Part(head(-9, 1))], 4
    )
    assert (arrival.refused, arrival.new) == (0, [])
    assert hub.log.refused_count() == 0


def test_forged_senders_and_rubbish_from_a_relay(realm: Realm) -> None:
    """A relay can hold back or repeat bundles, but not make any: what does not open in the context
    of its sender is counted, and the true one is taken."""
    post, hub = realm.station("post"), realm.hub()
    case = file_request(post)
    mail = Mail(post)
    (one,) = mail.fill(1)
    sealed = mail.spool.sealed(1, one.tag)
    mail.close()
    assert sealed is not None
    spool = Spool(hub.home.spool_path)
    below = Below(hub, spool, Intake(hub, hub.deliveries))
    dice = random.Random(1)
    forged = [
        Passing(1, 2, 1, sealed), Passing(1, 99, 1, sealed), Passing(2, 4, 1, sealed),
        Passing(1, 4, 1, sealed[:-1]), Passing(1, 4, 1, dice.randbytes(300)),
        Passing(1, 1, 1, sealed),
    ]  # fmt: skip
    assert list(below.opened(forged)) == []
    for _ in range(2):
        ((passing, exchange, tag, parts),) = below.opened([Passing(1, 4, 1, sealed)])
        assert (passing.sender, tag) == (4, one.tag)
        exchange.settled(tag, below.mail.intake.take(parts, 4), 0.0)
    assert len(hub.log.records(case)) == 1
    counted = {count.road: count for count in below.store.counts()}["relay"]
    assert (counted.refused, counted.taken, counted.again) == (len(forged), 2, 1)
    below.close()
    spool.close()


def test_what_a_stick_left_for_a_station_behind_a_relay_is_passed_on(realm: Realm) -> None:
    """A visit of a stick at the hub bundles what waits for everybody; nobody takes that stick to
    the village, and the hub, which never dealt with it in this process, passes the bundle on."""
    relay = realm.join("relay", "hub").number
    village = realm.join("village", upstream=relay).number
    hub = realm.hub()
    entry = hub.roster.entry_record(relay)
    assert entry is not None
    hub.log.queue(village, entry, 1, at=int(realm.clock()))
    visit = Mail(hub)
    assert visit.fill(village)
    visit.close()
    spool = Spool(hub.home.spool_path)
    below = Below(hub, spool, Intake(hub, hub.deliveries))
    assert below.left() == [village]
    assert below.mend() == [village]
    assert below.fill(below.left()) == {relay}
    assert below.left() == []
    assert [one.peer for one in spool.outgoing(relay)] == [relay]
    below.close()
    spool.close()


def test_what_an_earlier_process_passed_on_ends_too(realm: Realm) -> None:
    """The hub was started again before the relay said that it holds a bundle of receipts: nothing
    else is heard of its station, and the bundle does not wait for ever."""
    relay = realm.join("relay", "hub").number
    village = realm.join("village", upstream=relay).number
    hub = realm.hub()
    receipt = hub.write(Receipt(records=(Span(village, 1, 1),)), automatic=True)
    hub.log.queue(village, receipt.id, 1, at=int(realm.clock()))
    spool = Spool(hub.home.spool_path)
    below = Below(hub, spool, Intake(hub, hub.deliveries))
    assert below.fill([village]) == {relay}
    below.close()
    below = Below(hub, spool, Intake(hub, hub.deliveries))
    (wrapped,) = spool.outgoing(relay)
    assert below.hops.taken(relay, wrapped.tag)
    assert [one.state for one in spool.outgoing(village)] == [TAKEN]
    below.mend()
    assert spool.outgoing(village) == []
    assert hub.log.waiting(village).records == 0
    below.close()
    spool.close()


def test_a_gap_of_a_station_behind_a_relay_is_asked_for(realm: Realm) -> None:
    """Late, because relays are slow; the question goes by the relay."""
    relay = realm.join("relay", "hub").number
    village = realm.join("village", upstream=relay).number
    hub, post = realm.hub(), realm.station("village")
    mail, spool = Mail(post), Spool(hub.home.spool_path)
    below = Below(hub, spool, Intake(hub, hub.deliveries))
    file_request(post)
    post.log.delivered(1, [one.item for one in post.log.pending(1)])
    file_request(post, complaint="头晕一天")
    (one,) = mail.fill(1)
    sealed = mail.spool.sealed(1, one.tag)
    assert sealed is not None
    ((_, exchange, tag, parts),) = below.opened([Passing(1, village, 1, sealed)])
    exchange.settled(tag, below.mail.intake.take(parts, village), 0.0)
    assert hub.log.gaps(village)
    below.mend()
    below.fill([village])
    before = len(spool.outgoing(relay))
    realm.clock.at += WAIT_SECONDS
    assert below.mend() == [village]
    assert below.fill([village]) == {relay}
    assert len(spool.outgoing(relay)) == before + 1
    below.close()
    spool.close()
    mail.close()


def test_routes_end(realm: Realm) -> None:
    """Nobody is below a station that is not in the roster, itself, or in a loop."""
    hub = realm.hub()
    spool, store = Spool(":memory:"), RoadStore(realm.root)
    hops = Hops(hub, spool, store)
    assert hops.below(4) == 4
    assert hops.below(1) is None
    assert hops.below(77) is None
    assert HOPS_MAX >= 5
    store.close()
    spool.close()


def test_a_welcome_is_never_longer_than_its_request(realm: Realm) -> None:
    """A hub with forty departments still lets stations in over UDP; the list follows later."""
    for number in range(40):
        realm.join(f"desk{number}", "desk", f"第{number}专科门诊")
    hub = realm.hub()
    admission = Admission(hub)
    made, secret = admission.invites.make(
        station="巴音村卫生室", kind="post", practitioner="乌兰其其格", role="乡村医生", depts=(),
        place="某盟某旗某苏木", now=realm.clock(), valid_seconds=1e6, entropy=realm.entropy,
        upstream=2,
    )  # fmt: skip
    seal_key = hub.settings.hub_seal
    code = Invitation("h:1", seal_key, fingerprint(hub.settings.hub_sign, seal_key), made.id,
                      secret).code()  # fmt: skip
    home = Home(realm.root / "new")
    joining = enrolment.begin(home, code)
    asked = enrolment.JOIN_BYTE + joining.request(realm.clock())
    answered = admission.answer(asked)
    assert answered is not None
    assert len(answered) <= len(asked)
    settings = enrolment.finish(home, joining, enrolment.open_welcome(joining, answered))
    assert settings.extra["relay_seal"]
    departments = hub.departments_record()
    assert departments is not None
    assert departments.id in [item.item for item in hub.log.pending(settings.number)]
    admission.close()


@dataclass
class Relayed:
    """A relay's core over its own spool, with what it has been told of the roster."""

    realm: Realm
    name: str

    def __post_init__(self) -> None:
        self.station = self.realm.station(self.name)
        self.spool = Spool(":memory:")
        self.store = RoadStore(self.station.home.root)
        self.core = RelayCore(self.station, self.spool, self.store, kick=lambda number: None,
                              kick_up=lambda: None)  # fmt: skip

    def tell(self) -> None:
        """Give the relay the whole roster, as the hub would."""
        hub = self.realm.hub()
        records = hub.log.of_kinds(ROSTER_KINDS)
        Intake(self.station).take([parcels.record_part(one) for one in records], 1)

    def close(self) -> None:
        self.store.close()
        self.spool.close()


def test_a_relay_serves_those_below_it_only(realm: Realm) -> None:
    """Not the hub's own posts, not strangers, not the revoked; it keeps what it said DONE to."""
    number = realm.join("relay", "hub").number
    child = realm.join("village", upstream=number).number
    relay = Relayed(realm, "relay")
    assert relay.core.find(child, 0.0) is None
    relay.tell()
    assert relay.core.find(child, 0.0) is not None
    assert relay.core.find(4, 0.0) is None
    assert relay.core.find(1, 0.0) is None
    assert relay.core.find(number, 0.0) is None
    sealed = realm.entropy(300)
    relay.core.below(child, [BundleArrived(bundle_tag(sealed), sealed, 1)], 0.0)
    (held,) = relay.spool.outgoing(1)
    hub = realm.hub()
    wrapped = relay.spool.sealed(1, held.tag)
    assert wrapped is not None
    parts = Hops(hub, relay.spool, relay.store).unpassed(wrapped, number)
    assert parts is not None
    assert split(parts) == ([Passing(1, child, 1, sealed)], [])
    hub.write(Revoked(child, "lost"), automatic=True)
    relay.tell()
    assert relay.core.strangers() == [child]
    relay.core.above([Passing(child, 1, 1, sealed), Passing(99, 1, 1, sealed)], 0.0)
    assert relay.spool.outgoing(child) == []
    counted = {count.road: count for count in relay.store.counts()}["relay"]
    assert counted.refused == 1
    relay.close()


def test_one_station_below_leaves_the_others_their_room(
    realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a relay passes on it cannot read: rubbish without end must not fill its way up."""
    monkeypatch.setattr("xtcli.hub.relaying.STATION_BYTES_MAX", 1_500)
    number = realm.join("relay", "hub").number
    hostile = realm.join("village", upstream=number).number
    honest = realm.join("hamlet", upstream=number).number
    relay = Relayed(realm, "relay")
    relay.tell()
    for child in (hostile, honest):
        assert relay.core.find(child, 0.0) is not None
    for _ in range(8):
        sealed = realm.entropy(300)
        relay.core.below(hostile, [BundleArrived(bundle_tag(sealed), sealed, 0)], 0.0)
    assert len(relay.spool.outgoing(1)) == 4
    refused = [reason for _, reason in relay.spool.answers(hostile) if reason]
    assert refused == [REFUSE_FULL] * 4
    sealed = realm.entropy(300)
    relay.core.below(honest, [BundleArrived(bundle_tag(sealed), sealed, 1)], 0.0)
    assert len(relay.spool.outgoing(1)) == 5
    assert relay.spool.answers(honest) == [(bundle_tag(sealed), 0)]
    relay.close()


def test_a_bundle_that_fits_no_hop_stops_nobody(realm: Realm) -> None:
    """As large as a link takes, it would be larger with what a hop puts around it, and the link
    upwards would take nothing any more."""
    number = realm.join("relay", "hub").number
    hostile = realm.join("village", upstream=number).number
    honest = realm.join("hamlet", upstream=number).number
    relay = Relayed(realm, "relay")
    relay.tell()
    for child in (hostile, honest):
        assert relay.core.find(child, 0.0) is not None
    huge = bytes(LinkConfig().bundle_bytes_max)
    relay.core.below(hostile, [BundleArrived(bundle_tag(huge), huge, 0)], 0.0)
    assert relay.spool.answers(hostile) == [(bundle_tag(huge), REFUSED_TOO_LARGE)]
    relay.core.up([Passing(1, hostile, 0, huge)])
    relay.core.above([Passing(honest, 1, 0, huge)], 0.0)
    relay.spool.put(1, huge + b"x", 0, 0.0)
    sealed = realm.entropy(300)
    relay.core.below(honest, [BundleArrived(bundle_tag(sealed), sealed, 1)], 0.0)
    shelf = Link(local=number, peer=1, key=bytes(32), now=0.0, entropy=realm.entropy)
    assert SpooledLink(shelf, relay.spool).load(0.0, 0.0) == 1
    relay.core.nodes[honest].load(0.0, 0.0)
    relay.close()


def test_many_greedy_stations_leave_room_for_a_little(
    realm: Realm, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each keeps to its share and together they would fill everything: half is kept for those of
    whom nothing waits, and for text."""
    for name, size in (("STATION_BYTES_MAX", 1_500), ("OUTGOING_BYTES_MAX", 6_000),
                       ("LITTLE_BYTES", 1_000)):  # fmt: skip
        monkeypatch.setattr(f"xtcli.hub.relaying.{name}", size)
    number = realm.join("relay", "hub").number
    greedy = [realm.join(f"village{n}", upstream=number).number for n in range(3)]
    honest = realm.join("hamlet", upstream=number).number
    relay = Relayed(realm, "relay")
    relay.tell()

    def sends(child: int, size: int) -> bool:
        sealed = realm.entropy(size)
        relay.core.below(child, [BundleArrived(bundle_tag(sealed), sealed, 1)], 0.0)
        return (bundle_tag(sealed), 0) in relay.spool.answers(child)

    for child in (*greedy, honest):
        assert relay.core.find(child, 0.0) is not None
    assert not all(sends(child, 500) for _ in range(4) for child in greedy)
    assert sends(honest, 500)
    assert sends(honest, 50)
    relay.close()


def test_a_hop_that_was_heard_to_be_over_before_a_crash_ends(realm: Realm) -> None:
    """The spool says that the next hop holds a bundle, and the process ended right then: after a
    start nothing of it waits, below a relay and above."""
    number = realm.join("relay", "hub").number
    child = realm.join("village", upstream=number).number
    relay = Relayed(realm, "relay")
    relay.tell()
    relay.core.above([Passing(child, 1, 1, realm.entropy(300))], 0.0)
    (one,) = relay.spool.outgoing(child)
    relay.spool.mark(child, one.tag, TAKEN)
    assert relay.core.find(child, 0.0) is not None
    assert relay.spool.outgoing(child) == []
    inner = relay.spool.put(child, realm.entropy(200), 1, 0.0)
    tag = relay.core.hops.pass_on(Passing(1, child, 1, realm.entropy(300)), 1, KEY, 1)
    relay.store.hop(1, tag, child, inner)
    relay.spool.mark(1, tag, TAKEN)
    relay.core.hops.forget_lost(1)
    assert relay.spool.outgoing(1) == []
    assert [held.state for held in relay.spool.outgoing(child)] == [TAKEN]
    relay.close()


def test_a_relay_waits_for_roster_entries_that_were_overtaken(realm: Realm) -> None:
    """Bundles for stations it has not been told of yet wait for their entries, not for ever; also
    those of stations behind the next relay."""
    upper = realm.join("upper", "hub").number
    lower = realm.join("lower", "hub", upstream=upper).number
    near, far = realm.join("near", upstream=upper).number, realm.join("far", upstream=lower).number
    relay = Relayed(realm, "upper")
    sealed = realm.entropy(300)
    early = [Passing(to, 1, 1, sealed) for to in (near, far, 999)]
    relay.core.above(early, 0.0)
    assert not any(count.refused for count in relay.store.counts())
    relay.tell()
    assert relay.core.find(near, 0.0) is not None
    assert [one.tag for one in relay.spool.outgoing(near)] == [bundle_tag(sealed)]
    assert relay.spool.outgoing(far) == []
    (wrapped,) = relay.spool.outgoing(lower)
    assert relay.store.hops(lower)[wrapped.tag] == (far, b"")
    realm.clock.at += RELAYED_PATIENCE_SECONDS + 1
    relay.core.sort_unknown(0.0)
    assert relay.spool.outgoing(999) == []
    assert len(relay.spool.outgoing()) == 2
    counted = {count.road: count for count in relay.store.counts()}["relay"]
    assert (counted.taken, counted.refused) == (1, 1)
    relay.close()


class Ended(Exception):
    """The process is gone."""


@pytest.mark.parametrize("writes", range(4))
def test_a_process_may_end_anywhere_while_a_hop_ends(
    realm: Realm, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    """What the next hop holds is noted as taken, or waits again: it is never forgotten half-way."""
    hub = realm.hub()
    spool, store = Spool(hub.home.root / "spool.db"), RoadStore(hub.home.root)
    hops = Hops(hub, spool, store)
    inner = spool.put(7, bytes(100), 1, 0.0)
    tag = hops.pass_on(Passing(7, 1, 1, bytes(100)), 4, hub.roster.station(4).seal_key, 4)  # type: ignore[union-attr]
    store.hop(4, tag, 7, inner)
    spool.mark(7, inner, STARTED)
    left = writes

    def cut_off(owner: object, name: str) -> None:
        work = getattr(owner, name)

        def counted(*values: object) -> object:
            nonlocal left
            if left == 0:
                raise Ended
            left -= 1
            return work(*values)

        monkeypatch.setattr(owner, name, counted)

    for owner, name in ((spool, "mark"), (spool, "drop"), (store, "end_hop")):
        cut_off(owner, name)
    with suppress(Ended):
        assert hops.taken(4, tag)
    monkeypatch.undo()
    hops.forget_lost(4)
    # The link offers again what is still in the spool, and hears again that it is there.
    hops.taken(4, tag)
    (one,) = spool.outgoing(7)
    assert one.state in (TAKEN, WAITING)
    assert not spool.outgoing(4)
    assert not store.hops(4)
    spool.close()
    store.close()
