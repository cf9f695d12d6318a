"""Growth: several round trips at the rate without any queue mean that the link can do more.

It knows datagram counters and whether round trips were calm; neither rates nor queues.
"""

from __future__ import annotations

from xtcli.transport.link.tuning import GROWTH_MAX, GROWTH_QUEUE_S

STEP = 0.125
"""Growth for each calm round trip in a row."""
SURE_ROUNDS = 3
"""After so many, a rate that is far too low is likelier than a mistake."""


class Growth:
    """See the module."""

    def __init__(self) -> None:
        """Nothing was calm yet."""
        self.calm = 0
        """Round trips without a queue of late; one with a queue takes two away."""
        self._round_end = 0

    def round_trip(self, reported: int, newest: int) -> bool:
        """Whether a round trip ends with the report of datagram `reported`; the next then ends with
        that of the one after `newest`, the last sent."""
        if reported < self._round_end:
            return False
        self._round_end = newest + 1
        return True

    def factor(self, feedback_s: float, *, busy: bool, still: bool) -> float:
        """By how much to grow after one more round trip: `busy` if all of it was sent at the rate,
        `still` if no queue was seen; a mistake shows after `feedback_s` seconds."""
        if not still:
            self.calm = max(0, self.calm - 2)
        if not (busy and still):
            return 1.0
        self.calm += 1
        if self.calm < 2:
            return 1.0
        # If it is wrong, the queue grows by this much before a report tells.
        mistake = 1 + max(1, self.calm - SURE_ROUNDS) * GROWTH_QUEUE_S / feedback_s
        return min(GROWTH_MAX, mistake, 1 + STEP * self.calm)
