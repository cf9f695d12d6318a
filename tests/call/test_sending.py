"""The sending half: packing, copies, budget, outcomes, ladder, ledger."""

from __future__ import annotations

from random import Random

import pytest

from xtcli.media.call.flight import Flight
from xtcli.media.call.floor import Floor
from xtcli.media.call.ladder import NOTE, RUNGS, Conditions, Ladder, best
from xtcli.media.call.ledger import Ledger
from xtcli.media.call.packet import Report, Sound
from xtcli.media.call.rate import Bucket, Rate
from xtcli.media.call.sender import Sender, copy_steps
from xtcli.transport.emulator.core import GilbertLoss

AROUND = 46
PLENTY = 1e6


def packed(rung: int, steps: tuple[int, ...], frames: list[bytes]) -> list[Sound]:
    sender = Sender(AROUND, 0.0)
    sender.use(RUNGS[rung], steps)
    made = [sender.frame(n, f, PLENTY, n * 0.06) for n, f in enumerate(frames)]
    return [sound for sound in made if sound is not None]


def test_copies_follow_by_their_step() -> None:
    sounds = packed(3, (3,), [bytes([n]) for n in range(1, 9)])
    assert sounds[5].numbered() == [(5, b"\x06"), (2, b"\x03")]


def test_bundles_carry_two_new_frames_and_their_copies() -> None:
    sounds = packed(5, (1,), [bytes([n]) for n in range(1, 9)])
    assert [s.number for s in sounds] == [1, 3, 5, 7]
    assert sounds[2].numbered() == [(4, b"\x05"), (5, b"\x06"), (2, b"\x03"), (3, b"\x04")]


def test_the_last_words_before_silence_have_copies_too() -> None:
    sounds = packed(3, (2,), [b"a", b"b", b"", b"", b"", b""])
    assert [(s.number, s.numbered()) for s in sounds][2:] == [(2, [(0, b"a")]), (3, [(1, b"b")])]


def test_silence_sends_nothing() -> None:
    assert packed(4, (), [b""] * 10) == []


def test_a_spent_budget_drops_copies_first_and_queues_nothing() -> None:
    """At half the rate that copies need, new frames still leave, on time or never."""
    sender = Sender(AROUND, 0.0)
    sender.use(RUNGS[3], (1,))
    rate = (AROUND + 55) * 8 / 0.06
    made = [sender.frame(n, b"x" * 50, rate, n * 0.06) for n in range(200)]
    sent = [s for s in made if s is not None]
    assert all(s.number == n for n, s in enumerate(made) if s is not None)
    assert len(sent) > 180
    assert sum(any(s.frames[1:]) for s in sent) < 40


@pytest.mark.parametrize(
    ("rung", "bursty", "steps"),
    [(3, False, (1,)), (3, True, (5,)), (5, True, (2,)), (7, True, (1,)), (0, True, ())],
)
def test_copy_offset_follows_the_bursts(rung: int, bursty: bool, steps: tuple[int, ...]) -> None:
    assert copy_steps(RUNGS[rung], bursty) == steps


def test_two_copies_are_apart() -> None:
    assert copy_steps(RUNGS[2], False) == (1, 2)
    assert copy_steps(RUNGS[2], True) == (2, 5)


def test_bucket_gives_what_the_rate_gives() -> None:
    bucket, taken = Bucket(0.0), 0
    for step in range(1, 1001):
        taken += bucket.take(100, 8_000, step / 100)
    assert taken * 100 == pytest.approx(10_000, rel=0.1)


@pytest.mark.parametrize(("loss", "burst"), [(0.02, 2.0), (0.10, 3.0), (0.20, 3.0), (0.2, 1.1)])
def test_flight_measures_loss_and_bursts(loss: float, burst: float) -> None:
    """From reports of which a third are lost themselves, the sender knows its link."""
    random, flight = Random(7), Flight()
    chain = GilbertLoss(loss, burst, random)
    arrived: list[int] = []
    losses, bursts, judged = [], [], []
    for number in range(6000):
        now = number * 0.06
        flight.send(number, 100, now)
        if not chain.lost():
            arrived.append(number)
        if number % 17 == 16 and arrived and random.random() > 0.33:
            newest = arrived[-1]
            bits = sum(1 << newest - n for n in arrived[-40:] if newest - n < 32)
            flight.settle(Report(newest=newest & 0xFFFF, arrived=bits, held_s=0.0), now)
            losses.append(flight.loss(now))
            bursts.append(flight.burst(now))
            judged.append(flight.bursty)
    assert sum(losses) / len(losses) == pytest.approx(loss, rel=0.25)
    assert sum(bursts) / len(bursts) == pytest.approx(burst, rel=0.35)
    if loss >= 0.1:
        assert judged[-100:].count(burst > 1.5) > 80


