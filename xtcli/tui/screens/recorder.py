"""Recording a voice note: a level meter, a countdown, then keep it or say it again."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.tui.screens.base import Dialog
from xtcli.tui.text import clean, size
from xtcli.tui.widgets.key_bar import KeyBar

SECONDS_MAX = 120
METER_CELLS = 40
WAVE_CELLS = 56
DRAW_EVERY = 3


class RecordDialog(Dialog[str | None]):
    """A path of a finished note, or None."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
        Binding("enter,space", "go_on", "stop / keep"),
        Binding("r", "again", "once more", show=False),
    ]

    @dataclass
    class Heard(Message):
        """The microphone's level, and what is left."""

        level: float
        left: float

    def __init__(self) -> None:
        """It records as soon as it is on the screen."""
        super().__init__()
        self.stop = threading.Event()
        self.state = "idle"
        self.path: str | None = None

    def compose(self) -> ComposeResult:
        """Title, meter, words."""
        with Vertical(classes="box"):
            yield Static(tr("Voice note"), classes="title", markup=False)
            yield Static("", id="meter", markup=False)
            yield Static("", id="words", markup=False)
            yield Static("", classes="problem", markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        """Begin."""
        self.action_again()

    def _say(self, words: str) -> None:
        self.query_one("#words", Static).update(words)

    def action_again(self) -> None:
        """Record from the start."""
        if self.state in ("recording", "coding"):
            return
        self.state, self.path, self.stop = "recording", None, threading.Event()
        self.query_one(".problem", Static).update("")
        self._say(tr("Speak now. Enter stops."))
        self.in_background(self._record, self._recorded, failed=self._failed)

    def _record(self) -> bytes:
        from xtcli.media import devices

        frames = 0

        def level(loudness: float, left: float) -> None:
            nonlocal frames
            frames += 1
            if frames % DRAW_EVERY == 0:
                self.post_message(self.Heard(loudness, left))

        return devices.record(SECONDS_MAX, on_level=level, stop=self.stop.is_set)

    @on(Heard)
    def _heard(self, event: Heard) -> None:
        from xtcli.tui.widgets.level import coloured

        if self.state == "recording":
            left = tr("{n} s left", n=f"{event.left:.0f}")
            meter = coloured(event.level, METER_CELLS)
            self.query_one("#meter", Static).update(Content.assemble(meter, " ", left))

    def _recorded(self, pcm: bytes) -> None:
        if self.state != "recording":
            return
        self.state = "coding"
        self._say(tr("Making it small"))
        self.in_background(lambda: self._note(pcm), self._made, failed=self._failed)

    def _note(self, pcm: bytes) -> tuple[str, float, int, tuple[int, ...]]:
        from xtcli.media import voice, waveform

        note = voice.make_note(pcm)
        path = str(self.desk.drafts.keep_recording(note.data))
        return path, note.seconds, len(note.data), waveform.peaks(pcm, WAVE_CELLS)

    def _made(self, made: tuple[str, float, int, tuple[int, ...]]) -> None:
        from xtcli.tui.widgets.wave import wave

        self.path, seconds, count, peaks = made
        self.state = "made"
        self.query_one("#meter", Static).update(wave(peaks, 1.0, WAVE_CELLS))
        self._say(tr("{seconds} s, {size}. Enter keeps it, r records again.",
                     seconds=f"{seconds:.0f}", size=size(count)))  # fmt: skip

    def _failed(self, error: XtError) -> None:
        self.state = "failed"
        self._say("")
        self.query_one(".problem", Static).update(clean(f"{error} {error.advice}"))

    def action_go_on(self) -> None:
        """Stop, then keep."""
        if self.state == "recording":
            self.stop.set()
        elif self.state == "made":
            self.dismiss(self.path)
        elif self.state == "failed":
            self.dismiss(None)

    def action_leave(self) -> None:
        """Nothing is kept."""
        self.state = "left"
        self.stop.set()
        self.dismiss(None)
