"""The real clock and the real source of randomness, for the processes that people start.

Everything below this room takes `now` and `entropy` as arguments; this is where they come from.
"""

from __future__ import annotations

import os
import time


def now() -> float:
    """Seconds since the Unix epoch, as this machine believes."""
    return time.time()


def entropy(count: int) -> bytes:
    """`count` bytes from the operating system's generator."""
    return os.urandom(count)
