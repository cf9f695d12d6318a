"""A browser as the telephone of a call: its sound in place of microphone and loudspeaker.

    BrowserCall.run()   serve the page → a browser joins → ring or answer, as any call → hang up

The leg from browser to here is DTLS-SRTP (`media.call.webrtc`), and this station is an end of the
call: it hears it. The page is in `calls_browser_page`; everything else is a call as in `calls`.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from typing import TYPE_CHECKING

from xtcli.errors import LinkDown, NotFound, XtError
from xtcli.lang import tr
from xtcli.media.call.states import State
from xtcli.station.calls import LiveCall
from xtcli.station.calls_browser_page import BrowserOptions, PageServer
from xtcli.station.calls_sound import FRAME_SAMPLES, FRAME_SECONDS
from xtcli.station.calls_values import Hooks

if TYPE_CHECKING:
    from xtcli.media.call.webrtc import BrowserLeg
    from xtcli.station.calls_board import Incoming
    from xtcli.station.calls_sound import Capture, Play
    from xtcli.station.calls_values import CallOptions, CallReport
    from xtcli.station.station import Station

JOIN_SECONDS = 600.0
"""A page that nobody joined on is closed."""
BACK_SECONDS = 10.0
"""How long a browser is waited for of which nothing comes: its connection broke, or it is gone."""
LOOK_SECONDS = 0.05


class BrowserEnd:
    """Microphone and loudspeaker of a call, 60 ms at a time; silence while no browser is there."""

    def __init__(self, capture: Capture, play: Play) -> None:
        """No browser is there yet."""
        self.failure: XtError | None = None
        self.leg: BrowserLeg | None = None
        self.joined = False
        """Whether a browser was ever connected."""
        self.state = "waiting"
        """What the page is told: waiting, ringing, on, ptt, note or over."""
        self._capture, self._play = capture, play
        self._seen = 0.0
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin; a second time does nothing."""
        if self._task is None:
            self._task = asyncio.create_task(self._run())

    def stop(self) -> None:
        """End."""
        if self._task is not None:
            self._task.cancel()

    @property
    def connected(self) -> bool:
        """Whether sound can pass now."""
        return self.leg is not None and self.leg.state == "connected"

    def leave(self) -> None:
        """The person in the browser hangs up."""
        self.failure = self.failure or LinkDown("The browser has left the call.")

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            self._tick(time.monotonic())
            due += FRAME_SECONDS
            await asyncio.sleep(max(0.0, due - loop.time()))

    def _tick(self, now: float) -> None:
        leg = self.leg
        pcm = self._play(FRAME_SAMPLES)
        if leg is None or not self.connected:
            if self.joined and now - self._seen > BACK_SECONDS:
                self.leave()
            return self._capture(bytes(2 * FRAME_SAMPLES))
        if not self.joined or (leg.heard_at is not None and leg.heard_at > self._seen):
            self.joined, self._seen = True, leg.heard_at or now
        if now - self._seen > BACK_SECONDS:
            self.leave()
        self._capture(leg.microphone(now))
        leg.loudspeaker(pcm)


class BrowserCall(LiveCall):
    """One call whose person sits at a browser. Use it once."""

    def __init__(
        self, station: Station, options: CallOptions, hooks: Hooks, browser: BrowserOptions
    ) -> None:
        """UsageError for an address that browsers could not use; nothing else happens yet."""
        self._end = BrowserEnd(self._capture, self._play)
        self._server = PageServer(station, self._end, browser)
        self._opened = browser.opened
        stop = hooks.stop
        super().__init__(
            station, options,
            replace(hooks, stop=lambda: stop() or self._end.failure is not None),
        )  # fmt: skip

    def _open_sound(self) -> None:
        # It takes a second to load: now, not while the link or a browser waits.
        import aiortc  # noqa: F401

        self._ends.append(self._end)

    async def _talk(self) -> None:
        """The browser first: nobody is rung for an empty chair."""
        self._opened(await self._server.open())
        try:
            self._end.start()
            await self._joined()
            await super()._talk()
        finally:
            await self._server.close()

    def _look(self) -> None:
        super()._look()
        self._end.state = self._page_state()

    def _page_state(self) -> str:
        """What is so, for the person at the browser."""
        assert self.session is not None
        talk = self.session.talk
        if self.session.state in (State.LEAVING, State.DRAINING, State.ENDED):
            return "over"
        if self.session.state is not State.TALKING or talk is None:
            return "ringing"
        if talk.lost_contact or not talk.ladder.rung.live:
            return "note"
        return "ptt" if talk.half_duplex else "on"

    async def _joined(self) -> None:
        """Until a browser is connected."""
        end = time.monotonic() + JOIN_SECONDS
        while not self._end.connected:
            if self.hooks.stop() or time.monotonic() > end:
                raise LinkDown(
                    "No browser has joined.", "Call again and open the page: xt call {case}",
                    case=str(self.options.case),
                )  # fmt: skip
            await asyncio.sleep(LOOK_SECONDS)
        self.hooks.show(tr("The browser has joined."), None)

    async def _wait(self, *, ask: bool) -> Incoming:
        """For a ring: as long as the browser stays."""
        while True:
            try:
                return await super()._wait(ask=ask)
            except NotFound:
                if self._end.failure is not None:
                    raise self._end.failure from None
                if self.hooks.stop():
                    raise


def run_browser_call(
    station: Station, options: CallOptions, hooks: Hooks, browser: BrowserOptions
) -> CallReport:
    """A call from beginning to end, in an event loop of its own."""
    return asyncio.run(BrowserCall(station, options, hooks, browser).run())
