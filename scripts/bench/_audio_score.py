"""Real speech for the audio benches, and scores of what was delivered, gaps included."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from xtcli.media.sound import read_sound

RATE_HZ = 16_000
PAUSE_S = 0.9
"""Between clips: ITU-T P.862.3 asks for speech that is active 40 to 80 % of the time."""
CHUNK_S = 9.0
SEARCH_S = 0.25

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Speech:
    """Clips of one language in a row; `chunks` are the spans (in samples) scored on their own."""

    language: str
    pcm: bytes
    chunks: tuple[tuple[int, int], ...]

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.pcm) / 2 / RATE_HZ


def join(language: str, paths: list[Path]) -> Speech:
    """Clips in a row with short pauses, cut at clips into chunks of about 9 s for scoring."""
    pause = bytes(2 * round(PAUSE_S * RATE_HZ))
    pcm, chunks, start = b"", [], 0
    for path in paths:
        pcm += read_sound(path) + pause
        end = len(pcm) // 2
        if end - start >= CHUNK_S * RATE_HZ:
            chunks.append((start, end))
            start = end
    if len(pcm) // 2 - start >= 3 * RATE_HZ or not chunks:
        chunks.append((start, len(pcm) // 2))
    return Speech(language, pcm, tuple(chunks))


def corpus(folder: Path) -> list[Speech]:
    """The speech below `folder`, one folder for each language (`zh`, `zh_more` ... are one)."""
    clips: dict[str, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        # A copy at another rate would count twice; telephone sound would cap any wide-band score.
        if (
            path.suffix in {".wav", ".flac"}
            and "48k" not in path.parts
            and "codec2" not in path.name
        ):
            language = path.relative_to(folder).parts[0].split("_")[0]
            clips.setdefault(language, []).append(path)
    return [join(language, paths) for language, paths in sorted(clips.items())]


def lag_of(reference: Sound, delivered: Sound) -> int:
    """By how many samples `delivered` is later than `reference`, by cross-correlation."""
    size = 1 << (len(reference) + len(delivered) - 1).bit_length()
    spectrum = np.conj(np.fft.rfft(reference, size)) * np.fft.rfft(delivered, size)
    lag = int(np.argmax(np.fft.irfft(spectrum, size)))
    return lag if lag < size // 2 else lag - size


def align(reference: Sound, delivered: Sound, lag: int, start: int, end: int) -> Sound:
    """The part of `delivered` that belongs to `reference[start:end]`, near `lag`."""
    reach = round(SEARCH_S * RATE_HZ)
    low = max(0, start + lag - reach)
    near = delivered[low : end + lag + reach]
    fine = lag_of(reference[start:end], near) + low
    if abs(fine - (start + lag)) > reach:
        fine = start + lag
    begin = max(0, fine)
    part = delivered[begin : max(begin, fine + end - start)]
    before = begin - fine
    return np.pad(part, (before, max(0, end - start - before - len(part))))[: end - start]


@dataclass(frozen=True)
class Score:
    """Means over the chunks."""

    pesq: float
    stoi: float
    lag_s: float
    """Delivered after said, by cross-correlation of the whole."""


def score(speech: Speech, delivered: bytes) -> Score:
    """PESQ-WB (ITU-T P.862.2) and STOI (Taal et al. 2011) of what was delivered."""
    from pesq import pesq
    from pystoi import stoi

    said = np.frombuffer(speech.pcm, "<i2").astype(np.float64)
    got = np.frombuffer(delivered, "<i2").astype(np.float64)
    lag = lag_of(said, got)
    pesqs, stois = [], []
    for start, end in speech.chunks:
        part = align(said, got, lag, start, end)
        pesqs.append(pesq(RATE_HZ, said[start:end], part, "wb", on_error=1))
        stois.append(stoi(said[start:end], part, RATE_HZ))
    # PESQ finds no utterance in a chunk that was not delivered: the worst there is.
    good = [p if p >= 1.0 else 1.0 for p in pesqs]
    return Score(float(np.mean(good)), float(np.mean(stois)), lag / RATE_HZ)


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    """Raw rows, one JSON object a line."""
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
