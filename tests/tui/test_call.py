"""Calls on the screens: what rings, what its keys mean, what was missed, what a call looks like.

Rings, refusals and calls come from a second station over a real hub. This machine's sound devices
are taken away, so that every machine sees what one without them does; `test_call_terminal` has
them.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual._xterm_parser import XTermParser
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input

from tests.calls.realm import sync
from tests.calls.test_call import DESK_SAYS, Caller, World
from tests.tui.helpers import app_on, case_of, demo, lines, run, see, shown, station_at, until
from xtcli.lang import choose
from xtcli.media.call.events import Summary
from xtcli.media.call.ladder import RUNGS
from xtcli.records.ids import RecordId
from xtcli.station import calls_missed, shell
from xtcli.station.calls_about import CallAbout, about
from xtcli.station.calls_missed import Missed
from xtcli.station.calls_values import CallOptions, CallReport, CallView
from xtcli.station.happenings import Happening
from xtcli.station.home import Home
from xtcli.station.station import Station
from xtcli.tui import key_release
from xtcli.tui.app import XtApp
from xtcli.tui.call_thread import CallThread
from xtcli.tui.calling import Calls, CallShown, Stage
from xtcli.tui.messages import CallHeard
from xtcli.tui.screens.call import CallScreen, call_text
from xtcli.tui.screens.case import CaseScreen
from xtcli.tui.screens.request import RequestScreen
from xtcli.tui.widgets.level import meter
from xtcli.tui.widgets.ring_bar import DRAWN, CallBar, keys_of
from xtcli.tui.widgets.wave import wave

Play = Callable[[Pilot[Any], XtApp], Awaitable[None]]
NAME, BORN = "苏日娜", "1961-04-09"
CASE = RecordId(4, 1)
ABOUT = CallAbout(CASE, ("陈玉兰", "1958-03-12"), "白音查干卫生室 乌云医生")


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A hub, a post, a desk, one case; no sound devices in this process."""
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    made = World(tmp_path)
    yield made
    made.realm.close()


def play(station: Station, script: Play, size: tuple[int, int] = (80, 24)) -> None:
    """Run the screens of a station, connected to its hub."""
    root = station.home.root
    app = XtApp(lambda: Station(Home(root), clock=shell.now, entropy=shell.entropy))

    async def whole() -> None:
        async with app.run_test(size=size, notifications=True) as pilot:
            await see(pilot, NAME)
            await until(pilot, lambda: (root / "line.json").exists(), "the link")
            await script(pilot, app)

    asyncio.run(whole())


def stage(app: XtApp) -> Stage:
    return app.calls.stage


def test_a_ring_takes_no_focus_and_is_declined(world: World) -> None:
    """Over a form: the strip says who and about whom, letters go on into the field, F8 refuses."""

    async def script(pilot: Pilot[Any], app: XtApp) -> None:
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, RequestScreen))
        await pilot.press("王")
        focused = app.focused
        caller = world.call(world.desk, DESK_SAYS)
        await see(pilot, "F9 take the call")
        await see(pilot, BORN)
        assert NAME in shown(app)
        await pilot.press("小")
        assert app.focused is focused
        assert isinstance(focused, Input)
        assert focused.value == "王小"
        await until(pilot, lambda: app.calls.armed)
        await pilot.press("f8")
        await until(pilot, lambda: stage(app) is Stage.NOTHING)
        await until(pilot, lambda: not list(app.screen.query(CallBar)))
        await pilot.press("明")
        assert focused.value == "王小明"
        report = await asyncio.to_thread(caller.wait)
        assert report.reason == "declined"
        assert not report.answered

    play(world.post, script)


def test_a_missed_call_is_shown_until_its_case_is_opened(world: World) -> None:
    """On the list, after a restart too; opening the case is having seen it."""

    async def missed(pilot: Pilot[Any], app: XtApp) -> None:
        caller = world.call(world.desk, DESK_SAYS)
        await see(pilot, "F9 take the call")
        caller.hang_up()
        await see(pilot, "Missed call from 诊台")
        await asyncio.to_thread(caller.wait)

    async def seen(pilot: Pilot[Any], app: XtApp) -> None:
        await see(pilot, "Missed call from 诊台")
        await see(pilot, BORN)
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, CaseScreen))
        assert app.calls.missed == ()
        await pilot.press("escape")
        await until(pilot, lambda: not list(app.screen.query(CallBar)))
        assert "Missed" not in shown(app)

    play(world.post, missed)
    assert [m.case for m in calls_missed.missed(world.post.home)] == [world.case]
    play(world.post, seen)
    assert calls_missed.missed(world.post.home) == ()


