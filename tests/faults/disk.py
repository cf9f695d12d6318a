"""Disks that are full: a small tmpfs where that may be mounted, a limit on file sizes otherwise."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DISK_BYTES = 4 << 20
FILLER = "filler"


@contextmanager
def small_disk(where: Path) -> Iterator[bool]:
    """A tmpfs of `DISK_BYTES` at `where`; yields False when this user may not mount."""
    where.mkdir(parents=True, exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(where)]
    mounted = hasattr(os, "geteuid") and os.geteuid() == 0 and _runs(mount)
    try:
        yield mounted
    finally:
        if mounted:
            subprocess.run(["umount", "--lazy", str(where)], check=True)


def _runs(command: list[str]) -> bool:
    try:
        return subprocess.run(command, capture_output=True, check=False).returncode == 0
    except OSError:
        return False


def fill(where: Path) -> None:
    """Write until nothing more fits."""
    with (where / FILLER).open("ab", buffering=0) as file:
        for size in (65_536, 4_096, 512, 1):
            try:
                while True:
                    file.write(b"\1" * size)
            except OSError:
                continue


def free(where: Path) -> None:
    """Make room again."""
    (where / FILLER).unlink()
