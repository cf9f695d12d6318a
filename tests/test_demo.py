"""The demo is the main job: it must run to its end and prove every state."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
STATES = [
    "saved", "sent", "received", "rings", "opened", "voice at desk", "answered",
    "answer received", "voice at post", "acted on", "closed",
]  # fmt: skip


def test_whole_consult_over_gprs() -> None:
    """Three stations as processes, real speech, an emulated GPRS link; exit 0 only with proof."""
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "demo.py", "--link", "gprs", "--seed", "3", "--json"],
        capture_output=True, text=True, check=False, timeout=240,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert [row["state"] for row in found["timeline"]] == STATES
    seconds = [row["seconds"] for row in found["timeline"]]
    assert seconds == sorted(seconds)
    assert found["round_trip_seconds"] > found["limit_seconds"] > 0
    assert found["timeline"][-1]["bytes_up"] > 0


def test_demo_refuses_what_is_not_there() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "scripts" / "demo.py", "--voice", "nowhere.wav"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "nowhere.wav" in done.stderr
