"""A picture of a call on a terminal."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from PIL import Image

from xtcli.cli.sound_still import half_blocks, show_still
from xtcli.lang import choose
from xtcli.station.calls_values import StillView


def test_half_blocks_show_the_colours(tmp_path: Path) -> None:
    """Upper half red, lower half blue: two pixels a cell, no wider than asked."""
    image = Image.new("RGB", (480, 360), (200, 20, 20))
    image.paste((20, 20, 200), (0, 180, 480, 360))
    image.save(tmp_path / "a.avif")
    lines = half_blocks(tmp_path / "a.avif", 40, 12).splitlines()
    assert len(lines) == 12
    assert all(line.count("\u2580") == 32 for line in lines)
    for line, wanted in ((lines[0], (200, 20, 20)), (lines[-1], (20, 20, 200))):
        found = re.search(r"38;2;(\d+);(\d+);(\d+);48", line)
        assert found
        assert tuple(map(int, found.groups())) == pytest.approx(wanted, abs=12)


def test_without_a_terminal_its_place_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    choose("en")
    show_still(StillView(tmp_path / "a.avif", 3.4, 480, 360))
    choose(None)
    said = capsys.readouterr().err
    assert "Picture, 3 s old:" in said
    assert "\x1b" not in said
