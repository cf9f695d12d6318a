"""Pictures in a call: from a camera or files into the session, and from it to whoever watches.

Each picture of the other side becomes a file in `calls/` of the home, and the front end is told
where. If both agreed that the call is kept, the station that records it keeps pictures of both
sides for the case (`calls_keep`); otherwise nothing stays. It refuses to know when a picture may
travel: the session says so.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from xtcli.errors import BundleRejected
from xtcli.station.calls_values import Hooks, StillView
from xtcli.station.home import disk_errors

if TYPE_CHECKING:
    from threading import RLock

    from xtcli.media.call.stills import Still
    from xtcli.media.call.talk import Talk
    from xtcli.media.stills_source import Source

LOOK_SECONDS = 0.2
SUFFIX = ".avif"
FILES_MAX = 64
"""Of a call that is kept; then every second one goes."""


class CallStills:
    """One call's pictures, both ways."""

    def __init__(self, folder: Path, what: str, hooks: Hooks, lock: RLock) -> None:
        """Open camera or file (`what`; empty: none), with its errors. `lock` guards the session."""
        from xtcli.media.stills_source import open_source

        self._source: Source | None = open_source(what) if what else None
        self._folder, self._hooks, self._lock = folder, hooks, lock
        self._task: asyncio.Task[None] | None = None
        self._count = 0
        self._newest: tuple[Path, float, int, int] | None = None
        self.talk: Talk | None = None
        """Set when the call is answered."""
        self.key = ""
        self.kept = False
        """Whether pictures of both sides stay for the case."""

    @property
    def sent(self) -> int:
        """Pictures that the other side has whole."""
        return self.talk.stills.outgoing.sent if self.talk is not None else 0

    @property
    def received(self) -> int:
        """Pictures of the other side that came whole."""
        return self.talk.stills.incoming.received if self.talk is not None else 0

    def view(self, now: float) -> StillView | None:
        """The newest picture of the other side."""
        if self._newest is None:
            return None
        path, taken_at, width, height = self._newest
        return StillView(path, max(0.0, now - taken_at), width, height)

    def begin(self, talk: Talk, key: str, *, kept: bool) -> None:
        """The call is on; `key` names its files."""
        self.talk, self.key, self.kept = talk, key, kept
        self._task = asyncio.create_task(self._run())

    async def end(self) -> None:
        """Give the camera back; files of a call that is not kept go. Twice does nothing."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
        source, self._source, self._task = self._source, None, None
        if source is not None:
            await asyncio.to_thread(source.close)
        if not self.kept and self.key:
            forget(self._folder, self.key)

    async def _run(self) -> None:
        while True:
            await self._take()
            await self._show()
            await asyncio.sleep(LOOK_SECONDS)

    # Out.

    async def _show(self) -> None:
        talk = self.talk
        if self._source is None or talk is None:
            return
        with self._lock:
            room = talk.stills.room(time.monotonic())
        if not room:
            return
        made = await asyncio.to_thread(self._make, self._source, room)
        if made is None:
            return
        data, taken_at = made
        with self._lock:
            now = time.monotonic()
            if talk.stills.room(now):
                talk.stills.offer(data, taken_at, now)

    def _make(self, source: Source, room: int) -> tuple[bytes, float] | None:
        from xtcli.media.stills import shrink, unpack

        shot = source.newest(time.monotonic())
        data = shrink(shot[0], room) if shot is not None else b""
        if shot is None or not data:
            return None
        if self.kept:
            self._write(unpack(data).data)
        return data, shot[1]

    # In.

    async def _take(self) -> None:
        with self._lock:
            still = self.talk.stills.take_newest() if self.talk is not None else None
        if still is None:
            return
        try:
            view = await asyncio.to_thread(self._save, still)
        except BundleRejected:
            return
        self._hooks.still(view)

    def _save(self, still: Still) -> StillView:
        from xtcli.media.stills import unpack

        picture = unpack(still.data)
        before = self._newest
        path = self._write(picture.data)
        self._newest = path, still.taken_at, picture.width, picture.height
        if before is not None and not self.kept:
            before[0].unlink(missing_ok=True)
        return StillView(path, time.monotonic() - still.taken_at, picture.width, picture.height)

    def _write(self, file: bytes) -> Path:
        """A new file of this call, for its owner only."""
        self._count += 1
        path = self._folder / f"{self.key}.{self._count:05d}{SUFFIX}"
        with disk_errors():
            self._folder.mkdir(mode=0o700, exist_ok=True)
            path.touch(mode=0o600)
            path.write_bytes(file)
        shown = self._newest[0] if self._newest is not None else None
        files = files_of(self._folder, self.key)
        if len(files) > FILES_MAX:
            for old in files[1:-1:2]:
                if old != shown:
                    old.unlink(missing_ok=True)
        return path


def files_of(folder: Path, key: str) -> list[Path]:
    """The pictures of a call, oldest first."""
    return sorted(folder.glob(f"{key}.*{SUFFIX}"))


def forget(folder: Path, key: str) -> None:
    """Remove them."""
    for path in files_of(folder, key):
        path.unlink(missing_ok=True)
