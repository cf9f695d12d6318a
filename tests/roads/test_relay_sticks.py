"""Relays and sticks: taken unopened, passed on by any road, once; nothing to read on a stick."""

from __future__ import annotations

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import msgpack
import pytest

from tests.ports import free_port
from tests.roads.processes import serving, xt
from tests.roads.realm import DEPT, REQUEST, Realm, answer, file_request
from tests.roads.test_relay import post_below, relay
from xtcli.errors import NotAllowed
from xtcli.hub.hub import HubStation
from xtcli.hub.roads import duties, sync_via
from xtcli.hub.sticks import visitor
from xtcli.records.case import State
from xtcli.records.values import StationKind
from xtcli.station import roads
from xtcli.station import roads_vouch as vouch
from xtcli.station.roads_folder import FolderReport, FolderVisit
from xtcli.station.station import Station
from xtcli.transport.bundle.envelope import Envelope, Header, read_header, realm_hint
from xtcli.transport.bundle.pack import Part, pack
from xtcli.transport.bundle.seal import bundle_context, seal
from xtcli.transport.carriers import folder
from xtcli.transport.spool import Spool


def visit(station: Station, stick: Path) -> FolderReport:
    does = duties(station)
    hub = station.kind is StationKind.HUB
    return roads.visit_folder(station, stick, rule=does.rule, inside=does.inside,
                              make=visitor(station.number) if hub else FolderVisit)  # fmt: skip


def heads(stick: Path) -> list[Header]:
    """What anybody can read of the files on a stick."""
    found = [read_header(path.read_bytes()[:64]) for path in (stick / "xt").iterdir()]
    return sorted(found, key=lambda head: (head.recipient, head.sender, head.tag))


def ends(stick: Path) -> set[tuple[int, int]]:
    return {(head.recipient, head.sender) for head in heads(stick)}


class Chain:
    """A hub, relays in a row, a village below the last, a stick between each two neighbours."""

    def __init__(self, realm: Realm, relays: int) -> None:
        self.realm = realm
        realm.join("desk", "desk", DEPT)
        up = 1
        names = []
        for number in range(relays):
            names.append(f"relay{number}")
            up = realm.join(names[-1], "hub", upstream=up).number
        realm.join("village", upstream=up)
        self.line: list[Station] = [realm.hub(), *map(realm.station, names),
                                    realm.station("village")]  # fmt: skip
        self.sticks = [realm.root / f"stick{n}" for n in range(relays + 1)]
        for stick in self.sticks:
            stick.mkdir()

    @property
    def village(self) -> Station:
        return self.line[-1]

    @property
    def hub(self) -> HubStation:
        assert isinstance(self.line[0], HubStation)
        return self.line[0]

    def down(self) -> None:
        """Every stick is carried down once, the uppermost first."""
        for number, stick in enumerate(self.sticks):
            visit(self.line[number], stick)
            visit(self.line[number + 1], stick)

    def up(self) -> None:
        for number, stick in reversed(list(enumerate(self.sticks))):
            visit(self.line[number + 1], stick)
            visit(self.line[number], stick)


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm")
    yield made
    made.close()


@pytest.mark.parametrize("relays", [1, 2])
def test_a_consult_by_sticks_through_relays(realm: Realm, relays: int) -> None:
    """Up and down by hand alone: request and document there, receipt and answer back; relays have
    no record of it, sticks nothing to read, and all is quiet in the end."""
    chain = Chain(realm, relays)
    chain.down()
    case = file_request(chain.village)
    paper = realm.root / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4\n" + random.Random(3).randbytes(20_000))
    chain.village.attach(case, paper)
    chain.up()
    assert chain.hub.case(case).attachments[0].whole
    chain.down()
    assert chain.village.case(case).state is State.RECEIVED
    desk, stick = realm.station("desk"), realm.root / "desk stick"
    stick.mkdir()
    for one in (chain.hub, desk):
        visit(one, stick)
    answer(desk, case)
    for one in (desk, chain.hub):
        visit(one, stick)
    chain.down()
    assert chain.village.case(case).answer
    for between in chain.line[1:-1]:
        assert between.log.records(case) == []
        assert list(between.home.blobs_path.iterdir()) == []
    for _ in range(3):
        chain.up()
        chain.down()
    before = [[(h.recipient, h.sender) for h in heads(one)] for one in chain.sticks]
    sizes = [sum(path.stat().st_size for path in (one / "xt").iterdir()) for one in chain.sticks]
    assert max(sizes) < 3_000
    chain.up()
    chain.down()
    assert [[(h.recipient, h.sender) for h in heads(one)] for one in chain.sticks] == before
    chain.hub.verify_log()


