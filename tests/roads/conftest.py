"""A realm whose hub may be served, for the tests of roads that want no other."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.roads.realm import DEPT, Realm


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", hub_address=f"127.0.0.1:{free_port()}")
    made.clock.at = time.time()
    made.join("desk", "desk", DEPT)
    made.join("post")
    yield made
    made.close()
