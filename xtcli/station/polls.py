"""When to ask the hub whether anything waits there.

A question costs bytes, so it is asked when something came, when its last word is doubtful, and
else as seldom as the caller says. It knows times and what the link has heard; it sends nothing.
"""

from __future__ import annotations

import math

from xtcli.transport.link.session import Link

PATIENCE_SECONDS = 150.0
"""A question without an answer for so long is asked anew."""
SOON_MAX = 3
"""So often the hub is asked soon about what it said waits there, then as seldom as usual."""
SOON_SECONDS = 1.0
"""So soon where no round trip is known; else after two of them."""

COMING_SECONDS = 5.0
"""After something of a bundle has come, more of it is waited for so long."""


class Polls:
    """See the module. Times are the caller's seconds."""

    def __init__(self) -> None:
        """Never asked."""
        self._at = -math.inf
        self._soon = 0

    def again(self) -> None:
        """Something came, or the road changed: ask at once whether there is more."""
        self._at = -math.inf
        self._soon = 0

    def not_now(self, now: float) -> None:
        """As if it had been asked at `now`."""
        self._at = now

    def due_at(self, link: Link, every: float) -> float:
        """When to ask next, if nobody asks for it before; `every` seconds at the latest."""
        if link.polling:
            return self._at + max(every, PATIENCE_SECONDS)
        return self._at + min(every, self._pause(link))

    def due(self, link: Link, now: float, every: float) -> bool:
        """Whether to ask now; it counts as asked."""
        if now < self.due_at(link, every):
            return False
        self._soon += self._pause(link) < every
        self._at = now
        return True

    def _pause(self, link: Link) -> float:
        """The hub said that something waits, and nothing is coming: it was here already, and its
        end was said in the meantime, or it got lost. Either way the hub is asked soon."""
        if not link.peer_waiting or self._soon >= SOON_MAX:
            return math.inf
        if any(one.incoming for one in link.progress()):
            return math.inf
        return 2 * (link.measured().rtt_s or SOON_SECONDS)


class Coming:
    """Whether a bundle is on its way here: then the hub's word that nothing waits is older than
    the bundle. What came partly in an earlier process, or was given up by the hub, does not count.
    """

    def __init__(self) -> None:
        """Nothing was seen yet."""
        self._seen: dict[bytes, tuple[int, float]] | None = None

    def look(self, link: Link, now: float) -> bool:
        """Whether some of a bundle that is not whole has come in the last `COMING_SECONDS`."""
        before = self._seen
        self._seen = {}
        for one in link.progress():
            if one.incoming:
                arrived, at = (before or {}).get(one.tag, (0, -math.inf))
                grown = before is not None and one.arrived > arrived
                self._seen[one.tag] = one.arrived, now if grown else at
        return any(now - at < COMING_SECONDS for _, at in self._seen.values())
