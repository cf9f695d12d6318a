"""What pictures in a call cost speech, and how often one comes.

Two real sessions over emulated links in virtual time, real Opus, real speech. Each call is made
twice from one seed, without pictures and with them: speech as heard must be the same. The post (20
kbit/s on gprs) shows pictures; it talks all the time (`talks`), or in turns with the desk
(`turns`).
PESQ-WB needs `pip install pesq pystoi`.

    python scripts/bench/stills.py --seeds 4 --rows rows.jsonl
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from random import Random
from statistics import mean, median

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from scripts.bench._audio_live import missing, run_until_talking, talk_of  # noqa: E402
from scripts.bench._audio_score import RATE_HZ, Speech, corpus, lag_of, write_rows  # noqa: E402
from tests.call.pair import Pair, Side  # noqa: E402
from xtcli.media.call.packet import Kind, split_header  # noqa: E402
from xtcli.media.call.talk import AROUND_LINK_BYTES  # noqa: E402
from xtcli.transport.emulator.core import Emulator, GilbertLoss  # noqa: E402
from xtcli.transport.emulator.profiles import PROFILES, Profile  # noqa: E402

LINKS = ("gprs", "edge", "lossy3g", "satphone")
CALL_S = 120.0
TURN_S = 12.0
LOOK_S = 0.1
LATE_S_MAX = 2
PIECE_S = 4.0


@dataclass(frozen=True)
class Row:
    """One call, scored as heard at the desk."""

    link: str
    hint: bool
    """Whether the station had measured the link before."""
    way: str
    seed: int
    stills: bool
    pesq: float
    stoi: float
    lag_s: float
    """Mouth to ear, network included, median."""
    missing: float
    """Share of the frames sent live that were not played."""
    unsent: int
    """Spoken frames that the ladder kept for the note."""
    kbps: float
    came: int
    seconds_per_still: float
    """0: none came."""
    bytes_per_still: float
    age_s: float
    """Of a still when it is whole."""


class Twin(Emulator):
    """A direction in which pictures draw their own chances: speech meets the same ones without."""

    def __init__(self, profile: Profile, *, up: bool, seed: int) -> None:
        """As `tests.call.pair.emulator`."""
        rate = profile.rate_up_bps if up else profile.rate_down_bps
        numbers = (rate, profile.delay_s, profile.jitter_s, profile.loss, profile.burst_mean)
        super().__init__(
            *numbers, profile.queue_s, seed=2 * seed + (not up), overhead=AROUND_LINK_BYTES
        )
        other = Random(f"{seed} pictures")
        self._speech = self._loss, self._draw
        self._pictures = (
            GilbertLoss(profile.loss, profile.burst_mean, Random(f"{seed} lost")), other.random,
        )  # fmt: skip

    def push(self, packet: bytes, now: float) -> None:
        """Offer a packet; a control datagram too long or too short for a report is a picture's."""
        control = split_header(packet)[0] == Kind.CONTROL
        picture = control and not 25 <= len(packet) <= 80
        self._loss, self._draw = self._pictures if picture else self._speech
        super().push(packet, now)


class Camera:
    """Pictures of the size asked for, as random as AV1 is."""

    def __init__(self, seed: int, fixed: int = 0) -> None:
        """`fixed` bytes each instead, if given."""
        self._random = Random(seed)
        self._fixed = fixed
        self.sizes: list[int] = []

    def look(self, side: Side, now: float) -> None:
        """Show one when there is room."""
        talk = side.session.talk if side.session is not None else None
        room = talk.stills.room(now) if talk is not None and side.talking else 0
        if talk is not None and room:
            size = min(self._fixed or room, room)
            talk.stills.offer(self._random.randbytes(size), now, now)
            self.sizes.append(size)


def call(speech: Speech, link: str, hint: bool, way: str, seed: int, stills: bool) -> Row:
    """Two minutes between a post behind `link` and a desk."""
    profile = PROFILES[link]
    said, answered = turns(speech, way)
    post = Side(speech=said, out=Twin(profile, up=True, seed=seed))
    desk = Side(speech=answered, out=Twin(profile, up=False, seed=seed))
    rates = (profile.rate_up_bps, profile.rate_down_bps) if hint else (None, None)
    pair = Pair(post, desk, seed=seed, rate_bps=rates[0], called_rate_bps=rates[1])
    run_until_talking(pair)
    assert post.said_at is not None
    camera, ages = Camera(seed), []
    end = post.said_at + len(said) / 2 / RATE_HZ
    while pair.now < end + 2:
        if stills and pair.now < end:
            camera.look(post, pair.now)
        pair.run(pair.now + LOOK_S)
        found = talk_of(desk).stills.take_newest()
        if found is not None:
            ages.append(pair.now - found.taken_at)
    begin = round((post.said_at - desk.heard_from) * RATE_HZ)
    marks = scored(said, bytes(desk.heard[2 * begin :]))
    sent = sum(len(p) + AROUND_LINK_BYTES for at, mine, p in pair.wire if mine)
    spoken = talk_of(post).ledger._spoken.values()
    return Row(
        link, hint, way, seed, stills, *marks, missing(post, desk),
        sum(not s.live for s in spoken), sent * 8 / (end - post.said_at) / 1000,
        len(ages), (end - post.said_at) / len(ages) if ages else 0.0,
        mean(camera.sizes) if camera.sizes else 0.0, mean(ages) if ages else 0.0,
    )  # fmt: skip


