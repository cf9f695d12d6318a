"""Roads beside the link: sticks that are plugged in, and short messages when nothing else answers.

A folder is visited when it is there and the link is silent, when somebody else changed it, and at
the end of a sync. The short-message command runs only while no road of the link answers, because
each message costs money. It opens no seal; `roads_folder` and `roads_modem` do the work.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING

from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.station import roads_settings
from xtcli.station.core import StationCore
from xtcli.station.intake import Arrival
from xtcli.station.roads import RoadName, visit_folder
from xtcli.station.roads_auto import OnRoad, RoadChange
from xtcli.station.roads_list import is_ready
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore
from xtcli.transport.carriers.folder import ENTRIES_MAX, SUBFOLDER

if TYPE_CHECKING:
    from xtcli.station.roads_modem import Modem

FOLDER_SECONDS = 8.0
"""After so much silence of the link what waits is written to the stick that is there."""
SMS_SECONDS = 30.0
"""After so much silence of the link text and stat go by short messages."""
SMS_SETTING = "XT_SMS_AFTER"
LOOK_SECONDS = 2.0
FOLDER_PAUSE_SECONDS = 10.0
AGAIN_SECONDS = 60.0
"""After the command has ended by itself it is started again, not sooner than this."""


class _Folder:
    """One configured folder: what it looked like after our last visit."""

    def __init__(self, road: RoadName) -> None:
        self.road = road
        self.path = road.place
        self.seen: object = None
        self.version = -1
        self.at = -FOLDER_PAUSE_SECONDS

    def look(self) -> object:
        """Changes when anybody writes to it or takes from it; None while it is not there.

        On FAT the folder's time may stay as it was, or say no more than two seconds: so the names
        count, too.
        """
        with suppress(OSError):
            if self.path.is_dir():
                inside = self.path / SUBFOLDER
                if not inside.is_dir():
                    return 0
                with os.scandir(inside) as found:
                    names = frozenset(one.name for one in islice(found, ENTRIES_MAX))
                return inside.stat().st_mtime_ns, hash(names)
        return None


class RoadsBeside:
    """See the module. `arrived` is called after each bundle is safe."""

    def __init__(
        self, station: StationCore, roads: Sequence[RoadName],
        arrived: Callable[[Arrival], None], tell: OnRoad | None = None,
    ) -> None:  # fmt: skip
        """Nothing is opened before `step`."""
        self.station = station
        self.carried = False
        """Whether any of these roads took or brought something."""
        self._folders = [_Folder(road) for road in roads if road.kind == "folder"]
        self._sms = next((road for road in roads if road.kind == "sms"), None)
        self._arrived, self._tell = arrived, tell
        self._settled = False
        self._looked = 0.0
        self._modem: Modem | None = None
        self._task: asyncio.Task[None] | None = None
        self._sms_at = -AGAIN_SECONDS
        self._sms_after = roads_settings.number(SMS_SETTING, SMS_SECONDS)

    @property
    def settled(self) -> bool:
        """Whether short messages have carried something and have nothing more to do."""
        return self._settled and self._task is None

    @property
    def any(self) -> bool:
        """Whether there are such roads at all."""
        return bool(self._folders or self._sms)

    def step(self, silence: float, now: float, watch: bool) -> bool:
        """From time to time; `silence` of the link in seconds. Whether the log has something new
        for the link."""
        changed = False
        if now - self._looked >= LOOK_SECONDS:
            self._looked = now
            changed = self._visit_due(silence, now, watch)
        self._messages(silence, now, watch)
        return changed

    # Sticks

    def _visit_due(self, silence: float, now: float, watch: bool) -> bool:
        changed = False
        for one in self._folders:
            look = one.look()
            if look is None:
                one.seen = None
                continue
            others = watch and look != one.seen and now - one.at >= FOLDER_PAUSE_SECONDS
            version = self.station.log.data_version()
            # What this process itself has written does not change the version: so also by time.
            mine = silence >= FOLDER_SECONDS and (
                one.seen is None or version != one.version or now - one.at >= AGAIN_SECONDS
            )
            if others or mine:
                changed |= self._visit(one, now)
        return changed

    def _visit(self, one: _Folder, now: float) -> bool:
        """Visit a folder; whether anything came."""
        found: list[Arrival] = []

        def came(arrival: Arrival) -> None:
            found.append(arrival)
            self._arrived(arrival)

        try:
            report = visit_folder(self.station, one.path, on_new=came)
        except XtError as error:
            self._say(one.road, str(error))
        else:
            if report.put or report.taken or report.refused:
                self._say(one.road, tr(
                    "{road}: {put} bundles written, {taken} taken, {refused} refused.",
                    road=one.road.words, put=report.put, taken=report.taken,
                    refused=report.refused,
                ))  # fmt: skip
            self.carried |= bool(report.put or report.taken)
        one.at, one.seen = now, one.look()
        one.version = self.station.log.data_version()
        return bool(found)

    def end(self, now: float) -> bool:
        """The end of a sync: take what lies on the sticks that are there, leave what waits; whether
        anything came."""
        found = False
        for one in self._folders:
            if one.look() is not None and one.look() != one.seen:
                found |= self._visit(one, now)
        return found

    # Short messages

    def _messages(self, silence: float, now: float, watch: bool) -> None:
        """Start the command while the link is silent; end it when the link answers again."""
        if self._sms is None:
            return
        if self._task is not None and self._task.done():
            self._task = self._modem = None
            self._sms_at = now
        if self._modem is not None and not silence:
            self._modem.stopping = True
        due = silence >= self._sms_after and now - self._sms_at >= AGAIN_SECONDS
        if due and self._task is None and is_ready(self._sms):
            self._say(self._sms, tr("No road answers: text goes by short messages now."))
            self._task = asyncio.create_task(self._run(self._sms.command, watch))

    async def _run(self, command: list[str], watch: bool) -> None:
        """Run the command until nothing waits that it can carry, or it is stopped."""
        from xtcli.station.roads_modem import Modem

        assert self._sms is not None
        mail, store = Mail(self.station), RoadStore(self.station.home.root)
        try:
            self._modem = modem = Modem(command, mail, store, self._arrived)
            report = await modem.run(0.0, watch)
            self._say(self._sms, tr(
                "{sent} messages sent, {got} received.", sent=report.messages_sent,
                got=report.messages_received,
            ))  # fmt: skip
        except XtError as error:
            self._say(self._sms, str(error))
        finally:
            if self._modem is not None:
                report = self._modem.report
                self._settled = bool(report.messages_sent or report.messages_received)
                self.carried |= self._settled
            mail.close()
            store.close()

    def _say(self, road: RoadName, text: str) -> None:
        if self._tell is not None:
            self._tell(RoadChange(road.text, text, self.station.clock()))

    async def close(self) -> None:
        """Let the command end."""
        if self._task is None:
            return
        if self._modem is not None:
            self._modem.stopping = True
        else:
            self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
