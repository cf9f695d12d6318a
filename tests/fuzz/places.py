"""Folders for inputs that are files: in memory if there is any, gone when the process ends."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from pathlib import Path

FAST = Path("/dev/shm")


def place() -> Path:
    """A new empty folder."""
    made = Path(tempfile.mkdtemp(prefix="xt-fuzz-", dir=FAST if FAST.is_dir() else None))
    atexit.register(shutil.rmtree, made, ignore_errors=True)
    return made
