"""What was fed to which parser, by which version: lines of JSON that many sittings add to.

A line is a `Report` with the digests of the code fed (`xtcli`) and of what makes the inputs. A run
goes on where the lines of the same seed and the same digests end.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.engine import Report

ROOT = Path(__file__).parents[2]
HELD = "held"
DIGEST_BYTES = 6


def digest(paths: Iterable[Path]) -> str:
    """Of names and bytes of all files in these files and folders; caches do not count."""
    found = hashlib.blake2s(digest_size=DIGEST_BYTES)
    for path in sorted(paths):
        for file in sorted(path.rglob("*")) if path.is_dir() else [path]:
            if file.is_file() and "__pycache__" not in file.parts:
                found.update(str(file.relative_to(ROOT)).encode() + b"\0")
                found.update(hashlib.blake2s(file.read_bytes()).digest())
    return found.hexdigest()


@functools.cache
def code() -> str:
    """The version of what is fed."""
    return digest([ROOT / "xtcli"])


@functools.cache
def makers() -> str:
    """The version of what makes the inputs, and of the samples that they are made from."""
    here = Path(__file__).parent
    names = ("engine.py", "mutate.py", *(path.name for path in here.glob("parsers_*.py")))
    return digest([*(here / name for name in names), here.parent / "vectors"])


def as_json(report: Report) -> dict[str, object]:
    """A report for programs. (`dataclasses.asdict` would count a Counter's pairs.)"""
    return {**vars(report), "refused": dict(report.refused)}


@dataclass
class Hours:
    """What a parser has had, in hours of the link; `all` and `cpu_s` count older versions too."""

    here: float = 0.0
    all: float = 0.0
    cpu_s: float = 0.0
    failed: list[str] = field(default_factory=list)
    """Outcomes of this version that are not `held`."""

    def processor_hours(self, hours: float) -> float:
        """What so many hours of the link cost; nothing can be said before the first."""
        return self.cpu_s / 3_600 / self.all * hours if self.all else 0.0


@dataclass
class Kept:
    """The lines of a file, or of this run only."""

    path: Path | None = None
    lines: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read what is there."""
        if self.path is not None and self.path.exists():
            self.lines += map(json.loads, self.path.read_text(encoding="utf-8").splitlines())

    def add(self, report: Report, outcome: str = HELD) -> None:
        """One more line, on the disk before the next input."""
        line = {**as_json(report), "code": code(), "makers": makers(), "outcome": outcome}
        self.lines.append(line)
        if self.path is not None:
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def so_far(self, parser: str, seed: int) -> tuple[int, int]:
        """Number of the next input, and bytes on the wire of those before it."""
        mine = [line for line in self.lines
                if (line["parser"], line["seed"], line["code"], line["makers"])
                == (parser, seed, code(), makers())]  # fmt: skip
        return (max((line["first"] + line["inputs"] for line in mine), default=0),
                sum(line["wire_bytes"] for line in mine))  # fmt: skip

    def hours(self, parser: str) -> Hours:
        """Of all seeds together: each makes other inputs."""
        found = Hours()
        for line in self.lines:
            if line["parser"] == parser:
                found.all += line["hours"]
                found.cpu_s += line["cpu_s"]
                found.here += line["hours"] if line["code"] == code() else 0.0
                if line["code"] == code() and line["outcome"] != HELD:
                    found.failed.append(line["outcome"])
        return found
