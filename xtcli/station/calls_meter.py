"""Recording with a person in front: a level meter and a countdown on the terminal's stderr.

A shell like `shell`: it knows the microphone, the terminal and the Enter key, and gives plain PCM.
It refuses to know what is said and what becomes of it. Where stderr is no terminal it shows
nothing; where stdin is none, only time ends a recording.
"""

from __future__ import annotations

import sys

from xtcli.lang import tr

METER_CELLS = 24
SHOW_EVERY = 2
"""Draw every second frame of 60 ms: fast enough for the eye, slow enough for a slow terminal."""
RECORD_SECONDS = 120.0
"""A note from the command line unless told otherwise."""


class Meter:
    """One line on stderr: how loud, and how long it may go on."""

    def __init__(self) -> None:
        """Nothing is drawn yet."""
        self._frames = 0
        self._shown = sys.stderr.isatty()

    def start(self) -> None:
        """Say what ends it."""
        if self._shown:
            sys.stderr.write(tr("Recording. Enter ends it, Ctrl-C throws it away.") + "\n")

    def draw(self, level: float, seconds_left: float) -> None:
        """`level` 0..1, after every frame."""
        self._frames += 1
        if not self._shown or self._frames % SHOW_EVERY:
            return
        from xtcli.media.waveform import meter

        left = tr("{n} s left", n=f"{seconds_left:3.0f}")
        sys.stderr.write(f"\r\x1b[K {meter(level, METER_CELLS)} {left}")
        sys.stderr.flush()

    def end(self) -> None:
        """Leave an empty line."""
        if self._shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()


def enter_pressed() -> bool:
    """Whether Enter was pressed since the last time; False where there is no keyboard."""
    if not sys.stdin.isatty():
        return False
    if sys.platform == "win32":
        import msvcrt

        return bool(msvcrt.kbhit() and msvcrt.getwch() in "\r\n")
    import select

    if not select.select([sys.stdin], [], [], 0)[0]:
        return False
    sys.stdin.readline()
    return True


def record_here(seconds: float = RECORD_SECONDS, device: int | str | None = None) -> bytes:
    """PCM from the microphone until Enter or `seconds`; `DeviceMissing` without one."""
    from xtcli.media.devices import record

    meter = Meter()
    started = False

    def show(level: float, left: float) -> None:
        nonlocal started
        if not started:
            # Only now is it certain that there is a microphone.
            started = True
            meter.start()
        meter.draw(level, left)

    try:
        return record(seconds, device=device, on_level=show, stop=enter_pressed)
    finally:
        meter.end()