def turns(speech: Speech, way: str) -> tuple[bytes, bytes]:
    """What post and desk say in `CALL_S`."""
    size = int(CALL_S * RATE_HZ) * 2
    whole = (speech.pcm * (1 + size // len(speech.pcm)))[:size]
    if way == "talks":
        return whole, b""
    turn = int(TURN_S * RATE_HZ) * 2
    post, desk = bytearray(), bytearray()
    for at in range(0, size, turn):
        part, quiet = whole[at : at + turn], bytes(len(whole[at : at + turn]))
        mine = at // turn % 2 == 0
        post += part if mine else quiet
        desk += quiet if mine else part
    return bytes(post), bytes(desk)


def scored(said: bytes, heard: bytes) -> tuple[float, float, float]:
    """PESQ-WB, STOI and mouth to ear of what the post said, four seconds at a time, after the
    first turn. Each is put where it belongs by itself: the delay of a call changes with the ladder.
    """
    from pesq import pesq
    from pystoi import stoi

    mouth = np.frombuffer(said, "<i2").astype(np.float64)
    ear = np.frombuffer(heard, "<i2").astype(np.float64)
    first, piece = int(TURN_S * RATE_HZ), int(PIECE_S * RATE_HZ)
    marks = []
    for at in range(first, len(mouth) - piece + 1, piece):
        words = mouth[at : at + piece]
        if np.sqrt(np.mean(np.square(words))) < 0.3 * np.sqrt(np.mean(np.square(mouth))):
            continue
        lag = max(0, lag_of(words, ear[at : at + piece + LATE_S_MAX * RATE_HZ]))
        part = ear[at + lag : at + lag + piece]
        part = np.pad(part, (0, piece - len(part)))
        found = pesq(RATE_HZ, words, part, "wb", on_error=1)
        marks.append((max(1.0, found), stoi(words, part, RATE_HZ), lag / RATE_HZ))
    pesqs, stois, lags = zip(*marks, strict=True)
    return mean(pesqs), mean(stois), median(lags)


def head() -> None:
    """The names of the columns."""
    print(
        f"{'link':<9} {'rate':<8} {'way':<6} {'stills':<6} {'PESQ':>5} {'STOI':>6} {'missing':>8}"
        f" {'kept':>5} {'lag ms':>7} {'kbit/s':>7} {'s/still':>8} {'bytes':>6} {'age s':>6}"
    )


def line(some: list[Row]) -> str:
    """Means over the seeds."""

    def of(name: str) -> float:
        return mean(float(getattr(row, name)) for row in some)

    came = sum(row.came for row in some)
    each = f"{CALL_S * len(some) / came:8.1f}" if came else f"{'none':>8}"
    first = some[0]
    return (
        f"{first.link:<9} {'measured' if first.hint else 'unknown':<8} {first.way:<6}"
        f" {'yes' if first.stills else 'no':<6} {of('pesq'):5.2f}"
        f" {of('stoi'):6.3f} {of('missing'):8.2%} {of('unsent'):5.0f} {1000 * of('lag_s'):7.0f}"
        f" {of('kbps'):7.1f} {each} {of('bytes_per_still'):6.0f} {of('age_s'):6.1f}"
    )


def main() -> int:
    """Run all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("speech", nargs="?", type=Path, default=ROOT / "tests/data/speech")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--links", nargs="*", default=LINKS)
    parser.add_argument("--ways", nargs="*", default=("talks", "turns"))
    parser.add_argument("--rows", type=Path, help="write raw rows here, one JSON object a line")
    parser.add_argument("--measured", action="store_true", help="only links measured before")
    options = parser.parse_args()
    hints = (True,) if options.measured else (True, False)
    speech = next(s for s in corpus(options.speech) if s.language == "zh")
    rows: list[Row] = []
    head()
    for link, hint, way, stills in product(options.links, hints, options.ways, (False, True)):
        seeds = range(1, options.seeds + 1)
        some = [call(speech, link, hint, way, seed, stills) for seed in seeds]
        print(line(some), flush=True)
        rows += some
    if options.rows:
        write_rows(options.rows, [asdict(row) for row in rows])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
