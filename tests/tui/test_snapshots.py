"""What every screen that matters looks like, as text, in two languages and three sizes.

Kept in tests/tui/snapshots, to be read by people. `XT_SNAPSHOTS=write pytest tests/tui` writes them
anew; what changed is then seen in the difference.
"""

from __future__ import annotations

import asyncio
import difflib
import os
import re
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from tests.tui.helpers import PATIENCE_SECONDS, app_on, demo, lines, run, until
from xtcli.lang import choose
from xtcli.tui.app import XtApp

HERE = Path(__file__).parent / "snapshots"
SIZES = ((80, 24), (120, 40), (200, 60))
Walk = Callable[[Pilot[Any], Callable[[str], Awaitable[None]]], Awaitable[None]]


async def settled(pilot: Pilot[Any]) -> None:
    """Wait until nothing works in the background and the screen stays the same."""
    app = pilot.app
    assert isinstance(app, XtApp)
    same, before = 0, [""]
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        with suppress(WorkerCancelled):  # superseded by a newer one: look again
            await app.workers.wait_for_complete()
        await pilot.pause(0.03)
        now = lines(app)
        status, waiting = app.status, app.station.log.waiting(1).records
        told = status is not None and status.waiting_records == waiting
        same = same + 1 if now == before and told and not app.keys_waiting else 0
        before = now
        if same >= 6:
            return
    raise AssertionError("the screen is never still")


async def walk_desk(pilot: Pilot[Any], take: Callable[[str], Awaitable[None]]) -> None:
    """The specialist's screens, one after another."""
    await take("queue")
    await pilot.press("5")
    await take("queue, answered")
    await pilot.press("1", "enter")
    await take("case, summary")
    for key, name in (("2", "timeline"), ("3", "vitals"), ("4", "attachments"), ("5", "earlier")):
        await pilot.press(key)
        await take(f"case, {name}")
    await pilot.press("1", "enter")
    await take("menu of actions")
    await pilot.press("escape", "f4")
    await take("question")
    await pilot.press("escape", "f2")
    await take("answer, empty")
    await pilot.press("g", "x", "y")
    await take("answer, searching")
    await pilot.press("enter", "enter", *"低盐饮食", "enter", "up", "up")
    await take("answer, advice")
    await pilot.press("f2")
    await take("answer, something missing")


async def walk_post(pilot: Pilot[Any], take: Callable[[str], Awaitable[None]]) -> None:
    """The village doctor's screens, one after another."""
    await take("my requests")
    await pilot.press("f3", "z", "j", "g")
    await take("search by initials")
    await pilot.press("enter", "enter")
    await take("an answer that has come")
    await pilot.press("f2")
    await take("done or not")
    await pilot.press("escape", "f3")
    await take("follow-up, empty")
    await pilot.press(*"血压高", "enter", *"加药吗", "enter", *"192/120", "enter", *"88", "enter")
    await take("follow-up, a critical value")
    await pilot.press("f2")
    await take("review before signing")
    await pilot.press("escape", "escape")
    await take("leaving a draft")
    await pilot.press("escape", "f1")
    await take("help")


WALKS: dict[str, Walk] = {"desk": walk_desk, "post": walk_post}


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("kind", ["desk", "post"])
def test_screens_look_as_before(
    tmp_path: Path, kind: str, language: str, size: tuple[int, int]
) -> None:
    """Every line as it was when last looked at by a person, and none wider than the window."""
    choose(language)
    app = app_on(demo(tmp_path, kind))
    pages: list[str] = []

    async def script(pilot: Pilot[Any]) -> None:
        async def take(name: str) -> None:
            await settled(pilot)
            found = lines(app)
            assert all(cell_len(line) <= size[0] for line in found), name
            pages.append(f"===== {name}\n" + "\n".join(found))

        await until(pilot, lambda: "王小明" in "".join(lines(app)))
        await WALKS[kind](pilot, take)

    asyncio.run(run(app, script, size))
    # Sizes follow the compression model, which is trained elsewhere and tested there.
    text = re.sub(r"\b\d+ B\b", "# B", "\n".join(pages) + "\n")
    path = HERE / f"{kind}-{language}-{size[0]}x{size[1]}.txt"
    if os.environ.get("XT_SNAPSHOTS") == "write":
        HERE.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    kept = path.read_text(encoding="utf-8")
    difference = "\n".join(
        difflib.unified_diff(kept.splitlines(), text.splitlines(), "kept", "now")
    )
    assert not difference, difference
