"""Who may speak when only one can: push-to-talk by key or by voice.

The first to speak holds the floor until a second of silence, or until the key is let go. When
both begin at once the caller keeps it. It refuses to know links and sound.
"""

from __future__ import annotations

HOLD_S = 1.0
PEER_HOLD_S = 1.2
TIE_S = 2.5


class Floor:
    """One station's view of the floor."""

    def __init__(self, *, caller: bool) -> None:
        """Free, taken by voice."""
        self._caller = caller
        self._spoke_at: float | None = None
        self._since = 0.0
        self._peer_at: float | None = None
        self.pressed: bool | None = None
        """True or False once the person uses a key; None: by voice."""

    def peer_speaks(self, now: float) -> None:
        """Sound came, or a report that says the other side holds the floor."""
        mine = self.mine(now)
        if mine and (self._caller or now - self._since > TIE_S):
            return
        self._spoke_at = None
        self._peer_at = now

    def mine(self, now: float) -> bool:
        """Whether this side holds the floor."""
        return self._spoke_at is not None and now - self._spoke_at <= HOLD_S

    def holder(self, now: float) -> str:
        """ "me", "peer" or "free"."""
        if self.mine(now):
            return "me"
        busy = self._peer_at is not None and now - self._peer_at <= PEER_HOLD_S
        return "peer" if busy else "free"

    def speak(self, voice: bool, now: float) -> bool:
        """One captured frame, with or without voice; whether it may be sent."""
        wants = voice if self.pressed is None else self.pressed
        holder = self.holder(now)
        if wants and holder == "free":
            self._since = now
        if wants and holder != "peer":
            self._spoke_at = now
        if self.pressed is False:
            self._spoke_at = None
        return self.mine(now)
