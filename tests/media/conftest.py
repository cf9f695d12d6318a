"""Real speech for the tests of the media room."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.media.sounds import MANDARIN, MONGOLIAN, pcm_of_file


@pytest.fixture(scope="session")
def mandarin() -> bytes:
    """3.6 s of a Mandarin sentence as PCM."""
    return pcm_of_file(MANDARIN)


@pytest.fixture(scope="session")
def mongolian() -> bytes:
    """6.2 s of Mongolian as PCM."""
    return pcm_of_file(MONGOLIAN)
