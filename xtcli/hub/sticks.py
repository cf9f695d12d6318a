"""Sticks at hubs: what the root hub writes, and how a relay takes what it cannot open.

A relay takes bundles for the hub from stations below it, and bundles of the hub for stations below
it, and keeps them in its spool as if they had come over a link; any road takes them on. Whom a file
is from and for is said by its envelope alone (docs/format/bundle.md): nothing was added to it for
relays. It reads no record.
"""

from __future__ import annotations

from pathlib import Path

from xtcli.errors import BundleRejected
from xtcli.hub.relaying import RelayCore
from xtcli.lang import tr
from xtcli.records.values import StationKind
from xtcli.station import roads_gaps
from xtcli.station import roads_vouch as vouch
from xtcli.station.intake import Arrival
from xtcli.station.parcels import Passing
from xtcli.station.roads_folder import FolderVisit
from xtcli.station.roads_hops import HOPS_MAX, RELAYED_PATIENCE_SECONDS, split
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore
from xtcli.station.routing import HUB
from xtcli.transport.bundle.envelope import Envelope
from xtcli.transport.bundle.pack import Part
from xtcli.transport.carriers import folder
from xtcli.transport.carriers.folder import Found
from xtcli.transport.spool import STARTED, WAITING, Outgoing


class RootVisit(FolderVisit):
    """The root hub's visit. What relays passed on is opened by `Mail`."""

    def _relays_for(self, recipient: int) -> list[int]:
        """Every relay on the way down, and a relay itself."""
        roster, found = self.mail.station.roster, []
        entry = roster.station(recipient)
        for _ in range(HOPS_MAX):
            if entry is None or entry.no == HUB:
                break
            if entry.station_kind is StationKind.HUB:
                found.append(entry.no)
            entry = roster.station(entry.upstream)
        return found

    def _waiting(self) -> list[Outgoing]:
        """What is wrapped for relays lies on the stick as it is, for its last station."""
        for peer in self.mail.peers():
            roads_gaps.ask(self.mail, self.store, peer)
        hops: dict[int, dict[bytes, tuple[int, bytes]]] = {}
        found = []
        for one in super()._waiting():
            if one.peer not in hops:
                hops[one.peer] = self.store.hops(one.peer)
            if one.tag not in hops[one.peer]:
                found.append(one)
        return found


