"""Recordings of real links, and how benchmarks play them: from several places, up and down.

for one in recordings(folder):
    for start in one.places(20):
        up, down = one.play(start)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from xtcli.transport.emulator.capacity import Capacity, parse_mahimahi, parse_rates
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES

TRACE_BYTES = 3_000_000
TRACE_PLACES = 20
DELAY_S = 0.060
"""One way. Recordings hold rates only; delay and queue are chosen here, the same for all."""
QUEUE_S = 2.0
LINK = replace(PROFILES["lan"], name="trace", delay_s=DELAY_S, queue_s=QUEUE_S)


@dataclass(frozen=True, slots=True)
class Recording:
    """A recording of a real link: its name, how long it is, and how to play it, up and down."""

    name: str
    seconds: float
    play: Callable[[float], tuple[Capacity, Capacity]]

    def places(self, number: int) -> list[float]:
        """So many places to start at, spread evenly; seconds."""
        return [self.seconds * place / number for place in range(number)]

    def share(self, start: float, seconds: float | None) -> float:
        """The share of its own capacity that 3 MB used: 0 if they were never there.

        The recording's capacity is all of it, headers included: TCP's cost 3.5 %.
        """
        if seconds is None:
            return 0.0
        return capacity_s(self.play(start)[0], TRACE_BYTES) / max(1e-9, seconds - DELAY_S)


def capacity_s(capacity: Capacity, size: int) -> float:
    """How long a recording itself needs for `size` bytes."""
    return max(capacity.serve(min(1500, size - sent), 0.0)[1] for sent in range(0, size, 1500))


def recordings(folder: Path) -> Iterator[Recording]:
    """Every recording below a folder: mahimahi pairs, and CSV with rates of each second."""
    for up in sorted(folder.rglob("*.up")):
        texts = up.read_text(), up.with_suffix(".down").read_text()
        yield Recording(up.stem, parse_mahimahi(texts[0]).period_s, _mahimahi(texts))
    for table in sorted(folder.rglob("*.csv")):
        rates = table.read_text()
        if "upload_mbps" in rates[:200]:
            seconds = parse_rates(rates, "upload_mbps").period_s
            yield Recording(table.parent.name, seconds, _rates(rates))


def _mahimahi(texts: tuple[str, str]) -> Callable[[float], tuple[Capacity, Capacity]]:
    return lambda start: (parse_mahimahi(texts[0], start), parse_mahimahi(texts[1], start))


def _rates(rates: str) -> Callable[[float], tuple[Capacity, Capacity]]:
    return lambda start: (
        parse_rates(rates, "upload_mbps", start),
        parse_rates(rates, "download_mbps", start),
    )


class Held:
    """A recording that stands at its place until `begin`; until then nothing waits.

    So real processes may take their time to start, and all meet the same stretch of it.
    """

    def __init__(self, capacity: Capacity) -> None:
        """Not begun."""
        self.mean_bps = capacity.mean_bps
        self._capacity = capacity
        self._begun: float | None = None

    def begin(self, now: float) -> None:
        """Play from second `now` of the road on. May be called from another thread."""
        self._begun = now

    def serve(self, size: int, now: float) -> tuple[float, float]:
        """As the recording does, or at once."""
        begun = self._begun
        if begun is None:
            return now, now
        start, end = self._capacity.serve(size, max(0.0, now - begun))
        return begun + start, begun + end


@dataclass(frozen=True, slots=True)
class HeldRoad:
    """A road for whole IP packets over a recording that waits for `begin`."""

    road: Duplex
    ways: tuple[Held, Held]

    def begin(self, now: float) -> None:
        """Play from now on (a second of the road), and count from now on."""
        for way, held in zip((self.road.up, self.road.down), self.ways, strict=True):
            way.queue_delays.clear()
            held.begin(now)


def held_road(one: Recording, start: float) -> HeldRoad:
    """A fresh road over `one`, which stands at second `start`."""
    up, down = (Held(capacity) for capacity in one.play(start))
    road = Duplex(LINK, 1, overhead=0, capacity_up=up, capacity_down=down)
    return HeldRoad(road, (up, down))
