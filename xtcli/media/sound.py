"""Any sound file a phone makes to plain PCM (16 kHz, mono, 16 bits), through PyAV.

The file comes from outside: only known sound containers are opened, never a playlist or an address,
and length and size are bounded before anything is kept. It refuses to know what is said.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from xtcli.errors import NotFound, UsageError

RATE_HZ = 16_000
SOURCE_BYTES_MAX = 200_000_000
SOURCE_SECONDS_MAX = 360
"""More than a note may last, because silence at both ends is cut before that is checked."""

CONTAINERS = "wav,w64,aiff,caf,mp3,aac,mov,mp4,m4a,3gp,amr,amrnb,amrwb,ogg,flac,matroska,webm"


def read_sound(path: Path) -> bytes:
    """PCM of the first sound track in `path`; a damaged end is left out.

    Raises `NotFound` without the file, `UsageError` when it holds no sound or too much of it.
    """
    try:
        with path.open("rb") as file:
            if file.seek(0, 2) > SOURCE_BYTES_MAX:
                raise UsageError(
                    "{name} is too large for a voice note.",
                    "Use a recording of at most {megabytes} MB.",
                    name=path.name,
                    megabytes=SOURCE_BYTES_MAX // 1_000_000,
                )
            file.seek(0)
            return _decode(file, path.name)
    except FileNotFoundError as error:
        raise NotFound(
            "There is no file {name}.", "Check its name and folder.", name=path.name
        ) from error
    except OSError as error:
        raise _no_sound(path.name) from error


def _no_sound(name: str) -> UsageError:
    return UsageError(
        "{name} holds no sound that can be read.",
        "Use a recording in wav, mp3, m4a, amr, ogg or flac.",
        name=name,
    )


def _decode(file: BinaryIO, name: str) -> bytes:
    import av

    av.logging.set_level(None)
    try:
        # A file object and a list of containers: a crafted file cannot make FFmpeg open another.
        with av.open(file, options={"format_whitelist": CONTAINERS}) as container:
            if not container.streams.audio:
                raise _no_sound(name)
            pcm = _collect(_resampled(container), name)
    except (av.FFmpegError, ValueError) as error:
        raise _no_sound(name) from error
    if not pcm:
        raise _no_sound(name)
    return pcm


def _collect(parts: Iterator[bytes], name: str) -> bytes:
    """All parts, as long as they stay under the limit."""
    pcm = bytearray()
    for part in parts:
        pcm += part
        if len(pcm) > SOURCE_SECONDS_MAX * RATE_HZ * 2:
            raise UsageError(
                "{name} is longer than {minutes} minutes.",
                "Cut it, or send it as several notes.",
                name=name,
                minutes=SOURCE_SECONDS_MAX // 60,
            )
    return bytes(pcm)


def _resampled(container: Any) -> Iterator[bytes]:
    """PCM of the first sound track, piece by piece, up to its first unreadable place."""
    import av

    resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
    try:
        for frame in container.decode(container.streams.audio[0]):
            yield from map(_pcm, resampler.resample(frame))
    except (av.FFmpegError, ValueError):
        # What came before the damage is still worth sending.
        pass
    yield from map(_pcm, resampler.resample(None))


def _pcm(frame: Any) -> bytes:
    return bytes(frame.planes[0])[: frame.samples * 2]
