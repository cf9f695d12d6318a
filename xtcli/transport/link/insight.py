"""Insight: what a link knows about itself, for people and for the next process.

Pure functions over the link's parts; they change nothing but the rate they restore.
"""

from __future__ import annotations

import struct

from xtcli.transport.link.events import LinkConfig, LinkMeasure, TransferProgress
from xtcli.transport.link.forecast import TAIL_MAX, Pace, busy_s
from xtcli.transport.link.rate import RateControl
from xtcli.transport.link.sending import Outbox, Outgoing

_STATE = struct.Struct(">BIIffff")
_STATE_VERSION = 1


def measured(
    rate: RateControl, outbox: Outbox, last_contact: float | None, invalid: int
) -> LinkMeasure:
    """The link as measured so far."""
    return LinkMeasure(
        rate_bps=rate.rate_bps if rate.proven else None,
        rtt_s=rate.srtt,
        loss=rate.loss.share,
        last_contact=last_contact,
        queued_bundles=len(outbox),
        queued_bytes=sum(one.lacking_bytes() for one in outbox),
        invalid_datagrams=invalid,
    )


def estimate(
    rate: RateControl, outbox: Outbox, config: LinkConfig, size: int, priority: int, now: float
) -> float | None:
    """Seconds until `size` more bytes would be at the peer; None if never measured.

    What is under way already is not counted again, and what was postponed not at all.
    """
    if not rate.known or rate.srtt is None:
        return None
    pace = Pace(rate.rate_bps, rate.srtt, rate.loss.share)
    ahead = [one for one in outbox if one.priority <= priority and one.postponed_until <= now]
    left = size + sum(_unsent_bytes(one, pace.loss) for one in ahead)
    floor = min(rate.srtt, rate.min_rtt or rate.srtt)
    # The smoothed round trip has today's queue in it, and the queue is all on the way there.
    there = rate.srtt - floor / 2
    again = min(TAIL_MAX, 2 * pace.loss) * floor if left or ahead else 0.0
    return busy_s(left, pace, config) + there + again


def _unsent_bytes(one: Outgoing, loss: float) -> int:
    """Bytes of a bundle for which no symbol is under way that will probably arrive."""
    coming = sum(one.flying) * one.symbol_bytes * (1 - loss)
    return max(0, one.lacking_bytes() - int(coming))


def outgoing(outbox: Outbox) -> list[TransferProgress]:
    """Every bundle on its way out."""
    return [
        TransferProgress(
            one.tag,
            one.priority,
            len(one.sealed),
            len(one.sealed) - one.lacking_bytes(),
            incoming=False,
        )
        for one in outbox
    ]


def pack_state(counter: int, highest: int, rate: RateControl) -> bytes:
    """Our next counter, the peer's highest, and the link as measured."""
    return _STATE.pack(
        _STATE_VERSION,
        counter,
        highest,
        rate.rate_bps if rate.proven else 0.0,
        rate.min_rtt or rate.srtt or 0.0,
        rate.rttvar,
        rate.loss.share,
    )


def restore_state(state: bytes, rate: RateControl) -> tuple[int, int] | None:
    """Teach `rate` what a state holds: (our counter, the peer's highest); None if malformed."""
    if len(state) != _STATE.size or state[0] != _STATE_VERSION:
        return None
    _, counter, highest, rate_bps, rtt_s, rttvar_s, loss = _STATE.unpack(state)
    rate.learn(rate_bps, rtt_s, rttvar_s, loss)
    return counter, highest
