"""Outgoing bundles: which symbol goes next, and when enough have been sent.

What counts is not which symbols arrived but how many each block still lacks. Symbols under way
count by the chance that they arrive, so the tail is over-sent a little instead of waited for.
It knows no datagram formats, keys or clocks of its own.
"""

from __future__ import annotations

import math
from bisect import insort
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from xtcli.transport.link.frames import OVERHEAD_BYTES, Frame, Have, Symbol, Whole
from xtcli.transport.symbols import BLOCK_SYMBOLS_MAX, Encoder, symbol_size

SURE_URGENT = 0.98
"""Wanted chance that what is under way suffices, for priorities 0 and 1."""
SURE_BULK = 0.70
"""The same for the rest: a symbol too many costs money, one too few a round trip."""

SYMBOL_BYTES_LEAST = 64
"""Smaller symbols are not made, whatever the receiver says it has."""


LATE_SYMBOLS = 4
"""After a restart, so many indices above those that the receiver has seen are left out: symbols of
the earlier process may have been overtaken by the question."""


@lru_cache(maxsize=4096)
def symbols_needed(lacking: int, loss_percent: int, sure: float) -> int:
    """Fewest symbols to send so that `lacking` arrive with chance `sure`, each lost on its own."""
    if lacking <= 0 or loss_percent <= 0:
        return max(0, lacking)
    loss = min(0.9, loss_percent / 100)
    if lacking > 24:
        spread = math.sqrt(lacking * loss) / (1 - loss)
        return math.ceil(lacking / (1 - loss) + spread * (0.5 if sure < 0.9 else 1.6))
    sent = lacking
    chance = (1 - loss) ** lacking
    total = chance
    while total < sure and sent < 12 * lacking + 40:
        chance *= loss * sent / (sent - lacking + 1)
        total += chance
        sent += 1
    return sent


