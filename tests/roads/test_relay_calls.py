"""Calls through relays: real processes, a link of emulated gprs; sound heard both ways."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from tests.calls.realm import Watcher, until
from tests.calls.test_call import DESK_SAYS, POST_SAYS, Caller, likeness
from tests.ports import free_port
from tests.roads.processes import serving, xt
from tests.roads.realm import DEPT, Realm, file_request
from tests.roads.test_relay import post_below, relay
from xtcli.errors import LinkDown
from xtcli.hub.calls_hops import CallHops
from xtcli.records.ids import RecordId
from xtcli.station import shell
from xtcli.station.calls_relay import BYTES_BURST
from xtcli.station.calls_wire import ENVELOPED_BYTES_MAX, Envelope, Route
from xtcli.station.home import Home
from xtcli.station.roads_hops import Hops
from xtcli.station.roads_store import RoadStore
from xtcli.station.station import Station
from xtcli.transport.spool import Spool

pytestmark = pytest.mark.realtime


@contextmanager
def bad_link(name: str, to: str) -> Iterator[str]:
    """An emulated link to an address; its own address."""
    process = subprocess.Popen(
        [sys.executable, "-m", "xtcli.transport.emulator", "--link", name, "--seed", "1",
         "--listen", "127.0.0.1:0", "--to", to, "--json"], stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    said = json.loads(process.stdout.readline())
    reader = threading.Thread(target=process.stdout.read, daemon=True)
    reader.start()
    try:
        yield f"{said['host']}:{said['port']}"
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


class World:
    """Village -> gprs -> township relay -> hub; a desk at the hub or below a relay of its own."""

    def __init__(self, root: Path, stack: ExitStack, link: str, desk_behind: bool) -> None:
        self.root = root
        self.realm = realm = Realm(root, hub_address=f"127.0.0.1:{free_port()}")
        realm.clock.at = shell.now()
        stack.callback(realm.close)
        self.opened: list[Station] = []
        stack.enter_context(serving(realm.hub_home.root))
        where = relay(realm, stack, "苏木", realm.hub_address)
        if link:
            where = stack.enter_context(bad_link(link, where))
        post_below(realm, "巴音村", "苏木", where)
        up = ["--via", "旗", "--advertise", relay(realm, stack, "旗", realm.hub_address)]
        code = xt(realm.hub_home.root, "hub", "invite", "--station", "诊台", "--kind", "desk",
                  "--practitioner", "王主任", "--dept", DEPT,
                  *(up if desk_behind else ()))["code"]  # fmt: skip
        xt(realm.root / "诊台", "join", code)
        self.post, self.desk = self.station("巴音村"), self.station("诊台")
        stack.callback(self.close)
        self.case = file_request(self.post)
        self.move(self.case, self.desk)
        self.move(self.desk.open_case(self.case).record, self.post)

    def close(self) -> None:
        while self.opened:
            self.opened.pop().close()

    def station(self, name: str) -> Station:
        home = Home(self.root / name)
        made = Station(home, clock=shell.now, entropy=shell.entropy)
        self.opened.append(made)
        return made

    def move(self, record: RecordId, to: Station) -> None:
        def there() -> bool:
            for one in (self.post, self.desk):
                one.sync(20.0)
            return to.log.get(record) is not None

        assert until(there, 90.0)

    def call(self, station: Station, says: Path, **options: object) -> Caller:
        return Caller(station, self.case, file=says, out=self.heard(station), **options)

    def heard(self, station: Station) -> Path:
        return self.root / f"{station.settings.name}.wav"


def test_a_desk_at_the_hub_rings_a_post_below_a_relay(tmp_path: Path) -> None:
    """Over gprs, through the relay: ring, accept, sound both ways, hang-up; the relay has nothing
    of it, and says who is away."""
    with ExitStack() as stack:
        world = World(tmp_path, stack, "gprs", desk_behind=False)
        watcher = Watcher(world.station("巴音村"))
        try:
            caller = world.call(world.desk, DESK_SAYS)
            assert until(watcher.rings)
            called = world.call(world.post, POST_SAYS, accept=True)
            made, taken = caller.wait(), called.wait()
        finally:
            watcher.stop()
        assert made.answered
        assert taken.answered
        assert likeness(POST_SAYS, world.heard(world.desk)) > 0.5
        assert likeness(DESK_SAYS, world.heard(world.post)) > 0.5
        between = Home(tmp_path / "苏木")
        assert not list(between.blobs_path.iterdir())
        here = Station(between, clock=shell.now, entropy=shell.entropy)
        assert here.log.records(world.case) == []
        here.close()


def test_a_post_rings_a_desk_behind_another_relay(tmp_path: Path) -> None:
    """Two relays and the hub between them; and nobody there is said soon, by the last relay."""
    with ExitStack() as stack:
        world = World(tmp_path, stack, "", desk_behind=True)
        assert isinstance(world.call(world.post, POST_SAYS).fails(), LinkDown)
        watcher = Watcher(world.station("诊台"))
        try:
            caller = world.call(world.post, POST_SAYS)
            assert until(watcher.rings)
            called = world.call(world.desk, DESK_SAYS, accept=True)
            assert caller.wait().answered
            assert called.wait().answered
        finally:
            watcher.stop()
        assert likeness(POST_SAYS, world.heard(world.desk)) > 0.7
        assert likeness(DESK_SAYS, world.heard(world.post)) > 0.7


@pytest.fixture
def hops(tmp_path: Path) -> Iterator[tuple[CallHops, int, int, int]]:
    """The root's view: its way of calls, a relay, a post below it, a post of its own."""
    realm = Realm(tmp_path)
    between = realm.join("relay", "hub").number
    below = realm.join("village", upstream=between).number
    own = realm.join("own").number
    spool, store = Spool(":memory:"), RoadStore(realm.root)
    yield CallHops(Hops(realm.hub(), spool, store)), between, below, own
    store.close()
    spool.close()
    realm.close()


