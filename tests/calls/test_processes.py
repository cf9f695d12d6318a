"""Calls as people make them, with a process for each `xt`; the post is behind gprs."""

from __future__ import annotations

import os
import pty
import time
from collections.abc import Iterator

import numpy as np
import pytest

from tests.calls.processes import Watch, Xt, call, end_all
from tests.calls.realm import file_request, sync, until
from tests.calls.test_call import (
    DESK_SAYS,
    POST_SAYS,
    RATE_HZ,
    World,
    calls_in,
    likeness,
    notes_in,
    pcm,
)
from xtcli.station import calls_keep

pytestmark = pytest.mark.realtime


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("calls"), "gprs")
    yield made
    end_all()
    made.realm.close()


@pytest.fixture
def watch(world: World) -> Iterator[Watch]:
    """The desk's `xt sync --watch`."""
    made = Watch(world.desk)
    yield made
    made.interrupt()
    made.wait()
    end_all()


def post_calls(world: World, *words: str) -> Xt:
    return call(world.post, world.case, POST_SAYS, world.heard(world.post), *words)


def desk_calls(world: World, *words: str) -> Xt:
    return call(world.desk, world.case, DESK_SAYS, world.heard(world.desk), *words)


def test_both_ring_at_once(world: World) -> None:
    """Two people have the same idea: they talk, and one of them is the caller."""
    one, other = post_calls(world, "--seconds", "11"), desk_calls(world, "--seconds", "30")
    first, second = one.report(), other.report()
    assert first["answered"]
    assert second["answered"]
    assert likeness(POST_SAYS, world.heard(world.desk)) > 0.55
    assert likeness(DESK_SAYS, world.heard(world.post)) > 0.55
    assert not one.process.returncode
    assert not other.process.returncode


def test_a_ring_is_declined(world: World, watch: Watch) -> None:
    before = len(calls_in(world.post, world.case))
    caller = post_calls(world)
    assert watch.says("--accept")
    assert Xt(world.desk, "call", str(world.case), "--decline", "--json").report()["declined"]
    report = caller.report()
    assert (report["answered"], report["reason"]) == (False, "declined")
    assert caller.says("The call was declined.")
    assert caller.process.returncode == 1
    assert len(calls_in(world.post, world.case)) == before


def test_the_caller_hangs_up_while_it_rings(world: World, watch: Watch) -> None:
    """The other side is told of a missed call, and the ring cannot be taken any more."""
    caller = post_calls(world)
    assert watch.says("--accept")
    assert caller.says("It rings at the other side.")
    caller.interrupt()
    report = caller.report()
    assert (report["answered"], report["reason"]) == (False, "cancelled")
    assert watch.says("missed call")
    assert (
        not Xt(world.desk, "call", str(world.case), "--decline", "--json").report().get("declined")
    )


def test_a_third_hears_busy(world: World, watch: Watch) -> None:
    """Another post rings the desk during a call; that call goes on as if nothing were."""
    third = world.realm.join("苏木卫生院")
    case = file_request(third, patient="巴图", phone="13900000000", sex="m")
    sync(third)
    assert until(lambda: world.desk.log.get(case) is not None)
    world.desk.open_case(case)

    def opened() -> bool:
        sync(third)
        return len(third.case(case).entries) > 1

    assert until(opened)
    caller = post_calls(world, "--seconds", "60")
    assert watch.says("--accept")
    called = desk_calls(world, "--accept", "--seconds", "40")
    assert called.says("Connected.")
    ringing = call(third, case, POST_SAYS, world.root / "third.wav")
    busy = ringing.report()
    assert (busy.get("answered"), busy.get("reason")) == (False, "busy"), (busy, ringing.said)
    assert caller.process.poll() is None
    caller.interrupt()
    assert caller.report()["answered"]
    assert called.report()["reason"] == "peer hung up"


def test_push_to_talk(world: World, watch: Watch) -> None:
    """Nothing of the microphone leaves before Enter, and nothing after the next one."""
    control, terminal = pty.openpty()
    try:
        caller = call(
            world.post, world.case, POST_SAYS, world.heard(world.post), "--ptt", "--seconds", "11",
            keys=terminal,
        )  # fmt: skip
        assert watch.says("--accept")
        called = desk_calls(world, "--accept", "--seconds", "40")
        assert caller.says("Connected.")
        time.sleep(3.5)
        started = time.monotonic()
        os.write(control, b"\n")
        assert caller.says("You are speaking.")
        time.sleep(3.0)
        os.write(control, b"\n")
        assert caller.says("You are listening.")
        longest = time.monotonic() - started
        report = caller.report()
        called.report()
    finally:
        os.close(control)
        os.close(terminal)
    assert 2.0 <= report["summary"]["spoken_s"] <= longest + 0.5
    heard = pcm(world.heard(world.desk))
    loud = [
        float(np.sqrt(np.mean(np.square(heard[at : at + RATE_HZ // 2]))))
        for at in range(0, heard.size - RATE_HZ // 2, RATE_HZ // 2)
    ]
    assert max(loud[1:5]) < 0.2 * max(loud[6:18])
    assert likeness(DESK_SAYS, world.heard(world.post)) > 0.55


def test_the_other_process_is_killed(world: World, watch: Watch) -> None:
    """The desk's call dies without a word: the doctor at the post is told, and loses none."""
    records = len(calls_in(world.desk, world.case))
    caller = post_calls(world, "--seconds", "60")
    assert watch.says("--accept")
    called = desk_calls(world, "--accept")
    assert called.says("Connected.")
    time.sleep(3.0)
    called.kill()
    assert caller.says("No contact.", 20.0)
    time.sleep(2.0)
    caller.interrupt()
    report = caller.report()
    assert report["answered"]
    summary = report["summary"]
    assert summary["heard_s"] < summary["spoken_s"]
    assert report["note_seconds"] >= summary["spoken_s"] - summary["heard_s"] - 1.0
    assert sum(note.seconds for note in notes_in(world.post, world.case)) >= 3
    # What the killed process knew is made good by the next one of its home.
    assert calls_keep.recover(world.desk) == 1
    assert len(calls_in(world.desk, world.case)) > records
