"""A call whose other end is a browser's own WebRTC: the call core, on RTP.

    GuestSession.admit(now)             from here on it is a call like any other
    session.receive(packet, now)        RTP or RTCP, already opened by SRTP
    while packet := session.send(now):  RTP or RTCP, to be sealed by SRTP

Ladder, budget, delayed copies, playout and the ledger of unheard words are `talk`'s. What differs
is the wire (docs/format/web.md): a sound datagram becomes one RED packet, and the other side's
report is put together from the browser's transport-wide feedback. Sans-IO. It refuses to know who
the guest is, and how the two found each other.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from xtcli.errors import BundleRejected
from xtcli.media.call import rtp
from xtcli.media.call.guest_ear import HEARD_BYTES, HOLD_S_MIN, Ear, GuestLedger
from xtcli.media.call.ladder import LOSSY, Ladder
from xtcli.media.call.line import Line
from xtcli.media.call.packet import FRAME_S, Sound, Word
from xtcli.media.call.playout import FRAME_SAMPLES
from xtcli.media.call.session import CallSession
from xtcli.media.call.states import State, Trigger
from xtcli.media.call.talk import SEAL_BYTES, Talk
from xtcli.media.opus import is_silence, packet_samples

if TYPE_CHECKING:
    from xtcli.media.call.handshake import Handshake, Keys

FRAME_TICKS = 2_880
AROUND_GUEST_BYTES = 28 + 12 + 8 + 16 + 1
"""UDP over IPv4, RTP, its extension, SRTP's tag, RED."""
START_BPS = 16_000.0
"""Where nothing is known of the link; `talk`'s own start would be the last rung but one here."""
SSRC = 0x7874_0001
"""Fixed, so that it need not travel; each line has keys of its own."""
COPY_FRAMES_MAX = 5
"""RED's offset has 14 bits."""
REPORT_EVERY_S = 5.0
QUEUE_S_MAX, SHUT_S = 1.5, 6.0
"""A browser sends 14 kbit/s at the least. Where that waits in a queue, its microphone is shut."""
ODD_DELAY_S = 0.3
"""For a browser that does not send 60 ms a packet."""


