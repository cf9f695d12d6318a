"""The roster is a fold: any order gives the same, the newest entry counts, old keys stay old."""

from __future__ import annotations

import random
from dataclasses import replace

from tests.records.world import (
    DESK,
    DESK3,
    DOCTOR,
    HUB,
    POST,
    SPECIALIST,
    World,
    private,
)
from xtcli.records.roster import Roster
from xtcli.records.sign import Signer
from xtcli.records.types import Departments, PractitionerEntry, Revoked, StationEntry
from xtcli.records.values import Department, StationKind


def test_who_is_who(world: World) -> None:
    roster = world.roster()
    author = roster.author(SPECIALIST)
    assert author is not None
    assert author.specialist
    assert author.station == DESK
    assert roster.station(POST) is not None
    assert roster.practitioner(POST) is None
    assert roster.name(DOCTOR) == "医生3"
    assert roster.name(99) == ""
    assert [desk.no for desk in roster.desks("cardio")] == [DESK, DESK3]
    assert [desk.no for desk in roster.desks("nobody")] == []
    assert len(roster.stations()) == 6
    assert roster.entry_record(DOCTOR) in {record.id for record in world.roster_records}


def test_order_and_duplicates_do_not_matter(world: World) -> None:
    records = [*world.roster_records, world.sign(Revoked(SPECIALIST), HUB)]
    records.append(world.sign(replace(_entry(world, DOCTOR), name="新名"), HUB))
    shuffled = records * 2
    random.Random(4).shuffle(shuffled)
    one, two = Roster(world.root_public, records), Roster(world.root_public, shuffled)
    assert one.name(DOCTOR) == two.name(DOCTOR) == "新名"
    assert one.stations() == two.stations()
    assert one.practitioners() == two.practitioners()
    assert one.departments == two.departments
    assert [d.no for d in one.desks("cardio", world.now)] == [DESK3]
    assert [d.no for d in two.desks("cardio", world.now)] == [DESK3]


def _entry(world: World, no: int) -> PractitionerEntry:
    """A practitioner's entry in the world's roster."""
    entry = world.roster().practitioner(no)
    assert entry is not None
    return entry


def test_a_replaced_key_proves_only_what_is_older(world: World) -> None:
    """After a laptop is lost, its key signs nothing that is dated later."""
    roster, before = world.roster(), world.request()
    fresh = Signer(private(99)).public
    change = world.sign(replace(_entry(world, DOCTOR), sign_key=fresh), HUB)
    roster.apply(change)
    after = world.request()
    assert roster.signed_by(before)
    assert not roster.signed_by(after)
    world.signers[DOCTOR] = Signer(private(99))
    assert roster.signed_by(world.request())


def test_an_entry_ends_with_its_term(world: World) -> None:
    roster = world.roster()
    roster.apply(world.sign(replace(_entry(world, DOCTOR), until=world.now + 100), HUB))
    assert not roster.revoked(DOCTOR, world.now)
    assert roster.revoked(DOCTOR, world.now + 100)
    assert not roster.revoked(DOCTOR)


def test_the_earliest_revocation_counts(world: World) -> None:
    first, second = world.sign(Revoked(DOCTOR, "a"), HUB), world.sign(Revoked(DOCTOR, "b"), HUB)
    roster = Roster(world.root_public, [*world.roster_records, second, first])
    assert roster.revoked(DOCTOR, first.at)
    assert roster.revoked_because(DOCTOR) == "a"
    assert not roster.revoked(DOCTOR, first.at - 1)


def test_only_the_root_hub_writes_the_roster(world: World) -> None:
    """A fold ignores entries from any other station's log."""
    other = world.sign(Departments((Department("x"),)), POST)
    roster = world.roster()
    assert not roster.apply(other)
    assert {d.code for d in roster.departments} == {"cardio", "surgery"}


def test_the_root_is_known_by_its_key_alone(world: World) -> None:
    roster = Roster(world.root_public)
    author = roster.author(HUB)
    assert author is not None
    assert author.key == world.root_public
    assert author.station_kind is StationKind.HUB
    assert roster.signed_by(world.roster_records[0])
    assert isinstance(world.roster_records[0].body, StationEntry)
