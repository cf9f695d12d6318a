"""Bundles passed on: what a relay or anybody else may put into one, and what becomes of it."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import msgpack
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.roads.realm import DEPT, Realm, file_request
from xtcli.errors import BundleRejected
from xtcli.hub.admission import Admission
from xtcli.hub.below import Below
from xtcli.station import enrolment, parcels
from xtcli.station.home import Home
from xtcli.station.intake import Intake
from xtcli.station.invite import Invitation, fingerprint
from xtcli.station.parcels import Passing
from xtcli.station.roads_hops import HOPS_MAX, Hops, split
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore
from xtcli.transport.bundle.pack import Part
from xtcli.transport.spool import Spool


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
        exchange.settled(tag, below.mail.intake.take(parts, 4))
    assert len(hub.log.records(case)) == 1
    counted = {count.road: count for count in below.store.counts()}["relay"]
    assert (counted.refused, counted.taken) == (len(forged), 2)
    below.close()
    spool.close()


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
