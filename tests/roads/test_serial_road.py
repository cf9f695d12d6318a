"""A consult over a line: two pseudo-terminals, both ends real processes."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.roads.processes import Line, serving, xt
from tests.roads.realm import DEPT, Realm, file_request
from xtcli.records.case import State
from xtcli.station.roads_store import RoadStore


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address="127.0.0.1:0")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()


@pytest.mark.parametrize("noise", [0.0, 0.0004])
def test_a_consult_over_a_line(realm: Realm, tmp_path: Path, noise: float) -> None:
    """Request and a picture-sized document up, receipts back, through noise that eats bytes."""
    post = realm.station("post")
    case = file_request(post)
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4\n" + random.Random(3).randbytes(12_000))
    post.attach(case, paper)
    realm.close()
    with (
        Line(noise=noise, seed=7) as line,
        serving(realm.hub_home.root, "--serial", f"{line.ends[0]}@115200"),
    ):
        done = xt(realm.root / "post", "sync", "--via", f"serial:{line.ends[1]}@115200",
                  "--timeout", "100")  # fmt: skip
    assert done["waiting_records"] == done["waiting_blobs"] == 0
    assert done["exit_code"] == "ok"
    post, hub = realm.station("post"), realm.hub()
    assert post.case(case).state is State.RECEIVED
    assert hub.case(case).attachments[0].whole
    store = RoadStore(hub.home.root)
    counted = {one.road: one for one in store.counts()}[f"serial:{line.ends[0]}"]
    store.close()
    assert counted.bytes_in > 12_000
    if noise:
        assert counted.refused > 0


def test_a_device_that_is_not_there(realm: Realm) -> None:
    """One sentence and the documented exit code."""
    found = xt(realm.root / "post", "sync", "--via", "serial:/dev/nowhere@9600", code=11)
    assert found["error"]["kind"] == "DeviceMissing"
    found = xt(realm.root / "post", "sync", "--via", "serial:/dev/null@fast", code=2)
    assert found["error"]["kind"] == "UsageError"
