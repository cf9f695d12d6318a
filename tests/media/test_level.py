"""Levelling, trimming and drawing: every speaker as loud as the next, nothing said is cut."""

from __future__ import annotations

import array

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.media import level, waveform


def samples(pcm: bytes) -> level.Samples:
    return np.frombuffer(pcm, "<i2").astype(np.float64) / 32768


def pcm_of(values: level.Samples) -> bytes:
    return np.clip(np.rint(values * 32767), -32768, 32767).astype("<i2").tobytes()


@pytest.mark.parametrize("gain", [0.02, 0.1, 0.5, 1.0])
def test_quiet_and_loud_speakers_end_equally_loud(mandarin: bytes, gain: float) -> None:
    levelled = samples(level.tidy(pcm_of(samples(mandarin) * gain)))
    assert level.speech_level(levelled) == pytest.approx(level.TARGET_DB, abs=1.0)


def test_silence_at_the_ends_goes_and_speech_stays(mandarin: bytes) -> None:
    """Three seconds of a quiet room before and after are cut; the speech itself is whole."""
    alone = level.tidy(mandarin)
    room = np.random.default_rng(1).normal(0, 0.0003, 48_000)
    padded = pcm_of(np.concatenate([room, samples(mandarin), room]))
    tidied = level.tidy(padded)
    assert abs(len(tidied) - len(alone)) < 0.4 * 32_000
    assert len(tidied) >= len(alone) * 0.95


def test_quiet_last_word_is_not_cut(mandarin: bytes) -> None:
    """A word 20 dB under the rest still counts as speech."""
    said = samples(mandarin)
    quiet_end = np.concatenate([said, np.zeros(8000), said * 0.1])
    tidied = level.tidy(pcm_of(quiet_end))
    assert len(tidied) / 2 > 2 * len(said) - 8000


def test_pause_inside_is_kept(mandarin: bytes) -> None:
    said = samples(mandarin)
    paused = np.concatenate([said, np.zeros(32_000), said])
    assert len(level.tidy(pcm_of(paused))) / 2 > 2 * len(said) + 32_000 - 16_000


def test_limiter_never_passes_its_ceiling(mandarin: bytes) -> None:
    """A cough in a quiet recording is turned down, not clipped and not left to set the level."""
    said = samples(mandarin) * 0.05
    said[20_000:20_400] = np.sin(np.arange(400) * 0.5) * 0.9
    tidied = samples(level.tidy(pcm_of(said)))
    assert np.abs(tidied).max() <= level.PEAK_MAX + 1e-3
    assert level.speech_level(tidied) > level.TARGET_DB - 12


def test_constant_offset_is_removed(mandarin: bytes) -> None:
    tidied = samples(level.tidy(pcm_of(samples(mandarin) * 0.5 + 0.2)))
    assert abs(float(tidied.mean())) < 0.01


@settings(derandomize=True, max_examples=60, deadline=None)
@given(st.binary(max_size=4000))
def test_any_bytes_come_out_as_sound(pcm: bytes) -> None:
    tidied = level.tidy(pcm)
    assert len(tidied) % 2 == 0
    assert len(tidied) <= len(pcm)


def test_waveform_follows_the_sound(mandarin: bytes) -> None:
    """Silence is drawn low, speech high, and any width can be asked for."""
    peaks = waveform.peaks(bytes(64_000) + mandarin, 40)
    assert len(peaks) == 40
    assert max(peaks[:10]) == 0
    assert max(peaks[16:]) > 40
    for width in (1, 7, 40, 100):
        assert len(waveform.draw(peaks, width)) == width
    assert waveform.draw(peaks, 40)[:10] == " " * 10
    assert set(waveform.draw(peaks)) <= set(waveform.BARS)


def test_waveform_of_nothing_and_of_little() -> None:
    assert waveform.peaks(b"") == ()
    assert waveform.draw(()) == ""
    assert len(waveform.peaks(array.array("h", [5000]).tobytes(), 10)) == 10


@settings(derandomize=True, max_examples=100, deadline=None)
@given(st.lists(st.integers(0, 100), min_size=1, max_size=200), st.integers(1, 120))
def test_resizing_keeps_the_loudest(values: list[int], width: int) -> None:
    resized = waveform.resize(values, width)
    assert len(resized) == width
    assert set(resized) <= set(values)
    if width <= len(values):
        assert max(resized) == max(values)


def test_meter_and_progress() -> None:
    assert waveform.meter(0.0, 10) == "·" * 10
    assert waveform.meter(1.0, 10) == "█" * 10
    assert 0 < waveform.meter(0.05, 10).count("█") < 10
    played, coming = waveform.draw_progress((50,) * 20, 0.25, 20)
    assert (len(played), len(coming)) == (5, 15)
