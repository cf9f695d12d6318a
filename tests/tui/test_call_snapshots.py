"""What calls and marked pictures look like, as text, in two languages and three sizes.

As `test_snapshots`: kept in tests/tui/snapshots, read by people, written anew by
`XT_SNAPSHOTS=write`. The call's figures are given, its clock stands still; no thread runs.
"""

from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot

from tests.tui.helpers import NOW, app_on, case_of, lines, run, seeded, until
from tests.tui.test_snapshots import HERE, SIZES, settled
from xtcli.lang import choose, tr
from xtcli.media.call.events import Summary
from xtcli.media.call.ladder import RUNGS
from xtcli.records.ids import RecordId
from xtcli.station.calls_about import about
from xtcli.station.calls_missed import Missed
from xtcli.station.calls_values import CallReport, CallView
from xtcli.tui.app import XtApp
from xtcli.tui.calling import Calls, CallShown, Stage
from xtcli.tui.demo import make_home
from xtcli.tui.screens.call import CallScreen
from xtcli.tui.widgets.half_blocks import HalfBlocks

Take = Callable[[str], Awaitable[None]]
CALLER = "白音查干卫生室 乌云医生"


class Still(Calls):
    """Calls that stand as a test says; nothing rings and nobody speaks."""

    state = CallShown()

    @property
    def stage(self) -> Stage:
        return self.state.stage

    @property
    def busy(self) -> bool:
        return self.state.stage is Stage.CALL

    def shown(self) -> CallShown:
        return self.state

    def tick(self) -> None:
        return


def states(app: XtApp, case: RecordId) -> dict[str, CallShown]:
    """A call from its ring to what became of it."""
    who = about(app.station, case)
    view = CallView(
        "talking", 3, "白音查干卫生室", 64.0, 0.12, 0.04, RUNGS[1], RUNGS[5], 18_200.0, 0.02, 0.8
    )
    summary = Summary(64.0, 40.0, 38.0, 30.0, 1.0, 2, 0.03, 0.8, ((0.0, 0),), 99_000, "hung up")
    report = CallReport(case, 3, True, "hung up", quality=4, notes=1, note_seconds=2.0,
                        summary=summary)  # fmt: skip
    said = (tr("Connected. You may speak."),)
    on = CallShown(Stage.CALL, case, who, CALLER, 64.0, view, said=said)
    return {
        "it rings": CallShown(Stage.RING, case, who, CALLER, 4.0),
        "kept or not": replace(on, stage=Stage.QUESTION, question=tr(
            "{who} allows the call to be kept in the case. Keep it?", who=CALLER)),
        "two-way": on,
        "push-to-talk": replace(on, pressed=True, view=replace(
            view, rung=RUNGS[8], peer_rung=RUNGS[8], floor="me", rate_bps=7_900.0)),
        "no contact": replace(on, muted=True, view=replace(view, rung=RUNGS[9], contact=False)),
        "over": replace(on, stage=Stage.OVER, report=report),
        "missed": CallShown(Stage.MISSED, case, who,
                            missed=(Missed("call_missed", case, "白音查干卫生室", NOW),) * 3),
    }  # fmt: skip


async def walk(pilot: Pilot[Any], app: XtApp, calls: Still, take: Take) -> None:
    """Strip over list, case and form; the call's own screen; a part of a picture."""
    case = case_of(app.station, "王小明")
    found = states(app, case)

    async def show(name: str) -> None:
        calls.state = found[name]
        app.show_calls()
        await take(name)

    await show("it rings")
    await show("missed")
    calls.state = CallShown()
    app.show_calls()
    await pilot.press("enter")
    await show("two-way")
    await show("over")
    await pilot.press("f2")
    await show("push-to-talk")
    calls.state = CallShown()
    app.show_calls()
    await pilot.press("escape")
    app.push_screen(CallScreen())
    for name in ("two-way", "push-to-talk", "kept or not", "no contact", "over"):
        calls.state = found[name]
        app.show_calls()
        await take(f"the call's screen: {name}")
    calls.state = CallShown()
    await pilot.press("escape")
    await settled(pilot)
    await pilot.press("f8")
    await until(pilot, lambda: bool(list(app.screen.query(HalfBlocks))))
    await take("picture")
    await pilot.press("f4", "left", "up")
    await take("picture, a part marked")
    await pilot.press("enter")
    await take("picture, before asking")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", ["en", "zh"])
def test_calls_look_as_before(tmp_path: Path, language: str, size: tuple[int, int]) -> None:
    """Every line as it was when last looked at by a person, and none wider than the window."""
    choose(language)
    make_home(tmp_path, "desk", NOW, seeded(), media=True)
    app = app_on(tmp_path)
    app.calls = calls = Still(app.station, app.opener, lambda: 0.0)
    pages: list[str] = []

    async def script(pilot: Pilot[Any]) -> None:
        async def take(name: str) -> None:
            await settled(pilot)
            found = lines(app)
            assert all(cell_len(line) <= size[0] for line in found), name
            pages.append(f"===== {name}\n" + "\n".join(found))

        await until(pilot, lambda: "王小明" in "".join(lines(app)))
        await walk(pilot, app, calls, take)

    asyncio.run(run(app, script, size))
    # Sizes follow the compression model, which is trained elsewhere and tested there.
    text = re.sub(r"\b\d+ B\b", "# B", "\n".join(pages) + "\n")
    path = HERE / f"call-{language}-{size[0]}x{size[1]}.txt"
    if os.environ.get("XT_SNAPSHOTS") == "write":
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    assert text.splitlines() == kept.splitlines()
