"""Steering a search to a number of bytes in one go: what a byte costs, frame by frame.

A recording coded in one go, quickly, tells how its bytes are spread in time; how many the search
makes of them at which price is much alike for all speech, and is learnt better with every frame.
So each frame gets the price (and, where that is not enough, the bitrate) at which all that remains
will fit. Errors are spread over a second or more, so that the price does not jump.

Pure arithmetic; it refuses to know codecs, sound and files.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

PRICE_RISE_MAX = 2.5
"""A price beyond this picks the smallest try of nearly every frame: a lower bitrate is better."""

USUAL = ((1.0, 1.0), (1.25, 0.973), (1.5, 0.948), (2.0, 0.915), (PRICE_RISE_MAX, 0.893))
"""Rises of the price, and bytes left by them of those at the usual price (measured on speech)."""

TRUST_FRAMES = 20
"""What is usual counts as much as so many frames of the recording itself."""

SPREAD_FRAMES, SPREAD = 25, 0.12
"""An error is made good over at least so many frames, or that share of a short recording."""

SCALE_MIN = 0.5
"""Lowest share of the bitrate asked for."""


@dataclass(slots=True)
class Steering:
    """Gives the price and bitrate of each frame of one recording."""

    price: float
    """The usual price, which is never undercut."""
    budget: float
    """Bytes for all packets."""
    one_go: Sequence[int]
    """Bytes of each frame in one go."""
    share: float
    """Bytes of the search at the usual price, of those in one go, for usual speech."""
    scale: float = 1.0
    """The bitrate to ask for, as a share of the one that belongs to the quality."""
    rise: float = 1.0
    """The price, as a multiple of the usual one."""
    _spent: int = 0
    _done: int = 0
    _left: float = 0.0
    _mean: float = 0.0
    _seen: float = 0.0
    _made: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Set the first price."""
        self._left = float(sum(self.one_go))
        self._mean = self._left / max(1, len(self.one_go))
        self._seen = TRUST_FRAMES * self._mean
        self._made = [self.share * rest * self._seen for _, rest in USUAL]
        self._set()

    @property
    def price_now(self) -> float:
        """What a byte of the next frame costs."""
        return self.price * self.rise

    def coded(self, losses: Floats, sizes: Floats, size: int) -> None:
        """The next frame was coded in `size` bytes; `losses` and `sizes` are those of its tries."""
        for place, (rise, _) in enumerate(USUAL):
            # What it would have been at the full bitrate, as far as that can be said.
            best = sizes[(losses + self.price * rise * sizes).argmin()]
            self._made[place] += float(best) / self.scale
        expected = self.one_go[self._done] if self._done < len(self.one_go) else 0
        self._seen += expected
        self._left -= expected
        self._spent += size
        self._done += 1
        self._set()

    def _set(self) -> None:
        """The lowest price at which what remains fits; a lower bitrate where none does."""
        shares = [made / self._seen for made in self._made]
        # As if the recording went on for a while at what is spent now.
        beyond = min(SPREAD_FRAMES, SPREAD * len(self.one_go)) * self._mean
        now = self.scale * _between(self.rise, [rise for rise, _ in USUAL], shares)
        room = (self.budget - self._spent + beyond * now) / max(1.0, self._left + beyond)
        self.scale = max(SCALE_MIN, min(1.0, room / max(1e-9, shares[-1])))
        wanted = room / self.scale
        self.rise = _between(-wanted, [-share for share in shares], [rise for rise, _ in USUAL])


def _between(x: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """The value at `x` of the line through points whose `xs` rise; held at both ends."""
    import numpy as np

    return float(np.interp(x, xs, ys))
