"""A request that continues an earlier case: the link is signed, checked and shown in both cases."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.helpers import app_on, case_of, demo, run, see, station_at, type_text, until
from xtcli.errors import NotFound, UsageError
from xtcli.lang import choose
from xtcli.records.log import Log
from xtcli.records.values import Patient, Sex
from xtcli.station import desk_follow
from xtcli.station.desk_lists import CaseLists, Show, Wanted
from xtcli.station.forms import RequestForm
from xtcli.station.station import Station
from xtcli.tui.screens.request import RequestScreen
from xtcli.tui.widgets import columns

NAME = "王小明"


@pytest.fixture
def post(tmp_path: Path) -> Station:
    return station_at(demo(tmp_path / "post", "post"))


def form(station: Station, parent: str) -> RequestForm:
    """A follow-up with what a person types; who it is comes from the case."""
    made = RequestForm(complaint="复诊，血压偏高", question="需要调药吗？", vital=["bp=150/92"],
                       allergy="无", parent=parent)  # fmt: skip
    desk_follow.fill_in(station, made)
    return made


def test_both_cases_know_of_it(post: Station) -> None:
    """The new case names the old one, the old one lists the new one, the row has a sign."""
    first = case_of(post, NAME)
    second = post.file(form(post, str(first))).case
    assert post.case(second).body.parent == first
    assert desk_follow.continued_by(post, first) == [second]
    assert desk_follow.parent_of(post, post.case(second)).id == first  # type: ignore[union-attr]
    assert post.case_document(post.case(second))["parent"] == str(first)
    assert post.case_document(post.case(first))["continued_by"] == [str(second)]
    rows = CaseLists(post).page(Wanted(show=Show.ALL), 0, 50)
    row = next(row for row in rows if row.case == second)
    assert columns.complaint(row, 0)[0] == "f/u 复诊，血压偏高"
    choose("zh")
    assert columns.complaint(row, 0)[0].startswith("复诊 ")


def test_the_patient_is_taken_over_the_findings_are_not(post: Station) -> None:
    """Name, birth date and department come from the case; complaint and vitals never."""
    made = RequestForm(parent=str(case_of(post, NAME)))
    desk_follow.fill_in(post, made)
    assert (made.patient, made.born, made.dept) == (NAME, "1958-03-12", "心内科")
    assert (made.complaint, made.vital, made.allergy) == ("", [], "")
    typed = RequestForm(parent=made.parent, patient="王晓明")
    desk_follow.fill_in(post, typed)
    assert typed.patient == "王晓明"


def test_another_patient_is_refused(post: Station) -> None:
    """A link to somebody else's case would show one person's findings in another's file."""
    made = form(post, str(case_of(post, "张建国")))
    made.patient, made.born, made.phone = NAME, "1958-03-12", ""
    before = post.log.own_head()
    with pytest.raises(UsageError, match="another patient"):
        post.file(made)
    assert post.log.own_head() == before


def test_a_case_that_is_not_here_is_refused(post: Station) -> None:
    """A number mistyped is told before anything is signed."""
    with pytest.raises(NotFound, match="9-99"):
        desk_follow.fill_in(post, RequestForm(parent="9-99"))
    made = form(post, str(case_of(post, NAME)))
    made.parent = "2-9999"
    with pytest.raises(NotFound):
        post.file(made)
    with pytest.raises(UsageError, match="not a record number"):
        desk_follow.fill_in(post, RequestForm(parent="yesterday"))


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (Patient("李 明", Sex.MALE, 19600000), True),
        (Patient("李明", Sex.MALE, 19600305, phone="1"), True),
        (Patient("李明", Sex.MALE, 19610305, phone="139"), True),
        (Patient("李明", Sex.MALE, 19610305), False),
        (Patient("李鸣", Sex.MALE, 19600305), False),
        (Patient("李明", Sex.MALE, phone="138"), False),
    ],
)
def test_who_counts_as_the_same(other: Patient, same: bool) -> None:
    """The name and a birth date as far as known, or the name and the phone."""
    known = Patient("李明", Sex.MALE, 19600305, phone="139")
    assert desk_follow.same_patient(known, other) is same
    assert desk_follow.same_patient(other, known) is same


