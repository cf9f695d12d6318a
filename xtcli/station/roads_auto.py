"""The right road by itself: keeps one link on the best of a station's roads.

`RoadKeeper` opens the first road that can be opened, goes on when one gives no answer, and comes
back to UDP when that answers again; `roads_choice` decides, this does it. It knows sockets; what
travels is the pump's business. Roads without a link (sticks, short messages) are `roads_beside`'s.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from xtcli.errors import DiskFull, XtError
from xtcli.lang import tr
from xtcli.station.core import StationCore
from xtcli.station.enrolment import parse_address
from xtcli.station.pump import Pump
from xtcli.station.roads import RoadName
from xtcli.station.roads_choice import Choice
from xtcli.station.roads_link import RoadLink
from xtcli.station.roads_list import is_ready, link_road, read_roads, road_name
from xtcli.station.roads_store import RoadStore
from xtcli.transport.udp import headers, resolve

FIRST_SECONDS = {"udp": 8.0, "https": 25.0, "serial": 25.0}
"""How long a road may take for its first answer. TLS takes four round trips and two kilobytes."""
HURRY = 0.3
"""Of a sync that has little time, the first road gets no more than this share."""
PROBE_WAIT_SECONDS = 4.0
PROBE_TRIES = 2
TROUBLE_SECONDS = 300.0
"""The same trouble is told again only after so long."""


@dataclass(frozen=True, slots=True)
class RoadChange:
    """Another road carries from now on, or something about a road must be told. Unix seconds."""

    road: str
    text: str
    at: float
    kind: str = "road"


OnRoad = Callable[[RoadChange], None]


class RoadKeeper:
    """See the module. The pump is opened and closed through it."""

    def __init__(
        self, station: StationCore, pump: Pump, roads: Sequence[RoadName],
        tell: OnRoad | None = None, seconds: float = 0.0,
    ) -> None:  # fmt: skip
        """`roads` carry links, the best first; `seconds` is all the time there is (0: no end)."""
        self.patient = False
        """Set: trouble of the only road is told and not raised."""
        self.station = station
        self.pump = pump
        self.roads = list(roads)
        self._tell = tell
        self._seconds = seconds
        self._choice: Choice | None = None
        self._carried: RoadName | None = None
        self._told: dict[str, float] = {}
        self._probe: asyncio.Task[bool] | None = None

    @property
    def now(self) -> float:
        """The loop's clock, which is the link's."""
        return asyncio.get_running_loop().time()

    @property
    def road(self) -> RoadName:
        """The road in use."""
        return self.roads[self._choice.at if self._choice is not None else 0]

    def silence(self) -> float:
        """For how long the road in use has owed an answer, seconds."""
        return self._choice.silence(self.now) if self._choice is not None else 0.0

    async def start(self) -> None:
        """Open the road that carried last, or the first that opens; the error if none does."""
        first = [FIRST_SECONDS[road.kind] for road in self.roads]
        if self._seconds:
            first = [min(one, self._seconds * HURRY) for one in first]
        self._choice = choice = Choice(first, self.now)
        self._carried, begin = self._last()
        choice.start_at(begin, self.now)
        trouble: XtError | None = None
        for _ in self.roads:
            try:
                await self._open()
                return
            except XtError as error:
                trouble = trouble or error
                choice.failed()
        if trouble is not None:
            raise trouble

    def _last(self) -> tuple[RoadName, int]:
        """The road that was used last, and the one to begin with: that one instead of UDP, if it
        was the last to work."""
        store = RoadStore(self.station.home.root)
        try:
            last = {one.road: one.last or 0.0 for one in store.counts()}
            name = store.last_road()
        finally:
            store.close()
        names = [road_name(road) for road in self.roads]
        index = names.index(name) if name in names else 0
        worked = last.get(name, 0.0) > last.get("udp", 0.0)
        return self.roads[index], index if worked and self.roads[0].kind == "udp" else 0

    async def _open(self) -> None:
        """Open the road that was chosen."""
        assert self._choice is not None
        station, name = self.station, self.road
        road = link_road(station.home, station.settings, station.entropy, name)
        if self.pump.open:
            await self.pump.change(road)
        else:
            self.pump.road = road
            await self.pump.start()
        self._choice.opened(self.now)

    async def step(self, asked: bool) -> bool:
        """From time to time; whether another road is open now. `asked`: an answer is waited for.

        With a single road its trouble is raised; with several the next one is opened.
        """
        choice = self._choice
        assert choice is not None
        target = self._trouble()
        if target is None:
            self.hear()
            target = self._probed(choice)
        if target is None:
            target = choice.look(asked, self.now)
        if target is None:
            self._ask_first(choice)
            return False
        return await self._change()

    def hear(self) -> None:
        """Notice that the road answers, and say so if it is another one than before."""
        contact = self.pump.link.measured().last_contact if self.pump.open else None
        if contact is None or self._choice is None:
            return
        self._choice.heard(contact)
        if self._carried != self.road:
            self._carried = self.road
            self._say(tr("The link goes over {road} now.", road=self.road.words))

    def _trouble(self) -> int | None:
        """What has made the road useless: the next one, or the error where there is no other. What
        could not be taken in here is raised in any case: it is not the road's fault."""
        choice = self._choice
        assert choice is not None
        if not self.pump.open:
            choice.look(True, self.now)
            return choice.at
        self.pump.check_disk()
        try:
            self.pump.check()
        except DiskFull:
            raise
        except XtError as error:
            if len(self.roads) < 2 and not self.patient:
                raise
            self._say_trouble(error)
            return choice.failed()
        return None

    async def _change(self) -> bool:
        """Open the chosen road, or the next that can be opened."""
        assert self._choice is not None
        for _ in self.roads:
            if is_ready(self.road):
                try:
                    await self._open()
                    return True
                except XtError as error:
                    self._say_trouble(error)
            self._choice.failed()
        await asyncio.sleep(1.0)
        return False

    # The way back to the first road

    def _ask_first(self, choice: Choice) -> None:
        """On another road: ask over UDP whether the hub answers there."""
        due = self._probe is None and choice.probe_due(self.now)
        if due and self.roads[0].kind == "udp" and self.pump.open:
            self._probe = asyncio.create_task(self._ask_udp(self.roads[0]))

    def _probed(self, choice: Choice) -> int | None:
        if self._probe is None or not self._probe.done():
            return None
        answered, self._probe = self._probe.result(), None
        if not answered and self.pump.open:
            # Should only the answer have been lost: the hub must not send there now.
            self.pump.poll()
        return choice.probed(answered, self.now) if choice.at else None

    async def _ask_udp(self, road: RoadName) -> bool:
        """Whether the hub answers over UDP. The answer is handed to the link."""
        where = road.rest or self.station.settings.hub_address
        try:
            address = await resolve(*parse_address(where))
            opened = await _Asker.open(self.pump, headers(address))
        except (XtError, OSError):
            return False
        try:
            for _ in range(PROBE_TRIES):
                link = self.pump.link
                if not self.pump.open or not isinstance(link, RoadLink):
                    return False
                opened.send(link.question(), address)
                if await opened.answered(PROBE_WAIT_SECONDS):
                    return True
            return False
        finally:
            opened.close()

    # Telling

    def _say(self, text: str) -> None:
        if self._tell is not None:
            self._tell(RoadChange(self.road.text, text, self.station.clock()))

    def _say_trouble(self, error: XtError) -> None:
        """A road's trouble, once in a while."""
        text, now = str(error), self.now
        if now - self._told.get(text, -TROUBLE_SECONDS) >= TROUBLE_SECONDS:
            self._told[text] = now
            self._say(text)

    async def close(self) -> None:
        """Close the road."""
        if self._probe is not None:
            self._probe.cancel()
            await asyncio.gather(self._probe, return_exceptions=True)
        await self.pump.close()


