"""`xt voice` as people type it: files, notes of a case, devices where there are any."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.calls.realm import Realm, file_request
from tests.calls.test_call import DESK_SAYS, Caller, World, likeness, pcm
from tests.media.nullsink import missing, sound_server
from xtcli.lang import choose
from xtcli.media.voice import decode_note, make_note, note_info
from xtcli.station import calls_meter

pytestmark = pytest.mark.realtime

DEVICE = 11
XT = [sys.executable, "-m", "xtcli"]


@pytest.fixture
def no_sound(tmp_path: Path) -> dict[str, str]:
    """An environment in which sounddevice fails as it does where PortAudio is not installed."""
    modules = tmp_path / "modules"
    modules.mkdir()
    (modules / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    return {
        **os.environ, "PYTHONPATH": str(modules), "XT_LANG": "en",
        "XT_HOME": str(tmp_path / "home"),
    }  # fmt: skip


@pytest.fixture
def sound(tmp_path: Path) -> Iterator[dict[str, str] | None]:
    """The environment of a sound server whose microphone hears its speaker; None without one."""
    if missing():
        yield None
        return
    home = tmp_path / "sound"
    home.mkdir()
    with sound_server(home) as environment:
        yield {**environment, "XT_LANG": "en", "XT_HOME": str(tmp_path / "home")}


def xt(environment: dict[str, str], *words: str, rc: int = 0) -> dict[str, object]:
    """Run a command; its JSON."""
    done = subprocess.run(
        [*XT, *words, "--json"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == rc, done.stderr
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_info_of_a_recording_and_of_a_note(no_sound: dict[str, str], tmp_path: Path) -> None:
    found = xt(no_sound, "voice", "info", str(DESK_SAYS))
    assert found["quality"] == ""
    assert found["seconds"] == pytest.approx(5.05, abs=0.1)
    note = tmp_path / "note.opus"
    note.write_bytes(make_note(DESK_SAYS, "tiny").data)
    found = xt(no_sound, "voice", "info", str(note))
    assert (found["quality"], found["complete"]) == ("tiny", True)
    assert found["bytes"] == note.stat().st_size
    note.write_bytes(note.read_bytes()[:-900])
    assert xt(no_sound, "voice", "info", str(note))["complete"] is False


def test_info_of_a_note_in_a_case(tmp_path: Path) -> None:
    realm = Realm(tmp_path)
    try:
        post = realm.join("卫生室")
        case = file_request(post, voice=str(DESK_SAYS))
        environment = {**os.environ, "XT_HOME": str(post.home.root), "XT_LANG": "en"}
        found = xt(environment, "voice", "info", str(case), "1")
        assert found["quality"] == "normal"
        missing_one = xt(environment, "voice", "info", str(case), "9", rc=3)
        assert "error" in missing_one
    finally:
        realm.close()


@pytest.mark.parametrize(
    "words", [("record", "new.opus"), ("play", str(DESK_SAYS)), ("devices",)], ids=lambda w: w[0]
)
def test_without_devices_there_is_one_sentence(
    no_sound: dict[str, str], tmp_path: Path, words: tuple[str, ...]
) -> None:
    """Exit code 11, what happened, what to do; no file is left behind."""
    done = subprocess.run(
        [*XT, "voice", *words], env=no_sound, capture_output=True, text=True, cwd=tmp_path,
        timeout=60,
    )  # fmt: skip
    assert done.returncode == DEVICE
    lines = [line for line in done.stderr.splitlines() if line]
    assert len(lines) == 2
    assert not (tmp_path / "new.opus").exists()


def test_a_note_for_a_case_needs_a_microphone_too(no_sound: dict[str, str], tmp_path: Path) -> None:
    """`--voice rec` without one saves nothing."""
    realm = Realm(tmp_path)
    try:
        post = realm.join("卫生室")
        case = file_request(post)
        before = len(post.case(case).entries)
        environment = {**no_sound, "XT_HOME": str(post.home.root)}
        assert "error" in xt(environment, "note", str(case), "听诊", "--voice", "rec", rc=DEVICE)
        assert "error" in xt(environment, "call", str(case), rc=DEVICE)
        assert len(post.case(case).entries) == before
    finally:
        realm.close()


def test_recording_does_not_overwrite(no_sound: dict[str, str], tmp_path: Path) -> None:
    old = tmp_path / "old.opus"
    old.write_text("dear")
    xt(no_sound, "voice", "record", str(old), rc=2)
    assert old.read_text() == "dear"


def test_what_is_played_is_recorded(
    sound: dict[str, str] | None, no_sound: dict[str, str], tmp_path: Path
) -> None:
    """Through a sound server: speaker to microphone, as two commands. Without one: refused."""
    note = tmp_path / "heard.opus"
    if sound is None:
        xt(no_sound, "voice", "record", str(note), rc=DEVICE)
        return
    recording = subprocess.Popen(
        [*XT, "voice", "record", str(note), "--seconds", "7", "--quality", "clear"],
        env=sound, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    xt(sound, "voice", "play", str(DESK_SAYS))
    assert recording.wait(30) == 0
    assert note_info(note.read_bytes()).quality == "clear"
    heard = tmp_path / "heard.wav"
    import wave

    with wave.open(str(heard), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(decode_note(note.read_bytes()))
    assert likeness(DESK_SAYS, heard) > 0.8
    assert xt(sound, "voice", "devices")["devices"]


DEVICE_CALL = """
import json, sys
from xtcli.records.ids import RecordId
from xtcli.station import open_station
from xtcli.station.calls import run_call
from xtcli.station.calls_values import CallOptions
report = run_call(open_station(), CallOptions(RecordId.parse(sys.argv[1]), accept=True, seconds=9))
print(json.dumps(report.answered))
"""


def test_a_call_with_sound_devices(
    sound: dict[str, str] | None, no_sound: dict[str, str], tmp_path: Path
) -> None:
    """A call taken with microphone and speaker: what the caller says comes out of the speaker.

    The microphone hears the speaker, so the caller hears himself: both devices are proven at once.
    """
    world = World(tmp_path)
    try:
        environment = {**(sound or no_sound), "XT_HOME": str(world.desk.home.root)}
        watcher = world.realm.watch("诊台")
        if sound is None:
            assert "error" in xt(environment, "call", str(world.case), rc=DEVICE)
            return
        out = tmp_path / "echo.wav"
        caller = Caller(world.post, world.case, file=DESK_SAYS, out=out, seconds=8.0)
        assert until_rings(watcher)
        done = subprocess.run(
            [sys.executable, "-c", DEVICE_CALL, str(world.case)], env=environment,
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        assert done.stdout.strip() == "true", done.stderr
        assert caller.wait().answered
        assert pcm(out).size
        assert likeness(DESK_SAYS, out) > 0.3  # other sound gives 0.06 to 0.15
    finally:
        world.realm.close()


def until_rings(watcher: object) -> bool:
    from tests.calls.realm import Watcher, until

    assert isinstance(watcher, Watcher)
    return until(watcher.rings)


class Screen(io.StringIO):
    """A terminal to draw on."""

    def isatty(self) -> bool:
        return True


def test_the_meter_counts_down_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    choose("en")
    screen = Screen()
    monkeypatch.setattr(sys, "stderr", screen)
    meter = calls_meter.Meter()
    meter.start()
    for left in (3.0, 2.0, 1.0, 0.0):
        meter.draw(0.3, left)
    meter.end()
    choose(None)
    assert "Enter ends it" in screen.getvalue()
    assert "2 s left" in screen.getvalue()
    assert "█" in screen.getvalue()


def test_the_meter_is_silent_in_a_pipe(capsys: pytest.CaptureFixture[str]) -> None:
    meter = calls_meter.Meter()
    meter.start()
    meter.draw(0.3, 1.0)
    meter.end()
    assert capsys.readouterr().err == ""
