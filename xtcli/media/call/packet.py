"""What a call datagram says: sound with delayed copies, reports, and the words of signalling.

Pure: values to bytes and back, before sealing. The layout, its budget and everything a reader
MUST refuse are in docs/format/call.md. It refuses to know keys, clocks and sound itself.

Frames count 60 ms each from the start of the call, so a frame's number is its timestamp, and a
sound datagram has the number of the newest frame in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from xtcli.media.call.keys import NUMBER_BITS, refused

HEADER_BYTES = 2
FRAME_S = 0.06
FRAME_BYTES_MAX = 255
BUNDLE_MAX = 4
STEP_MAX = 7
HEARD_BYTES_MAX = 255
ARRIVED_BITS = 32
PAYLOAD_BYTES_MAX = 1_180
"""What one datagram of the link may carry for a call."""
ROUTE_BYTES_MAX = 64
NOTE_BYTES_MAX = 160
VERSION = 1


class Kind(IntEnum):
    """The top three bits of a datagram; part of the nonce."""

    SOUND = 0
    SOUND_AND_REPORT = 1
    CONTROL = 2
    RING = 3
    REPLY = 4
    ACCEPT = 5
    CANCEL = 6


class Word(IntEnum):
    """What a control datagram means; each carries a report."""

    REPORT = 1
    LEAVE = 2
    LEFT = 3


class Reply(IntEnum):
    """What the called side says before it accepts."""

    RINGING = 1
    DECLINED = 2
    BUSY = 3


def header(kind: int, number: int) -> bytes:
    """The two bytes in the open: kind and the low 13 bits of the number."""
    return (kind << NUMBER_BITS | number & ((1 << NUMBER_BITS) - 1)).to_bytes(HEADER_BYTES, "big")


def split_header(payload: bytes) -> tuple[int, int]:
    """`(kind, low bits of the number)`; refused when too short, too long or of no known kind."""
    if not HEADER_BYTES <= len(payload) <= PAYLOAD_BYTES_MAX:
        raise refused()
    first = int.from_bytes(payload[:HEADER_BYTES], "big")
    kind = first >> NUMBER_BITS
    if kind > max(Kind):
        raise refused()
    return kind, first & ((1 << NUMBER_BITS) - 1)


@dataclass(frozen=True, slots=True)
class Report:
    """What one side tells the other about what it gets, about once a second.

    Times are seconds, kept in units of 10 ms on the wire and capped at 2.55 s.
    """

    rung: int = 0
    """The rung of the ladder this side sends on, 0..15."""
    talking: bool = False
    """Whether this side holds the floor (push-to-talk)."""
    newest: int = -1
    """Number of the newest sound datagram received; -1 for none yet."""
    held_s: float = 0.0
    """How long ago that was: lets the other side take its round trip."""
    queue_s: float = 0.0
    """One-way delay above the least one seen: what waits in queues on the way."""
    jitter_s: float = 0.0
    """Spread of the one-way delay."""
    arrived: int = 0
    """Bit i: the sound datagram numbered `newest - i` came (32 bits)."""
    heard_to: int = 0
    """The next frame to be played."""
    heard: int = 0
    """Bit i: frame `heard_to - 1 - i` was played from what came, not concealed."""
    heard_bytes: int = 8
    """How many bytes of `heard` travel."""


def _tens(seconds: float) -> int:
    return max(0, min(255, round(seconds * 100)))


def encode_report(report: Report) -> bytes:
    """13 bytes and the heard map."""
    head = bytes([report.rung << 4 | report.talking << 3 | (report.newest >= 0)])
    head += (report.newest & 0xFFFF).to_bytes(2, "big")
    head += bytes([_tens(report.held_s), _tens(report.queue_s), _tens(report.jitter_s)])
    head += (report.arrived & 0xFFFF_FFFF).to_bytes(4, "big")
    head += (report.heard_to & 0xFFFF).to_bytes(2, "big")
    size = max(1, min(HEARD_BYTES_MAX, report.heard_bytes))
    return head + bytes([size]) + (report.heard & (1 << 8 * size) - 1).to_bytes(size, "big")


def decode_report(body: bytes) -> tuple[Report, bytes]:
    """A report whose `newest` and `heard_to` still are 16 bits, and what follows it."""
    if len(body) < 14 or body[0] & 0b110 or not body[12] or len(body) < 13 + body[12]:
        raise refused()
    size = body[12]
    return Report(
        rung=body[0] >> 4,
        talking=bool(body[0] & 8),
        newest=int.from_bytes(body[1:3], "big") if body[0] & 1 else -1,
        held_s=body[3] / 100,
        queue_s=body[4] / 100,
        jitter_s=body[5] / 100,
        arrived=int.from_bytes(body[6:10], "big"),
        heard_to=int.from_bytes(body[10:12], "big"),
        heard=int.from_bytes(body[13 : 13 + size], "big"),
        heard_bytes=size,
    ), body[13 + size :]


def widen(short: int, near: int) -> int:
    """The full number whose low 16 bits are `short`, nearest to `near`."""
    number = (near & ~0xFFFF) | short
    return min((number - 0x1_0000, number, number + 0x1_0000), key=lambda n: abs(n - near))


@dataclass(frozen=True, slots=True)
class Sound:
    """New frames up to `number`, and copies of frames sent `step` datagrams before.

    `frames` go oldest first within the new ones, then within each copy; an empty frame is silence
    or unknown. There are `bundle` times `1 + len(steps)` of them.
    """

    number: int
    bundle: int
    steps: tuple[int, ...]
    frames: tuple[bytes, ...] = field(repr=False)
    report: Report | None = None

    def __post_init__(self) -> None:
        """Refuse what has no bytes on the wire."""
        good = (
            1 <= self.bundle <= BUNDLE_MAX
            and len(self.steps) <= 2
            and all(1 <= step <= STEP_MAX for step in self.steps)
            and len(self.frames) == self.bundle * (1 + len(self.steps))
            and all(len(frame) <= FRAME_BYTES_MAX for frame in self.frames)
        )
        if not good:
            raise ValueError(f"no such sound datagram: {self!r}")

    @property
    def oldest(self) -> int:
        """The oldest frame number this datagram may carry."""
        return self.number - self.bundle + 1 - max(self.steps, default=0) * self.bundle

    def numbered(self) -> list[tuple[int, bytes]]:
        """`(frame number, packet)` of every frame that is not empty."""
        firsts = [self.number - self.bundle + 1 - s * self.bundle for s in (0, *self.steps)]
        numbers = [first + i for first in firsts for i in range(self.bundle)]
        return [(n, f) for n, f in zip(numbers, self.frames, strict=True) if f and n >= 0]


def encode_sound(sound: Sound) -> tuple[Kind, bytes]:
    """The kind and the body to seal."""
    steps = (*sound.steps, 0, 0)
    shape = bytes([sound.bundle - 1 << 6 | steps[0] << 3 | steps[1]])
    lengths = bytes(len(frame) for frame in sound.frames[:-1])
    body = lengths + b"".join(sound.frames)
    if sound.report is None:
        return Kind.SOUND, shape + body
    return Kind.SOUND_AND_REPORT, shape + encode_report(sound.report) + body


def decode_sound(kind: int, number: int, body: bytes) -> Sound:
    """The opposite of `encode_sound`; refused unless every byte is accounted for."""
    if not body:
        raise refused()
    bundle = (body[0] >> 6) + 1
    first, second = body[0] >> 3 & 7, body[0] & 7
    if second and not first:
        raise refused()
    steps = tuple(step for step in (first, second) if step)
    rest, report = body[1:], None
    if kind == Kind.SOUND_AND_REPORT:
        report, rest = decode_report(rest)
    count = bundle * (1 + len(steps))
    lengths, rest = rest[: count - 1], rest[count - 1 :]
    last = len(rest) - sum(lengths)
    if len(lengths) != count - 1 or not 0 <= last <= FRAME_BYTES_MAX:
        raise refused()
    frames, at = [], 0
    for length in (*lengths, last):
        frames.append(rest[at : at + length])
        at += length
    return Sound(number, bundle, steps, tuple(frames), report)


def encode_control(word: Word, report: Report) -> bytes:
    """The body of a control datagram."""
    return bytes([word]) + encode_report(report)


def decode_control(body: bytes) -> tuple[Word, Report]:
    """The opposite of `encode_control`."""
    if not body or body[0] not in set(Word):
        raise refused()
    report, rest = decode_report(body[1:])
    if rest:
        raise refused()
    return Word(body[0]), report
