"""A link and its spool together: every event that a restart must not forget is written down.

`SpooledLink` is what a shell drives. It opens no sockets and reads no clock: it is given a spool,
a link and the time.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable

from xtcli.errors import DiskFull
from xtcli.transport.link.events import (
    BundleArrived,
    BundleRefused,
    BundleTaken,
    LinkEvent,
    PartWithdrawn,
    Received,
    SymbolsToKeep,
)
from xtcli.transport.link.session import Link
from xtcli.transport.spool import REFUSED, STARTED, TAKEN, Spool

KEEP_SYMBOLS_MAX = 64
"""Symbols that may wait to be written together."""
KEEP_S = 0.2
"""Least pause between two writes: a symbol waits no longer, and mostly not at all."""
KEEP_AGAIN_S = 5.0
"""Pause after a write for which there was no room."""


class SpooledLink:
    """See the module. `now` is the link's clock; `wall` in `load` is the spool's."""

    def __init__(self, link: Link, spool: Spool) -> None:
        """Restore what earlier processes knew; `load` then queues what waits to be sent."""
        self.link = link
        self.spool = spool
        self._peer = link.peer
        self._happened: deque[LinkEvent] = deque()
        """Events of which the spool has not been told yet ..."""
        self._passed: list[LinkEvent] = []
        """... and those that it has, which the shell has not had yet."""
        self._to_keep: list[SymbolsToKeep] = []
        self._keep_at: float | None = None
        self._kept_at = -math.inf
        self._loaded: set[bytes] = set()
        self._started: set[bytes] = set()
        state = spool.link_state(self._peer)
        if state is not None:
            link.restore(state)
        for tag, reason in spool.answers(self._peer):
            link.inbox.settle(tag, reason)
        self._kept: set[bytes] = set()
        """Bundles of which symbols are in the spool."""
        for part in spool.kept(self._peer):
            link.restore_symbols(part)
            self._kept.add(part.tag)
        self._save()

    def load(self, now: float, wall: float) -> int:
        """Offer the link what the spool has for the peer and it does not know yet; drop what the
        spool has not any more. Returns how many were new."""
        new = 0
        seen: set[bytes] = set()
        for row in self.spool.outgoing(self._peer):
            if row.state in (TAKEN, REFUSED) or row.size > self.link.config.bundle_bytes_max:
                continue
            seen.add(row.tag)
            if row.tag not in self._loaded:
                sealed = self.spool.sealed(self._peer, row.tag)
                if sealed is None:
                    continue
                resumed = row.state == STARTED
                self.link.offer(row.tag, sealed, row.priority, now, resumed=resumed)
                if resumed:
                    self._started.add(row.tag)
                new += 1
            self.link.postpone(row.tag, now + max(0.0, row.held_until(wall) - wall))
        for tag in self._loaded - seen:
            self.link.withdraw(tag)
        self._loaded = seen
        return new

    def put(self, sealed: bytes, priority: int, now: float, wall: float) -> bytes:
        """Spool a sealed bundle and offer it; its tag. What else the spool has is not looked at: it
        may be thousands. ValueError if it is larger than the peer takes."""
        if len(sealed) > self.link.config.bundle_bytes_max:
            raise ValueError("bundle is too large")
        tag = self.spool.put(self._peer, sealed, priority, wall)
        if tag not in self._loaded:
            self.link.offer(tag, sealed, priority, now)
            self._loaded.add(tag)
        return tag

    def accept(self, tag: bytes) -> None:
        """The station holds the bundle durably."""
        self.settle(tag, 0)

    def refuse(self, tag: bytes, reason: int) -> None:
        """The station will not take the bundle; `reason` 1-255."""
        self.settle(tag, reason)

    def settle(self, tag: bytes, reason: int) -> None:
        """Answer a bundle for good: written down first, said after. With it how far the peer's
        counter is, so that what brought the bundle is old to the next process, too."""
        self._to_keep = [part for part in self._to_keep if part.tag != tag]
        self._kept.discard(tag)
        with self.spool.transaction():
            self.spool.settle(self._peer, tag, reason)
            self._save()
        if reason:
            self.link.refuse(tag, reason)
        else:
            self.link.accept(tag)

    def receive(self, datagram: bytes, now: float) -> Received:
        """As `Link.receive`."""
        return self.link.receive(datagram, now)

    def send(self, now: float) -> bytes | None:
        """As `Link.send`; reserves datagram counters and marks bundles as begun first."""
        if self.link.save_due:
            self._save()
        datagram = self.link.send(now)
        if datagram is not None:
            for tag in self.link.begun() - self._started:
                self.spool.mark(self._peer, tag, STARTED)
                self._started.add(tag)
        return datagram

    def next_timer(self, now: float) -> float | None:
        """As `Link.next_timer`, and when symbols must be written."""
        times = [t for t in (self.link.next_timer(now), self._keep_at) if t is not None]
        return min(times, default=None)

    def events(self, now: float) -> list[LinkEvent]:
        """Events for the station; what concerns the spool has been written down.

        When something cannot be written (DiskFull, XtError) no event is lost: it and those after
        it come with the next call.
        """
        self._happened += self.link.events()
        while self._happened:
            if self._note(self._happened[0], now):
                self._passed.append(self._happened[0])
            self._happened.popleft()
        due = self._keep_at is not None and now >= self._keep_at
        if due or len(self._to_keep) >= KEEP_SYMBOLS_MAX:
            self._kept_at = now
            self._flush_if_room(now)
        passed, self._passed = self._passed, []
        return passed

    def _note(self, event: LinkEvent, now: float) -> bool:
        """Write down what an event means for the spool; whether the station must hear it."""
        if isinstance(event, SymbolsToKeep):
            self._to_keep.append(event)
            self._keep_at = self._keep_at or max(now, self._kept_at + KEEP_S)
            return False
        if isinstance(event, PartWithdrawn):
            self._forget(event.tag)
            return False
        if isinstance(event, BundleTaken | BundleRefused):
            state = TAKEN if isinstance(event, BundleTaken) else REFUSED
            self.spool.mark(self._peer, event.tag, state)
            self._loaded.discard(event.tag)
        elif isinstance(event, BundleArrived):
            self._to_keep = [part for part in self._to_keep if part.tag != event.tag]
        return True

    def _flush_if_room(self, now: float) -> None:
        """Without room on the disk symbols stay in memory only, as long as the link has them: a
        restart would cost them again, and nothing else must wait for that."""
        try:
            self.flush()
        except DiskFull:
            partial = self.link.inbox.partial
            self._to_keep = [part for part in self._to_keep if part.tag in partial]
            self._keep_at = now + KEEP_AGAIN_S

    def give_back(self, events: Iterable[LinkEvent]) -> None:
        """The station could not deal with these: the bundles among them that it has not answered
        are sent again, for nothing else would ever ask for them."""
        for event in events:
            if isinstance(event, BundleArrived):
                self.link.inbox.forget(event.tag)

    def _forget(self, tag: bytes) -> None:
        """Nothing that has come of a bundle is of any use."""
        self._to_keep = [part for part in self._to_keep if part.tag != tag]
        if tag in self._kept:
            self.spool.forget(self._peer, tag)
            self._kept.discard(tag)

    def flush(self) -> None:
        """Write the symbols that wait to be written."""
        if self._to_keep:
            with self.spool.transaction():
                for part in self._to_keep:
                    self.spool.keep(self._peer, part)
                    self._kept.add(part.tag)
                self._forget_dropped()
        self._to_keep = []
        self._keep_at = None

    def _forget_dropped(self) -> None:
        """Delete symbols of bundles that the link gave up: its bounds are the spool's too."""
        if len(self._kept) > self.link.config.partial_bundles_max:
            known = self.link.inbox.partial.keys() | self.link.inbox.waiting.keys()
            for tag in self._kept - known:
                self.spool.forget(self._peer, tag)
            self._kept &= known

    def close(self) -> None:
        """Write everything down before the process ends."""
        self.flush()
        self._save()

    def _save(self) -> None:
        self.spool.save_link_state(self._peer, self.link.save())
