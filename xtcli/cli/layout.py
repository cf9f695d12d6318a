"""Text on a grid of cells, where a Chinese character takes two: pad, cut, wrap, tables, pages.

Pure text in and out; it knows neither terminals nor cases. Small, so that no command has to load a
library of screens to print ten lines.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

CUT = "~"
GAP = "  "
LEAST_CELLS = 8
"""The last column of a table keeps at least so many cells."""
NOT_FIRST = frozenset("，。；：、！？）”》")
"""Signs that do not begin a line."""


def width(text: str) -> int:
    """Cells that `text` takes on a terminal."""
    if text.isascii():
        return len(text)
    return sum(_cells(sign) for sign in text)


def _cells(sign: str) -> int:
    if unicodedata.combining(sign) or unicodedata.category(sign) == "Cf":
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1


def pad(text: str, cells: int) -> str:
    """`text` filled with spaces to `cells`."""
    return text + " " * max(0, cells - width(text))


def cut(text: str, cells: int) -> str:
    """`text` in at most `cells`; a mark shows that something is missing."""
    if width(text) <= cells:
        return text
    kept, used = [], 0
    for sign in text:
        used += _cells(sign)
        if used > cells - len(CUT):
            break
        kept.append(sign)
    return "".join(kept) + CUT


def wrap(text: str, cells: int) -> list[str]:
    """`text` in lines of at most `cells`: between words, or between Chinese characters."""
    lines: list[str] = []
    for part in text.splitlines() or [""]:
        line, used = "", 0
        for word in _words(part):
            size = width(word)
            if line and used + size > cells:
                lines.append(line.rstrip())
                line, used = "", 0
                word = word.lstrip()
                size = width(word)
            line += word
            used += size
        lines.append(line.rstrip())
    return lines


def _words(text: str) -> list[str]:
    """Pieces between which a line may end: Latin words with the space before, single Han signs.

    A sign that begins no line stays with the piece before it.
    """
    pieces = [""]
    joins = True
    for sign in text:
        if sign in NOT_FIRST:
            pieces[-1] += sign
            joins = False
        elif sign == " " or _cells(sign) == 2:
            pieces.append(sign)
            joins = sign == " "
        elif joins:
            pieces[-1] += sign
        else:
            pieces.append(sign)
            joins = True
    return pieces


def table(titles: Sequence[str], rows: Sequence[Sequence[str]], cells: int | None) -> list[str]:
    """Lines of a table, titles first. With `cells`, the last column is cut to fit into so many.

    Line breaks inside a field become spaces, so that a row stays a line.
    """
    flat = [[" ".join(field.split()) for field in row] for row in rows]
    widths = [max(width(row[n]) for row in [list(titles), *flat]) for n in range(len(titles))]
    if cells is not None:
        before = sum(widths[:-1]) + len(GAP) * (len(widths) - 1)
        widths[-1] = min(widths[-1], max(LEAST_CELLS, cells - before))
    lines = []
    for row in [list(titles), *flat]:
        fields = [pad(cut(field, most), most) for field, most in zip(row, widths, strict=True)]
        lines.append(GAP.join(fields).rstrip())
    return lines


def block(titles: Sequence[str], row: Sequence[str], cells: int) -> list[str]:
    """One row of a table as lines: a title and its field each; empty fields are left out."""
    pairs = zip(titles, row, strict=True)
    return described([(title, " ".join(field.split())) for title, field in pairs if field], cells)


def described(items: Sequence[tuple[str, str]], cells: int, most: int = 30) -> list[str]:
    """A term and its text per item: terms aligned, texts wrapped beside them.

    A term of more than `most` cells stands on a line of its own.
    """
    left = max((width(term) for term, _ in items if width(term) <= most), default=0)
    lines: list[str] = []
    for term, text in items:
        parts = wrap(text, max(20, cells - left - len(GAP)))
        if width(term) > left:
            lines.append(term)
            lines += [" " * left + GAP + part for part in parts]
            continue
        lines.append((pad(term, left) + GAP + parts[0]).rstrip())
        lines += [" " * left + GAP + part for part in parts[1:]]
    return lines
