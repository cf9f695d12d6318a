"""A request that waits for its receipt: drives the link if nobody else does, and watches the log.

It knows no road; `syncing` does.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

from xtcli.errors import LinkDown
from xtcli.records.ids import RecordId
from xtcli.station import views
from xtcli.station.core import StationCore
from xtcli.station.home import SyncLock
from xtcli.station.routing import HUB
from xtcli.station.syncing import NEVER, Syncer, start_syncer
from xtcli.station.syncing_other import LOOK_SECONDS
from xtcli.station.views import Waited


def send_and_wait(station: StationCore, cases: Sequence[RecordId], seconds: float) -> Waited:
    """Send now and return when the hub's receipts for `cases` are here, or after `seconds`."""
    lock = SyncLock(station.home)
    try:
        return asyncio.run(_wait(station, cases, seconds, lock))
    finally:
        lock.free()


async def _wait(
    station: StationCore, cases: Sequence[RecordId], seconds: float, lock: SyncLock
) -> Waited:
    """Drive the link as soon as it is ours, and look for receipts."""
    start = time.monotonic()
    receipts: dict[RecordId, float] = {}
    stopped = False
    syncer: Syncer | None = None
    try:
        while len(receipts) < len(cases) and time.monotonic() < start + seconds:
            if syncer is None and lock.take():
                # Nobody had it, or whoever had it has ended.
                syncer = Syncer(station, seconds=start + seconds - time.monotonic())
                await start_syncer(syncer, start + seconds, patient=False)
            if syncer is not None:
                # The request itself asks; a poll would only spend bytes.
                syncer.polls.not_now(time.monotonic())
                await syncer.step(NEVER)
            else:
                await asyncio.sleep(LOOK_SECONDS)
            for case in cases:
                if case not in receipts and HUB in station.log.confirmed(case):
                    receipts[case] = time.monotonic() - start
            if all(case in receipts or station.log.is_returned(case) for case in cases):
                break
    except LinkDown:
        # Saved is saved: the caller says that it waits.
        pass
    except asyncio.CancelledError:
        # Ctrl-C: the caller says how far it came.
        stopped = True
    finally:
        if syncer is not None:
            await syncer.close()
    states = {case: views.case_state(station.case(case)) for case in cases}
    wire = syncer.pump.wire if syncer is not None else None
    return Waited(
        receipts, states, wire.bytes_out if wire else None, wire.bytes_in if wire else None,
        wire.datagrams_out if wire else None, wire.datagrams_in if wire else None,
        stopped,
    )  # fmt: skip
