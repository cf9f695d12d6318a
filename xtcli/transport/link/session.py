"""`Link`: one station's end of the link to one other station. Sans-IO.

The shell gives it datagrams (`receive`) and time, asks it for the next datagram (`send`) and
when to ask again (`next_timer`), and reads `events`. Rules that hold whatever arrives:

* a bundle is DONE only after the shell said `accept`; a duplicate of an accepted one vanishes;
* the most urgent bundle has every datagram; control items ride along where they fit;
* with nothing to say, nothing is sent.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from xtcli.transport.link import frames, insight
from xtcli.transport.link.control import Control
from xtcli.transport.link.counting import Counter
from xtcli.transport.link.events import (
    PRIORITIES,
    Contact,
    LinkConfig,
    LinkEvent,
    LinkMeasure,
    PartWithdrawn,
    PeerPolled,
    Realtime,
    Received,
    SymbolsToKeep,
    TransferProgress,
)
from xtcli.transport.link.frames import (
    Ask,
    ControlItem,
    Datagram,
    Done,
    Frame,
    FrameError,
    Have,
    Kind,
    Poll,
    Refused,
    Report,
    Resync,
    Status,
    Withdrawn,
)
from xtcli.transport.link.freshness import Freshness
from xtcli.transport.link.keys import Seal
from xtcli.transport.link.rate import RateControl
from xtcli.transport.link.realtime import RealtimeQueue
from xtcli.transport.link.receiving import Inbox
from xtcli.transport.link.scheduler import Scheduler
from xtcli.transport.symbols import bundle_tag

SILENCE_S = 30.0
"""After this long, a datagram is a new contact."""


class Link:
    """See the module. Times are the shell's monotonic seconds."""

    def __init__(
        self,
        *,
        local: int,
        peer: int,
        key: bytes,
        now: float,
        entropy: Callable[[int], bytes],
        config: LinkConfig | None = None,
    ) -> None:
        """Join station `local` to station `peer`; `key` is `keys.link_key` of the two."""
        self.local, self.peer = local, peer
        self.config = config or LinkConfig()
        self.rate = RateControl(now)
        self.peer_waiting: int | None = None
        """Bundles that wait for us at the peer, as it told last; None: not known."""
        self.peer_waiting_bytes = 0
        self.unoffered = 0  # Set by the shell: bundles that wait for the peer, not offered yet.
        self.invalid = 0
        """Datagrams refused: a tag that does not check, or content that is malformed."""
        self.inbox = Inbox(self.config)
        self._scheduler = Scheduler(self.config, self.rate)
        self._outbox = self._scheduler.outbox
        self.waiting = self._outbox.waiting
        """At a time: bundles that are not postponed, and the bytes of them that the peer lacks."""
        self._control = Control(entropy(1)[0])
        self._fresh = Freshness()
        self._seal_out = Seal(key, local, peer)
        self._seal_in = Seal(key, peer, local)
        self._events: deque[LinkEvent] = deque()
        self._realtime = RealtimeQueue(local, self.config.datagram_bytes)
        self._counter = Counter()
        self._heard_of = 0
        """The highest counter that the peer has reported."""
        self._last_contact: float | None = None
        self._last_sent = self._keep_alive_until = now

    # What the shell wants

    def offer(
        self, tag: bytes, sealed: bytes, priority: int, now: float, *, resumed: bool = False
    ) -> None:
        """Send a bundle; `tag` must be `symbols.bundle_tag(sealed)`. `resumed`: an earlier process
        may have sent some of it, so the peer is asked first what it has. ValueError if the bundle
        is empty or too large, or the tag is not its own."""
        if not 0 < len(sealed) <= self.config.bundle_bytes_max:
            raise ValueError("bundle is empty or too large")
        if tag != bundle_tag(sealed) or not 0 <= priority < PRIORITIES:
            raise ValueError("wrong tag or priority")
        self._outbox.add(tag, sealed, priority, resumed=resumed)

    def withdraw(self, tag: bytes) -> bool:
        """Stop sending a bundle; False if it was not being sent."""
        was_sent, notice = self._scheduler.withdraw(tag)
        self._control.queue(notice)
        return was_sent

    def postpone(self, tag: bytes, until: float) -> bool:
        """Send nothing of a bundle before `until`; False if it is not being sent."""
        found = self._outbox.get(tag)
        if found is not None:
            found.postponed_until = until
        return found is not None

    def accept(self, tag: bytes) -> None:
        """The bundle is held durably: say DONE, and answer DONE to every later copy."""
        self._control.queue(self.inbox.settle(tag, 0))

    def refuse(self, tag: bytes, reason: int) -> None:
        """The bundle will not be taken; `reason` 1-255, see docs/format/link.md."""
        if not 0 < reason < 256:
            raise ValueError("reason is 1 to 255")
        self._control.queue(self.inbox.settle(tag, reason))

    def restore_symbols(self, kept: SymbolsToKeep) -> None:
        """Symbols that arrived in an earlier process."""
        self.inbox.restore(kept)

    def poll(self, now: float) -> None:
        """Ask whether anything waits for us; `peer_waiting` is None until the answer comes."""
        self.peer_waiting = None
        self._control.poll()
        self._scheduler.resume(now)

    @property
    def polling(self) -> bool:
        """Whether a poll waits for its answer."""
        return self._control.polling

    def forget_rate(self, now: float) -> None:
        """Measure afresh: the link goes over another road now."""
        self.rate = self._scheduler.rate = RateControl(now)

    def question(self) -> bytes:
        """A datagram that asks for an answer over another road and says nothing else. Its loss is
        not counted as a loss of the road in use."""
        number = self._counter.take()
        poll = Poll(number & 0xFF)
        content = frames.pack_content(self.local, number, [poll], None, report=False)
        return content + self._seal_out.tag(content)

    def keep_alive_until(self, until: float) -> None:
        """Keep the way back open until then, because somebody waits."""
        self._keep_alive_until = until

    def send_realtime(self, payload: bytes, now: float) -> None:
        """Send a real-time payload next, before everything else; old ones give way."""
        self._realtime.put(payload)

    # What arrives

    def receive(self, datagram: bytes, now: float) -> Received:
        """Take a datagram. Anything not genuine is counted and changes nothing."""
        kind = frames.kind_of(datagram)
        if (
            kind is None
            or len(datagram) > 2 * frames.DATAGRAM_BYTES_MAX
            or frames.sender_of(datagram) != self.peer
            or not self._seal_in.verify(datagram)
        ):
            self.invalid += 1
            return Received.INVALID
        content = datagram[: -frames.MAC_BYTES]
        if kind == Kind.REALTIME:
            self._events.append(Realtime(content[frames.REALTIME_HEAD_BYTES :]))
            return Received.OLD
        try:
            parsed = frames.unpack_content(content)
        except FrameError:
            self.invalid += 1
            return Received.INVALID
        received, usable = self._fresh.check(parsed.counter, now)
        if received is Received.FRESH:
            self._contact(now)
        if usable:
            self._take(parsed, now)
        return received

    def resync(self, now: float) -> bytes | None:
        """After OLD and AGAIN: the datagram to answer to where it came from, if its sender seems to
        have lost its counter. Send it only if it is no longer than what came."""
        highest = self._fresh.resync(now)
        return self._datagram([Resync(highest)], None, now, report=False) if highest else None

    def _contact(self, now: float) -> None:
        if self._last_contact is None or now - self._last_contact > SILENCE_S:
            self._events.append(Contact(now))
        self._last_contact = now
        self._scheduler.resume(now)

    def _take(self, parsed: Datagram, now: float) -> None:
        """Act on the content of a genuine datagram that was not seen before."""
        if parsed.report:
            self._control.report_due = True
        for item in parsed.items:
            self._take_item(item, now)
        if self._control.unanswered(self._heard_of, awaited=self.rate.last_asked is not None):
            self._control.poll_again(self.config.poll_tries)
        if parsed.frame is not None:
            self._take_frame(parsed.frame)

    def _take_item(self, item: ControlItem, now: float) -> None:
        match item:
            case Report():
                self._heard_of = max(self._heard_of, item.highest)
                if self.rate.report(item, now):
                    self._scheduler.reported(item.highest)
            case Poll(number):
                self._control.status_due = number
                self._events.append(PeerPolled())
            case Status(number, bundles, size):
                if self._control.polled(number):
                    self.peer_waiting, self.peer_waiting_bytes = bundles, size
            case Resync(highest):
                self._counter.beyond(highest)
            case _:
                self._take_word(item)

    def _take_word(self, item: Have | Done | Refused | Ask | Withdrawn) -> None:
        """What the peer says of a bundle, of ours or of its own."""
        match item:
            case Have():
                self._told(item)
            case Done() | Refused():
                if (event := self._scheduler.taken(item)) is not None:
                    self._events.append(event)
            case Ask(tag):
                self._control.queue(self.inbox.answer(tag) or self.inbox.have(tag))
            case Withdrawn(tag):
                if self.inbox.drop(tag):
                    self._events.append(PartWithdrawn(tag))

    def _told(self, have: Have) -> None:
        """What the peer has of a bundle of ours."""
        try:
            notice = self._scheduler.told(have, current=self._heard_of >= self._counter.born)
        except ValueError:
            self.invalid += 1
        else:
            self._control.queue(notice)

    def _take_frame(self, frame: Frame) -> None:
        tag, event = self.inbox.take(frame)
        if isinstance(event, Refused):
            self._control.queue(event)
        elif event is not None:
            self._events.append(event)
        elif (answer := self.inbox.answer(tag)) is not None:
            self._control.queue(answer)

    def events(self) -> list[LinkEvent]:
        """What happened since the last call, in order."""
        happened, self._events = list(self._events), deque()
        return happened

    # What leaves

    def send(self, now: float) -> bytes | None:
        """The next datagram to send now, if any. Call until None, then wait for `next_timer`."""
        if self._counter.spent:
            return None
        if self._realtime:
            return self._realtime_datagram(now)
        if self._scheduler.overdue(now, polling=self._control.polling):
            self._control.poll_again(self.config.poll_tries)
        chosen = self._scheduler.choose(now)
        items = self._control_items(now)
        if chosen is None:
            return self._bare(items, now)
        one, block = chosen
        if items and not frames.fits(items, one.symbol_bytes, whole=one.whole):
            return self._datagram(items, None, now, report=False)
        frame = one.take(block, self._counter.next)
        self._scheduler.leaves(one, now)
        size = one.symbol_bytes + frames.SYMBOL_OVERHEAD_BYTES + self.config.overhead_bytes
        report = self.rate.wants_report(size) or self._scheduler.flight_ends(size, now)
        return self._datagram(items, frame, now, report=report, paced=True)

    def _bare(self, items: list[ControlItem], now: float) -> bytes | None:
        """A datagram without a bundle: control items, a question to a silent peer, keep-alive."""
        asking = any(isinstance(item, Poll | Ask) for item in items)
        if items:
            return self._datagram(items, None, now, report=asking)
        if self._alive_at(now) is not None and now >= self._last_sent + self.config.keep_alive_s:
            return self._datagram([], None, now, report=False)
        return None

    def _control_items(self, now: float) -> list[ControlItem]:
        """Everything that control has to say now."""
        if (tag := self._scheduler.question(now)) is not None:
            self._control.queue(Ask(tag))
        if not self._control.due:
            return []
        report = self._fresh.report(now) if self._control.report_due else None
        bundles, size = self._outbox.waiting(now)
        return self._control.items(report, self.inbox.touched, (bundles + self.unoffered, size))

    def _datagram(
        self,
        items: list[ControlItem],
        frame: Frame | None,
        now: float,
        *,
        report: bool,
        paced: bool = False,
    ) -> bytes:
        """Seal a datagram and account for it."""
        counter = self._counter.take()
        content = frames.pack_content(self.local, counter, items, frame, report=report)
        datagram = content + self._seal_out.tag(content)
        if any(isinstance(item, Poll) for item in items):
            self._control.polled_at = counter
        size = len(datagram) + self.config.overhead_bytes
        self.rate.sent(counter, size, now, asked=report, paced=paced)
        self._last_sent = now
        return datagram

    def _realtime_datagram(self, now: float) -> bytes:
        """A real-time payload: no counter, its own replay protection is inside."""
        content = self._realtime.content()
        datagram = content + self._seal_out.tag(content)
        self.rate.yield_to(len(datagram) + self.config.overhead_bytes, now)
        self._last_sent = now
        return datagram

    def next_timer(self, now: float) -> float | None:
        """When to call `send` next, if nothing arrives before; None: never."""
        if self._realtime or self._control.due:
            return now
        times = [self._scheduler.next_timer(now), self._alive_at(now)]
        due = min((time for time in times if time is not None), default=None)
        return None if due is None else max(now, due)

    def _alive_at(self, now: float) -> float | None:
        """When the next keep-alive is due, if one is wanted."""
        at = self._last_sent + self.config.keep_alive_s
        return at if at <= self._keep_alive_until else None

    # What is known

    def measured(self) -> LinkMeasure:
        """The link as measured so far."""
        return insight.measured(self.rate, self._outbox, self._last_contact, self.invalid)

    def estimate(self, size: int, priority: int, now: float) -> float | None:
        """Seconds until `size` more bytes would be at the peer; None if it was never measured."""
        return insight.estimate(self.rate, self._outbox, self.config, size, priority, now)

    def begun(self) -> set[bytes]:
        """As `Outbox.begun`."""
        return self._outbox.begun()

    def started(self, tag: bytes) -> bool:
        """Whether anything of a bundle has left; True also for one not being sent any more."""
        return (found := self._outbox.get(tag)) is None or found.bytes_sent > 0

    def progress(self) -> list[TransferProgress]:
        """Every bundle on its way, outgoing first."""
        return insight.outgoing(self._outbox) + self.inbox.progress()

    @property
    def save_due(self) -> bool:
        """Whether `save` should be called before more is sent (`counting`, `freshness`)."""
        return self._counter.reserve_due or self._fresh.save_due

    def save(self) -> bytes:
        """What the next process should know: counters and the link as measured."""
        self._fresh.saved = self._fresh.highest
        return insight.pack_state(self._counter.reserve(), self._fresh.highest, self.rate)

    def restore(self, state: bytes) -> bool:
        """Go on from a saved state; False if it is not one (nothing changes)."""
        if (counters := insight.restore_state(state, self.rate)) is None:
            return False
        self._counter.restore(counters[0])
        self._fresh.restore(counters[1])
        return True
