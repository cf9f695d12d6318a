"""`HubCore`: what a hub does with the links of its stations. Sans-IO.

Bundles that arrive together are committed together, so that many stations cost few fsyncs; only
then do their links say DONE. What it holds can be rebuilt from disk: end it at any moment. It knows
no sockets and reads no clock; the shell says what time it is and moves datagrams.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import suppress

from xtcli.errors import NotAllowed, XtError
from xtcli.hub.batch import Logged, Opened, Peer, explained, log_all
from xtcli.hub.below import Below
from xtcli.hub.calls_hops import CallHops
from xtcli.hub.gaps import Gaps
from xtcli.hub.hub import HubStation
from xtcli.hub.quota import Quota
from xtcli.records.ids import RecordId
from xtcli.records.sign import Record
from xtcli.records.types import Kind
from xtcli.records.values import StationKind
from xtcli.station import routing
from xtcli.station.calls_relay import Relay, Sent
from xtcli.station.exchange import MEND_SECONDS, REFUSE_FULL
from xtcli.station.intake import Arrival, Intake
from xtcli.station.roads_hops import split
from xtcli.transport.bundle.pack import Part
from xtcli.transport.link.events import BundleArrived, BundleTaken, Contact, LinkEvent, Realtime
from xtcli.transport.link.keys import link_key
from xtcli.transport.link.session import Link
from xtcli.transport.link.spooled import SpooledLink
from xtcli.transport.spool import Spool

BATCH_SECONDS = 0.02
"""How long a bundle may wait for others to be committed with it."""
BATCH_MAX = 64
WATCH_SECONDS = 5.0
"""Pause between two looks at the ten-minute promise and the alerts."""
REACH_SECONDS = 60.0
"""A watching station is heard every 25 s; one of two keep-alives may be lost."""
AWAY_SECONDS = 120.0
"""A station that was silent for so long is away; the link's `Contact` says when it is back."""


