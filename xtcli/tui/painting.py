"""All that one key brings is painted at once.

Textual paints what has changed every sixtieth of a second. What a key brings comes in steps: the
cursor moves, then the line about the case follows, then a page finds its new height, then its
neighbours theirs. Painted as they come that is two to four paints, each late and each with its
bytes. Here nothing is painted until the steps are done, or until `PAINT_SECONDS` have passed.

It reaches into Textual 8 where that has no door: the layout and the paint of a screen. It knows no
screen of ours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from textual.app import App
from textual.events import ScreenResume
from textual.message_pump import MessagePump
from textual.reactive import Reactive
from textual.widget import Widget

if TYPE_CHECKING:
    from textual.screen import Screen

PAINT_SECONDS = 0.03
"""The longest that a paint waits for the rest of what a key brings."""
LOOK_SECONDS = 0.002
OPEN_SECONDS = 0.25
"""The same where the key opens another screen, which is then painted whole."""
LAYOUTS_MAX = 4
"""Layouts in one paint: each may change sizes that ask for the next."""
QUIET_TURNS = 3
"""Turns of the loop without a message after which no more are expected: a message that has been
taken out of a queue may still bring another."""


class Painted:
    """Mixed into a screen: it can be laid out and painted at once, between two turns of the loop.

    Comes before Textual's `Screen` among the bases.
    """

    focused: Reactive[Widget | None] = Reactive(None, repaint=False)
    """Who has the cursor draws that itself; Textual would paint the whole screen once more."""

    _styled_for = ""

    def _on_screen_resume(self, event: ScreenResume) -> None:
        """Styles are reckoned anew only for other colours: a new screen has just done so, and for
        one with many fields that takes as long as opening it."""
        theme = cast("Screen[Any]", self).app.theme
        event.refresh_styles = bool(self._styled_for) and self._styled_for != theme
        self._styled_for = theme

    def _compositor_refresh(self) -> None:
        """Not in the middle of a batch: Textual would drop the paint and take it for painted."""
        if not cast("Screen[Any]", self).app._batch_count:
            super()._compositor_refresh()  # type: ignore[misc]

    def lay_out_now(self) -> bool:
        """Do a layout that is asked for; whether there was one."""
        screen = cast("Screen[Any]", self)
        if not screen.is_current or not (screen._layout_required or screen._scroll_required):
            return False
        scroll = screen._scroll_required
        screen._layout_required = screen._scroll_required = False
        screen._refresh_layout(scroll=scroll)
        return True

    def paint_now(self) -> None:
        """Paint what has changed."""
        screen = cast("Screen[Any]", self)
        if screen.is_current and screen.is_mounted and not screen.app._batch_count:
            screen._on_timer_update()


class OnePaint:
    """From when it is made, nothing is painted until `end`, or until its time is over."""

    def __init__(self, app: App[Any]) -> None:
        """Begin."""
        self.app = app
        self.over = False
        self._loop = asyncio.get_running_loop()
        self._began = self._loop.time()
        self._latest = self._loop.call_later(PAINT_SECONDS, self._late)
        self._screen_at_first = app.screen
        app._begin_batch()

    async def settle(self, holding: Callable[[], bool]) -> None:
        """Let every widget do what it has been told, and lay out, until nothing changes.

        `holding` says whether work in the background is under way that belongs to it.
        """
        layouts = 0
        while layouts < LAYOUTS_MAX and not self.over:
            await self._quiet()
            if holding():
                await asyncio.sleep(LOOK_SECONDS)
                continue
            screen = self._screen
            if screen is None or not screen.lay_out_now():
                return
            layouts += 1

    def _late(self) -> None:
        """The time is over, unless the key has just opened another screen."""
        if self.app.screen_stack and self.app.screen is not self._screen_at_first:
            self._wait_for_screen()
        else:
            self.end()

    def _wait_for_screen(self) -> None:
        """The key opens another screen, or goes back to one: that takes longer."""
        self._screen_at_first = self.app.screen
        self._latest.cancel()
        self._latest = self._loop.call_at(self._began + OPEN_SECONDS, self.end)

    def end(self) -> None:
        """Paint."""
        if self.over:
            return
        self.over = True
        self._latest.cancel()
        screen = self._screen
        if screen is not None:
            screen.lay_out_now()
        self.app._end_batch()
        if screen is not None:
            screen.paint_now()

    @property
    def _screen(self) -> Painted | None:
        screen = self.app.screen_stack[-1] if self.app.screen_stack else None
        return screen if isinstance(screen, Painted) else None

    async def _quiet(self) -> None:
        """Wait until nobody on the screen has had anything to do for `QUIET_TURNS` turns."""
        quiet = 0
        while quiet < QUIET_TURNS and not self.over and self.app.screen_stack:
            await asyncio.sleep(0)
            screen = self.app.screen
            if screen is not self._screen_at_first:
                self._wait_for_screen()
            nodes: list[MessagePump] = [self.app, screen, *screen.walk_children(Widget)]
            quiet = 0 if any(node.message_queue_size for node in nodes) else quiet + 1
