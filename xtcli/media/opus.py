"""Opus through opuslib: the one place that knows the C library.

Sound everywhere in this room is 16 kHz, mono, signed 16-bit little-endian PCM ("PCM"), and one
Opus packet holds one frame of 10, 20, 40 or 60 ms. 120 ms is refused: libopus codes it worse than
two packets of 60 ms (measured 0.1 to 0.4 PESQ lower), and with in-band FEC it is broken.

The library is looked for in `$XT_OPUS_LIB`, then inside PyAV's wheel, then in the system, so that
no system package is needed. It refuses to know files, devices, networks and what is being said.

Encoders and decoders keep state between frames: use each from one thread at a time.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import importlib.util
import os
import sys
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from xtcli.errors import BundleRejected, DeviceMissing

SAMPLE_RATE_HZ = 16_000
FRAME_MS = 60
FRAME_MS_ALLOWED = (10, 20, 40, 60)
FRAME_SAMPLES = SAMPLE_RATE_HZ * FRAME_MS // 1000
SAMPLE_BYTES = 2
BITRATE_BPS_MIN = 5_000
BITRATE_BPS_MAX = 64_000
PACKET_BYTES_MAX = 1_275
PACKET_SAMPLES_MAX = SAMPLE_RATE_HZ * 120 // 1000
"""What one packet from outside may hold: RFC 6716 section 3.1 allows up to 120 ms."""

# Request numbers of opus_defines.h; opuslib lacks the last four and cannot set the others safely.
_SET_BITRATE, _SET_BANDWIDTH, _SET_COMPLEXITY = 4002, 4008, 4010
_SET_FEC, _SET_LOSS_PERCENT, _SET_DTX, _SET_SIGNAL = 4012, 4014, 4016, 4024
_GET_LOOKAHEAD, _RESET_STATE, _GET_IN_DTX = 4027, 4028, 4049
_APPLICATION_VOIP, _SIGNAL_VOICE, _AUTO = 2048, 3001, -1000

BANDWIDTHS = {"narrow": 1101, "medium": 1102, "wide": 1103}
"""Audio bandwidth by name: 4, 6 and 8 kHz."""


def packaged_libraries() -> Iterator[Path]:
    """Copies of libopus inside PyAV's wheel, found without importing PyAV (which is slow)."""
    spec = importlib.util.find_spec("av")
    if spec is None or spec.origin is None:
        return
    package = Path(spec.origin).parent
    for folder in (package.parent / "av.libs", package / ".dylibs"):
        for pattern in ("libopus-*", "libopus.*", "opus-*.dll", "opus.dll"):
            yield from sorted(folder.glob(pattern))


def library_path() -> str | None:
    """The libopus to load: `$XT_OPUS_LIB`, else PyAV's, else the system's, else None."""
    chosen = os.environ.get("XT_OPUS_LIB")
    if chosen:
        return chosen
    found = next(packaged_libraries(), None)
    return str(found) if found else ctypes.util.find_library("opus")


@lru_cache(maxsize=1)
def library() -> Any:
    """The loaded C library, through opuslib, with the argument types opuslib leaves out.

    Raises `DeviceMissing` when there is no library or it cannot be loaded.
    """
    path = library_path()
    if path is None:
        raise DeviceMissing(
            "There is no Opus library, so voice cannot be coded.",
            "Install PyAV (pip install av), or name a library in XT_OPUS_LIB.",
        )
    search = ctypes.util.find_library
    # opuslib asks only the system; answer its one question with the library chosen above.
    ctypes.util.find_library = lambda name: path if name == "opus" else search(name)
    try:
        with warnings.catch_warnings():
            # opuslib 3.0.1 compares integers with `is`; Python warns once, when compiling it.
            warnings.simplefilter("ignore", SyntaxWarning)
            import opuslib.api as api
    except OSError as error:
        raise DeviceMissing(
            "The Opus library {path} cannot be loaded.",
            "Unset XT_OPUS_LIB, or name a library that fits this machine.",
            path=path,
        ) from error
    finally:
        ctypes.util.find_library = search
    return _typed(api)


