"""Whether a hub should ask a station without a link for records of its own that are missing here.

Sticks and short messages come hours apart and out of order, so a gap is asked for only when it has
stayed as it was for a while, each time after twice as long, and not for ever: records that were
refused here never fill theirs. What was seen is kept on disk, because a visit of a stick is one
short process. It knows sequence numbers, not roads.
"""

from __future__ import annotations

from xtcli.records.log import Log
from xtcli.station.parcels import LACK_RUNS_MAX
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore

WAIT_SECONDS = 1_800.0
"""A gap is asked for when it is so old, then after twice, four times ... as long."""
ASKS_MAX = 5
Runs = list[tuple[int, int]]


def to_ask(log: Log, store: RoadStore, station: int, now: float) -> Runs:
    """The runs to ask `station` for now, and notes that they were; empty when it is not time."""
    runs = [(span.first, span.last) for span in log.gaps(station)[:LACK_RUNS_MAX]]
    text = " ".join(f"{first}-{last}" for first, last in runs)
    before, asks, since = store.gap(station)
    if text != before:
        store.save_gap(station, text, 0, now)
        return []
    if not runs or asks >= ASKS_MAX or 0 <= now - since < WAIT_SECONDS * 2**asks:
        return []
    store.save_gap(station, text, asks + 1, now)
    return runs


def ask(mail: Mail, store: RoadStore, station: int) -> None:
    """Put the question, when it is time for one, where the next stick or message takes it."""
    runs = to_ask(mail.station.log, store, station, mail.station.clock())
    exchange = mail.exchange(station) if runs else None
    if exchange is not None:
        exchange.ask_again(runs, 0.0)
