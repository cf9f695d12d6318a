"""A call in real time over gprs that is cut and then falls to 6 kbit/s: no word is lost."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.calls.hard import Course, hard_call

pytestmark = pytest.mark.realtime

SPEECH = Path(__file__).parents[1] / "data" / "speech" / "zh"


def test_every_second_is_heard_live_or_in_the_note(tmp_path: Path) -> None:
    """40 s; scripts/bench/call_real.py makes the call of two minutes."""
    found = hard_call(tmp_path, sorted(SPEECH.iterdir()), Course(10, 9, 9, 12))
    assert found.pieces >= 25
    assert found.live >= found.pieces // 5, found
    assert found.noted >= found.pieces // 5, found
    assert found.lost == (), found
    assert found.strange <= 0.2, found
    assert any("No contact." in line for line in found.said)
    assert any("Contact again" in line for line in found.said)