class HubCore:
    """The running hub without its socket. `now` is the links' monotonic time, seconds.

    The shell's part: `kick(station)` lets a link send, `detach(station)` forgets it, `tell(record)`
    reports what happened and `trouble(error)` what went wrong.
    """

    def __init__(
        self,
        hub: HubStation,
        spool: Spool,
        *,
        kick: Callable[[int], None],
        detach: Callable[[int], None],
        tell: Callable[[Record], None],
        trouble: Callable[[XtError], None],
    ) -> None:
        """Nothing happens before the first call."""
        self.hub = hub
        self.spool = spool
        self.intake = Intake(hub, hub.deliveries)
        self.peers: dict[int, Peer] = {}
        self._kick = kick
        self._detach = detach
        self._tell = tell
        self._trouble = trouble
        self.below = Below(hub, spool, self.intake)
        self.calls = CallHops(self.below.hops)
        self.relay = Relay(self._may_call, self._reached, self._desks)
        self._spoke: dict[int, float] = {}
        self._now = 0.0
        self._quota = Quota(hub)
        self._gaps = Gaps(hub.log)
        self._batch: list[Opened] = []
        self._taken: list[tuple[Peer, BundleTaken]] = []
        self._due: float | None = None
        self._watched: float | None = None
        self._mended: float | None = None
        self._version = -1
        self._spool_version = spool.data_version()

    # Peers

    def find(self, station: int, now: float) -> SpooledLink | None:
        """The link of a station that speaks for the first time; None for strangers and revoked.

        What came may be old: nothing is bundled before `Contact`.
        """
        entry = self.hub.roster.station(station)
        if entry is None or station == self.hub.number or entry.upstream != self.hub.number:
            return None
        if self.hub.roster.revoked(station):
            return None
        settings = self.hub.settings
        key = link_key(self.hub.keys.station_seal, entry.seal_key, settings.realm)
        link = Link(local=self.hub.number, peer=station, key=key, now=now, entropy=self.hub.entropy)
        try:
            node = SpooledLink(link, self.spool)
            exchange = self.below.exchange(node, self.intake, entry)
            exchange.resume(now)
        except Exception as error:
            self._trouble(explained(station, error))
            return None
        self.peers[station] = Peer(station, exchange)
        return node

    def events(self, station: int, events: list[LinkEvent], now: float) -> None:
        """What happened on one link; bundles wait a moment for others to be committed with."""
        peer = self.peers[station]
        for event in events:
            if isinstance(event, BundleArrived):
                parts = peer.exchange.open(event.tag, event.sealed)
                if parts is not None and self._fits(peer, event):
                    self._batch += self._opened(peer, event.tag, parts)
            elif isinstance(event, BundleTaken):
                self._taken.append((peer, event))
            elif isinstance(event, Realtime):
                self._realtime(station, event.payload, now)
            elif isinstance(event, Contact):
                self._fill_alone(station, now)
            else:
                peer.exchange.handle(event, now)
        if len(self._batch) >= BATCH_MAX:
            self._due = now
        elif (self._batch or self._taken) and self._due is None:
            self._due = now + BATCH_SECONDS

    def _opened(self, peer: Peer, tag: bytes, parts: list[Part]) -> list[Opened]:
        """A bundle, and before it those that a relay passes on in it."""
        passing, mine = split(parts)
        found = [
            Opened(Peer(one.sender, exchange), inner, inside)
            for one, exchange, inner, inside in self.below.opened(passing)
            if self._quota.allows(one.sender, len(one.sealed)) or self._too_much(one.sender)
        ]
        return [*found, Opened(peer, tag, mine)]

    # Calls

    def _realtime(self, station: int, payload: bytes, now: float) -> None:
        """Pass a payload of a call on; the hub cannot open it."""
        self._now = self._spoke[station] = now
        found = self.calls.origin(station, payload)
        if found is not None:
            self.pass_on(self.relay.take(*found, now), now)

    def pass_on(self, payloads: Iterable[Sent], now: float) -> None:
        """Send payloads of calls to those stations that are connected."""
        for found in payloads:
            way = self.calls.down(*found)
            peer = self.peers.get(way[0]) if way is not None else None
            if way is not None and peer is not None:
                peer.exchange.link.send_realtime(way[1], now)
                self._kick(peer.number)

    def _may_call(self, one: int, other: int) -> bool:
        """Two stations may call each other unless both are posts, or one is not (any more) here."""
        roster = self.hub.roster
        kinds = [entry.station_kind for entry in map(roster.station, (one, other)) if entry]
        if len(kinds) < 2 or roster.revoked(other) or roster.revoked(one):
            return False
        return StationKind.DESK in kinds

    def _reached(self, station: int) -> bool:
        """Whether a station, or the relay that it is behind, has been heard lately, so that its
        network still lets us through."""
        station = self.below.hops.below(station) or station
        peer = self.peers.get(station)
        if peer is None:
            return False
        contact = peer.exchange.link.measured().last_contact
        heard = max(self._spoke.get(station, -REACH_SECONDS), contact or -REACH_SECONDS)
        return self._now - heard < REACH_SECONDS

    def _desks(self, post: int, case: RecordId) -> list[int]:
        """The desks that a post's wish to be called about a case of its own concerns."""
        request = self.hub.log.get(case)
        facts = routing.facts_of(request, None) if request is not None else None
        if facts is None or facts.post != post:
            return []
        return [entry.no for entry in self.hub.roster.desks(facts.dept)]

    def _fits(self, peer: Peer, event: BundleArrived) -> bool:
        """Whether the station's share of the disk has room; if not, the bundle is refused."""
        if self._quota.allows(peer.number, len(event.sealed)):
            return True
        peer.exchange.node.refuse(event.tag, REFUSE_FULL)
        return self._too_much(peer.number)

    def _too_much(self, station: int) -> bool:
        """Tell whoever looks after the hub that a station's share is used up; always False."""
        self._trouble(
            NotAllowed(
                "Station {station} has filled its share of the disk.",
                "Look at what it sends; revoke it, or raise station_bytes_max in station.json.",
                station=self.hub.name(station),
            )
        )
        return False

    # Commits

    def next_timer(self) -> float | None:
        """When `commit` is due; None when nothing waits."""
        return self._due

    def commit(self, now: float) -> None:
        """One transaction for all bundles that wait; then, and only then, the links say DONE.

        Call it from outside `events`: links that fail are detached here.
        """
        self._due = None
        self._end_taken(now)
        batch, self._batch = self._batch, []
        if not batch:
            return
        done = log_all(batch, self._log, self._give_up)
        try:
            with self.spool.transaction():
                for opened, arrival in done:
                    opened.peer.exchange.settled(opened.tag, arrival, now)
        except XtError as error:
            # The log has the records: when they are sent again they are known and confirmed.
            self._give_up([opened for opened, _ in done], error)
        self.deliver(now)
        for opened, arrival in done:
            self._quota.brought(opened.peer.number, arrival.blobs)
            self._kick(opened.peer.number)
            for record in arrival.new:
                self._tell(record)

    def _end_taken(self, now: float) -> None:
        """Note together what the peers hold durably; receipts end here."""
        taken, self._taken = self._taken, []
        if not taken:
            return
        try:
            with self.hub.log.many(), self.spool.transaction():
                for peer, event in taken:
                    peer.exchange.handle(event, now)
        except XtError as error:
            # They stay in the outbox; sending them once more harms nothing.
            self._trouble(error)
        for number in {peer.number for peer, _ in taken if self.peers.get(peer.number) is peer}:
            self._kick(number)

    def _log(self, batch: list[Opened]) -> Logged:
        """All of a batch, or nothing of it."""
        try:
            with self.hub.log.many():
                done = [(one, self.intake.take(one.parts, one.peer.number)) for one in batch]
                for _, arrival in done:
                    self._criticals(arrival)
                return done
        except BaseException:
            self.hub.forget_roster()
            raise

    def _give_up(self, batch: list[Opened], error: XtError) -> None:
        """Nothing is confirmed, so the stations keep everything; forget their links.

        What came is not kept in memory: when a station speaks again, it is asked for it again.
        """
        self._trouble(error)
        for number in {opened.peer.number for opened in batch}:
            self.peers.pop(number, None)
            self._detach(number)

    def _criticals(self, arrival: Arrival) -> None:
        """Alert about requests with critical values as they come in."""
        for record in arrival.new:
            if record.kind is Kind.REQUEST:
                self.hub.alert_if_critical(record)

    def deliver(self, now: float) -> None:
        """Bundle and offer what waits for stations that are connected."""
        found = self.hub.log.peers_waiting()
        waiting = [number for number in found if self._heard(number, now)]
        try:
            filled = self._fill(waiting, now)
        except Exception:
            # What is wrong with one station's outbox must not keep the others' from leaving.
            filled = [number for one in waiting for number in self._fill_alone(one, now)]
        for number in {*filled, *self._pass_down(found, now)}:
            self._kick(number)

    def _heard(self, number: int, now: float) -> bool:
        """Whether a station was heard lately. For one that is away things wait unbundled: together
        they take half the bytes when it is back."""
        peer = self.peers.get(number)
        contact = peer.exchange.link.measured().last_contact if peer is not None else None
        return contact is not None and now - contact < AWAY_SECONDS

    def _pass_down(self, waiting: list[int], now: float) -> set[int]:
        """Bundle what waits for stations behind relays; the relays that have something new."""
        below = self.below.behind(waiting)
        if not below:
            return set()
        try:
            relays = self._fill_below(below)
        except Exception:
            relays = {relay for one in below for relay in self._fill_below_alone(one)}
        here = relays & self.peers.keys()
        for number in here:
            self.peers[number].exchange.node.load(now, self.hub.clock())
        return here

    def _fill_below(self, stations: list[int]) -> set[int]:
        with self.hub.log.many(), self.spool.transaction():
            return self.below.fill(stations)

    def _fill_below_alone(self, number: int) -> set[int]:
        try:
            return self._fill_below([number])
        except Exception as error:
            self._trouble(explained(number, error))
            return set()

    def _fill(self, waiting: list[int], now: float) -> list[int]:
        """One transaction for all; those for whom anything was bundled."""
        with self.hub.log.many(), self.spool.transaction():
            return [number for number in waiting if self.peers[number].exchange.fill(now)]

    def _fill_alone(self, number: int, now: float) -> list[int]:
        try:
            return self._fill([number], now)
        except Exception as error:
            self._trouble(explained(number, error))
            return []

    # From time to time

    def look(self, now: float) -> None:
        """Notice what other processes of this home wrote; keep the promise and alerts in sight."""
        version = self.hub.log.data_version()
        if version != self._version:
            self._version = version
            self._leave_revoked()
            self.deliver(now)
        held = self.spool.data_version()
        if held != self._spool_version:
            # Another process of this home took a stick or short messages, and wrote answers.
            self._spool_version = held
            for number, peer in list(self.peers.items()):
                peer.exchange.node.load(now, self.hub.clock())
                self._kick(number)
            for number in self._pass_down(self.below.left(), now):
                self._kick(number)
        if self._mended is None or now - self._mended > MEND_SECONDS:
            self._mended = now
            for peer in list(self.peers.values()):
                self._mend(peer, now)
            self.deliver(now)
            for number in self._pass_down(self.below.mend(), now):
                self._kick(number)
        if self._watched is None or now - self._watched > WATCH_SECONDS:
            self._watched = now
            self._watch(now)

    def _mend(self, peer: Peer, now: float) -> None:
        """Bundle again what got no receipt, ask for gaps; whatever is wrong with one station, it is
        done for the others."""
        try:
            peer.exchange.mend()
            if not peer.exchange.saying and (missing := self._gaps.to_ask(peer.number)):
                peer.exchange.ask_again(missing, now)
                self._kick(peer.number)
        except Exception as error:
            self._trouble(explained(peer.number, error))

    def _leave_revoked(self) -> None:
        for number in list(self.peers):
            if self.hub.roster.revoked(number):
                self.relay.forget(number)
                self._detach(number)
                self.peers.pop(number, None)

    def _watch(self, now: float) -> None:
        """Escalations and repeated alerts are records: tell them and send them on."""
        try:
            made = self.hub.watch()
        except XtError as error:
            self._trouble(error)
            return
        for record in made:
            self._tell(record)
        if made:
            self.deliver(now)

    def close(self, now: float) -> None:
        """Commit what waits."""
        with suppress(XtError):
            self.commit(now)
        self.below.close()
