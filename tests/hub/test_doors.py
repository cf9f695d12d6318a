"""A number is no key: who only names a station makes a hub or relay load nothing for it."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.roads.realm import Realm
from xtcli.hub.doors import Door
from xtcli.hub.serving import Server
from xtcli.station.routing import HUB
from xtcli.station.station import Station
from xtcli.transport.driving import Wire
from xtcli.transport.link.keys import Seal, link_key
from xtcli.transport.link.session import Link


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm")
    made.join("post")
    yield made
    made.close()


class Collected:
    """A way that keeps what is sent by it."""

    overhead_bytes = 28

    def __init__(self, address: str) -> None:
        self.address = address
        self.sent: list[bytes] = []
        self.wire = Wire()

    def ready(self) -> bool:
        return True

    def send(self, datagram: bytes) -> None:
        self.sent.append(datagram)


def question(station: Station, to: bytes, now: float) -> bytes:
    """A genuine datagram of a station."""
    key = link_key(station.keys.station_seal, to, station.settings.realm)
    link = Link(local=station.number, peer=HUB, key=key, now=now,
                entropy=random.Random(1).randbytes)  # fmt: skip
    return link.question()


def test_a_forged_datagram_loads_no_link(realm: Realm) -> None:
    async def scene() -> None:
        hub, post = realm.hub(), realm.station("post")
        server, stranger, known = Server(hub), Collected("stranger"), Collected("post")
        genuine = question(post, hub.settings.hub_seal, 0.0)
        for number in range(100):
            server.udp.take(b"\x10" + number.to_bytes(2, "big") + bytes(40), stranger)
        forged = bytearray(genuine)
        forged[8] ^= 1
        assert not server.udp.take(bytes(forged), stranger)
        assert not server.core.peers
        assert server.udp.take(genuine, known)
        assert list(server.core.peers) == [post.number]
        assert known.sent
        assert not stranger.sent
        server.udp.close()
        server.core.close(0.0)
        server.admission.close()
        server.spool.close()

    asyncio.run(scene())


def test_a_new_key_is_noticed(realm: Realm) -> None:
    hub, post = realm.hub(), realm.station("post")
    door = Door(hub, HUB)
    genuine = question(post, hub.settings.hub_seal, 0.0)
    assert door.genuine(post.number, genuine)
    assert not door.genuine(post.number + 1, genuine)
    assert not door.genuine(HUB, genuine)
    door._seals[post.number] = bytes(32), Seal(bytes(32), post.number, HUB)
    assert door.genuine(post.number, genuine)
