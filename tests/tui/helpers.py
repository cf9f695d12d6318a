"""A demo home with a clock that stands still, the app on it, and the screen as lines of text."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from xtcli.errors import XtError
from xtcli.records.ids import RecordId
from xtcli.records.types import Body
from xtcli.station.home import Home
from xtcli.station.station import Station
from xtcli.tui.app import XtApp
from xtcli.tui.demo import Realm, make_home

NOW = 1_795_300_000.0
PATIENCE_SECONDS = 90.0


class Clock:
    """Stands still unless a test moves it."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> float:
        return self.now


def seeded() -> Callable[[int], bytes]:
    """The same bytes in every run."""
    return random.Random(7).randbytes


def station_at(root: Path, clock: Callable[[], float] | None = None) -> Station:
    """The station that lives in `root`."""
    return Station(Home(root), clock=clock or Clock(), entropy=random.Random(11).randbytes)


def demo(root: Path, kind: str) -> Path:
    """A home with the sample cases."""
    make_home(root, kind, NOW, seeded())
    return root


def arrive(root: Path, realm: Realm, body: Body, who: int, case: RecordId | None) -> RecordId:
    """Something that another station signed comes into the home's log, by another process."""
    record = realm.sign(body, who, case, at=NOW - 1)
    station = station_at(root)
    try:
        assert station.log.admit(record, station.roster, at=int(NOW), via="test").new
    finally:
        station.close()
    return record.id


def app_on(root: Path, clock: Callable[[], float] | None = None) -> XtApp:
    """The app on a home, talking to no hub."""
    return XtApp(lambda: station_at(root, clock), sync=False)


def case_of(station: Station, name: str) -> RecordId:
    """The newest case of a patient."""
    return station.cases(everything=True, search=name)[0].case


def lines(app: XtApp) -> list[str]:
    """What is on the screen, line by line, without spaces at the ends."""
    strips = app.screen._compositor.render_strips()
    return ["".join(segment.text for segment in strip).rstrip() for strip in strips]


def shown(app: XtApp) -> str:
    """What is on the screen as one text."""
    return "\n".join(lines(app))


async def until(pilot: Pilot[Any], condition: Callable[[], bool], what: str = "") -> None:
    """Wait until something is true; fails with what is on the screen when it never is. Threads do
    much of it, and a busy machine lets them wait."""
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        if condition():
            return
        await pilot.pause(0.02)
    app = pilot.app
    assert isinstance(app, XtApp)
    raise AssertionError(f"{what or condition} did not happen; on the screen:\n{shown(app)}")


async def watched(pilot: Pilot[Any]) -> None:
    """Wait until the app's own thread looks at the log: what arrives from then on is news."""
    app = pilot.app
    assert isinstance(app, XtApp)
    await until(pilot, lambda: app.status is not None, "the first look at the log")


async def see(pilot: Pilot[Any], text: str) -> None:
    """Wait until `text` stands on the screen."""
    app = pilot.app
    assert isinstance(app, XtApp)
    await until(pilot, lambda: text in shown(app), text)


async def type_text(pilot: Pilot[Any], text: str) -> None:
    """Type characters one by one, as a terminal sends them after an input method."""
    await pilot.press(*("space" if sign == " " else sign for sign in text))


async def run(
    app: XtApp, play: Callable[[Pilot[Any]], Awaitable[None]], size: tuple[int, int] = (80, 24)
) -> None:
    """Run the app without a terminal and let `play` press keys."""
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "1" in shown(app), "the first list")
        await play(pilot)


def message(error: XtError) -> str:
    """A failure as a person reads it."""
    return f"{error} {error.advice}"
