"""The ladder: from full duplex down to the voice note, as one table, and when to step.

A rung says how sound is coded and packed; its need follows from the bytes around every datagram.
Going down takes 2 s of worse conditions, going up 15 s of better ones, so that a link on the edge
does not make a call flutter. It refuses to know how conditions are measured.
"""

from __future__ import annotations

from dataclasses import dataclass

DOWN_AFTER_S = 2.0
UP_AFTER_S = 15.0
BACK_AFTER_S = 1.0
"""After an outage the call comes back faster than it climbs."""
OUTAGE_S = 4.0
OUTAGE_LOSSY_S = 7.0
"""Silence of the other side (it speaks about once a second) after which nothing is sent. On a lossy
link its reports may be lost in a row."""
LOSSY = 0.03
RESIDUAL_MAX = 0.25
"""Judged only where copies are already sent: without them it says no more than the loss."""
DELAY_TALK_MAX_S = 0.6
FRAMES_PER_S = 1 / 0.06
BARE_FROM = 6
"""From this rung on, sound without copies is better than none, whatever the loss."""
HEADROOM = 1.1
"""Going up, and the first choice, ask for this much more than the rung needs."""
OVERLOAD = 0.7
"""Below this share of what the rung needs, a queue grows by the second: down at once."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One way of talking. `order` 0 is best."""

    order: int
    state: str
    """The letter shown to people, A to F."""
    bitrate_bps: int
    bundle: int
    """New frames in a datagram."""
    copies: int
    bandwidth: str | None = None
    """Fixed where libopus chooses worse: at 8 kbit/s, 6 kHz scores above its 4 kHz (measured)."""
    half_duplex: bool = False
    copied: float = 1.0
    """The share of copies without which the rung is not worth taking."""

    @property
    def live(self) -> bool:
        """Whether sound is sent at all."""
        return self.bundle > 0

    def need_bps(self, overhead_bytes: int) -> float:
        """Bits a second on the wire with `overhead_bytes` around each datagram's frames."""
        return self._bps(overhead_bytes, self.copied)

    def full_bps(self, overhead_bytes: int) -> float:
        """The same with every copy."""
        return self._bps(overhead_bytes, 1.0)

    def _bps(self, overhead_bytes: int, copied: float) -> float:
        if not self.live:
            return 0.0
        packets = overhead_bytes * 8 * FRAMES_PER_S / self.bundle
        return self.bitrate_bps * (1 + self.copies * copied) + packets


RUNGS = (
    Rung(0, "A", 16_000, 1, 0),
    Rung(1, "B", 12_000, 1, 0),
    Rung(2, "C", 12_000, 1, 2),
    Rung(3, "C", 8_500, 1, 1, "medium", copied=0.25),
    Rung(4, "D", 8_500, 2, 0, "medium"),
    Rung(5, "D", 6_000, 2, 1),
    Rung(6, "D", 6_000, 2, 0),
    Rung(7, "E", 6_000, 4, 1, half_duplex=True),
    Rung(8, "E", 6_000, 4, 0, half_duplex=True),
    Rung(9, "F", 8_000, 0, 0, "medium"),
)
"""Best first; a rung's `order` is its place here and its number on the wire."""

NOTE = RUNGS[-1]


@dataclass(frozen=True, slots=True)
class Conditions:
    """What the link does now."""

    rate_bps: float
    loss: float = 0.0
    """Share of sound datagrams lost."""
    residual: float = 0.0
    """Share of spoken frames that were not heard in spite of copies."""
    delay_s: float = 0.0
    """One way, about half the round trip."""
    silent_s: float = 0.0
    """How long nothing came from the other side."""


@dataclass(frozen=True, slots=True)
class Step:
    """The ladder moved."""

    before: Rung
    after: Rung
    reason: str
    """"rate", "loss", "delay", "outage" or "better"."""


def outage_s(loss: float) -> float:
    """How long the other side may be silent on a link with this loss."""
    return OUTAGE_LOSSY_S if loss >= LOSSY else OUTAGE_S


def best(conditions: Conditions, overhead_bytes: int, headroom: float = 1.0) -> tuple[Rung, str]:
    """The highest rung these conditions allow, and what holds it there."""
    if conditions.silent_s > outage_s(conditions.loss):
        return NOTE, "outage"
    if conditions.residual > RESIDUAL_MAX:
        return NOTE, "loss"
    lossy = conditions.loss >= LOSSY
    talk = conditions.delay_s > DELAY_TALK_MAX_S
    for rung in RUNGS[:-1]:
        fits = conditions.rate_bps >= headroom * rung.need_bps(overhead_bytes)
        # On a lossy link a bare rung is taken only when its protected twin does not fit.
        bare = lossy and not rung.copies and rung.order < BARE_FROM
        if fits and not bare and (lossy or not rung.copies) and (rung.half_duplex or not talk):
            return rung, "delay" if talk else "loss" if lossy else "rate"
    return NOTE, "rate"


def _since(before: float | None, holds: bool, now: float) -> float | None:
    """Since when something has held without a break."""
    if not holds:
        return None
    return now if before is None else before


class Ladder:
    """Where the call stands, and since when another rung has been due."""

    def __init__(self, overhead_bytes: int, rate_bps: float) -> None:
        """Start where `rate_bps` allows on a clean link."""
        self._overhead = overhead_bytes
        self.rung = best(Conditions(rate_bps), overhead_bytes, HEADROOM)[0]
        self._worse_since: float | None = None
        self._better_since: float | None = None

    def observe(self, conditions: Conditions, now: float) -> Step | None:
        """Take in the conditions at `now`; a `Step` when the call moves."""
        down, why = best(conditions, self._overhead)
        up, _ = best(conditions, self._overhead, HEADROOM)
        # To stay without copies on a link that loses is worse than to climb to a rung with them.
        bare = down.copies > self.rung.copies and self.rung.order < BARE_FROM
        worse, better = down.order > self.rung.order or bare, up.order < self.rung.order
        self._worse_since = _since(self._worse_since, worse, now)
        self._better_since = _since(self._better_since, better, now)
        if self._worse_since is not None:
            overload = conditions.rate_bps < OVERLOAD * self.rung.need_bps(self._overhead)
            at_once = why == "outage" or overload
            if at_once or now - self._worse_since >= DOWN_AFTER_S:
                return self._move(down, why)
        if self._better_since is not None:
            after = UP_AFTER_S if self.rung.live else BACK_AFTER_S
            if now - self._better_since >= after:
                return self._move(up, "better")
        return None

    def _move(self, rung: Rung, reason: str) -> Step:
        step = Step(self.rung, rung, reason)
        self.rung, self._worse_since, self._better_since = rung, None, None
        return step
