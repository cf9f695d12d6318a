"""The screens, played with keys against real stations: what a person does, and what is signed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.helpers import (
    NOW,
    Clock,
    app_on,
    arrive,
    case_of,
    demo,
    run,
    see,
    seeded,
    shown,
    station_at,
    type_text,
    until,
    watched,
)
from xtcli.lang import choose
from xtcli.records.case import State
from xtcli.records.types import Kind, Note, Request
from xtcli.station.drafts import Drafts
from xtcli.tui.app import XtApp
from xtcli.tui.demo import DOCTOR, DOCTOR2, make_home, request_of
from xtcli.tui.samples import SAMPLES
from xtcli.tui.screens.answer import AnswerScreen
from xtcli.tui.screens.case import CaseScreen
from xtcli.tui.screens.list_screen import ListScreen
from xtcli.tui.screens.request import RequestScreen
from xtcli.tui.widgets.case_list import CaseList

Play = Callable[[Pilot[Any]], Awaitable[None]]


def play(root: Path, script: Play, size: tuple[int, int] = (80, 24)) -> XtApp:
    """Run a script of keys on a home."""
    app = app_on(root)
    asyncio.run(run(app, script, size))
    return app


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return demo(tmp_path / "desk", "desk")


@pytest.fixture
def post(tmp_path: Path) -> Path:
    return demo(tmp_path / "post", "post")


def top(pilot: Pilot[Any], kind: type) -> Callable[[], bool]:
    """Whether a screen of this kind is on top."""
    return lambda: isinstance(pilot.app.screen, kind)


async def open_first(pilot: Pilot[Any]) -> None:
    """Open the case under the cursor and wait until it is drawn."""
    await see(pilot, "王小明")
    await pilot.press("enter")
    await until(pilot, top(pilot, CaseScreen))
    await see(pilot, "complaint")


def test_opening_a_case_is_signed(desk: Path) -> None:
    """The post learns that somebody has it; reading again writes nothing more."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("escape")
        await open_first(pilot)

    play(desk, script)
    station = station_at(desk)
    case = station.case(case_of(station, "王小明"))
    opened = [e for e in case.entries if e.record.kind is Kind.OPENED]
    assert len(opened) == 1
    assert case.state is State.OPENED


def test_a_post_reads_without_signing(post: Path) -> None:
    """Looking at one's own request states nothing."""
    station = station_at(post)
    before = station.log.own_head()
    play(post, open_first)
    assert station_at(post).log.own_head() == before


def test_identifiers_stay_on_every_page(desk: Path) -> None:
    """Name and birth date stand on the screen whatever is read."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        for page in "2345":
            await pilot.press(page)
            await pilot.pause()
            assert "王小明" in shown(pilot.app)  # type: ignore[arg-type]
            assert "1958-03-12" in shown(pilot.app)  # type: ignore[arg-type]

    play(desk, script)


def test_pages_show_what_they_promise(desk: Path) -> None:
    """Timeline, vitals with ranges and trends, earlier cases."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("2")
        await see(pilot, "乌云医生")
        await pilot.press("3")
        await see(pilot, "90-139")
        await see(pilot, "146 158 138 92")
        await pilot.press("5")
        await see(pilot, "高血压复诊")
        await pilot.press("enter")
        await until(pilot, lambda: len(pilot.app.screen_stack) == 4)

    play(desk, script)


def test_claim_and_release_from_the_queue(desk: Path) -> None:
    """F2 takes, F2 again gives back; both are records."""

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await pilot.press("f2")
        await see(pilot, "*me")

    play(desk, script)
    station = station_at(desk)
    assert station.case(case_of(station, "王小明")).claimed_by == station.settings.practitioner


def test_search_and_filters(desk: Path) -> None:
    """Initials find a patient; Escape brings the queue back; a digit is a filter."""

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "其其格")
        await pilot.press("f3")
        await type_text(pilot, "bte")
        await until(pilot, lambda: "其其格" not in shown(pilot.app))  # type: ignore[arg-type]
        await see(pilot, "巴特尔")
        await pilot.press("escape")
        await pilot.press("5")
        await see(pilot, "[5 answered")
        await see(pilot, "张建国")

    play(desk, script)