def test_what_a_stick_shows(realm: Realm) -> None:
    """Random names, and in each file station numbers, a priority and a size: from a relay upwards
    not even the village's number. No word of the request, no name of a station."""
    chain = Chain(realm, 1)
    chain.down()
    village, relay_number = chain.village.number, chain.line[1].number
    file_request(chain.village)
    visit(chain.village, chain.sticks[1])
    assert ends(chain.sticks[1]) == {(1, village), (1, relay_number), (relay_number, village)}
    visit(chain.line[1], chain.sticks[1])
    assert (1, village) not in ends(chain.sticks[1])
    visit(chain.line[1], chain.sticks[0])
    assert {end for end in ends(chain.sticks[0]) if village in end} == set()
    assert (1, relay_number) in ends(chain.sticks[0])
    seen = b"".join(path.name.encode() + path.read_bytes() for stick in chain.sticks
                    for path in (stick / "xt").iterdir())  # fmt: skip
    for word in (*map(str, REQUEST.values()), "relay0", "village", "旗医院"):
        assert len(word) < 3 or word.encode() not in seen


def test_first_copy_wins(realm: Realm) -> None:
    """A village's stick, copied, goes to the relay and straight to the hub: once in the log."""
    chain = Chain(realm, 1)
    chain.down()
    case = file_request(chain.village)
    visit(chain.village, chain.sticks[1])
    copy = realm.root / "copy"
    shutil.copytree(chain.sticks[1], copy)
    again = realm.root / "again"
    shutil.copytree(chain.sticks[1], again)
    visit(chain.hub, copy)
    visit(chain.line[1], chain.sticks[1])
    visit(chain.line[1], chain.sticks[0])
    before = [head.tag for head in heads(chain.sticks[0]) if head.recipient == 1]
    assert visit(chain.line[1], again).taken > 0
    visit(chain.line[1], chain.sticks[0])
    assert [head.tag for head in heads(chain.sticks[0]) if head.recipient == 1] == before
    visit(chain.hub, chain.sticks[0])
    assert len([r for r in chain.hub.log.records(case) if r.id == case]) == 1
    visit(chain.hub, copy)
    visit(chain.village, copy)
    assert chain.village.case(case).state is State.RECEIVED


@pytest.mark.parametrize("seed", range(2))
def test_sticks_forgotten_copied_and_mixed_up(realm: Realm, seed: int) -> None:
    """Any station meets any stick in any order; then some tidy rounds settle everything."""
    dice = random.Random(seed)
    chain = Chain(realm, 2)
    chain.down()
    cases = []
    for step in range(20):
        if step % 8 == 0:
            cases.append(file_request(chain.village, patient=f"甲{step}", id=""))
        realm.clock.at += dice.choice((5, 3_000, 30_000))
        visit(dice.choice(chain.line), dice.choice(chain.sticks))
    for _ in range(3):
        realm.clock.at += 30_000
        chain.up()
        chain.down()
    for case in cases:
        assert len([r for r in chain.hub.log.records(case) if r.id == case]) == 1
        assert chain.village.case(case).state is State.RECEIVED
    chain.hub.verify_log()
    chain.village.verify_log()


def test_a_relay_leaves_what_is_no_business_of_its_own(realm: Realm) -> None:
    """Bundles of the hub's other stations stay on the stick; a relay has no short messages."""
    chain = Chain(realm, 1)
    chain.down()
    realm.join("elsewhere")
    other, stick = realm.station("elsewhere"), chain.sticks[0]
    case = file_request(other)
    visit(other, stick)
    for _ in range(2):
        visit(chain.line[1], stick)
    assert (1, other.number) in ends(stick)
    visit(chain.hub, stick)
    assert len(chain.hub.log.records(case)) >= 1
    visit(chain.line[1], stick)
    assert (other.number, 1) in ends(stick)
    with pytest.raises(NotAllowed):
        sync_via(chain.line[1], "sms:true", 1.0, False, None)


