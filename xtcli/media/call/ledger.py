"""Every frame spoken, and whether it was heard: no spoken word is lost.

A frame stays unheard until the other side reports that it was played. What is unheard when the
call ends becomes a voice note. Frames of silence are not kept. It refuses to know why a frame was
not heard, and how a note is written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from xtcli.media.call.packet import FRAME_S, Report, widen

SPOKEN_FRAMES_MAX = 120_000
"""Two hours of speech, about 8 MB; after that the oldest heard frames are forgotten."""
RECENT_FRAMES = 170
"""How many settled frames the residual loss is taken over: 10 s of speech."""
NOTE_CONTEXT_FRAMES = 5
NOTE_JOIN_FRAMES = 25
"""A note made of scraps cannot be followed: 0.3 s around each, joined when 1.5 s apart."""


@dataclass(slots=True)
class _Spoken:
    packet: bytes
    live: bool
    loud: bool
    heard: bool = False


class Ledger:
    """Spoken frames by number."""

    def __init__(self) -> None:
        """Nothing spoken."""
        self._spoken: dict[int, _Spoken] = {}
        self._settled_to = 0
        self._recent: list[bool] = []

    def speak(self, number: int, packet: bytes, *, live: bool, loud: bool = True) -> None:
        """Keep a frame that is not silence. Numbers grow.

        `live`: it was meant to be sent. `loud`: there is voice in it, not just the room.
        """
        self._spoken[number] = _Spoken(packet, live, loud)
        if len(self._spoken) > SPOKEN_FRAMES_MAX:
            heard = (n for n, s in self._spoken.items() if s.heard)
            del self._spoken[next(heard, next(iter(self._spoken)))]

    def confirm(self, report: Report, newest: int) -> None:
        """Mark what a report says was played; `newest` is the newest frame spoken or sent."""
        heard_to = widen(report.heard_to, newest)
        bits = report.heard
        while bits:
            low = bits & -bits
            spoken = self._spoken.get(heard_to - low.bit_length())
            if spoken is not None:
                spoken.heard = True
            bits ^= low
        for number in range(max(self._settled_to, heard_to - 8 * report.heard_bytes), heard_to):
            spoken = self._spoken.get(number)
            if spoken is not None and spoken.live:
                self._recent.append(spoken.heard)
        self._recent = self._recent[-RECENT_FRAMES:]
        self._settled_to = max(self._settled_to, heard_to)

    def residual(self) -> float:
        """Share of the frames sent lately that were not heard, 0..1."""
        return self._recent.count(False) / max(len(self._recent), RECENT_FRAMES // 4)

    def forget_recent(self) -> None:
        """Judge anew: the way of sending has changed."""
        self._recent.clear()

    def counts(self) -> tuple[int, int]:
        """`(spoken, heard)` frames."""
        return len(self._spoken), sum(spoken.heard for spoken in self._spoken.values())

    def unheard(self) -> list[tuple[float, bytes]]:
        """`(seconds from the start of the call, Opus packet)` of every frame not confirmed."""
        return [(n * FRAME_S, s.packet) for n, s in self._spoken.items() if not s.heard]

    def passages(self) -> Iterator[tuple[float, list[bytes]]]:
        """Unheard speech for a note: `(start in seconds, consecutive packets)`, with context.

        A passage has voice in it; scraps are joined and widened by what was heard around them.
        Missing numbers inside a passage were silence.
        """
        wanted = [n for n, s in self._spoken.items() if s.loud and not s.heard]
        spans: list[list[int]] = []
        for number in wanted:
            if spans and number - spans[-1][1] <= NOTE_JOIN_FRAMES:
                spans[-1][1] = number
            else:
                spans.append([number, number])
        for first, last in spans:
            first, last = first - NOTE_CONTEXT_FRAMES, last + NOTE_CONTEXT_FRAMES
            frames = [n for n in range(first, last + 1) if n in self._spoken]
            yield frames[0] * FRAME_S, [self._spoken[n].packet for n in frames]
