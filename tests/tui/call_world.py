"""Two `xt tui` in terminals, a real hub between them, a microphone and a speaker for each.

The sound devices are null sinks of a PulseAudio of the test's own: what is played into `post_mouth`
is what the post's microphone hears, and `post_ear.monitor` is what its speaker plays.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest

from tests.calls.test_call import World
from tests.media import nullsink
from tests.tui.terminal import PTY_KEYS, Pty, Terminal, Tmux, have_tmux

SINKS = ("post_ear", "post_mouth", "desk_ear", "desk_mouth")
KEPT = ("HOME", "XDG_RUNTIME_DIR", "PULSE_RUNTIME_PATH", "PULSE_SERVER", "ALSA_CONFIG_PATH")
SETTINGS = "load-module module-native-protocol-unix socket={home}/p.sock auth-anonymous=1\n"
SETTINGS += "".join(
    f"load-module module-null-sink sink_name={name} rate=48000 channels=1 format=s16le\n"
    for name in SINKS
)

PTY_KEYS |= {"f8": b"\x1b[19~", "f9": b"\x1b[20~", "f10": b"\x1b[21~"}


class Sound:
    """A sound server with four sinks."""

    def __init__(self, env: dict[str, str]) -> None:
        self.env = env

    def of(self, who: str) -> dict[str, str]:
        """The environment in which a program speaks and hears as `who`."""
        if not self.env:
            return {}
        kept = {name: self.env[name] for name in KEPT}
        return {**kept, "PULSE_SINK": f"{who}_ear", "PULSE_SOURCE": f"{who}_mouth.monitor"}

    def say(self, who: str, file: Path) -> subprocess.Popen[bytes]:
        """Speak a file into a microphone."""
        return subprocess.Popen(["paplay", "--device", f"{who}_mouth", str(file)], env=self.env)

    def record(self, who: str, out: Path) -> subprocess.Popen[bytes]:
        """Write what comes out of a speaker into a file until the process is terminated."""
        words = ["--rate=16000", "--channels=1", "--format=s16le", "--file-format=wav", str(out)]
        return subprocess.Popen(["parec", f"--device={who}_ear.monitor", *words], env=self.env)


@contextmanager
def sound(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sound]:
    """A sound server in `root`."""
    root.mkdir()
    monkeypatch.setattr(nullsink, "SETTINGS", SETTINGS)
    with nullsink.sound_server(root) as env:
        yield Sound(env)


@contextmanager
def silence() -> Iterator[Sound]:
    """In place of a sound server where there is none."""
    yield Sound({})


class _Screens(Terminal):
    """`xt tui` that talks to its hub, with more in its environment."""

    more: ClassVar[dict[str, str]] = {}

    def __init__(self, home: Path, columns: int, rows: int, *, language: str = "zh") -> None:
        super().__init__(home, columns, rows, language=language)
        self.env |= self.more
        self.command = [word for word in self.command if word != "--no-sync"]


def screens(home: Path, size: tuple[int, int], language: str, env: dict[str, str]) -> Terminal:
    """`xt tui` on a home."""
    kind = type("Screens", (Tmux if have_tmux() else Pty, _Screens), {"more": env})
    made: Terminal = kind(home, *size, language=language)
    return made


@contextmanager
def world(root: Path) -> Iterator[World]:
    """A hub process, a post, a desk, one case that the desk has opened."""
    root.mkdir()
    made = World(root)
    try:
        yield made
    finally:
        made.realm.close()
