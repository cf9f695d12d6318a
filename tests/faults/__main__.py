"""`scripts/faults`: kill rounds, and a flood of random datagrams, at full length."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tests.faults.kills import Killing


def main() -> int:
    """An error ends it with a traceback that says how to do it again."""
    parser = argparse.ArgumentParser(prog="scripts/faults", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=200, help="rounds with a kill in each")
    parser.add_argument("--flood", type=int, default=0, help="random datagrams at a hub")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="xt-faults-") as name:
        if given.rounds:
            Killing(Path(name) / "kills", given.seed).run(
                given.rounds, lambda text: print(text, flush=True)
            )
        if given.flood:
            from tests.faults.flood import flood

            print(flood(Path(name) / "flood", given.flood, given.seed), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
