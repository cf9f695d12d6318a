"""`scripts/simulate`: replay one seed, or run many."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tests.sim.mixed import MixedWorld
from tests.sim.world import LINKS, Outcome, World

FAILED_MAX = 10
FAST = Path("/dev/shm")
"""Memory as a folder, where there is one."""
TOTALS = (
    "cases", "records", "crashes", "saved", "relays", "visits", "pulled", "messages", "switches",
    "partitions", "weeks", "linkless",
)  # fmt: skip


def simulate(seed: int, link: str = "", mixed: bool = False) -> Outcome:
    """One seed in a folder of its own; raises Violation."""
    where = FAST if FAST.is_dir() else None
    make = MixedWorld if mixed else World
    with tempfile.TemporaryDirectory(prefix="xt-sim-", dir=where) as name:
        return make(seed, Path(name) / "realm", link).run()


def replay(seed: int, link: str, mixed: bool) -> str:
    """The command that does it again."""
    command = f"scripts/simulate --seed {seed}"
    return command + (" --mixed" if mixed else "") + (f" --link {link}" if link else "")


def options() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--mixed", action="store_true", help="every kind of road, and relays")
    parser.add_argument("--link", choices=LINKS, default="", help="one road for every station")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each seed")
    parser.add_argument("--fail-max", type=int, default=FAILED_MAX, help="stop after so many")
    return parser.parse_args()


def main() -> int:
    """Exit code 1 when a seed fails."""
    given = options()
    failed, began = 0, time.monotonic()
    total: Counter[str] = Counter()
    for seed in range(given.seed, given.seed + given.seeds):
        try:
            outcome: dict[str, Any] = asdict(simulate(seed, given.link, given.mixed))
        except Exception as error:
            failed += 1
            print(f"seed {seed}: {type(error).__name__}: {error}\n  again: "
                  f"{replay(seed, given.link, given.mixed)}", flush=True)  # fmt: skip
            if given.seeds == 1:
                raise
            if failed == given.fail_max:
                print("too many have failed; the rest is not run")
                return 1
            continue
        if given.json or given.seeds == 1:
            print(json.dumps(outcome, ensure_ascii=False), flush=True)
        total.update({name: outcome[name] for name in TOTALS if name in outcome})
    seconds = time.monotonic() - began
    print(f"{given.seeds - failed} of {given.seeds} seeds agree, {seconds:.1f} s; "
          + ", ".join(f"{total[name]} {name}" for name in TOTALS if name in total))  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