class RelayVisit(FolderVisit):
    """A relay's visit."""

    def __init__(self, mail: Mail, store: RoadStore, place: Path) -> None:
        """As `FolderVisit`."""
        super().__init__(mail, store, place)
        self.core = RelayCore(mail.station, mail.spool, store, kick=lambda number: None,
                              kick_up=lambda: None)  # fmt: skip
        self._vouched: dict[int, set[bytes]] = {}
        self._vouchers: set[str] = set()
        self._told: set[str] = set()
        self._of_hub = True

    # Taking

    def _take_all(self) -> None:
        """First the hub's, which may say who is below; then what neighbours vouch for; then what is
        to be passed on. Vouchers go last: a visit may be broken off.
        """
        self._read_vouchers(of_hub=True)
        super()._take_all()
        self._read_vouchers(of_hub=False)
        self._of_hub = False
        super()._take_all()
        for found in folder.take(self.place, None, self.mail.hint):
            if found.envelope.recipient != self.mail.station.number:
                self._take(found)
        for name in self._vouchers:
            self._drop(name)

    def _read_vouchers(self, *, of_hub: bool) -> None:
        """What the hub, or everybody else, vouches for."""
        for found in folder.take(self.place, self.mail.station.number, self.mail.hint):
            sender = found.envelope.sender
            digests = self._voucher(found.envelope) if (sender == HUB) is of_hub else None
            if digests is not None:
                self._vouched.setdefault(sender, set()).update(digests)
                self._vouchers.add(found.name)

    def _refuse(self, name: str, reason: str) -> None:
        """Once, though files are looked at twice."""
        if name not in self._told:
            self._told.add(name)
            super()._refuse(name, reason)

    def _voucher(self, envelope: Envelope) -> set[bytes] | None:
        key = self.mail.seal_key(envelope.sender)
        if key is None or not self._neighbour(envelope.sender):
            return None
        return vouch.read(self.mail.station, envelope.sender, key, envelope.sealed)

    def _neighbour(self, station: int) -> bool:
        """The hub, the station above, or one directly below."""
        return station in (HUB, self.core.upstream) or self.core.hops.below(station) == station

    def _genuine(self, envelope: Envelope) -> bool:
        return vouch.digest(envelope.sealed) in self._vouched.get(envelope.sender, set())

    def _take(self, found: Found) -> None:
        envelope, here = found.envelope, self.mail.station.number
        if envelope.recipient == here:
            if found.name not in self._vouchers and (envelope.sender == HUB) is self._of_hub:
                self._take_own(found)
        elif not self._genuine(envelope):
            # Somebody else's business, or nobody's: anybody can write such a file.
            return
        elif envelope.recipient == HUB:
            if self.core.hops.below(envelope.sender) is not None:
                self._pass(found, envelope.sender, up=True)
        elif envelope.sender == HUB and self.core.hops.below(envelope.recipient) is not None:
            self._pass(found, envelope.recipient, up=False)

    def _take_own(self, found: Found) -> None:
        """The hub's records say by their signatures that they are genuine, all else by vouchers."""
        envelope = found.envelope
        signed = envelope.sender == HUB and self._note(envelope) is None
        if signed or self._genuine(envelope):
            super()._take(found)
        else:
            self._refuse(found.name, tr("Its sender does not vouch for it."))

    def _pass(self, found: Found, station: int, *, up: bool) -> None:
        """A bundle of or for a station below: into the spool, then from the stick."""
        envelope, now = found.envelope, self.mail.station.clock()
        if not up and self._held(station, envelope.tag):
            # It waits here as well: whoever meets the stick first may have it.
            return
        before = self.store.passed_at(station, envelope.tag)
        self.report.again += before is not None
        if before is None or not 0 <= now - before < RELAYED_PATIENCE_SECONDS:
            one = Passing(envelope.recipient, envelope.sender, envelope.priority, envelope.sealed)
            if up:
                self.core.up([one])
            else:
                self.core.above([one], 0.0)
            self.store.passed(station, envelope.tag, now)
        if up and self.core.hops.below(station) == station:
            self._notes.setdefault(station, []).append(envelope.tag)
        self._took(found, [])

    def _held(self, station: int, tag: bytes) -> bool:
        child = self.core.hops.below(station)
        return child == station and self.mail.spool.sealed(child, tag) is not None

    def _open(self, envelope: Envelope) -> list[Arrival] | None:
        """A bundle of a hop, or the hub's own for this relay."""
        hops, sender = self.core.hops, envelope.sender
        if sender == HUB:
            exchange = self.mail.exchange(HUB)
            parts = exchange.peek(envelope.sealed) if exchange is not None else None
        else:
            parts = hops.unpassed(envelope.sealed, sender)
        if parts is None:
            return None
        passing, mine = split(parts)
        if not self._genuine(envelope):
            passing = []
        if sender in (HUB, self.core.upstream):
            self.core.above(passing, 0.0)
        elif hops.below(sender) is not None:
            self.core.up(passing)
        return self._own(envelope, mine) if sender == HUB and mine else []

    def _own(self, envelope: Envelope, mine: list[Part]) -> list[Arrival]:
        """The hub's records for this relay itself, such as the roster."""
        try:
            arrival = self.mail.arrived(HUB, envelope.sealed, envelope.tag, "folder")
        except BundleRejected as error:
            self._refuse(tr("a bundle of the hub"), str(error))
            return []
        return [arrival] if arrival is not None and mine else []

    def _relays_for(self, recipient: int) -> list[int]:
        """Neighbours that are relays."""
        entry = self.mail.station.roster.station(recipient)
        if entry is not None and self.core.hops.below(recipient) == recipient:
            return [recipient] if entry.station_kind is StationKind.HUB else []
        return super()._relays_for(recipient)

    def _settled(self, peer: int, tag: bytes) -> None:
        """The hop above (or below) holds a bundle of ours."""
        shelf = HUB if peer in (HUB, self.core.upstream) else peer
        if self.store.end_hop(shelf, tag) is not None or shelf != HUB:
            self.mail.spool.drop(shelf, tag)
        else:
            self.mail.taken(HUB, tag)

    # Writing

    def _waiting(self) -> list[Outgoing]:
        """What goes up, and what goes down, most urgent first."""
        found = self.mail.fill(HUB)
        now = self.mail.station.clock()
        for number in self._children():
            found += [
                one for one in self.mail.spool.outgoing(number)
                if one.state in (WAITING, STARTED) and not one.held_until(now)
            ]  # fmt: skip
        return sorted(found, key=lambda one: (one.priority, one.size))

    def _children(self) -> list[int]:
        entries = self.mail.station.roster.stations()
        return [one.no for one in entries if self.core.hops.below(one.no) == one.no]

    def _ends(self, one: Outgoing) -> tuple[int, int]:
        here = self.mail.station.number
        of_hop = one.tag in self.store.hops(one.peer)
        if one.peer == HUB:
            return (self.core.upstream if of_hop else HUB), here
        return one.peer, (here if of_hop else HUB)

    def _clear(self) -> None:
        """Besides our own, delete what was passed down and has reached its station."""
        super()._clear()
        carried = self.store.carried_tags()
        for number in self._children():
            gone = carried.get(number, set()) - {
                one.tag for one in self.mail.spool.outgoing(number)
            }
            if gone:
                folder.drop_arrived(self.place, number, self.mail.hint, gone)


def visitor(station_number: int) -> type[FolderVisit]:
    """What kind of visitor a hub is."""
    return RootVisit if station_number == HUB else RelayVisit
