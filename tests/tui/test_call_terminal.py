"""A call between two `xt tui` in real terminals, with microphones, speakers and a hub."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.calls.realm import until
from tests.calls.test_call import DESK_SAYS, POST_SAYS, World, calls_in, likeness, notes_in
from tests.media.nullsink import missing
from tests.tui.call_world import Sound, screens, silence, sound, world
from tests.tui.terminal import Terminal
from xtcli.lang import chinese, choose, tr
from xtcli.records.ids import RecordId
from xtcli.station.station import Station
from xtcli.tui.demo_media import ecg_picture
from xtcli.tui.widgets.half_blocks import UPPER

pytestmark = pytest.mark.realtime
FOUND = 0.3
"""Other sound gives 0.06 to 0.15; a busy machine tears holes into sound servers."""

NAME = "苏日娜"
BORN = "1961-04-09"


def words(language: str, sentence: str) -> str:
    """A sentence as the screens say it."""
    return chinese()[sentence] if language == "zh" else sentence


@pytest.mark.parametrize(
    ("language", "size"), [("en", (80, 24)), ("zh", (120, 40))], ids=["en-80x24", "zh-120x40"]
)
def test_a_call_placed_and_taken_by_keys(
    language: str, size: tuple[int, int], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F9 calls, F9 takes, both hear each other, F8 hangs up; both logs say so.

    In Chinese both agree that the call is kept: then it lies in the case, else nothing of it does.
    Where there is no sound server, taking the call says in one sentence that there is no sound.
    """
    maker = silence() if missing() else sound(tmp_path / "sound", monkeypatch)
    with maker as devices, world(tmp_path / "world") as made:
        post = screens(made.post.home.root, size, language, devices.of("post"))
        desk = screens(made.desk.home.root, size, language, devices.of("desk"))
        try:
            _play(made, post, desk, devices, language, tmp_path)
        finally:
            post.close()
            desk.close()


def _play(
    made: World, post: Terminal, desk: Terminal, devices: Sound, language: str, root: Path
) -> None:
    def said(sentence: str) -> str:
        return words(language, sentence)

    post.wait_for(NAME)
    desk.wait_for(NAME)
    assert until(lambda: (made.desk.home.root / "line.json").exists())
    assert until(lambda: (made.post.home.root / "line.json").exists())
    post.press("enter")
    post.wait_for(said("question"))
    post.press("f9")
    asked = post.wait_for(said("Call; the sound is not kept"))
    assert NAME in asked
    assert BORN in asked
    kept = language == "zh"
    post.press(*(("down", "enter") if kept else ("enter",)))
    if not devices.env:
        post.wait_for("PortAudio")
        return
    rings = desk.wait_for(said("take the call"))
    assert NAME in rings
    assert BORN in desk.wait_for(BORN)
    post.wait_for(said("rings there"))
    desk.press("f9")
    if kept:
        desk.wait_for(said("yes, keep it"))
        desk.press("f9")
    desk.wait_for(said("other side"))
    post.wait_for(said("talking"))
    _talk(post, desk, devices, said, root)
    _both_wrote_it_down(made, kept)


def _talk(
    post: Terminal, desk: Terminal, devices: Sound, said: Callable[[str], str], root: Path
) -> None:
    """Both speak, both are heard, the desk hangs up."""
    heard = {who: root / f"{who}.wav" for who in ("post", "desk")}
    recorders = [devices.record(who, file) for who, file in heard.items()]
    time.sleep(0.3)
    speakers = [devices.say("post", POST_SAYS), devices.say("desk", DESK_SAYS)]
    for screen in (post, desk):
        screen.wait_for("[###")
    # A word on the way, the case still in view: the strip leaves the page below it alone.
    post.press("down")
    assert NAME in post.wait_for(said("two-way"))
    for speaker in speakers:
        assert speaker.wait(30) == 0
    time.sleep(1.0)
    desk.press("f8")
    post.wait_for(said("Call over."))
    desk.wait_for(said("over"))
    for recorder in recorders:
        recorder.terminate()
        recorder.wait(10)
    assert likeness(DESK_SAYS, heard["post"]) > FOUND
    assert likeness(POST_SAYS, heard["desk"]) > FOUND


def _both_wrote_it_down(made: World, kept: bool) -> None:
    """Two CALL records in both logs; a note only of what was not heard."""
    for station in (made.post, made.desk):
        assert until(partial(_has_two, station, made.case)), station.settings.name
        for found in calls_in(station, made.case):
            assert 5 <= found.seconds <= 60
            assert found.consent is kept
        assert any(found.kept for found in calls_in(station, made.case)) is kept
    recorded = [a for a in notes_in(made.desk, made.case) if "录音" in a.caption]
    assert len(recorded) == int(kept)


def _has_two(station: Station, case: RecordId) -> bool:
    return len(calls_in(station, case)) == 2


def test_the_words_used_here_exist() -> None:
    """What this file waits for is what the program says."""
    choose("zh")
    try:
        for sentence in ("Call over.", "take the call", "rings there", "talking", "other side"):
            assert tr(sentence) == chinese()[sentence]
    finally:
        choose("en")


def test_pictures_of_the_other_side_are_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A post that shows a photo: beside the figures of the call, in half blocks, with its age."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(ecg_picture())
    maker = silence() if missing() else sound(tmp_path / "sound", monkeypatch)
    with maker as devices, world(tmp_path / "world") as made:
        desk = screens(made.desk.home.root, (120, 40), "en", devices.of("desk"))
        try:
            desk.wait_for(NAME)
            assert until(lambda: (made.desk.home.root / "line.json").exists())
            caller = made.call(made.post, POST_SAYS, stills=str(photo), seconds=30.0)
            desk.wait_for("take the call")
            desk.press("f9")
            if not devices.env:
                desk.wait_for("PortAudio")
                return
            desk.wait_for("s old")
            assert until(lambda: desk.screen().count(UPPER) > 200)
            assert NAME in desk.screen()
            desk.press("f8")
            desk.wait_for("words heard")
            assert caller.wait().stills_sent >= 1
        finally:
            desk.close()
