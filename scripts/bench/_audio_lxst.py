"""LXST's own parts, run by the Python that LXST is installed for: see `_audio_rivals.py`.

stdin: a line of JSON `{"lost": [[0, 1, ...], ...]}` (per run and frame of 60 ms: lost or not), then
16-bit mono PCM at 48 kHz. stdout: a line `{"sizes": [...]}` (bytes on the wire per frame, IPv4 and
UDP included), then for each run PCM as long as what came in: what arrived, decoded as it came, put
where it was said; silence where nothing came, for its receiver conceals nothing.
"""

from __future__ import annotations

import json
import sys
from types import SimpleNamespace

import numpy as np
import RNS  # type: ignore[import-not-found]
from LXST.Codecs import codec_header_byte  # type: ignore[import-not-found]
from LXST.Network import FIELD_FRAMES  # type: ignore[import-not-found]
from LXST.Primitives.Telephony import Profiles  # type: ignore[import-not-found]
from RNS.Cryptography.Token import Token  # type: ignore[import-not-found]
from RNS.vendor import umsgpack  # type: ignore[import-not-found]

RATE_HZ = 48_000
IP_UDP_BYTES = 28


def main() -> None:
    """Encode once, decode once for each pattern of losses."""
    asked = json.loads(sys.stdin.buffer.readline())
    said = np.frombuffer(sys.stdin.buffer.read(), "<i2").astype(np.float64) / 32767
    profile = Profiles.DEFAULT_PROFILE
    size = RATE_HZ * Profiles.get_frame_time(profile) // 1000
    ends = SimpleNamespace(samplerate=RATE_HZ, channels=1)
    encoder = Profiles.get_codec(profile)
    encoder.source = ends
    frames = [
        encoder.encode(said[at : at + size].reshape(-1, 1))
        for at in range(0, len(said) - size + 1, size)
    ]
    token = Token(bytes(64))
    kind = codec_header_byte(type(encoder))
    bodies = [token.encrypt(umsgpack.packb({FIELD_FRAMES: kind + frame})) for frame in frames]
    around = RNS.Reticulum.HEADER_MINSIZE + IP_UDP_BYTES
    out = sys.stdout.buffer
    out.write(json.dumps({"sizes": [around + len(body) for body in bodies]}).encode() + b"\n")
    for lost in asked["lost"]:
        decoder = Profiles.get_codec(profile)
        decoder.sink = ends
        heard = np.zeros(len(said))
        for index, frame in enumerate(frames):
            if not lost[index]:
                sound = decoder.decode(frame)[:, 0]
                heard[index * size :][: len(sound)] = sound[: len(said) - index * size]
        out.write(np.clip(np.rint(heard * 32767), -32768, 32767).astype("<i2").tobytes())


if __name__ == "__main__":
    main()
