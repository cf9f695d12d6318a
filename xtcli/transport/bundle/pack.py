"""Parts into one small byte string, and back.

Every part has a `body` that compresses and a `raw` that does not. All bodies are compressed as one
stream by whichever way is smallest; the raws follow as they are. The usual bundle, one part with
the raw of one signed record, costs one byte of framing. `unpack` trusts nothing: every length is
bounded before memory is taken. What a part means is not known here.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.codecs import (
    CODEC_VERSION,
    CODEC_VERSIONS,
    STREAM_BYTES_MAX,
    compress,
    expand,
)
from xtcli.transport.bundle.varint import read_number, write_number

__all__ = ["CODEC_VERSION", "CODEC_VERSIONS", "Limits", "Part", "pack", "unpack"]

USUAL_RAW_BYTES = 72
"""Raw length that needs no length on the wire: that of one signed record."""

PARTS_MAX = 4096
RAW_BYTES_MAX = 16 << 20

_ONE_USUAL, _ONE_BARE, _MANY = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Part:
    """`body` is compressed; `raw` (signatures, hashes, compressed media) is stored as it is."""

    body: bytes
    raw: bytes = b""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a reader is willing to take: number of parts, bytes of all bodies, bytes of all raws."""

    parts: int = PARTS_MAX
    body_bytes: int = STREAM_BYTES_MAX
    raw_bytes: int = RAW_BYTES_MAX


DEFAULT_LIMITS = Limits()


def pack(parts: Sequence[Part], codec_version: int = CODEC_VERSION) -> bytes:
    """`parts` (at least one) as one byte string, in a codec version the other side announced.

    Raises `ValueError` when there is no part, too many, too much, or no such version.
    """
    if not 1 <= len(parts) <= PARTS_MAX:
        raise ValueError(f"cannot pack {len(parts)} parts")
    raws = b"".join(part.raw for part in parts)
    if len(parts) == 1 and len(raws) in (0, USUAL_RAW_BYTES):
        shape, front, stream = (_ONE_USUAL if raws else _ONE_BARE), b"", parts[0].body
    else:
        shape, front, stream = _MANY, write_number(len(raws)), _table(parts)
    if len(raws) > RAW_BYTES_MAX or len(stream) > STREAM_BYTES_MAX:
        raise ValueError("too many bytes for one bundle")
    codec, packed = compress(stream, codec_version)
    return b"".join((bytes([shape << 6 | codec]), front, packed, raws))


def _table(parts: Sequence[Part]) -> bytes:
    """Number of parts, their body and raw lengths, then the bodies: one stream to compress."""
    numbers = [write_number(len(parts))]
    for part in parts:
        numbers += (write_number(len(part.body)), write_number(len(part.raw)))
    return b"".join((*numbers, *(part.body for part in parts)))


def unpack(data: bytes, limits: Limits = DEFAULT_LIMITS) -> list[Part]:
    """The parts in `data`; raises `BundleRejected` when it is anything but what `pack` makes."""
    if not data:
        raise _damaged()
    shape, codec, at = data[0] >> 6, data[0] & 0x3F, 1
    raw_total = USUAL_RAW_BYTES if shape == _ONE_USUAL else 0
    if shape == _MANY:
        raw_total, at = read_number(data, at)
    elif shape > _MANY:
        raise _damaged()
    if raw_total > limits.raw_bytes:
        raise _too_large()
    end = len(data) - raw_total
    if end < at:
        raise _damaged()
    stream = expand(codec, data[at:end], limits.body_bytes)
    raws = data[end:]
    if shape != _MANY:
        return [Part(stream, raws)]
    return list(_cut(stream, raws, limits.parts))


def _cut(stream: bytes, raws: bytes, parts_max: int) -> Iterator[Part]:
    """Parts out of a `_table` stream and the raws behind it; every byte must be used."""
    count, at = read_number(stream, 0)
    if not 1 <= count <= min(parts_max, PARTS_MAX):
        raise _too_large()
    lengths = []
    for _ in range(count):
        body_bytes, at = read_number(stream, at)
        raw_bytes, at = read_number(stream, at)
        lengths.append((body_bytes, raw_bytes))
    if count == 1 and lengths[0][1] in (0, USUAL_RAW_BYTES):
        raise _damaged()
    if at + sum(b for b, _ in lengths) != len(stream) or sum(r for _, r in lengths) != len(raws):
        raise _damaged()
    raw_at = 0
    for body_bytes, raw_bytes in lengths:
        yield Part(stream[at : at + body_bytes], raws[raw_at : raw_at + raw_bytes])
        at += body_bytes
        raw_at += raw_bytes


def _damaged() -> BundleRejected:
    return BundleRejected(
        "This bundle is damaged: its parts do not fit together.", "Ask the sender to send it again."
    )


def _too_large() -> BundleRejected:
    return BundleRejected(
        "This bundle holds more than this station takes at once.",
        "Ask the sender to send it in smaller pieces.",
    )
