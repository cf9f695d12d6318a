"""A private PulseAudio with null sinks, so that sound devices can be tested without hardware.

What is played into the speaker `xt_spk` is heard at the microphone, which is its monitor.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes.util import find_library
from pathlib import Path

SETTINGS = """
load-module module-native-protocol-unix socket={home}/p.sock auth-anonymous=1
load-module module-null-sink sink_name=xt_spk rate=48000 channels=1 format=s16le
set-default-sink xt_spk
set-default-source xt_spk.monitor
"""
ALSA = """</usr/share/alsa/alsa.conf>
pcm.!default { type pulse }
ctl.!default { type pulse }
pcm.pulse { type pulse }
"""


def missing() -> list[str]:
    """Debian packages that a test through PulseAudio still needs; empty when all is there."""
    wanted = []
    if not shutil.which("pulseaudio"):
        wanted.append("pulseaudio")
    if not find_library("portaudio"):
        wanted.append("libportaudio2")
    if not any(Path("/usr/lib").glob("**/alsa-lib/libasound_module_pcm_pulse.so")):
        wanted.append("libasound2-plugins")
    return wanted


@contextmanager
def sound_server(home: Path) -> Iterator[dict[str, str]]:
    """Run a sound server in `home`; gives the environment in which programs find it."""
    environment = {
        **os.environ,
        "HOME": str(home),
        "XDG_RUNTIME_DIR": str(home),
        "PULSE_RUNTIME_PATH": str(home / "pulse"),
        "PULSE_SERVER": f"unix:{home}/p.sock",
        "ALSA_CONFIG_PATH": str(home / "asound.conf"),
    }
    (home / "xt.pa").write_text(SETTINGS.format(home=home))
    (home / "asound.conf").write_text(ALSA)
    server = subprocess.Popen(
        ["pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "-F", str(home / "xt.pa")],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(200):
            if (home / "p.sock").exists() or server.poll() is not None:
                break
            time.sleep(0.05)
        yield environment
    finally:
        server.terminate()
        server.wait(timeout=10)