def test_a_wish_to_be_called_stands_on_the_queue(world: World) -> None:
    """A post whose case nobody is on asks the department; F8 puts the line away."""
    case = world.post.file(_form("巴雅尔")).case
    sync(world.post, world.desk)

    async def script(pilot: Pilot[Any], app: XtApp) -> None:
        caller = Caller(world.post, case, file=DESK_SAYS, out=world.root / "none.wav")
        await see(pilot, "卫生室 asks to be called")
        await see(pilot, "巴雅尔")
        await pilot.press("f8")
        await until(pilot, lambda: not list(app.screen.query(CallBar)))
        caller.hang_up()
        await asyncio.to_thread(caller._thread.join, 30)

    play(world.desk, script)


def _form(name: str) -> Any:
    from tests.calls.realm import REQUEST
    from xtcli.station.forms import RequestForm

    return RequestForm.from_document({**REQUEST, "patient": name, "phone": "13904711111"})


def test_without_sound_devices_there_is_one_sentence(world: World) -> None:
    """F9 in a case asks with both identifiers, then says what is missing; nobody was rung."""

    async def script(pilot: Pilot[Any], app: XtApp) -> None:
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CaseScreen))
        await see(pilot, "complaint")
        await pilot.press("f9")
        await see(pilot, "Call 诊台 医生诊台?")
        assert BORN in shown(app)
        await pilot.press("enter")
        await see(pilot, "PortAudio is not installed")
        assert stage(app) is Stage.OVER
        await pilot.press("f9")
        await until(pilot, lambda: stage(app) is Stage.NOTHING)
        await until(pilot, lambda: not list(app.screen.query(CallBar)))

    play(world.post, script)


def test_a_call_taken_from_the_list_fills_the_screen(world: World) -> None:
    """F9 on the list opens the call's screen; Enter goes on to its case, the strip above it."""

    async def script(pilot: Pilot[Any], app: XtApp) -> None:
        caller = world.call(world.desk, DESK_SAYS)
        await see(pilot, "F9 take the call")
        await pilot.press("f9")
        await until(pilot, lambda: isinstance(app.screen, CallScreen))
        await see(pilot, "PortAudio is not installed")
        await see(pilot, NAME)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CaseScreen))
        await until(pilot, lambda: bool(list(app.screen.query(CallBar))))
        caller.hang_up()
        await asyncio.to_thread(caller._thread.join, 30)

    play(world.post, script)


def test_whom_a_call_would_ring(world: World) -> None:
    """Before it: the station and the practitioner who is on the case, or nobody yet."""
    found = about(world.post, world.case)
    assert found.identifiers == (NAME, BORN)
    assert found.who == "诊台 医生诊台"
    assert about(world.desk, world.case).who == "卫生室 医生卫生室"
    assert about(world.post, world.post.file(_form("巴雅尔")).case).who == ""


# The controller, without threads


def happening(kind: str, case: RecordId = CASE) -> Happening:
    return Happening(kind, case, case, "诊台", "", True, 1_000.0)


class Now:
    def __init__(self) -> None:
        self.at = 50.0

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def calls(tmp_path: Path) -> tuple[Calls, Now]:
    now, station = Now(), station_at(demo(tmp_path, "post"))
    return Calls(station, lambda: station, now), now


def test_a_key_on_its_way_refuses_nothing(calls: tuple[Calls, Now]) -> None:
    """F8 means "decline" only after the strip has stood there for a moment."""
    made, now = calls
    assert made.heard(happening("ring"))
    assert made.stage is Stage.RING
    assert not made.armed
    now.at += 1.1
    assert made.armed


def test_a_ring_that_nobody_ended_is_forgotten(calls: tuple[Calls, Now]) -> None:
    made, now = calls
    made.heard(happening("ring"))
    now.at += 71
    made.tick()
    assert made.stage is Stage.NOTHING


def test_the_newest_of_a_case_stands_for_all(calls: tuple[Calls, Now]) -> None:
    """Ten missed calls about one patient are one line; another patient's is another."""
    made, _ = calls
    for _ in range(10):
        made.heard(happening("call_missed"))
    made.heard(happening("call_wanted", RecordId(4, 9)))
    assert [m.kind for m in made.missed] == ["call_wanted", "call_missed"]
    made.seen(CASE)
    assert [m.case for m in made.missed] == [RecordId(4, 9)]
    made.close()
    assert calls_missed.missed(made.station.home) == made.missed


