"""What a sync shows on a terminal while it runs: how much goes up and comes down, and how long yet.

Bars come from rich; the time left is the link's own estimate, never the bar's, and is shown only
when there is one and the hub answers. It knows traffic, not links.
"""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from xtcli.cli.output import seconds, size
from xtcli.lang import tr
from xtcli.station.syncing import Traffic

BAR_CELLS, BAR_CELLS_LEAST = 24, 4
NOTE_CELLS = 58
"""What stands beside the bar in either language; in a narrow terminal the bar gives way to it."""
SILENT_SECONDS = 8.0
"""After so long without an answer that is said, and no time left: nobody knows it then."""


class SyncBar:
    """Draws on stderr; leaves nothing behind."""

    def __init__(self, console: Console | None = None) -> None:
        """Nothing is drawn before the first call."""
        console = console or Console(stderr=True, highlight=False)
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(min(BAR_CELLS, max(BAR_CELLS_LEAST, console.width - NOTE_CELLS))),
            TextColumn("{task.fields[note]}"),
            console=console,
            transient=True,
        )
        self._up = self._way(tr("sending"))
        self._down = self._way(tr("fetching"))
        self._most = {self._up: 0, self._down: 0}

    def _way(self, words: str) -> TaskID:
        return self._progress.add_task(words, total=1, note="", visible=False)

    def __call__(self, traffic: Traffic) -> None:
        """Draw it again."""
        self._progress.start()
        silent = traffic.silent_seconds
        note = ""
        if silent >= SILENT_SECONDS:
            note = tr("no answer for {time}", time=seconds(silent))
        elif traffic.send_seconds:
            note = tr("about {time} left", time=seconds(traffic.send_seconds))
        self._draw(self._up, traffic.to_send, note)
        self._draw(self._down, traffic.to_fetch, "")

    def _draw(self, way: TaskID, left: int, more: str) -> None:
        """One direction; when more comes, the whole grows and the bar steps back: that is true."""
        if not left:
            self._most[way] = 0
            self._progress.update(way, visible=False)
            return
        self._most[way] = most = max(self._most[way], left)
        done = most - left
        note = tr("{done} of {all}", done=size(done), all=size(most))
        if more:
            note += "  " + more
        self._progress.update(way, total=most, completed=done, note=note, visible=True)

    def say(self, text: str) -> None:
        """A sentence above the bars."""
        self._progress.console.print(text, markup=False)

    def clear(self) -> None:
        """Take the bars away."""
        self._progress.stop()
