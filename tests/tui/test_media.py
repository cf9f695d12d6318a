"""Pictures, voice notes and files on the screens; without sound devices they say so and go on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual import events
from textual.pilot import Pilot

from tests.tui.helpers import NOW, app_on, case_of, demo, run, see, seeded, shown, station_at, until
from xtcli.errors import UsageError
from xtcli.tui import demo_media, pictures
from xtcli.tui.app import XtApp
from xtcli.tui.demo import make_home
from xtcli.tui.screens.answer import AnswerScreen
from xtcli.tui.screens.case import CaseScreen
from xtcli.tui.screens.picture import ZOOMS, PictureScreen, box
from xtcli.tui.screens.request import RequestScreen
from xtcli.tui.widgets.half_blocks import UPPER, fitted
from xtcli.tui.widgets.icd_search import IcdSearch

Play = Callable[[Pilot[Any]], Awaitable[None]]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A desk whose newest case has a voice note and a picture."""
    root = tmp_path_factory.mktemp("media")
    make_home(root, "desk", NOW, seeded(), media=True)
    return root


def play(root: Path, script: Play, size: tuple[int, int] = (80, 24)) -> None:
    """Run a script of keys on a home."""
    asyncio.run(run(app_on(root), script, size))


async def open_first(pilot: Pilot[Any]) -> None:
    """Open the newest case."""
    await see(pilot, "王小明")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, CaseScreen))
    await see(pilot, "complaint")


def test_a_picture_is_shown_and_enlarged(desk: Path) -> None:
    """Half blocks fill the screen; Enter enlarges, arrows move, Escape goes back."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f8")
        await see(pilot, "960 x 600")
        await until(pilot, lambda: shown(pilot.app).count(UPPER) > 500)  # type: ignore[arg-type]
        before = shown(pilot.app)  # type: ignore[arg-type]
        await pilot.press("enter", "enter", "right")
        await see(pilot, "shown 2 times")
        assert shown(pilot.app) != before  # type: ignore[arg-type]
        screen = pilot.app.screen
        assert isinstance(screen, PictureScreen)
        assert screen.x > 0.5
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, CaseScreen))

    play(desk, script)


def test_a_voice_note_shows_its_wave(desk: Path) -> None:
    """Its shape and length stand there, with or without a speaker in this machine."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f7")
        await see(pilot, "/ 4 s")
        assert any(sign in shown(pilot.app) for sign in "▃▄▅▆▇")  # type: ignore[arg-type]
        await pilot.press("right")
        await see(pilot, "3 / 4 s")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, CaseScreen))

    play(desk, script)


def test_attachments_are_listed(desk: Path) -> None:
    """What, how long, how large, whether it is here."""

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("4")
        await see(pilot, "心电图照片")
        await see(pilot, "4 s")
        await see(pilot, "[here]")

    play(desk, script)


@pytest.mark.parametrize("data", [b"", b"not a picture", b"\xff\xd8\xff\xe0" + bytes(50)])
def test_what_is_no_picture_is_refused(data: bytes) -> None:
    """A broken attachment ends in a sentence."""
    with pytest.raises(UsageError):
        pictures.decode(data)


@settings(derandomize=True, max_examples=200)
@given(
    st.integers(1, 4000), st.integers(1, 4000), st.sampled_from(ZOOMS), st.floats(0, 1),
    st.floats(0, 1),
)  # fmt: skip
def test_the_part_shown_lies_inside(width: int, height: int, zoom: float, x: float, y: float
                                    ) -> None:  # fmt: skip
    """Whatever is enlarged around whatever point."""
    left, top, right, bottom = box(width, height, zoom, x, y)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_half_blocks_keep_the_shape() -> None:
    """Two pixels a cell, never larger than the room."""
    image = pictures.decode(demo_media.ecg_picture())
    small = fitted(image, 80, 20)
    assert small.width <= 80
    assert small.height <= 40
    assert abs(small.width / small.height - image.width / image.height) < 0.1


