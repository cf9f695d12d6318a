"""How big and how good a voice note is: bytes of 30 s, PESQ-WB and STOI, for each quality.

Needs `pip install pesq pystoi` (not needed by xt itself) and a folder of clips: one folder per
language, WAV or FLAC. Several notes per language are made of its clips in a shuffled order, each
cut to 30 s, and scored whole against what went into the coder (levelled and trimmed, not coded).
The rows `plain` are libopus at the same setting in one go, as other programs use it.

    python scripts/bench/audio_note.py tests/data/speech --seeds 4 --rows rows.jsonl
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xtcli.media import level, ogg, opus, voice
from xtcli.media.sound import read_sound

RATE_HZ = 16_000
BARS = {"tiny": (19_500, 0.0), "normal": (23_500, 2.9), "clear": (39_000, 0.0)}
"""Bytes of a 30 s note in any language, and PESQ-WB on Mandarin where that is asked for."""


def clips(folder: Path) -> dict[str, list[bytes]]:
    """PCM of every clip below `folder`, by the name of the folder just below it."""
    found: dict[str, list[bytes]] = {}
    for path in sorted(folder.rglob("*")):
        # Only what was recorded at 16 kHz is here: a copy at another rate would count twice.
        if path.suffix in {".wav", ".flac"} and "48k" not in path.parts:
            language = path.relative_to(folder).parts[0].split("_")[0]
            found.setdefault(language, []).append(read_sound(path))
    return found


def speech(parts: list[bytes], seed: int, seconds: float) -> bytes:
    """`seconds` of speech: the clips in an order chosen by `seed`, as often as needed."""
    order = random.Random(seed)
    pcm = b""
    while len(pcm) < seconds * RATE_HZ * 2:
        shuffled = list(parts)
        order.shuffle(shuffled)
        pcm += b"".join(shuffled)
    return pcm[: round(seconds * RATE_HZ) * 2]


def plain(pcm: bytes, quality: str) -> bytes:
    """A note coded in one go at the same setting, one frame to a packet."""
    encoder = opus.Encoder(voice.QUALITIES[quality].bitrate)
    size, lookahead = encoder.frame_samples * 2, encoder.lookahead_samples
    padded = pcm + bytes(lookahead * 2)
    packets = tuple(
        encoder.encode(padded[at : at + size].ljust(size, b"\0"))
        for at in range(0, len(padded), size)
    )
    end = (lookahead + len(pcm) // 2) * 3
    return ogg.write(ogg.OpusStream(packets, end, lookahead * 3, f"xt {quality}"))


def score(said: bytes, heard: bytes) -> tuple[float, float]:
    """PESQ-WB (ITU-T P.862.2) and STOI of what is heard."""
    import numpy as np
    from pesq import pesq
    from pystoi import stoi

    size = min(len(said), len(heard))
    a, b = (np.frombuffer(pcm[:size], "<i2").astype(float) for pcm in (said, heard))
    return float(pesq(RATE_HZ, a, b, "wb")), float(stoi(a, b, RATE_HZ))


def note_row(
    language: str, parts: list[bytes], seed: int, quality: str, way: str, seconds: float = 30.0
) -> dict[str, Any]:
    """One note, made by xt or in one go (`way` "xt" or "plain"), measured."""
    said = level.tidy(speech(parts, seed, seconds))
    started = time.process_time()
    data = voice.encode(said, quality) if way == "xt" else plain(said, quality)
    took = time.process_time() - started
    pesq_wb, stoi = score(said, voice.decode_note(data))
    return {
        "language": language,
        "seed": seed,
        "quality": quality,
        "way": way,
        "seconds": len(said) / RATE_HZ / 2,
        "bytes_30s": round(len(data) * 30 * RATE_HZ * 2 / len(said)),
        "pesq_wb": round(pesq_wb, 3),
        "stoi": round(stoi, 4),
        "encode_cpu_seconds": round(took, 2),
    }


def rows(folder: Path, seeds: int, seconds: float) -> Iterator[dict[str, Any]]:
    """One row per language, seed, quality and way of coding."""
    for language, parts in clips(folder).items():
        for seed in range(seeds):
            for quality in voice.QUALITIES:
                for way in ("xt", "plain"):
                    yield note_row(language, parts, seed, quality, way, seconds)


def table(found: list[dict[str, Any]]) -> bool:
    """Print the means; whether every bar is met."""
    met = True
    print("language  quality  way    bytes/30s  PESQ-WB (least)  STOI    encode CPU s")
    names = ("language", "quality", "way")
    for key in dict.fromkeys(tuple(row[name] for name in names) for row in found):
        same = [row for row in found if tuple(row[name] for name in names) == key]
        mean = {k: statistics.mean(r[k] for r in same) for k in same[0] if k not in names}
        least, largest = min(r["pesq_wb"] for r in same), max(r["bytes_30s"] for r in same)
        language, quality, way = key
        line = (
            f"{language:9} {quality:8} {way:6} {mean['bytes_30s']:9.0f}  {mean['pesq_wb']:.2f}"
            f" ({least:.2f})      {mean['stoi']:.4f}  {mean['encode_cpu_seconds']:.2f}"
        )
        if way == "xt":
            bytes_max, pesq_min = BARS[quality]
            pesq_min = pesq_min if language == "zh" else 0.0
            good = largest <= bytes_max and mean["pesq_wb"] >= pesq_min
            line += f"  bar: <= {bytes_max} B, >= {pesq_min}: {'met' if good else 'NOT met'}"
            met = met and good
        print(line)
    return met


def main() -> int:
    """Read the options, measure, print; 1 when a bar is not met."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folder", type=Path, help="clips: FOLDER/<language>/**/*.wav or *.flac")
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--rows", type=Path, help="keep every row here, as JSON lines")
    chosen = parser.parse_args()
    found = []
    for row in rows(chosen.folder, chosen.seeds, chosen.seconds):
        found.append(row)
        if chosen.rows:
            with chosen.rows.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
    return 0 if table(found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
