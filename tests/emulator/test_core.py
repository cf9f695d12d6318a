"""The emulator is what its profile says: measured in virtual time, from seeds."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import UsageError
from xtcli.transport.emulator.core import Duplex, Emulator
from xtcli.transport.emulator.profiles import PROFILES, Outages, Profile, profile

PACKET = bytes(972)
"""1000 bytes of IP packet with the 28 bytes of headers."""
LIMITED = [p for p in PROFILES.values() if p.rate_up_bps is not None and p.outages is None]


def numbered(number: int, size: int) -> bytes:
    """A payload of `size` bytes that says which one it is."""
    return number.to_bytes(4, "big") + bytes(size - 4)


def drain(link: Emulator) -> list[tuple[float, bytes]]:
    """Everything still under way, with its time of arrival."""
    arrived: list[tuple[float, bytes]] = []
    while (due := link.next_timer()) is not None:
        arrived += [(due, packet) for packet in link.pop(due)]
    return arrived


def saturate(link: Emulator, rate_bps: float, packets: int) -> list[tuple[float, bytes]]:
    """Offer 1000-byte packets exactly at the rate, so that none overflows."""
    arrived: list[tuple[float, bytes]] = []
    for number in range(packets):
        now = number * 8000 / rate_bps
        arrived += [(now, packet) for packet in link.pop(now)]
        link.push(numbered(number, 972), now)
    return arrived + drain(link)


def runs_of_loss(arrived: list[tuple[float, bytes]], packets: int) -> list[int]:
    """Lengths of the runs of consecutive packets that did not arrive."""
    here = {int.from_bytes(packet[:4], "big") for _, packet in arrived}
    runs, run = [], 0
    for number in range(packets):
        if number not in here:
            run += 1
        elif run:
            runs.append(run)
            run = 0
    return runs


@pytest.mark.parametrize("link", LIMITED, ids=lambda p: p.name)
@pytest.mark.parametrize("way", ["up", "down"])
def test_rate_is_the_profiles(link: Profile, way: str) -> None:
    """A full queue drains at the bottleneck's rate, headers counted."""
    road = Duplex(link, seed=3)
    direction = road.up if way == "up" else road.down
    rate = link.rate_up_bps if way == "up" else link.rate_down_bps
    assert rate is not None
    while not direction.counters.packets_overflowed:
        direction.push(PACKET, 0.0)
    accepted = direction.counters.packets_offered - 1
    assert accepted * 8000 / rate == pytest.approx(link.queue_s, abs=8000 / rate)
    last, _ = drain(direction)[-1]
    assert direction.queue_delays[-1] == pytest.approx((accepted - 1) * 8000 / rate)
    assert last <= accepted * 8000 / rate + link.delay_s + link.jitter_s + 1e-9


@pytest.mark.parametrize("link", LIMITED, ids=lambda p: p.name)
def test_delay_and_jitter_are_the_profiles(link: Profile) -> None:
    """Lone packets take their own sending time plus delay ± jitter, evenly spread."""
    road = Duplex(link, seed=5).up
    assert link.rate_up_bps is not None
    sending = 8000 / link.rate_up_bps
    delays = []
    for number in range(4000):
        road.push(PACKET, number * 100.0)
        delays += [at - number * 100.0 - sending for at, _ in drain(road)]
    low, high = link.delay_s - link.jitter_s, link.delay_s + link.jitter_s
    assert low - 1e-6 <= min(delays) <= low + 0.02 * link.jitter_s + 1e-6
    assert high - 0.02 * link.jitter_s - 1e-6 <= max(delays) <= high + 1e-6
    assert statistics.mean(delays) == pytest.approx(link.delay_s, abs=0.03 * link.jitter_s)