def test_flight_takes_the_round_trip_without_the_time_a_report_waited() -> None:
    flight = Flight()
    flight.send(0, 100, 10.0)
    flight.settle(Report(newest=0, arrived=1, held_s=0.5), 11.3)
    assert flight.rtt_s == pytest.approx(0.8)


def test_flight_forgets_a_report_about_nothing_it_sent() -> None:
    flight = Flight()
    flight.send(3, 100, 0.0)
    assert flight.settle(Report(newest=900, arrived=1), 1.0) is None
    assert flight.loss(1.0) == 0.0


@pytest.mark.parametrize(
    ("rate", "loss", "state"),
    [
        (64e3, 0.0, "A"),
        (19e3, 0.0, "B"),
        (64e3, 0.1, "C"),
        (24e3, 0.1, "C"),
        (16e3, 0.1, "D"),
        (12e3, 0.0, "D"),
        (9.6e3, 0.05, "D"),
        (8e3, 0.0, "E"),
        (4e3, 0.0, "F"),
    ],
)
def test_the_ladder_has_a_rung_for_each_link(rate: float, loss: float, state: str) -> None:
    assert best(Conditions(rate, loss), AROUND)[0].state == state


def test_a_rung_never_needs_more_than_the_rate() -> None:
    for rate in range(2_000, 64_000, 500):
        for loss in (0.0, 0.02, 0.05, 0.3):
            assert best(Conditions(rate, loss), AROUND)[0].need_bps(AROUND) <= rate


def test_long_delay_makes_it_push_to_talk() -> None:
    rung, why = best(Conditions(64e3, delay_s=0.7), AROUND)
    assert (rung.half_duplex, why) == (True, "delay")


def test_down_after_two_seconds_up_after_fifteen() -> None:
    ladder = Ladder(AROUND, 64e3)
    times = []
    for tick in range(100):
        now = tick * 0.5
        step = ladder.observe(Conditions(17e3 if 5 <= now < 12 else 64e3), now)
        if step is not None:
            times.append((now, step.before.state, step.after.state))
    assert times == [(7.0, "A", "D"), (27.0, "D", "A")]


def test_a_link_that_flutters_does_not_move_the_ladder() -> None:
    ladder = Ladder(AROUND, 64e3)
    steps = [ladder.observe(Conditions(17e3 if n % 4 < 2 else 64e3), n * 0.5) for n in range(200)]
    assert steps == [None] * 200


def test_a_link_that_collapses_moves_the_ladder_at_once() -> None:
    step = Ladder(AROUND, 64e3).observe(Conditions(8e3), 1.0)
    assert step is not None
    assert step.after.state == "E"


def test_an_outage_goes_to_the_note_at_once_and_comes_back_in_a_second() -> None:
    ladder = Ladder(AROUND, 20e3)
    step = ladder.observe(Conditions(20e3, silent_s=4.5), 10.0)
    assert step is not None
    assert (step.after, step.reason) == (NOTE, "outage")
    assert ladder.observe(Conditions(20e3), 11.0) is None
    back = ladder.observe(Conditions(20e3), 12.0)
    assert back is not None
    assert back.after.live


def test_rate_falls_to_what_was_delivered_and_tries_higher_later() -> None:
    rate = Rate(None, 0.0)
    for second in range(1, 4):
        rate.report(1.0, 0.0, 6_000.0, float(second))
    assert 6_000 <= rate.bps <= 6_500
    for second in range(4, 40):
        rate.report(0.02, 0.0, 6_000.0, float(second))
    assert rate.bps > 9_000


def test_rate_never_goes_above_the_hint() -> None:
    rate = Rate(20e3, 0.0)
    for second in range(600):
        rate.report(0.0, 0.0, 20e3, float(second))
    assert rate.bps == 20e3
    rate.hint(9e3)
    assert rate.bps == 9e3


def test_ledger_gives_back_exactly_what_was_not_heard() -> None:
    ledger = Ledger()
    for n in range(100):
        ledger.speak(n, bytes([n]), live=True)
    ledger.confirm(Report(heard_to=80, heard=(1 << 64) - 1 & ~0b100), 99)
    numbers = [packet[0] for _, packet in ledger.unheard()]
    assert numbers == [*range(16), 77, *range(80, 100)]
    assert ledger.counts() == (100, 63)


def test_scraps_become_one_passage_with_context() -> None:
    ledger = Ledger()
    for n in range(200):
        ledger.speak(n, bytes([n]), live=True)
    for to in range(64, 201, 8):
        heard = sum(1 << to - 1 - n for n in range(to - 64, to) if n not in (50, 60, 150))
        ledger.confirm(Report(heard_to=to, heard=heard), 199)
    passages = list(ledger.passages())
    assert [(round(at / 0.06), len(packets)) for at, packets in passages] == [(45, 21), (145, 11)]