@dataclass(slots=True, eq=False)
class Outgoing:
    """One bundle on its way out."""

    tag: bytes
    sealed: bytes
    priority: int
    order: int
    resumed: bool = False
    """A former process may have sent some of it: ask before sending."""
    postponed_until: float = 0.0
    symbol_bytes: int = 0
    """0 until the first symbol is cut."""
    whole: bool = False
    encoder: Encoder | None = None
    missing: list[int] = field(default_factory=list)
    """Symbols that each block lacks, as the receiver told last."""
    next_row: list[int] = field(default_factory=list)
    under_way: deque[tuple[int, int]] = field(default_factory=deque)
    """(datagram counter, block) of symbols not yet covered by a report."""
    flying: list[int] = field(default_factory=list)
    """Symbols under way, by block."""
    unclear: bool = False
    """Enough was under way when the link fell silent: asking is cheaper than sending more."""
    ask_at: float | None = None
    """When to ask the peer about it, if nothing else brings news."""
    patience: int = 0
    bytes_sent: int = 0
    late_at: float = math.inf
    """When an answer to the last copy of an urgent one is late."""

    def cut(self, symbol_bytes_max: int, datagram_bytes: int) -> None:
        """Decide the symbols, once."""
        if self.symbol_bytes:
            return
        self.whole = len(self.sealed) + OVERHEAD_BYTES <= datagram_bytes
        if self.whole:
            self.symbol_bytes = len(self.sealed)
            self.missing, self.next_row, self.flying = [1], [0], [0]
            return
        self.recut(symbol_size(len(self.sealed), symbol_bytes_max))

    def recut(self, symbol_bytes: int) -> None:
        """Use symbols of this size; ValueError if that cannot be."""
        self.encoder = Encoder(self.sealed, symbol_bytes)
        layout = self.encoder.layout
        self.symbol_bytes = symbol_bytes
        self.missing = [layout.block_sources(block) for block in range(layout.blocks)]
        self.next_row = [0] * layout.blocks
        self.flying = [0] * layout.blocks
        self.under_way.clear()

    @property
    def all_there(self) -> bool:
        """Whether the receiver has said that it lacks nothing (DONE is still to come)."""
        return bool(self.missing) and not any(self.missing)

    @property
    def urgent(self) -> bool:
        """One datagram that a person waits for."""
        return self.whole and self.priority <= 1

    def lacking_bytes(self) -> int:
        """Bytes that the receiver does not have yet."""
        if not self.missing:
            return len(self.sealed)
        return min(len(self.sealed), sum(self.missing) * self.symbol_bytes)

    def wanted(self, loss: float) -> int | None:
        """The block that wants a symbol now: the one least far on; None if enough is under way."""
        percent = round(loss * 100)
        sure = SURE_URGENT if self.priority <= 1 else SURE_BULK
        best: int | None = None
        for block, lacking in enumerate(self.missing):
            if symbols_needed(lacking, percent, sure) > self.flying[block] and (
                best is None or self.next_row[block] < self.next_row[best]
            ):
                best = block
        return best

    def take(self, block: int, counter: int) -> Frame:
        """The next symbol of `block`, as datagram `counter`."""
        self.under_way.append((counter, block))
        self.flying[block] += 1
        if self.encoder is None:
            self.bytes_sent += len(self.sealed)
            return Whole(self.sealed, self.priority)
        row = self.next_row[block]
        self.next_row[block] = (row + 1) % BLOCK_SYMBOLS_MAX
        index = row * len(self.missing) + block
        self.bytes_sent += self.symbol_bytes
        payload = self.encoder.symbol(index)
        return Symbol(self.tag, index, len(self.sealed), payload, self.priority)

    def asked(self, now: float, rto: float) -> None:
        """Ask again later, and later each time."""
        self.ask_at = now + min(60.0, max(0.5, 2 * rto) * 2**self.patience)
        self.patience = min(10, self.patience + 1)

    def landed(self, highest: int) -> None:
        """A report covers datagrams up to `highest`: they are not under way any more."""
        while self.under_way and self.under_way[0][0] <= highest:
            self.flying[self.under_way.popleft()[1]] -= 1

    def told(self, have: Have) -> None:
        """The receiver said what it has. ValueError if that cannot be of this bundle."""
        resumed, self.resumed, self.unclear = self.resumed, False, False
        if not self.all_there:
            self.ask_at, self.patience = None, 0
        if have.missing and not any(have.missing):
            self.missing = [0] * len(self.missing)
        elif self.encoder is None:
            self.missing = [1]
        elif not have.missing:
            layout = self.encoder.layout
            self.missing = [layout.block_sources(block) for block in range(layout.blocks)]
        else:
            self._adopt(have, LATE_SYMBOLS if resumed else 0)

    def _adopt(self, have: Have, late: int) -> None:
        """Go on from what the receiver has, with its symbol size and above its indices; up to
        `late` symbols of an earlier process may still come."""
        if have.symbol_bytes != self.symbol_bytes:
            if have.symbol_bytes < SYMBOL_BYTES_LEAST:
                raise ValueError("symbols too small")
            self.recut(have.symbol_bytes)
        if len(have.missing) != len(self.missing):
            raise ValueError("another layout")
        self.missing = list(have.missing)
        fresh = -(-(have.next_index + late) // len(self.missing))
        for block, row in enumerate(self.next_row):
            if row < fresh < BLOCK_SYMBOLS_MAX and not self.flying[block]:
                self.next_row[block] = fresh


def _rank(one: Outgoing) -> tuple[int, int]:
    """Where a bundle stands in the queue."""
    return one.priority, one.order


class Outbox:
    """All outgoing bundles, most urgent first, then first come first served."""

    def __init__(self) -> None:
        """Start empty."""
        self._by_tag: dict[bytes, Outgoing] = {}
        self._queue: list[Outgoing] = []
        self._order = 0

    def __len__(self) -> int:
        """Bundles waiting or under way."""
        return len(self._by_tag)

    def __iter__(self) -> Iterator[Outgoing]:
        """Most urgent first."""
        return iter(self._queue)

    def get(self, tag: bytes) -> Outgoing | None:
        """The bundle with this tag."""
        return self._by_tag.get(tag)

    def add(self, tag: bytes, sealed: bytes, priority: int, *, resumed: bool) -> None:
        """Queue a bundle; one with a tag already here only changes its priority."""
        found = self._by_tag.get(tag)
        if found is None:
            self._order += 1
            found = Outgoing(tag, sealed, priority, self._order, resumed)
            self._by_tag[tag] = found
            insort(self._queue, found, key=_rank)
        elif found.priority != priority:
            found.priority = priority
            self._queue.sort(key=_rank)

    def drop(self, tag: bytes) -> Outgoing | None:
        """Forget a bundle; None if it was not here."""
        found = self._by_tag.pop(tag, None)
        if found is not None:
            self._queue.remove(found)
        return found

    def waiting(self, now: float) -> tuple[int, int]:
        """Bundles that are not postponed, and the bytes of them that the receiver lacks."""
        sizes = [one.lacking_bytes() for one in self._queue if one.postponed_until <= now]
        return len(sizes), sum(sizes)

    def begun(self) -> set[bytes]:
        """Tags of bundles that need more than one datagram and of which some has been sent."""
        return {one.tag for one in self._queue if one.bytes_sent and not one.whole}

    def landed(self, highest: int) -> None:
        """A report covers datagrams up to `highest`."""
        for one in self._queue:
            one.landed(highest)

    def forget_flight(self, loss: float) -> None:
        """Nothing is under way any more: reports did not come."""
        for one in self._queue:
            one.unclear = one.unclear or (any(one.flying) and one.wanted(loss) is None)
            one.under_way.clear()
            one.flying = [0] * len(one.flying)
