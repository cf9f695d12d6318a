"""Steering: a recording comes out at its bytes in one go, without a price that was not needed."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from tests.media.sounds import MONGOLIAN, pcm_of_file
from xtcli.media import search, voice
from xtcli.media.steering import PRICE_RISE_MAX, Steering


def played(
    one_go: list[int], budget: float, *, share: float = 0.97, truth: float = 1.0
) -> Steering:
    """A recording whose frames take `truth` times what is usual, each with tries of four sizes."""
    random = Random(1)
    steering = Steering(6.0, budget, one_go, share)
    for expected in one_go:
        base = expected * truth * random.uniform(0.8, 1.2)
        sizes = np.round(base * np.array([0.75, 0.85, 0.92, 1.0]) * steering.scale)
        losses = np.array([260.0, 90.0, 40.0, 10.0])
        steering.coded(losses, sizes, int(sizes[(losses + steering.price_now * sizes).argmin()]))
    return steering


def spent(steering: Steering) -> int:
    """Bytes of all frames."""
    return steering._spent


FRAMES = [20 + 40 * (place // 30 % 2) for place in range(400)]


def test_with_room_for_all_the_price_is_the_usual_one() -> None:
    steering = played(FRAMES, 2.0 * sum(FRAMES))
    assert (steering.rise, steering.scale) == (1.0, 1.0)


@pytest.mark.parametrize("truth", [0.9, 1.0, 1.15])
def test_bytes_are_kept_and_nearly_all_used(truth: float) -> None:
    """Also when the recording takes more than is usual: it is learnt on the way."""
    budget = 0.86 * sum(FRAMES)
    total = spent(played(FRAMES, budget, truth=truth))
    assert total <= 1.01 * budget
    assert total >= 0.93 * budget


def test_where_no_price_suffices_the_bitrate_falls() -> None:
    steering = played(FRAMES, 0.6 * sum(FRAMES))
    assert steering.rise == PRICE_RISE_MAX
    assert steering.scale < 0.9
    assert spent(steering) <= 1.03 * 0.6 * sum(FRAMES)


def test_quick_speech_is_coded_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Going through a note a second time is what the doctor would wait for."""
    goes: list[int] = []
    take = search.take

    def counted(*given: object, **named: object) -> search.Take:
        goes.append(1)
        return take(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(search, "take", counted)
    pcm = 2 * pcm_of_file(MONGOLIAN)
    assert len(voice.encode(pcm)) <= voice.bytes_max(len(pcm) / 32_000)
    assert len(goes) == 1


def test_threads_do_not_change_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same sound gives the same bytes, whatever machine codes it."""
    pcm = pcm_of_file(MONGOLIAN)[:64_000]
    found = set()
    for cores in (1, 2, 3, 16):
        monkeypatch.setattr("os.cpu_count", lambda cores=cores: cores)
        found.add(voice.encode(pcm))
    assert len(found) == 1
