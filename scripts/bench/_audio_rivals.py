"""aiortc as it comes: its encoder, its jitter buffer, its decoder, in the same losses.

Its receive path has no playout clock, so no link is needed: packets go in or are lost, frames come
out. What comes out is put where it was said, in its favour: as it comes, the gaps would close up.
"""

from __future__ import annotations

from fractions import Fraction
from random import Random
from typing import Any

from scripts.bench._audio_score import Speech, score
from xtcli.transport.emulator.core import GilbertLoss

HEADER_BYTES = 64
"""Measured around each packet: RTP 12, extensions 8, SRTP-GCM 16, UDP and IPv4 28."""


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
