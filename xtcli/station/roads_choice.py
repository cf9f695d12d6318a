"""Which of several roads the link should use now. Sans-IO; `now` is monotonic seconds.

Roads are numbers in the order of preference. The one in use is left when somebody waits for an
answer and nothing genuine comes over it for its patience; then the next is opened, round and
round, with more patience each round, because changing costs a question and cannot mend a network
that is gone. While a later road carries, the first is asked from time to time whether it answers.
It knows no sockets, and not what a road is.
"""

from __future__ import annotations

from collections.abc import Sequence

SILENT_SECONDS = 20.0
"""A road that has answered may be silent for so long, while asked, before it is left."""
PATIENCE_SECONDS_MAX = 120.0
FORGET_SECONDS = 30.0
"""A question that is not asked any more for so long is owed no answer."""
PROBE_SECONDS = 60.0
PROBE_SECONDS_MAX = 600.0
ROUNDS_MAX = 8


class Choice:
    """See the module."""

    def __init__(self, first: Sequence[float], now: float) -> None:
        """`first`: how long each road may take for its first answer, in seconds."""
        self._first = first
        self.at = 0
        """The road in use, or to be opened."""
        self.answered = False
        """Whether the road in use has answered since it was opened."""
        self._opened = self._heard = now
        self._asked_since: float | None = None
        self._asked_last = now
        self._silent = 0
        self._probe_at = now
        self._probe_pause = PROBE_SECONDS

    @property
    def patience(self) -> float:
        """How long the road in use may be silent now."""
        rounds = min(ROUNDS_MAX, self._silent // len(self._first))
        if self.answered:
            return SILENT_SECONDS
        return float(min(PATIENCE_SECONDS_MAX, self._first[self.at] * 2**rounds))

    def opened(self, now: float) -> None:
        """The road in use is open: it begins with nothing heard."""
        self.answered = False
        self._opened = now

    def heard(self, at: float) -> None:
        """Something genuine came over the road in use at `at`, the last so far."""
        if at <= self._heard and self.answered:
            return
        if not self.at and self.answered and at - self._opened > PROBE_SECONDS_MAX:
            self._probe_pause = PROBE_SECONDS
        self._heard = at
        self._asked_since = None
        self.answered = True
        self._silent = 0

    def silence(self, now: float) -> float:
        """For how long an answer has been owed, whatever roads were tried meanwhile."""
        return 0.0 if self._asked_since is None else now - max(self._heard, self._asked_since)

    def look(self, asked: bool, now: float) -> int | None:
        """The road to open instead; None: stay. `asked`: an answer is waited for."""
        if asked:
            self._asked_last = now
            if self._asked_since is None:
                self._asked_since = now
        elif now - self._asked_last > FORGET_SECONDS:
            self._asked_since = None
        here = min(self.silence(now), now - self._opened)
        if len(self._first) < 2 or here < self.patience:
            return None
        return self.failed()

    def failed(self) -> int:
        """The road in use cannot be opened or is silent: the next one."""
        self.answered = False
        self._silent += 1
        self.at = (self.at + 1) % len(self._first)
        return self.at

    # The way back

    def start_at(self, index: int, now: float) -> None:
        """Begin with a later road, the last that worked; the first is asked at once."""
        self.at = index
        self._probe_at = now
        self._probe_pause = PROBE_SECONDS

    def probe_due(self, now: float) -> bool:
        """Whether the first road should be asked now."""
        return self.at > 0 and now >= self._probe_at

    def probed(self, answered: bool, now: float) -> int | None:
        """The first road was asked; 0 when it answered and should be opened."""
        self._probe_at = now + self._probe_pause
        # Also after an answer: a road that comes and goes is asked less and less often.
        self._probe_pause = min(PROBE_SECONDS_MAX, 2 * self._probe_pause)
        if answered:
            self.at = 0
            return 0
        return None
