"""Keeps what is typed: a thread that writes the newest form to its draft, key after key.

Only the newest state of a draft counts, so that fast typing never waits for a slow disk.
"""

from __future__ import annotations

import threading
from typing import Any

from xtcli.errors import XtError
from xtcli.station.drafts import Drafts


class Keeper:
    """Writes drafts one after another in a thread of its own."""

    def __init__(self, drafts: Drafts) -> None:
        """The thread starts with the first draft."""
        self.drafts = drafts
        self.failure: XtError | None = None
        self._wanted: dict[str, dict[str, Any] | None] = {}
        self._change = threading.Condition()
        self._busy = False
        self._thread: threading.Thread | None = None

    def keep(self, name: str, fields: dict[str, Any]) -> None:
        """Write `fields` soon: as soon as what is being written is on the disk."""
        self._put(name, fields)

    def drop(self, name: str) -> None:
        """Forget a draft, also when it is still being written."""
        self._put(name, None)

    def flush(self, timeout: float = 5.0) -> bool:
        """Wait until everything is on the disk; False when that took too long."""
        with self._change:
            return self._change.wait_for(lambda: not self._wanted and not self._busy, timeout)

    def _put(self, name: str, fields: dict[str, Any] | None) -> None:
        with self._change:
            self._wanted[name] = fields
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="drafts", daemon=True)
                self._thread.start()
            self._change.notify_all()

    def _run(self) -> None:
        while True:
            with self._change:
                self._change.wait_for(lambda: bool(self._wanted))
                name, fields = self._wanted.popitem()
                self._busy = True
            try:
                if fields is None:
                    self.drafts.drop(name)
                else:
                    self.drafts.save(name, fields)
                self.failure = None
            except XtError as error:
                self.failure = error
            with self._change:
                self._busy = False
                self._change.notify_all()
