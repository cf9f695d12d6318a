"""Settings of roads that a person gives in the environment: read once, refused in one sentence.

It knows names and numbers, no roads.
"""

from __future__ import annotations

import math
import os

from xtcli.errors import UsageError


def number(name: str, default: float, least: float = 0.0) -> float:
    """The number in the environment variable `name`; `default` when it is not set or empty."""
    text = os.environ.get(name, "").strip()
    if not text:
        return default
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not least <= found < math.inf:
        raise UsageError(
            "{name} is set to {text}, which is no number that can be used.",
            "Set it to a number from {least} on, or leave it out.",
            name=name, text=text, least=f"{least:g}",
        )  # fmt: skip
    return found
