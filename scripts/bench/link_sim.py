"""Play the link's fault stories for many seeds: `python -m scripts.bench.link_sim --seeds 2000`.

Crashes, outages, damage and duplicates, then peace; every bundle must have arrived exactly once,
and none was DONE before it was accepted. `--first N --seeds 1` plays one seed again.
"""

from __future__ import annotations

import argparse
import sys
import time

from tests.link import faults


def main(arguments: list[str]) -> int:
    """Play the seeds; exit code 1 if a story ends badly."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=2000)
    parser.add_argument("--profile", choices=faults.NAMES)
    options = parser.parse_args(arguments)
    bad, crashes, bundles, longest = 0, 0, 0, (0.0, 0)
    begun = time.monotonic()
    for seed in range(options.first, options.first + options.seeds):
        story = faults.tell(seed, options.profile)
        crashes += story.crashes
        bundles += len(story.offered)
        longest = max(longest, (story.simulation.at - faults.TROUBLE_S, seed))
        try:
            faults.check(story)
        except AssertionError as error:
            bad += 1
            print(f"seed {seed}: {error}")
    seconds = time.monotonic() - begun
    print(
        f"{options.seeds} stories, {bundles} bundles, {crashes} crashes, {bad} bad;"
        f" the slowest to agree, seed {longest[1]}, took {longest[0]:.0f} s after the trouble;"
        f" {seconds:.0f} s of real time"
    )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
