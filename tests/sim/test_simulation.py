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
from random import Random
from typing import Any

import pytest

from tests.sim import sync_ends
from tests.sim.checks import Violation
from tests.sim.fuse import Crash, Fuse
from tests.sim.messages import Network
from tests.sim.mixed import MixedWorld
from tests.sim.sticks import Stick
from tests.sim.world import LINKS, World
from xtcli.hub.batch import Opened
from xtcli.hub.core import HubCore
from xtcli.station.exchange import Exchange
from xtcli.station.intake import Arrival, Intake
from xtcli.station.roads_hops import Hops
from xtcli.station.roads_shelf import Mail
from xtcli.station.routing import HUB
from xtcli.transport.carriers import folder

ROOT = Path(__file__).parents[2]
GROUPS = 5
SEEDS_PER_GROUP = 10
PER_LINK = 1
MIXED_GROUPS = 4
MIXED_PER_GROUP = 6


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


@pytest.mark.parametrize("group", range(MIXED_GROUPS))
def test_all_logs_agree_whatever_the_roads(group: int) -> None:
    """Relays, sticks, short messages, a second road, partitions, weeks: all at once."""
    first = 1 + group * MIXED_PER_GROUP
    done = run("--mixed", "--seed", str(first), "--seeds", str(MIXED_PER_GROUP))
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("kind", ["", "--mixed"])
def test_a_seed_is_a_run(kind: str) -> None:
    """The same seed gives the same run, to the last byte on the roads."""
    words = [kind] if kind else []
    runs = [json.loads(run("--seed", "321", *words).stdout.splitlines()[0]) for _ in range(2)]
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


def _finds(what: str, folder: Path, seeds: range, make: type[World] = World) -> bool:
    """Whether one of some seeds is found wrong in these words."""
    for seed in seeds:
        try:
            make(seed, folder / str(seed)).run()
        except Violation as violation:
            if what in str(violation):
                return True
    return False


def test_it_finds_a_hub_that_confirms_too_early(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """DONE and nothing in the log: the request is lost."""

    def forget(core: HubCore, batch: list[Opened]) -> list[tuple[Opened, Arrival]]:
        return [(one, Arrival()) for one in batch]

    monkeypatch.setattr(HubCore, "_log", forget)
    assert _finds("", tmp_path, range(1, 4))


def test_it_finds_a_receipt_without_records(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A receipt that names what is only held, or not there, is found out."""
    plain = Arrival.confirmable

    def more(arrival: Arrival) -> list[Any]:
        named = plain.fget(arrival)  # type: ignore[attr-defined]
        return [*named, *(item._replace(seq=item.seq + 1) for item in named[-1:])]

    monkeypatch.setattr(Arrival, "confirmable", property(more))
    assert _finds("confirms", tmp_path, range(1, 4))


def test_it_finds_a_hub_that_forgets_to_forward(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A record that reaches only the hub is missed at the desk."""
    plain = Intake.__init__

    def deaf(intake: Intake, station: Any, rule: Any = None) -> None:
        plain(intake, station, None)

    monkeypatch.setattr(Intake, "__init__", deaf)
    assert _finds("lacks", tmp_path, range(1, 6))


class Impatient(MixedWorld):
    """Ten minutes must do: nobody has to wait here for what comes after six hours."""

    heal_s = 600.0


def test_it_finds_a_relay_that_says_done_and_forgets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """DONE at a relay and nothing passed on."""
    monkeypatch.setattr(Hops, "pass_on", lambda hops, one, hop, key, shelf: bytes(4))
    assert _finds("not settled", tmp_path, range(10, 14), Impatient)


def test_it_finds_a_stick_that_is_emptied_too_early(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Taken from the stick, noted as taken, and not in the log."""
    monkeypatch.setattr(Mail, "arrived", lambda mail, sender, sealed, tag, via: Arrival())
    assert _finds("not settled", tmp_path, range(14, 24), Impatient)


def test_it_finds_receipts_for_more_than_a_stick_brought(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By any road, a receipt names what is on the disk of who signed it."""
    plain = Arrival.confirmable

    def more(arrival: Arrival) -> list[Any]:
        named = plain.fget(arrival)  # type: ignore[attr-defined]
        return [*named, *(item._replace(seq=item.seq + 1) for item in named[-1:])]

    monkeypatch.setattr(Arrival, "confirmable", property(more))
    assert _finds("confirms", tmp_path, range(14, 18), Impatient)


# The parts of it


def test_a_pulled_stick_keeps_half_a_file_and_comes_back(tmp_path: Path) -> None:
    """What people do to sticks: pulled out, full, copied."""
    stick = Stick(tmp_path / "stick", room=500)
    stick.inside.mkdir()
    with stick.plugged(1.8e9):
        folder._write(stick.inside, "0" * 16 + ".xtb", bytes(400))
        with pytest.raises(OSError, match="No space"):
            folder._write(stick.inside, "1" * 16 + ".xtb", bytes(200))
    stick.pull_at = 1
    with stick.plugged(1.8e9):
        assert folder._read(stick.inside / ("0" * 16 + ".xtb")) == bytes(400)
        for _ in range(2):
            with pytest.raises(OSError, match="No such device"):
                folder._write(stick.inside, "2" * 16 + ".xtb", bytes(50))
    assert (stick.pulled, stick.bytes_written) == (1, 400)
    assert (stick.inside / ("2" * 16 + ".part")).stat().st_size == 25
    assert stick.copy_to(tmp_path / "copy").used() == 425


def test_the_network_of_short_messages_is_bad_as_told() -> None:
    """Lost, doubled, late and mixed up; sound when it is told to be."""
    bad = Network(Random(1), 134, loss=0.5, double=0.5, delay_s=30.0)
    for number in range(200):
        bad.push("a", "b", bytes([number]), 0.0)
    came = [message for _, _, message in bad.pop(1_000.0)]
    assert 100 < len(came) < 250
    assert len(set(came)) < 150
    assert came != sorted(came)
    sound = Network(Random(1), 134)
    sound.push("a", "b", b"x", 0.0)
    assert sound.pop(sound.next_due()) == [("a", "b", b"x")]


@pytest.mark.parametrize("group", range(3))
def test_a_sync_ends_when_nothing_waits_and_not_before(group: int) -> None:
    """One station comes back alone after trouble: its sync comes to an end, and then the hub has
    nothing for it."""
    environment = {**os.environ, "XT_LANG": "en", "PYTHONHASHSEED": "0", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "tests.sim.sync_ends", str(group * 6), "6"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stdout + done.stderr


def test_a_sync_that_ends_too_early_is_seen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a hub that keeps everything for itself, and says that nothing waits."""
    plain = Exchange.fill

    def kept(exchange: Exchange, now: float) -> int:
        return 0 if exchange.station.number == HUB else plain(exchange, now)

    monkeypatch.setattr(Exchange, "fill", kept)
    monkeypatch.setattr(sync_ends, "SECONDS_MAX", 60.0)
    found = [sync_ends.story(seed, tmp_path / str(seed)) for seed in range(3)]
    assert all(found)
