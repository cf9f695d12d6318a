"""The home: settings come back or are refused, files are replaced whole, one process syncs."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from xtcli.errors import DiskFull, KeyMissing, LogCorrupt
from xtcli.station.home import Home, Settings, SyncLock, default_root, disk_errors
from xtcli.station.linkfile import NAME, read_link

SETTINGS = Settings("巴音村", "post", 4, 5, b"\1" * 8, b"\2" * 32, b"\3" * 32, "127.0.0.1:4400")


def test_settings_come_back(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    home.write_settings(SETTINGS)
    assert home.settings() == SETTINGS
    assert home.exists()
    assert home.settings_path.stat().st_mode & 0o777 == 0o600
    assert home.root.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("change", [{"kind": "tent"}, {"number": 0}, {"number": 70_000}])
def test_impossible_settings(change: dict[str, object]) -> None:
    with pytest.raises(LogCorrupt):
        replace(SETTINGS, **change)  # type: ignore[arg-type]


def test_unreadable_settings() -> None:
    """Anything that is not what was written is said to be unreadable."""
    plain = json.loads(SETTINGS.to_json())
    wrong = [plain | {"realm": "xyz"}, {k: v for k, v in plain.items() if k != "name"},
             plain | {"more": 1}, [plain], 42]  # fmt: skip
    for text in ["", "{", *map(json.dumps, wrong)]:
        with pytest.raises(LogCorrupt):
            Settings.from_json(text)


def test_nobody_lives_here(tmp_path: Path) -> None:
    home = Home(tmp_path / "none")
    with pytest.raises(KeyMissing):
        home.settings()
    with pytest.raises(KeyMissing):
        home.read_keys()
    assert not home.root.exists()


def test_write_replaces_whole(tmp_path: Path) -> None:
    """A file is the old one or the new one; nothing is left beside it."""
    home = Home(tmp_path)
    target = tmp_path / "keys"
    home.write(target, b"old")
    home.write(target, b"new")
    assert target.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["keys"]


def test_full_disk_is_said() -> None:
    with pytest.raises(DiskFull), disk_errors():
        raise OSError(28, "No space left on device")
    with pytest.raises(PermissionError), disk_errors():
        raise PermissionError(13, "Permission denied")


def test_one_process_talks_at_a_time(tmp_path: Path) -> None:
    first, second = SyncLock(Home(tmp_path)), SyncLock(Home(tmp_path))
    assert first.take()
    assert not second.take()
    first.free()
    assert second.take()
    second.free()


def test_who_only_looks_at_the_link_is_not_taken_for_its_holder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Screens look all the time, several at once; a sync that begins just then must not be told
    that another process is syncing."""
    lock = SyncLock(Home(tmp_path))
    assert not lock.held()
    looking = lock._lock(shared=True)
    assert looking is not None
    assert not SyncLock(Home(tmp_path)).held()
    monkeypatch.setattr("time.sleep", lambda seconds: os.close(looking))
    assert lock.take()
    assert SyncLock(Home(tmp_path)).held()
    lock.free()
    assert not lock.held()


def test_home_from_the_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XT_HOME", str(tmp_path / "x"))
    assert default_root() == tmp_path / "x"
    monkeypatch.delenv("XT_HOME")
    assert default_root().name == "xt"


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"rate_bps": 1}', "null"])
def test_a_broken_measurement_is_none(tmp_path: Path, text: str) -> None:
    """What is known of the link is never worth a failure."""
    (tmp_path / NAME).write_text(text, encoding="utf-8")
    found = read_link(Home(tmp_path), "hub:1")
    assert (found.hub, found.rate_bps, found.last_contact) == ("hub:1", None, None)
