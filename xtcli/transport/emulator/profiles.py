"""The links that everything is designed for, under the names used in tests and benchmarks.

A profile is plain numbers about one road between a post (its "up" end) and a hub. It knows no
packets, clocks or files.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from xtcli.errors import UsageError


@dataclass(frozen=True, slots=True)
class Outages:
    """When a link is dead: `spans` of (from, to) seconds, repeated every `period_s` if given.

    Time counts from the start of the emulation.
    """

    spans: tuple[tuple[float, float], ...]
    period_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse spans that are out of order, overlap, or do not fit the period."""
        edges = [edge for span in self.spans for edge in span]
        if edges != sorted(edges) or any(start >= end for start, end in self.spans):
            raise ValueError("outage spans must be in order, apart and not empty")
        if edges and edges[0] < 0:
            raise ValueError("an outage cannot begin before the emulation")
        if self.period_s is not None and (
            self.period_s <= 0 or max(edges, default=0.0) > self.period_s
        ):
            raise ValueError("outage spans must lie within the period")

    def down(self, at: float) -> bool:
        """Whether the link is dead at second `at`."""
        if self.period_s is not None:
            at %= self.period_s
        return any(start <= at < end for start, end in self.spans)


@dataclass(frozen=True, slots=True)
class Profile:
    """One link. Rates in bit/s (None: unlimited), times in seconds, `loss` a probability.

    Delay is uniform in `delay_s` ± `jitter_s`. `burst_mean` is the mean number of packets lost in
    a row. `queue_s` is how many seconds of its rate the queue before the bottleneck holds.
    """

    name: str
    rate_up_bps: float | None
    rate_down_bps: float | None
    delay_s: float
    jitter_s: float = 0.0
    loss: float = 0.0
    burst_mean: float = 1.0
    queue_s: float = 4.0
    outages: Outages | None = None


GPRS = Profile("gprs", 20e3, 40e3, 0.350, 0.100, 0.02, 2.0, 6.0)

PROFILES: dict[str, Profile] = {
    p.name: p
    for p in (
        Profile("lan", None, None, 0.001),
        GPRS,
        Profile("edge", 60e3, 120e3, 0.200, 0.080, 0.02, 2.0, 4.0),
        Profile("lossy3g", 128e3, 384e3, 0.120, 0.050, 0.10, 3.0, 2.0),
        Profile("satphone", 9.6e3, 9.6e3, 0.450, 0.050, 0.05, 3.0, 8.0),
        Profile("geo", 64e3, 256e3, 0.300, 0.020, 0.01, 4.0, 3.0),
        Profile("awful", 16e3, 16e3, 0.400, 0.200, 0.20, 3.0, 6.0),
        # Up for the first 15 s, so that a transfer of more than a few kB is always cut in two.
        replace(GPRS, name="outage", outages=Outages(((15.0, 75.0),), period_s=90.0)),
    )
}


def profile(name: str) -> Profile:
    """The profile called `name`; UsageError names those there are."""
    found = PROFILES.get(name)
    if found is None:
        raise UsageError(
            "There is no link profile called {name}.",
            "Use one of: {names}.",
            name=name,
            names=", ".join(PROFILES),
        )
    return found
