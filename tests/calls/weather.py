"""A link whose weather changes while a call runs over it, in real time and over real sockets.

with Weather(hub_address) as weather:      gprs, unless told otherwise
    weather.cut(True)                      nothing passes, both ways
    weather.rate(6_000, 6_000)             the bottlenecks from now on, up and down
"""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import replace
from types import TracebackType
from typing import Any, Self, cast

from xtcli.transport.emulator.capacity import Capacity
from xtcli.transport.emulator.core import UDP_IPV4_BYTES, Duplex
from xtcli.transport.emulator.profiles import Outages, profile
from xtcli.transport.emulator.relay import Relay, parse_address, show_address


class _Tap:
    """Outages by hand."""

    def __init__(self) -> None:
        self.shut = False

    def down(self, at: float) -> bool:
        return self.shut


class _Pipe(Capacity):
    """A bottleneck whose rate somebody changes."""

    def __init__(self, rate_bps: float) -> None:
        self.mean_bps = rate_bps
        self.rate_bps = rate_bps
        self._free_at = 0.0

    def serve(self, size: int, now: float) -> tuple[float, float]:
        start = max(now, self._free_at)
        self._free_at = start + 8 * size / self.rate_bps
        return start, self._free_at


class Weather:
    """See the module. Every client has the one road: it is for one station."""

    def __init__(self, target: str, link: str = "gprs", seed: int = 1) -> None:
        self._target, self._seed = parse_address(target), seed
        self._profile = profile(link)
        self._tap = _Tap()
        self._pipes: list[tuple[_Pipe, _Pipe]] = []
        self._rates = (self._profile.rate_up_bps or 1e9, self._profile.rate_down_bps or 1e9)
        self._ready: Future[str] = Future()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.address = ""

    def __enter__(self) -> Self:
        self._thread.start()
        self.address = self._ready.result(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        relay = self._loop.run_until_complete(self._open())
        self._ready.set_result(show_address(relay.address))
        self._loop.run_forever()
        relay.close()
        self._loop.close()

    async def _open(self) -> Relay:
        return Relay(("127.0.0.1", 0), self._target, self._road)

    def _road(self, number: int) -> Duplex:
        up, down = (_Pipe(rate) for rate in self._rates)
        self._pipes.append((up, down))
        # Whatever can be asked whether it is down is an outage to the emulator.
        weathered = replace(self._profile, outages=cast(Any, self._tap))
        assert isinstance(self._profile.outages, Outages | None)
        return Duplex(
            weathered, self._seed + number, overhead=UDP_IPV4_BYTES, capacity_up=up,
            capacity_down=down,
        )  # fmt: skip

    def cut(self, shut: bool) -> None:
        """Nothing passes, or it does again."""
        self._tap.shut = shut

    def rate(self, up_bps: float, down_bps: float) -> None:
        """What the bottlenecks carry from now on."""
        self._rates = (up_bps, down_bps)
        for up, down in self._pipes:
            up.rate_bps, down.rate_bps = up_bps, down_bps
