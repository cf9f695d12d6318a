"""Loads a library that would ask the terminal a question, without its finding a terminal."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def no_terminal() -> Iterator[None]:
    """textual-image asks the terminal when imported; while Textual reads the keys it must not."""
    before = sys.__stdout__
    vars(sys)["__stdout__"] = io.StringIO()
    try:
        yield
    finally:
        vars(sys)["__stdout__"] = before
