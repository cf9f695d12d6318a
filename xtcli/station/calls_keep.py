"""What a call leaves behind: its record, the words that were not heard, and a recording if agreed.

While a call runs, all that a kill must not lose lies in `calls/` of the home: who, when, and every
spoken frame that the other side has not confirmed, written anew each second. When the call ends,
or when a later process finds the file, the same function makes of it a CALL record and voice notes
in one transaction, once.

A note holds this station's own voice only. A recording holds both, and exists only if the caller
offered it in the ring and the called person agreed; the called station makes it. It refuses to
know links and devices.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

import msgpack

from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.media.call.events import Summary
from xtcli.records.ids import RecordId
from xtcli.records.types import Call
from xtcli.station import attaching, calls_stills, views
from xtcli.station.core import StationCore
from xtcli.station.home import Home, SyncLock

FOLDER = "calls"
SUFFIX = ".call"
SOUND_SUFFIX = ".pcm"
KEY_BYTES = 8
NOTE_FRAMES_MAX = 4_800
"""Of 60 ms: 288 s, under what a note may hold."""
PAUSE_FRAMES = 5
"""Between two passages, so that they are not heard as one sentence."""
RECORDING_BYTES = 280 * 32_000
"""PCM of one note of a recording."""
STILLS_KEPT_MAX = 12
SCRAP_FRAMES = 12
"""A passage is widened by ten frames; with two lost frames or less in it, it was concealed."""

Passages = tuple[tuple[float, tuple[bytes, ...]], ...]
"""(seconds from the answer, Opus packets of 60 ms)."""


@dataclass(frozen=True, slots=True)
class Kept:
    """A call as far as it has come."""

    key: str
    case: RecordId
    other: int
    started: int
    """Unix seconds."""
    seconds: int = 0
    quality: int = 0
    consent: bool = False
    kept: bool = False
    """A recording lies beside this file."""
    passages: Passages = field(default=(), repr=False)
    guest: str = ""
    """What somebody without a station called himself."""

    def encode(self) -> bytes:
        """As it lies on the disk."""
        packed: bytes = msgpack.packb([
            self.key, *self.case, self.other, self.started, self.seconds, self.quality,
            self.consent, self.kept, self.passages, self.guest,
        ])  # fmt: skip
        return packed

    @classmethod
    def decode(cls, data: bytes) -> Kept:
        """The opposite; ValueError for anything else."""
        try:
            (key, station, seq, other, started, seconds, quality, consent, kept,
             passages, *more) = msgpack.unpackb(data, use_list=False)  # fmt: skip
            return cls(str(key), RecordId(station, seq), other, started, seconds, quality,
                       consent, kept, passages, str(more[0]) if more else "")  # fmt: skip
        except (TypeError, ValueError, msgpack.UnpackException) as error:
            raise ValueError("not a call") from error


@dataclass(frozen=True, slots=True)
class Left:
    """What a call left in the case."""

    record: RecordId
    notes: int = 0
    note_seconds: float = 0.0
    recordings: int = 0


def quality_of(summary: Summary) -> int:
    """1 (hardly) to 5 (as in one room): how much of what was said was heard, and how it was sent.

    What the other side heard is known from its reports, what was heard here only by it.
    """
    heard = summary.heard_s / summary.spoken_s if summary.spoken_s else 1.0
    worst = max(order for _, order in summary.rungs) if summary.rungs else 0
    for mark, least, rung in ((5, 0.98, 3), (4, 0.95, 6), (3, 0.85, 8)):
        if heard >= least and worst <= rung:
            return mark
    return 2 if heard >= 0.5 else 1


# On the disk while the call runs


def call_lock(home: Home) -> SyncLock:
    """Held while this station is in a call; the kernel frees it when the process dies."""
    lock = SyncLock(home)
    lock.path = home.root / "calls.lock"
    return lock


def path_of(home: Home, key: str) -> Path:
    """Where a call in progress is kept."""
    return home.root / FOLDER / (key + SUFFIX)


def save(home: Home, kept: Kept) -> None:
    """Write a call down as it stands; survives a kill and a power cut."""
    path = path_of(home, kept.key)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    home.write(path, kept.encode())


def append_sound(home: Home, key: str, pcm: bytes) -> None:
    """Add to the recording of a call that both sides agreed to keep."""
    path = path_of(home, key).with_suffix(SOUND_SUFFIX)
    path.parent.mkdir(mode=0o700, exist_ok=True)
    with path.open("ab") as file:
        path.chmod(0o600)
        file.write(pcm)


def mix(one: bytes, other: bytes) -> bytes:
    """Two pieces of PCM of one length (16 bits) as one, clipped."""
    if not one:
        return b""
    import numpy as np

    total = np.frombuffer(one, "<i2").astype(np.int32) + np.frombuffer(other, "<i2")
    return bytes(np.clip(total, -32768, 32767).astype("<i2").tobytes())


def _forget(home: Home, key: str) -> None:
    path = path_of(home, key)
    for one in (path, path.with_suffix(SOUND_SUFFIX)):
        with suppress(FileNotFoundError):
            one.unlink()
    calls_stills.forget(home.root / FOLDER, key)


# In the case when it is over


def finish(station: StationCore, kept: Kept) -> Left:
    """Write the CALL record and attach the notes, once; then nothing stays outside the case."""
    notes = list(_notes(kept))
    sound = list(_recordings(station.home, kept))
    stills = list(_stills(station.home, kept))
    kept = replace(kept, kept=bool(sound or stills))
    mark = f"call:{kept.key}"
    with station.log.many():
        done = station.log.by_key(mark)
        if done is None:
            body = Call(kept.other, kept.started, kept.seconds, kept.quality, kept.kept,
                        kept.consent, kept.guest)  # fmt: skip
            done = station.write(body, kept.case).id
            attaching.store(station, kept.case, [*notes, *sound, *stills], of=done)
            station.log.remember_key(mark, done)
    _forget(station.home, kept.key)
    return Left(done, len(notes), sum(n.body.seconds for n in notes), len(sound))


def _notes(kept: Kept) -> Iterator[attaching.Prepared]:
    """Unheard words as voice notes."""
    from xtcli.media.voice import note_from_packets

    caption = tr("Call of {time}: what was not heard live", time=views.clock(kept.started))
    for packets in _joined(kept.passages):
        note = note_from_packets(packets)
        yield attaching.note_item(note.data, note.seconds, caption)


def _joined(passages: Passages) -> Iterator[Sequence[bytes | None]]:
    """Passages one after another, cut where a note would become too long."""
    frames: list[bytes | None] = []
    for _, packets in passages:
        if len(packets) <= SCRAP_FRAMES:
            continue
        frames += [None] * PAUSE_FRAMES if frames else []
        frames += packets
    for first in range(0, len(frames), NOTE_FRAMES_MAX):
        part = frames[first : first + NOTE_FRAMES_MAX]
        if any(part):
            yield part


def _recordings(home: Home, kept: Kept) -> Iterator[attaching.Prepared]:
    """Both voices as voice notes, if that was agreed and anything is there."""
    from xtcli.media.voice import make_note

    path = path_of(home, kept.key).with_suffix(SOUND_SUFFIX)
    if not (kept.kept and kept.consent) or not path.exists():
        return
    pcm = path.read_bytes()
    caption = tr("Recording of the call of {time}", time=views.clock(kept.started))
    for first in range(0, len(pcm), RECORDING_BYTES):
        try:
            note = make_note(pcm[first : first + RECORDING_BYTES])
        except XtError:
            # Nobody spoke in this part.
            continue
        yield attaching.note_item(note.data, note.seconds, caption)


def _stills(home: Home, kept: Kept) -> Iterator[attaching.Prepared]:
    """Pictures of both sides, evenly over the call, if it was agreed that it is kept."""
    if not (kept.kept and kept.consent):
        return
    files = calls_stills.files_of(home.root / FOLDER, kept.key)
    caption = tr("Picture of the call of {time}", time=views.clock(kept.started))
    count = min(STILLS_KEPT_MAX, len(files))
    for i in range(count):
        data = files[i * (len(files) - 1) // max(1, count - 1)].read_bytes()
        yield attaching.still_item(data, caption)


def recover(station: StationCore) -> int:
    """Finish calls whose process died; how many. Leaves a call that runs alone."""
    folder = station.home.root / FOLDER
    if not folder.exists() or not any(folder.iterdir()):
        return 0
    lock = call_lock(station.home)
    if not lock.take():
        return 0
    count = 0
    try:
        for path in sorted(folder.glob("*" + SUFFIX)):
            try:
                finish(station, Kept.decode(path.read_bytes()))
                count += 1
            except ValueError:
                path.unlink()
            except XtError:
                # A full disk, or a right that has ended: it is tried again at the next start.
                continue
    finally:
        lock.free()
    return count
