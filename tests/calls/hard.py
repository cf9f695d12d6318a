"""A call in real time through a cut and a fall of the rate; was every second of it heard?

The post (behind the link) speaks, the desk listens; each `xt call` is a process. Every loud piece
of what was said must be found in what the desk heard, near its time, or in the notes of the case.
"""

from __future__ import annotations

import time
import wave
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tests.calls.processes import Watch, Xt, call, end_all
from tests.calls.realm import DEPT, Realm, file_request, sync, until
from tests.calls.weather import Weather
from xtcli.media.sound import read_sound
from xtcli.media.voice import decode_note
from xtcli.records.values import BlobKind
from xtcli.station.station import Station

OTHER = Path(__file__).parents[1] / "data" / "speech" / "mn"
RATE_HZ = 16_000
PIECE_S = 0.5
LATE_S = 2.5
LIKE = 0.5
"""What was not said is far less like: the outcome says how many pieces of other speech pass."""
LIKE_HALF = 0.65

Sound = NDArray[np.float64]


@dataclass(frozen=True)
class Course:
    """Seconds of each weather: fair, cut, fair again, slow."""

    fair: float
    cut: float
    back: float
    slow: float
    slow_bps: float = 6_000.0

    @property
    def seconds(self) -> float:
        return self.fair + self.cut + self.back + self.slow


@dataclass(frozen=True)
class Outcome:
    """What became of what was said."""

    pieces: int
    live: int
    noted: int
    """Only in a note."""
    lost: tuple[float, ...]
    """When the pieces were said that are found nowhere."""
    strange: float
    """Share of pieces of another speech that would have passed for found."""
    report: dict[str, Any]
    said: tuple[str, ...]


def hard_call(root: Path, speech: list[Path], course: Course, seed: int = 1) -> Outcome:
    """Make the call; `speech` is said one after another, at other speeds when it must last."""
    words = root / "words.wav"
    said = write(words, long_speech(speech, course.seconds))
    realm = Realm(root)
    try:
        with Weather(realm.address, "gprs", seed) as weather:
            realm.road = weather.address
            desk, post = realm.join("诊台", "desk", DEPT), realm.join("卫生室")
            case = opened_case(desk, post)
            watch = Watch(desk)
            caller = call(post, case, words, root / "post.wav", "--seconds", str(course.seconds))
            assert watch.says("--accept"), caller.said
            silence = root / "silence.wav"
            write(silence, np.zeros(RATE_HZ))
            called = call(
                desk, case, silence, root / "desk.wav", "--accept", "--seconds",
                str(course.seconds + 60),
            )  # fmt: skip
            assert caller.says("Connected."), caller.said
            go_through(weather, course)
            report = caller.report(90)
            weather.rate(20_000, 40_000)
            called.report(120)
            heard, notes = sound_of(root / "desk.wav"), list(notes_of(post, case))
            watch.interrupt()
            watch.wait()
            return judge(said, heard, notes, report, caller)
    finally:
        end_all()
        realm.close()


def opened_case(desk: Station, post: Station) -> Any:
    """A case of the post that the desk has opened."""
    case = file_request(post)
    sync(post)

    def there() -> bool:
        sync(desk)
        return desk.log.get(case) is not None

    assert until(there)
    desk.open_case(case)
    sync(desk, post)

    def known() -> bool:
        sync(post)
        return len(post.case(case).entries) > 1

    assert until(known)
    return case


def go_through(weather: Weather, course: Course) -> None:
    """The weather, from the answer on."""
    time.sleep(course.fair)
    weather.cut(True)
    time.sleep(course.cut)
    weather.cut(False)
    time.sleep(course.back)
    weather.rate(course.slow_bps, course.slow_bps)


def long_speech(paths: list[Path], seconds: float) -> Sound:
    """Clips in a row; again a little slower and faster, so that no second is said twice alike."""
    clips = [np.frombuffer(read_sound(path), "<i2").astype(np.float64) for path in paths]
    once = np.concatenate(clips)
    speeds = (1.0, 0.93, 1.07, 0.88, 1.13)
    parts = [
        np.interp(np.arange(0, once.size - 1, speed), np.arange(once.size), once)
        for speed in speeds
    ]
    whole = np.concatenate(parts)
    assert whole.size >= seconds * RATE_HZ
    return whole[: int(seconds * RATE_HZ)]


def write(path: Path, sound: Sound) -> Sound:
    """Sound as a WAV file."""
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE_HZ, 0, "NONE", ""))
        file.writeframes(sound.astype("<i2").tobytes())
    return sound


def sound_of(path: Path) -> Sound:
    """The opposite."""
    with wave.open(str(path)) as file:
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64)


def notes_of(station: Station, case: Any) -> Iterator[Sound]:
    """The voice notes of a case."""
    for one in station.case(case).attachments:
        if one.body.blob is BlobKind.VOICE:
            pcm = decode_note(station.blobs.read(one.body.digest) or b"")
            yield np.frombuffer(pcm, "<i2").astype(np.float64)


def judge(
    said: Sound, heard: Sound, notes: list[Sound], report: dict[str, Any], caller: Xt
) -> Outcome:
    """Look for every loud piece of what was said."""
    size = int(PIECE_S * RATE_HZ)
    loud = 0.5 * float(np.sqrt(np.mean(np.square(said))))
    pieces = live = noted = 0
    lost = []
    for at in range(0, said.size - size, size):
        piece = said[at : at + size]
        if np.sqrt(np.mean(np.square(piece))) < loud:
            continue
        pieces += 1
        near = heard[max(0, at - size) : at + size + int(LATE_S * RATE_HZ)]
        if likeness(piece, near) > LIKE:
            live += 1
        elif any(likeness(piece, note) > LIKE for note in notes) or pieced(piece, near, notes):
            noted += 1
        else:
            lost.append(at / RATE_HZ)
    other = strange(heard, notes)
    return Outcome(pieces, live, noted, tuple(lost), other, report, tuple(caller.said))


def pieced(piece: Sound, near: Sound, notes: list[Sound]) -> bool:
    """Whether the call changed in the middle of it: one half was heard, the other is in a note."""
    half = piece.size // 2
    parts = (piece[:half], piece[half:])
    return all(max(likeness(p, s) for s in (near, *notes)) > LIKE_HALF for p in parts)


def strange(heard: Sound, notes: list[Sound]) -> float:
    """How much of a speech in another language is found in what was heard."""
    size = int(PIECE_S * RATE_HZ)
    speech = long_speech(sorted(OTHER.glob("*.flac")), 25.0)
    pieces = [speech[at : at + size] for at in range(0, speech.size - size, size)]
    window = heard[: 2 * size + int(LATE_S * RATE_HZ)]
    found = [max(likeness(piece, sound) for sound in (window, *notes)) > LIKE for piece in pieces]
    return sum(found) / len(found)


def likeness(part: Sound, sound: Sound) -> float:
    """The best normalised correlation of `part` with any place of `sound`."""
    if sound.size <= part.size:
        return 0.0
    width = 1 << (sound.size + part.size).bit_length()
    spectrum = np.conj(np.fft.rfft(part, width)) * np.fft.rfft(sound, width)
    dots = np.fft.irfft(spectrum, width)[: sound.size - part.size]
    sums = np.concatenate(([0.0], np.cumsum(np.square(sound))))
    there = np.sqrt(np.maximum(sums[part.size : part.size + dots.size] - sums[: dots.size], 1e4))
    return float(np.max(dots / there)) / float(np.linalg.norm(part))