def test_stick_to_a_served_relay_then_by_its_link(tmp_path: Path) -> None:
    """The village has a stick only, the township a link: request up, receipt back. The relay is
    served meanwhile and notices what the visit brought."""
    realm = Realm(tmp_path / "realm", hub_address=f"127.0.0.1:{free_port()}")
    realm.clock.at = time.time()
    stick = tmp_path / "stick"
    stick.mkdir()
    with ExitStack() as stack:
        stack.enter_context(serving(realm.hub_home.root))
        where = relay(realm, stack, "苏木", realm.hub_address)
        post_below(realm, "巴音村", "苏木", where)
        xt(realm.root / "巴音村", "sync", "--timeout", "90")
        post = realm.station("巴音村")
        case = file_request(post)
        visit(post, stick)
        assert xt(realm.root / "苏木", "sync", "--via", f"folder:{stick}")["taken"] == 1
        end = time.monotonic() + 120
        while post.case(case).state is not State.RECEIVED and time.monotonic() < end:
            time.sleep(0.5)
            xt(realm.root / "苏木", "sync", "--via", f"folder:{stick}")
            visit(post, stick)
        assert post.case(case).state is State.RECEIVED
    realm.close()


def test_nobody_makes_a_relay_carry_rubbish(realm: Realm) -> None:
    """Files that anybody can write, in the names of those that a relay knows, or what one of them
    did write but did not vouch for: nothing is passed on, nothing held is dropped."""
    chain = Chain(realm, 1)
    chain.down()
    between, stick, number = chain.line[1], chain.sticks[1], chain.village.number
    case = file_request(chain.village)
    visit(chain.village, stick)
    genuine = {path.name for path in (stick / "xt").iterdir()}
    for recipient, sender in ((1, number), (number, 1), (between.number, number)):
        envelope = Envelope(recipient, sender, realm_hint(chain.hub.settings.realm), 0,
                            realm.entropy(5_000))  # fmt: skip
        folder.put(stick, envelope.to_bytes(), realm.entropy)
    forged = {path.name for path in (stick / "xt").iterdir()} - genuine
    report = visit(between, stick)
    assert report.refused == 1
    assert {path.name for path in (stick / "xt").iterdir()} >= forged
    spool = Spool(between.home.spool_path)
    assert max(one.size for one in spool.outgoing()) < 1_000
    spool.close()
    visit(between, chain.sticks[0])
    visit(chain.hub, chain.sticks[0])
    assert len([r for r in chain.hub.log.records(case) if r.id == case]) == 1


def test_a_voucher_is_one_of_its_writer_for_its_reader(realm: Realm) -> None:
    """Not another's, not for another, not changed, not too long; any bytes are read or refused."""
    chain = Chain(realm, 1)
    chain.down()
    village, between = chain.village, chain.line[1]
    public = between.keys.station_seal_public
    digests = {vouch.digest(bytes([n])) for n in range(5)}
    sealed = vouch.write(village, between.number, public, digests)
    mine = village.keys.station_seal_public
    assert vouch.read(between, village.number, mine, sealed) == digests
    assert vouch.read(between, village.number, public, sealed) is None
    assert vouch.read(between, 1, mine, sealed) is None
    assert vouch.read(chain.hub, village.number, mine, sealed) is None
    # An enrolled enemy can seal for the relay in the village's name, and cannot make the tag.
    context = bundle_context(village.settings.realm, village.number, between.number)
    for body in ([vouch.VOUCH_MARK, b"".join(digests), bytes(16)], [vouch.VOUCH_MARK, b"x", b"y"],
                 [vouch.VOUCH_MARK], 7, [-2, b"abcd"]):  # fmt: skip
        forged = seal(pack([Part(msgpack.packb(body))]), recipient=public, context=context,
                      entropy=realm.entropy)  # fmt: skip
        assert vouch.read(between, village.number, mine, forged) is None
    for size in (0, 49, 200, vouch.SEALED_BYTES_MAX + 1):
        assert vouch.read(between, village.number, mine, realm.entropy(size)) is None
