"""The live call against its bars: delivered sound, gaps included, from real speech.

Two real sessions talk over emulated links in virtual time. PESQ-WB and STOI need `pip install pesq
pystoi` (not needed by xt itself). One command prints the table; `--rows` keeps every raw row.

    python scripts/bench/audio.py [SPEECH FOLDER] --seeds 4 --rows rows.jsonl
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from statistics import mean

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from scripts.bench._audio_live import drift, hard_day, quality, row, set_up  # noqa: E402
from scripts.bench._audio_rivals import aiortc_call  # noqa: E402
from scripts.bench._audio_score import Speech, corpus, write_rows  # noqa: E402

LOSSES = (0.0, 0.01, 0.02, 0.05, 0.10, 0.20)
JUDGED = "zh"
"""The bars are for real Mandarin; the other languages are printed beside it."""
BARS = {0.0: (2.9, 10.5, 0.250), 0.10: (2.7, 16.5, 0.430), 0.20: (2.35, 16.5, 0.430)}
"""loss -> (PESQ at least, kbit/s at most, mouth to ear at most)."""
CLEAN_BPS, LOSSY_BPS = 13_000.0, 26_000.0
"""What the station says the link carries: enough for the rung under test, not for a better one."""

Rows = list[dict[str, object]]


class Table:
    """Lines of bar, figure and verdict."""

    def __init__(self) -> None:
        """Nothing judged."""
        self.failed = 0

    def line(self, what: str, bar: str, figure: str, good: bool | None) -> None:
        """Print one line; `good` None is not judged."""
        self.failed += good is False
        verdict = {True: "pass", False: "FAIL", None: "-"}[good]
        print(f"{what:<44} {bar:>16} {figure:>18}  {verdict}", flush=True)


def number(rows: Rows, key: str) -> float:
    """The mean of a column."""
    return mean(float(str(r[key])) for r in rows)


def quality_lines(table: Table, speeches: list[Speech], seeds: int) -> Rows:
    """Quality, rate, delay and effective loss for each loss and language."""
    rows: Rows = []
    for loss in LOSSES:
        for speech in speeches:
            rate = LOSSY_BPS if loss >= 0.03 else CLEAN_BPS
            some = [
                row("live", quality(speech, loss, seed, rate))
                for seed in range(1, (seeds if loss else 1) + 1)
            ]
            rows += some
            judge_quality(table, speech.language, loss, some)
    return rows


def judge_quality(table: Table, language: str, loss: float, rows: Rows) -> None:
    """The lines of one loss and language."""
    bars = BARS.get(loss)
    name = f"{language}, {loss:.0%} loss in bursts of 3"
    judged = language == JUDGED
    if bars is not None:
        pesq, kbps = number(rows, "pesq"), number(rows, "net_kbps")
        late = number(rows, "mouth_to_ear_s")
        table.line(
            f"{name}: PESQ-WB (STOI {number(rows, 'stoi'):.3f})",
            f">= {bars[0]:.2f}",
            f"{pesq:.2f}",
            pesq >= bars[0] if judged else None,
        )
        table.line(
            f"{name}: kbit/s, all headers",
            f"<= {bars[1]}",
            f"{kbps:.1f}",
            kbps <= bars[1] if judged else None,
        )
        table.line(
            f"{name}: mouth to ear beyond network",
            f"<= {bars[2] * 1000:.0f} ms",
            f"{late * 1000:.0f} ms",
            late <= bars[2],
        )
    lost, gone = number(rows, "network_loss"), number(rows, "missing")
    table.line(f"{name}: missing at the ear", f"<= {lost:.1%}", f"{gone:.1%}", gone <= lost + 0.005)


def other_lines(table: Table, speech: Speech, seeds: int) -> Rows:
    """Set-up, drift, CPU, and the two hard minutes."""
    rows: Rows = []
    ups = [row("set-up", set_up(speech, "gprs", seed)) for seed in range(1, 4 * seeds + 1)]
    trips = sorted(float(str(r["round_trips"])) for r in ups)
    table.line(
        "gprs: ring to first sound, both ears, median",
        "<= 2 RTT",
        f"{trips[len(trips) // 2]:.2f} RTT",
        trips[len(trips) // 2] <= 2,
    )
    table.line("  the slowest of all seeds", "", f"{trips[-1]:.2f} RTT", None)
    size = number(ups, "signalling_bytes")
    table.line("gprs: signalling, both ways", "<= 600 B", f"{size:.0f} B", size <= 600)
    slides = [row("drift", drift(speech, ppm)) for ppm in (-100.0, 100.0)]
    worst = max((float(str(r["drift_s"])) for r in slides), key=abs)
    table.line(
        "10 minutes, clocks 100 ppm apart: drift",
        "0 (< 20 ms)",
        f"{worst * 1000:+.0f} ms",
        abs(worst) < 0.02,
    )
    cpu = number(slides, "cpu_share_per_side")
    table.line("CPU of a call, one side, one core", "<= 12 %", f"{cpu:.1%}", cpu <= 0.12)
    days = [row("hard", hard_day(speech, seed)) for seed in range(1, seeds + 1)]
    lost = sum(int(str(r["lost_frames"])) for r in days)
    live = number(days, "live_frames") / number(days, "spoken_frames")
    table.line("gprs, 20 s cut, fall to 6 kbit/s: words lost", "0", f"{lost}", lost == 0)
    table.line("  of it heard live; the rest is in the note", "", f"{live:.0%}", None)
    return rows + ups + slides + days


def rival_lines(table: Table, speech: Speech, seeds: int) -> Rows:
    """aiortc in the same losses."""
    rows: Rows = []
    for loss in (0.0, 0.05, 0.10, 0.20):
        some = [row("aiortc", aiortc_call(speech, loss, seed)) for seed in range(1, seeds + 1)]
        rows += some
        figure = f"{number(some, 'missing'):.1%} / {number(some, 'pesq'):.2f}"
        kbps = number(some, "net_kbps")
        table.line(
            f"aiortc, {loss:.0%} loss: missing / PESQ", f"at {kbps:.0f} kbit/s", figure, None
        )
    return rows


def main() -> int:
    """Run all and print the table; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    default = ROOT / "tests" / "data" / "speech"
    parser.add_argument("speech", nargs="?", type=Path, default=default)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rows", type=Path, help="write raw rows here, one JSON object a line")
    parser.add_argument("--no-rivals", action="store_true")
    options = parser.parse_args()
    speeches = corpus(options.speech)
    judged = next((s for s in speeches if s.language == JUDGED), speeches[0])
    table = Table()
    print(f"{'what':<44} {'bar':>16} {'figure':>18}")
    rows = quality_lines(table, speeches, options.seeds)
    rows += other_lines(table, judged, options.seeds)
    if not options.no_rivals:
        rows += rival_lines(table, judged, options.seeds)
    if options.rows:
        write_rows(options.rows, rows)
    return 1 if table.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
