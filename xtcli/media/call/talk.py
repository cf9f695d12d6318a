"""Both sides are there and speak: sound out, sound in, and the steering between.

It joins the small parts: encoder, sender, flight, ledger, rate and ladder for what goes out;
numbers, arrivals and playout for what comes in. It refuses to know how the call came about.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from xtcli.media.call.arrivals import Arrivals
from xtcli.media.call.events import (
    CallEvent,
    ContactBack,
    ContactLost,
    PeerStepped,
    Stepped,
    Summary,
)
from xtcli.media.call.events import Floor as FloorEvent
from xtcli.media.call.flight import Flight
from xtcli.media.call.floor import Floor
from xtcli.media.call.handshake import Keys
from xtcli.media.call.keys import SOUND_TAG_BYTES, Numbers, Seal, refused
from xtcli.media.call.ladder import RUNGS, Conditions, Ladder, outage_s
from xtcli.media.call.ledger import Ledger
from xtcli.media.call.packet import (
    FRAME_S,
    HEADER_BYTES,
    HEARD_BYTES_MAX,
    Kind,
    Report,
    Sound,
    Word,
    decode_control,
    decode_sound,
    encode_control,
    encode_report,
    encode_sound,
    header,
    split_header,
)
from xtcli.media.call.playout import FRAME_SAMPLES, Playout
from xtcli.media.call.rate import Rate
from xtcli.media.call.sender import Sender, copy_steps
from xtcli.media.call.still_traffic import Road, StillTraffic
from xtcli.media.call.stills import StillWord, clock_near
from xtcli.media.call.voice import Voice
from xtcli.media.opus import Encoder, is_silence

REPORT_S = 1.0
REPORT_ALONE_S = 0.4
"""To one who speaks, from one who does not: reports lost in a row must not look like an outage."""
REPORT_GRACE_S = 0.3
"""How long a report waits for sound to ride on."""
TICK_S = 0.5
STEPS_EVERY_S = 2.0
CAPTURE_GAP_S = 0.3
HEARD_BYTES = 8
HEARD_BYTES_AFTER_CUT = 64
AFTER_CUT_REPORTS = 3
AMPLE = 1.5
"""Pictures beside one's own speech need a rate of so many times what the rung needs."""
SEAL_BYTES = HEADER_BYTES + 1 + SOUND_TAG_BYTES
"""What a call puts around the frames of a datagram: number, shape, tag."""
AROUND_LINK_BYTES = 28 + 11
"""IPv4 and UDP, and the xt link's type, station and tag."""


@dataclass(slots=True)
class _Due:
    """When things are next to be done."""

    report: float
    tick: float
    steps: float


