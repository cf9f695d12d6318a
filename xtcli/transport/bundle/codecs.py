"""The ways to make a stream of bytes small, their versions, and the choice of the smallest.

A codec byte (six bits) is method and version. Methods: stored; Zstandard with the shipped
dictionary; primed PPM with the shipped model, for short text. A version names one dictionary and
one model for ever; version 0 needs neither and is understood by every station.
"""

from __future__ import annotations

import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.model import Model, read_model

if TYPE_CHECKING:
    import zstandard

CODEC_VERSION = 1
"""The version that `pack` uses unless told otherwise."""

CODEC_VERSIONS = (0, 1)
"""All versions that this station can read, to be announced to others."""

STORED, ZSTANDARD, PRIMED = 0, 1, 2
"""Methods."""

STREAM_BYTES_MAX = 4 << 20
"""Longest stream before compression, bytes."""

PRIMED_BYTES_MAX = 16 << 10
"""Longest stream for primed PPM, bytes."""

PRIMED_PACKED_BYTES_MAX = 6 << 10
"""Longest that primed PPM may make it: bounds the time that one bundle can cost to a fifth of a
second. Text needs a third of this."""

PROBED_BYTES = 2 << 10
NOISE_PERCENT = 97
"""A longer stream of which zlib leaves so much is noise; primed PPM need not look at it."""

LEVEL, LARGE_LEVEL = 19, 6
LARGE_BYTES = 256 << 10
"""Above this a cheaper Zstandard level is used, so that a post is not kept waiting."""

DATA = Path(__file__).parents[1] / "data"
"""Dictionaries and models, one pair per version; never changed once shipped."""

WINDOW_BYTES_MAX = 8 << 20
"""Largest Zstandard window taken: bounds the memory that one bundle can cost."""

ENOUGH_PERCENT = 60
"""Primed PPM at or below this share of the stream is not challenged: Zstandard cannot win there."""


def compress(stream: bytes, version: int = CODEC_VERSION) -> tuple[int, bytes]:
    """Codec byte and the smallest form of `stream` in `version`.

    Raises `ValueError` when the version is unknown. Ties go to the cheaper method.
    """
    if version not in CODEC_VERSIONS:
        raise ValueError(f"no codec version {version}")
    best = (STORED << 4, stream)
    if version and len(stream) <= PRIMED_BYTES_MAX and not _is_noise(stream):
        from xtcli.transport.bundle.ppm import compress as primed

        packed = primed(stream, model(version))
        if len(packed) < len(best[1]) and len(packed) <= PRIMED_PACKED_BYTES_MAX:
            best = (PRIMED << 4 | version, packed)
    if best[0] == STORED or len(best[1]) * 100 > len(stream) * ENOUGH_PERCENT:
        packed = _zstandard_compressor(version, len(stream) > LARGE_BYTES).compress(stream)
        if len(packed) < len(best[1]):
            best = (ZSTANDARD << 4 | version, packed)
    return best


def _is_noise(stream: bytes) -> bool:
    if len(stream) <= PROBED_BYTES:
        return False
    return len(zlib.compress(stream, 1)) * 100 >= len(stream) * NOISE_PERCENT


def expand(codec: int, packed: bytes, limit: int) -> bytes:
    """The stream behind `packed`, at most `limit` bytes; `codec` is the codec byte.

    Raises `BundleRejected` on an unknown codec, on damage, and before more than `limit` bytes
    are made.
    """
    method, version = codec >> 4, codec & 0x0F
    if method == STORED and version == 0:
        if len(packed) > limit:
            raise _too_large()
        return packed
    if version not in CODEC_VERSIONS:
        raise BundleRejected(
            "This bundle is packed in version {version}, which this version does not know.",
            "Update xt.",
            version=version,
        )
    if method == ZSTANDARD:
        return _expand_zstandard(packed, version, limit)
    if method == PRIMED and version and len(packed) <= PRIMED_PACKED_BYTES_MAX:
        from xtcli.transport.bundle.ppm import expand as primed

        return primed(packed, model(version), min(limit, PRIMED_BYTES_MAX))
    raise _damaged()


def _expand_zstandard(packed: bytes, version: int, limit: int) -> bytes:
    """One whole frame that says its length, and nothing behind it."""
    import zstandard

    try:
        frame = zstandard.get_frame_parameters(packed, format=zstandard.FORMAT_ZSTD1_MAGICLESS)
        if frame.content_size == zstandard.CONTENTSIZE_UNKNOWN:
            raise _damaged()
        if frame.content_size > limit:
            raise _too_large()
        # One shot into a buffer of the length named: streaming would go on past it.
        return _zstandard_decompressor(version).decompress(packed, allow_extra_data=False)
    except zstandard.ZstdError:
        raise _damaged() from None


@lru_cache(maxsize=4)
def _zstandard_compressor(version: int, large: bool) -> zstandard.ZstdCompressor:
    import zstandard

    parameters = zstandard.ZstdCompressionParameters.from_level(
        LARGE_LEVEL if large else LEVEL,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
        write_content_size=True,
        write_checksum=False,
        write_dict_id=False,
    )
    return zstandard.ZstdCompressor(dict_data=_dictionary(version), compression_params=parameters)


@lru_cache(maxsize=4)
def _zstandard_decompressor(version: int) -> zstandard.ZstdDecompressor:
    import zstandard

    return zstandard.ZstdDecompressor(
        dict_data=_dictionary(version),
        max_window_size=WINDOW_BYTES_MAX,
        format=zstandard.FORMAT_ZSTD1_MAGICLESS,
    )


@lru_cache(maxsize=4)
def _dictionary(version: int) -> zstandard.ZstdCompressionDict | None:
    import zstandard

    return zstandard.ZstdCompressionDict(_shipped(f"zstd-{version}.dict")) if version else None


@lru_cache(maxsize=4)
def model(version: int) -> Model:
    """The frozen model of `version` (1 or more), read once."""
    return read_model(zlib.decompress(_shipped(f"ppm-{version}.model.z")))


def _shipped(name: str) -> bytes:
    return (DATA / name).read_bytes()


def _damaged() -> BundleRejected:
    return BundleRejected(
        "This bundle is damaged: it cannot be unpacked.", "Ask the sender to send it again."
    )


def _too_large() -> BundleRejected:
    return BundleRejected(
        "This bundle holds more than this station takes at once.",
        "Ask the sender to send it in smaller pieces.",
    )
