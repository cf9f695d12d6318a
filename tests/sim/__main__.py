"""`scripts/simulate`: replay one seed, or run many."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from tests.sim.world import LINKS, Outcome, World

FAILED_MAX = 10
FAST = Path("/dev/shm")
"""Memory as a folder, where there is one."""


def simulate(seed: int, link: str = "") -> Outcome:
    """One seed in a folder of its own; raises Violation."""
    where = FAST if FAST.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="xt-sim-", dir=where) as name:
        return World(seed, Path(name) / "realm", link).run()


def replay(seed: int, link: str) -> str:
    """The command that does it again."""
    return f"scripts/simulate --seed {seed}" + (f" --link {link}" if link else "")


def main() -> int:
    """Exit code 1 when a seed fails."""
    parser = argparse.ArgumentParser(prog="scripts/simulate", description=__doc__)
    parser.add_argument("--seed", type=int, default=1, help="the first seed")
    parser.add_argument("--seeds", type=int, default=1, help="how many")
    parser.add_argument("--link", choices=LINKS, default="", help="one road for every station")
    parser.add_argument("--json", action="store_true", help="one line of JSON for each seed")
    given = parser.parse_args()
    failed, began = 0, time.monotonic()
    total = {"cases": 0, "records": 0, "crashes": 0, "saved": 0}
    for seed in range(given.seed, given.seed + given.seeds):
        try:
            outcome = asdict(simulate(seed, given.link))
        except Exception as error:
            failed += 1
            print(f"seed {seed}: {type(error).__name__}: {error}\n  again: "
                  f"{replay(seed, given.link)}", flush=True)  # fmt: skip
            if given.seeds == 1:
                raise
            if failed == FAILED_MAX:
                print("too many have failed; the rest is not run")
                return 1
            continue
        if given.json or given.seeds == 1:
            print(json.dumps(outcome, ensure_ascii=False), flush=True)
        for name in total:
            total[name] += outcome[name]
    seconds = time.monotonic() - began
    print(f"{given.seeds - failed} of {given.seeds} seeds agree, {seconds:.1f} s; "
          + ", ".join(f"{count} {name}" for name, count in total.items()))  # fmt: skip
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
