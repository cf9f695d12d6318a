"""A realm in virtual time in which nothing goes wrong by itself, so that a test can do it.

One post and two desks of two departments on fast roads. `let(seconds)` lets time pass.
"""

from __future__ import annotations

from pathlib import Path

from tests.sim.nodes import Outpost
from tests.sim.people import DEPTS
from tests.sim.world import World
from xtcli.hub.hub import HubStation
from xtcli.records.ids import RecordId
from xtcli.station.forms import AnswerForm, RequestForm
from xtcli.station.station import Station
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES, Profile

NAME, COMPLAINT = "其其格", "胸闷3天，活动后加重"


class Calm(World):
    """See the module. Leave it with `close`."""

    def __init__(self, folder: Path) -> None:
        """A hub that runs, posts, desks."""
        super().__init__(1, folder / "realm", "lan")
        self._start(self.hub)
        self.post = self._of("post")[0]
        self.other_post = self._of("post")[1]
        self.desk, self.other_desk = self._of("desk")
        self.let(5)

    def _of(self, kind: str) -> list[Outpost]:
        return [one for one in self.outposts.values() if one.kind == kind]

    def _road(self, number: int, profile: Profile) -> Duplex:
        return Duplex(PROFILES["lan"], seed=number)

    def let(self, seconds: float) -> None:
        """Time passes; everybody looks at the log first."""
        for outpost in self.outposts.values():
            outpost.look()
        self.run_until(self.clock.at + seconds)

    @property
    def hub_station(self) -> HubStation:
        """The hub's station; it must run."""
        assert self.hub.station is not None
        return self.hub.station

    def file(self, *, vital: tuple[str, ...] = ("bp=150/90",)) -> RecordId:
        """A request by the post for the first desk."""
        return at(self.post).file(form(vital=vital)).case

    def answered(self, *rx: str, expires: str = "") -> RecordId:
        """A case that went to the desk, was answered, and came back."""
        case = self.file()
        self.let(5)
        at(self.desk).open_case(case)
        at(self.desk).answer(case, an_answer(*rx, expires=expires))
        self.let(5)
        return case


def at(outpost: Outpost) -> Station:
    """The station of a process that runs."""
    assert outpost.station is not None
    return outpost.station


def form(*, born: str = "1962-05-01", vital: tuple[str, ...] = ("bp=150/90",)) -> RequestForm:
    """A filled-in request."""
    return RequestForm(
        patient=NAME, sex="f", born=born, dept=DEPTS[0], complaint=COMPLAINT, allergy="无",
        question="是否需要转诊", vital=list(vital),
    )  # fmt: skip


def an_answer(
    *rx: str, expires: str = "", reason: str = "", advice: str = "卧床休息"
) -> AnswerForm:
    """A filled-in answer."""
    return AnswerForm(advice=advice, disposition="stay", rx=list(rx), expires=expires,
                      reason=reason)  # fmt: skip
