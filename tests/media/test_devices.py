"""Sound devices end to end: through PulseAudio where it is installed, else the clear refusal."""

from __future__ import annotations

import array
import json
import os
import subprocess
import sys
import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.media.nullsink import missing, sound_server
from tests.media.sounds import MANDARIN, likeness, pcm_of_file
from xtcli.media import devices, thirds

pytestmark = pytest.mark.realtime

BOTH = """
import json, sys, threading
from pathlib import Path
from xtcli.media import devices
said = Path(sys.argv[1]).read_bytes()
levels, progress, heard = [], [], []
def listen():
    heard.append(devices.record(len(said) / 32000 + 1.5, on_level=lambda *a: levels.append(a)))
listener = threading.Thread(target=listen)
listener.start()
devices.play(bytes(16000) + said, on_progress=lambda *a: progress.append(a))
listener.join()
Path(sys.argv[2]).write_bytes(heard[0])
print(json.dumps({"levels": levels, "progress": progress,
    "names": [d.name for d in devices.devices()],
    "inputs": [d.inputs for d in devices.devices()]}))
"""

FAIL = """
from xtcli.errors import XtError
from xtcli.media import devices
try:
    {call}
except XtError as error:
    print(type(error).__name__, int(error.exit_code), error, error.advice, sep="|")
"""


def run(code: str, environment: dict[str, str], *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env={**environment, "XT_LANG": "en", "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def silent_machine(home: Path) -> dict[str, str]:
    """An environment in which no sound server can be reached."""
    (home / "asound.conf").write_text("pcm.!default { type null_that_is_not }\n")
    return {
        **os.environ,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "PULSE_SERVER": f"unix:{home}/none.sock",
        "ALSA_CONFIG_PATH": str(home / "asound.conf"),
    }


def test_said_is_heard(tmp_path: Path) -> None:
    """Real speech out of the speaker and in at the microphone; or one sentence on what is missing.

    Where PulseAudio is not installed (`scripts/test_sound_setup` does that) the refusal is tested.
    """
    lacking = missing()
    if lacking:
        print("not installed:", ", ".join(lacking))
        answer = run(FAIL.format(call="devices.record(1)"), silent_machine(tmp_path))
        assert answer.startswith("DeviceMissing|11|")
        return
    said = pcm_of_file(MANDARIN)
    (tmp_path / "said").write_bytes(said)
    # The path of a socket has at most 108 bytes: pytest's own folder may be too deep.
    with tempfile.TemporaryDirectory() as home, sound_server(Path(home)) as environment:
        told = json.loads(run(BOTH, environment, str(tmp_path / "said"), str(tmp_path / "heard")))
    heard = (tmp_path / "heard").read_bytes()
    assert likeness(said, heard) > 0.98
    assert len(heard) == round((len(said) / 32000 + 1.5) * 16000) * 2
    assert "default" in told["names"]
    assert max(told["inputs"]) >= 1
    levels, progress = told["levels"], told["progress"]
    assert max(level for level, _ in levels) > 0.05
    assert levels[0][1] > levels[-1][1] == 0
    assert progress[-1][0] == pytest.approx(progress[-1][1])


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        ("devices.record(1)", "There is no microphone that can be used."),
        ("devices.play(bytes(100))", "There is no speaker that can be used."),
        (
            "devices.record(1, device='nowhere')",
            "The sound device nowhere is not there or cannot be used.",
        ),
    ],
)
def test_no_device_is_one_clear_sentence(call: str, sentence: str, tmp_path: Path) -> None:
    """Exit code 11 and a next step, with or without PortAudio, never a stack of ALSA errors."""
    answer = run(FAIL.format(call=call), silent_machine(tmp_path))
    name, code, told, advice = answer.strip().split("|")
    assert (name, code) == ("DeviceMissing", "11")
    without = "PortAudio is not installed, so no microphone or speaker can be used."
    assert told == (without if "libportaudio2" in missing() else sentence)
    assert advice


def test_without_portaudio_one_clear_sentence(tmp_path: Path) -> None:
    """The import of sounddevice fails as it does where the library is not installed."""
    (tmp_path / "sounddevice.py").write_text("raise OSError('PortAudio library not found')\n")
    call = f"import sys; sys.path.insert(0, {str(tmp_path)!r}); devices.devices()"
    answer = run(FAIL.format(call=call), dict(os.environ))
    assert "DeviceMissing|11|PortAudio is not installed" in answer


def tone(hertz: float, rate: int, seconds: float = 0.5) -> bytes:
    at = np.arange(round(rate * seconds))
    pcm: bytes = np.rint(8000 * np.sin(2 * np.pi * hertz * at / rate)).astype("<i2").tobytes()
    return pcm


def strength(pcm: bytes) -> float:
    """Root mean square of the middle of a sound."""
    values = np.frombuffer(pcm, "<i2").astype(float)
    quarter = len(values) // 4
    return float(np.sqrt(np.mean(values[quarter : 3 * quarter] ** 2)))


@pytest.mark.parametrize("hertz", [100, 1000, 3000, 6500])
def test_speech_passes_both_conversions(hertz: float) -> None:
    high = tone(hertz, 48_000)
    low = thirds.Down().convert(high)
    assert strength(low) == pytest.approx(strength(high), rel=0.12)
    assert strength(thirds.Up().convert(low)) == pytest.approx(strength(high), rel=0.2)


@pytest.mark.parametrize("hertz", [9_500, 12_000, 20_000])
def test_what_would_fold_back_is_removed(hertz: float) -> None:
    high = tone(hertz, 48_000)
    assert strength(thirds.Down().convert(high)) < strength(high) / 300


@settings(derandomize=True, max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 700), min_size=1, max_size=8))
def test_pieces_give_what_the_whole_gives(cuts: list[int]) -> None:
    """However the device slices it, conversion neither loses nor invents a sample."""
    pcm = array.array("h", [(i * 7919) % 20011 - 10000 for i in range(sum(cuts))]).tobytes()
    edges = np.cumsum([0, *cuts]) * 2
    pieces = [pcm[a:b] for a, b in pairwise(edges)]
    for make in (thirds.Down, thirds.Up):
        converter = make()
        joined = b"".join(converter.convert(piece) for piece in pieces)
        assert joined == make().convert(pcm)
    assert len(thirds.Up().convert(pcm)) == 3 * len(pcm)


def test_loudness_of_known_sounds() -> None:
    assert devices.loudness(b"") == 0
    assert devices.loudness(bytes(1000)) == 0
    assert devices.loudness(tone(1000, 16_000)) == pytest.approx(8000 / 2**0.5 / 32768, rel=0.01)
