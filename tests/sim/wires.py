"""Roads of datagrams: a bad link both ways, and how UDP, HTTPS and a line carry a datagram on it.

Framing is the code that ships; TLS and TCP are left out: what they would do to a damaged packet is
that it comes later, so an HTTPS road here is slower, in order of luck, and loses little.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from xtcli.errors import BundleRejected
from xtcli.transport.carriers.batches import pack, unpack
from xtcli.transport.carriers.frames import Deframer, frame
from xtcli.transport.emulator.core import Duplex, Emulator
from xtcli.transport.emulator.profiles import Profile

SERIAL_PROFILE = Profile("serial", 9_600, 9_600, 0.02, 0.0, 0.02, 2.0, 8.0)


@dataclass(slots=True)
class Road:
    """One road of one station, both ways. `kind` is one of `nodes.WAYS`."""

    duplex: Duplex
    bytes_before: int = 0
    kind: str = "udp"
    up_frames: Deframer = field(default_factory=Deframer)
    down_frames: Deframer = field(default_factory=Deframer)

    def bytes_sent(self) -> int:
        """IP bytes offered, both ways, since the simulation began."""
        now = self.duplex.up.counters.bytes_offered + self.duplex.down.counters.bytes_offered
        return now + self.bytes_before

    def send_up(self, datagram: bytes, at: float) -> None:
        """A datagram of the station."""
        self.duplex.up.push(self._wrapped(datagram), at)

    def send_down(self, datagram: bytes, at: float) -> None:
        """A datagram for the station."""
        self.duplex.down.push(self._wrapped(datagram), at)

    def _wrapped(self, datagram: bytes) -> bytes:
        if self.kind == "serial":
            return frame(datagram)
        return pack([datagram]) if self.kind == "https" and datagram else datagram

    def arrived_up(self, at: float) -> Iterator[bytes]:
        """What has come to the hub."""
        return self._arrived(self.duplex.up, self.up_frames, at)

    def arrived_down(self, at: float) -> Iterator[bytes]:
        """What has come to the station."""
        return self._arrived(self.duplex.down, self.down_frames, at)

    def _arrived(self, emulator: Emulator, frames: Deframer, at: float) -> Iterator[bytes]:
        for packet in emulator.pop(at):
            if self.kind == "serial":
                yield from frames.feed(packet)
            elif self.kind == "https":
                try:
                    yield from unpack(packet)
                except BundleRejected:
                    continue
            else:
                yield packet


def second_profile(kind: str, profile: Profile) -> Profile:
    """The other road of a station whose UDP road has a profile."""
    if kind == "serial":
        return SERIAL_PROFILE
    return replace(
        profile, delay_s=3 * profile.delay_s + 0.05, jitter_s=2 * profile.jitter_s,
        loss=profile.loss / 20, burst_mean=1.0, queue_s=20.0, outages=None,
    )  # fmt: skip
