"""Make `tests.tui.helpers` importable however pytest is started; one home for each kind."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = str(Path(__file__).parents[2])
if ROOT not in sys.path:
    sys.path.insert(0, ROOT)

from xtcli.lang import choose  # noqa: E402


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """English unless a test chooses otherwise."""
    choose("en")
    yield
    choose(None)