def test_a_broken_file_of_missed_calls_is_none(tmp_path: Path) -> None:
    (tmp_path / calls_missed.NAME).write_text('[{"kind": 3}, "x"]')
    assert calls_missed.missed(Home(tmp_path)) == ()


def test_missed_calls_are_bounded(calls: tuple[Calls, Now]) -> None:
    made, _ = calls
    for seq in range(1, 120):
        made.heard(happening("call_missed", RecordId(4, seq)))
    assert len(made.missed) == calls_missed.KEPT_MAX
    made.close()


# What a call looks like


def talking(rung: int = 0, **changes: Any) -> CallShown:
    view = CallView(
        "talking", 3, "白音查干卫生室", 64.0, 0.2, 0.01, RUNGS[rung], RUNGS[0], 23_100.0, 0.03, 0.8,
        **changes,
    )  # fmt: skip
    return CallShown(Stage.CALL, CASE, ABOUT, ABOUT.who, 64.0, view, said=("Connected.",))


SUMMARY = Summary(64.0, 40.0, 38.0, 30.0, 1.0, 2, 0.03, 0.8, ((0.0, 0),), 99_000, "hung up")
REPORT = CallReport(CASE, 3, True, "hung up", quality=4, notes=1, note_seconds=2.0, summary=SUMMARY)
STATES: dict[str, CallShown] = {
    "ring": CallShown(Stage.RING, CASE, ABOUT, ABOUT.who, 4.0),
    "question": CallShown(Stage.QUESTION, CASE, ABOUT, question="Keep it?"),
    "over": CallShown(Stage.OVER, CASE, ABOUT, ABOUT.who, 64.0, report=REPORT),
    "missed": CallShown(Stage.MISSED, CASE, ABOUT,
                        missed=(Missed("call_missed", CASE, "诊台", 5.0),) * 3),
    "push to talk": talking(8, floor="peer"),
    "no contact": talking(9, contact=False),
    **{f"rung {rung.order}": talking(rung.order) for rung in RUNGS},
}  # fmt: skip


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("name", STATES)
def test_every_state_fits_and_says_whose_call_it_is(name: str, language: str) -> None:
    """In 80 columns at most four lines; both identifiers wherever a patient is meant."""
    choose(language)
    state = STATES[name]
    text = DRAWN[state.stage](state).plain
    rows = sum(-(-max(1, cell_len(line)) // 78) for line in text.split("\n"))
    assert rows <= 3, text
    if state.stage in (Stage.RING, Stage.CALL, Stage.MISSED):
        assert "陈玉兰" in text
        assert "1958-03-12" in text
    assert sum(cell_len(key) + cell_len(words) + 3 for key, words, _ in keys_of(state)) <= 78
    full = call_text(state).plain
    assert sum(-(-max(1, cell_len(line)) // 74) for line in full.split("\n")) <= 18, full
    assert "陈玉兰" in full


def test_each_way_of_talking_has_words_of_its_own() -> None:
    """Two-way, sent twice, bundled, push-to-talk, voice note: five, and none is only a colour."""
    said = {DRAWN[Stage.CALL](talking(rung.order)).plain.rsplit("  ", 1)[-1] for rung in RUNGS}
    assert said == {"two-way", "two-way, sent twice", "two-way, bundled", "push-to-talk",
                    "not live: a note"}  # fmt: skip


def test_what_was_not_heard_is_said() -> None:
    text = DRAWN[Stage.OVER](STATES["over"]).plain
    assert "1:04" in text
    assert "95 % of your words heard live" in text
    assert "Quality 4 of 5" in text
    assert "(2 s) is now a voice note" in text


@pytest.mark.parametrize("amplitude", [0.0, 0.001, 0.01, 0.1, 0.5, 1.0])
def test_a_meter_keeps_its_width(amplitude: float) -> None:
    text = meter(amplitude, 12)
    assert cell_len(text) == 12
    assert text.isascii()


def test_over_a_question_nothing_is_lost(tmp_path: Path) -> None:
    """A dialog is open: the strip comes above it, letters go on into it, a wish is told."""
    app = app_on(demo(tmp_path, "desk"))

    async def script(pilot: Pilot[Any]) -> None:
        case = case_of(app.station, "王小明")
        await pilot.press("enter")
        await see(pilot, "complaint")
        await pilot.press("f4")
        await see(pilot, "Question")
        await pilot.press("a", "b")
        app.post_message(CallHeard(happening("ring", case)))
        await see(pilot, "F9 take the call")
        await pilot.press("c")
        assert getattr(app.focused, "text", "") == "abc"
        app.post_message(CallHeard(happening("call_missed", case)))
        await until(pilot, lambda: not list(app.screen.query(CallBar)))
        app.post_message(CallHeard(happening("call_wanted", case)))
        await see(pilot, "诊台 asks to be called")
        assert getattr(app.focused, "text", "") == "abc"

    asyncio.run(run(app, script))


# Space held down


def keys(text: str) -> list[str]:
    """What Textual's parser makes of what a terminal sends."""
    key_release.understand()
    parser = XTermParser(False)
    return [event.key for event in parser.feed(text) if isinstance(event, Key)]


def test_a_terminal_that_says_when_space_goes_up() -> None:
    """Down, repeated, up: two keys; every other key is a key when it goes down."""
    assert keys("\x1b[32;1:1u\x1b[32;1:2u\x1b[32;1:2u\x1b[32;1:3u") == ["space", "key_released"]
    assert keys("\x1b[109u\x1b[109;1:3u") == ["m"]
    assert keys("\x1b[19~\x1b[19;1:3~") == ["f8"]
    assert keys("\x1b[27u\x1b[27;1:3u") == ["escape"]
    assert keys("\x1b[116;5:1u\x1b[116;5:3u") == ["ctrl+t"]
    assert keys("\x1bOQ") == ["f2"]


def test_only_terminals_that_are_known_to_say_so_are_asked() -> None:
    assert key_release.tells_release({"TERM": "xterm-kitty"})
    assert key_release.tells_release({"TERM": "foot"})
    assert not key_release.tells_release({"TERM": "xterm-256color"})
    assert not key_release.tells_release({"TERM": "xterm-kitty", "TMUX": "/tmp/x"})


def test_space_speaks_and_its_release_listens(tmp_path: Path) -> None:
    """Where the terminal tells nothing, Space again listens; F6 gives the turn to the voice."""
    app = app_on(demo(tmp_path, "post"))
    calls = app.calls

    async def script(pilot: Pilot[Any]) -> None:
        options = CallOptions(case_of(app.station, "王小明"))
        calls._thread = thread = CallThread(app.opener, options)
        hold = threading.Event()
        thread._thread = threading.Thread(target=hold.wait, daemon=True)
        thread._thread.start()
        try:
            app.open_call_screen()
            await until(pilot, lambda: isinstance(app.screen, CallScreen))
            for key, pressed in (("space", True), (key_release.RELEASED, False), ("space", True),
                                 ("space", False), ("f6", None)):  # fmt: skip
                await pilot.press(key)
                await until(pilot, lambda wanted=pressed: thread.pressed is wanted)  # type: ignore[misc]
            await pilot.press("f5")
            await see(pilot, "microphone OFF")
            await pilot.press("f8")
            assert thread.leaving
        finally:
            hold.set()

    asyncio.run(run(app, script))


def test_lines_never_grow_wider_than_the_window(tmp_path: Path) -> None:
    """With a strip above a list at 80 columns; the strip goes when the ring does."""
    app = app_on(demo(tmp_path, "post"))

    async def script(pilot: Pilot[Any]) -> None:
        case = case_of(app.station, "王小明")
        app.post_message(CallHeard(happening("ring", case)))
        await see(pilot, "F9 take the call")
        await see(pilot, "1958-03-12")
        assert all(cell_len(line) <= 80 for line in lines(app))
        app.post_message(CallHeard(happening("call_missed", case)))
        await see(pilot, "Missed call from 诊台")

    asyncio.run(run(app, script))


def test_a_wave_on_a_bare_console_is_plain_signs() -> None:
    """As loud in `#` as elsewhere in bars; what was played keeps its place."""
    peaks = tuple(range(0, 101, 5))
    bars, signs = (wave(peaks, 0.5, 21, plain=plain).plain for plain in (False, True))
    assert len(bars) == len(signs) == 21
    assert signs.isascii()
    assert (bars[-1], signs[-1]) == ("█", "#")
    assert len(set(signs)) == len(set(bars))
