"""Real speech for the audio benches, and scores of what was delivered, gaps included."""

from __future__ import annotations

import csv
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

RATE_HZ = 16_000
PAUSE_S = 0.9
"""Between sentences: with it, speech is active 70 to 80 % of the time (ITU-T P.862.3 asks 40 to 80)."""
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


def read_wav(path: Path) -> bytes:
    """PCM of a 16 kHz mono 16-bit file."""
    with wave.open(str(path)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE_HZ, 1, 2):
            raise ValueError(f"{path} is not 16 kHz mono 16 bit")
        return file.readframes(file.getnframes())


def join(language: str, paths: list[Path]) -> Speech:
    """Clips in a row with short pauses, cut at clips into chunks of about 9 s for scoring."""
    pause = bytes(2 * round(PAUSE_S * RATE_HZ))
    pcm, chunks, start = b"", [], 0
    for path in paths:
        pcm += read_wav(path) + pause
        end = len(pcm) // 2
        if end - start >= CHUNK_S * RATE_HZ:
            chunks.append((start, end))
            start = end
    if len(pcm) // 2 - start >= 3 * RATE_HZ or not chunks:
        chunks.append((start, len(pcm) // 2))
    return Speech(language, pcm, tuple(chunks))


def corpus(folder: Path) -> list[Speech]:
    """Mandarin, English and Mongolian speech found under `folder`, by the names of its folders.

    Either the layout of a data set (`zh_*/16k/*.wav`), or flat `zh_*.wav`, `en_*.wav`, `mn_*.wav`.
    """
    found = []
    for language in ("zh", "en", "mn"):
        paths = sorted(folder.glob(f"{language}*/16k/*.wav")) or sorted(
            folder.glob(f"{language}_*.wav")
        )
        # Telephone-band originals would cap any wide-band score.
        paths = [p for p in paths if "codec2" not in p.name]
        if paths:
            found.append(join(language, paths))
    return found


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
    part = delivered[max(0, fine) : fine + end - start]
    return np.pad(part, (0, end - start - len(part)))


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
    """Raw rows as CSV."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)
