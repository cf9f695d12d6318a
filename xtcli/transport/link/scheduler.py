"""The scheduler: which bundle has the next datagram, and what to do when nothing is heard.

Theory. A report that was asked for is overdue one retransmission time-out after the *last* one
asked for, so single lost reports cost nothing while there is more to send. Overdue means the link
is stalled: whatever was under way is taken for lost and one datagram at a time probes the link,
until anything comes back; after a while further apart each time. The first probes are useful
symbols, unless enough was under way already; later ones are short questions, because a dead link
should cost nothing. An urgent bundle of one datagram is not waited for so long: copies of it leave
as soon as an answer could have come.

It knows no datagram formats beyond their sizes, no keys and no addresses.
"""

from __future__ import annotations

from collections import deque

from xtcli.transport.link.events import BundleRefused, BundleTaken, LinkConfig
from xtcli.transport.link.frames import SYMBOL_OVERHEAD_BYTES, Done, Have, Refused, Withdrawn
from xtcli.transport.link.rate import RateControl
from xtcli.transport.link.sending import Outbox, Outgoing

PROBE_BYTES_MAX = 600
"""Probing a dead link, a bundle up to this size is itself the probe; otherwise a question is."""
QUESTIONS_FROM = 3
"""From this many probes without an answer on, questions are sent instead of symbols."""
PROBE_S_MAX = 10.0
"""Longest pause between probes while the silence is young."""
PROBE_S_MAX_OLD = 120.0
OLD_PROBES = 25
"""Probes without an answer after which the silence is old."""
STEADY_PROBES = 14
"""Probes before their pauses grow, because on a lossy link several in a row may well be lost."""
STEADY_COLD = 7
"""The same where nothing was ever heard: two symbols, and the first questions."""
SYMBOL_PAUSE = 0.6
"""Pause after a probe that is a symbol, as a share of the time-out ..."""
QUESTION_PAUSE = 0.33
"""... and after one that is a question, which is forty times shorter."""
QUESTION_BYTES_MAX = 200
"""A flight no larger than this was a question."""
PAUSE_S_MIN = 0.2
BACK_OFF = 1.4
URGENT_LOSS = 0.25
"""Loss assumed for urgent small bundles after a time-out: they are sent more than once."""
COLD_LOSS = 0.1
"""The same before anything was heard, when the time-out itself is a guess."""

COPIES_MAX = 6
"""Copies of an urgent small bundle that leave soon after each other when nothing is heard: with a
fifth lost, in runs of three, five are lost together in one case of twenty-five."""
STEADY_COLD_URGENT = COPIES_MAX + 4
"""Probes before their pauses grow where nothing was ever heard, and all under way is urgent."""
FIRST_COPY_S = 1.0
"""Pause before the second copy where no answer ever came: most links have answered by then."""
LATE = 1.15
"""The same where the round trip is known, as a multiple of it."""
COPY_S = 0.3
"""Pause before each copy after that: a burst of losses may have passed."""
COPIES_BPS = 12_800.0
"""Copies never take more than this rate where none was measured."""


WITHDRAWN_MAX = 64
"""Withdrawn bundles remembered, to tell a peer that still holds parts of them."""


