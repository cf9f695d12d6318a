"""Live calls between two real sessions over emulated links in virtual time, measured at the ear."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from scripts.bench._audio_score import RATE_HZ, Speech, lag_of, score
from tests.call.pair import Pair, Side, emulator, falling
from xtcli.media.call.talk import AROUND_LINK_BYTES, Talk
from xtcli.transport.emulator.core import Emulator
from xtcli.transport.emulator.profiles import PROFILES

WARM_S = 14.0
"""Speech before what is scored, so that loss has been measured."""
DELAY_S = 0.1


def talk_of(side: Side) -> Talk:
    """The inner state of a side that talks."""
    assert side.session is not None
    assert side.session.talk is not None
    return side.session.talk


def run_until_talking(pair: Pair) -> None:
    """Let both sides answer."""
    while pair.caller.said_at is None or pair.called.said_at is None:
        pair.run(pair.now + 0.5)


@dataclass(frozen=True)
class Quality:
    """One call, scored as it was heard."""

    language: str
    loss: float
    seed: int
    pesq: float
    stoi: float
    net_kbps: float
    """All bytes of this side's datagrams over the seconds scored, link and IP headers too."""
    mouth_to_ear_s: float
    """Less the network's delay."""
    network_loss: float
    missing: float
    """Share of spoken frames of the whole call that were not played."""
    rungs: str


def quality(speech: Speech, loss: float, seed: int, rate_bps: float) -> Quality:
    """One direction speaks; both lose `loss` in bursts of 3 datagrams."""

    def out(direction: int) -> Emulator:
        return Emulator(
            None,
            DELAY_S,
            loss=loss,
            burst_mean=3.0 if loss else 1.0,
            seed=2 * seed + direction,
            overhead=AROUND_LINK_BYTES,
        )

    frames = int(WARM_S / 0.06)
    warm = (speech.pcm * (1 + int(WARM_S / speech.seconds)))[: frames * 1920]
    caller, called = Side(speech=warm + speech.pcm, out=out(0)), Side(out=out(1))
    pair = Pair(caller, called, seed=seed, rate_bps=rate_bps)
    run_until_talking(pair)
    assert caller.said_at is not None
    begin = caller.said_at + frames * 0.06
    pair.run(begin + speech.seconds + 2)
    sent = sum(
        len(payload) + AROUND_LINK_BYTES
        for at, mine, payload in pair.wire
        if mine and begin < at <= begin + speech.seconds
    )
    offset = round((begin - called.heard_from) * RATE_HZ)
    marks = score(speech, bytes(called.heard[2 * offset :]))
    counters = caller.out.counters
    return Quality(
        speech.language,
        loss,
        seed,
        marks.pesq,
        marks.stoi,
        sent * 8 / speech.seconds / 1000,
        marks.lag_s - DELAY_S,
        counters.packets_lost / counters.packets_offered,
        missing(caller, called),
        " ".join(f"{at:.0f}s:{order}" for at, order in talk_of(caller).summary(0, "").rungs),
    )


def missing(speaker: Side, listener: Side) -> float:
    """Share of the frames meant for sending that were not played."""
    frames = {n for n, spoken in talk_of(speaker).ledger._spoken.items() if spoken.live}
    settled = {n for n in frames if n < max(frames) - 12}
    return len(settled - listener.played) / len(settled)


def drift(speech: Speech, ppm: float) -> dict[str, Any]:
    """Ten minutes, the loudspeaker `ppm` too fast: delay in the first and the last minute."""
    pcm = speech.pcm * (1 + int(600 / speech.seconds))
    caller = Side(speech=pcm, out=Emulator(None, DELAY_S, 0.03, seed=1, overhead=39))
    called = Side(clock=1 + ppm * 1e-6)
    pair = Pair(caller, called, rate_bps=24e3)
    started = time.process_time()
    pair.run(601.0)
    cpu = time.process_time() - started
    assert caller.said_at is not None
    said = np.frombuffer(pcm, "<i2").astype(np.float64)
    heard = np.frombuffer(bytes(called.heard), "<i2").astype(np.float64)
    delays = []
    for at in (60, 560):
        first = said[at * RATE_HZ : (at + 20) * RATE_HZ]
        there = round((at + caller.said_at - called.heard_from) * called.clock * RATE_HZ)
        lag = lag_of(first, heard[there : there + 22 * RATE_HZ])
        delays.append(lag / RATE_HZ - DELAY_S)
    return {
        "ppm": ppm,
        "first_s": delays[0],
        "last_s": delays[1],
        "drift_s": delays[1] - delays[0],
        "cpu_share_per_side": cpu / 2 / 600,
    }


def set_up(speech: Speech, link: str, seed: int) -> dict[str, Any]:
    """From the ring to the first sound in each ear, answered at once."""
    profile = PROFILES[link]
    caller = Side(speech=speech.pcm, out=emulator(profile, up=True, seed=seed))
    called = Side(speech=speech.pcm, out=emulator(profile, up=False, seed=seed))
    pair = Pair(
        caller,
        called,
        seed=seed,
        rate_bps=profile.rate_up_bps,
        called_rate_bps=profile.rate_down_bps,
    )
    pair.run(12.0)
    assert caller.session is not None
    assert called.session is not None
    firsts = [side.first_in for side in (caller, called)]
    later = max(first if first is not None else 99.0 for first in firsts)
    return {
        "link": link,
        "seed": seed,
        "first_sound_s": later,
        "round_trips": later / (2 * profile.delay_s),
        "signalling_bytes": caller.session.signalling_bytes + called.session.signalling_bytes,
    }


def hard_day(speech: Speech, seed: int) -> dict[str, Any]:
    """Two minutes on gprs, cut from 30 s to 50 s, at 6 kbit/s from 80 s on."""
    pcm = (speech.pcm * 12)[: 125 * 2 * RATE_HZ]
    caller = Side(speech=pcm, out=falling(seed=seed, up=True))
    called = Side(out=falling(seed=seed, up=False))
    pair = Pair(caller, called, seed=seed, rate_bps=20e3, called_rate_bps=40e3)
    pair.run(121.0)
    assert caller.session is not None
    caller.session.hang_up(pair.now)
    pair.run(130.0)
    spoken = set(talk_of(caller).ledger._spoken)
    noted = {round(at / 0.06) for at, _ in caller.session.unheard()}
    return {
        "seed": seed,
        "spoken_frames": len(spoken),
        "live_frames": len(spoken & called.played),
        "note_frames": len(noted),
        "lost_frames": len(spoken - called.played - noted),
        "twice_frames": len(called.played & noted),
        "rungs": [(round(at), order) for at, order in talk_of(caller).summary(0, "").rungs],
    }


def row(kind: str, values: object) -> dict[str, object]:
    """A raw row."""
    body = values if isinstance(values, dict) else asdict(values)  # type: ignore[call-overload]
    return {"case": kind, **body}
