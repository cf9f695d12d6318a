"""Another process of this home holds the link, and ends: whoever waits beside it takes over."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.roads.processes import serving
from tests.roads.realm import Realm, file_request
from xtcli.errors import ExitCode
from xtcli.station.home import SyncLock
from xtcli.station.routing import HUB
from xtcli.station.syncing import run_sync
from xtcli.station.syncing_wait import send_and_wait

Found = TypeVar("Found")
SECONDS = 120.0


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
