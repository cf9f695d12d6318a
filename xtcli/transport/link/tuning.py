"""Tuning: the numbers of rate control, each with its unit and reason (docs/RATE-CONTROL.md)."""

from __future__ import annotations

RATE_BPS_MIN = 50.0
RATE_BPS_MAX = 200e6
RATE_BPS_COLD = 32_000.0
"""Assumed before anything was measured."""
BLIND_DATAGRAMS = 4
"""Datagrams under way at which sending stops, before anything was heard."""
AGAIN_DATAGRAMS = 2
"""The same after the first report, and where a link is measured anew."""
BLIND_BPS = 16_000.0
"""Before anything was heard the third datagram leaves so late after the first two ..."""
BLIND_LATER_BPS = 6_400.0
"""... and those after it so far apart: even at 9.6 kbit/s they do not pile up."""
PAIR_S = 0.62
"""A full datagram's time at `BLIND_BPS`: so far ahead of it two may leave together."""
SMOOTH_S = 0.004
"""So far ahead of its rate a sender may be: timers are not exact."""
SLOT_S = 0.8
"""Where a full datagram may take as long, no more are sent at once on trust."""
WAITED_S = 0.45
"""A datagram that waited longer behind another shows the bottleneck: jitter is less."""
SLOWER = 0.85
"""Arriving at less than this share of the rate they were sent at, datagrams were held up."""
START_PAUSE_S_MAX = 6.0
"""Longest pause in which the queue of the start drains."""
DRAIN_EVERY_S = 15.0
"""Pause between two drains of a queue that never ran empty."""
DRAIN_MORE_S = 0.1
"""A drain lasts so much longer than the queue seen."""
DATAGRAM_BYTES = 1240.0
"""A full datagram on the wire, roughly."""
SILENCED_BYTES = 5_000.0
SILENCED_QUEUE_S = 1.0
"""Reports failed to come with so much under way, and the next one shows such a queue: the link has
become much slower."""
COMPETING_QUEUE_S = 0.5
"""A queue so far above the target that does not shrink is not ours."""
COMPETING_SHARE = 0.45
"""Share of the best rate of late that is kept beside a flow that fills the queue."""
COMPETING_MEMORY_S = 120.0
OVERFLOWED = 0.45
"""A long queue, and less than this share of what was sent arrives: it is ours that overflows. No
link loses so much, nor does a flow beside us make us lose it."""
POLICED_RTT_S = 1.5
"""Where round trips take longer no policer is looked for."""
GROWTH_QUEUE_S = 0.12
TREMBLE_S = 0.03
"""Delays that tremble by so much show no queue."""
GROWTH_MAX = 1.6
"""Growth in a round trip when many passed without any queue."""
SETTLING_REPORTS = 6
"""Reports after the start in which the first, rough rate is corrected fast."""
RATE_BPS_SLOW = 9_600.0
"""The slowest usual link: the first time-out waits for a datagram to cross it."""
RTO_S_COLD = 2.0
RTO_S_MIN = 0.1
RTO_S_MAX = 60.0
RTT_S_MIN = 1e-4
WINDOW_BYTES_MIN = 2_500.0
WINDOW_QUEUE_S = 0.5
"""No more of a queue, and of jitter, is allowed for in the window."""
PAUSE_S_MAX = 10.0
"""However slow the link seems, paced datagrams wait no longer: only they can mend the estimate."""
UNPACED_PAUSE_S_MAX = 2.0
"""Polls and other small talk must not keep bundles waiting without end."""
QUEUE_BITS = 6_400.0
"""Each sender aims at keeping this much in the bottleneck's queue: equal shares follow."""
QUEUE_S_MIN = 0.04
QUEUE_S_MAX = 0.35
VARY_BPS = 100_000.0
"""Above this rate round trips vary mostly because the rate does, as on mobile networks: ..."""
VARY_S_MAX = 0.25
"""... then as much as they vary, up to this, is kept in the queue for when the rate rises."""
BASE_WINDOW_S = 120.0
"""Minimum delays are forgotten after this, in case the road has changed."""
CLOCK_STEP_S = 0.5
"""One-way delay that grows so much more than the round trip: a clock was set."""
SENT_MAX = 16_384
CLOCK_WRAP_S = 4096.0
LOSS_MEMORY = 400
"""Datagrams after which a loss has been half forgotten, roughly."""
