"""Bundles that came together and are committed together, so that one bad one stops no other.

It knows that logging a batch can fail and whom that concerns, not what is in a bundle.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from xtcli.errors import DiskFull, XtError
from xtcli.station.exchange import Exchange
from xtcli.station.intake import Arrival
from xtcli.transport.bundle.pack import Part


@dataclass(slots=True)
class Peer:
    """One station as the hub sees it while it is connected."""

    number: int
    exchange: Exchange


@dataclass(slots=True)
class Opened:
    """A bundle that has been opened and waits to be committed."""

    peer: Peer
    tag: bytes
    parts: list[Part] = field(default_factory=list)


Logged = list[tuple[Opened, Arrival]]


def log_all(
    batch: list[Opened],
    log: Callable[[list[Opened]], Logged],
    give_up: Callable[[list[Opened], XtError], None],
) -> Logged:
    """Log a batch in one transaction; if that fails, each bundle in one of its own.

    Whatever goes wrong with one bundle, a mistake of this program included, the others are taken:
    what a station sends must not be able to keep out what others send.
    """
    try:
        return log(batch)
    except DiskFull as error:
        give_up(batch, error)
        return []
    except Exception as error:
        if len(batch) == 1:
            give_up(batch, explained(batch[0].peer.number, error))
            return []
    return [pair for opened in batch for pair in log_all([opened], log, give_up)]


def explained(station: int, error: Exception) -> XtError:
    """Our own error for one that nobody expected while dealing with a station."""
    if isinstance(error, XtError):
        return error
    return XtError(
        "What came from or waits for station {station} cannot be dealt with ({why}).",
        "Report this to whoever looks after the hub; everything else goes on.",
        station=station, why=type(error).__name__,
    )  # fmt: skip
