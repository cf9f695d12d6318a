"""What a browser got of a call, by its transport-wide feedback: the far side's half of a report.

Feedback says which packets came and when, by the browser's clock, and nothing of what was played:
a frame counts as heard when it came, in whatever packet, before it had to be played. Feedback that
is lost leaves frames whose fate nobody knows. Pure. It refuses to know sockets and SDP.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from xtcli.media.call import rtp
from xtcli.media.call.arrivals import Arrivals
from xtcli.media.call.ledger import RECENT_FRAMES, Ledger
from xtcli.media.call.packet import FRAME_S, Sound

SENT_MAX = 512
HOLD_S_MIN, HOLD_S_MAX = 0.08, 0.6
HEARD_BYTES = 16


@dataclass(slots=True)
class _Sent:
    sound: Sound
    known: bool = False


class Ear:
    """What the browser got, by its feedback: the far side's half of a report."""

    def __init__(self) -> None:
        """Nothing sent."""
        self._sent: dict[int, _Sent] = {}
        self._next = 0
        self._turn: int | None = None
        self._expected: int | None = None
        self._heard: set[int] = set()
        self._unknown: set[int] = set()
        self._arrivals = Arrivals()
        self._clock = 0.0

    def send(self, sound: Sound) -> int:
        """Note a datagram; the transport sequence number for it."""
        number = self._next
        self._next = (number + 1) % rtp.WRAP16
        self._sent[number] = _Sent(sound)
        if len(self._sent) > SENT_MAX:
            del self._sent[next(iter(self._sent))]
        return number

    def hold_s(self) -> float:
        """How long the browser should hold sound back, so that copies come in time."""
        needs = self._arrivals.needs(self._clock)
        if needs is None:
            return HOLD_S_MIN
        least, new, old = needs
        return min(HOLD_S_MAX, max(HOLD_S_MIN, max(new, old) - least + 0.02))

    def feedback(self, feedback: rtp.Feedback, hold_s: float, *, trusting: bool) -> bool:
        """Take one in; False when it was old. `trusting`: what a lost one spoke of was heard."""
        if self._turn is not None:
            ahead = (feedback.turn - self._turn) % 256
            if not 1 <= ahead <= 128:
                return False
            if ahead > 1 and self._expected is not None:
                self._skip(self._expected, feedback.first, hold_s, trusting=trusting)
        self._turn = feedback.turn
        self._expected = (feedback.first + feedback.count) % rtp.WRAP16
        for number, at in feedback.arrived:
            sent = self._sent.get(number)
            if sent is None or sent.known:
                continue
            sent.known = True
            self._clock = max(self._clock, at)
            self._arrivals.note(sent.sound, at)
            self._hear(sent.sound, at, hold_s)
        return True

    def _skip(self, first: int, to: int, hold_s: float, *, trusting: bool) -> None:
        """A feedback was lost. Its datagrams were not: the ladder must not move for that."""
        for i in range(min((to - first) % rtp.WRAP16, SENT_MAX)):
            sent = self._sent.get((first + i) % rtp.WRAP16)
            if sent is None or sent.known:
                continue
            sent.known = True
            at = max(self._clock, sent.sound.number * FRAME_S + self._least())
            self._arrivals.note(sent.sound, at)
            if trusting:
                self._hear(sent.sound, at, hold_s)
            else:
                self._unknown.update(number for number, _ in sent.sound.numbered())

    def _least(self) -> float:
        needs = self._arrivals.needs(self._clock)
        return needs[0] if needs is not None else 0.0

    def _hear(self, sound: Sound, at: float, hold_s: float) -> None:
        deadline = self._least() + hold_s + FRAME_S
        for number, _ in sound.numbered():
            if at - number * FRAME_S <= deadline:
                self._heard.add(number)

    def report(self, hold_s: float) -> tuple[Arrivals, float, int, int]:
        """`(arrivals, their clock, next frame to be played, map of those heard before it)`."""
        to = max(0, self._arrivals.newest - round(hold_s / FRAME_S))
        bits = 0
        for i in range(8 * HEARD_BYTES):
            bits |= (to - 1 - i in self._heard) << i
        oldest = to - 16 * HEARD_BYTES
        self._heard = {number for number in self._heard if number >= oldest}
        self._unknown = {number for number in self._unknown if number >= oldest}
        return self._arrivals, self._clock, to, bits

    def fate(self, number: int) -> bool | None:
        """Whether a frame was heard; None when what told of it was lost."""
        if number in self._heard:
            return True
        return None if number in self._unknown else False


class GuestLedger(Ledger):
    """Nobody knows of a word is not the same as nobody heard it: the first moves no ladder."""

    def __init__(self) -> None:
        """Nothing spoken."""
        super().__init__()
        self._fates: deque[bool] = deque(maxlen=RECENT_FRAMES)
        self._judged_to = 0

    def judge(self, to: int, fate: Callable[[int], bool | None]) -> None:
        """Frames up to `to` are settled."""
        for number in range(max(self._judged_to, to - 8 * HEARD_BYTES), to):
            found = fate(number)
            if self.sent_live(number) and found is not None:
                self._fates.append(found)
        self._judged_to = max(self._judged_to, to)

    def sent_live(self, number: int) -> bool:
        """Whether frame `number` is speech that was to be sent."""
        spoken = self._spoken.get(number)
        return spoken is not None and spoken.live

    def residual(self) -> float:
        """Share of the frames of known fate that were not heard, 0..1."""
        return self._fates.count(False) / max(len(self._fates), RECENT_FRAMES // 4)

    def forget_recent(self) -> None:
        """Judge anew: the way of sending has changed."""
        super().forget_recent()
        self._fates.clear()
