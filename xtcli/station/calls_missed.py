"""Calls that nobody took, and posts that ask to be called: kept until somebody has seen them.

A small owner-only file beside the log: case numbers, stations and moments, nothing of a patient.
It is no record and never travels. It refuses to know screens.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from xtcli.errors import XtError
from xtcli.records.ids import RecordId
from xtcli.station.happenings import Happening
from xtcli.station.home import Home

NAME = "missed.json"
KEPT_MAX = 50
KINDS = ("call_missed", "call_wanted")


@dataclass(frozen=True, slots=True)
class Missed:
    """One of them. `at` is this station's clock, unix seconds; `by` the other station's name."""

    kind: str
    case: RecordId
    by: str
    at: float


def missed(home: Home) -> tuple[Missed, ...]:
    """All that nobody has seen, newest first; nothing when the file is missing or broken."""
    try:
        plain = json.loads((home.root / NAME).read_text(encoding="utf-8"))
        return tuple(
            Missed(str(one["kind"]), RecordId(*one["case"]), str(one["by"]), float(one["at"]))
            for one in plain[:KEPT_MAX]
        )
    except (OSError, ValueError, KeyError, TypeError, XtError):
        return ()


def with_missed(before: Sequence[Missed], happening: Happening) -> tuple[Missed, ...]:
    """`before` with a happening of `KINDS` in front, instead of an older one of its case."""
    if happening.kind not in KINDS or happening.case is None:
        return tuple(before)
    new = Missed(happening.kind, happening.case, happening.by, happening.at)
    return (new, *without(before, new.case))[:KEPT_MAX]


def without(before: Sequence[Missed], case: RecordId | None = None) -> tuple[Missed, ...]:
    """What is left when somebody has seen those of `case` (None: all)."""
    return tuple(one for one in before if case is not None and one.case != case)


def keep_missed(home: Home, kept: Sequence[Missed]) -> None:
    """To the disk, in one step; DiskFull when there is no room."""
    plain = [{"kind": m.kind, "case": list(m.case), "by": m.by, "at": m.at} for m in kept]
    home.write(home.root / NAME, json.dumps(plain).encode())
