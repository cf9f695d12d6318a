"""While the screens are drawn nothing else may write to the terminal.

Sound libraries written in C (ALSA, JACK, PortAudio) complain on file descriptor 2, in the middle of
the screen. Here that descriptor leads nowhere for as long as the screens run; the screens write to
a copy of it. It refuses to know who complains.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

STDERR = 2


@contextmanager
def quiet_libraries() -> Iterator[None]:
    """Screens on a copy of stderr, libraries nowhere; as before at the end, also after a fault."""
    before = sys.stderr, sys.__stderr__
    try:
        copy = os.dup(STDERR)
    except OSError:
        # No stderr at all: nothing to keep quiet.
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    encoding = getattr(sys.__stderr__, "encoding", None) or "utf-8"
    screen = os.fdopen(copy, "w", encoding=encoding, errors="backslashreplace", closefd=False)
    os.dup2(nowhere, STDERR)
    os.close(nowhere)
    sys.stderr = screen
    vars(sys)["__stderr__"] = screen
    try:
        yield
    finally:
        with suppress(OSError):
            screen.flush()
        os.dup2(copy, STDERR)
        sys.stderr = before[0]
        vars(sys)["__stderr__"] = before[1]
        os.close(copy)