def test_a_relay_speaks_for_those_below_it_only(hops: tuple[CallHops, int, int, int]) -> None:
    calls, between, below, own = hops

    def told(station: int, rest: bytes = b"sound") -> bytes:
        return Envelope(Route.BELOW, station, rest).encode()

    assert calls.origin(own, b"sound") == (own, b"sound")
    assert calls.origin(between, told(below)) == (below, b"sound")
    bad = [told(own), told(between), told(77), told(below, b""), b"sound", b"", told(1),
           Envelope(Route.TO, below, b"x").encode()]  # fmt: skip
    assert [calls.origin(between, one) for one in bad] == [None] * len(bad)
    assert calls.dropped == len(bad)
    assert calls.down(own, b"sound") == (own, b"sound")
    assert calls.down(below, b"sound") == (between, told(below))
    assert calls.down(99, b"sound") is None
    assert calls.down(below, bytes(ENVELOPED_BYTES_MAX - 2)) is None
    assert calls.up(below, b"sound") == told(below)


def test_a_relay_answers_away_and_keeps_an_allowance(hops: tuple[CallHops, int, int, int]) -> None:
    calls, _, below, own = hops
    ring = Envelope(Route.TO, own, b"ring").encode()
    away = Envelope(Route.BELOW, below, Envelope(Route.AWAY, own).encode()).encode()
    assert calls.away(below, ring) == away
    assert calls.away(below, b"\x00sound") is None
    assert calls.away(below, Envelope(Route.AWAY, own).encode()) is None
    passed = sum(calls.allowed(below, bytes(1_000), 0.0) for _ in range(100))
    assert passed == BYTES_BURST // 1_000
    assert calls.allowed(below, bytes(1_000), 0.0, down=True)
    assert sum(calls.allowed(own, ring, 0.0) for _ in range(100)) == 60
