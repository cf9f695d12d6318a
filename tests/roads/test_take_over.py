"""Another process of this home holds the link, and ends: whoever waits beside it takes over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

import pytest

from tests.ports import free_port
from tests.roads.processes import serving
from tests.roads.realm import DEPT, Realm, file_request
from xtcli.errors import ExitCode
from xtcli.station.home import SyncLock
from xtcli.station.routing import HUB
from xtcli.station.syncing import run_sync
from xtcli.station.syncing_wait import send_and_wait

Found = TypeVar("Found")
SECONDS = 120.0


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address=f"127.0.0.1:{free_port()}")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


def beside(realm: Realm, work: Callable[[], Found]) -> Found:
    """Begin `work` while another process holds the link, which ends a moment later."""
    holder = SyncLock(realm.station("post").home)
    assert holder.take()
    with ThreadPoolExecutor(1) as pool:
        begun = pool.submit(work)
        threading.Event().wait(0.5)
        assert not begun.done()
        holder.free()
        return begun.result()


def test_a_sync_takes_over(realm: Realm) -> None:
    with serving(realm.hub_home.root):
        post = realm.station("post")
        case = file_request(post)
        report = beside(realm, lambda: run_sync(post, SECONDS, watch=False))
    assert report.exit_code is ExitCode.OK
    assert HUB in post.log.confirmed(case)


def test_a_request_takes_over(realm: Realm) -> None:
    with serving(realm.hub_home.root):
        post = realm.station("post")
        case = file_request(post)
        waited = beside(realm, lambda: send_and_wait(post, [case], SECONDS))
    assert case in waited.receipts
