"""A full or busy disk is no fault of a road, and ends no hub."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.roads.realm import DEPT, Realm, file_request
from xtcli.errors import DiskFull
from xtcli.hub.serving import Server
from xtcli.station import parcels
from xtcli.station.intake import Intake
from xtcli.station.pump import Pump
from xtcli.station.roads import RoadName
from xtcli.station.roads_auto import RoadKeeper

DEAD = ("udp:127.0.0.1:9", "udp:127.0.0.1:10")


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address="127.0.0.1:9")
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


@pytest.mark.parametrize("patient", [False, True])
def test_no_other_road_is_opened_because_the_disk_is_full(realm: Realm, patient: bool) -> None:
    """It is said; changing roads would cost bytes and mend nothing."""

    async def scene() -> None:
        post = realm.station("post")
        pump = Pump(post, lambda arrival: None)
        keeper = RoadKeeper(post, pump, [RoadName.parse(text) for text in DEAD])
        keeper.patient = patient
        await keeper.start()
        try:
            assert not await keeper.step(False)
            pump.on_failure(DiskFull("no room"))
            with pytest.raises(DiskFull):
                await keeper.step(False)
            assert keeper.road.text == DEAD[0]
            assert pump.client is not None
            pump.client.failure = DiskFull("no room")
            with pytest.raises(DiskFull):
                await keeper.step(False)
            assert keeper.road.text == DEAD[0]
            assert not await keeper.step(False)
        finally:
            await keeper.close()

    asyncio.run(scene())


def test_a_log_that_another_process_keeps_ends_no_hub(
    realm: Realm, capsys: pytest.CaptureFixture[str]
) -> None:
    """It says so, and goes on when the other is done."""

    async def scene() -> None:
        hub, post = realm.hub(), realm.station("post")
        request = post.log.get(file_request(post))
        assert request is not None
        Intake(hub, hub.deliveries).take([parcels.record_part(request)], post.number)
        realm.clock.at += 700
        hub.log._db.execute("PRAGMA busy_timeout=20")
        server = Server(hub)
        now = asyncio.get_running_loop().time()
        other = sqlite3.connect(hub.home.log_path, isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        server._look(now)
        other.execute("ROLLBACK")
        other.close()
        assert not hub.case(request.id).escalated
        server._look(now + 60)
        assert hub.case(request.id).escalated
        server.core.close(now)
        server.admission.close()
        server.spool.close()

    asyncio.run(scene())
    assert "busy" in capsys.readouterr().out