@pytest.mark.parametrize("link", LIMITED, ids=lambda p: p.name)
def test_loss_and_bursts_are_the_profiles(link: Profile) -> None:
    """Mean loss and mean burst length over 60,000 packets."""
    road = Duplex(link, seed=11).up
    assert link.rate_up_bps is not None
    arrived = saturate(road, link.rate_up_bps, 60_000)
    counters = road.counters
    assert counters.packets_overflowed == 0
    assert counters.packets_lost / 60_000 == pytest.approx(link.loss, rel=0.12)
    assert statistics.mean(runs_of_loss(arrived, 60_000)) == pytest.approx(
        link.burst_mean, rel=0.08
    )
    assert len(arrived) == 60_000 - counters.packets_lost


def test_lost_packets_spend_the_rate() -> None:
    """Loss comes after the bottleneck: it frees no time for the packets behind."""
    clean = Emulator(16e3, 0.4, queue_s=1e6)
    lossy = Emulator(16e3, 0.4, loss=0.2, burst_mean=3, queue_s=1e6, seed=1)
    for link in (clean, lossy):
        for number in range(500):
            link.push(numbered(number, 972), 0.0)
    times = {packet: at for at, packet in drain(clean)}
    assert all(times[packet] == at for at, packet in drain(lossy))
    assert lossy.counters.bytes_sent == 500_000


def test_same_seed_same_story_other_seed_another() -> None:
    """One integer decides everything."""

    def story(seed: int) -> list[tuple[float, bytes]]:
        road = Duplex(profile("awful"), seed, duplicate=0.1, corrupt=0.1)
        return saturate(road.up, 16e3, 300) + saturate(road.down, 16e3, 300)

    assert story(7) == story(7)
    assert story(7) != story(8)


def test_loss_does_not_depend_on_the_other_kinds_of_chance() -> None:
    """The n-th packet's fate is the same with and without jitter."""

    def fates(jitter_s: float) -> set[bytes]:
        link = Emulator(16e3, 0.4, jitter_s, 0.2, 3.0, 6.0, seed=9)
        return {packet for _, packet in saturate(link, 16e3, 500)}

    assert fates(0.0) == fates(0.2)


def test_jitter_may_reorder() -> None:
    """Small packets overtake each other; nothing is lost by that."""
    link = Emulator(None, 0.2, 0.1, seed=2)
    for number in range(100):
        link.push(numbered(number, 8), number * 0.01)
    order = [int.from_bytes(packet[:4], "big") for _, packet in drain(link)]
    assert order != sorted(order) == list(range(100))


def test_queue_is_bounded_and_an_idle_link_takes_any_packet() -> None:
    """Drop-tail: what does not fit is dropped at the door, whatever is inside stays."""
    link = Emulator(8000, 0.0, queue_s=2.5)
    for number in range(10):
        link.push(numbered(number, 972), 0.0)
    assert link.counters.packets_overflowed == 8
    assert link.waiting_bytes(0.0) == 2000
    assert link.waiting_bytes(1.0) == 1000
    link.push(numbered(10, 972), 1.0)
    assert [int.from_bytes(p[:4], "big") for _, p in drain(link)] == [0, 1, 10]
    tiny = Emulator(8000, 0.0, queue_s=0.001)
    tiny.push(PACKET, 0.0)
    assert [at for at, _ in drain(tiny)] == [1.0]


def test_outage_cuts_both_ways_and_ends() -> None:
    """While the link is dead nothing that leaves the bottleneck arrives; afterwards all does."""
    road = Duplex(profile("outage"), seed=1)
    for direction in (road.up, road.down):
        for second in range(180):
            direction.push(numbered(second, 100), float(second))
        seconds = {int.from_bytes(p[:4], "big") for _, p in drain(direction)}
        assert not seconds & set(range(15, 75))
        assert not seconds & set(range(105, 165))
        assert direction.counters.packets_cut == 120
        assert len(seconds) + direction.counters.packets_lost == 60