def _typed(api: Any) -> Any:
    """Give the variadic calls their fixed arguments, and the decoder a packet that may be NULL."""
    lib = api.libopus
    # With fixed argument types ctypes passes the rest as C varargs, which Apple arm64 needs.
    lib.opus_encoder_ctl.argtypes = (api.encoder.EncoderPointer, ctypes.c_int)
    lib.opus_decoder_ctl.argtypes = (api.decoder.DecoderPointer, ctypes.c_int)
    lib.opus_packet_get_nb_samples.argtypes = (ctypes.c_char_p, ctypes.c_int32, ctypes.c_int32)
    lib.opus_packet_get_nb_samples.restype = ctypes.c_int
    lib.opus_get_version_string.argtypes = ()
    lib.opus_get_version_string.restype = ctypes.c_char_p
    return lib


def library_version() -> str:
    """What the library calls itself, such as "libopus 1.6.1"."""
    return str(library().opus_get_version_string().decode("ascii", "replace"))


def is_silence(packet: bytes) -> bool:
    """Whether `packet` says only that silence goes on (DTX): it need not be sent on a link."""
    return len(packet) <= 2


def packet_samples(packet: bytes) -> int:
    """Samples at 16 kHz that `packet` decodes to, from its first bytes (RFC 6716 section 3).

    Raises `BundleRejected` when it is no Opus packet.
    """
    count = library().opus_packet_get_nb_samples(packet, len(packet), SAMPLE_RATE_HZ)
    if not packet or count <= 0:
        raise _not_opus()
    return int(count)


def _not_opus() -> BundleRejected:
    return BundleRejected(
        "This is not Opus sound, or it was damaged on the way.", "Ask for it to be sent again."
    )


class Encoder:
    """PCM in frames of one length to Opus packets."""

    def __init__(
        self,
        bitrate: int = 8_000,
        *,
        frame_ms: int = FRAME_MS,
        dtx: bool = True,
        complexity: int = 10,
        fec: bool = False,
        loss_percent: int = 0,
        bandwidth: str | None = None,
    ) -> None:
        """Open an encoder at `bitrate` bit/s.

        `bandwidth` is a name in `BANDWIDTHS`, or None to let libopus choose. `ValueError` for
        values out of range; `DeviceMissing` without a library.
        """
        if frame_ms not in FRAME_MS_ALLOWED:
            raise ValueError(f"frame_ms {frame_ms} not in {FRAME_MS_ALLOWED}")
        self._state: Any = None
        self._lib = library()
        self.frame_ms = frame_ms
        self.frame_samples = SAMPLE_RATE_HZ * frame_ms // 1000
        status = ctypes.c_int()
        self._state = self._lib.opus_encoder_create(
            SAMPLE_RATE_HZ, 1, _APPLICATION_VOIP, ctypes.byref(status)
        )
        if status.value != 0:
            raise MemoryError(f"opus_encoder_create: {status.value}")
        self._room = ctypes.create_string_buffer(PACKET_BYTES_MAX)
        self._set(_SET_SIGNAL, _SIGNAL_VOICE)
        self._set(_SET_DTX, int(dtx))
        self._set(_SET_COMPLEXITY, complexity)
        self._set(_SET_FEC, int(fec))
        self.set_loss_percent(loss_percent)
        self.set_bandwidth(bandwidth)
        self.set_bitrate(bitrate)

    def __del__(self) -> None:
        """Free the C state."""
        if getattr(self, "_state", None):
            self._lib.opus_encoder_destroy(self._state)
            self._state = None

    def _set(self, request: int, value: int) -> None:
        if self._lib.opus_encoder_ctl(self._state, request, ctypes.c_int32(value)) != 0:
            raise ValueError(f"libopus refuses {value} for request {request}")

    def _get(self, request: int) -> int:
        value = ctypes.c_int32()
        if self._lib.opus_encoder_ctl(self._state, request, ctypes.byref(value)) != 0:
            raise ValueError(f"libopus does not know request {request}")
        return value.value

    def set_bitrate(self, bitrate: int) -> None:
        """Aim at `bitrate` bit/s from the next frame on."""
        if not BITRATE_BPS_MIN <= bitrate <= BITRATE_BPS_MAX:
            raise ValueError(f"bitrate {bitrate} not in {BITRATE_BPS_MIN}..{BITRATE_BPS_MAX}")
        self._set(_SET_BITRATE, bitrate)
        self.bitrate = bitrate

    def set_bandwidth(self, name: str | None) -> None:
        """Fix the audio bandwidth by its name in `BANDWIDTHS`; None lets libopus choose."""
        self._set(_SET_BANDWIDTH, _AUTO if name is None else BANDWIDTHS[name])

    def set_loss_percent(self, percent: int) -> None:
        """Tell the encoder to expect `percent` (0..100) of packets lost."""
        self._set(_SET_LOSS_PERCENT, percent)

    @property
    def lookahead_samples(self) -> int:
        """Samples at 16 kHz by which decoded sound comes later than what was encoded."""
        return self._get(_GET_LOOKAHEAD)

    @property
    def in_dtx(self) -> bool:
        """Whether the last frame was coded as silence."""
        return bool(self._get(_GET_IN_DTX))

    def snapshot(self) -> bytes:
        """The whole state, to come back to with `restore` in this or a like encoder."""
        return ctypes.string_at(self._state, self._lib.opus_encoder_get_size(1))

    def restore(self, state: bytes) -> None:
        """Go back to a `snapshot` (libopus allows its states to be copied byte by byte)."""
        ctypes.memmove(self._state, state, len(state))

    def reset(self) -> None:
        """Forget everything heard so far, keep the settings."""
        self._lib.opus_encoder_ctl(self._state, _RESET_STATE)

    def encode(
        self, pcm: bytes | bytearray | memoryview, bytes_max: int = PACKET_BYTES_MAX
    ) -> bytes:
        """One frame of PCM (exactly `frame_samples`) to one packet; `is_silence` may hold.

        The packet never exceeds `bytes_max`; libopus codes worse where it has to.
        """
        if len(memoryview(pcm).cast("B")) != self.frame_samples * SAMPLE_BYTES:
            raise ValueError(f"a frame is {self.frame_samples * SAMPLE_BYTES} bytes")
        samples = (ctypes.c_int16 * self.frame_samples).from_buffer_copy(_little_endian(pcm))
        size = self._lib.opus_encode(
            self._state, samples, self.frame_samples, self._room, min(bytes_max, PACKET_BYTES_MAX)
        )
        if size < 0:
            raise ValueError(f"opus_encode: {size}")
        return self._room.raw[:size]


