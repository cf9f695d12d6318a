"""A call with a guest: somebody at an ordinary browser, with a link that this station gave out.

    GuestCall.run()   room at the hub → link → the guest's name → a person here agrees → talk

Signalling goes in sealed papers through the hub (`calls_guest_room`), sound straight between the
browser and here (`media.call.guest_leg`). A guest is nobody that the realm knows: the name is what
was typed, and the record says so. Everything else is a call as in `calls`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from xtcli.errors import LinkDown, NotAllowed, XtError
from xtcli.lang import tr
from xtcli.media.call.handshake import is_ring
from xtcli.media.call.states import State
from xtcli.station.calls import LiveCall
from xtcli.station.calls_guest_room import GuestRoom
from xtcli.station.calls_guest_wire import NO_PAGE
from xtcli.station.calls_line import hint
from xtcli.station.calls_wire import Route, is_enveloped, open_envelope
from xtcli.station.routing import HUB

if TYPE_CHECKING:
    from xtcli.media.call.events import CallEvent
    from xtcli.media.call.guest import GuestSession
    from xtcli.media.call.guest_leg import GuestLeg
    from xtcli.station.calls_values import CallOptions, CallReport, Hooks
    from xtcli.station.station import Station

TICK_SECONDS = 0.05
ANSWER_SECONDS = 20.0
"""The hub is asked for a room for so long."""
CONNECT_SECONDS = 30.0
AGAIN_SECONDS = 15.0
"""A line that broke is offered anew so often."""
SILENT_SECONDS = 3.0
CLOSING_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class GuestOptions:
    """How a front end takes part in what comes before the call."""

    name: str = ""
    """For whom the link is; the guest's page says so."""
    opened: Callable[[str], None] = lambda url: None
    """Told the link."""
    admit: Callable[[str, bool], bool] = lambda name, keep: False
    """Asked whether the guest may come in: the name as typed, whether the guest agrees to keeping.
    In a helper's thread."""


