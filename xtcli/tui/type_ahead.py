"""Every key goes where the person meant it, however far ahead of the screen they type.

Textual hands a key to the field that has the cursor when the key arrives, which on a busy machine
may be the field before last: the advice would end up among the diagnoses. Here a key waits until
the key before it has done all it does, its screen is there, and what it asked for has come.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress

from textual import events
from textual.app import App
from textual.message_pump import MessagePump
from textual.worker import Worker

from xtcli.tui.painting import OnePaint

STEP_SECONDS = 1.0
"""The longest wait for one widget to take a key; a stuck one must not stop the rest."""
HOLD_SECONDS = 3.0
"""The longest wait for work in the background that the next key depends on."""
LOOK_SECONDS = 0.002


class TypeAheadApp(App[None]):
    """An app that takes keys one at a time."""

    def __init__(self) -> None:
        """No key waits."""
        super().__init__()
        self._held: list[Worker[None]] = []
        self._waiting_keys: asyncio.Queue[events.Event] = asyncio.Queue()
        self._feeder: asyncio.Task[None] | None = None
        self._typing = False

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes wait their turn; everything else is handled at once."""
        typed = isinstance(event, events.Key | events.Paste)
        if not typed or event.is_forwarded:
            await super().on_event(event)
            return
        self._waiting_keys.put_nowait(event)
        if self._feeder is None:
            self._feeder = asyncio.create_task(self._feed())

    @property
    def keys_waiting(self) -> bool:
        """Whether a key has not done its work yet."""
        return self._typing or not self._waiting_keys.empty() or self.holding

    @property
    def holding(self) -> bool:
        """Whether something is under way that the next key depends on."""
        self._held = [worker for worker in self._held if not worker.is_finished]
        return bool(self._held)

    def hold_for(self, worker: Worker[None]) -> None:
        """The next key waits until `worker` has ended, in whatever way."""
        self._held.append(worker)

    async def _feed(self) -> None:
        while True:
            self._typing = False
            event = await self._waiting_keys.get()
            self._typing = True
            try:
                await self._turn_has_come()
                await self._handle_key(event)
            except Exception as error:
                # A fault in a key must be as loud as one in any other message.
                self._handle_exception(error)

    async def _handle_key(self, event: events.Event) -> None:
        """Let a key do its work, and paint what it brought."""
        paint = OnePaint(self)
        try:
            node: MessagePump = self.focused or self.screen
            await super().on_event(event)
            await self._taken(node)
            await paint.settle(lambda: self.holding)
        finally:
            paint.end()

    async def _turn_has_come(self) -> None:
        """Wait until the screen is there and nothing is under way that the key depends on."""
        loop = asyncio.get_running_loop()
        end = loop.time() + HOLD_SECONDS
        while (self.holding or not self.screen.is_mounted) and loop.time() < end:
            await asyncio.sleep(LOOK_SECONDS)
        await self._passed(self)

    async def _taken(self, node: MessagePump) -> None:
        """Wait until a key has gone up from `node` to the app, and what it called has run."""
        at: MessagePump | None = node
        while at is not None:
            await self._passed(at)
            at = None if at is self else at._parent
        await self._passed(self)

    async def _passed(self, node: MessagePump) -> None:
        """Wait until `node` has handled everything that was in its queue."""
        done = asyncio.Event()
        if node.call_later(done.set):
            with suppress(TimeoutError):
                await asyncio.wait_for(done.wait(), STEP_SECONDS)

    async def end_typing(self) -> None:
        """Stop waiting for keys: the app closes."""
        if self._feeder is not None:
            self._feeder.cancel()
            with suppress(asyncio.CancelledError):
                await self._feeder
