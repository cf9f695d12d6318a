"""The progress of a sync: what it claims, and that it is gone afterwards."""

from __future__ import annotations

import io
import re

from rich.console import Console

from tests.cli.realm import ASKS, PATIENT, Realm, ok, xt
from tests.cli.test_terminal import Terminal
from xtcli.cli.sync_bar import SyncBar
from xtcli.lang import choose
from xtcli.station.syncing import Traffic

WIPED = "\x1b[1A\x1b[2K"
"""One line up, and that line empty."""


def drawn(*steps: Traffic, cells: int = 80) -> list[str]:
    """What stands on the screen after each step."""
    shown = []
    for count in range(1, len(steps) + 1):
        paper = io.StringIO()
        console = Console(file=paper, force_terminal=True, width=cells, color_system=None)
        bar = SyncBar(console)
        for step in steps[:count]:
            bar(step)
        bar._progress.refresh()
        shown.append(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", paper.getvalue()).split("\r")[-1])
        bar.clear()
    return shown


def test_it_says_what_is_done_and_the_links_own_time() -> None:
    """Half of it, ten seconds left; more to send is a longer way, not a step forward."""
    first, half, more = drawn(
        Traffic(8_000, None), Traffic(4_000, 10.0), Traffic(12_000, 30.0, to_fetch=500)
    )
    assert "0 B of 8.0 kB" in first
    assert "left" not in first
    assert "4.0 kB of 8.0 kB  about 10 s left" in half
    assert "0 B of 12.0 kB  about 30 s left" in more
    assert "0 B of 500 B" in more


def test_a_silent_hub_is_said_instead_of_a_time() -> None:
    """In an outage nobody knows how long it takes; the bar stands and says since when."""
    silent, back = drawn(
        Traffic(4_000, 10.0, silent_seconds=34.0), Traffic(4_000, 10.0, silent_seconds=0.5)
    )
    assert "no answer for 34 s" in silent
    assert "left" not in silent
    assert "about 10 s left" in back


def test_in_a_narrow_terminal_the_bar_gives_way() -> None:
    """60 cells: the time left is read whole, in English and in Chinese."""
    for language, words in (("en", "about 4 min 10 s left"), ("zh", "还需约 4 分 10 秒")):
        choose(language)
        try:
            (shown,) = drawn(Traffic(260_500, 250.0), cells=60)
        finally:
            choose(None)
        assert words in shown


def test_nothing_to_move_draws_nothing() -> None:
    assert drawn(Traffic(0, None))[-1].strip() == ""


def test_on_a_terminal_the_last_word_stands_alone(realm: Realm) -> None:
    """The bars are gone when the sync has ended."""
    ok(xt(realm.post, "request", *PATIENT, *ASKS))
    code, shown = Terminal(realm.post, "sync").end()
    assert code == 0
    assert "sending" in shown
    after = shown.rsplit(WIPED, 1)[-1]
    assert after.startswith("All safe:")
