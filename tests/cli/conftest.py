"""One served realm for all tests of commands."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from tests.cli.realm import Realm  # noqa: E402 - after the path is set


@pytest.fixture(scope="session")
def realm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Realm]:
    """A hub that serves, two posts and two desks."""
    made = Realm(tmp_path_factory.mktemp("realm"))
    yield made
    made.close()
