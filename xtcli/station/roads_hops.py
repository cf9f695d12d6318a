"""Hops: sealed bundles on their way through relays, unopened. docs/format/relay.md.

A bundle stays sealed for the station it is meant for; for the next hop it is put into a bundle of
that hop. The bundle of a hop ends when the next hop says that it holds it; only the signed receipt
of the final station ends what is inside. It knows no sockets.
"""

from __future__ import annotations

from collections.abc import Iterable

from xtcli.errors import BundleRejected
from xtcli.station import parcels
from xtcli.station.core import StationCore
from xtcli.station.exchange import Exchange
from xtcli.station.intake import Arrival, Intake
from xtcli.station.parcels import Passing
from xtcli.station.roads_store import RoadStore
from xtcli.transport.bundle.pack import Part, pack, unpack
from xtcli.transport.bundle.seal import bundle_context, open_sealed, seal
from xtcli.transport.link.events import BundleTaken, LinkConfig, LinkEvent
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import REFUSED, STARTED, TAKEN, WAITING, Outgoing, Spool

HOPS_MAX = 8
"""Village, township, banner, league, region: five; more is a loop."""
PASS_BYTES_MAX = LinkConfig().bundle_bytes_max - HOPS_MAX * 256
"""Largest bundle that is passed on; each hop puts its own around it. An honest one has 7.5 MB."""
RELAYED_PATIENCE_SECONDS = 6 * 3600.0
"""A relay holds it, yet no receipt for this long: bundle it again."""


class Hops:
    """The next hops of one station: who they are, and what waits for them."""

    def __init__(self, station: StationCore, spool: Spool, store: RoadStore) -> None:
        """Everything is on disk; nothing is kept here."""
        self.station = station
        self.spool = spool
        self.store = store

    def below(self, to: int) -> int | None:
        """The station directly below this one on the way to `to`; None if it is not below."""
        roster, here = self.station.roster, self.station.number
        for _ in range(HOPS_MAX):
            entry = roster.station(to)
            if entry is None or roster.revoked(to) or to == here:
                return None
            if entry.upstream == here:
                return to
            to = entry.upstream
        return None

    def unheard(self, to: int) -> bool:
        """Whether the way to a station cannot be known yet: a roster entry on it is missing."""
        roster = self.station.roster
        for _ in range(HOPS_MAX):
            entry = roster.station(to)
            if entry is None or to == entry.upstream:
                return entry is None
            to = entry.upstream
        return False

    def pass_on(self, one: Passing, hop: int, key: bytes, shelf: int) -> bytes:
        """Put a bundle into one for `hop`, whose X25519 key is `key`; its tag.

        `shelf` is the peer under which the spool keeps what waits for that hop. BundleRejected for
        one so large that no link would take it with what hops put around it.
        """
        if len(one.sealed) > PASS_BYTES_MAX:
            raise BundleRejected(
                "This bundle is too large to be passed on.", "Nothing need be done."
            )
        station = self.station
        context = bundle_context(station.settings.realm, station.number, hop)
        sealed = seal(pack([one.part()]), recipient=key, context=context, entropy=station.entropy)
        return self.spool.put(shelf, sealed, one.priority, station.clock())

    def unpassed(self, sealed: bytes, sender: int) -> list[Part] | None:
        """The parts of a bundle that the neighbour `sender` sealed for this station."""
        station = self.station
        context = bundle_context(station.settings.realm, sender, station.number)
        private = station.keys.station_seal
        try:
            return unpack(open_sealed(sealed, private=private, context=context))
        except BundleRejected:
            return None

    def taken(self, shelf: int, tag: bytes) -> bool:
        """The next hop holds a bundle that was passed on: it is done with here. False if it was
        none of those.

        The note of the hop goes last: a process that ends in between does all of it again.
        """
        passed = self.store.hop_of(shelf, tag)
        if passed is None:
            return False
        station, inner = passed
        if inner:
            self.spool.mark(station, inner, TAKEN)
        self.spool.drop(shelf, tag)
        self.store.end_hop(shelf, tag)
        return True

    def forget_lost(self, shelf: int) -> None:
        """What was passed on and is not in the spool any more, or was refused, waits again."""
        here = {one.tag: one for one in self.spool.outgoing(shelf)}
        for tag, (station, inner) in self.store.hops(shelf).items():
            found = here.get(tag)
            if found is not None and found.state == TAKEN:
                # The process ended between hearing so and acting on it.
                self.taken(shelf, tag)
                continue
            if found is not None and found.state != REFUSED:
                continue
            if any(one.tag == inner and one.state == STARTED
                   for one in self.spool.outgoing(station)):  # fmt: skip
                self.spool.mark(station, inner, WAITING)
            self.spool.drop(shelf, tag)
            self.store.end_hop(shelf, tag)


class HopExchange(Exchange):
    """Dealings with a neighbour through whom bundles of others pass, too."""

    def __init__(
        self, station: StationCore, node: SpooledLink, intake: Intake, seal_key: bytes, hops: Hops
    ) -> None:
        """As `Exchange`."""
        super().__init__(station, node, intake, seal_key)
        self.hops = hops

    def held(self) -> list[Outgoing]:
        """Only what this station itself has to say: the rest is no business of its log."""
        passing = self.hops.store.hops(self.peer)
        return [one for one in super().held() if one.tag not in passing]

    def mend(self) -> None:
        """Also make the spool and what is known of hops agree."""
        self.hops.forget_lost(self.peer)
        super().mend()

    def handle(self, event: LinkEvent, now: float) -> Arrival | None:
        """The neighbour holds a bundle that was passed on: it is done with here."""
        if isinstance(event, BundleTaken) and self.hops.taken(self.peer, event.tag):
            return None
        return super().handle(event, now)


def split(parts: Iterable[Part]) -> tuple[list[Passing], list[Part]]:
    """What of a bundle's parts is to be passed on, and what is meant for this station.

    A part that claims to be passed on and does not check is dropped.
    """
    passing: list[Passing] = []
    mine: list[Part] = []
    for part in parts:
        if not parcels.is_passing(part):
            mine.append(part)
            continue
        try:
            passing.append(parcels.read_passing(part))
        except BundleRejected:
            continue
    return passing, mine