def test_the_quiet_between_words_makes_no_passage() -> None:
    ledger = Ledger()
    for n in range(50):
        ledger.speak(n, b"n", live=True, loud=False)
    assert len(ledger.unheard()) == 50
    assert list(ledger.passages()) == []


def test_what_was_never_sent_does_not_count_as_loss() -> None:
    ledger = Ledger()
    for n in range(100):
        ledger.speak(n, b"n", live=False)
    ledger.confirm(Report(heard_to=64), 99)
    assert ledger.residual() == 0.0


def test_floor_goes_to_the_first_and_comes_free() -> None:
    me = Floor(caller=False)
    assert me.speak(True, 1.0)
    assert me.holder(1.5) == "me"
    assert not me.speak(False, 2.5)
    me.peer_speaks(3.0)
    assert not me.speak(True, 3.1)
    assert me.holder(3.1) == "peer"
    assert me.speak(True, 5.0)


def test_floor_stays_with_the_caller_when_both_begin() -> None:
    caller, called = Floor(caller=True), Floor(caller=False)
    assert caller.speak(True, 1.0)
    assert called.speak(True, 1.0)
    caller.peer_speaks(1.4)
    called.peer_speaks(1.4)
    assert caller.speak(True, 1.5)
    assert not called.speak(True, 1.5)


def test_floor_obeys_the_key() -> None:
    me = Floor(caller=True)
    me.pressed = False
    assert not me.speak(True, 1.0)
    me.pressed = True
    assert me.speak(False, 2.0)
    me.pressed = False
    assert not me.speak(True, 2.1)


def with_room_for_some_copies(rate: float, count: int = 600) -> tuple[Sender, list[Sound]]:
    """Frames of 55 bytes, each of its own loudness, on a link that cannot carry all copies."""
    loudness = Random(3)
    sender = Sender(AROUND, 0.0)
    sender.use(RUNGS[3], (5,))
    made = [
        sender.frame(n, bytes([n % 250]) * 55, rate, n * 0.06, loudness=loudness.uniform(1, 100))
        for n in range(count)
    ]
    return sender, [sound for sound in made if sound is not None]


def test_with_little_room_the_louder_frames_have_copies() -> None:
    """Every frame leaves once, in time; copies come of the louder ones, four or five frames on."""
    sender, sounds = with_room_for_some_copies(20_000)
    loudness = Random(3)
    loud = [loudness.uniform(1, 100) for _ in range(600)]
    new: list[int] = []
    copied: list[int] = []
    for sound in sounds:
        for number, _ in sound.numbered():
            (new if number > sound.number - sound.bundle else copied).append(number)
            if number <= sound.number - sound.bundle:
                assert 4 <= sound.number - number <= 5
    assert sorted(new) == list(range(new[-1] + 1))
    assert len(copied) == len(set(copied))
    assert sender.dropped == 0
    late = [n for n in copied if n > 100]
    missed = [n for n in range(101, 590) if n not in set(copied)]
    assert 0.2 < len(late) / 490 < 0.9
    assert sum(loud[n] for n in late) / len(late) > 1.5 * sum(loud[n] for n in missed) / len(missed)


def test_copies_keep_the_mean_within_its_share_of_the_rate() -> None:
    for rate in (18_000.0, 20_000.0, 22_000.0):
        _, sounds = with_room_for_some_copies(rate, 1500)
        settled = [s for s in sounds if s.number > 300]
        bits = sum(8 * (AROUND + sum(map(len, s.frames)) + len(s.frames) - 1) for s in settled)
        mean = bits / (1200 * 0.06)
        assert mean == pytest.approx(0.8 * rate, rel=0.05)


def test_a_frame_rides_only_where_that_delays_nothing() -> None:
    """Against single losses copies come at once: a frame that waited would be late."""
    sender = Sender(AROUND, 0.0)
    sender.use(RUNGS[3], (1,))
    sounds = [sender.frame(n, b"x", 18_000, n * 0.06, loudness=0.0) for n in range(20)]
    assert all(sound is not None and sound.bundle == 1 for sound in sounds)


def test_a_bare_rung_is_left_soon_on_a_link_that_loses() -> None:
    """8.5 kbit/s in pairs, then loss: copies after two seconds, not after fifteen."""
    ladder = Ladder(AROUND, 17e3)
    assert (ladder.rung.state, ladder.rung.copies) == ("D", 0)
    steps = [ladder.observe(Conditions(17e3, 0.1), at / 2) for at in range(10)]
    first = next(i for i, step in enumerate(steps) if step is not None)
    assert first / 2 <= 2.5
    assert (ladder.rung.state, ladder.rung.copies) == ("C", 1)
