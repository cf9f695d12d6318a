"""aiortc and LXST as they come: encoder, receiver and decoder of their own, in the same losses.

Neither has a playout clock behind its receiver, so no link is needed: packets go in or are lost,
frames come out. What comes out is put where it was said, in their favour: as they come, the gaps
would close up.

LXST is run, never imported: it is installed with pip into a place of its own (its licence is no
open one), with whatever `libopus` and `libogg` the system has.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import numpy as np

from scripts.bench._audio_score import RATE_HZ, Speech, score
from xtcli.transport.emulator.core import GilbertLoss

HEADER_BYTES = 64
"""Measured around each packet: RTP 12, extensions 8, SRTP-GCM 16, UDP and IPv4 28."""

LXST_RELEASE = "0.5.4"
LXST_RATE_HZ = 48_000
LXST_LOSS_FRAME = 960
INSTALL_S, RUN_S = 300.0, 600.0


class NotInstalled(Exception):
    """A rival that cannot be run here, and why."""


def lxst_python() -> Path:
    """The Python of a virtual environment with LXST in it, made when there is none."""
    folder = Path(tempfile.gettempdir()) / f"xt-bench-lxst-{LXST_RELEASE}"
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True)
        if _fails(python, "import LXST"):
            pip = [str(python), "-m", "pip", "install", "-q", f"lxst=={LXST_RELEASE}"]
            subprocess.run(pip, check=True, capture_output=True, timeout=INSTALL_S)
    except (OSError, subprocess.SubprocessError) as error:
        raise NotInstalled(f"cannot be installed here ({type(error).__name__})") from error
    if _fails(python, "from LXST.Codecs import Opus; Opus()"):
        raise NotInstalled("needs libopus and libogg of the system")
    return python


def _fails(python: Path, code: str) -> bool:
    return subprocess.run([python, "-c", code], capture_output=True, timeout=60).returncode != 0


def lxst_calls(speech: Speech, cases: list[tuple[float, int]]) -> list[dict[str, Any]]:
    """One direction through LXST's own parts for each `(loss, seed)`; `NotInstalled`."""
    said = _resampled(speech.pcm, RATE_HZ, LXST_RATE_HZ)
    frames = len(speech.pcm) // 2 // LXST_LOSS_FRAME
    chains = [GilbertLoss(p, 3.0 if p else 1.0, Random(f"{seed} loss")) for p, seed in cases]
    lost = [[int(chain.lost()) for _ in range(frames)] for chain in chains]
    worker = [lxst_python(), Path(__file__).with_name("_audio_lxst.py")]
    ran = subprocess.run(
        worker,
        input=json.dumps({"lost": lost}).encode() + b"\n" + said,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        timeout=RUN_S,
    )
    head, _, sound = ran.stdout.partition(b"\n")
    if ran.returncode or len(sound) != len(said) * len(cases):
        raise NotInstalled("does not run here")
    wire = sum(json.loads(head)["sizes"])
    rows = []
    for index, (loss, seed) in enumerate(cases):
        heard = sound[index * len(said) : (index + 1) * len(said)]
        marks = score(speech, _resampled(heard, LXST_RATE_HZ, RATE_HZ))
        rows.append(
            {
                "language": speech.language,
                "loss": loss,
                "seed": seed,
                "pesq": marks.pesq,
                "stoi": marks.stoi,
                "net_kbps": wire * 8 / speech.seconds / 1000,
                "missing": sum(lost[index]) / max(1, frames),
            }
        )
    return rows


def _resampled(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    import av

    frame = av.AudioFrame.from_ndarray(
        np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono"
    )
    frame.sample_rate = from_hz
    resampler = av.AudioResampler("s16", "mono", to_hz)
    parts = [*resampler.resample(frame), *resampler.resample(None)]
    made = b"".join(bytes(part.to_ndarray().tobytes()) for part in parts)
    size = len(pcm) * to_hz // from_hz
    return made[:size].ljust(size, b"\0")


def aiortc_call(speech: Speech, loss: float, seed: int) -> dict[str, Any]:
    """One direction through aiortc's own parts."""
    import av
    from aiortc.codecs.opus import OpusDecoder, OpusEncoder
    from aiortc.jitterbuffer import JitterBuffer
    from aiortc.rtp import RtpPacket

    encoder, decoder = OpusEncoder(), OpusDecoder()
    buffer = JitterBuffer(capacity=16, prefetch=4)
    chain = GilbertLoss(loss, 3.0 if loss else 1.0, Random(f"{seed} loss"))
    resampler = av.AudioResampler("s16", "mono", 16_000)
    sent = out = size = 0
    heard = bytearray(len(speech.pcm) + 64_000)
    for at in range(0, len(speech.pcm) - 639, 640):
        frame = av.AudioFrame("s16", "mono", 320)
        frame.planes[0].update(speech.pcm[at : at + 640])
        frame.sample_rate, frame.pts = 16_000, at // 2
        frame.time_base = Fraction(1, 16_000)
        payloads, timestamp = encoder.encode(frame)
        for payload in payloads:
            packet = RtpPacket(111, 0, sent & 0xFFFF, timestamp)
            packet.payload = payload
            # What the receiver sets before its jitter buffer: the payload as it is.
            packet._data = payload
            sent, size = sent + 1, size + len(payload) + HEADER_BYTES
            if chain.lost():
                continue
            _, ready = buffer.add(packet)
            if ready is not None:
                out += 1
                place = ready.timestamp // 3 * 2
                for decoded in decoder.decode(ready):
                    for piece in resampler.resample(decoded):
                        sound = bytes(piece.planes[0])[: piece.samples * 2]
                        heard[place : place + len(sound)] = sound
                        place += len(sound)
    marks = score(speech, bytes(heard))
    return {
        "language": speech.language,
        "loss": loss,
        "seed": seed,
        "pesq": marks.pesq,
        "stoi": marks.stoi,
        "net_kbps": size * 8 / speech.seconds / 1000,
        "missing": 1 - out / max(1, sent),
    }
