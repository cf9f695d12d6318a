"""Make `tests.records.world` importable however pytest is started; a world for each test."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.records.world import World  # noqa: E402 - after the path is set
from xtcli.records.log import Log  # noqa: E402


@pytest.fixture
def world() -> World:
    """A realm with a hub, two posts, two desks."""
    return World()


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    """The hub's log, empty, on disk."""
    made = Log(tmp_path / "log.db", own=1)
    yield made
    made.close()
