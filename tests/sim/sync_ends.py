"""A story for every seed: after trouble, one station alone comes back and syncs; when is it done?

`python -m tests.sim.sync_ends FIRST COUNT` prints each seed in which it is never done, or done
while the hub has more for it than receipts that repeat others. Fix the hash seed, as
`scripts/simulate` does.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from random import Random

from tests.faults.calm import at
from tests.sim.nodes import Outpost
from tests.sim.world import World
from xtcli.records.types import Kind
from xtcli.station.polls import Coming
from xtcli.station.routing import HUB
from xtcli.transport.spool import STARTED, WAITING

SECONDS_MAX = 900.0
"""Whole cases with their pictures over the worst road; one that is stuck is not done in a year."""
STEP_S = 0.1


def is_done(one: Outpost, coming: Coming) -> bool:
    """As `syncing.Syncer.done`."""
    if one.exchange is None:
        return False
    link = one.exchange.link
    if coming.look(link, one.clock.at) or link.measured().queued_bundles:
        return False
    waiting = at(one).log.waiting(HUB)
    return not (link.polling or link.peer_waiting != 0 or waiting.records or waiting.blobs)


def waits_at_hub(world: World, one: Outpost) -> list[str]:
    """What the hub has for a station, in bundles that it does not hold or in none."""
    hub, spool = world.hub.station, world.hub.spool
    assert hub is not None
    assert spool is not None
    items = [p.item for p in hub.log.pending(one.number, 1_000, ready=True)]
    for row in spool.outgoing(one.number):
        if row.state in (WAITING, STARTED):
            items += [p.item for p in hub.log.in_bundle(one.number, row.tag)]
    records = [hub.log.get(item) for item in items if not isinstance(item, bytes)]
    kinds = [record.kind for record in records if record is not None]
    blobs = ["blob" for item in items if isinstance(item, bytes)]
    return [kind.name for kind in kinds if kind is not Kind.RECEIPT] + blobs


def away(one: Outpost) -> None:
    """Switched off until somebody switches it on."""
    one.stop()
    one.restarting = True


def story(seed: int, folder: Path) -> str:
    """What went wrong; empty when nothing did."""
    world, random = World(seed, folder), Random(seed)
    end = world.trouble()
    one = random.choice(world.people())
    # Away for the most part of it, so that much waits at the hub.
    world.at(random.uniform(0, 0.6) * end, lambda: away(one))
    world.run_until(end)
    world.sound()
    for outpost in world.outposts.values():
        away(outpost)
    world.run_until(world.clock.at + random.choice((15.0, 35.0, 200.0)))
    one.start()
    one.polls.again()
    coming, start = Coming(), world.clock.at
    while not is_done(one, coming):
        if world.clock.at - start > SECONDS_MAX:
            return f"never done: {world.links}"
        world.run_until(world.clock.at + STEP_S)
    left = waits_at_hub(world, one)
    return f"done, and for it wait: {left}" if left else ""


def main() -> None:
    """Play seeds, print what failed."""
    first, count = int(sys.argv[1]), int(sys.argv[2])
    for seed in range(first, first + count):
        with tempfile.TemporaryDirectory() as folder:
            wrong = story(seed, Path(folder))
        if wrong:
            print(f"seed {seed}: {wrong}", flush=True)


if __name__ == "__main__":
    main()
