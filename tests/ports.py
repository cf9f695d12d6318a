"""Ports for tests that must name one before anybody listens there.

A port that the system gave and that was closed again may be given to the next socket of any process
on the machine, another test's client for one. These lie below those that systems give to clients,
and are kept for this process by a lock until it ends, so that no other test process picks them.
"""

from __future__ import annotations

import os
import random
import socket
import tempfile
from contextlib import suppress
from pathlib import Path

LOWEST, HIGHEST = 15_000, 32_000
TRIES = 1_000
_given: set[int] = set()
_locks: list[int] = []


def free_port() -> int:
    """A port of the loopback that nobody has, neither for UDP nor for TCP."""
    for port in random.SystemRandom().sample(range(LOWEST, HIGHEST), TRIES):
        if port not in _given and _unused(port) and _locked(port):
            _given.add(port)
            return port
    raise AssertionError("every port of this machine is in use")


def _unused(port: int) -> bool:
    with suppress(OSError):
        for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
            with socket.socket(socket.AF_INET, kind) as sock:
                sock.bind(("127.0.0.1", port))
        return True
    return False


def _locked(port: int) -> bool:
    """Whether this process may have the port: one byte of a file for each, locked to its end."""
    if os.name != "posix":
        return True
    import fcntl

    if not _locks:
        path = Path(tempfile.gettempdir()) / f"xt-test-ports-{os.getuid()}"
        _locks.append(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    with suppress(OSError):
        fcntl.lockf(_locks[0], fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
        return True
    return False