class Talk:
    """A call while it lasts."""

    def __init__(
        self, keys: Keys, now: float, *, caller: bool, around_bytes: int, rate_bps: float | None
    ) -> None:
        """`around_bytes`: what the carrier puts around each payload; `rate_bps`: if known."""
        self._keys = keys
        self.started = now
        self._overhead = around_bytes + SEAL_BYTES
        self._around = around_bytes
        self.rate = Rate(rate_bps, now)
        self.ladder = Ladder(self._overhead, self.rate.bps)
        self.ledger = Ledger()
        self.flight = Flight()
        self.arrivals = Arrivals()
        self.playout = Playout(self.arrivals)
        self.floor = Floor(caller=caller)
        self._sender = Sender(self._overhead, now)
        self._encoder = Encoder(self.ladder.rung.bitrate_bps, bandwidth=self.ladder.rung.bandwidth)
        self._voice = Voice()
        self._sounds, self._controls = Numbers(), Numbers()
        self._number, self._captured_at = -1, now
        self._control = 0
        self.stills = StillTraffic(around_bytes, now, self.road)
        self._out: deque[bytes] = deque(maxlen=4)
        self._due = _Due(now, now + TICK_S, now)
        self._long_reports = 0
        self._holder = "free"
        self._rungs = [(0.0, self.ladder.rung.order)]
        self._bytes = 0
        self.peer_rung = RUNGS[self.ladder.rung.order]
        self.heard_at = now
        self.lost_contact = False
        self.proven = False
        """Whether anything came that only the other side could have made."""
        self.muted = False
        self.events: list[CallEvent] = []
        self._apply_rung(now)

    # Sound out.

    def capture(self, pcm: bytes, now: float) -> None:
        """One frame (60 ms of PCM) from the microphone; in time with the microphone's clock."""
        number = self._next_number(now)
        packet = self._encoder.encode(pcm)
        loud = self._voice.hear(pcm)
        if self.muted or self._voice.pausing or is_silence(packet):
            packet = b""
        live = self.ladder.rung.live and self._may_speak(bool(packet), now)
        if packet:
            self.ledger.speak(number, packet, live=live, loud=loud)
        if self.ladder.rung.live:
            packet = packet if live else b""
            sound = self._sender.frame(
                number, packet, self.rate.bps, now, loudness=self._voice.loudness
            )
            if sound is not None:
                self._ship(sound, now)

    def _next_number(self, now: float) -> int:
        gap = now - self._captured_at
        if self._number < 0 or gap > CAPTURE_GAP_S:
            # The microphone began or stalled: frame numbers stay with time.
            self._number = max(self._number + 1, int((now - self.started) / FRAME_S))
        else:
            self._number += 1
        self._captured_at = now
        return self._number

    @property
    def half_duplex(self) -> bool:
        """Whether only one side speaks at a time, for this side's link or the other's."""
        return self.ladder.rung.half_duplex or self.peer_rung.half_duplex

    def _may_speak(self, voice: bool, now: float) -> bool:
        if not self.half_duplex:
            return True
        may = self.floor.speak(voice, now)
        self._note_holder(now)
        return may

    def _note_holder(self, now: float) -> None:
        holder = self.floor.holder(now) if self.half_duplex else "free"
        if holder != self._holder:
            self._holder = holder
            self.events.append(FloorEvent(holder))

    def _ship(self, sound: Sound, now: float) -> None:
        if now >= self._due.report:
            sound = replace(sound, report=self.report(now))
            self._reported(now)
        kind, body = encode_sound(sound)
        payload = self._seal(kind, sound.number, body)
        if sound.report is not None:
            self._sender.charge(len(encode_report(sound.report)))
        self.flight.send(sound.number, self._around + len(payload), now)
        self._push(payload, now)
        self.stills.sounded(now)

    def _seal(self, kind: Kind, number: int, body: bytes) -> bytes:
        clear = header(kind, number)
        seal = self._keys.out_sound if kind == Kind.SOUND else self._keys.out
        return clear + seal.seal(kind, number, clear, body)

    def _push(self, payload: bytes, now: float) -> None:
        self._bytes += self._around + len(payload)
        self.stills.spent(self._around + len(payload), now)
        self._out.append(payload)

    def pop(self, now: float, *, stills: bool) -> bytes | None:
        """The next datagram to send now; a piece of a still only when nothing else waits."""
        if self._out:
            return self._out.popleft()
        body = self.stills.next(now) if stills else None
        if body is None:
            return None
        self._control += 1
        payload = self._seal(Kind.CONTROL, self._control, body)
        self._bytes += self._around + len(payload)
        return payload

    def road(self, now: float) -> Road:
        """What pictures must know of the call."""
        clock_s = self._number * FRAME_S + now - self._captured_at
        room = self.ladder.rung.live and not self.half_duplex and not self.lost_contact
        need_bps = self.ladder.rung.full_bps(self._overhead)
        return Road(
            self.rate.bps, self.flight.rtt_s or 0.0,
            clock_s if self._number >= 0 else now - self.started,
            open=room and self.proven, ample=self.rate.bps >= AMPLE * need_bps,
        )  # fmt: skip

    # Reports.

    def report(self, now: float, *, final: bool = False) -> Report:
        """What this side has to say about what it gets."""
        size = HEARD_BYTES_AFTER_CUT if self._long_reports else HEARD_BYTES
        if final:
            size = max(1, min(HEARD_BYTES_MAX, -(-self.playout.heard.bit_length() // 8)))
        return replace(
            self.arrivals.report(now),
            rung=self.ladder.rung.order,
            talking=self.half_duplex and self.floor.mine(now),
            heard_to=self.playout.next or 0,
            heard=self.playout.heard,
            heard_bytes=size,
        )

    def _reported(self, now: float) -> None:
        self._long_reports = max(0, self._long_reports - 1)
        self._due.report = now + REPORT_S

    def say(self, word: Word, now: float, *, final: bool = False) -> None:
        """Send a control datagram with a report in it."""
        self._control += 1
        body = encode_control(word, self.report(now, final=final))
        self._push(self._seal(Kind.CONTROL, self._control, body), now)
        self._reported(now)

    # Sound and reports in.

    def receive(self, payload: bytes, now: float) -> Word | None:
        """Open one datagram of the call; the word in it if it is signalling."""
        kind, short = split_header(payload)
        clear, sealed = payload[:HEADER_BYTES], payload[HEADER_BYTES:]
        if kind == Kind.CONTROL:
            number = self._open_number(self._controls, short)
            body = self._open(self._keys.into, self._controls, kind, number, clear, sealed)
            if body and body[0] in set(StillWord):
                self._take_still(body, now)
                return None
            word, report = decode_control(body)
        else:
            number = self._open_number(self._sounds, short)
            seal = self._keys.into_sound if kind == Kind.SOUND else self._keys.into
            body = self._open(seal, self._sounds, kind, number, clear, sealed)
            sound = decode_sound(kind, number, body)
            self._hear(sound, now)
            word, maybe = None, sound.report
            if maybe is None:
                self._alive(now)
                return None
            report = maybe
        self._alive(now)
        self._learn(report, now)
        return word

    @staticmethod
    def _open_number(numbers: Numbers, short: int) -> int:
        number = numbers.full(short)
        if not numbers.fresh(number):
            raise refused()
        return number

    @staticmethod
    def _open(
        seal: Seal, numbers: Numbers, kind: int, number: int, clear: bytes, sealed: bytes
    ) -> bytes:
        body = seal.open(kind, number, clear, sealed)
        numbers.note(number)
        return body

    def _hear(self, sound: Sound, now: float) -> None:
        self.arrivals.note(sound, now)
        self.playout.add(sound, now)
        if self.half_duplex:
            self.floor.peer_speaks(now)
            self._note_holder(now)

    def _take_still(self, body: bytes, now: float) -> None:
        clock_s = self.stills.take(body, now)
        if clock_s is not None:
            self.arrivals.note_other(now - clock_near(clock_s, now - self.started), now)
        self._alive(now)

    def _alive(self, now: float) -> None:
        self.proven = True
        if self.lost_contact:
            self.lost_contact = False
            self._long_reports = AFTER_CUT_REPORTS
            self.events.append(ContactBack(now - self.heard_at))
        self.heard_at = now

    def _learn(self, report: Report, now: float) -> None:
        self.flight.settle(report, now)
        self.ledger.confirm(report, max(0, self._number))
        self.rate.report(report.queue_s, report.jitter_s, self.flight.delivered_bps(now), now)
        self.stills.spare.report(report.queue_s, report.jitter_s, now)
        if report.talking:
            self.floor.peer_speaks(now)
        rung = RUNGS[min(report.rung, len(RUNGS) - 1)]
        if rung != self.peer_rung:
            self.peer_rung = rung
            self.events.append(PeerStepped(rung.order))
        if self.half_duplex:
            self._note_holder(now)

    # Steering.

    def poll(self, now: float) -> None:
        """Do what is due: reports, and the ladder."""
        silent_s = now - self.heard_at
        if silent_s > outage_s(self.flight.loss(now)) and not self.lost_contact:
            self.lost_contact = True
            self.events.append(ContactLost())
        if now >= self._due.report + self._grace(now):
            self.say(Word.REPORT, now)
            if self.lost_contact or self.arrivals.flowing(now):
                self._due.report = now + REPORT_ALONE_S
        if now >= self._due.tick:
            self._due.tick = now + TICK_S
            self._climb(silent_s, now)

    def _grace(self, now: float) -> float:
        speaking = self._number >= 0 and now - self._captured_at < CAPTURE_GAP_S
        return REPORT_GRACE_S if speaking and self.ladder.rung.live else 0.0

    def _climb(self, silent_s: float, now: float) -> None:
        conditions = Conditions(
            rate_bps=self.rate.bps,
            loss=self.flight.loss(now),
            residual=self.ledger.residual() if self.ladder.rung.copies else 0.0,
            delay_s=(self.flight.rtt_s or 0.0) / 2,
            silent_s=silent_s,
        )
        step = self.ladder.observe(conditions, now)
        if step is not None:
            self._rungs.append((now - self.started, step.after.order))
            self.events.append(Stepped(step))
            self.ledger.forget_recent()
            self.stills.stepped(now)
            self._apply_rung(now)
            self._due.report = min(self._due.report, now)
        elif now >= self._due.steps:
            self._apply_rung(now)

    def _apply_rung(self, now: float) -> None:
        rung = self.ladder.rung
        if rung.bitrate_bps != self._encoder.bitrate:
            self._encoder.set_bitrate(rung.bitrate_bps)
            self._encoder.set_bandwidth(rung.bandwidth)
        if not rung.live:
            self._sender.clear()
        self._sender.use(rung, copy_steps(rung, self.flight.bursty))
        self._due.steps = now + STEPS_EVERY_S

    def next_timer(self) -> float:
        """When `poll` or `pop` has something to do."""
        due = min(self._due.report + REPORT_GRACE_S, self._due.tick)
        still = self.stills.next_at
        return due if still is None else min(due, still)

    # Sound in, played.

    def play(self, now: float, samples: int = FRAME_SAMPLES) -> bytes:
        """PCM to be heard from `now` on."""
        return self.playout.play(now, samples)

    def summary(self, now: float, reason: str) -> Summary:
        """The call in figures."""
        spoken, heard = self.ledger.counts()
        settled = max(1, self.flight.sent)
        return Summary(
            seconds=now - self.started,
            spoken_s=spoken * FRAME_S,
            heard_s=heard * FRAME_S,
            received_s=self.playout.played * FRAME_S,
            concealed_s=self.playout.concealed * FRAME_S,
            late_frames=self.playout.late,
            loss=self.flight.lost / settled,
            rtt_s=self.flight.rtt_s,
            rungs=tuple(self._rungs),
            bytes_sent=self._bytes,
            reason=reason,
        )