class _Asker(asyncio.DatagramProtocol):
    """A socket for one question."""

    def __init__(self, pump: Pump, overhead: int) -> None:
        self.pump = pump
        self._overhead = overhead
        self._heard = asyncio.Event()
        self._transport: asyncio.DatagramTransport | None = None

    @classmethod
    async def open(cls, pump: Pump, overhead: int) -> _Asker:
        import socket

        loop = asyncio.get_running_loop()
        anywhere = ("::", 0) if overhead > 28 else ("0.0.0.0", 0)
        family = socket.AF_INET6 if overhead > 28 else socket.AF_INET
        transport, made = await loop.create_datagram_endpoint(
            lambda: cls(pump, overhead), local_addr=anywhere, family=family
        )
        made._transport = transport
        return made

    def datagram_received(self, data: bytes, addr: object) -> None:
        if self.pump.take(data, self._overhead):
            self._heard.set()

    def send(self, datagram: bytes, address: tuple[object, ...]) -> None:
        assert self._transport is not None
        self.pump.count_out(len(datagram) + self._overhead)
        self._transport.sendto(datagram, address)

    async def answered(self, seconds: float) -> bool:
        try:
            await asyncio.wait_for(self._heard.wait(), seconds)
        except TimeoutError:
            return False
        return True

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()


def link_roads(station: StationCore) -> list[RoadName]:
    """The roads of this station that carry its link and could be opened, in their order."""
    return [road for road in all_roads(station) if road.carries_link]


def all_roads(station: StationCore) -> list[RoadName]:
    """Every road of this station."""
    return [RoadName.parse(text) for text in read_roads(station.home, station.settings)]
