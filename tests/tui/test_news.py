"""What has just come is marked in the list for a while, and moves nothing under the cursor."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.tui.helpers import (
    NOW,
    Clock,
    app_on,
    arrive,
    case_of,
    lines,
    run,
    see,
    seeded,
    station_at,
    until,
    watched,
)
from xtcli.records.types import Note
from xtcli.station.desk_lists import NEWS_SECONDS, News
from xtcli.tui.demo import DOCTOR, DOCTOR2, make_home, request_of
from xtcli.tui.samples import SAMPLES
from xtcli.tui.screens.list_screen import ListScreen
from xtcli.tui.widgets.case_list import CaseList

SICK = ("bp=80/50", "pulse=140", "temp=39.5", "spo2=80", "rr=40", "o2=1", "acvpu=V")
STAT = replace(SAMPLES[0], name="新来者")


def row_of(app: Any, name: str) -> str:
    """The line of the list with this name."""
    rows = lines(app)[2:-4]
    return next((line for line in rows if name in line), "")


def test_a_new_row_is_marked_for_a_while(tmp_path: Path) -> None:
    """Sign and colour, and neither once the time is over; the cursor's row stays where it was."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    clock = Clock()
    app = app_on(tmp_path, clock)

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await watched(pilot)
        shown = app.screen.query_one(CaseList)
        held, place = shown.case, lines(app).index(row_of(app, "王小明"))
        assert not any(line.startswith("*") for line in lines(app))
        arrive(tmp_path, realm, request_of(STAT), DOCTOR2, None)
        await until(pilot, lambda: row_of(app, "新来者").startswith("*!!"), "the sign")
        assert shown.case == held
        assert lines(app).index(row_of(app, "王小明")) == place
        new = next(n for n, row in shown._rows.items() if row.name == "新来者")
        marked = shown.render_line(new - shown.in_view[0])
        plain = shown.render_line(new + 1 - shown.in_view[0])
        assert {s.style.bgcolor for s in marked if s.style} != {
            s.style.bgcolor for s in plain if s.style
        }
        clock.now += NEWS_SECONDS + 1
        await until(pilot, lambda: row_of(app, "新来者").startswith(" !!"), "no sign any more")

    asyncio.run(run(app, script, (80, 16)))


def test_what_came_in_above_is_said(tmp_path: Path) -> None:
    """A stat request goes above the cursor's row, out of sight: the line of titles tells."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    app = app_on(tmp_path)

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        shown = app.screen.query_one(CaseList)
        held, place = shown.case, lines(app).index(row_of(app, "王小明"))
        await watched(pilot)
        arrive(tmp_path, realm, request_of(replace(STAT, vitals=SICK)), DOCTOR2,
               None)  # fmt: skip
        await see(pilot, "^ 1 new above")
        assert shown.case == held
        assert lines(app).index(row_of(app, "王小明")) == place
        await pilot.press("home")
        await until(pilot, lambda: "new above" not in lines(app)[1])
        assert row_of(app, "新来者").startswith("*!!")

    asyncio.run(run(app, script, (80, 12)))


def test_news_in_a_known_case(tmp_path: Path) -> None:
    """New findings in a case mark its row too; what one writes oneself does not."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    station = station_at(tmp_path)
    news = News(station)
    case, other = case_of(station, "王小明"), case_of(station, "其其格")
    station.open_case(other)
    assert news.look() == {}
    arrive(tmp_path, realm, Note("胸痛加重"), DOCTOR, case)
    assert news.look() == {case: NOW + NEWS_SECONDS}
    assert news.look() == {case: NOW + NEWS_SECONDS}


def test_marks_wait_until_the_list_is_seen(tmp_path: Path) -> None:
    """What comes while a case is read is marked when the list is there again."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    app = app_on(tmp_path)

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await pilot.press("enter")
        await see(pilot, "complaint")
        arrive(tmp_path, realm, request_of(STAT), DOCTOR2, None)
        await see(pilot, "新来者")  # the notice
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, ListScreen))
        await until(pilot, lambda: row_of(app, "新来者").startswith("*!!"))

    asyncio.run(run(app, script, (80, 24)))
