"""`Below`: the root hub's dealings with stations that are behind relays.

Their bundles are sealed end to end; here they are unwrapped on arrival, and what waits for them is
wrapped for the relay on the way. It knows no sockets; the core says when.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from xtcli.hub.hub import HubStation
from xtcli.records.types import StationEntry
from xtcli.records.values import StationKind
from xtcli.station import roads_gaps
from xtcli.station.exchange import Exchange
from xtcli.station.intake import Intake
from xtcli.station.parcels import Passing
from xtcli.station.roads_hops import RELAYED_PATIENCE_SECONDS, HopExchange, Hops
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore
from xtcli.transport.bundle.pack import Part
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import STARTED, WAITING, Spool
from xtcli.transport.symbols import bundle_tag


class Below:
    """See the module."""

    def __init__(self, hub: HubStation, spool: Spool, intake: Intake) -> None:
        """`spool` and `intake` are the core's own."""
        self.hub = hub
        self.store = RoadStore(hub.home.root)
        self.hops = Hops(hub, spool, self.store)
        self.mail = Mail(hub, hub.deliveries, spool=spool)
        self.mail.intake = intake
        self._known: set[int] = set()

    def close(self) -> None:
        """Close what is its own."""
        self.store.close()

    def exchange(self, node: SpooledLink, intake: Intake, entry: StationEntry) -> Exchange:
        """The dealings with a station that has a link to this hub."""
        if entry.station_kind is StationKind.HUB:
            return HopExchange(self.hub, node, intake, entry.seal_key, self.hops)
        return Exchange(self.hub, node, intake, entry.seal_key)

    def opened(
        self, passing: Iterable[Passing]
    ) -> Iterator[tuple[Passing, Exchange, bytes, list[Part]]]:
        """Bundles that came through a relay and open; the others are counted."""
        for one in passing:
            exchange = self._exchange(one.sender)
            parts = exchange.peek(one.sealed) if exchange is not None else None
            if exchange is None or parts is None or one.recipient != self.hub.number:
                self.store.count("relay", refused=1)
                continue
            tag = bundle_tag(one.sealed)
            again = self.mail.spool.settled(one.sender, tag)
            self.store.count("relay", self.hub.clock(), taken=1, bytes_in=len(one.sealed),
                             again=again)  # fmt: skip
            yield one, exchange, tag, parts

    def _exchange(self, station: int) -> Exchange | None:
        found = self.mail.exchange(station)
        if found is not None:
            found.patience = RELAYED_PATIENCE_SECONDS
            self._known.add(station)
        return found

    def behind(self, waiting: Iterable[int]) -> list[int]:
        """Those of some stations that have their link to a relay."""
        roster, here = self.hub.roster, self.hub.number
        entries = (roster.station(number) for number in waiting)
        return [e.no for e in entries if e is not None and e.upstream != here and e.no != here]

    def left(self) -> list[int]:
        """Stations behind relays for which another process of this home bundled something, or an
        earlier one that ended before it was passed on."""
        return self.behind({o.peer for o in self.mail.spool.outgoing() if o.state == WAITING})

    def fill(self, stations: Iterable[int]) -> set[int]:
        """Bundle and wrap what waits for stations behind relays; the relays concerned."""
        relays = set()
        for station in stations:
            relay = self.hops.below(station)
            exchange = self._exchange(station)
            entry = self.hub.roster.station(relay) if relay else None
            if relay is None or relay == station or exchange is None or entry is None:
                continue
            exchange.fill(0.0)
            for one in self.mail.spool.outgoing(station):
                sealed = self.mail.spool.sealed(station, one.tag)
                if one.state != WAITING or sealed is None:
                    continue
                passing = Passing(station, self.hub.number, min(one.priority, 5), sealed)
                tag = self.hops.pass_on(passing, relay, entry.seal_key, relay)
                self.store.hop(relay, tag, station, one.tag)
                self.mail.spool.mark(station, one.tag, STARTED)
                self.store.count("relay", put=1, bytes_out=len(sealed))
                relays.add(relay)
        return relays

    def mend(self) -> list[int]:
        """End receipts that a relay holds, bundle again what got no receipt for very long, ask for
        gaps that stay; stations to look at again.

        What an earlier process passed on counts too: its stations may never speak again by
        themselves.
        """
        self._known.update(self.behind({one.peer for one in self.mail.spool.outgoing()}))
        for station in list(self._known):
            exchange = self._exchange(station)
            if exchange is not None:
                exchange.mend()
                roads_gaps.ask(self.mail, self.store, station)
        return list(self._known)
