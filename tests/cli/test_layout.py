"""Widths of Chinese text, tables and wrapped pages."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.cli import layout

TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=("Cs", "Cc")), max_size=60)


def test_width_counts_cells() -> None:
    assert layout.width("abc") == 3
    assert layout.width("胸闷3天") == 7
    assert layout.width("e\u0301") == 1


@settings(derandomize=True)
@given(TEXTS, st.integers(2, 40))
def test_cut_fits(text: str, cells: int) -> None:
    """Never wider than asked, and untouched when it fits."""
    found = layout.cut(text, cells)
    assert layout.width(found) <= cells
    assert found == text or found.endswith(layout.CUT)


@settings(derandomize=True)
@given(TEXTS, st.integers(20, 60))
def test_wrap_loses_nothing(text: str, cells: int) -> None:
    """Every sign that is not a space is in some line, in order."""
    lines = layout.wrap(text, cells)
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_wrap_breaks_between_chinese_signs_and_before_no_comma() -> None:
    lines = layout.wrap("卧床休息，吸氧，每15分钟测血压一次，必要时转诊", 20)
    assert all(layout.width(line) <= 20 for line in lines)
    assert not any(line[0] in "，。" for line in lines)


def test_table_aligns_and_cuts_the_last_column() -> None:
    lines = layout.table(("病例", "主诉"), [("4-1", "胸闷" * 40), ("12-345", "咳\n嗽")], 40)
    assert [layout.width(line) <= 40 for line in lines] == [True] * 3
    assert lines[1].startswith("4-1     胸闷")
    assert lines[1].endswith(layout.CUT)
    assert lines[2] == "12-345  咳 嗽"


def test_described_gives_long_terms_a_line() -> None:
    lines = layout.described([("--a", "first"), ("--" + "b" * 40, "second")], 60)
    assert lines == ["--a  first", "--" + "b" * 40, "     second"]


def test_a_row_as_a_block() -> None:
    """What a narrow terminal gets: a line for each field that is not empty, wrapped beside it."""
    lines = layout.block(("tag", "arrived", "what"), ("3fa1", "", "picture " * 8), 30)
    assert lines[0] == "tag   3fa1"
    assert lines[1].startswith("what  picture picture")
    assert lines[2].startswith("      picture")
    assert all(layout.width(line) <= 30 for line in lines)