def test_an_answer_by_keys_alone(desk: Path) -> None:
    """Diagnosis by initials, advice, a prescription line, stay, sign; the draft is gone."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f2")
        await until(pilot, top(pilot, AnswerScreen))
        await type_text(pilot, "gxy")
        await see(pilot, "I10.x00x002")
        await pilot.press("enter", "enter")
        await type_text(pilot, "低盐饮食")
        await pilot.press("enter")
        for part in ("氨氯地平", "5mg", "po", "qd", "7"):
            await type_text(pilot, part)
            await pilot.press("enter")
        await see(pilot, "Rx 1.")
        await pilot.press("enter", "right", "f2")
        await see(pilot, "Sign this answer")
        assert shown(pilot.app).count("1958-03-12") >= 1  # type: ignore[arg-type]
        await pilot.press("enter")
        await until(pilot, top(pilot, CaseScreen))

    play(desk, script)
    station = station_at(desk)
    case = station.case(case_of(station, "王小明"))
    assert case.answer is not None
    body = case.answer.body
    assert body.advice == "低盐饮食"
    assert [d.code for d in body.diagnoses] == ["I10.x00x002"]
    assert [(r.drug, r.dose, r.days) for r in body.rx] == [("氨氯地平", "5mg", 7)]
    assert body.seen == station.seen(case)
    drafts = Drafts(station.home, Clock(), seeded())
    assert drafts.load(drafts.of_answer(case.id)) is None


def test_news_before_signing(tmp_path: Path) -> None:
    """What came while the answer was written stands in the dialog, and is then part of it."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    station = station_at(tmp_path)
    case = case_of(station, "王小明")

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f2")
        await until(pilot, top(pilot, AnswerScreen))
        await pilot.press("enter")
        await type_text(pilot, "转院")
        note = arrive(tmp_path, realm, Note("胸痛加重"), DOCTOR, case)
        await see(pilot, "Something new came")
        for _ in range(2):
            await pilot.press("enter")
        await pilot.press("right", "f2")
        await see(pilot, "NEW since you opened")
        await see(pilot, "胸痛加重")
        await pilot.press("enter")
        await until(pilot, top(pilot, CaseScreen))
        answer = station.case(case).answer
        assert answer is not None
        assert note in answer.body.seen.ids()

    play(tmp_path, script)