class Scheduler:
    """See the module."""

    def __init__(self, config: LinkConfig, rate: RateControl) -> None:
        """Nothing to send yet."""
        self.config = config
        self.rate = rate
        self.outbox = Outbox()
        self.probes = 0
        """Probes sent since the link stalled; 0 when it is not."""
        self._withdrawn: deque[bytes] = deque(maxlen=WITHDRAWN_MAX)

    # Time-outs

    def deadline(self) -> float | None:
        """When the report asked for last is overdue; None if none was asked for."""
        asked = self.rate.last_asked
        if asked is None:
            return None
        if self._copying:
            return asked + self._copy_pause_s()
        rto = self.rate.rto()
        longest = PROBE_S_MAX if self.probes < OLD_PROBES else PROBE_S_MAX_OLD
        # Where nothing was ever heard the time-out is a guess, and on a very slow link a bad one;
        # copies of an urgent bundle left before it, so it was not overdue as often as it was sent.
        heard = self.rate.srtt is not None
        steady = STEADY_PROBES if heard else STEADY_COLD_URGENT if self._urgent_out else STEADY_COLD
        if heard and 0 < self.probes < steady:
            short = self.rate.in_flight < QUESTION_BYTES_MAX
            share = QUESTION_PAUSE if short else SYMBOL_PAUSE
            return asked + max(PAUSE_S_MIN, rto * share)
        backed_off = rto * BACK_OFF ** min(40, max(0, self.probes - steady))
        return asked + max(rto, min(backed_off, longest))

    @property
    def _urgent_out(self) -> bool:
        """Whether all that is under way is urgent and small."""
        flying = [one for one in self.outbox if any(one.flying)]
        return bool(flying) and all(one.urgent for one in flying)

    @property
    def _copying(self) -> bool:
        """Whether all that is under way is urgent, small and not yet sent often."""
        return self._urgent_out and not any(
            any(one.flying) and one.bytes_sent >= COPIES_MAX * one.symbol_bytes
            for one in self.outbox
        )

    def leaves(self, one: Outgoing, now: float) -> None:
        """A datagram of `one` leaves now: from when on is the answer to it late?"""
        if one.urgent:
            again = one.bytes_sent > one.symbol_bytes
            usual = self.rate.answer_s() if again else self.rate.answer_s(now)
            one.late_at = now + self._pause_s(usual, again=again)

    def _late(self, one: Outgoing, now: float) -> bool:
        """Whether an urgent bundle should go once more although larger ones are under way: then the
        answer that would tell of its loss may be lost or far off, too. (Where all that is under way
        is urgent, `deadline` sees to it.)"""
        if not (one.urgent and any(one.flying) and now >= one.late_at):
            return False
        return one.bytes_sent < COPIES_MAX * one.symbol_bytes and not self._urgent_out

    def _copy_pause_s(self) -> float:
        """How long to wait for an answer before an urgent bundle is sent once more."""
        return self._pause_s(self.rate.answer_s(), again=bool(self.probes))

    def _pause_s(self, usual: float | None, *, again: bool) -> float:
        """The same where an answer takes `usual` seconds, for the first copy or those after it."""
        if usual is None:
            paced = self.rate.in_flight * 8 / COPIES_BPS
            return max(paced, COPY_S if again else FIRST_COPY_S)
        return max(COPY_S, usual / 3) if again else LATE * usual

    def overdue(self, now: float, *, polling: bool) -> bool:
        """Take note of overdue reports; True if the link is found stalled once more."""
        deadline = self.deadline()
        if deadline is None or now < deadline:
            return False
        self.rate.give_up_reports()
        if not len(self.outbox) and not polling:
            self.probes = 0
            return False
        self.probes = min(self.probes + 1, 1000)
        self.outbox.forget_flight(self.rate.loss.share)
        return True

    def reported(self, highest: int) -> None:
        """A report came: the link works."""
        self.probes = 0
        self.outbox.landed(highest)

    def resume(self, now: float) -> None:
        """Something came from the peer: if stalled, probe at once instead of later. Where there is
        nothing to probe with, a poll that waits for its answer keeps its time-out: without one it
        would never be repeated."""
        self.probes = min(self.probes, 1)
        if self.probes and any(one.postponed_until <= now for one in self.outbox):
            self.rate.give_up_reports()
            self.outbox.forget_flight(self.rate.loss.share)

    # What the peer says about our bundles

    def taken(self, item: Done | Refused) -> BundleTaken | BundleRefused | None:
        """The peer's last word on a bundle; None if it was not being sent."""
        if self.outbox.drop(item.tag) is None:
            return None
        if isinstance(item, Done):
            return BundleTaken(item.tag)
        return BundleRefused(item.tag, item.reason)

    def told(self, have: Have, *, current: bool) -> Withdrawn | None:
        """What the peer has of a bundle, and the answer if it need not keep it. `current`: it was
        said after something of this process had come, so an earlier process's datagrams are not
        under way any more. ValueError if it cannot be of that bundle."""
        found = self.outbox.get(have.tag)
        if found is None:
            kept = have.tag in self._withdrawn and any(have.missing)
            return Withdrawn(have.tag) if kept else None
        if current or not found.resumed:
            self.cut(found)
            found.told(have)
        return None

    def withdraw(self, tag: bytes) -> tuple[bool, Withdrawn | None]:
        """Stop sending a bundle: whether it was being sent, and what to tell the peer."""
        found = self.outbox.drop(tag)
        if found is None:
            return False, None
        if found.whole or not (found.bytes_sent or found.resumed):
            return True, None
        self._withdrawn.append(tag)
        return True, Withdrawn(tag)

    # Bundles

    def choose(self, now: float) -> tuple[Outgoing, int] | None:
        """The bundle and block that have the next datagram, if one may leave now."""
        if now < self.rate.ready_at or self._probing:
            return None
        found = self.wanting(now)
        if found is None or (self.rate.blocked() and not self._overtakes(found[0], now)):
            return None
        return found

    def _overtakes(self, one: Outgoing, now: float) -> bool:
        """Whether a bundle may leave although the window is full: urgent, and nothing of it out or
        the answer late."""
        return one.urgent and (not any(one.flying) or self._late(one, now))

    @property
    def _probing(self) -> bool:
        """Whether a probe is under way: nothing else is sent meanwhile."""
        return self.probes > 0 and self.rate.last_asked is not None

    def wanting(self, now: float) -> tuple[Outgoing, int] | None:
        """The most urgent bundle that wants a symbol sent, and the block. A second copy of a small
        one, in case the first is lost, waits until its equals have left once."""
        copy: tuple[Outgoing, int] | None = None
        for one in self.outbox:
            if copy is not None and one.priority > copy[0].priority:
                break
            if one.postponed_until > now:
                continue
            self.cut(one)
            block = None if self._asks(one) else one.wanted(self._loss(one))
            if block is None and self._late(one, now):
                block = 0
            if block is None:
                continue
            if not (one.urgent and any(one.flying)):
                return one, block
            copy = copy or (one, block)
        return copy

    def _loss(self, one: Outgoing) -> float:
        share = self.rate.loss.share
        if not one.urgent or not self.probes or one.bytes_sent < COPIES_MAX * one.symbol_bytes:
            return share
        return max(share, COLD_LOSS if self.rate.srtt is None else URGENT_LOSS)

    def flight_ends(self, size: int, now: float) -> bool:
        """Whether nothing may follow a datagram of `size` until a report comes."""
        following = self.wanting(now)
        if self.probes:
            return following is None or not following[0].urgent
        return following is None or self.rate.in_flight + size > self.rate.window_bytes()

    def cut(self, one: Outgoing) -> None:
        """Cut a bundle for the link as measured now, once."""
        if one.symbol_bytes:
            return
        limit = self.config.datagram_bytes - SYMBOL_OVERHEAD_BYTES
        if self.rate.proven:
            timed = int(self.rate.rate_bps * self.config.symbol_s / 8)
            timed -= self.config.overhead_bytes + SYMBOL_OVERHEAD_BYTES
            limit = min(limit, max(self.config.symbol_bytes_min, timed))
        one.cut(limit, self.config.datagram_bytes)

    # Questions

    def _asks(self, one: Outgoing) -> bool:
        """Whether a bundle's next datagram is a question: what has the peer of it?"""
        if one.whole:
            return self.probes >= QUESTIONS_FROM and len(one.sealed) > PROBE_BYTES_MAX
        asks = self.probes > 0 and (one.unclear or self.probes >= QUESTIONS_FROM)
        return one.resumed or asks

    def question(self, now: float) -> bytes | None:
        """The tag of a bundle to ask about now. A question asks for a report too, so while one
        is under way there is none."""
        if self.rate.last_asked is not None:
            return None
        for one in self.outbox:
            due = self._question_at(one, now)
            if due is not None and due <= now:
                one.asked(now, self.rate.rto())
                return one.tag
        return None

    def _question_at(self, one: Outgoing, now: float) -> float | None:
        """When to ask about this bundle; None if nothing is unclear."""
        if one.postponed_until > now:
            return None
        if self._asks(one):
            return now
        if one.all_there:
            if one.ask_at is None:
                one.asked(now, self.rate.rto())
            return one.ask_at
        if any(one.flying) and one.wanted(self.rate.loss.share) is None:
            return now
        return None

    def next_timer(self, now: float) -> float | None:
        """When `choose`, `question` or `overdue` next have something to do."""
        times: list[float] = []
        deadline = self.deadline()
        if deadline is not None:
            times.append(deadline)
        if not self._probing:
            found = self.wanting(now)
            if found is not None and (not self.rate.blocked() or self._overtakes(found[0], now)):
                times.append(self.rate.ready_at)
            times += self._late_times(now)
        for one in self.outbox:
            if one.postponed_until > now:
                times.append(one.postponed_until)
            elif deadline is None:
                due = self._question_at(one, now)
                if due is not None:
                    times.append(due)
        return min(times, default=None)

    def _late_times(self, now: float) -> list[float]:
        """When answers to urgent bundles that are under way will be late."""
        return [
            max(one.late_at, self.rate.ready_at)
            for one in self.outbox
            if one.urgent and any(one.flying) and one.late_at > now
        ]
