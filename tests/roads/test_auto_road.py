"""`xt sync` without --via: whichever road answers, real processes and sockets."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.ports import free_port
from tests.roads.processes import XT, Line, environment, serving, xt
from tests.roads.realm import DEPT, Realm, file_request
from tests.roads.switch import Switch
from xtcli.errors import LogCorrupt, NotFound, UsageError
from xtcli.records.case import State
from xtcli.station import roads_list
from xtcli.station.home import Home

DEAD = "127.0.0.1:9"
MODEM = Path(__file__).with_name("modem.py")


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address=f"127.0.0.1:{free_port()}")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    yield made
    made.close()


def invited(realm: Realm, udp: str, https: str = "") -> None:
    """A post whose invitation names these roads."""
    words = ["--https", https] if https else []
    code = xt(realm.hub_home.root, "hub", "invite", "--station", "巴音村", "--kind", "post",
              "--practitioner", "乌兰", "--advertise", udp, *words)["code"]  # fmt: skip
    home = realm.root / "post"
    xt(home, "join", code, "--out", str(realm.root / "ask"))
    xt(realm.hub_home.root, "hub", "admit", str(realm.root / "ask"))
    xt(home, "join", code, "--welcome", str(realm.root / "ask.welcome"))


@contextmanager
def watching(home: Path) -> Iterator[list[dict[str, Any]]]:
    """`xt sync --watch`; yields the lines it prints."""
    process = subprocess.Popen([XT, "sync", "--watch", "--json"], env=environment(home),
                               stdout=subprocess.PIPE, text=True)  # fmt: skip
    assert process.stdout is not None
    stdout = process.stdout
    lines: list[dict[str, Any]] = []
    thread = threading.Thread(
        target=lambda: lines.extend(json.loads(line) for line in stdout), daemon=True
    )
    thread.start()
    try:
        yield lines
    finally:
        process.terminate()
        process.wait(60)
        thread.join(5)
        stdout.close()


def until(test: Callable[[], bool], seconds: float = 120.0) -> bool:
    end = time.monotonic() + seconds
    while not test():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def state(realm: Realm, case: Any) -> State:
    post = realm.station("post")
    found = post.case(case).state
    realm.close()
    return found


def filed(realm: Realm, **more: object) -> Any:
    post = realm.station("post")
    case = file_request(post, **more)
    realm.close()
    return case


def test_https_when_udp_gives_no_answer_and_remembered(realm: Realm) -> None:
    """Nothing but port 443 gets out: the consult arrives, the status says how; the next sync does
    not wait for UDP again. Roads of the invitation need no setting."""
    port = free_port()
    home = realm.root / "post"
    with Switch(realm.hub_address, on=False) as way:
        invited(realm, way.address, f"127.0.0.1:{port}")
        assert [row["road"] for row in xt(home, "link", "list")["roads"]] == ["udp", "https"]
        with serving(realm.hub_home.root, "--https", f"127.0.0.1:{port}"):
            case = filed(realm)
            first = xt(home, "sync", "--timeout", "90")
            assert (first["exit_code"], first["road"]) == ("ok", "https")
            assert xt(home, "status")["link"]["road"] == "https"
            before = way.there
            filed(realm, complaint="咳嗽两天")
            again = xt(home, "sync", "--timeout", "90")
            assert (again["exit_code"], again["road"]) == ("ok", "https")
            assert way.there - before <= 2, "only asked whether it answers again"
    assert state(realm, case) is State.RECEIVED
    (udp, https) = xt(home, "link", "list")["roads"]
    assert https["carries"]
    assert https["last_contact"]
    assert not udp["carries"]
    assert udp["last_contact"] is None


def test_a_watch_changes_the_road_and_comes_back(realm: Realm) -> None:
    """UDP, cut: HTTPS; UDP again. One sentence each time; what is filed meanwhile arrives."""
    port = free_port()
    home = realm.root / "post"
    with Switch(realm.hub_address) as way:
        invited(realm, way.address, f"127.0.0.1:{port}")
        with (
            serving(realm.hub_home.root, "--https", f"127.0.0.1:{port}"),
            watching(home) as lines,
        ):
            one = filed(realm)
            assert until(lambda: state(realm, one) is State.RECEIVED)
            assert lines == []
            way.on = False
            two = filed(realm, complaint="咳嗽两天")
            assert until(lambda: state(realm, two) is State.RECEIVED, 60)
            assert until(lambda: [x["road"] for x in lines] == ["https"]), lines
            way.on = True
            assert until(lambda: [x["road"] for x in lines] == ["https", "udp"], 90), lines
            three = filed(realm, complaint="头痛一天")
            assert until(lambda: state(realm, three) is State.RECEIVED)
    assert [line["kind"] for line in lines] == ["road", "road"]


def test_a_stick_that_is_there(realm: Realm, tmp_path: Path) -> None:
    """No network: what waits is written to the stick, the receipts are taken from it."""
    stick = tmp_path / "stick"
    home = realm.root / "post"
    invited(realm, DEAD)
    xt(home, "link", "add", f"folder:{stick}")
    case = filed(realm)
    gone = xt(home, "sync", "--timeout", "1", code=8)
    assert gone["exit_code"] == "link_down"
    stick.mkdir()
    assert xt(home, "sync", "--timeout", "1", code=9)["exit_code"] == "waiting"
    assert len(list((stick / "xt").iterdir())) == 1
    xt(realm.hub_home.root, "sync", "--via", f"folder:{stick}")
    assert xt(home, "sync", "--timeout", "1")["waiting_records"] == 0
    assert state(realm, case) is State.RECEIVED


def test_a_line_that_is_plugged_in(realm: Realm) -> None:
    home = realm.root / "post"
    invited(realm, DEAD)
    xt(home, "link", "add", "serial:/dev/nowhere@9600")
    with Line() as line, serving(realm.hub_home.root, "--serial", f"{line.ends[0]}@115200"):
        xt(home, "link", "add", f"serial:{line.ends[1]}@115200")
        case = filed(realm)
        done = xt(home, "sync", "--timeout", "90")
    assert done["exit_code"] == "ok"
    assert done["road"] == f"serial:{line.ends[1]}"
    assert state(realm, case) is State.RECEIVED
    rows = xt(home, "link", "list")["roads"]
    assert [row["ready"] for row in rows] == [True, False, False]


def test_short_messages_when_no_road_answers(
    realm: Realm, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Text goes by the command, its receipt comes back, and the sync says that all is safe."""
    monkeypatch.setenv("XT_SMS_AFTER", "2")
    air = tmp_path / "air"
    home = realm.root / "post"
    invited(realm, DEAD)

    def command(me: str, peer: str) -> str:
        return f"sms:{sys.executable} {MODEM} {air} {me} {peer} 1750"

    xt(home, "link", "add", command("post", "hub"))
    case = filed(realm)
    with ExitStack() as stack:
        hub = subprocess.Popen(
            [XT, "sync", "--via", command("hub", "post"), "--watch", "--json"],
            env=environment(realm.hub_home.root), stdout=subprocess.DEVNULL,
        )  # fmt: skip
        stack.callback(hub.wait, 20)
        stack.callback(hub.terminate)
        done = xt(home, "sync", "--timeout", "60")
    assert (done["exit_code"], done["waiting_records"]) == ("ok", 0)
    assert state(realm, case) is State.RECEIVED


