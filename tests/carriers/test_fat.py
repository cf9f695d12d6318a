"""What FAT asks of whoever writes to it: names, links, times, and what its drivers say.

No FAT is mounted here (docs/TESTING.md says how it is tried by hand); these are the rules that a
visit must keep on any folder so that it works on one.
"""

from __future__ import annotations

import errno
import os
import re
from pathlib import Path

import pytest

from tests.carriers.test_folder import HINT, HUB, POST, envelope, files, taken
from xtcli.errors import DiskFull, LinkDown
from xtcli.station.roads import RoadName
from xtcli.station.roads_beside import _Folder
from xtcli.transport.bundle.envelope import ENVELOPE_BYTES_MAX
from xtcli.transport.carriers import choices
from xtcli.transport.carriers.folder import Refused, put, status, take

FORBIDDEN = re.compile(r'[\x00-\x1f"*/:<>?\\|+,;=\[\]]|[. ]$')
"""Not in a long name, and what some drivers do not take in a short one."""
NAME_MAX = 255
FILE_BYTES_MAX = (1 << 32) - 1


def test_names_are_such_as_fat_takes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Legal, short, and different even where case does not count; partial ones, too."""
    seen: list[str] = []
    opened = os.open

    def watched(path: str | Path, *words: int, **more: int) -> int:
        seen.append(Path(path).name)
        return opened(path, *words, **more)

    monkeypatch.setattr(os, "open", watched)
    for _ in range(40):
        put(tmp_path, envelope(), os.urandom)
    names = {"xt", *seen, *files(tmp_path)}
    assert len(names) > 80
    assert not [name for name in names if FORBIDDEN.search(name) or len(name) > NAME_MAX]
    assert len({name.casefold() for name in names}) == len(names)
    assert not any(name.split(".")[0].upper() in {"CON", "PRN", "AUX", "NUL"} for name in names)
    assert ENVELOPE_BYTES_MAX < FILE_BYTES_MAX


def test_no_links_and_nothing_is_renamed_over_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """FAT has neither kind of link, and a driver may not replace a file by renaming."""

    def never(*words: object, **more: object) -> None:
        raise AssertionError(words)

    for name in ("link", "symlink", "replace", "chmod", "chown"):
        monkeypatch.setattr(os, name, never)
    rename = os.rename

    def to_nothing(source: str, target: str) -> None:
        assert not Path(target).exists()
        rename(source, target)

    monkeypatch.setattr(os, "rename", to_nothing)
    one = envelope()
    assert put(tmp_path, one, os.urandom)[1]
    assert not put(tmp_path, one, os.urandom)[1]
    assert taken(tmp_path) == [one]


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES, errno.ENOSPC])
def test_a_full_stick_by_whatever_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    """A driver that says "not permitted" when a cluster is lacking: the lock is not to be blamed,
    and nothing half-written stays."""
    put(tmp_path, envelope(), os.urandom)

    def full(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    with monkeypatch.context() as inside:
        inside.setattr(os, "fsync", full)
        with pytest.raises(DiskFull):
            put(tmp_path, envelope(), os.urandom)
    assert len(files(tmp_path)) == 1


@pytest.mark.parametrize("number", [errno.EINVAL, errno.ENOSYS, errno.ENOTSUP])
def test_a_driver_without_fsync(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def none(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", none)
    one = envelope()
    put(tmp_path, one, os.urandom)
    assert taken(tmp_path) == [one]


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOTCONN, errno.ECONNABORTED])
def test_pulled_while_it_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def gone(handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", gone)
    with pytest.raises(LinkDown):
        put(tmp_path, envelope(), os.urandom)


def test_what_systems_leave_is_nobodys_fault(tmp_path: Path) -> None:
    """A Mac writes a ._ beside every file on FAT: not refused, not counted, not touched."""
    one = envelope()
    name, _ = put(tmp_path, one, os.urandom)
    for left in (f"._{name}", ".DS_Store", "Thumbs.db", "desktop.ini"):
        (tmp_path / "xt" / left).write_bytes(b"\x00\x05\x16\x07" + bytes(100))
    (tmp_path / "xt" / "holiday.jpg").write_bytes(b"not xt")
    refused: list[Refused] = []
    assert [found.name for found in take(tmp_path, HUB, HINT, refused)] == [name]
    assert [bad.name for bad in refused] == ["holiday.jpg"]
    assert status(tmp_path, POST, HINT).foreign == 1
    assert choices.of_system("THUMBS.DB")
    assert not choices.of_system("0011223344556677.xtb")


def test_a_change_is_seen_though_the_folders_time_stays(tmp_path: Path) -> None:
    """FAT's times have two seconds, and some systems do not set a folder's at all."""
    put(tmp_path, envelope(), os.urandom)
    inside = tmp_path / "xt"
    watched = _Folder(RoadName("folder", str(tmp_path)))
    times = inside.stat().st_atime_ns, inside.stat().st_mtime_ns
    before = watched.look()
    assert watched.look() == before
    put(tmp_path, envelope(), os.urandom)
    os.utime(inside, ns=times)
    assert watched.look() != before