class Decoder:
    """Opus packets to PCM, with concealment for those that are missing."""

    def __init__(self) -> None:
        """Open a decoder; `DeviceMissing` without a library."""
        self._state: Any = None
        self._lib = library()
        status = ctypes.c_int()
        self._state = self._lib.opus_decoder_create(SAMPLE_RATE_HZ, 1, ctypes.byref(status))
        if status.value != 0:
            raise MemoryError(f"opus_decoder_create: {status.value}")
        self._room = (ctypes.c_int16 * PACKET_SAMPLES_MAX)()
        self._last_samples = FRAME_SAMPLES

    def __del__(self) -> None:
        """Free the C state."""
        if getattr(self, "_state", None):
            self._lib.opus_decoder_destroy(self._state)
            self._state = None

    def snapshot(self) -> bytes:
        """The whole state, to come back to with `restore`."""
        return ctypes.string_at(self._state, self._lib.opus_decoder_get_size(1))

    def restore(self, state: bytes) -> None:
        """Go back to a `snapshot`."""
        ctypes.memmove(self._state, state, len(state))

    def reset(self) -> None:
        """Forget everything heard so far."""
        self._lib.opus_decoder_ctl(self._state, _RESET_STATE)

    def decode(
        self, packet: bytes | None, *, samples: int | None = None, fec: bool = False
    ) -> bytes:
        """PCM of `packet`; None conceals a missing one.

        `samples` is the length of what is missing (default: that of the last packet). With `fec`,
        `packet` is the one *after* the missing packet, whose low-rate copy it may carry.
        `BundleRejected` when the packet is not Opus; the decoder stays usable.
        """
        conceals = packet is None or fec
        count = samples or self._last_samples if conceals else PACKET_SAMPLES_MAX
        if not 0 < count <= PACKET_SAMPLES_MAX:
            raise ValueError(f"samples {count} not in 1..{PACKET_SAMPLES_MAX}")
        # libopus reads an empty packet as a missing one; from outside it is a fault.
        if packet is not None and not packet:
            raise _not_opus()
        size = 0 if packet is None else len(packet)
        got = self._lib.opus_decode(self._state, packet, size, self._room, count, int(fec))
        if got < 0:
            raise _not_opus()
        if not conceals:
            self._last_samples = got
        return _little_endian(bytes(memoryview(self._room).cast("B")[: got * SAMPLE_BYTES]))


def _little_endian(pcm: bytes | bytearray | memoryview) -> bytes:
    """PCM between little-endian and this machine's order, either way."""
    data = bytes(pcm)
    if sys.byteorder == "little":
        return data
    swapped = bytearray(data)
    swapped[0::2], swapped[1::2] = data[1::2], data[0::2]
    return bytes(swapped)
