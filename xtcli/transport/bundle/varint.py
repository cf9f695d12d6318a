"""Unsigned whole numbers in as few bytes as they need (LEB128, shortest form only)."""

from __future__ import annotations

from xtcli.errors import BundleRejected

NUMBER_MAX = (1 << 35) - 1
"""Largest number written: five bytes of seven bits."""


def write_number(value: int) -> bytes:
    """`value` (0 to `NUMBER_MAX`) as one to five bytes, low seven bits first."""
    if not 0 <= value <= NUMBER_MAX:
        raise ValueError(f"{value} does not fit a number on the wire")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def read_number(data: bytes, at: int) -> tuple[int, int]:
    """The number at offset `at` and the offset behind it.

    Raises `BundleRejected` when it is cut short, too long, or not in its shortest form: two
    spellings of one bundle would let a relay change its tag.
    """
    value = shift = 0
    while shift < 35 and at < len(data):
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            if byte == 0 and shift:
                break
            return value, at
        shift += 7
    raise BundleRejected(
        "This data is damaged: a number in it is not whole.", "Ask the sender to send it again."
    )
