"""A trend as a plot in braille dots, with the normal range and numbers at both ends.

Braille patterns are narrow in every terminal, unlike box drawing; a bare console gets asterisks.
Text out, drawing nothing itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from textual.content import Content

from xtcli.lang import tr
from xtcli.station.desk_views import Trend
from xtcli.tui.console import bare
from xtcli.tui.text import clock, fit

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
"""Bits of a braille cell: four rows of two dots."""


def number(value: float) -> str:
    """A value without needless decimals."""
    return f"{value:.0f}" if value == int(value) else f"{value:.1f}"


def canvas(
    points: Sequence[tuple[int, float]], cells: int, rows: int, low: float, high: float, *,
    plain: bool = False,
) -> list[str]:  # fmt: skip
    """The points, joined by lines, on `rows` lines of `cells` braille signs, or `*` if `plain`."""
    grid = [[0] * cells for _ in range(rows)]
    first, last = points[0][0], points[-1][0]
    span, height = max(1, last - first), max(high - low, 1e-9)

    def place(point: tuple[int, float]) -> tuple[int, int]:
        x = round((point[0] - first) / span * (cells * 2 - 1))
        y = round((high - point[1]) / height * (rows * 4 - 1))
        return x, max(0, min(rows * 4 - 1, y))

    def dot(x: int, y: int) -> None:
        grid[y // 4][x // 2] |= DOTS[y % 4][x % 2]

    placed = [place(point) for point in points]
    for (x0, y0), (x1, y1) in pairwise(placed):
        steps = max(abs(x1 - x0), abs(y1 - y0), 1)
        for step in range(steps + 1):
            dot(round(x0 + (x1 - x0) * step / steps), round(y0 + (y1 - y0) * step / steps))
    for x, y in placed:
        dot(x, y)
    if plain:
        return ["".join("*" if bits else " " for bits in row) for row in grid]
    return ["".join(chr(0x2800 + bits) for bits in row) for row in grid]


def plot(trend: Trend, cells: int, rows: int, now: float) -> Content:
    """A trend with its name, newest value, range, scale and dates."""
    values = [value for _, value in trend.points]
    low, high = min(values), max(values)
    margin = (high - low) * 0.1 or 1.0
    low, high = low - margin, high + margin
    # As fine as what was measured, no finer.
    digits = 0 if all(value == int(value) for value in values) else 1
    edges = [number(round(edge, digits)) for edge in (low, high)]
    room = max(10, cells - 8)
    drawn = canvas(trend.points, room, rows, low, high, plain=bare())
    title = f"{trend.label} {number(values[-1])} {trend.unit}"
    if trend.normal:
        title += "  " + tr("normal {low}-{high}", low=number(trend.normal[0]),
                           high=number(trend.normal[1]))  # fmt: skip
    title += "  (" + " ".join(number(value) for value in values[-8:]) + ")"
    lines = [Content.assemble((title, "bold"))]
    for row, text in enumerate(drawn):
        edge = {0: edges[1], rows - 1: edges[0]}.get(row, "")
        lines.append(Content.assemble((fit(edge, 7, right=True) + " ", "$foreground 70%"),
                                      (text, "$primary")))  # fmt: skip
    first, last = (clock(trend.points[n][0], now) for n in (0, -1))
    gap = max(1, room - len(first) - len(last))
    lines.append(Content.assemble((" " * 8 + first + " " * gap + last, "$foreground 70%")))
    return Content("\n").join(lines)
