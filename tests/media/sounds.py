"""Real speech, and sound files as phones make them, for the tests of the media room."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

SPEECH = Path(__file__).parents[1] / "data" / "speech"
MANDARIN = SPEECH / "zh" / "SSB00570140.flac"
MONGOLIAN = SPEECH / "mn" / "mon_00000003.flac"


def pcm_of_file(path: Path) -> bytes:
    """PCM of a 16 kHz mono clip, WAV or FLAC, without the code under test."""
    import av

    with av.open(str(path)) as container:
        stream: Any = container.streams.audio[0]
        assert (stream.rate, stream.channels, stream.format.name[:3]) == (16_000, 1, "s16")
        return b"".join(bytes(f.to_ndarray().tobytes()) for f in container.decode(stream))


def sound_file(
    pcm: bytes, form: str, codec: str, rate: int = 16_000, layout: str = "mono"
) -> bytes:
    """`pcm` in another container and codec, made by PyAV as a phone would make it."""
    import av
    import numpy as np

    room = io.BytesIO()
    with av.open(room, "w", format=form) as container:
        stream: Any = container.add_stream(codec, rate=rate, layout=layout)
        if "amr" in codec:
            stream.bit_rate = 12_200
        resampler = av.AudioResampler(stream.format.name, layout, rate, stream.frame_size or 1024)
        frame = av.AudioFrame.from_ndarray(
            np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono"
        )
        frame.sample_rate = 16_000
        for part in [*resampler.resample(frame), *resampler.resample(None)]:
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return room.getvalue()


def likeness(said: bytes, heard: bytes) -> float:
    """Greatest correlation of two sounds over all shifts, 0..1."""
    import numpy as np

    a, b = (np.frombuffer(pcm, "<i2").astype(float) for pcm in (said, heard))
    size = 1 << (len(a) + len(b)).bit_length()
    cross = np.fft.irfft(np.fft.rfft(a, size) * np.conj(np.fft.rfft(b, size)))
    return float(np.abs(cross).max() / (np.sqrt((a @ a) * (b @ b)) + 1e-9))
