"""Microphone and speaker through PortAudio: a shell, the only place that touches sound devices.

Everything passes as PCM (16 kHz, mono, 16 bits). A machine without a device or without PortAudio
gets one clear `DeviceMissing`; nothing else of xt needs either. It refuses to know what is said.
"""

from __future__ import annotations

import array
import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from xtcli.errors import DeviceMissing
from xtcli.media.thirds import RATE_HIGH_HZ, Down, Up

RATE_HZ = 16_000
FRAME_SAMPLES = 960
RECORD_SECONDS_MAX = 300

Chosen = int | str | None
"""A device by its number or a part of its name; None is the system's choice."""


@dataclass(frozen=True, slots=True)
class Device:
    """A sound device as the system names it."""

    number: int
    name: str
    inputs: int
    outputs: int
    default_input: bool
    default_output: bool


def _portaudio() -> Any:
    """sounddevice, or a clear sentence when PortAudio is not there."""
    try:
        import sounddevice
    except (ImportError, OSError) as error:
        raise DeviceMissing(
            "PortAudio is not installed, so no microphone or speaker can be used.",
            "Install it (Debian, Ubuntu: apt install libportaudio2), or use sound files.",
        ) from error
    return sounddevice


def devices() -> tuple[Device, ...]:
    """All sound devices; empty when there are none. `DeviceMissing` without PortAudio."""
    sounddevice = _portaudio()
    try:
        default_in, default_out = sounddevice.default.device
        return tuple(
            Device(
                number=number,
                name=str(found["name"]),
                inputs=int(found["max_input_channels"]),
                outputs=int(found["max_output_channels"]),
                default_input=number == default_in,
                default_output=number == default_out,
            )
            for number, found in enumerate(sounddevice.query_devices())
        )
    except sounddevice.PortAudioError:
        return ()


def _missing(wants_input: bool, chosen: Chosen) -> DeviceMissing:
    if chosen is not None:
        return DeviceMissing(
            "The sound device {name} is not there or cannot be used.",
            "See `xt voice devices`.",
            name=chosen,
        )
    if wants_input:
        return DeviceMissing(
            "There is no microphone that can be used.",
            "Plug one in, or send a recording made elsewhere.",
        )
    return DeviceMissing(
        "There is no speaker that can be used.", "Plug one in, or save the note to a file."
    )


class _Stream:
    """An open device at 16 kHz, or at 48 kHz where it knows no other rate."""

    def __init__(self, wants_input: bool, device: Chosen) -> None:
        sounddevice = _portaudio()
        kind = sounddevice.RawInputStream if wants_input else sounddevice.RawOutputStream
        self._error = sounddevice.PortAudioError
        self._lost = _missing(wants_input, device)
        self._high_rate = False
        for rate in (RATE_HZ, RATE_HIGH_HZ):
            try:
                self._stream = kind(samplerate=rate, device=device, channels=1, dtype="int16")
                self._stream.start()
            except (self._error, ValueError) as error:
                failure: Exception = error
                continue
            self._high_rate = rate != RATE_HZ
            return
        raise self._lost from failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stream.close(ignore_errors=True)


class Microphone(_Stream):
    """An open microphone. Use it in a `with` block."""

    def __init__(self, device: Chosen = None) -> None:
        """Open it; `DeviceMissing` when that cannot be done."""
        super().__init__(True, device)
        self._down = Down()
        self.overruns = 0
        """How often sound was lost because nobody read in time."""

    def read(self, samples: int = FRAME_SAMPLES) -> bytes:
        """The next `samples` as PCM; waits for them. `DeviceMissing` when it was unplugged."""
        try:
            data, overrun = self._stream.read(samples * 3 if self._high_rate else samples)
        except self._error as error:
            raise self._lost from error
        self.overruns += int(overrun)
        pcm = _ordered(bytes(data))
        return self._down.convert(pcm) if self._high_rate else pcm


class Speaker(_Stream):
    """An open speaker. Use it in a `with` block."""

    def __init__(self, device: Chosen = None) -> None:
        """Open it; `DeviceMissing` when that cannot be done."""
        super().__init__(False, device)
        self._up = Up()

    def write(self, pcm: bytes) -> None:
        """Play `pcm` after what was written before; waits while the device's buffer is full."""
        try:
            self._stream.write(_ordered(self._up.convert(pcm) if self._high_rate else pcm))
        except self._error as error:
            raise self._lost from error

    def drain(self) -> None:
        """Wait until all that was written has been heard."""
        self._stream.stop()


def loudness(pcm: bytes) -> float:
    """Root mean square of PCM as a part of full scale, for a level meter."""
    samples = array.array("h", _ordered(pcm))
    return math.sqrt(sum(s * s for s in samples) / max(1, len(samples))) / 32768


def record(
    seconds_max: float = RECORD_SECONDS_MAX,
    *,
    device: Chosen = None,
    on_level: Callable[[float, float], None] = lambda level, seconds_left: None,
    stop: Callable[[], bool] = lambda: False,
) -> bytes:
    """PCM from the microphone until `stop()` is true or `seconds_max` have passed.

    `on_level(loudness 0..1, seconds left)` is called for every 60 ms, for a meter and a countdown.
    """
    seconds_max = min(seconds_max, RECORD_SECONDS_MAX)
    wanted = round(seconds_max * RATE_HZ)
    pcm = bytearray()
    with Microphone(device) as microphone:
        while len(pcm) // 2 < wanted and not stop():
            frame = microphone.read()
            pcm += frame
            on_level(loudness(frame), max(0.0, seconds_max - len(pcm) / 2 / RATE_HZ))
    return bytes(pcm[: wanted * 2])


def play(
    pcm: bytes,
    *,
    device: Chosen = None,
    on_progress: Callable[[float, float], None] = lambda seconds, total: None,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Play PCM to its end or until `stop()` is true.

    `on_progress(seconds played, seconds in all)` is called for every 60 ms.
    """
    total = len(pcm) / 2 / RATE_HZ
    size = FRAME_SAMPLES * 2
    with Speaker(device) as speaker:
        for start in range(0, len(pcm), size):
            if stop():
                return
            speaker.write(pcm[start : start + size])
            on_progress(min(total, (start + size) / 2 / RATE_HZ), total)
        speaker.drain()


def _ordered(pcm: bytes) -> bytes:
    """PCM between little-endian and this machine's order, either way."""
    if sys.byteorder == "little":
        return pcm
    samples = array.array("h", pcm)
    samples.byteswap()
    return samples.tobytes()