def test_from_the_case_by_keys(tmp_path: Path) -> None:
    """F3 in a case at a post; the form says what it continues; both cases show it when signed."""
    home = demo(tmp_path / "post", "post")
    app = app_on(home)

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, NAME)
        await pilot.press("enter")
        await see(pilot, "complaint")
        await pilot.press("f3")
        await until(pilot, lambda: isinstance(app.screen, RequestScreen))
        await see(pilot, "follow-up of case")
        await type_text(pilot, "复诊")
        await pilot.press("enter")
        await type_text(pilot, "调药？")
        await pilot.press("enter", *"150/92", "f2")
        await see(pilot, "Sign and send this request?")
        await see(pilot, "follow-up of case")
        await pilot.press("enter")
        await see(pilot, "continued in")
        await pilot.press("5")
        await see(pilot, "> ")
        await pilot.press("escape")
        await see(pilot, "f/u 复诊")

    asyncio.run(run(app, script))
    station = station_at(home)
    newest = station.case(case_of(station, NAME))
    assert newest.body.parent is not None
    assert newest.body.complaint == "复诊"


def test_a_draft_keeps_the_link(tmp_path: Path) -> None:
    """A follow-up that was interrupted is still a follow-up when it is taken up again."""
    home = demo(tmp_path / "post", "post")
    app = app_on(home)

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, NAME)
        await pilot.press("enter")
        await see(pilot, "complaint")
        await pilot.press("f3")
        await see(pilot, "follow-up of case")
        await type_text(pilot, "复诊")
        await pilot.press("escape", "enter", "escape", "f2")
        await see(pilot, "Draft of")
        await pilot.press("down", "enter")
        await see(pilot, "follow-up of case")
        screen = app.screen
        assert isinstance(screen, RequestScreen)
        assert screen.request_form().parent == str(case_of(app.station, NAME))

    asyncio.run(run(app, script))


def test_from_the_command_line(tmp_path: Path) -> None:
    """`xt request --parent` needs no patient; `xt show` names the link both ways."""
    home = demo(tmp_path / "post", "post")
    first = case_of(station_at(home), NAME)

    def xt(*arguments: str) -> str:
        env = {**os.environ, "XT_HOME": str(home), "XT_LANG": "en"}
        done = subprocess.run([sys.executable, "-m", "xtcli", *arguments], env=env, text=True,
                              capture_output=True, check=False)  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout

    said = xt("request", "--parent", str(first), "--complaint", "复诊", "--question", "调药？",
              "--vital", "bp=150/92", "--allergy", "无")  # fmt: skip
    second = said.split()[0]
    assert NAME in said
    assert f"Follow-up of case {first}" in xt("show", second)
    assert f"Continued in {second}" in xt("show", str(first))


def test_a_log_of_the_format_before_is_brought_up(tmp_path: Path) -> None:
    """The table of cases gets its new columns; everything that was there stays."""
    home = demo(tmp_path / "post", "post")
    station = station_at(home)
    before, path, own = station.cases(everything=True), station.home.log_path, station.number
    station.close()
    with sqlite3.connect(path) as db:
        for index in ("cases_parent", "refused_digest", "held_why", "early_last"):
            db.execute(f"DROP INDEX {index}")
        db.execute("DROP TABLE heard")
        db.execute("CREATE INDEX early_station ON early (station)")
        db.execute("ALTER TABLE refused DROP COLUMN digest")
        db.execute("ALTER TABLE cases DROP COLUMN parent_station")
        db.execute("ALTER TABLE cases DROP COLUMN parent_seq")
        db.execute("PRAGMA user_version=2")
    db.close()
    Log(path, own=own).close()
    again = station_at(home)
    assert again.cases(everything=True) == before
    assert desk_follow.continued_by(again, again.file(form(again, str(before[0].case))).case) == []
