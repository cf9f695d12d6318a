"""Forecast: how long bytes will take to be at the peer, from a link as it was measured.

What is promised to people before and while they send, so it counts what they pay for: headers,
symbols that get lost, the way there, and the round trip more that a lost last symbol costs. Pure
functions; they know no bundles, queues or clocks.
"""

from __future__ import annotations

from dataclasses import dataclass

from xtcli.transport.link.events import LinkConfig
from xtcli.transport.link.frames import SYMBOL_OVERHEAD_BYTES

LOSS_MAX = 0.9
SPARE = 0.02
"""Bytes that are no payload: reports asked for, symbols too many."""
UNLUCKY = 0.4
"""And so much for each share of loss: losses come in bursts, and answers are lost as well."""
TAIL_MAX = 0.6
"""Chance at most that the last symbols have to be sent again, each time for a round trip."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A link as measured: bit/s of IP bytes, seconds, share of datagrams lost."""

    rate_bps: float
    rtt_s: float = 0.0
    loss: float = 0.0


def symbol_bytes(rate_bps: float, config: LinkConfig) -> int:
    """Payload of a datagram of a long bundle, as the scheduler cuts it for this rate."""
    overhead = config.overhead_bytes + SYMBOL_OVERHEAD_BYTES
    timed = int(rate_bps * config.symbol_s / 8) - overhead
    most = config.datagram_bytes - SYMBOL_OVERHEAD_BYTES
    return min(most, max(config.symbol_bytes_min, timed))


def busy_s(size: int, pace: Pace, config: LinkConfig) -> float:
    """Seconds for which `size` bytes of bundles keep the link busy."""
    if size <= 0:
        return 0.0
    overhead = config.overhead_bytes + SYMBOL_OVERHEAD_BYTES
    datagrams = max(1.0, size / symbol_bytes(pace.rate_bps, config))
    loss = min(LOSS_MAX, pace.loss)
    wire = (size + datagrams * overhead) * (1 + SPARE + UNLUCKY * loss)
    return wire * 8 / (pace.rate_bps * (1 - loss))


def there_s(size: int, pace: Pace, config: LinkConfig | None = None) -> float:
    """Seconds until `size` bytes are at the peer, when nothing else is to be sent."""
    config = config or LinkConfig()
    again = min(TAIL_MAX, 2 * pace.loss) * pace.rtt_s
    return busy_s(size, pace, config) + pace.rtt_s / 2 + again