def test_settings_of_roads(realm: Realm) -> None:
    """Added, moved to the end, taken away; kept in roads.json; what cannot be is refused."""
    invited(realm, realm.hub_address)
    home = Home(realm.root / "post")
    own = home.settings()
    path = home.root / roads_list.NAME
    assert not path.exists()
    for road in ("folder:/media/stick", "udp:hub.example.cn:4400", "sms:modem --fast",
                 "folder:/media/stick"):  # fmt: skip
        found = roads_list.add_road(home, own, road)
    wanted = ["udp", "udp:hub.example.cn:4400", "sms:modem --fast", "folder:/media/stick"]
    assert found == wanted == roads_list.read_roads(home, own)
    assert json.loads(path.read_text()) == {"version": 1, "roads": wanted}
    shown = xt(home.root, "link", "remove", "sms:modem --fast")["roads"]
    assert [row["road"] for row in shown] == [one for one in wanted if one[:3] != "sms"]
    assert xt(home.root, "link", "remove", "https", code=3)["error"]["kind"] == "NotFound"
    for road in ("pigeon:7", "udp:nowhere", "serial:", "serial:/dev/ttyS0@fast", "https:x",
                 "folder:/" + "x" * 400):  # fmt: skip
        with pytest.raises(UsageError):
            roads_list.add_road(home, own, road)
    with pytest.raises(NotFound):
        roads_list.add_road(home, own, "https")
    roads_list.remove_road(home, own, "udp")
    with pytest.raises(UsageError):
        roads_list.remove_road(home, own, "udp:hub.example.cn:4400")
    for number in range(roads_list.ROADS_MAX - 2):
        roads_list.add_road(home, own, f"folder:/media/{number}")
    with pytest.raises(UsageError):
        roads_list.add_road(home, own, "folder:/media/one-too-many")


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"version": 9, "roads": ["udp"]}', '{"version": 1, "roads": "udp"}',
             '{"version": 1, "roads": ["folder:/x"]}', '{"version": 1, "roads": ["pigeon"]}'],
)  # fmt: skip
def test_a_damaged_list_is_one_clear_error(realm: Realm, text: str) -> None:
    own = realm.join("post")
    home = Home(realm.root / "post")
    (home.root / roads_list.NAME).write_text(text)
    with pytest.raises(LogCorrupt):
        roads_list.read_roads(home, own)
