"""What waits to be sent, on the screen: seen, postponed, cancelled, sent after all, with keys."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.tui.helpers import app_on, case_of, demo, run, see, shown, station_at, until
from xtcli.lang import choose
from xtcli.station.linkfile import write_link
from xtcli.station.roads_transfers import Transfers
from xtcli.transport.link.events import LinkMeasure
from xtcli.tui.screens.transfers import TransfersDialog

MEASURED = LinkMeasure(9_600.0, 1.2, 0.0, None, 0, 0, 0)


@pytest.fixture
def post(tmp_path: Path) -> Path:
    """A post with a document of 30 kB that waits, on a link that was measured."""
    root = demo(tmp_path / "post", "post")
    station = station_at(root)
    case = station.cases(everything=True)[0].case
    paper = tmp_path / "paper.pdf"
    paper.write_bytes(b"%PDF-1.4\n" + random.Random(3).randbytes(30_000))
    station.attach(case, paper)
    write_link(station.home, MEASURED, station.clock())
    station.close()
    return root


def states(root: Path) -> dict[str, str]:
    """What each transfer carries, and its state, as another process sees it."""
    station = station_at(root)
    found = Transfers(station)
    try:
        return {row.what: row.state for row in found.waiting()}
    finally:
        found.close()
        station.close()


def test_a_photo_is_put_off_and_sent_after_all(post: Path) -> None:
    """Opened by F7; each key does what it says, on the disk at once; Escape leaves."""

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f7")
        await see(pilot, "about 2")
        await pilot.press("end")
        await pilot.press("f3")
        await see(pilot, "cancelled")
        await see(pilot, "the other side does not know")
        assert states(post)["document"] == "cancelled"
        await pilot.press("f4")
        await see(pilot, "queued")
        await until(pilot, lambda: states(post)["document"] == "waiting")
        await pilot.press("f2")
        await see(pilot, "for how long")
        await pilot.press("down", "enter")
        await see(pilot, "postponed")
        assert states(post)["document"] == "postponed"
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(pilot.app.screen, TransfersDialog))

    app = app_on(post)
    asyncio.run(run(app, script))


def test_it_says_whose_it_is_and_how_far_it_has_come(post: Path) -> None:
    """The patient's name beside the case; of a document the bytes that have arrived."""
    station = station_at(post)
    found = Transfers(station)
    document = next(row for row in found.waiting() if row.what == "document")
    found.close()
    left = {bytes.fromhex(document.tag): 10_000}
    write_link(station.home, MEASURED, station.clock(), lacking=left)
    newest = station.cases(everything=True)[0]
    station.close()

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f7")
        await see(pilot, "20.1 kB of 30.1 kB")
        assert f"document        {newest.case} {newest.name}" in shown(app)

    app = app_on(post)
    asyncio.run(run(app, script, (120, 40)))


def test_in_chinese_on_a_narrow_terminal(post: Path) -> None:
    """60 columns: what it is and the keys can still be read."""

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f7")
        await see(pilot, "等待发送的内容")
        await see(pilot, "文件")
        assert "不发送" in shown(app)
        assert "推迟" in shown(app)

    choose("zh")
    app = app_on(post)
    asyncio.run(run(app, script, (60, 24)))


def test_nothing_waits_is_said(tmp_path: Path) -> None:
    """An empty list explains itself, and no key fails on it."""
    root = demo(tmp_path / "post", "post")
    station = station_at(root)
    found = Transfers(station)
    for row in found.waiting():
        found._mail.spool.drop(row.to, bytes.fromhex(row.tag))
        station.log.delivered(row.to, [one.item for one in station.log.in_bundle(
            row.to, bytes.fromhex(row.tag))])  # fmt: skip
    found.close()
    assert case_of(station, "王小明")
    station.close()

    async def script(pilot: Pilot[Any]) -> None:
        await pilot.press("f7")
        await see(pilot, "Nothing waits to be sent.")
        await pilot.press("f2", "f3", "f4")
        await see(pilot, "Nothing waits to be sent.")
        await pilot.press("escape")

    asyncio.run(run(app_on(root), script))
