"""Recording and playing on the screens with a real microphone and speaker, or without any."""

from __future__ import annotations

import time
import wave
from pathlib import Path

import numpy as np
import pytest

from tests.calls.test_call import DESK_SAYS, likeness
from tests.media.nullsink import missing
from tests.tui.call_world import Sound, screens, silence, sound
from tests.tui.terminal import Terminal
from xtcli.media.voice import decode_note, note_info
from xtcli.station import shell
from xtcli.station.drafts import Drafts
from xtcli.station.home import Home
from xtcli.tui.demo import make_home
from xtcli.tui.demo_media import voice_pcm

pytestmark = pytest.mark.realtime


def wav(path: Path, pcm: bytes) -> Path:
    """PCM as a file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, 16_000, 0, "NONE", ""))
        file.writeframes(pcm)
    return path


def levels(terminal: Terminal, seconds: float) -> set[str]:
    """Every state of the level meter that was seen."""
    found, end = set(), time.monotonic() + seconds
    while time.monotonic() < end:
        for line in terminal.screen().splitlines():
            if "[#" in line or "[." in line:
                found.add(line[line.index("[") : line.index("]") + 1])
        time.sleep(0.1)
    return found


def test_a_voice_note_is_recorded_in_a_form(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """F7: the meter moves with the voice, Enter stops, shape and bytes stand there, Enter keeps.

    What lies beside the draft is what was said. Without a sound server: one sentence.
    """
    root = tmp_path / "home"
    make_home(root, "post", shell.now(), shell.entropy)
    maker = silence() if missing() else sound(tmp_path / "sound", monkeypatch)
    with maker as devices:
        terminal = screens(root, (80, 24), "en", devices.of("post"))
        try:
            terminal.wait_for("王小明")
            terminal.press("f2")
            terminal.wait_for("patient name")
            terminal.press("f7")
            if not devices.env:
                terminal.wait_for("PortAudio")
                return
            _record(terminal, devices)
        finally:
            terminal.close()
    (note,) = Drafts(Home(root), shell.now, shell.entropy).folder.glob("*.ogg")
    assert note_info(note.read_bytes()).complete
    heard = wav(tmp_path / "heard.wav", decode_note(note.read_bytes()))
    assert likeness(DESK_SAYS, heard) > 0.6


def _record(terminal: Terminal, devices: Sound) -> None:
    terminal.wait_for("Speak now")
    terminal.wait_for("s left")
    speaker = devices.say("post", DESK_SAYS)
    seen = levels(terminal, 4.0)
    assert speaker.wait(30) == 0
    assert len(seen) >= 4, seen
    time.sleep(0.5)
    terminal.press("enter")
    made = terminal.wait_for("Enter keeps it")
    assert any(sign in made for sign in "▃▄▅▆▇"), made
    terminal.press("enter")
    terminal.wait_for("voice note,")


def test_a_voice_note_is_played_in_a_case(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """F7 in a case: the wave, the time that runs, and the sound itself out of the speaker."""
    root = tmp_path / "home"
    make_home(root, "desk", shell.now(), shell.entropy, media=True)
    said = wav(tmp_path / "said.wav", voice_pcm())
    out = tmp_path / "ear.wav"
    maker = silence() if missing() else sound(tmp_path / "sound", monkeypatch)
    with maker as devices:
        terminal = screens(root, (80, 24), "en", devices.of("desk"))
        try:
            terminal.wait_for("王小明")
            terminal.press("enter")
            terminal.wait_for("是否心梗")
            recorder = devices.record("desk", out) if devices.env else None
            terminal.press("f7")
            if recorder is None:
                terminal.wait_for("PortAudio")
                return
            terminal.wait_for("playing")
            terminal.wait_for("2 / 4 s")
            terminal.wait_for("stopped")
            recorder.terminate()
            recorder.wait(10)
        finally:
            terminal.close()
    assert likeness(said, out) > 0.6
    with wave.open(str(out)) as file:
        heard = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    assert np.abs(heard).max() > 1_000
