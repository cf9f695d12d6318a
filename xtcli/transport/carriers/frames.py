"""Frames on a line of bytes: COBS and a check, as docs/format/serial.md says. Pure.

A reader that joins in the middle of a frame, or loses bytes of one, is right again at the next
flag. It knows no devices and nothing of what a datagram says.
"""

from __future__ import annotations

import binascii
from collections.abc import Iterator

from xtcli.transport.link.frames import DATAGRAM_BYTES_MAX

FLAG = b"\0"
CHECK_BYTES = 2
OVERHEAD_BYTES = 5
"""What a frame usually adds: a flag, a check, one or two bytes of stuffing."""
FRAME_BYTES_MAX = DATAGRAM_BYTES_MAX + CHECK_BYTES + 22


def stuff(data: bytes) -> bytes:
    """COBS: the same bytes without a zero among them, and one in 254 more."""
    out = bytearray()
    for piece in data.split(FLAG):
        full, rest = divmod(len(piece), 254)
        for at in range(full):
            out += b"\xff" + piece[254 * at : 254 * (at + 1)]
        out += bytes([rest + 1]) + piece[254 * full :]
    return bytes(out)


def unstuff(body: bytes) -> bytes:
    """What `stuff` was given; ValueError when it can have made no such thing."""
    out = bytearray()
    at = 0
    while at < len(body):
        code = body[at]
        block = body[at + 1 : at + code]
        if code == 0 or len(block) != code - 1:
            raise ValueError("not COBS")
        out += block
        at += code
        if code < 255 and at < len(body):
            out.append(0)
    if not body:
        raise ValueError("empty")
    return bytes(out)


def frame(datagram: bytes) -> bytes:
    """A datagram as it goes on the line."""
    check = binascii.crc_hqx(datagram, 0).to_bytes(CHECK_BYTES, "big")
    return FLAG + stuff(datagram + check) + FLAG


def unframe(body: bytes) -> bytes:
    """The datagram in what stands between two flags; ValueError when it is none."""
    data = unstuff(body)
    datagram, check = data[:-CHECK_BYTES], data[-CHECK_BYTES:]
    if not 0 < len(datagram) <= DATAGRAM_BYTES_MAX:
        raise ValueError("not the length of a datagram")
    if binascii.crc_hqx(datagram, 0).to_bytes(CHECK_BYTES, "big") != check:
        raise ValueError("wrong check")
    return datagram


class Deframer:
    """Bytes of a line in, datagrams out; noise is counted in `noise`."""

    def __init__(self) -> None:
        """Nothing has come yet; what comes before the first flag may be the end of something."""
        self.noise = 0
        self._buffer = bytearray()
        self._skipping = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take what the line gave; yields whole datagrams. Exhaust it before feeding again."""
        *bodies, rest = data.split(FLAG)
        for body in bodies:
            whole = bytes(self._buffer) + body
            self._buffer.clear()
            skipped, self._skipping = self._skipping, False
            if skipped or not whole:
                continue
            try:
                yield unframe(whole) if len(whole) <= FRAME_BYTES_MAX else _too_long()
            except ValueError:
                self.noise += 1
        if self._skipping:
            return
        self._buffer += rest
        if len(self._buffer) > FRAME_BYTES_MAX:
            self.noise += 1
            self._buffer.clear()
            self._skipping = True


def _too_long() -> bytes:
    raise ValueError("too long")
