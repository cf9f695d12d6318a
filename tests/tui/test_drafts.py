"""Drafts survive, stay here, are found again and are dropped; phrases keep their order."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.helpers import (
    NOW,
    Clock,
    app_on,
    demo,
    run,
    see,
    seeded,
    station_at,
    type_text,
    until,
)
from xtcli.errors import UsageError
from xtcli.records.ids import RecordId
from xtcli.station.drafts import Drafts, Phrases
from xtcli.station.home import Home
from xtcli.tui.keeper import Keeper
from xtcli.tui.screens.case import CaseScreen
from xtcli.tui.screens.dialogs import FormDialog
from xtcli.tui.widgets.fields import Field


@pytest.fixture
def drafts(tmp_path: Path) -> Drafts:
    home = Home(tmp_path)
    home.make()
    return Drafts(home, Clock(), seeded())


def test_a_draft_comes_back(drafts: Drafts) -> None:
    """What was typed, when, and under which name."""
    name = drafts.new_request()
    drafts.save(name, {"patient": "王小明", "complaint": "胸痛"})
    found = drafts.load(name)
    assert found is not None
    assert found.fields["patient"] == "王小明"
    assert found.at == NOW
    assert found.title == "王小明 胸痛"
    assert [draft.name for draft in drafts.all()] == [name]


def test_file_names_say_nothing(drafts: Drafts) -> None:
    """No patient in a file's name, and nobody else may read it."""
    drafts.save(drafts.new_request(), {"patient": "王小明"})
    (path,) = drafts.folder.iterdir()
    assert "王" not in path.name
    if os.name == "posix":
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert stat.S_IMODE(drafts.folder.stat().st_mode) == 0o700


def test_a_broken_draft_is_no_draft(drafts: Drafts) -> None:
    """Half a file does not stop the list."""
    name = drafts.new_request()
    drafts.save(name, {"patient": "a"})
    (drafts.folder / f"{name}.json").write_text("{")
    assert drafts.load(name) is None
    assert drafts.all() == []


def test_dropping_deletes_its_recordings_only(drafts: Drafts, tmp_path: Path) -> None:
    """A voice note recorded for the draft goes with it; a person's own file stays."""
    recorded = drafts.keep_recording(b"OggS")
    own = tmp_path / "own.wav"
    own.write_bytes(b"x")
    name = drafts.of_answer(RecordId(2, 3))
    drafts.save(name, {"recorded": [str(recorded), str(own)]})
    drafts.drop(name)
    assert drafts.load(name) is None
    assert not recorded.exists()
    assert own.exists()


def test_an_endless_draft_is_refused(drafts: Drafts) -> None:
    """A pasted book is told, not kept."""
    with pytest.raises(UsageError):
        drafts.save(drafts.new_request(), {"history": "x" * 1_100_000})


def test_drafts_are_never_records(tmp_path: Path) -> None:
    """Saving a draft writes nothing to the log."""
    station = station_at(demo(tmp_path / "post", "post"))
    before = station.log.own_head()
    drafts = Drafts(station.home, Clock(), seeded())
    drafts.save(drafts.new_request(), {"patient": "王小明"})
    assert station.log.own_head() == before
    assert station.log.waiting(1).records == 0


def test_the_keeper_keeps_the_newest(drafts: Drafts) -> None:
    """Of many states in a row the last one is on the disk, and a drop after them wins."""
    keeper = Keeper(drafts)
    for number in range(200):
        keeper.keep("request-a", {"patient": str(number)})
    assert keeper.flush()
    found = drafts.load("request-a")
    assert found is not None
    assert found.fields["patient"] == "199"
    keeper.keep("request-a", {"patient": "x"})
    keeper.drop("request-a")
    assert keeper.flush()
    assert drafts.load("request-a") is None


def test_phrases(tmp_path: Path) -> None:
    """Last used first, each once; a broken file is no phrases."""
    home = Home(tmp_path)
    home.make()
    phrases = Phrases(home)
    assert phrases.all() == []
    for text in ("低盐饮食", "一周后复查", "低盐饮食", "  "):
        phrases.use(text)
    assert phrases.all() == ["低盐饮食", "一周后复查"]
    phrases.drop("低盐饮食")
    assert phrases.all() == ["一周后复查"]
    phrases.path.write_text("[")
    assert phrases.all() == []


@pytest.mark.parametrize(
    ("kind", "keys"), [("desk", "f4"), ("desk", "f5"), ("post", "f2")], ids=("ask", "note", "ack")
)
def test_a_dialog_that_was_left_holds_its_words(tmp_path: Path, kind: str, keys: str) -> None:
    """Escape, or a signature that failed, loses nothing; once it is signed it begins empty."""
    app = app_on(demo(tmp_path, kind))

    async def open_dialog(pilot: Pilot[Any]) -> Field:
        await pilot.press(keys)
        await until(pilot, lambda: isinstance(app.screen, FormDialog))
        return app.screen.query_one("#field-text", Field)

    async def script(pilot: Pilot[Any]) -> None:
        await see(pilot, "王小明")
        await pilot.press("f3", "z", "j", "g", "enter", "enter")
        await see(pilot, "complaint")
        field = await open_dialog(pilot)
        field.editor.focus()
        await type_text(pilot, "血压降了")
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, CaseScreen))
        app.keeper.flush()
        field = await open_dialog(pilot)
        assert field.value == "血压降了"
        await pilot.press("f2")
        await see(pilot, "Saved here")
        app.keeper.flush()
        field = await open_dialog(pilot)
        assert field.value == ""

    asyncio.run(run(app, script))
