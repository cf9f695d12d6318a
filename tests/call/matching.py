"""Speech found again in sound."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def best_match(piece: NDArray[np.float64], sound: NDArray[np.float64]) -> float:
    """The highest normalised correlation of a piece of speech with any place in a sound."""
    size = 1 << (sound.size + piece.size).bit_length()
    spectrum = np.conj(np.fft.rfft(piece, size)) * np.fft.rfft(sound, size)
    dots = np.fft.irfft(spectrum, size)[: sound.size - piece.size]
    energy = np.concatenate(([0.0], np.cumsum(np.square(sound))))
    there = energy[piece.size : piece.size + dots.size] - energy[: dots.size]
    return float(np.max(dots / np.sqrt(np.maximum(there, 1.0)))) / float(np.linalg.norm(piece))
