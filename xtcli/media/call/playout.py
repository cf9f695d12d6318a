"""The playout clock: every frame has a deadline, and the delay never creeps.

Frame n is due at `n x 60 ms + delay`. The delay aimed at is what nearly every frame of the last
10 s needed, with a floor of one frame and a cap of 600 ms. It is approached exactly in silence and
by single pitch periods in speech, so a clock that runs fast or slow on the other side costs a few
milliseconds now and then and nothing adds up. A missing frame is waited for only while playing is
ahead of that aim; then it is concealed and gone. It refuses to know who sent what.
"""

from __future__ import annotations

import numpy as np

from xtcli.errors import BundleRejected
from xtcli.media.call.arrivals import Arrivals
from xtcli.media.call.conceal import RATE_HZ, Comfort, Samples, fade, lengthen, shorten
from xtcli.media.call.packet import FRAME_S, HEARD_BYTES_MAX, Sound
from xtcli.media.opus import Decoder

FRAME_SAMPLES = 960
FLOOR_S = FRAME_S
CAP_S = 0.6
SLACK_S = 0.015
"""How far off the aim speech may be before it is stretched."""
EXCESS_S_MAX = 1.0
"""This far behind (a stalled sound device), frames are skipped: they land in the note."""
QUIET_SAMPLES = 2_880
"""Concealed for so long, it is silence: time may be cut or added without being heard."""
BUFFER_FRAMES_MAX = 256
PLC_STEP = 40
"""libopus conceals in units of 2.5 ms."""


class Playout:
    """Datagrams in, sound out, at any rate of asking."""

    def __init__(self, arrivals: Arrivals) -> None:
        """Share `arrivals` with whoever makes the reports."""
        self._arrivals = arrivals
        self._decoder = Decoder()
        self._comfort = Comfort()
        self._frames: dict[int, bytes] = {}
        self._fifo: Samples = np.zeros(0, np.float32)
        self._missing = QUIET_SAMPLES
        self._calm = False
        self._block_s = 0.0
        self._aim_s: float | None = None
        self.next: int | None = None
        """The next frame to be played."""
        self.heard = 0
        """Bit i: frame `next - 1 - i` was played from what came."""
        self.played = 0
        self.concealed = 0
        self.late = 0

    def add(self, sound: Sound, now: float) -> None:
        """Take the frames of one datagram (already noted in the arrivals)."""
        for number, packet in sound.numbered():
            if self.next is None:
                self.next = number
            if number < self.next:
                self.late += not self._was_heard(number)
                continue
            if number - self.next >= BUFFER_FRAMES_MAX:
                if self.waiting:
                    continue
                # The other side's clock jumped (its machine slept): start anew from here.
                self._skip_to(number)
            self._frames.setdefault(number, packet)

    def _was_heard(self, number: int) -> bool:
        assert self.next is not None
        return bool(self.heard >> (self.next - 1 - number) & 1)

    @property
    def waiting(self) -> int:
        """Frames that came and were not played yet."""
        return len(self._frames)

    def aim_s(self, now: float) -> float | None:
        """The lateness to play at, or None before anything came."""
        needs = self._arrivals.needs(now)
        if needs is not None:
            least, new, old = needs
            self._aim_s = min(max(new + FLOOR_S, old + self._block_s), least + CAP_S)
        return self._aim_s

    def play(self, now: float, samples: int = FRAME_SAMPLES) -> bytes:
        """PCM (int16 little-endian) of `samples` samples to be heard from `now` on."""
        # A frame is decoded when the device asks, up to one block before it sounds.
        self._block_s = max(samples / RATE_HZ, 0.995 * self._block_s)
        while self._fifo.size < samples:
            at = now + self._fifo.size / RATE_HZ
            self._fifo = np.concatenate((self._fifo, self._produce(at, now)))
        out, self._fifo = self._fifo[:samples], self._fifo[samples:]
        return bytes(np.clip(out, -32768, 32767).astype("<i2").tobytes())

    def _produce(self, at: float, now: float) -> Samples:
        """The next piece of sound, due at `at`; may be empty when silence is cut."""
        aim = self.aim_s(now)
        if self.next is None or aim is None:
            return self._comfort.make(PLC_STEP)
        ahead = aim - (at - self.next * FRAME_S)
        if ahead < -EXCESS_S_MAX:
            self._skip_to(self.next + int(-ahead / FRAME_S))
            ahead = 0.0
        quiet = self._missing >= QUIET_SAMPLES
        if ahead > 0 and (self.next not in self._frames or quiet):
            return self._conceal(min(FRAME_SAMPLES, max(1, round(ahead * RATE_HZ))))
        packet = self._frames.pop(self.next, None)
        self._step(packet is not None)
        if packet is None:
            self.concealed += not quiet
            cut = round(-ahead * RATE_HZ) if quiet else 0
            return self._conceal(max(0, FRAME_SAMPLES - cut))
        return self._stretch(self._decode(packet), ahead)

    def _step(self, real: bool) -> None:
        assert self.next is not None
        self.next += 1
        self.heard = (self.heard << 1 | real) & (1 << 8 * HEARD_BYTES_MAX) - 1

    def _skip_to(self, number: int) -> None:
        """Go on at frame `number`; what lies before it stays unheard."""
        assert self.next is not None
        gone = min(number - self.next, 8 * HEARD_BYTES_MAX)
        self.heard = (self.heard << gone) & (1 << 8 * HEARD_BYTES_MAX) - 1
        self.next = number
        self._frames = {n: f for n, f in self._frames.items() if n >= number}

    def _decode(self, packet: bytes) -> Samples:
        try:
            sound = np.frombuffer(self._decoder.decode(packet), "<i2").astype(np.float32)
        except BundleRejected:
            return self._conceal(FRAME_SAMPLES)
        self._missing = 0
        self.played += 1
        self._calm = self._comfort.hear(sound)
        # The other side may put frames of another length into its packets; time goes on in 60 ms.
        return np.pad(sound[:FRAME_SAMPLES], (0, max(0, FRAME_SAMPLES - sound.size)))

    def _stretch(self, sound: Samples, ahead: float) -> Samples:
        if ahead > SLACK_S:
            return lengthen(sound)
        return shorten(sound) if ahead < -SLACK_S else sound

    def _conceal(self, count: int) -> Samples:
        """`count` samples of concealment fading into comfort noise."""
        if not count:
            return np.zeros(0, np.float32)
        if self._calm:
            # After quiet sound the decoder's own noise goes on: the pause of a sentence.
            self._missing += count
            return self._plc(count)
        noise = self._comfort.make(count)
        if self._missing >= QUIET_SAMPLES:
            return noise
        sound = fade(self._plc(count), self._missing)
        noise *= np.float32(self._missing / QUIET_SAMPLES)
        self._missing += count
        return sound + noise

    def _plc(self, count: int) -> Samples:
        units = -(-count // PLC_STEP) * PLC_STEP
        pcm = self._decoder.decode(None, samples=units)
        return np.frombuffer(pcm, "<i2").astype(np.float32)[:count]
