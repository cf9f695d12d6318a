"""The Linux console without windows: English, strong colours, a sentence, plots of asterisks."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.helpers import app_on, demo, lines, run, see, shown
from xtcli import lang
from xtcli.tui import console
from xtcli.tui.themes import CONTRAST
from xtcli.tui.widgets.plot import canvas


def test_only_the_bare_console_counts() -> None:
    """A Chinese console has a name of its own."""
    assert console.bare({"TERM": "linux"})
    for name in ("fbterm", "xterm-256color", "screen", "tmux-256color", ""):
        assert not console.bare({"TERM": name})


@pytest.mark.parametrize(
    ("env", "language"),
    [({"TERM": "linux", "LANG": "zh_CN.UTF-8"}, "en"), ({"TERM": "linux", "XT_LANG": "zh"}, "zh"),
     ({"TERM": "xterm", "LANG": "zh_CN.UTF-8"}, "zh")],
)  # fmt: skip
def test_the_language_there(
    env: dict[str, str], language: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """English instead of boxes, unless the person asks for Chinese by name."""
    for name in ("XT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    lang.choose(None)
    console.choose_language()
    assert lang.language() == language


def test_what_a_doctor_sees_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence that says what to do; no line needs a glyph that only windows have."""
    monkeypatch.setenv("TERM", "linux")
    app = app_on(demo(tmp_path, "desk"))

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "cannot draw")
        assert app.theme == CONTRAST.name
        await pilot.press("enter")
        await see(pilot, "complaint")
        await pilot.press("3")
        await see(pilot, "normal 90-139")
        drawn = "".join(lines(app))
        assert "****" in drawn
        assert not any("\u2800" <= sign <= "\u28ff" for sign in drawn), shown(app)

    asyncio.run(run(app, script))


def test_asterisks_show_the_same_line() -> None:
    """A plot without Braille rises where the values rise."""
    rows = canvas([(0, 1.0), (10, 5.0)], 10, 3, 1.0, 5.0, plain=True)
    assert rows[0].rstrip().endswith("*")
    assert rows[2].startswith("*")
    assert not rows[2].rstrip().endswith("         *")
