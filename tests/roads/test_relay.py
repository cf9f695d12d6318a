"""Village post -> township relay -> banner hub, and the answer back: real processes."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.roads.processes import Line, serving, xt
from tests.roads.realm import DEPT, Realm, answer, file_request
from xtcli.records.case import State
from xtcli.records.values import StationKind
from xtcli.station.station import Station


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address=f"127.0.0.1:{free_port()}")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    yield made
    made.close()


def relay(realm: Realm, stack: ExitStack, name: str, up: str, via: str = "") -> str:
    """Enrol a relay below `via` and serve it; its address."""
    where = f"127.0.0.1:{free_port()}"
    words = ["--via", via, "--advertise", up] if via else []
    code = xt(realm.hub_home.root, "hub", "invite", "--station", name, "--kind", "hub",
              "--practitioner", "管理员", *words)["code"]  # fmt: skip
    xt(realm.root / name, "join", code, "--listen", where)
    stack.enter_context(serving(realm.root / name))
    return where


def post_below(realm: Realm, name: str, via: str, where: str) -> None:
    """Enrol a post whose link ends at a relay."""
    code = xt(realm.hub_home.root, "hub", "invite", "--station", name, "--kind", "post",
              "--practitioner", "乌兰", "--via", via, "--advertise", where)["code"]  # fmt: skip
    xt(realm.root / name, "join", code)


def _until(realm: Realm, name: str, there: Callable[[Station], bool]) -> None:
    """Sync a station until something is there."""
    end = time.monotonic() + 120
    while time.monotonic() < end:
        xt(realm.root / name, "sync", "--timeout", "90")
        found = there(realm.station(name))
        realm.close()
        if found:
            return
    raise AssertionError("it did not come")


def test_a_consult_through_a_relay_and_back(realm: Realm, tmp_path: Path) -> None:
    """Request and attachment up, answer down, acknowledgement up; ids unchanged, nothing opened on
    the way, nothing left waiting. A relay is a hub in the roster and may not invite."""
    with ExitStack() as stack:
        stack.enter_context(serving(realm.hub_home.root))
        where = relay(realm, stack, "苏木卫生院", realm.hub_address)
        post_below(realm, "巴音村", "苏木卫生院", where)
        post = realm.station("巴音村")
        case = file_request(post)
        refused = xt(realm.root / "苏木卫生院", "hub", "invite", "--station", "x", "--kind", "post",
                     "--practitioner", "y", code=4)  # fmt: skip
        assert "relay" in refused["error"]["message"]
        xt(realm.hub_home.root, "hub", "invite", "--station", "x", "--kind", "post",
           "--practitioner", "y", "--via", "desk", "--advertise", where, code=2)  # fmt: skip
        paper = tmp_path / "paper.pdf"
        paper.write_bytes(b"%PDF-1.4\n" + random.Random(3).randbytes(30_000))
        post.attach(case, paper)
        realm.close()
        done = xt(realm.root / "巴音村", "sync", "--timeout", "60")
        assert done["waiting_records"] == done["waiting_blobs"] == 0
        xt(realm.root / "desk", "sync", "--timeout", "90")
        answer(realm.station("desk"), case)
        realm.close()
        xt(realm.root / "desk", "sync", "--timeout", "90")
        _until(realm, "巴音村", lambda post: bool(post.case(case).answer))
        post = realm.station("巴音村")
        post.ack(case, True, "已转诊")
        realm.close()
        xt(realm.root / "巴音村", "sync", "--timeout", "90")
    hub, post, between = realm.hub(), realm.station("巴音村"), realm.station("苏木卫生院")
    assert post.case(case).answer
    assert post.case(case).state >= State.ACTED_ON
    assert hub.case(case).attachments[0].whole
    assert {r.id for r in hub.log.records(case)} >= {r.id for r in post.log.records(case)}
    assert between.log.records(case) == []
    assert list(between.home.blobs_path.iterdir()) == []
    hub.verify_log()
    entries = {entry.name: entry for entry in hub.roster.stations()}
    assert entries["苏木卫生院"].station_kind is StationKind.HUB
    assert entries["苏木卫生院"].upstream == 1
    assert entries["巴音村"].upstream == entries["苏木卫生院"].no


def test_three_relays_in_a_row(realm: Realm) -> None:
    """Village -> township -> banner -> league -> region: three relays between post and hub."""
    with ExitStack() as stack:
        stack.enter_context(serving(realm.hub_home.root))
        league = relay(realm, stack, "盟", realm.hub_address)
        banner = relay(realm, stack, "旗", league, via="盟")
        township = relay(realm, stack, "苏木", banner, via="旗")
        post_below(realm, "嘎查", "苏木", township)
        post = realm.station("嘎查")
        case = file_request(post)
        realm.close()
        _until(realm, "嘎查", lambda post: post.case(case).state is State.RECEIVED)
    assert realm.hub().case(case)
    assert realm.station("嘎查").case(case).state is State.RECEIVED


def test_a_relay_keeps_what_the_hub_cannot_take_yet(realm: Realm) -> None:
    """The way up is down, and the relay is killed meanwhile: what it said DONE to arrives."""
    with ExitStack() as stack:
        with serving(realm.hub_home.root):
            inner = ExitStack()
            where = relay(realm, inner, "苏木", realm.hub_address)
            post_below(realm, "巴音村", "苏木", where)
            xt(realm.root / "巴音村", "sync", "--timeout", "90")
        post = realm.station("巴音村")
        case = file_request(post)
        realm.close()
        xt(realm.root / "巴音村", "sync", "--timeout", "3", code=9)
        inner.close()
        stack.enter_context(serving(realm.hub_home.root))
        stack.enter_context(serving(realm.root / "苏木"))
        hub = realm.hub()
        end = time.monotonic() + 120
        while not hub.log.records(case) and time.monotonic() < end:
            time.sleep(0.2)
        assert hub.log.records(case)
        xt(realm.root / "巴音村", "sync", "--timeout", "60")
    assert realm.station("巴音村").case(case).state is State.RECEIVED


DEAD = "127.0.0.1:9"


def test_joining_and_a_consult_where_the_relay_has_only_https(realm: Realm) -> None:
    """The relay finds HTTPS by itself; a village joins through it, its request is received."""
    port = free_port()
    with ExitStack() as stack:
        stack.enter_context(serving(realm.hub_home.root, "--https", f"127.0.0.1:{port}"))
        code = xt(realm.hub_home.root, "hub", "invite", "--station", "苏木", "--kind", "hub",
                  "--practitioner", "管理员", "--advertise", DEAD, "--https",
                  f"127.0.0.1:{port}")["code"]  # fmt: skip
        where = f"127.0.0.1:{free_port()}"
        xt(realm.root / "苏木", "join", code, "--listen", where, "--timeout", "2")
        lines = stack.enter_context(serving(realm.root / "苏木"))
        _joins_and_is_received(realm, where)
        assert "https" in [line.get("road") for line in lines]


def test_joining_and_a_consult_where_the_relay_has_only_a_line(realm: Realm) -> None:
    """Question and answer share a slow line with the link."""
    with ExitStack() as stack:
        line = stack.enter_context(Line(rate=5_760))
        hub = realm.hub_home.root
        code = xt(hub, "hub", "invite", "--station", "苏木", "--kind", "hub", "--practitioner",
                  "管理员", "--advertise", DEAD)["code"]  # fmt: skip
        where = f"127.0.0.1:{free_port()}"
        xt(realm.root / "苏木", "join", code, "--out", str(realm.root / "ask"))
        xt(hub, "hub", "admit", str(realm.root / "ask"))
        xt(realm.root / "苏木", "join", code, "--welcome", str(realm.root / "ask.welcome"),
           "--listen", where)  # fmt: skip
        stack.enter_context(serving(hub, "--serial", f"{line.ends[0]}@57600"))
        stack.enter_context(
            serving(realm.root / "苏木", "--upstream", f"serial:{line.ends[1]}@57600")
        )
        _joins_and_is_received(realm, where)


def _joins_and_is_received(realm: Realm, where: str) -> None:
    code = xt(realm.hub_home.root, "hub", "invite", "--station", "巴音村", "--kind", "post",
              "--practitioner", "乌兰", "--via", "苏木", "--advertise", where)["code"]  # fmt: skip
    assert xt(realm.root / "巴音村", "join", code, "--timeout", "50")["kind"] == "post"
    post = realm.station("巴音村")
    case = file_request(post)
    realm.close()
    _until(realm, "巴音村", lambda post: post.case(case).state is State.RECEIVED)
