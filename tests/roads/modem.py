"""A plug-in command for short messages whose network is a folder: lossy, slow, in any order.

    python modem.py FOLDER ME PEER SIZE [--loss P] [--double P] [--delay SECONDS] [--seed N]

It speaks the lines of docs/CARRIERS.md and is an example of how little a plug-in must do.
"""

from __future__ import annotations

import argparse
import base64
import random
import select
import sys
import time
from pathlib import Path


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("me")
    parser.add_argument("peer")
    parser.add_argument("size", type=int)
    parser.add_argument("--loss", type=float, default=0.0)
    parser.add_argument("--double", type=float, default=0.0)
    parser.add_argument("--delay", type=float, default=0.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    dice = random.Random(options.seed)
    mine, theirs = options.folder / options.me, options.folder / options.peer
    mine.mkdir(parents=True, exist_ok=True)
    theirs.mkdir(parents=True, exist_ok=True)
    print(f"SIZE {options.size}", flush=True)
    while True:
        if select.select([sys.stdin], [], [], 0.02)[0]:
            line = sys.stdin.readline()
            if not line:
                return
            _, number, _, text = line.split()
            data = base64.b64decode(text)
            assert len(data) <= options.size, "longer than the network takes"
            copies = 0 if dice.random() < options.loss else 1 + (dice.random() < options.double)
            for _ in range(copies):
                name = f"{time.time() + dice.uniform(0, options.delay):.6f}-{dice.getrandbits(32)}"
                (theirs / (name + ".new")).write_bytes(data)
                (theirs / (name + ".new")).rename(theirs / name)
            print(f"SENT {number}", flush=True)
        for path in sorted(mine.iterdir()):
            if path.suffix != ".new" and float(path.name.split("-")[0]) <= time.time():
                print(f"RECV {options.peer} {base64.b64encode(path.read_bytes()).decode()}",
                      flush=True)  # fmt: skip
                path.unlink()


if __name__ == "__main__":
    main()
