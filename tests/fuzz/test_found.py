"""What the fuzz once found, one test each."""

from __future__ import annotations

import json
import tracemalloc
from pathlib import Path

import msgpack
import pytest

from tests.fuzz.parsers_station import _invitation
from xtcli.errors import BundleRejected, LogCorrupt, UsageError
from xtcli.station import linkfile, parcels, roads_list
from xtcli.station.drafts import Drafts
from xtcli.station.home import Home, Settings
from xtcli.station.invite import Welcome
from xtcli.transport.bundle.pack import Part
from xtcli.transport.emulator.capacity import parse_mahimahi
from xtcli.transport.link.events import Received
from xtcli.transport.link.freshness import Freshness

DEEP = "[" * 100_000


@pytest.mark.parametrize(
    "fields",
    [[0, 4, 5, 1 << 40, []], [0, float("inf"), 5, b"", []], [0, 4, 5, b"", [[1 << 40, b""]]]],
    ids=["key", "number", "record"],
)
def test_a_welcome_says_how_long_nothing_is(fields: list[object]) -> None:
    """A number where bytes belong made so many zeros."""
    with pytest.raises(BundleRejected):
        Welcome.decode(msgpack.packb(fields), _invitation())


def test_a_question_for_very_many_records_is_answered_within_bounds() -> None:
    runs = [n for first in range(1, 40_000, 4) for n in (first, first + 10**6)]
    part = Part(msgpack.packb([parcels.LACK_MARK, runs]))
    tracemalloc.start()
    try:
        assert len(parcels.read_lack(part)) == parcels.LACK_RECORDS_MAX
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("data", [DEEP.encode(), b"\xff\xfe{"], ids=["deep", "not text"])
def test_files_of_a_home_that_something_else_wrote(tmp_path: Path, data: bytes) -> None:
    """Refused, or as if they were not there; never an exception from below."""
    home = Home(tmp_path)
    for name in (linkfile.NAME, roads_list.NAME, "station.json"):
        (tmp_path / name).write_bytes(data)
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "request-1.json").write_bytes(data)
    settings = Settings("a", "post", 4, 5, bytes(8), bytes(32), bytes(32), "h:1")
    with pytest.raises(LogCorrupt):
        roads_list.read_roads(home, settings)
    with pytest.raises(LogCorrupt):
        home.settings()
    assert linkfile.read_link(home, "hub").rate_bps is None
    assert Drafts(home, lambda: 0.0, bytes).load("request-1") is None


def test_a_counter_that_jumped_far_costs_no_memory() -> None:
    """A replay window of as many bits as the sender's counter had jumped was made for each."""
    fresh = Freshness()
    tracemalloc.start()
    try:
        assert fresh.check(2**32 - 1, 0.0) == (Received.FRESH, True)
        for counter in (1, 2**31, 2**32 - 2_000):
            assert fresh.check(counter, 0.0) == (Received.AGAIN, False)
        assert fresh.check(2**32 - 900, 0.0) == (Received.OLD, True)
        assert fresh.check(2**32 - 900, 0.0) == (Received.AGAIN, False)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()


def test_a_time_beyond_all_years_in_a_recording() -> None:
    with pytest.raises(UsageError):
        parse_mahimahi(f"1\n{10**30}\n")


def test_sound_settings_are_read_from_bytes_and_text() -> None:
    settings = Settings("巴音村", "post", 4, 5, bytes(8), bytes(32), bytes(32), "h:1")
    assert Settings.from_json(settings.to_json()) == settings
    assert Settings.from_json(settings.to_json().encode()) == settings
    assert json.loads(settings.to_json())["name"] == "巴音村"
