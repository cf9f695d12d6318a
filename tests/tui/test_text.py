"""Text on a grid of cells: widths, cuts, and nothing that steers a terminal."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from xtcli.tui.text import clean, duration, fit, rate, size, skip, waited


@settings(derandomize=True, max_examples=300)
@given(st.text(max_size=60), st.integers(1, 60), st.booleans())
def test_fit_is_exact(text: str, cells: int, right: bool) -> None:
    """Whatever the text, the column is exactly as wide as it should be."""
    assert cell_len(fit(clean(text), cells, right=right)) == cells


@settings(derandomize=True, max_examples=300)
@given(st.text(max_size=60))
def test_clean_leaves_no_controls(text: str) -> None:
    """No escape, no line break, no change of direction, nothing of no width at all by category."""
    import unicodedata

    kept = clean(text)
    assert not {unicodedata.category(sign) for sign in kept} & {"Cc", "Cf", "Zl", "Zp"}


def test_clean_keeps_lines_where_asked() -> None:
    assert clean("a\nb\x1b[2J", lines=True) == "a\nb[2J"
    assert clean("a\nb") == "a b"
    assert clean("王小明\u202e") == "王小明"


def test_cut_chinese_is_marked() -> None:
    """A wide sign that does not fit leaves its cell empty, never half a sign."""
    assert fit("王小明", 5) == "王小~"
    assert cell_len(fit("王小明", 4)) == 4
    assert fit("ab", 4, right=True) == "  ab"


def test_times() -> None:
    """Short enough for a column at any length."""
    for seconds in (0, 59, 60, 599, 3599, 3600, 86_399, 86_400, 40 * 86_400):
        assert len(waited(seconds)) <= 6
    assert waited(247) == "4:07"
    assert duration(0.84) == "0.8 s"
    assert duration(250) == "4 min"
    assert duration(3 * 86_400) == "3 days"


def test_sizes() -> None:
    assert size(640) == "640 B"
    assert size(15_234) == "15.2 kB"
    assert rate(12_300) == "12.3 kbit/s"


def test_skip_keeps_the_columns() -> None:
    """What is left begins at its cell, also where a wide sign is cut."""
    assert skip("abcdef", 2) == "cdef"
    assert skip("病例ab", 4) == "ab"
    assert skip("病例ab", 3) == " ab"
    assert skip("ab", 5) == ""
