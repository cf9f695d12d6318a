"""A watching station where nobody waits costs nothing; where somebody waits the way stays open."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.roads.processes import serving, xt
from tests.roads.realm import DEPT, Realm, answer, file_request
from tests.roads.switch import Switch
from xtcli.station import pump, syncing
from xtcli.station.station import Station
from xtcli.station.syncing import Traffic, run_sync, somebody_waits
from xtcli.transport.link.events import LinkConfig

QUIET_SECONDS = 1.5
"""Several keep-alives of the impatient link below."""


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address=f"127.0.0.1:{free_port()}")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    yield made
    made.close()


@contextmanager
def watching(station: Station) -> Iterator[None]:
    """`xt sync --watch` in a thread."""
    end = threading.Event()

    def progress(traffic: Traffic) -> None:
        if end.is_set():
            raise SystemExit

    def work() -> None:
        try:
            run_sync(station, 0.0, watch=True, progress=progress)
        except SystemExit:
            return

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        end.set()
        thread.join(20)


def settle(count: Callable[[], int]) -> int:
    """What `count` gives once it has stayed the same for a while."""
    end, seen, since = time.monotonic() + 60, count(), time.monotonic()
    while time.monotonic() < end and time.monotonic() < since + QUIET_SECONDS:
        time.sleep(0.05)
        if (now := count()) != seen:
            seen, since = now, time.monotonic()
    assert time.monotonic() < end, "it is never quiet"
    return seen


def test_who_waits(realm: Realm) -> None:
    """A desk always; a post from the request until the case is closed."""
    realm.join("post")
    post, desk = realm.station("post"), realm.station("desk")
    assert somebody_waits(desk)
    assert not somebody_waits(post)
    case = file_request(post)
    assert somebody_waits(post)
    post.close_case(case, "好转")
    assert not somebody_waits(post)


def test_nothing_is_sent_while_nobody_waits(realm: Realm, monkeypatch: pytest.MonkeyPatch) -> None:
    """0 bytes both ways; from a request on keep-alives; after the case is closed 0 again."""
    monkeypatch.setattr(pump, "LinkConfig", partial(LinkConfig, keep_alive_s=0.2))
    monkeypatch.setattr(syncing, "ALIVE_SECONDS", 0.5)
    hub = realm.hub_address
    with Switch(hub) as road, serving(realm.hub_home.root):
        realm.hub_address = road.address
        realm.join("post")
        post = realm.station("post")
        with watching(post):
            quiet = settle(lambda: road.up + road.down)
            assert quiet > 0, "it has asked once"
            case = file_request(realm.station("post"))
            end = time.monotonic() + 120
            mark = road.there
            while road.there < mark + 15 and time.monotonic() < end:
                time.sleep(0.05)
            assert road.there >= mark + 15, "keep-alives while the case is open"
            realm.station("post").close_case(case, "好转")
            settle(lambda: road.up + road.down)


def test_another_process_that_sends_is_not_counted_as_nothing(realm: Realm) -> None:
    """`request --wait` beside a watching process: received, and no bytes are claimed."""
    realm.join("post")
    realm.close()
    home = realm.root / "post"
    with serving(realm.hub_home.root), watching(realm.station("post")):
        done = xt(home, "request", "--patient", "其其格", "--sex", "f", "--born", "1962-05-01",
                  "--dept", DEPT, "--complaint", "胸闷", "--allergy", "无", "--question", "转诊？",
                  "--wait", "60")  # fmt: skip
    assert done["state"] == "received"
    assert done["bytes_sent"] is None
    assert done["datagrams_received"] is None


def test_an_answer_reaches_a_post_that_waits(realm: Realm) -> None:
    """What the keep-alives are for."""
    realm.join("post")
    with serving(realm.hub_home.root):
        post = realm.station("post")
        case = file_request(post)
        with watching(post):
            desk = realm.station("desk")
            end = time.monotonic() + 120
            while not desk.cases() and time.monotonic() < end:
                desk.sync(10)
            answer(desk, case)
            desk.sync(10)
            other = realm.station("post")
            while other.case(case).answer is None and time.monotonic() < end:
                time.sleep(0.05)
            assert other.case(case).answer is not None
