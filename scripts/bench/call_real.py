"""Two minutes of a call in real time: gprs, cut for 20 s, then down to 6 kbit/s. Was all heard?

Real processes and sockets: a hub, the post's `xt call` behind the emulated link, the desk's. Half a
second at a time, what the post said is looked for in what the desk heard, near its time, and in the
notes that the call left in the case.

    python scripts/bench/call_real.py [SPEECH FOLDER]
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.calls.hard import PIECE_S, Course, Outcome, hard_call  # noqa: E402

COURSE = Course(fair=30, cut=20, back=30, slow=40)


def show(found: Outcome) -> None:
    """The figures."""
    summary = found.report["summary"]
    share = found.live / found.pieces
    print(f"pieces of {PIECE_S} s with speech   {found.pieces}")
    print(f"heard live                    {found.live} ({share:.0%})")
    print(f"only in a note                {found.noted}")
    print(f"nowhere                       {len(found.lost)} {found.lost or ''}")
    print(f"other speech that would pass  {found.strange:.0%}")
    print(f"spoken, confirmed, in notes   {summary['spoken_s']:.1f} s, {summary['heard_s']:.1f} s,"
          f" {found.report['note_seconds']} s in {found.report['notes']}")  # fmt: skip
    print(f"rungs                         {[(round(at), rung) for at, rung in summary['rungs']]}")
    for line in found.said:
        print("  |", line.rstrip())


def main() -> int:
    """Make the call; 1 when a piece is found nowhere."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("speech", nargs="?", type=Path, default=ROOT / "tests/data/speech/zh")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    files = (path for path in options.speech.rglob("*") if path.suffix in (".wav", ".flac"))
    speech = sorted(files)
    with tempfile.TemporaryDirectory() as folder:
        found = hard_call(Path(folder), speech, COURSE, options.seed)
    show(found)
    return 1 if found.lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
