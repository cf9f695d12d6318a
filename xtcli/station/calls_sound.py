"""The two ends of a call's sound: microphone and speaker, or files in their place.

A microphone gives 60 ms frames from the answer on; a speaker asks for what is to be heard. Devices
have a thread each; files keep time with the loop's clock, so that a call can be made and measured
without a sound card. It refuses to know what is said and how it travels.
"""

from __future__ import annotations

import asyncio
import threading
import wave
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from xtcli.errors import UsageError, XtError

FRAME_SECONDS = 0.06
FRAME_SAMPLES = 960
FRAME_BYTES = 2 * FRAME_SAMPLES
BLOCK_SAMPLES = 320
"""What a speaker is given at a time: 20 ms."""
RATE_HZ = 16_000
OUT_BYTES_MAX = 2 * 3600 * 2 * RATE_HZ
"""A file of two hours."""

Capture = Callable[[bytes], None]
Play = Callable[[int], bytes]


class End(Protocol):
    """A microphone or a speaker of any kind."""

    failure: XtError | None
    """Why it stopped by itself."""

    def start(self) -> None:
        """Begin; called in the loop."""

    def stop(self) -> None:
        """End."""


class _Thread:
    """A device and the thread that serves it."""

    def __init__(self, name: str) -> None:
        self.failure: XtError | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._guarded, name=name, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._end.set()
        if self._thread.is_alive():
            self._thread.join(timeout=1.0)

    def _guarded(self) -> None:
        try:
            self._run()
        except XtError as error:
            self.failure = error

    def _run(self) -> None:
        raise NotImplementedError


class DeviceMicrophone(_Thread):
    """A microphone; open from the start, so that its absence is known before anybody is rung."""

    def __init__(self, capture: Capture, device: int | str | None) -> None:
        """`DeviceMissing` without one."""
        from xtcli.media.devices import Microphone

        super().__init__("microphone")
        self._capture = capture
        self._device = Microphone(device)

    def _run(self) -> None:
        with self._device as device:
            while not self._end.is_set():
                self._capture(device.read(FRAME_SAMPLES))


class DeviceSpeaker(_Thread):
    """A speaker; it paces itself by how fast it takes sound."""

    def __init__(self, play: Play, device: int | str | None) -> None:
        """`DeviceMissing` without one."""
        from xtcli.media.devices import Speaker

        super().__init__("speaker")
        self._play = play
        self._device = Speaker(device)

    def _run(self) -> None:
        with self._device as device:
            while not self._end.is_set():
                device.write(self._play(BLOCK_SAMPLES))


class _Ticker:
    """Something done every 60 ms by the loop's clock."""

    def __init__(self) -> None:
        self.failure: XtError | None = None
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._tick()
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _tick(self) -> None:
        raise NotImplementedError


class NoMicrophone(_Ticker):
    """Silence, for somebody who can only listen."""

    def __init__(self, capture: Capture) -> None:
        """Nothing to open."""
        super().__init__()
        self._capture = capture

    def _tick(self) -> None:
        self._capture(bytes(FRAME_BYTES))


class FileMicrophone(_Ticker):
    """A recording spoken into the call from the answer on, then silence."""

    def __init__(self, capture: Capture, talking: Callable[[], bool], path: Path) -> None:
        """Read the file at once; UsageError when it holds no sound."""
        from xtcli.media.sound import read_sound

        super().__init__()
        self._capture = capture
        self._talking = talking
        self._pcm = read_sound(path)
        self._at = 0

    @property
    def spoken_out(self) -> bool:
        """Whether all of the file has been said."""
        return self._at >= len(self._pcm)

    def _tick(self) -> None:
        if not self._talking():
            return
        frame = self._pcm[self._at : self._at + FRAME_BYTES]
        self._at += FRAME_BYTES
        self._capture(frame.ljust(FRAME_BYTES, b"\0"))


class FileSpeaker(_Ticker):
    """What is heard from the answer on, in a WAV file: 16 kHz, mono, 16 bits."""

    def __init__(self, play: Play, sounding: Callable[[], bool], path: Path) -> None:
        """Open the file at once; UsageError when it cannot be written."""
        super().__init__()
        self._play = play
        self._sounding = sounding
        self._written = 0
        try:
            self._file = wave.open(str(path), "wb")  # noqa: SIM115 (closed by stop)
        except OSError as error:
            raise UsageError(
                "The file {file} cannot be written.", "Choose another name or folder.",
                file=str(path),
            ) from error  # fmt: skip
        self._file.setnchannels(1)
        self._file.setsampwidth(2)
        self._file.setframerate(RATE_HZ)

    def _tick(self) -> None:
        if not self._sounding():
            return
        pcm = self._play(FRAME_SAMPLES)
        self._written += len(pcm)
        if self._written <= OUT_BYTES_MAX:
            self._file.writeframesraw(pcm)

    def stop(self) -> None:
        """End, and finish the file."""
        super().stop()
        self._file.close()