def test_an_unfinished_answer_is_a_draft(desk: Path) -> None:
    """Leaving keeps it here, coming back brings it back, and the post sees nothing of it."""

    async def write(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f2")
        await until(pilot, top(pilot, AnswerScreen))
        await type_text(pilot, "gxy")
        await see(pilot, "I10.x00x002")
        await pilot.press("enter", "enter")
        await type_text(pilot, "写到一半")
        await pilot.press("escape")
        await see(pilot, "This was not sent")
        await pilot.press("enter")
        await until(pilot, top(pilot, CaseScreen))

    async def again(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f2")
        await see(pilot, "写到一半")
        await see(pilot, "* I10.x00x002")

    play(desk, write)
    station = station_at(desk)
    assert station.case(case_of(station, "王小明")).answer is None
    assert not [r for r in station.log.of_kinds([Kind.ANSWER]) if "写到一半" in str(r.body)]
    play(desk, again)


async def fill_request(pilot: Pilot[Any]) -> None:
    """A whole new request by Enter and arrow keys alone."""
    await pilot.press("f2")
    await until(pilot, top(pilot, RequestScreen))
    await type_text(pilot, "孟根花")
    await pilot.press("enter", "right", "right", "enter")
    await type_text(pilot, "1971-02-03")
    await pilot.press("enter", "enter", "enter")
    await type_text(pilot, "白音查干")
    await pilot.press("enter", "right", "enter", "enter")
    await type_text(pilot, "头晕3天")
    await pilot.press("enter")
    await type_text(pilot, "需要调药吗")
    await pilot.press("enter")
    for value in ("165/95", "88", "36.8", "96"):
        await type_text(pilot, value)
        await pilot.press("enter")
    for _ in range(5):
        await pilot.press("enter")
    await type_text(pilot, "无")


def test_a_request_by_keys_alone(post: Path) -> None:
    """Typed, checked as typed, shown with two identifiers, signed."""

    async def script(pilot: Pilot[Any]) -> None:
        await fill_request(pilot)
        await see(pilot, "ready to sign")
        await pilot.press("f2")
        await see(pilot, "Sign and send")
        await see(pilot, "孟根花   1971-02-03")
        await pilot.press("enter")
        await until(pilot, top(pilot, ListScreen))
        await see(pilot, "孟根花")
        await see(pilot, "saved here")

    play(post, script)
    station = station_at(post)
    case = station.case(case_of(station, "孟根花"))
    assert isinstance(case.request.body, Request)
    assert case.body.question == "需要调药吗"
    assert len(case.body.vitals) == 5
    assert Drafts(station.home, Clock(), seeded()).all() == []


def test_an_incomplete_request_is_not_signed(post: Path) -> None:
    """F2 goes to what is missing and says so."""

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f2")
        await until(pilot, top(pilot, RequestScreen))
        await type_text(pilot, "甲")
        await pilot.press("f2")
        await see(pilot, "still empty")
        assert top(pilot, RequestScreen)()

    before = station_at(post).log.own_head()
    play(post, script)
    assert station_at(post).log.own_head() == before


def test_vitals_are_checked_as_typed(post: Path) -> None:
    """A high pressure is flagged, an impossible one refused in words."""

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f2")
        await until(pilot, top(pilot, RequestScreen))
        screen = pilot.app.screen
        assert isinstance(screen, RequestScreen)
        screen.field("born").put("1958")
        screen.field("bp").editor.focus()
        await type_text(pilot, "165/95")
        await see(pilot, "^ mmHg")
        screen.field("temp").editor.focus()
        await type_text(pilot, "99")
        await see(pilot, "impossible")

    play(post, script, (120, 40))


def test_a_follow_up_knows_the_patient(post: Path) -> None:
    """From an earlier case: who it is is filled in and the cursor waits at the complaint."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f3")
        await until(pilot, top(pilot, RequestScreen))
        await type_text(pilot, "复诊")
        screen = pilot.app.screen
        assert isinstance(screen, RequestScreen)
        assert screen.value("patient") == "王小明"
        assert screen.value("complaint") == "复诊"
        assert screen.value("bp") == ""

    play(post, script)


def test_drafts_of_requests_are_offered(post: Path) -> None:
    """A request that was interrupted is offered again, beside a new one."""

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f2")
        await until(pilot, top(pilot, RequestScreen))
        await type_text(pilot, "半途")
        await pilot.press("escape")
        await see(pilot, "Keep the draft")
        await pilot.press("enter")
        await until(pilot, top(pilot, ListScreen))
        await pilot.app.workers.wait_for_complete()
        app = pilot.app
        assert isinstance(app, XtApp)
        app.keeper.flush()
        await pilot.press("f2")
        await see(pilot, "Draft of")
        await pilot.press("down", "enter")
        await until(pilot, top(pilot, RequestScreen))
        await see(pilot, "半途")

    play(post, script)


def test_done_and_not_done(post: Path) -> None:
    """Reading an answer ends in what was done about it, which is a record."""

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f3")
        await type_text(pilot, "zjg")
        await see(pilot, "张建国")
        await until(pilot, lambda: pilot.app.screen.query_one(CaseList).count == 1)
        await pilot.press("enter", "enter")
        await see(pilot, "ANSWER 1")
        await pilot.press("f2")
        await see(pilot, "What became of the advice")
        await pilot.press("right", "enter")
        await type_text(pilot, "药没了")
        await pilot.press("f2")
        await see(pilot, "Saved here")

    play(post, script)
    station = station_at(post)
    case = station.case(case_of(station, "张建国"))
    body: Any = case.acks[-1].body
    assert (body.done, body.text) == (False, "药没了")


def test_dispensing_happens_once(post: Path) -> None:
    """Through the menu of actions; the second time it is not offered."""

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f3")
        await type_text(pilot, "张建国")
        await until(pilot, lambda: pilot.app.screen.query_one(CaseList).count == 1)
        await pilot.press("enter", "enter")
        await see(pilot, "ANSWER 1")
        await pilot.press("r")
        await see(pilot, "once only")
        await pilot.press("enter")
        await see(pilot, "[dispensed]")
        await pilot.press("enter")
        await see(pilot, "Close the case")
        assert "Dispense" not in shown(pilot.app)  # type: ignore[arg-type]

    play(post, script)


def test_a_note_with_vitals(post: Path) -> None:
    """New vital signs reach the case, and wrong ones are told without being signed."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f5")
        await see(pilot, "Note; vital")
        await type_text(pilot, "好转")
        await pilot.press("enter")
        await type_text(pilot, "bp=130/80 spo2=97")
        await pilot.press("f2")
        await see(pilot, "Saved here")

    play(post, script)
    station = station_at(post)
    notes = [e.record.body for e in station.case(case_of(station, "王小明")).entries
             if isinstance(e.record.body, Note)]  # fmt: skip
    assert [note.text for note in notes] == ["好转"]
    assert len(notes[0].vitals) == 3


def test_a_new_request_rings_and_leaves_the_cursor(tmp_path: Path) -> None:
    """It appears above, the cursor stays on its case at its place, the focus where it was."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    bells: list[int] = []

    async def script(pilot: Pilot[Any]) -> None:
        app = pilot.app
        app.bell = lambda: bells.append(1)  # type: ignore[method-assign]
        await see(pilot, "其其格")
        await pilot.press("down", "down")
        shown_list = app.screen.query_one(CaseList)
        held, count = shown_list.case, shown_list.count
        focused = app.focused
        await watched(pilot)
        arrive(tmp_path, realm, request_of(SAMPLES[0]), DOCTOR2, None)
        await until(pilot, lambda: shown_list.count == count + 1, "the new request")
        assert shown_list.case == held
        assert app.focused is focused
        await until(pilot, lambda: bool(bells), "the bell")

    play(tmp_path, script)


def test_typing_goes_on_while_things_arrive(tmp_path: Path) -> None:
    """Nothing that comes takes the cursor out of a field or a letter out of a word."""
    realm = make_home(tmp_path, "desk", NOW, seeded())

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "其其格")
        await pilot.press("f3")
        for number, sign in enumerate("高血压糖尿病"):
            await pilot.press(sign)
            if number % 2:
                arrive(tmp_path, realm, request_of(SAMPLES[number]), DOCTOR2, None)
        await pilot.pause(0.5)
        assert pilot.app.screen.query_one("#search", Input).value == "高血压糖尿病"

    play(tmp_path, script)


def test_help_lists_every_key(desk: Path) -> None:
    """Also those that do not fit on the line of keys."""

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await pilot.press("f1")
        await see(pilot, "Keys")
        await see(pilot, "F12")

    play(desk, script, (100, 50))


def test_themes_turn(desk: Path) -> None:
    """F12 goes round; the highest contrast is among them."""

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        seen = set()
        for _ in range(3):
            seen.add(pilot.app.theme)
            await pilot.press("f12")
        assert seen == {"xt-dark", "xt-light", "xt-contrast"}

    play(desk, script)


def test_every_action_of_the_menu_opens_something(desk: Path) -> None:
    """No entry of the menu ends in a fault of the program."""
    station = station_at(desk)
    case = case_of(station, "王小明")
    station.claim(case)

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, CaseScreen)
        for name, _ in screen.offers():
            getattr(screen, f"action_{name}")()
            await pilot.pause(0.1)
            while pilot.app.screen is not screen:
                await pilot.press("escape")
                await pilot.pause(0.05)

    play(desk, script)


def test_mouse(desk: Path) -> None:
    """A click chooses a row, a second one opens it; the keys on the last line can be clicked."""

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "其其格")
        await pilot.click(CaseList, offset=(10, 1))
        await see(pilot, "巴彦淖尔苏木")
        await pilot.click(CaseList, offset=(10, 1))
        await until(pilot, top(pilot, CaseScreen))

    play(desk, script)


def test_chinese_fits(desk: Path) -> None:
    """No line is wider than the window in Chinese either."""
    from rich.cells import cell_len

    from tests.tui.helpers import lines

    choose("zh")

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "待答复")
        for key in ("down", "enter", "3", "f2"):
            await pilot.press(key)
            await pilot.pause(0.1)
            app = pilot.app
            assert isinstance(app, XtApp)
            assert all(cell_len(line) <= 80 for line in lines(app))

    play(desk, script)
