"""Rate control: how fast to send, and how much may be under way. docs/RATE-CONTROL.md says why.

From rare reports it estimates the bottleneck's rate (bytes sent between two reported datagrams
over the receiver's time between them), the round trip, the loss, and the standing queue (one-way
delay above its minimum). A loss is never taken for congestion; a standing queue is.

It knows datagram counters, sizes and times; not what is in the datagrams.
"""

from __future__ import annotations

import math
from collections import deque

from xtcli.transport.link import starting, tuning
from xtcli.transport.link.backlog import Backlog
from xtcli.transport.link.filters import Loss, Point, Sent, WindowMin, unwrap
from xtcli.transport.link.frames import Report
from xtcli.transport.link.growth import Growth
from xtcli.transport.link.policing import Policing
from xtcli.transport.link.queueing import StandingQueue, target_s
from xtcli.transport.link.sharing import Sharing
from xtcli.transport.link.starting import Start


class RateControl:
    """One direction's sender: tell it what was sent and what was reported; ask when to send."""

    def __init__(self, now: float) -> None:
        """Know nothing yet."""
        self.rate_bps = tuning.RATE_BPS_COLD
        self.known = False
        """Whether the rate was ever measured."""
        self.startup = True
        self.loss = Loss()
        self.srtt: float | None = None
        self.rttvar = 0.0
        self.queue = StandingQueue()
        self._start = Start()
        self.ready_at = now - self._start.burst_s
        """When the next paced datagram may leave."""
        self.last_report: Point | None = None
        self.total = 0
        self._sent: dict[int, Sent] = {}
        self._gap_counter = -1
        self._held = False
        self._points: deque[Point] = deque()
        self._min_rtt = WindowMin(tuning.BASE_WINDOW_S)
        self._growth = Growth()
        self._asked: deque[tuple[int, float]] = deque()
        self._backlog = Backlog(now)
        self._asked_total = self._reported_total = 0
        self._gain = 1.0
        self._policing = Policing()
        self._sharing = Sharing(now)
        self._settling = 0
        self._confirmed = self._silenced = False
        self._paused_until = now

    # Sending

    def sent(self, counter: int, size: int, now: float, *, asked: bool, paced: bool) -> None:
        """A datagram of `size` wire bytes left; `asked` if it asks for a report."""
        if paced:
            # Those that the start lets leave together are not late.
            allowed = self._start.burst_s if self.startup else 0.0
            allowed += max(0.02, 0.25 * size * 8 / self.pacing_bps)
            if now - self.ready_at > allowed and not self._held:
                self._gap_counter = counter
            self._held = False
        elif self.startup and not self.in_flight:
            # A question after a silence: how far apart such things arrive is nobody's rate.
            self._gap_counter = counter
        self._backlog.sent(size, now, self.rate_bps, asked=asked)
        self.total += size
        self._sent[counter] = Sent(now, size, self.total)
        if len(self._sent) > tuning.SENT_MAX:
            del self._sent[next(iter(self._sent))]
        ahead_s = self._start.burst_s if self.startup else tuning.SMOOTH_S
        ready = max(self.ready_at, now - ahead_s) + size * 8 / self.pacing_bps
        if paced:
            self.ready_at = min(ready, now + tuning.PAUSE_S_MAX)
        else:
            self.ready_at = max(self.ready_at, min(ready, now + tuning.UNPACED_PAUSE_S_MAX))
        if asked:
            self._asked.append((counter, now))
            self._asked_total = self.total

    def yield_to(self, size: int, now: float) -> None:
        """Real-time traffic of `size` wire bytes left: paced datagrams wait for it."""
        self.ready_at = max(self.ready_at, now - tuning.SMOOTH_S) + size * 8 / self.pacing_bps

    @property
    def pacing_bps(self) -> float:
        """The rate at which datagrams leave now."""
        if self.startup:
            return self._start.pacing_bps(self.in_flight)
        return min(self.rate_bps * self._gain, self._policing.cap_bps)

    @property
    def min_rtt(self) -> float | None:
        """The smallest round trip of late."""
        return self._min_rtt.value

    def window_bytes(self) -> float:
        """Bytes that may be under way before a report must come."""
        if self.startup:
            return self._start.window
        if self.srtt is None or self.last_report is None:
            return max(
                3 * tuning.DATAGRAM_BYTES, self.rate_bps / 8 * ((self.srtt or 1.0) * 2 + 1.0)
            )
        floor = self.min_rtt or self.srtt
        # A long queue is no reason to send more into it.
        longest = floor + max(self.queue_target_s, tuning.WINDOW_QUEUE_S)
        span = min(max(self.srtt, floor + self.queue_target_s), longest) + 0.25 * floor
        # Lost reports must not stop the flow: they are lost in bursts as datagrams are.
        reports = (2 + 20 * self.loss.share) * self._report_bytes()
        return (
            self.rate_bps / 8 * (span + min(2 * self.rttvar, tuning.WINDOW_QUEUE_S))
            + reports
            + tuning.WINDOW_BYTES_MIN
        )

    @property
    def in_flight(self) -> int:
        """Bytes sent and not yet covered by a report."""
        return self.total - self._reported_total

    @property
    def _newest(self) -> int:
        """The counter of the last datagram sent."""
        return next(reversed(self._sent), -1)

    def blocked(self) -> bool:
        """Whether sending must wait for a report that was asked for."""
        if not self._asked or self.in_flight <= self.window_bytes():
            return False
        self._held = True
        return True

    def _report_bytes(self) -> float:
        """Bytes between two reports asked for."""
        per_rtt = self.rate_bps / 8 * (self.min_rtt or 0.0)
        if self.startup or self._settling:
            return 0.0 if per_rtt < 20_000 else per_rtt / (8 if self.startup else 4)
        lossy = max(0.3, 1 - 3 * self.loss.share)
        often = min(4_000.0, max(tuning.DATAGRAM_BYTES, 2 * per_rtt))
        return max(often * lossy, per_rtt / 2)

    def wants_report(self, size: int) -> bool:
        """Whether the datagram of `size` bytes about to leave should ask for a report."""
        return self.total + size - self._asked_total >= self._report_bytes()

    def rto(self) -> float:
        """How long to wait for the report that was asked for last, seconds: the least round trip,
        what was under way before it, and some jitter."""
        floor = self.min_rtt or self.srtt
        if floor is None:
            return (
                tuning.RTO_S_COLD
                + min(self.in_flight, tuning.DATAGRAM_BYTES) * 8 / tuning.RATE_BPS_SLOW
            )
        if self.known:
            backlog = self._backlog.asked * 8 / self.rate_bps
        else:
            # Measured anew, a link is as slow as of late: what it once was means nothing.
            floor = max(floor, self.srtt or 0.0)
            backlog = max(0.0, self.in_flight / tuning.DATAGRAM_BYTES - 1) * 0.7 * floor
        jitter = min(2 * self.rttvar, 0.5 * floor)
        return min(tuning.RTO_S_MAX, max(tuning.RTO_S_MIN, 1.2 * floor + backlog + jitter))

    def answer_s(self, now: float | None = None) -> float | None:
        """How long the answer to what was asked last takes at the least, or to what leaves `now`;
        None if nothing was ever answered."""
        floor = self.min_rtt or self.srtt
        if floor is None:
            return None
        if not self.known:
            # As in `rto`: a datagram before it takes no more than 0.7 of a round trip.
            gone = math.inf if now is None else self._backlog.idle_s(now) / (0.7 * floor)
            return floor * (1 + 0.7 * max(0.0, self.in_flight / tuning.DATAGRAM_BYTES - gone))
        before = self._backlog.asked - tuning.DATAGRAM_BYTES
        if now is not None:
            before = self._backlog.left(now, self.rate_bps)
        return floor + max(0.0, before) * 8 / self.rate_bps

    @property
    def last_asked(self) -> float | None:
        """When a report was asked for last; None if none is outstanding."""
        return self._asked[-1][1] if self._asked else None

    def give_up_reports(self) -> None:
        """The reports asked for will not come: what was under way is not any more."""
        self._asked.clear()
        self._silenced = self._silenced or self.in_flight > tuning.SILENCED_BYTES
        self._reported_total = self.total
        self._start.give_up()
        if self._silenced and not self._confirmed:
            self._start_again()
            if self.last_report is None:
                self.srtt = None  # what an earlier process remembered may be another link's

    def _start_again(self) -> None:
        """The link is not what it was: measure it as if it were new."""
        self.startup, self.known, self._silenced = True, False, False
        self.rate_bps, self._gain = tuning.RATE_BPS_COLD, 1.0
        self._start = Start(again=True)
        self._points.clear()

    # Reports

    def report(self, report: Report, now: float) -> bool:
        """A report came. True if it is news about datagrams of ours."""
        highest = report.highest
        sent = self._sent.get(highest)
        last = self.last_report
        if sent is None or (last is not None and highest <= last.counter):
            return False
        at = unwrap(report.at, last.at if last else None)
        point = Point(highest, sent.total, report.arrived, at, sent.at)
        self._round_trip(now - sent.at - report.held, sent.size, now)
        self._waiting(report, at, now)
        if last is not None:
            self._losses(last, point)
        covered = max(0, sent.total - self._reported_total)
        self._prune(highest, sent.total)
        if self._silenced and self.queue.newest > tuning.SILENCED_QUEUE_S:
            self._start_again()
        self._silenced = False
        self._points.append(point)
        if self.startup:
            self._start_up(point, covered, now)
        else:
            self._estimate(point)
        self._police(point, now)
        self.last_report = point
        self._control(now)
        if now < self.ready_at == self._paused_until:
            # What the start left in the queue drains faster than was thought.
            self.ready_at = self._paused_until = min(self.ready_at, now + self._pause_s())
        return True

    def _prune(self, highest: int, total: int) -> None:
        while self._asked and self._asked[0][0] <= highest:
            self._asked.popleft()
        for counter in list(self._sent):
            if counter >= highest:
                break
            del self._sent[counter]
        self._reported_total = max(self._reported_total, total)

    def _round_trip(self, rtt: float, size: int, now: float) -> None:
        rtt = max(rtt, tuning.RTT_S_MIN)
        self._start.round_trip(rtt, size)
        if self.srtt is None:
            self.srtt, self.rttvar = rtt, rtt / 2
        else:
            self.rttvar += 0.25 * (abs(rtt - self.srtt) - self.rttvar)
            self.srtt += 0.125 * (rtt - self.srtt)
        self._min_rtt.add(rtt, now)
        self.queue.round_trip(rtt, size, now)

    def _waiting(self, report: Report, at: float, now: float) -> None:
        """How long the datagrams waited that a report tells of."""
        delays = [
            (sent.size, at - ago - sent.at)
            for back, ago in ((0, 0.0), *report.earlier)
            if (sent := self._sent.get(report.highest - back)) is not None
        ]
        if not self.queue.reported(delays, now):
            self._points.clear()

    def _losses(self, last: Point, point: Point) -> None:
        sent = sum(1 for counter in self._sent if last.counter < counter <= point.counter)
        arrived = (point.arrived - last.arrived) & 0xFFFF
        if arrived <= sent + 8:
            self.loss.add(sent, arrived)

    @property
    def queue_target_s(self) -> float:
        """The standing queue aimed at, seconds: enough to keep the bottleneck busy."""
        return target_s(self.rate_bps, self.rttvar)

    def _estimate(self, point: Point) -> None:
        """Update the rate from the newest report and one long enough before it."""
        span = starting.window_s(self.min_rtt or 0.1, self.rttvar, self.rate_bps)
        start = starting.window_start(self._points, span)
        if start is None or point.at <= start.at:
            return
        measured, offered = starting.apart(start, point)
        share = starting.arrived_share(start, point)
        if self.queue.least > tuning.SILENCED_QUEUE_S:
            # So long a queue overflows: what was dropped did not cross the bottleneck.
            measured *= share
            if share < tuning.OVERFLOWED:
                self._sharing.forget()
        busy = self._gap_counter <= start.counter
        self._confirmed = self._confirmed or busy
        slower = measured < 0.95 * offered
        if busy and self.queue.least > self.queue_target_s * (0.5 if slower else 1.0):
            weight = 0.7 if self._settling else 0.3
            self.rate_bps += weight * (min(measured, 2 * self.rate_bps) - self.rate_bps)
        elif share > tuning.OVERFLOWED:
            self.rate_bps = max(self.rate_bps, min(measured, offered))
        self._settling = max(0, self._settling - 1)
        if self._growth.round_trip(point.counter, self._newest):
            still = self.queue.still(self.queue_target_s, self.rttvar) and share > tuning.OVERFLOWED
            self.rate_bps *= self._growth.factor(self._feedback_s(), busy=busy, still=still)
        self._clamp()

    def _police(self, point: Point, now: float) -> None:
        """Heed a policer where there is one."""
        known = self._policing.loss
        # A long round trip may be a queue that was there before us.
        queued = (
            self.queue.newest > 0.5 * self.queue_target_s
            or (self.srtt or 0.0) > tuning.POLICED_RTT_S
        )
        rate_bps = self._policing.reported(
            point, self._newest, self.rate_bps, now, idle=self._gap_counter, queued=queued
        )
        if rate_bps is not None:
            self.startup, self.known, self.rate_bps = False, True, rate_bps
            self._clamp()
        if self._policing.loss is not None and known is None:
            self.loss = Loss(self._policing.loss, 40.0)

    def _start_up(self, point: Point, covered: int, now: float) -> None:
        """Go on with the start, until the bottleneck shows itself."""
        points = self._points
        while points[0].counter < self._gap_counter and len(points) > 1:
            points.popleft()
        blind = not self._start.gauged
        queued = self.queue.newest > self.queue_target_s
        shown = self._start.reported(points, covered, self.srtt or 0.0, queued=queued)
        if blind and self._start.gauged:
            self.ready_at = min(self.ready_at, now)
            self._gap_counter = self._newest + 1
        # The pause was meant for the pace that was right before this report.
        self.ready_at = min(self.ready_at, now + tuning.DATAGRAM_BYTES * 8 / self.pacing_bps)
        if self._start.rate_bps is not None:
            self.rate_bps, self.known = self._start.rate_bps, True
            self._clamp()
        if shown:
            self._leave_start_up(now)

    def _leave_start_up(self, now: float) -> None:
        """The bottleneck is known: let what is under way too much drain, then go on steadily."""
        self.startup, self._confirmed = False, True
        self._settling = tuning.SETTLING_REPORTS
        self.rate_bps = min(self.rate_bps, starting.bottleneck_bps(self._points))
        self._clamp()
        self.ready_at = self._paused_until = now + self._pause_s()

    def _pause_s(self) -> float:
        pause = self.in_flight * 8 / self.rate_bps - (self.min_rtt or 0.0) - self.queue_target_s
        return min(tuning.START_PAUSE_S_MAX, max(0.0, pause))

    def _clamp(self) -> None:
        self.rate_bps = max(
            tuning.RATE_BPS_MIN, min(tuning.RATE_BPS_MAX, self._policing.cap_bps, self.rate_bps)
        )

    def _control(self, now: float) -> None:
        """Steer the queue to its target: dq/dt = k (target - q) converges without overshoot as
        long as k times the feedback delay stays small."""
        queue_s, target_s = self.queue.least, self.queue_target_s
        gain = 1 + 0.5 / self._feedback_s() * (target_s - queue_s)
        if self.startup:
            self._sharing.starting(now)
            self._sharing.alone(self.rate_bps, now)
        elif self._sharing.crowded(queue_s, target_s, self.min_rtt or 1.0, now):
            self.rate_bps = self._sharing.kept_bps(self.rate_bps)
            gain = 1.0
        else:
            self._sharing.alone(self.rate_bps, now)
            self.ready_at = max(self.ready_at, now + self._sharing.drain_s(queue_s, now))
        self._gain = min(1.25, max(0.5, gain))

    def _feedback_s(self) -> float:
        """Time from a change of rate to the report that shows its effect."""
        return (self.srtt or 1.0) + self._report_bytes() * 8 / self.rate_bps

    # Memory

    @property
    def proven(self) -> bool:
        """Whether a queue has shown the bottleneck: small talk alone proves no slow link."""
        return self.known and not self.startup

    def learn(self, rate_bps: float, rtt_s: float, rttvar_s: float, loss: float) -> None:
        """Start from what an earlier session measured."""
        if math.isfinite(rate_bps) and tuning.RATE_BPS_MIN <= rate_bps <= tuning.RATE_BPS_MAX:
            self.rate_bps, self.known, self.startup = rate_bps, True, False
        if 0 < rtt_s < 300 and 0 <= rttvar_s < 300:
            self.srtt, self.rttvar = rtt_s, rttvar_s
        if 0 <= loss < 1:
            self.loss = Loss(loss, 40.0)
