"""Whole realms in virtual time: every seed must agree, and a seed must always give the same run.

Each run is a process of its own with a fixed hash seed, so that a seed that fails here fails the
same way under `scripts/simulate --seed N`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.sim.checks import Violation
from tests.sim.fuse import Crash, Fuse
from tests.sim.world import LINKS, World
from xtcli.hub.core import HubCore, Opened
from xtcli.station.intake import Arrival, Intake

ROOT = Path(__file__).parents[2]
GROUPS = 5
SEEDS_PER_GROUP = 10
PER_LINK = 1


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`scripts/simulate` without its set-up."""
    environment = {**os.environ, "XT_LANG": "en", "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.sim", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("group", range(GROUPS))
def test_all_logs_agree(group: int) -> None:
    """Loss, duplicates, corruption, outages, crashes at any write: afterwards all logs agree."""
    first = 1 + group * SEEDS_PER_GROUP
    done = run("--seed", str(first), "--seeds", str(SEEDS_PER_GROUP))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("link", LINKS)
def test_all_logs_agree_on_every_link(link: str) -> None:
    """The same with one kind of road for every station."""
    done = run("--seed", "700", "--seeds", str(PER_LINK), "--link", link)
    assert done.returncode == 0, done.stdout + done.stderr


def test_a_seed_is_a_run() -> None:
    """The same seed gives the same run, to the last byte on the roads."""
    runs = [json.loads(run("--seed", "321").stdout.splitlines()[0]) for _ in range(2)]
    assert runs[0] == runs[1]
    assert runs[0]["crashes"] > 0
    assert runs[0]["cases"] > 0


def test_a_fuse_ends_a_process_at_one_write() -> None:
    """Before or after the write, and nothing the dead process tries is done."""
    for after, wanted in ((False, [0, 1]), (True, [0, 1, 2])):
        done: list[int] = []
        fuse = Fuse()
        fuse.arm(2, after=after)
        for number in range(4):
            with pytest.raises(Crash) if number >= 2 else nullcontext():
                fuse.tick(partial(done.append, number))
        assert done == wanted


# The simulation must be able to fail: each fault below once existed or easily could.


def _outcome(folder: Path, seeds: range) -> list[str]:
    """What was found wrong over some seeds."""
    found = []
    for seed in seeds:
        try:
            World(seed, folder / str(seed)).run()
        except Violation as violation:
            found.append(str(violation))
    return found


def test_it_finds_a_hub_that_confirms_too_early(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """DONE and nothing in the log: the request is lost."""

    def forget(core: HubCore, batch: list[Opened]) -> list[tuple[Opened, Arrival]]:
        return [(one, Arrival()) for one in batch]

    monkeypatch.setattr(HubCore, "_log", forget)
    assert _outcome(tmp_path, range(1, 4))


def test_it_finds_a_receipt_without_records(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A receipt that names what is only held, or not there, is found out."""
    plain = Arrival.confirmable

    def more(arrival: Arrival) -> list[Any]:
        named = plain.fget(arrival)  # type: ignore[attr-defined]
        return [*named, *(item._replace(seq=item.seq + 1) for item in named[-1:])]

    monkeypatch.setattr(Arrival, "confirmable", property(more))
    assert any("confirms" in what for what in _outcome(tmp_path, range(1, 4)))


def test_it_finds_a_hub_that_forgets_to_forward(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A record that reaches only the hub is missed at the desk."""
    plain = Intake.__init__

    def deaf(intake: Intake, station: Any, rule: Any = None) -> None:
        plain(intake, station, None)

    monkeypatch.setattr(Intake, "__init__", deaf)
    assert any("lacks" in what for what in _outcome(tmp_path, range(1, 6)))
