"""First contact, on a link that nobody has measured: small things get through, nothing floods."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest

from xtcli.transport.emulator.core import Duplex, Emulator
from xtcli.transport.emulator.profiles import PROFILES, Profile
from xtcli.transport.link.frames import OVERHEAD_BYTES
from xtcli.transport.link.rate import RateControl
from xtcli.transport.link.scheduler import COPIES_MAX
from xtcli.transport.link.simulate import Simulation
from xtcli.transport.link.starting import Start
from xtcli.transport.link.tuning import BLIND_DATAGRAMS, DATAGRAM_BYTES, SLOT_S

NAMES = ("gprs", "edge", "lossy3g", "satphone", "geo", "awful", "outage")
TEXT_BYTES = 360


def cold(profile: Profile, seed: int) -> Simulation:
    """Two stations that never spoke."""
    return Simulation(Duplex(profile, seed), seed)


@pytest.mark.parametrize("name", NAMES)
def test_no_storm_at_the_start(name: str) -> None:
    """Several bundles wait, whatever the seed: in the first round trip no more leaves than the
    start allows, and never more than a slow link carries in a few seconds."""
    profile = PROFILES[name]
    for seed in range(60):
        random = Random(seed)
        simulation = cold(profile, seed)
        for _ in range(random.randrange(1, 7)):
            size = random.choice((1, 40, 450, 1185, 1186, 9000, 40_000))
            simulation.post.put(random.randbytes(size), random.randrange(6), 0.0)
        simulation.run(2 * (profile.delay_s - profile.jitter_s))
        counters = simulation.road.up.counters
        assert counters.bytes_offered <= (BLIND_DATAGRAMS + 1) * DATAGRAM_BYTES
        simulation.run(10.0)
        dead = simulation.road.down.counters.packets_delivered == 0
        assert not dead or counters.bytes_offered <= 12 * DATAGRAM_BYTES


def test_a_text_into_the_void_costs_little() -> None:
    """Nothing ever comes back: six copies soon, then a few in a minute, and few in an hour."""
    simulation = cold(PROFILES["gprs"], 1)
    simulation.hub.crash()
    simulation.post.put(bytes(range(256)) + bytes(104), 1, 0.0)
    sent = simulation.road.up.counters
    simulation.run(2.5)
    size = TEXT_BYTES + OVERHEAD_BYTES + 28
    assert sent.packets_offered == COPIES_MAX
    simulation.run(60.0)
    assert sent.bytes_offered <= 24 * size
    simulation.run(3600.0)
    assert sent.bytes_offered <= 70 * size


def test_a_text_whose_copies_were_all_lost_is_soon_sent_again() -> None:
    """Copies are no time-outs: the pauses after them begin where they would have begun."""
    simulation = cold(PROFILES["gprs"], 1)
    simulation.hub.crash()
    tag = simulation.post.put(Random(1).randbytes(TEXT_BYTES), 1, 0.0)
    simulation.run(3.5)
    assert simulation.road.up.counters.packets_offered == COPIES_MAX
    simulation.hub.start(3.5)
    assert simulation.run(7.0, lambda: tag in simulation.hub.arrived)


@pytest.mark.parametrize("name", ["lan", "edge", "geo"])
def test_where_the_answer_is_quick_a_text_goes_once(name: str) -> None:
    for seed in range(20):
        simulation = cold(PROFILES[name], seed)
        tag = simulation.post.put(Random(seed).randbytes(TEXT_BYTES), 1, 0.0)
        simulation.run(30.0, lambda tag=tag, post=simulation.post: tag in post.taken)  # type: ignore[misc]
        counters = simulation.road.up.counters
        if not counters.packets_lost and not simulation.road.down.counters.packets_lost:
            assert counters.packets_offered == 1


def test_a_text_gets_through_the_worst_link_soon() -> None:
    """A fifth lost in bursts, nothing known: nineteen of twenty are there within 2.64 s."""
    late = 0
    for seed in range(100):
        simulation = cold(PROFILES["awful"], seed)
        tag = simulation.post.put(Random(seed).randbytes(TEXT_BYTES), 1, 0.0)
        late += not simulation.run(2.64, lambda tag=tag, hub=simulation.hub: tag in hub.arrived)  # type: ignore[misc]
    assert late <= 5


@pytest.mark.parametrize("name", ["satphone", "awful", "gprs"])
def test_a_first_photo_leaves_room_for_an_alert(name: str) -> None:
    """The queue of the first seconds: its 95th percentile, the median of several seeds."""
    highs = []
    for seed in range(41):
        simulation = cold(PROFILES[name], seed)
        simulation.post.put(Random(seed).randbytes(60_000), 5, 0.0)
        simulation.run(60.0)
        delays = sorted(simulation.road.up.queue_delays)
        highs.append(delays[int(0.95 * len(delays))])
    assert sorted(highs)[20] <= 0.85


def test_a_start_is_blind_until_a_datagram_is_known_to_be_quick() -> None:
    """A short answer to a small datagram proves nothing about a large one."""
    start = Start()
    start.round_trip(SLOT_S / 2, 48)
    assert start.pacing_bps(0) < 20_000
    assert not start.gauged
    again = Start(again=True)
    assert again.gauged
    assert again.pacing_bps(0) > 1e6


def note_after_small_talk(profile: Profile, seed: int) -> float:
    """Questions a second apart, as a watching post asks; then a text and a voice note at once:
    seconds until the note is at the hub."""
    simulation, random = cold(profile, seed), Random(seed)
    for _ in range(4):
        assert simulation.post.node is not None
        simulation.post.node.link.poll(simulation.at)
        simulation.run(simulation.at + 1.0)
    begun = simulation.at
    simulation.post.put(random.randbytes(400), 1, begun)
    simulation.post.put(random.randbytes(120), 2, begun)
    tag = simulation.post.put(random.randbytes(10_500), 3, begun)
    simulation.run(begun + 60, lambda: tag in simulation.hub.arrived)
    return simulation.hub.arrived[tag][0] - begun


def test_small_talk_before_a_first_note_is_nobodys_rate() -> None:
    """How far apart questions were asked says nothing of the link: in the median the note is there
    within half as much again as the link needs."""
    profile = PROFILES["gprs"]
    times = sorted(note_after_small_talk(profile, seed) for seed in range(10))
    assert profile.rate_up_bps is not None
    limit = profile.delay_s + 8 * 11_100 / (profile.rate_up_bps * (1 - profile.loss))
    assert times[5] < 1.5 * limit


def answer_after_small_talk(profile: Profile, seed: int) -> float:
    """A hub that has sent receipts and openings only; then an answer and its voice note: seconds
    until the note is at the post."""
    simulation, random = cold(profile, seed), Random(seed)
    tag = simulation.post.put(random.randbytes(400), 1, 0.0)
    simulation.run(30.0, lambda: tag in simulation.hub.arrived)
    for size in (138, 469, 134):
        simulation.hub.put(random.randbytes(size), 1, simulation.at)
        simulation.run(simulation.at + 2.0)
    begun = simulation.at
    simulation.hub.put(random.randbytes(434), 1, begun)
    tag = simulation.hub.put(random.randbytes(4_200), 3, begun)
    simulation.run(begun + 60, lambda: tag in simulation.post.arrived)
    return simulation.post.arrived[tag][0] - begun


def test_a_first_answer_does_not_wait_for_report_after_report() -> None:
    """A note of four datagrams leaves within two round trips, though nothing larger than a receipt
    has ever crossed the link: in the median it is there within 1.6 times what the link needs."""
    profile = PROFILES["gprs"]
    times = sorted(answer_after_small_talk(profile, seed) for seed in range(20))
    assert profile.rate_down_bps is not None
    limit = profile.delay_s + 8 * 4_900 / (profile.rate_down_bps * (1 - profile.loss))
    assert times[10] < 1.6 * limit


def test_datagrams_that_may_leave_together_count_as_such() -> None:
    """After a long silence a text and the first of a note leave at once: the pair that shows the
    bottleneck must not be taken for two late ones."""
    rate = RateControl(0.0)
    rate.sent(1, 450, 60.0, asked=True, paced=True)
    rate.sent(2, 1240, 60.0, asked=True, paced=True)
    assert rate._gap_counter == 1


class Swallow(Emulator):
    """A way that takes some packets away, besides what the profile loses."""

    def __init__(self, inner: Emulator) -> None:
        """Go on as `inner` would; nothing is taken yet."""
        self.__dict__ = inner.__dict__
        self.take_away = 0

    def push(self, packet: bytes, now: float) -> None:
        """A packet enters, if it is not taken away."""
        if self.take_away:
            self.take_away -= 1
            return
        super().push(packet, now)


@pytest.mark.parametrize("lost", [1, 2, 3, 4])
def test_a_text_lost_beside_a_first_note_is_soon_sent_again(lost: int) -> None:
    """The link is hardly known, so the time-out of what left with the text is long: the text does
    not wait for it, also where nothing at all came through."""
    profile = replace(PROFILES["gprs"], loss=0.0)
    simulation = cold(profile, 1)
    way = Swallow(simulation.road.up)
    simulation.road.up = way
    talk = simulation.post.put(bytes(300), 1, 0.0)
    assert simulation.run(10.0, lambda: talk in simulation.post.taken)
    begun = simulation.at + 1.0
    simulation.run(begun)
    way.take_away = lost
    tag = simulation.post.put(Random(1).randbytes(TEXT_BYTES), 1, begun)
    simulation.post.put(Random(2).randbytes(10_500), 3, begun)
    assert simulation.run(begun + 30.0, lambda: tag in simulation.hub.arrived)
    round_trip = 2 * profile.delay_s
    assert simulation.hub.arrived[tag][0] - begun < 3.5 * round_trip


def test_silence_in_the_start_is_not_taken_for_a_dead_link() -> None:
    """Some reports came, then none for a while, before the rate was sure: questions follow at the
    pace of a link that was heard, not ever further apart."""
    simulation = cold(replace(PROFILES["gprs"], loss=0.0), 1)
    way = Swallow(simulation.road.up)
    simulation.road.up = way
    tag = simulation.post.put(Random(1).randbytes(60_000), 5, 0.0)
    simulation.run(2.5)
    way.take_away = 12
    assert simulation.post.link.measured().rtt_s is not None
    assert simulation.run(60.0, lambda: tag in simulation.hub.arrived)
    assert not way.take_away


def test_answers_lost_at_first_contact_do_not_cost_a_minute() -> None:
    """Everything arrives, and the first ten answers are lost: the next is asked for soon."""
    simulation = cold(replace(PROFILES["lossy3g"], loss=0.0), 1)
    back = Swallow(simulation.road.down)
    simulation.road.down = back
    back.take_away = 10
    simulation.post.put(Random(1).randbytes(60_000), 5, 0.0)
    simulation.run(30.0, lambda: simulation.post.link.measured().rtt_s is not None)
    assert not back.take_away
    assert simulation.at < 25.0
