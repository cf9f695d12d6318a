"""A browser in virtual time: takes RED, sends Opus, answers with transport-wide feedback."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass, field

from xtcli.media.call import rtp
from xtcli.media.call.guest import FRAME_TICKS
from xtcli.media.opus import Encoder


def encode_feedback(arrived: dict[int, float], turn: int) -> bytes:
    """Feedback about all from the first to the last that arrived; times in seconds."""
    first, last = min(arrived), max(arrived)
    count = last - first + 1
    base = int(arrived[first] / 0.064)
    clock, symbols, deltas = base * 256, [], b""
    for number in range(first, last + 1):
        if number not in arrived:
            symbols.append(0)
            continue
        ticks = round(arrived[number] / 250e-6)
        delta = ticks - clock
        clock = ticks
        small = 0 <= delta < 256
        symbols.append(1 if small else 2)
        deltas += struct.pack(">B", delta) if small else struct.pack(">h", delta)
    chunks = b""
    for at in range(0, count, 7):
        group = (symbols[at : at + 7] + [0] * 7)[:7]
        value = 0b11 << 14
        for n, symbol in enumerate(group):
            value |= symbol << 12 - 2 * n
        chunks += struct.pack(">H", value)
    body = struct.pack(">IIHH", 1, 2, first % 65_536, count)
    body += (base & 0xFFFFFF).to_bytes(3, "big") + bytes([turn % 256]) + chunks + deltas
    body += bytes(-len(body) % 4)
    return struct.pack(">BBH", 0x8F, 205, len(body) // 4) + body


def encode_opus(packet: bytes, number: int, ssrc: int = 9) -> bytes:
    """What a browser sends: one Opus packet, without an extension."""
    return (
        rtp.HEADER.pack(0x80, rtp.OPUS, number % 65_536, number * FRAME_TICKS % 2**32, ssrc)
        + packet
    )


@dataclass
class Way:
    """One direction: a delay, jitter, and losses in bursts."""

    seed: int
    delay_s: float = 0.15
    jitter_s: float = 0.03
    loss: float = 0.0
    burst: float = 3.0
    cuts: tuple[tuple[float, float], ...] = ()
    waiting: list[tuple[float, bytes]] = field(default_factory=list)
    lost: int = 0
    sent: int = 0

    def __post_init__(self) -> None:
        self._dice = random.Random(self.seed)
        self._bad = False

    def put(self, data: bytes, now: float) -> None:
        """Send."""
        self.sent += 1
        into = self.loss / max(1e-9, self.burst * (1 - self.loss))
        self._bad = self._dice.random() < (1 - 1 / self.burst if self._bad else into)
        if self._bad or any(start <= now < end for start, end in self.cuts):
            self.lost += 1
            return
        late = self.delay_s + self._dice.uniform(-self.jitter_s, self.jitter_s)
        self.waiting.append((now + late, data))

    def take(self, now: float) -> list[tuple[float, bytes]]:
        """What has come."""
        found = sorted(one for one in self.waiting if one[0] <= now)
        self.waiting = [one for one in self.waiting if one[0] > now]
        return found


class Browser:
    """The other end."""

    def __init__(self, speech: list[bytes]) -> None:
        self._speech, self._encoder = speech, Encoder(12_000)
        self._arrived: dict[int, float] = {}
        self._turn = 0
        self._unwrapped = 0
        self.frames: dict[int, float] = {}
        """Timestamp of every frame that came, and when it came first."""
        self.bytes = 0

    def take(self, packet: bytes, now: float) -> None:
        """A packet of the station."""
        if rtp.is_rtcp(packet):
            return
        self.bytes += len(packet) + 44
        number = int.from_bytes(packet[17:19], "big")
        ahead = (number - self._unwrapped + 32_768) % 65_536 - 32_768
        self._unwrapped = max(self._unwrapped, self._unwrapped + ahead)
        self._arrived[self._unwrapped if ahead >= 0 else self._unwrapped + ahead] = now
        for block in rtp.decode_rtp(packet).blocks:
            self.frames.setdefault(block.timestamp, now)

    def say(self, number: int) -> bytes:
        """Its next packet of sound."""
        packet = self._encoder.encode(self._speech[number % len(self._speech)])
        return encode_opus(packet, number)

    def feedback(self) -> bytes | None:
        """What came since the last time."""
        if not self._arrived:
            return None
        arrived, self._arrived = self._arrived, {}
        self._turn += 1
        return encode_feedback(arrived, self._turn)