def test_duplicates_and_bit_flips() -> None:
    """On request packets come twice, or with exactly one bit wrong."""
    link = Emulator(None, 0.1, duplicate=0.3, corrupt=0.2, seed=4)
    for number in range(2000):
        link.push(numbered(number, 50), float(number))
    arrived = [packet for _, packet in drain(link)]
    counters = link.counters
    assert len(arrived) == 2000 + counters.packets_duplicated
    assert counters.packets_duplicated / 2000 == pytest.approx(0.3, abs=0.04)
    wrong = [p for p in arrived if any(p[4:]) or int.from_bytes(p[:4], "big") >= 2000]
    assert len(wrong) <= counters.packets_corrupted
    assert counters.packets_corrupted / len(arrived) == pytest.approx(0.2, abs=0.03)
    assert all(sum(byte.bit_count() for byte in p[4:]) <= 1 for p in arrived)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(
    gaps=st.lists(st.tuples(st.floats(0, 2), st.integers(0, 1400)), min_size=1, max_size=60),
    seed=st.integers(0, 1000),
    name=st.sampled_from(sorted(PROFILES)),
)
def test_every_packet_is_accounted_for(gaps: list[tuple[float, int]], seed: int, name: str) -> None:
    """Offered = overflowed + lost + cut + delivered, no packet arrives early or changed."""
    chosen = profile(name)
    link = Duplex(chosen, seed).up
    now = 0.0
    sent: set[bytes] = set()
    for gap, size in gaps:
        now += gap
        packet = bytes([len(sent) % 256]) + bytes(size)
        link.push(packet, now)
        sent.add(packet)
    arrived = drain(link)
    c = link.counters
    assert c.packets_offered == len(gaps)
    assert (
        c.packets_offered
        == c.packets_overflowed + c.packets_lost + c.packets_cut + c.packets_delivered
    )
    assert c.bytes_offered == c.bytes_overflowed + c.bytes_lost + c.bytes_cut + c.bytes_delivered
    assert {packet for _, packet in arrived} <= sent
    assert arrived == sorted(arrived, key=lambda item: item[0])


def test_pop_before_its_time_gives_nothing() -> None:
    """A packet is there at `next_timer()`, not earlier."""
    link = Emulator(8000, 0.5)
    assert link.next_timer() is None
    link.push(PACKET, 0.0)
    assert link.next_timer() == 1.5
    assert link.pop(1.4999) == []
    assert link.pop(1.5) == [PACKET]
    assert link.next_timer() is None


def test_the_profiles_are_those_of_the_design() -> None:
    """Names and figures that tests, simulator and benchmarks share."""
    assert sorted(PROFILES) == sorted(
        ["lan", "gprs", "edge", "lossy3g", "satphone", "geo", "awful", "outage"]
    )
    awful = profile("awful")
    assert (awful.rate_up_bps, awful.delay_s, awful.jitter_s) == (16e3, 0.4, 0.2)
    assert (awful.loss, awful.burst_mean, awful.queue_s) == (0.2, 3.0, 6.0)


def test_unknown_profile_names_those_there_are() -> None:
    with pytest.raises(UsageError) as caught:
        profile("5g")
    assert "5g" in str(caught.value)
    assert "satphone" in caught.value.advice


@pytest.mark.parametrize(
    ("spans", "period_s"),
    [
        (((5.0, 5.0),), None),
        (((5.0, 9.0), (8.0, 10.0)), None),
        (((5.0, 9.0),), 8.0),
        (((-1, 2),), 9),
    ],
)
def test_impossible_outages_are_refused(
    spans: tuple[tuple[float, float], ...], period_s: float | None
) -> None:
    with pytest.raises(ValueError, match="outage"):
        Outages(spans, period_s)


@pytest.mark.parametrize(
    "wrong",
    [
        {"rate_bps": 0.0},
        {"delay_s": -1.0},
        {"loss": 1.0},
        {"loss": 0.5, "burst_mean": 0.5},
        {"loss": 0.9, "burst_mean": 2.0},
        {"queue_s": 0.0},
        {"duplicate": 1.5},
    ],
)
def test_impossible_links_are_refused(wrong: dict[str, float]) -> None:
    usual: dict[str, float] = {"rate_bps": 8000.0, "delay_s": 0.1}
    with pytest.raises(ValueError, match=r"must|probabilities"):
        Emulator(**{**usual, **wrong})  # type: ignore[arg-type]
