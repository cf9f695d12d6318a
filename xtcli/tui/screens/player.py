"""A voice note: its shape, how far it has been played, and the keys of a tape recorder."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.message import Message
from textual.widgets import Static

from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.tui.screens.base import Dialog
from xtcli.tui.text import clean
from xtcli.tui.widgets.key_bar import KeyBar

BYTES_PER_SECOND = 32_000
SEEK_SECONDS = 3.0
WAVE_CELLS = 56
DRAW_EVERY = 3
"""Frames of 60 ms between two drawings of the progress."""


class PlayerDialog(Dialog[None]):
    """Plays one note."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
        Binding("space,enter", "play", "play / pause"),
        Binding("left", "seek(-1)", "back 3 s"),
        Binding("right", "seek(1)", "on 3 s"),
    ]

    @dataclass
    class Played(Message):
        """How far the thread that plays has come; `run` tells one playing from another."""

        run: int
        seconds: float
        ended: bool = False
        problem: str = ""

    def __init__(self, case: RecordId, blob: str) -> None:
        """The note `blob` of a case."""
        super().__init__()
        self.case_id = case
        self.blob = blob
        self.pcm = b""
        self.peaks: tuple[int, ...] = ()
        self.at = 0.0
        self.run = 0
        self.playing: threading.Event | None = None
        self.problem = ""

    @property
    def total(self) -> float:
        """Seconds of the note."""
        return len(self.pcm) / BYTES_PER_SECOND

    def compose(self) -> ComposeResult:
        """Title, wave, time, what is wrong."""
        with Vertical(classes="box"):
            yield Static(tr("Voice note"), classes="title", markup=False)
            yield Static(id="wave")
            yield Static(id="time", markup=False)
            yield Static("", classes="problem", markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        """Decode it, then play."""
        self.in_background(self._decode, self._ready)

    def _decode(self) -> tuple[bytes, tuple[int, ...]]:
        from xtcli.media import voice, waveform

        pcm = voice.decode_note(self.station.blob(self.case_id, self.blob))
        return pcm, waveform.peaks(pcm, WAVE_CELLS)

    def _ready(self, found: tuple[bytes, tuple[int, ...]]) -> None:
        self.pcm, self.peaks = found
        self._draw()
        self.action_play()

    def _draw(self) -> None:
        from xtcli.tui.widgets.wave import wave

        played = self.at / max(0.01, self.total)
        self.query_one("#wave", Static).update(wave(self.peaks, played, WAVE_CELLS))
        bar = round(self.at / max(0.01, self.total) * 30)
        state = tr("playing") if self.playing else tr("stopped")
        self.query_one("#time", Static).update(
            f"[{'=' * bar}{' ' * (30 - bar)}] {self.at:.0f} / {self.total:.0f} s  {state}"
        )
        self.query_one(".problem", Static).update(clean(self.problem))

    def action_play(self) -> None:
        """Play from here, or stop here."""
        if self.playing is not None:
            self._stop()
        elif self.pcm:
            self._play()
        self._draw()

    def _stop(self) -> None:
        if self.playing is not None:
            self.playing.set()
            self.playing = None
        self.run += 1

    def _play(self) -> None:
        start = 0.0 if self.at >= self.total - 0.1 else self.at
        stop = threading.Event()
        self.playing, self.problem = stop, ""
        run, pcm = self.run, self.pcm[int(start * BYTES_PER_SECOND) // 2 * 2 :]
        frames = 0

        def progress(seconds: float, _: float) -> None:
            nonlocal frames
            frames += 1
            if frames % DRAW_EVERY == 0:
                self.post_message(self.Played(run, start + seconds))

        def job() -> None:
            from xtcli.media import devices

            try:
                devices.play(pcm, on_progress=progress, stop=stop.is_set)
                self.post_message(self.Played(run, start + len(pcm) / BYTES_PER_SECOND, True))
            except XtError as error:
                problem = f"{error} {error.advice}"
                self.post_message(self.Played(run, start, True, problem))

        threading.Thread(target=job, name="player", daemon=True).start()

    @on(Played)
    def _played(self, event: Played) -> None:
        if event.run != self.run:
            return
        self.at = min(event.seconds, self.total)
        if event.ended:
            self.playing = None
            self.problem = event.problem
        self._draw()

    def action_seek(self, by: int) -> None:
        """Some seconds back or on."""
        again = self.playing is not None
        self._stop()
        self.at = max(0.0, min(self.total, self.at + by * SEEK_SECONDS))
        if again:
            self._play()
        self._draw()

    def action_leave(self) -> None:
        """Silence, and back."""
        self._stop()
        self.dismiss()
