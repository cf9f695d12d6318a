"""One realm a test, closed afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hub.realm import Realm


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    """A hub with nobody yet."""
    made = Realm(tmp_path)
    yield made
    made.close()
