"""Short messages at a station: which to send, to whom, when again; and what becomes of those that
come. The rules are in docs/format/sms.md.

It has no modem and reads no clock but the station's: the shell in `roads_modem` moves the messages.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from xtcli.errors import BundleRejected
from xtcli.station import roads_gaps
from xtcli.station.intake import Arrival
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore, ShortState
from xtcli.station.routing import HUB
from xtcli.transport.carriers import short
from xtcli.transport.carriers.short import MoreMessage, ShortKey, SymbolMessage, WholeMessage
from xtcli.transport.link.keys import link_key
from xtcli.transport.spool import Outgoing
from xtcli.transport.symbols import BLOCK_SYMBOLS_MAX, bundle_tag

ROAD = "sms"
MORE_SECONDS = 60.0
MORE_MAX = 4
AGAIN_SECONDS = 900.0
AGAIN_SECONDS_MAX = 86_400.0
DUPLICATE_SECONDS = 600.0
KEEP_RECEIPTS_SECONDS = 3_600.0
"""A bundle of receipts that was sent is kept so long, in case more of it is asked for."""
HEARD_SECONDS = 86_400.0
"""A hub answers by short message to whom it heard by short message within this time."""
LINK = "link"
"""Road under which a served hub notes when a station that has sent short messages was heard over
its link."""
LIVE_SECONDS = 120.0
"""A station heard so lately over its link gets everything there, for nothing."""
HOLD_SECONDS = 900.0
"""One that came back to its link and left again gets short messages after so long; stat at once."""
FAILED_SECONDS = 30.0
"""After so long another message goes instead of one that the network did not take."""
LOOK_SECONDS = 60.0
"""Pause between two looks of a hub for records that are missing."""
PRIORITY_MAX = 1
MESSAGES_MAX = 16
PARTLY_MAX = 32
PARTLY_BYTES_MAX = 256 << 10
TO_HUB = "-"
"""The address of the hub, which the plug-in command knows."""


@dataclass(frozen=True, slots=True)
class ToSend:
    """One message to hand to the plug-in. `last`: the bundle is complete with it."""

    to: str
    data: bytes
    peer: int
    tag: bytes
    last: bool


@dataclass(slots=True)
class Asked:
    """How often more of a partial bundle was asked for, and when next."""

    times: int
    due: float


class ShortMessages:
    """One station's short messages of at most `size` bytes."""

    def __init__(
        self, mail: Mail, store: RoadStore, size: int, messages_max: int = MESSAGES_MAX
    ) -> None:
        """Nothing is sent before `due`."""
        self.mail = mail
        self.store = store
        self.size = size
        self.messages_max = messages_max
        self.refused = 0
        self.again = 0
        """Genuine messages that brought nothing, because what they carry had come before."""
        self._number = mail.station.number
        self._keys: dict[int, ShortKey] = {}
        self._asked: dict[tuple[int, bytes, int], Asked] = {}
        self._answers: list[ToSend] = []
        self._failed: dict[tuple[int, bytes], Asked] = {}
        """By bundle: how many messages the network did not take, and when to try again."""
        self._looked = -LOOK_SECONDS

    def _key(self, peer: int) -> ShortKey | None:
        """The key of a pair of stations; None for strangers."""
        public = self.mail.seal_key(peer)
        if public is None:
            return None
        if peer not in self._keys:
            station = self.mail.station
            key = link_key(station.keys.station_seal, public, station.settings.realm)
            self._keys[peer] = ShortKey(key, self._number, peer)
        return self._keys[peer]

    # What comes

    def receive(self, address: str, message: bytes, now: float) -> Arrival | None:
        """Take a message; what its bundle brought, if it is whole now.

        BundleRejected, counted, when it is not genuine, or what it carries does not open: then
        nothing has changed.
        """
        try:
            sender = short.sender_of(message)
            key = self._key(sender)
            if key is None:
                raise BundleRejected("A short message came from a stranger.", "It was ignored.")
            content = short.read(message, key)
        except BundleRejected:
            self.refused += 1
            raise
        self._met(sender, address, content, now)
        match content:
            case WholeMessage(sealed, _):
                return self._whole(sender, sealed, now)
            case SymbolMessage():
                return self._symbol(sender, content, now)
            case MoreMessage():
                self._more(sender, content, now)
        return None

    def _met(self, sender: int, address: str, content: short.Message, now: float) -> None:
        """Remember where a station is. What brings nothing new may be a stranger's copy of an old
        message: within a day it does not move the answers to where it came from.
        """
        known = self.store.contact(sender, ROAD)
        if known is None or known[0] == address or not 0 <= now - known[1] < HEARD_SECONDS:
            new = True
        elif isinstance(content, MoreMessage):
            new = False
        else:
            start = bundle_tag(content.sealed) if isinstance(content, WholeMessage) else content.id
            new = self.store.was_taken(sender, start) is None
        if new:
            self.store.met(sender, ROAD, address, now)

    def _whole(self, sender: int, sealed: bytes, now: float) -> Arrival | None:
        """A bundle is here: commit it, unless it is a late copy."""
        tag = bundle_tag(sealed)
        if self.store.was_taken(sender, tag) is not None:
            self.again += 1
        if self._late_copy(sender, tag, now):
            return None
        arrival = self.mail.arrived(sender, sealed, tag, ROAD)
        if arrival is None:
            raise self._not_ours()
        self.store.taken_short(sender, tag, now)
        return arrival

    def _not_ours(self) -> BundleRejected:
        """Its sender is known, but what it sent is nothing."""
        self.refused += 1
        return BundleRejected(
            "What came by short messages does not open here.", "It was ignored."
        )  # fmt: skip

    def _late_copy(self, sender: int, start: bytes, now: float) -> bool:
        taken = self.store.was_taken(sender, start)
        return taken is not None and 0 <= now - taken < DUPLICATE_SECONDS

    def _symbol(self, sender: int, symbol: SymbolMessage, now: float) -> Arrival | None:
        if self._late_copy(sender, symbol.id, now):
            self.again += 1
            return None
        kept = symbol.id, symbol.length, symbol.index, symbol.payload
        new, parts = self.store.keep_symbol(sender, kept, now)
        self.again += not new
        self._asked[sender, symbol.id, symbol.length] = Asked(0, now + MORE_SECONDS)
        size = len(symbol.payload)
        same = {index: payload for index, payload in parts.items() if len(payload) == size}
        if len(same) < -(-symbol.length // size):
            self._bound(sender)
            return None
        self.store.forget_symbols(sender, symbol.id, symbol.length)
        self._asked.pop((sender, symbol.id, symbol.length), None)
        sealed = short.join(same, symbol.length, symbol.id)
        if sealed is None:
            raise self._not_ours()
        return self._whole(sender, sealed, now)

    def _bound(self, sender: int) -> None:
        """Keep no more of what is partly here than a station may have."""
        rows = [row for row in self.store.partly() if row[0] == sender]
        total = sum(row[3] * row[4] for row in rows)
        while len(rows) > PARTLY_MAX or total > PARTLY_BYTES_MAX:
            _, wanted, length, size, count, _ = rows.pop(0)
            total -= size * count
            self.store.forget_symbols(sender, wanted, length)

    def _more(self, sender: int, asked: MoreMessage, now: float) -> None:
        """The peer lacks some symbols of a bundle: send others, within its budget."""
        for one in self.mail.spool.outgoing(sender):
            if one.tag[: short.ID_BYTES] == asked.id and one.size == asked.length:
                self._answers += self._some(one, asked.lacking, now)

    # What leaves

    def due(self, now: float) -> list[ToSend]:
        """Everything to send now, most urgent first. It counts as sent: hand it over in order."""
        self._instead(now)
        found, self._answers = self._answers, []
        look = self._number == HUB and not 0 <= now - self._looked < LOOK_SECONDS
        if look:
            self._looked = now
        for peer in self._reachable(now):
            if look and not self._live(peer, now):
                roads_gaps.ask(self.mail, self.store, peer)
            waiting = self.mail.fill(peer)
            self.store.forget_short(peer, [one.tag for one in waiting])
            for one in waiting:
                if self._held(one, now):
                    continue
                count = self._again(one, now)
                if count:
                    found += self._some(one, count, now)
                elif self._over(one, now):
                    self.mail.taken(peer, one.tag)
        return found + list(self._asking(now))

    def _reachable(self, now: float) -> Iterator[int]:
        """Peers that may be sent short messages: the hub; from a hub, those it heard so of late."""
        for peer in self.mail.peers():
            met = self.store.contact(peer, ROAD)
            if self._number != HUB or (met is not None and abs(now - met[1]) < HEARD_SECONDS):
                yield peer

    def _live(self, peer: int, now: float) -> bool:
        """At a hub: whether a station's link carries what waits for it."""
        linked = self.store.contact(peer, LINK) if self._number == HUB else None
        return linked is not None and abs(now - linked[1]) < LIVE_SECONDS

    def _held(self, one: Outgoing, now: float) -> bool:
        """At a hub: whether a bundle waits for the cheaper road, by which its station was heard."""
        if self._number != HUB:
            return False
        linked, met = self.store.contact(one.peer, LINK), self.store.contact(one.peer, ROAD)
        if linked is None or met is None:
            return False
        if self._live(one.peer, now):
            return True
        back = linked[1] > met[1] and one.priority > 0
        return back and 0 <= now - max(linked[1], one.created) < HOLD_SECONDS

    def fits(self, one: Outgoing) -> int:
        """How many messages a bundle takes; 0 when it waits for another road."""
        count = short.symbols_of(one.size, self._number, self.size)
        return count if one.priority <= PRIORITY_MAX and count <= self.messages_max else 0

    def _again(self, one: Outgoing, now: float) -> int:
        """How many messages of a bundle to send now."""
        count = self.fits(one)
        state = self.store.short(one.peer, one.tag)
        if (one.peer, one.tag) in self._failed:
            return 0
        if state is None or not count:
            return count
        if state.at and self.mail.only_receipts(one.peer, one.tag):
            return 0
        pause = min(AGAIN_SECONDS_MAX, AGAIN_SECONDS * 2.0**state.tries)
        if 0 <= now - state.at < pause:
            return 0
        return count if count <= 4 else -(-count // 4)

    def _over(self, one: Outgoing, now: float) -> bool:
        """Whether a bundle of receipts was sent so long ago that nobody will ask for more of it.

        A clock that was set back a little ends none. If it was lost and what it named does not come
        again, it is a gap of this station's log at the hub, which asks for those.
        """
        state = self.store.short(one.peer, one.tag)
        if state is None or abs(now - state.at) < KEEP_RECEIPTS_SECONDS:
            return False
        return self.mail.only_receipts(one.peer, one.tag)

    def _some(self, one: Outgoing, count: int, now: float) -> list[ToSend]:
        """`count` messages of a bundle, as far as its budget goes."""
        peer, tag = one.peer, one.tag
        key, sealed = self._key(peer), self.mail.spool.sealed(peer, tag)
        total = self.fits(one)
        if key is None or sealed is None or not total:
            return []
        state = self.store.short(peer, tag) or ShortState(0, 0, -1, now)
        count = min(count, max(0, 3 * total + 8 - state.spent), BLOCK_SYMBOLS_MAX)
        after = ShortState((state.next + count) % BLOCK_SYMBOLS_MAX, state.spent + count,
                           state.tries + 1, now)  # fmt: skip
        self.store.save_short(peer, tag, after)
        if not count:
            return []
        cut = short.cut(sealed, key, self._number, one.priority, self.size, state.next, count)
        to = self._address(peer)
        messages = list(cut)
        return [ToSend(to, data, peer, tag, data is messages[-1]) for data in messages]

    def _address(self, peer: int) -> str:
        if self._number != HUB:
            return TO_HUB
        met = self.store.contact(peer, ROAD)
        return met[0] if met else TO_HUB

    def _asking(self, now: float) -> Iterator[ToSend]:
        """Questions for what is partly here and does not go on."""
        for peer, wanted, length, size, count, at in self.store.partly():
            key = self._key(peer)
            lacking = -(-length // size) - count
            if key is None or lacking <= 0 or self._live(peer, now):
                continue
            asked = self._asked.setdefault(
                (peer, wanted, length), Asked(0, min(now, at) + MORE_SECONDS)
            )
            pause = MORE_SECONDS * 2**asked.times
            if asked.times >= MORE_MAX or 0 < asked.due - now <= pause:
                # Due later than that: the clock was set back meanwhile.
                continue
            asked.times += 1
            asked.due = now + MORE_SECONDS * 2**asked.times
            data = short.more(key, self._number, wanted, length, lacking)
            yield ToSend(self._address(peer), data, peer, b"", False)

    def handed_over(self, sent: ToSend) -> None:
        """The plug-in took a message: note when its bundle was first sent."""
        if sent.last:
            self.mail.sent(sent.peer, sent.tag)

    def failed(self, sent: ToSend, now: float) -> None:
        """The network did not take a message: it has cost nothing. Soon another one of its bundle
        goes instead, or all of it in the next process.
        """
        state = self.store.short(sent.peer, sent.tag)
        if state is None:
            return
        back = ShortState(state.next, max(0, state.spent - 1), max(-1, state.tries - 1), 0.0)
        self.store.save_short(sent.peer, sent.tag, back)
        before = self._failed.get((sent.peer, sent.tag), Asked(0, 0.0))
        self._failed[sent.peer, sent.tag] = Asked(before.times + 1, now + FAILED_SECONDS)

    def _instead(self, now: float) -> None:
        """Other messages instead of those that the network did not take."""
        for (peer, tag), failed in list(self._failed.items()):
            if 0 < failed.due - now <= FAILED_SECONDS:
                continue
            del self._failed[peer, tag]
            for one in self.mail.spool.outgoing(peer):
                if one.tag == tag:
                    self._answers += self._some(one, failed.times, now)

    def unsent(self, left: Iterable[ToSend]) -> None:
        """These were never handed over: the next process begins with their bundles."""
        counts = Counter((one.peer, one.tag) for one in left if one.tag)
        for (peer, tag), count in counts.items():
            state = self.store.short(peer, tag)
            if state is not None:
                back = (state.next - count) % BLOCK_SYMBOLS_MAX
                rest = ShortState(back, state.spent - count, state.tries, 0.0)
                self.store.save_short(peer, tag, rest)

    def waiting(self) -> tuple[int, int]:
        """Bundles that short messages will carry, and bundles that wait for another road."""
        mine = other = 0
        for peer in self.mail.peers():
            for one in self.mail.spool.outgoing(peer):
                if not self.fits(one) or self._held(one, self.mail.station.clock()):
                    other += 1
                elif not self._said(one):
                    mine += 1
        return mine, other

    def _said(self, one: Outgoing) -> bool:
        """Whether a bundle is one of receipts and was sent: nothing comes back for it."""
        state = self.store.short(one.peer, one.tag)
        return state is not None and state.at > 0 and self.mail.only_receipts(one.peer, one.tag)