class GuestCall(LiveCall):
    """One call with a guest. Use it once."""

    def __init__(
        self, station: Station, options: CallOptions, hooks: Hooks, guest: GuestOptions
    ) -> None:
        """Nothing happens before `run`."""
        super().__init__(station, options, hooks)
        self._guest = guest
        self._room = GuestRoom(station.entropy, time.monotonic())
        self._leg: GuestLeg | None = None
        self._offer = self._answered = 0
        self._offered_at = 0.0
        self._admitted = False
        self._talking_to: GuestSession | None = None
        self._legs: list[asyncio.Task[None]] = []

    # Before the call

    def _open_sound(self) -> None:
        # It takes a second to load: now, not while a guest waits.
        import aiortc  # noqa: F401

        super()._open_sound()

    async def _talk(self) -> None:
        ticker = asyncio.create_task(self._tick_on())
        try:
            await super()._talk()
        finally:
            await self._leave()
            ticker.cancel()
            with suppress(asyncio.CancelledError):
                await ticker

    async def _begin(self) -> None:
        """Room, link, guest, consent."""
        assert self._line is not None
        self._line.start(self._receive)
        await self._open_case()
        self._room.say(
            time.monotonic(), st="open", by=self._by(), k=int(self.options.keep),
            **{"for": self._guest.name or None},
        )  # fmt: skip
        await self._until(lambda: bool(self._room.opened or self._room.refusal), ANSWER_SECONDS)
        self._check_room()
        self._guest.opened(self._room.url)
        await self._until(lambda: self._room.said is not None, None)
        await self._ask()

    def _by(self) -> str:
        """Who asks the guest in, as the guest sees it. Nothing about the patient."""
        person = self.station.roster.practitioner(self.station.settings.practitioner)
        names = (person.name if person is not None else "", self.station.settings.name)
        return " · ".join(name for name in names if name)[:80]

    async def _until(self, test: Callable[[], bool], seconds: float | None) -> None:
        """Until it is so, a person stops, or it is too late; the next step looks which."""
        end = None if seconds is None else time.monotonic() + seconds
        while not test():
            now = time.monotonic()
            if self.hooks.stop() or (end is not None and now > end) or self._room.expired(now):
                self._room.close(now, "expired" if self._room.expired(now) else "hung up")
                raise LinkDown(
                    "No guest has come.", "Ask again: xt call {case} --guest NAME",
                    case=str(self.options.case),
                )  # fmt: skip
            self._show_view(now)
            await asyncio.sleep(TICK_SECONDS)

    def _check_room(self) -> None:
        if self._room.refusal == NO_PAGE:
            raise NotAllowed(
                "Your hub serves no page for guests.", "There: xt hub serve --web HOST:PORT"
            )
        if self._room.refusal:
            raise NotAllowed("The hub has no room for more guests.", "Try again in some minutes.")

    async def _ask(self) -> None:
        """A person here sees the name and agrees, or not. The line is found meanwhile."""
        from xtcli.media.call.guest import GuestSession

        said = self._room.said
        assert said is not None
        now = time.monotonic()
        self._room.say(now, st="asked")
        self.peer, self._began, self._rang = HUB, now, True
        self._talking_to = GuestSession(now, self.station.entropy)
        keep = self.options.keep and said.keep
        if await asyncio.to_thread(self._guest.admit, said.name, keep):
            self._admitted = True
            self._consent = self._recording = keep
            self._began = time.monotonic()
            self._room.say(self._began, st="on", m="live")
        with self._lock:
            self.session = self._talking_to
        if not self._admitted:
            self._room.close(time.monotonic(), "declined")
            self._talking_to.hang_up(time.monotonic())

    # While it lasts

    async def _tick_on(self) -> None:
        while True:
            now = time.monotonic()
            self._tick(now)
            if self._line is not None:
                for payload in self._room.send(now):
                    self._line.send(payload)
            await asyncio.sleep(TICK_SECONDS)

    def _tick(self, now: float) -> None:
        said, session = self._room.said, self._talking_to
        if said is None or session is None or session.state is State.ENDED:
            return
        if said.left or self._gone(now):
            with self._lock:
                session.guest_left(now)
            self._room.close(now, "hung up")
            return
        self._mend(now)
        if self._admitted and session.state is State.INCOMING:
            if self._leg is not None and self._leg.connected:
                self._start(session, now)
            elif now - self._began > CONNECT_SECONDS:
                self._end_unconnected(session, now)
        elif session.guest is not None and session.state is State.TALKING:
            with self._lock:
                mode, bps, hold = session.guest.wish(now)
            self._room.say(now, m=mode, b=bps, d=-(-hold // 20) * 20)
            if self._leg is not None and self._leg.connected:
                self._room.say(now, of=None)

    def _start(self, session: GuestSession, now: float) -> None:
        assert self._line is not None
        with self._lock:
            session.admit(now, hint(self._line.rate_bps))

    def _end_unconnected(self, session: GuestSession, now: float) -> None:
        self.hooks.show(tr("No way to the guest's browser was found."), None)
        with self._lock:
            session.hang_up(now)
        self._room.close(now, "lost")

    def _silent_s(self, now: float) -> float:
        """How long nothing came over the line to the browser."""
        heard = self._leg.heard_at if self._leg is not None else None
        return now - heard if heard is not None else now - self._offered_at

    def _gone(self, now: float) -> bool:
        """The page asks no more, and nothing comes from the browser."""
        away = self._room.away_at
        return away is not None and self._silent_s(now) > SILENT_SECONDS

    def _mend(self, now: float) -> None:
        """Offer a line, or another one when that broke or the page was loaded again."""
        leg, said = self._leg, self._room.said
        assert said is not None
        if self._room.anew:
            self._room.anew = False
            self._offer_line(now)
        elif leg is None:
            self._offer_line(now)
        elif said.end is not None and said.answers == self._offer > self._answered:
            self._answered = self._offer
            leg.connect(said.end)
        elif now - self._offered_at > AGAIN_SECONDS and self._answered == self._offer:
            silent = leg.heard_at is not None and self._silent_s(now) > AGAIN_SECONDS
            if leg.failed or silent:
                self._offer_line(now)

    def _offer_line(self, now: float) -> None:
        from xtcli.media.call.guest_leg import GuestLeg

        assert self._room.opened is not None
        self._offer += 1
        take = partial(self._from_guest, self._offer)
        before, self._leg = self._leg, GuestLeg(self._room.opened.ice, take)
        self._offered_at = now
        if self._talking_to is not None and self._talking_to.guest is not None:
            with self._lock:
                self._talking_to.guest.new_line()
        self._legs.append(asyncio.create_task(self._gather(self._leg, self._offer, before)))

    async def _gather(self, leg: GuestLeg, offer: int, before: GuestLeg | None) -> None:
        if before is not None:
            await before.close()
        end = await leg.gather()
        if offer == self._offer:
            self._room.say(time.monotonic(), of={"o": offer, **end.document()})

    def _from_guest(self, offer: int, packet: bytes) -> None:
        """RTP or RTCP from the browser; a line that was given up says nothing more."""
        if self.session is not None and offer == self._offer:
            with self._lock:
                self.session.receive(packet, time.monotonic())
            self._flush()

    def _flush(self) -> None:
        """Send what the session has to say: to the browser, not to the hub."""
        now = time.monotonic()
        with self._lock:
            if self.session is None:
                return
            while (payload := self.session.send(now)) is not None:
                if self._leg is not None and self._leg.connected:
                    self._leg.send(payload)

    def _receive(self, payload: bytes) -> None:
        """A payload from the hub."""
        now = time.monotonic()
        with suppress(XtError):
            if not is_enveloped(payload):
                return
            envelope = open_envelope(payload)
            if envelope.route is Route.GUEST and envelope.station == 0:
                self._room.take(envelope.payload, now)
            elif envelope.route in (Route.TO, Route.JOIN) and is_ring(envelope.payload):
                self._busy(envelope, now)

    def _silent(self) -> bool:
        """Whether the hub may not know where this station is: the room is opened again anyway."""
        return False

    def _event(self, event: CallEvent) -> None:
        super()._event(event)
        if self._kept is not None and not self._kept.guest:
            said = self._room.said
            self._kept = replace(self._kept, guest=said.name if said is not None else "")

    # The end

    async def _leave(self) -> None:
        """Tell guest and hub, and let go."""
        now = time.monotonic()
        reason = self.session.reason if self.session is not None else "hung up"
        self._room.close(now, "lost" if reason == "lost" else "hung up")
        while not self._room.closed and time.monotonic() - now < CLOSING_SECONDS:
            await asyncio.sleep(TICK_SECONDS)
        for task in self._legs:
            task.cancel()
        await asyncio.gather(*self._legs, return_exceptions=True)
        if self._leg is not None:
            await self._leg.close()

    async def _report(self) -> CallReport:
        assert self.session is not None
        self.session.signalling_bytes += self._room.bytes
        said = self._room.said
        return replace(await super()._report(), guest=said.name if said is not None else "")


def run_guest_call(
    station: Station, options: CallOptions, hooks: Hooks, guest: GuestOptions
) -> CallReport:
    """A call from beginning to end, in an event loop of its own."""
    return asyncio.run(GuestCall(station, options, hooks, guest).run())
