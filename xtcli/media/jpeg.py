"""A JPEG without anything but its picture: no place, no device, no time, no hidden second image.

Pure bytes (ITU-T T.81, annex B). The coded picture is not touched, so nothing is lost; of all that
may surround it only what a decoder needs stays, and the orientation. It refuses to know pixels.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

_SOI, _EOI, _SOS = b"\xff\xd8", b"\xff\xd9", 0xDA
_JFIF = bytes.fromhex("ffe0 0010 4a46494600 0101 00 0001 0001 00 00")
"""A JFIF segment that says nothing: square pixels, no thumbnail."""

_TABLES = frozenset({0xC4, 0xCC, 0xDB, 0xDD})
"""Huffman and arithmetic tables, quantisation tables, restart interval."""

_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_APP0, _ADOBE = 0xE0, 0xEE


def strip(data: bytes, orientation: int = 1) -> bytes:
    """`data` with its picture and its tables only, and `orientation` (1..8, as in Exif).

    Raises `ValueError` when `data` is no whole JPEG. Whatever follows its end is dropped.
    """
    if not 1 <= orientation <= 8:
        raise ValueError(f"orientation {orientation} not in 1..8")
    kept = list(_picture(data))
    if orientation != 1:
        # JFIF wants to be the first segment.
        kept.insert(kept.index(_JFIF) + 1 if _JFIF in kept else 0, _exif(orientation))
    return _SOI + b"".join(kept) + _EOI


def _exif(orientation: int) -> bytes:
    """An Exif segment with one entry: tag 0x0112, orientation."""
    tiff = b"MM\0\x2a" + struct.pack(">IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0)
    body = b"Exif\0\0" + tiff
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _picture(data: bytes) -> Iterator[bytes]:
    """What stays of the segments that make the picture, up to the first end marker."""
    if data[:2] != _SOI:
        raise ValueError("no JPEG")
    at, scans = 2, 0
    while True:
        at = _marker(data, at)
        kind = data[at + 1]
        if kind == _EOI[1]:
            if not scans:
                raise ValueError("no picture in it")
            return
        end = at + 2 + _length(data, at)
        if kind == _SOS:
            end = _scan_end(data, end)
            scans += 1
        yield _kept(kind, data[at:end])
        at = end


def _kept(kind: int, segment: bytes) -> bytes:
    """What stays of a segment; nothing of most."""
    if kind in _TABLES or kind in _FRAMES or kind == _SOS:
        return segment
    # Whether these two are there tells a decoder how the colours were turned.
    if kind == _APP0 and segment[4:9] == b"JFIF\0":
        return _JFIF
    if kind == _ADOBE and segment[4:9] == b"Adobe" and len(segment) >= 16:
        return b"\xff\xee\0\x0e" + segment[4:16]
    return b""


def _marker(data: bytes, at: int) -> int:
    """Offset of the marker at `at`, after fill bytes; the byte after it is its kind."""
    while data[at : at + 2] == b"\xff\xff":
        at += 1
    if len(data) < at + 2 or data[at] != 0xFF:
        raise ValueError("cut short or damaged")
    return at


def _length(data: bytes, at: int) -> int:
    """Length of the segment whose marker is at `at`, its own two bytes included."""
    length = int.from_bytes(data[at + 2 : at + 4], "big")
    if length < 2 or len(data) < at + 2 + length:
        raise ValueError("cut short or damaged")
    return length


def _scan_end(data: bytes, at: int) -> int:
    """Where the coded data that starts at `at` ends: the next marker that is no restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise ValueError("cut short or damaged")
        kind = data[at + 1]
        if kind == 0xFF:
            at += 1
        elif kind == 0 or 0xD0 <= kind <= 0xD7:
            at += 2
        else:
            return at