class GuestTalk(Talk):
    """`Talk` with a browser."""

    def __init__(self, now: float, entropy: Callable[[int], bytes], rate_bps: float | None) -> None:
        """`rate_bps`: what the link is known to carry, if it is."""
        super().__init__(
            cast("Keys", None), now, caller=True, around_bytes=AROUND_GUEST_BYTES - SEAL_BYTES,
            rate_bps=rate_bps,
        )  # fmt: skip
        if rate_bps is None:
            self.rate.bps = START_BPS
            self.ladder = Ladder(self._overhead, self.rate.bps)
            self._rungs = [(0.0, self.ladder.rung.order)]
            self._apply_rung(now)
        self.ledger = self._words = GuestLedger()
        self.ssrc = SSRC
        self._origin = int.from_bytes(entropy(4), "big")
        self._sequence = int.from_bytes(entropy(2), "big") >> 1
        self._ear = Ear()
        self._line = Line(ODD_DELAY_S)
        self._odd: bool | None = None
        self._first: int | None = None
        self._base = 0
        self._shut_to = 0.0
        self._their_ssrc: int | None = None
        self._renewed = False
        self._reported_at = now - REPORT_EVERY_S
        self._counts = [0, 0]
        self._timestamp = self._origin
        self.hold_s = HOLD_S_MIN

    # Out

    def _ship(self, sound: Sound, now: float) -> None:
        blocks = self._blocks(sound)
        if not blocks:
            return
        packet = rtp.encode_red(blocks, self._sequence, self._ear.send(sound), self.ssrc)
        self._sequence = (self._sequence + 1) % rtp.WRAP16
        self._timestamp = blocks[-1].timestamp
        self._counts[0] += 1
        self._counts[1] += len(packet)
        self.flight.send(sound.number, len(packet) + 28 + 16, now)
        self._push_packet(packet)

    def _blocks(self, sound: Sound) -> tuple[rtp.Block, ...]:
        """The frames of a datagram, oldest first, as far as RED reaches back."""
        frames = dict(sound.numbered())
        newest = max(frames, default=0)
        return tuple(
            rtp.Block((self._origin + number * FRAME_TICKS) % rtp.WRAP32, frames[number])
            for number in sorted(frames) if number >= newest - COPY_FRAMES_MAX
        )  # fmt: skip

    def _push_packet(self, packet: bytes) -> None:
        self._bytes += len(packet) + 28 + 16
        self._out.append(packet)

    def say(self, word: Word, now: float, *, final: bool = False) -> None:
        """In place of the core's own reports: a sender report, from time to time."""
        if now - self._reported_at >= REPORT_EVERY_S:
            self._reported_at = now
            packets, size = self._counts
            self._push_packet(rtp.encode_report(self.ssrc, now, self._timestamp, packets, size))
        self._reported(now)

    # In

    def receive(self, payload: bytes, now: float) -> Word | None:
        """One packet from the browser; BundleRejected when it cannot be read."""
        if rtp.is_rtcp(payload):
            for found in rtp.decode_rtcp(payload, self.ssrc):
                self._learned(found, now)
        else:
            self._voice_in(rtp.decode_rtp(payload), now)
        self._alive(now)
        return None

    def new_line(self) -> None:
        """From here on another line carries the call; its feedback begins anew."""
        self._ear, self._renewed = Ear(), True

    def _voice_in(self, packet: rtp.Packet, now: float) -> None:
        if packet.ssrc != self._their_ssrc or self._renewed:
            self._new_stream(packet.ssrc, now)
        for block in packet.blocks:
            if not block.packet:
                continue
            if self._odd is None:
                self._odd = packet_samples(block.packet) != FRAME_SAMPLES
            if self._odd:
                self._line.add(block.timestamp, block.packet, now)
                continue
            number = self._number_of(block.timestamp)
            if number >= 0 and len(block.packet) <= 255:
                sound = Sound(number, 1, (), (block.packet,))
                self.arrivals.note(sound, now)
                self.playout.add(sound, now)
        if self.half_duplex and not is_silence(packet.blocks[-1].packet):
            self.floor.peer_speaks(now)
            self._note_holder(now)

    def _new_stream(self, ssrc: int, now: float) -> None:
        """The page was loaded again: another origin of time, the same call."""
        if self._their_ssrc is not None:
            needs = self.arrivals.needs(now)
            now_frame = round((now - needs[0]) / FRAME_S) if needs is not None else 0
            self._base = max(self.arrivals.newest + 1, now_frame)
        self._their_ssrc, self._first, self._odd = ssrc, None, None
        self._renewed = False
        self._line = Line(ODD_DELAY_S)

    def _number_of(self, timestamp: int) -> int:
        """Frames since the first; the 32 bits of the timestamp may wrap."""
        if self._first is None:
            self._first = timestamp
        ahead = (timestamp - self._first + rtp.WRAP32 // 2) % rtp.WRAP32 - rtp.WRAP32 // 2
        steps = round(ahead / FRAME_TICKS)
        number = self._base + steps
        if steps > 1 << 16:
            self._first, self._base = timestamp, number
        return number

    def _learned(self, found: rtp.Echo | rtp.Feedback, now: float) -> None:
        if isinstance(found, rtp.Echo):
            trip = found.round_trip_s(now)
            if trip is not None:
                before = self.flight.rtt_s
                self.flight.rtt_s = trip if before is None else 0.5 * before + 0.5 * trip
            return
        trusting = self.flight.loss(now) < LOSSY
        if self._ear.feedback(found, self.hold_s, trusting=trusting):
            self._take_report(now)

    def _take_report(self, now: float) -> None:
        arrivals, clock, heard_to, heard = self._ear.report(self.hold_s)
        # No round trip from this: feedback is gathered for a while before it leaves.
        report = replace(
            arrivals.report(clock), rung=self.peer_rung.order, held_s=2.55, heard_to=heard_to,
            heard=heard, heard_bytes=HEARD_BYTES,
        )  # fmt: skip
        self._words.judge(heard_to, self._ear.fate)
        self._learn(report, now)

    def play(self, now: float, samples: int = FRAME_SAMPLES) -> bytes:
        """PCM to be heard from `now` on."""
        return self._line.play(now, samples) if self._odd else super().play(now, samples)

    def _clogged(self, now: float) -> bool:
        """Whether the guest's voice is more than this link carries: then it has to stop a while."""
        if self.arrivals.flowing(now) and self.arrivals.queue_s(now) > QUEUE_S_MAX:
            self._shut_to = now + SHUT_S
        return now < self._shut_to

    def wish(self, now: float) -> tuple[str, int, int]:
        """For the page: `(live, ptt or note; bit/s for its voice; ms to hold sound back)`.

        What is to be held back is remembered: words are judged heard or not by it.
        """
        wanted = self._ear.hold_s()
        if wanted > self.hold_s or wanted < self.hold_s - 0.1:
            self.hold_s = wanted
        rung = self.ladder.rung
        mode = "ptt" if rung.half_duplex else "live"
        if not rung.live or self.lost_contact or self._clogged(now):
            mode = "note"
        return mode, rung.bitrate_bps, round(self.hold_s * 1000)


class _Nobody:
    """A handshake that never was: papers did its work."""

    caller = False


class GuestSession(CallSession):
    """`CallSession` with a browser: nobody rings in it; `admit` begins it."""

    def __init__(self, now: float, entropy: Callable[[int], bytes]) -> None:
        """A guest waits."""
        super().__init__(
            cast("Handshake", _Nobody()), now, state=State.INCOMING,
            around_bytes=AROUND_GUEST_BYTES, rate_bps=None,
        )  # fmt: skip
        self._entropy = entropy
        self._again_at = None
        self.guest: GuestTalk | None = None

    def admit(self, now: float, rate_bps: float | None) -> None:
        """A person here has agreed: sound may flow."""
        if self.state is State.INCOMING:
            self._talk = self.guest = GuestTalk(now, self._entropy, rate_bps)
            self._fire(Trigger.ACCEPT, now)

    def receive(self, payload: bytes, now: float) -> bool:
        """A packet from the browser; before `admit` and after the end it is dropped."""
        if self.guest is None or self.state is not State.TALKING:
            return False
        try:
            self.guest.receive(payload, now)
        except BundleRejected:
            self.rejected += 1
            return False
        return True

    def still_room(self, now: float) -> int:
        """None: the page shows no pictures."""
        return 0

    def _deadline(self) -> float | None:
        return None if self.state is State.INCOMING else super()._deadline()

    def decline(self, now: float, *, busy: bool = False) -> None:
        """A person here does not let the guest in."""
        self._fire(Trigger.DECLINE, now)

    def hang_up(self, now: float) -> None:
        """Leave; the paper says so to the guest."""
        self._fire(Trigger.DECLINE, now)
        self._fire(Trigger.HANG_UP, now)
        self._fire(Trigger.PEER_LEFT, now)

    def guest_left(self, now: float) -> None:
        """The guest hung up, or closed the page."""
        self._fire(Trigger.PEER_CANCELS, now)
        self._fire(Trigger.PEER_LEAVES, now)
