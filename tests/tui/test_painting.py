"""One key, one paint; and what changed while nothing was painted is painted in the end."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from textual._compositor import Compositor
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from tests.tui.helpers import app_on, demo, lines, run, see, until
from xtcli.tui.app import XtApp
from xtcli.tui.painting import PAINT_SECONDS, OnePaint
from xtcli.tui.screens.answer import AnswerScreen
from xtcli.tui.screens.case import CaseScreen
from xtcli.tui.widgets.case_list import CaseList
from xtcli.tui.widgets.tabs import TabBar


@pytest.fixture
def paints(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """One entry for each time something was drawn for the terminal."""
    found: list[str] = []
    draw = Compositor.render_update

    def counted(self: Compositor, *args: Any, **settings: Any) -> Any:
        made = draw(self, *args, **settings)
        if made is not None:
            found.append(type(made).__name__)
        return made

    monkeypatch.setattr(Compositor, "render_update", counted)
    return found


async def still(pilot: Pilot[Any]) -> None:
    """Until nothing works in the background any more."""
    app = pilot.app
    assert isinstance(app, XtApp)
    await until(pilot, lambda: not app.keys_waiting)
    with suppress(WorkerCancelled):  # superseded by a newer one
        await app.workers.wait_for_complete()
    await pilot.pause(0.3)


def test_a_key_is_one_paint(
    tmp_path: Path, paints: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Moving in the list, turning pages, typing: each once, however slow the machine."""
    monkeypatch.setattr("xtcli.tui.painting.PAINT_SECONDS", 10.0)
    app = app_on(demo(tmp_path, "desk"))

    counts: dict[str, list[int]] = {}

    async def press(pilot: Pilot[Any], *keys: str) -> None:
        # Three times: the link's line, which tells how it is once a second, may come between.
        for key in keys * 3:
            await still(pilot)
            paints.clear()
            await pilot.press(key)
            await until(pilot, lambda: not app.keys_waiting)
            counts.setdefault(key, []).append(len(paints))

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await press(pilot, "end", "home")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, CaseScreen))
        await see(pilot, "complaint")
        await press(pilot, "2", "3", "4", "5", "1")
        await pilot.press("f2")
        await until(pilot, lambda: isinstance(app.screen, AnswerScreen))
        await still(pilot)
        await pilot.press("enter")
        await press(pilot, "低")

    asyncio.run(run(app, script))
    assert {key: min(found) for key, found in counts.items()} == dict.fromkeys(counts, 1), counts


def test_what_changes_meanwhile_is_painted_in_the_end(tmp_path: Path, paints: list[str]) -> None:
    """Nothing while it is held back; all of it afterwards, also when nobody ends it."""
    app = app_on(demo(tmp_path, "desk"))

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await still(pilot)
        paints.clear()
        paint = OnePaint(app)
        app.screen.query_one(TabBar).show(1, "99")
        app.screen.query_one(CaseList).to_top()
        app.screen.refresh(layout=True)
        await asyncio.sleep(PAINT_SECONDS / 3)
        assert paints == []
        paint.end()
        assert paints
        assert "99" in lines(app)[0]
        paints.clear()
        late = OnePaint(app)
        app.screen.query_one(TabBar).show(1, "98")
        await until(pilot, lambda: late.over and bool(paints), "the paint")
        assert app._batch_count == 0

    asyncio.run(run(app, script))
