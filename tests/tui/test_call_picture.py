"""Marking a part of a picture: keys and mouse, what it costs, and which part of the original."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from textual.pilot import Pilot

from tests.tui.helpers import NOW, app_on, case_of, run, see, seeded, shown, station_at, until
from xtcli.records.types import Ask
from xtcli.records.values import BlobKind, Region
from xtcli.station import regions
from xtcli.tui import pictures
from xtcli.tui.app import XtApp
from xtcli.tui.demo import make_home
from xtcli.tui.frame import Frame
from xtcli.tui.screens.case import CaseScreen
from xtcli.tui.screens.picture import PictureScreen
from xtcli.tui.widgets.half_blocks import FRAME_COLOURS, HalfBlocks

Play = Callable[[Pilot[Any]], Awaitable[None]]
PARTS = st.floats(0, 1)


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk whose newest case has a photo; its original is at the post."""
    make_home(tmp_path, "desk", NOW, seeded(), media=True)
    return tmp_path


def play(root: Path, script: Play, size: tuple[int, int] = (80, 24)) -> None:
    asyncio.run(run(app_on(root), script, size))


async def open_picture(pilot: Pilot[Any]) -> PictureScreen:
    await see(pilot, "王小明")
    await pilot.press("enter")
    await until(pilot, lambda: isinstance(pilot.app.screen, CaseScreen))
    await see(pilot, "complaint")
    await pilot.press("f8")
    await see(pilot, "960 x 600")
    screen = pilot.app.screen
    assert isinstance(screen, PictureScreen)
    await until(pilot, lambda: bool(list(screen.query(HalfBlocks))))
    return screen


def asks(root: Path) -> list[Ask]:
    station = station_at(root)
    case = station.case(case_of(station, "王小明"))
    found = [e.record.body for e in case.entries if isinstance(e.record.body, Ask)]
    station.close()
    return found


def test_a_part_is_marked_and_asked_for_with_keys(desk: Path) -> None:
    """F4, arrows, plus and minus, Enter: the cost and both identifiers first, then the question."""

    async def script(pilot: Pilot[Any]) -> None:
        screen = await open_picture(pilot)
        await pilot.press("f4")
        await see(pilot, "at most 15.0 kB, time unknown")
        assert screen.frame == Frame(0.25, 0.25, 0.5, 0.5)
        await pilot.press("left", "left", "up", "minus", "shift+right")
        assert screen.frame is not None
        assert screen.frame.left == pytest.approx(0.15)
        assert screen.frame.width == pytest.approx(0.5)
        assert screen.frame.height == pytest.approx(0.4)
        await pilot.press("enter")
        await see(pilot, "Ask for this part in detail?")
        assert "1958-03-12" in shown(pilot.app)  # type: ignore[arg-type]
        await pilot.press("enter")
        await until(pilot, lambda: bool(asks(desk)), "the question")
        await until(pilot, lambda: screen.frame is None)

    play(desk, script)
    (asked,) = asks(desk)
    assert asked.region == Region(150, 250, 500, 400)


def test_the_original_is_asked_for_with_a_question(desk: Path) -> None:
    async def script(pilot: Pilot[Any]) -> None:
        await open_picture(pilot)
        await pilot.press("f6")
        await see(pilot, "Ask for the original?")
        await pilot.press("down", "enter")
        await see(pilot, "question")
        await pilot.press("V", "1", "question_mark", "f2")
        await until(pilot, lambda: bool(asks(desk)), "the question")

    play(desk, script)
    (asked,) = asks(desk)
    assert asked.region is None
    assert asked.text == "V1?"


def test_a_frame_is_drawn_with_the_mouse(desk: Path) -> None:
    """From corner to corner; what was inside the mark is inside the region that is asked for."""

    async def script(pilot: Pilot[Any]) -> None:
        screen = await open_picture(pilot)
        blocks = screen.query_one(HalfBlocks)
        at = blocks.picture_region.translate(blocks.content_region.offset)
        x0, y0 = at.x + at.width // 4, at.y + at.height // 4
        x1, y1 = at.x + at.width // 2, at.y + at.height // 2
        await pilot.mouse_down(offset=(x0, y0))
        await pilot.hover(offset=(x1, y1))
        await pilot.mouse_up(offset=(x1, y1))
        await until(pilot, lambda: screen.frame is not None)
        frame = screen.frame
        assert frame is not None
        assert frame.left == pytest.approx(0.25, abs=0.03)
        assert frame.top == pytest.approx(0.25, abs=0.05)
        assert frame.width == pytest.approx(0.25, abs=0.05)
        assert frame.height == pytest.approx(0.25, abs=0.08)
        await pilot.press("escape")
        assert screen.frame is None
        assert pilot.app.screen is screen
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, CaseScreen))

    play(desk, script)


