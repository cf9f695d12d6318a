"""Real processes and what befalls them: kills, a hostile road, floods, full disks, wrong clocks."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.disk import fill, free, small_disk
from tests.faults.flood import flood
from tests.faults.kills import Killing
from tests.faults.realm import Realm
from xtcli.errors import ExitCode

ROUNDS = 8
FLOOD = 50_000
HUB_GROWTH_KIB_MAX = 16_384
YEAR_S = 365 * 86_400.0


def test_kill_dash_nine_loses_nothing(tmp_path: Path) -> None:
    """Post, desk and hub are killed at random moments; what was called saved is everywhere."""
    killing = Killing(tmp_path / "realm", seed=11)
    killing.run(ROUNDS)
    assert sum(len(said) for said in killing.realm.said.values()) >= ROUNDS // 2
    assert killing.realm.relay is not None
    assert killing.realm.relay.counts["harm"] > 0


def test_a_flood_of_random_datagrams(tmp_path: Path) -> None:
    """The hub's memory stays, nothing comes back to strangers, and it serves afterwards."""
    found = flood(tmp_path / "realm", FLOOD, seed=3)
    assert found.after_kib - found.before_kib < HUB_GROWTH_KIB_MAX, found
    assert found.bytes_back == 0


@pytest.fixture
def realm(tmp_path: Path) -> Iterator[Realm]:
    made = Realm(tmp_path / "realm", 7, hostile=False)
    yield made
    made.close()


def test_a_full_disk_at_the_post(realm: Realm, tmp_path: Path) -> None:
    """One sentence, exit code 12, nothing half-written; it goes on when there is room."""
    realm.ok("post", *realm.request("D1"))
    disk = tmp_path / "disk"
    with small_disk(disk) as mounted:
        if mounted:
            move(realm.home("post"), disk / "post")
            fill(disk)
            code, output = realm.run("post", *realm.request("D2"))
            free(disk)
        else:
            code, output = limited(realm, "post", *realm.request("D2"))
        assert (code, "disk is full" in output) == (ExitCode.DISK_FULL, True), output
        assert "saved:" not in output
        assert "Traceback" not in output
        assert "D2" not in realm.ok("post", "list", "--json")
        realm.ok("post", "log", "verify")
        realm.ok("post", *realm.request("D3", "--wait", "10"))
        realm.settle()
        realm.verify(["D1", "D3"])
        if mounted:
            realm.home("post").unlink()
            subprocess.run(["cp", "-a", str(disk / "post"), str(realm.home("post"))], check=True)


def move(home: Path, to: Path) -> None:
    """Put a home on another disk."""
    subprocess.run(["cp", "-a", str(home), str(to)], check=True)
    home.rename(home.with_suffix(".before"))
    home.symlink_to(to)


def limited(realm: Realm, name: str, *words: str) -> tuple[int, str]:
    """A command that may not write large files, so that the log's next page does not fit."""
    home = realm.home(name)
    log = home / "log.db-wal"
    size = max(4_096, log.stat().st_size if log.exists() else 0)

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    shifted = Path(__file__).parent / "shifted.py"
    done = subprocess.run(
        [sys.executable, str(shifted), "0", *words], env=realm.environment(name), text=True,
        capture_output=True, preexec_fn=limit, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def test_a_limit_on_files_is_a_full_disk_too(realm: Realm) -> None:
    """Where a quota ends a write, the same sentence and code."""
    realm.ok("post", *realm.request("L1"))
    code, output = limited(realm, "post", *realm.request("L2"))
    assert (code, "disk is full" in output) == (ExitCode.DISK_FULL, True), output
    realm.ok("post", *realm.request("L3", "--wait", "10"))
    realm.settle()
    realm.verify(["L1", "L3"])


def test_a_full_disk_at_the_hub(realm: Realm, tmp_path: Path) -> None:
    """Nothing is called received, the hub keeps running and says why; later it takes everything."""
    disk = tmp_path / "disk"
    with small_disk(disk) as mounted:
        realm.stop_hub()
        if mounted:
            move(realm.home("hub"), disk / "hub")
        realm.start_hub()
        realm.ok("post", *realm.request("H1", "--wait", "10"))
        if mounted:
            fill(disk)
            code, output = realm.run("post", *realm.request("H2", "--wait", "3"))
            assert (code, "received" in output) == (ExitCode.WAITING, False), output
            assert realm.hub_alive(), "".join(realm.hub_output)
            assert any("disk" in line for line in realm.hub_output), realm.hub_output
            assert not any("Traceback" in line for line in realm.hub_output), realm.hub_output
            free(disk)
        realm.settle()
        realm.verify(["H1", "H2"] if mounted else ["H1"])
        realm.stop_hub()


@pytest.mark.parametrize(("post", "hub"), [(YEAR_S, -YEAR_S), (-YEAR_S, YEAR_S)])
def test_a_clock_that_is_a_year_wrong(tmp_path: Path, post: float, hub: float) -> None:
    """A consult goes all the way round although clocks disagree by a year or two."""
    realm = Realm(tmp_path / "realm", 9, hostile=False)
    try:
        realm.ok("post", *realm.request("C1", "--wait", "10"))
        realm.stop_hub()
        realm.shift = {"post": post, "hub": hub}
        realm.start_hub()
        realm.ok("post", *realm.request("C2", "--wait", "10"))
        realm.settle()
        case = str(realm.said["post"][-1])
        realm.ok("desk", "open", case)
        realm.ok("desk", "answer", case, "--advice", "观察", "--disposition", "stay")
        realm.settle()
        realm.ok("post", "ack", case, "--done", "已观察")
        realm.ok("post", "close", case)
        realm.settle()
        realm.verify(["C1", "C2"])
    finally:
        realm.close()