def test_other_ways_are_made_without_asking_the_terminal() -> None:
    """Kitty and Sixel widgets exist, and loading them asks nothing."""
    image = pictures.decode(demo_media.ecg_picture())
    assert type(pictures.image_widget(image, "kitty")).__name__ == "KittyPicture"
    assert type(pictures.image_widget(image, "sixel")).__name__ != "HalfBlocks"


def test_recording_without_a_microphone_says_so(tmp_path: Path) -> None:
    """Either it records, or one sentence; Escape leaves the form as it was."""

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, RequestScreen))
        await pilot.press("f7")
        await see(pilot, "Voice note")
        await until(pilot, lambda: any(
            words in shown(pilot.app)  # type: ignore[arg-type]
            for words in ("Speak now", "microphone", "PortAudio")))  # fmt: skip
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, RequestScreen))

    play(demo(tmp_path, "post"), script)


def test_a_file_is_attached_weighed_and_dropped(tmp_path: Path) -> None:
    """Chosen by its name, shown with bytes, gone with one key."""
    paper = tmp_path / "化验单.txt"
    paper.write_text("钾 3.9 mmol/L\n" * 20, encoding="utf-8")

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, RequestScreen))
        form = pilot.app.screen
        assert isinstance(form, RequestScreen)
        await pilot.press("f6")
        await see(pilot, "Which file?")
        for sign in str(tmp_path) + "/":
            await pilot.press("slash" if sign == "/" else sign)
        await see(pilot, "化验单.txt")
        await pilot.press("化", "验")
        await until(pilot, lambda: "home/" not in shown(pilot.app))  # type: ignore[arg-type]
        await pilot.press("enter")
        await until(pilot, lambda: bool(form.parts))
        part = form.parts[str(paper)]
        assert part.size > 0
        assert not part.problem
        from xtcli.tui.widgets.file_rows import FileRows

        form.query_one(FileRows).focus()
        await pilot.press("delete")
        await until(pilot, lambda: form.attach == [])

    play(demo(tmp_path / "home", "post"), script, (120, 40))


def test_typing_ahead_lands_in_the_right_fields(tmp_path: Path) -> None:
    """All keys of an answer at once, faster than any screen: each goes where it was meant."""
    root = demo(tmp_path, "desk")
    typed: list[str] = ["enter", "f2", *"gxb", "enter", "enter", *"低盐饮食", "enter", *"甲药",
                        "enter", *"5mg", "enter", *"po", "enter", *"qd", "enter", "7", "enter",
                        "enter", "right", "f2", "enter"]  # fmt: skip

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        app = pilot.app
        assert isinstance(app, XtApp)
        for key in typed:
            one = key if len(key) == 1 else None
            app.post_message(events.Key(key, one))
        station = station_at(root)
        case = case_of(station, "王小明")
        await until(pilot, lambda: station.case(case).answer is not None, "the answer")
        answer = station.case(case).answer
        assert answer is not None
        assert answer.body.advice == "低盐饮食"
        assert [line.drug for line in answer.body.rx] == ["甲药"]
        assert len(answer.body.diagnoses) == 1
        assert answer.body.diagnoses[0].code

    play(root, script)


def test_a_hit_for_other_words_is_not_taken(tmp_path: Path) -> None:
    """Enter before the hits have come takes nothing: better another key than a wrong one."""
    root = demo(tmp_path, "desk")

    async def script(pilot: Pilot[Any]) -> None:
        await open_first(pilot)
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(pilot.app.screen, AnswerScreen))
        search = pilot.app.screen.query_one(IcdSearch)
        await pilot.press("g", "x", "y")
        await see(pilot, "I10.x00x002")
        search.hits_for = "gx"
        search.take()
        assert search.values == []
        await pilot.press("escape", "escape")

    play(root, script)