def frame_cells(app: XtApp) -> int:
    """How many pixels of the frame's colours are drawn."""
    blocks = app.screen.query_one(HalfBlocks)
    count = 0
    for y in range(blocks.size.height):
        for segment in blocks.render_line(y):
            style = segment.style
            if style is None or style.color is None:
                continue
            for colour in (style.color, style.bgcolor):
                count += colour is not None and colour.triplet == FRAME_COLOURS[0]
    return count


def test_an_enlarged_picture_follows_its_frame(desk: Path) -> None:
    """The frame moves with the arrows; the picture moves when the frame would leave it."""

    async def script(pilot: Pilot[Any]) -> None:
        app = pilot.app
        assert isinstance(app, XtApp)
        screen = await open_picture(pilot)
        await pilot.press("enter", "enter", "enter", "f4")
        await until(pilot, lambda: frame_cells(app) > 10)
        x = screen.x
        await pilot.press(*["right"] * 25)
        assert screen.x > x
        assert screen.frame is not None
        assert screen.frame.left > 0.6
        left, _, right, _ = screen.visible_box
        assert left <= screen.frame.middle[0] <= right
        await until(pilot, lambda: frame_cells(app) > 10)
        await pilot.press("escape")
        await until(pilot, lambda: frame_cells(app) == 0)

    play(desk, script)


def test_nothing_is_asked_for_where_the_original_is(tmp_path: Path) -> None:
    """Without an announced original, or with it here, there is nothing to ask for."""
    make_home(tmp_path, "desk", NOW, seeded(), media=True)
    station = station_at(tmp_path)
    case = case_of(station, "王小明")
    body = next(a.body for a in station.case(case).attachments if a.body.blob is BlobKind.VIEW)
    more = regions.more_of(station, case, body)
    assert more is not None
    assert not more.here
    assert more.frame == regions.WHOLE
    assert more.part == regions.Cost(regions.PART_BYTES_MAX, None)
    voice = next(a.body for a in station.case(case).attachments if a.body.blob is BlobKind.VOICE)
    assert regions.more_of(station, case, voice) is None
    station.close()


@settings(derandomize=True, max_examples=300)
@given(PARTS, PARTS, PARTS, PARTS, st.integers(0, 900), st.integers(1, 100))
def test_a_mark_on_a_crop_is_a_part_of_the_original(
    x0: float, y0: float, x1: float, y1: float, start: int, length: int
) -> None:
    """It lies inside the crop's own region, holds what was marked, and is never empty."""
    crop = Region(start, start, length, length)
    frame = Frame.between(x0, y0, x1, y1)
    found = regions.within(crop, frame.left, frame.top, frame.width, frame.height)
    assert crop.left <= found.left < found.left + found.width <= crop.left + crop.width
    assert found.left <= crop.left + crop.width * frame.left + 1e-6
    assert found.left + found.width >= crop.left + crop.width * (frame.left + frame.width) - 1e-6
    assert found.top + found.height <= crop.top + crop.height


@settings(derandomize=True, max_examples=300)
@given(PARTS, PARTS, PARTS, PARTS, st.lists(st.tuples(st.floats(-1, 1), st.floats(-1, 1))))
def test_a_frame_never_leaves_the_picture(
    x0: float, y0: float, x1: float, y1: float, moves: list[tuple[float, float]]
) -> None:
    """However it is moved and sized."""
    frame = Frame.between(x0, y0, x1, y1)
    for place, (a, b) in enumerate(moves):
        frame = frame.moved(a, b) if place % 2 else frame.grown(a, b)
        assert 0 <= frame.left <= frame.left + frame.width <= 1 + 1e-9
        assert 0 <= frame.top <= frame.top + frame.height <= 1 + 1e-9


def test_a_frame_is_seen_on_any_picture() -> None:
    """Two colours, one of them dark and one light: on white, black and grey alike."""
    for grey in (0, 128, 255):
        plain = Image.new("RGB", (200, 100), (grey, grey, grey))
        framed = pictures.with_frame(plain, (0.25, 0.25, 0.75, 0.75))
        colours = {colour for _, colour in framed.getcolors() or []}
        assert {(0, 0, 0), (255, 230, 0)} <= colours
        assert framed.getpixel((100, 50)) == (grey, grey, grey)
        assert framed.getpixel((5, 5)) == (grey, grey, grey)
