"""Recordings as the benchmarks play them: the same stretch for everybody, real processes on it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

from scripts.bench.recordings import DELAY_S, TRACE_BYTES, held_road, recordings
from xtcli.errors import ExitCode

ROOT = Path(__file__).parents[2]


def folder(where: Path) -> Path:
    """One recording of 30 s: 24 Mbit/s up in even seconds, 48 in odd ones."""
    rows = [f"{24 * (1 + second % 2)},60" for second in range(30)]
    (where / "road").mkdir()
    (where / "road" / "rates.csv").write_text("\n".join(["upload_mbps,download_mbps", *rows]))
    return where


def test_a_held_recording_begins_where_it_stands(tmp_path: Path) -> None:
    """However long the processes take to start, they find the recording at the same place."""
    (one,) = recordings(folder(tmp_path))
    packet = bytes(1500)
    plain = one.play(1.0)[0]
    apart = [plain.serve(1500, 0.0) for _ in range(3000)]
    held = held_road(one, 1.0)
    held.road.up.push(packet, 7.0)
    assert held.road.up.pop(7.0 + DELAY_S) == [packet]
    held.begin(7.25)
    assert not held.road.up.queue_delays
    way = held.ways[0]
    found = [way.serve(1500, 7.25) for _ in range(3000)]
    assert all(abs(a[1] + 7.25 - b[1]) < 1e-6 for a, b in zip(apart, found, strict=True))


def test_a_share_is_of_what_the_recording_could_carry(tmp_path: Path) -> None:
    """3 MB at 24 Mbit/s for a second, which is all of it; half the pace is half the share."""
    (one,) = recordings(folder(tmp_path))
    assert abs(one.share(0.0, 8 * TRACE_BYTES / 24e6 + DELAY_S) - 1) < 1e-6
    assert abs(one.share(0.0, 2.0 + DELAY_S) - 0.5) < 1e-6
    assert one.share(0.0, None) == 0


def test_real_processes_are_measured_over_a_recording(tmp_path: Path, joins: bool) -> None:
    """xt over UDP and HTTPS POST bring all of it; nobody is faster than the recording."""
    raw = tmp_path / "rows.jsonl"
    command = [sys.executable, "-m", "scripts.bench.link_traces"]
    done = subprocess.run(
        [*command, str(folder(tmp_path)), "--places", "1", "--rival", "xt", "https", "--raw", raw],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if not joins:
        assert done.returncode in {ExitCode.USAGE, ExitCode.DEVICE}
        assert len(done.stderr.strip().splitlines()) == 2
        return
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in raw.read_text().splitlines()]
    assert [row["rival"] for row in rows] == ["xt virtual", "xt", "https"]
    for row in rows:
        assert row["there"] == TRACE_BYTES < row["bytes_up"]
        assert 0 < row["share"] <= 1
    again = subprocess.run(
        [*command, "--rows", raw], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert again.stdout.splitlines() == done.stdout.splitlines()[:3]
