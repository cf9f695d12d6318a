"""Pictures small enough for a call: AVIF of about 3 kB, and back.

On the wire a still is its AVIF file in raw DEFLATE (RFC 1951) with a preset dictionary: nearly all
of the 275 bytes before the picture itself are the same in every file. What comes from the other
side is checked before a pixel is decoded. It refuses to know cameras and calls.
"""

from __future__ import annotations

import io
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from xtcli.errors import BundleRejected

if TYPE_CHECKING:
    from PIL import Image

SMALL, LARGE = (480, 360), (640, 480)
LARGE_FROM_BYTES = 6_000
QUALITY_MIN, QUALITY_MAX = 4, 60
SPEED = 8
"""Of libaom: 10 to 20 ms a try at 480 x 360; slower ones save no bytes at this size."""
FILE_BYTES_MAX = 20_000
SIDE_PIXELS_MAX = 1_280
DICTIONARY = bytes.fromhex(
    "00000020667479706176696600000000617669666d6966316d6961664d413142000000eb6d65746100000000"
    "0000002168646c72000000000000000070696374000000000000000000000000000000000e7069746d000000"
    "0000010000001e696c6f63000000004400000100010000000100000113000013d20000002869696e66000000"
    "0000010000001a696e6665020000000001000061763031436f6c6f72000000006a697072700000004b697063"
    "6f000000146973706500000000000001e000000168000000107069786900000000030808080000000c617631"
    "4381010c0000000013636f6c726e636c780001000d0006800000001769706d61000000000000000100010401"
    "028304000013da6d646174"
)
"""The beginning of an AVIF file of 480 x 360 in colour."""


@dataclass(frozen=True, slots=True)
class StillPicture:
    """A still that can be shown: an AVIF file."""

    data: bytes = field(repr=False)
    width: int
    height: int


def shrink(image: Image.Image, bytes_max: int) -> bytes:
    """`image` as the bytes of a still, as good as fits into `bytes_max`; empty when nothing does.

    480 x 360 pixels at most, 640 x 480 where there is room.
    """
    from PIL.Image import Resampling

    small = image.convert("RGB")
    small.thumbnail(LARGE if bytes_max >= LARGE_FROM_BYTES else SMALL, Resampling.BILINEAR)
    low, high, best = QUALITY_MIN, QUALITY_MAX, b""
    while low <= high:
        quality = (low + high) // 2
        data = _packed(small, quality)
        if len(data) <= bytes_max:
            best, low = data, quality + 1
        else:
            high = quality - 1
    return best


def _packed(image: Image.Image, quality: int) -> bytes:
    room = io.BytesIO()
    image.save(room, "AVIF", quality=quality, speed=SPEED, max_threads=1)
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS, zdict=DICTIONARY)
    return packer.compress(room.getvalue()) + packer.flush()


def unpack(data: bytes) -> StillPicture:
    """A still as it came; `BundleRejected` when it is none, or too large a picture."""
    from PIL import Image

    unpacker = zlib.decompressobj(-zlib.MAX_WBITS, zdict=DICTIONARY)
    try:
        file = unpacker.decompress(data, FILE_BYTES_MAX)
        if not unpacker.eof or unpacker.unused_data:
            raise _refused()
        image = Image.open(io.BytesIO(file), formats=("AVIF",))
        if max(image.size) > SIDE_PIXELS_MAX:
            raise _refused()
        image.load()
    except (zlib.error, OSError, ValueError, SyntaxError, EOFError, RuntimeError) as error:
        raise _refused() from error
    return StillPicture(file, *image.size)


def _refused() -> BundleRejected:
    return BundleRejected(
        "A picture that came with a call does not check.", "It was dropped; the next one follows."
    )
