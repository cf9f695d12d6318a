"""Clinic tests read English sentences, whatever the machine speaks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from xtcli.lang import choose


@pytest.fixture(autouse=True)
def _english() -> Iterator[None]:
    choose("en")
    yield
    choose(None)
