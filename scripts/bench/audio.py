"""Everything that xt says about sound, against its bars: notes, live calls, and rivals beside them.

Two real sessions talk over emulated links in virtual time; what is scored is the sound as it was
delivered, gaps included. PESQ-WB and STOI need `pip install pesq pystoi` (not needed by xt itself).
One command prints the table; `--rows` keeps every raw row. Calls from a browser are scored by
`tests/call/test_browser.py` and `tests/calls/test_browser.py`, which print their correlations.

    python scripts/bench/audio.py --speech tests/data/speech --seeds 4 --rows rows.jsonl

`--speech` is a folder of clips, one folder in it for each language (`zh` is judged by every bar).
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from statistics import mean, median
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from scripts.bench._audio_live import drift, hard_day, quality, row, set_up  # noqa: E402
from scripts.bench._audio_rivals import NotInstalled, aiortc_call, lxst_calls  # noqa: E402
from scripts.bench._audio_score import Speech, corpus, write_rows  # noqa: E402
from scripts.bench.audio_note import BARS as NOTE_BARS  # noqa: E402
from scripts.bench.audio_note import clips, note_row  # noqa: E402

SCORERS = ("pesq", "pystoi")
LOSSES = (0.0, 0.01, 0.02, 0.05, 0.10, 0.20)
RIVAL_LOSSES = (0.0, 0.05, 0.10, 0.20)
JUDGED = "zh"
"""The bar of a note names real Mandarin. Those of a call name no language: all are judged."""
BARS = {0.0: (2.9, 10.5, 0.250), 0.10: (2.7, 16.5, 0.430), 0.20: (2.35, 16.5, 0.430)}
"""loss -> (PESQ at least, kbit/s at most, mouth to ear at most)."""
CLEAN_BPS, LOSSY_BPS, TIGHT_BPS = 13_000.0, 26_000.0, 20_500.0
"""What the station says the link carries: enough for the rung under test, not for a better one;
`TIGHT_BPS` has no room for all copies of quick speech: the call is to take 16.4 kbit/s of it."""

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
        print(f"{what:<52} {bar:>14} {figure:>16}  {verdict}", flush=True)


def number(rows: Rows, key: str) -> float:
    """The mean of a column."""
    return mean(float(str(r[key])) for r in rows)


def in_parallel(work: Callable[..., dict[str, Any]], jobs: Iterable[tuple[Any, ...]]) -> Rows:
    """`work` for each job, on all cores, in order."""
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(work, *zip(*jobs, strict=True)))


def note_lines(table: Table, folder: Path, seeds: int) -> Rows:
    """Bytes and quality of notes of 30 s, beside libopus in one go."""
    spoken = clips(folder)
    jobs = [
        (language, parts, seed, quality, way)
        for (language, parts), quality, way, seed in product(
            spoken.items(), NOTE_BARS, ("xt", "plain"), range(seeds)
        )
    ]
    rows = in_parallel(note_row, jobs)
    for about in product(spoken, NOTE_BARS, ("xt", "plain")):
        judge_note(table, [r for r in rows if note_key(r) == about])
    return [{"case": "note", **r} for r in rows]


def note_key(one: dict[str, Any]) -> tuple[str, str, str]:
    """What a row of a note is about."""
    return one["language"], one["quality"], one["way"]


def judge_note(table: Table, rows: Rows) -> None:
    """The lines of one language, quality and way of coding."""
    language, quality, way = note_key(rows[0])
    name = f"{language}, note of 30 s, {quality}" + (", one go" if way == "plain" else "")
    most, least = NOTE_BARS[quality]
    ours, judged = way == "xt", language == JUDGED and least > 0
    largest = max(float(str(r["bytes_30s"])) for r in rows)
    figure = f"{number(rows, 'bytes_30s'):.0f} ({largest:.0f})"
    table.line(f"{name}: bytes (most)", f"<= {most}", figure, largest <= most if ours else None)
    pesq = number(rows, "pesq_wb")
    table.line(
        f"{name}: PESQ-WB (STOI {number(rows, 'stoi'):.3f})",
        f">= {least:.2f}" if judged else "",
        f"{pesq:.2f}",
        pesq >= least if judged and ours else None,
    )


def live_row(speech: Speech, loss: float, seed: int, rate_bps: float) -> dict[str, Any]:
    """One call."""
    return {**row("live", quality(speech, loss, seed, rate_bps)), "link_bps": rate_bps}


def quality_lines(table: Table, speeches: list[Speech], seeds: int) -> Rows:
    """Quality, rate, delay and effective loss for each loss, link and language."""
    cases = [(loss, LOSSY_BPS if loss >= 0.03 else CLEAN_BPS) for loss in LOSSES]
    cases += [(loss, TIGHT_BPS) for loss in (0.10, 0.20)]
    jobs = [
        (speech, loss, seed, rate)
        for (loss, rate), speech in product(cases, speeches)
        for seed in range(1, (seeds if loss else 1) + 1)
    ]
    rows = in_parallel(live_row, jobs)
    for (loss, rate), speech in product(cases, speeches):
        about = (speech.language, loss, rate)
        some = [r for r in rows if (r["language"], r["loss"], r["link_bps"]) == about]
        judge_quality(table, *about, some)
    return rows


def judge_quality(table: Table, language: str, loss: float, rate_bps: float, rows: Rows) -> None:
    """The lines of one loss, link and language."""
    bars = BARS.get(loss)
    name = f"{language}, {loss:.0%} loss, link {rate_bps / 1000:g}k"
    if bars is not None:
        pesq, kbps = number(rows, "pesq"), number(rows, "net_kbps")
        late = number(rows, "mouth_to_ear_s")
        what = f"{name}: PESQ-WB (STOI {number(rows, 'stoi'):.3f})"
        table.line(what, f">= {bars[0]:.2f}", f"{pesq:.2f}", pesq >= bars[0])
        what = f"{name}: kbit/s, all headers"
        table.line(what, f"<= {bars[1]}", f"{kbps:.1f}", kbps <= bars[1])
        what, bar = f"{name}: mouth to ear beyond network", f"<= {bars[2] * 1000:.0f} ms"
        table.line(what, bar, f"{late * 1000:.0f} ms", late <= bars[2])
    lost, gone = number(rows, "network_loss"), number(rows, "missing")
    table.line(f"{name}: missing at the ear", f"<= {lost:.1%}", f"{gone:.1%}", gone <= lost + 0.005)


def other_lines(table: Table, speech: Speech, seeds: int) -> Rows:
    """Set-up, drift, CPU, and the two hard minutes."""
    rows: Rows = []
    ups = [row("set-up", set_up(speech, "gprs", seed)) for seed in range(1, 4 * seeds + 1)]
    trips = [float(str(r["round_trips"])) for r in ups]
    what, half = "gprs: ring to first sound, both ears, median", median(trips)
    table.line(what, "<= 2 RTT", f"{half:.2f} RTT", half <= 2)
    table.line("  the slowest of all seeds", "", f"{max(trips):.2f} RTT", None)
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


def aiortc_row(speech: Speech, loss: float, seed: int) -> dict[str, Any]:
    """One direction through aiortc."""
    return row("aiortc", aiortc_call(speech, loss, seed))


def rival_lines(table: Table, speeches: list[Speech], seeds: int) -> Rows:
    """aiortc and LXST in the same losses."""
    cases = [(loss, seed) for loss in RIVAL_LOSSES for seed in range(1, seeds + 1)]
    rows = in_parallel(aiortc_row, [(speech, *case) for speech in speeches for case in cases])
    try:
        rows += [row("lxst", one) for speech in speeches for one in lxst_calls(speech, cases)]
    except NotInstalled as error:
        print(f"LXST: not run, it {error}")
    for rival, speech, loss in product(("aiortc", "lxst"), speeches, RIVAL_LOSSES):
        about = (rival, speech.language, loss)
        some = [r for r in rows if (r["case"], r["language"], r["loss"]) == about]
        if some:
            figure = f"{number(some, 'pesq'):.2f} / {number(some, 'missing'):.1%}"
            what = f"{rival}, {speech.language}, {loss:.0%} loss: PESQ-WB / missing"
            table.line(what, f"at {number(some, 'net_kbps'):.0f} kbit/s", figure, None)
    return rows


def main() -> int:
    """Run all and print the table; 1 when a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    default = ROOT / "tests" / "data" / "speech"
    parser.add_argument("--speech", type=Path, default=default, help="clips: FOLDER/LANGUAGE/...")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--rows", type=Path, help="write raw rows here, one JSON object a line")
    parser.add_argument("--no-rivals", action="store_true")
    options = parser.parse_args()
    if missing := [name for name in SCORERS if find_spec(name) is None]:
        print(f"Sound cannot be scored without {' and '.join(missing)}.", file=sys.stderr)
        print(f"Next step: .venv/bin/pip install {' '.join(SCORERS)}", file=sys.stderr)
        return 11
    speeches = corpus(options.speech)
    judged = next((s for s in speeches if s.language == JUDGED), speeches[0])
    table = Table()
    print(f"{'what':<52} {'bar':>14} {'figure':>16}")
    parts = [
        partial(note_lines, table, options.speech),
        partial(quality_lines, table, speeches),
        partial(other_lines, table, judged),
    ]
    if not options.no_rivals:
        parts.append(partial(rival_lines, table, speeches))
    rows: Rows = []
    for part in parts:
        rows += part(options.seeds)
        if options.rows:
            write_rows(options.rows, rows)
    return 1 if table.failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
