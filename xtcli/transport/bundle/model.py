"""The frozen statistics behind primed PPM: which character follows which, counted beforehand.

A model is a trie of character strings. A node at depth d stands for a string of d characters: its
weight says how usual its last character is after the ones before it, its children are what may
follow, its escape weight is the chance that none of them does. The arrays are used as they lie in
the file: reading a model costs about a millisecond. Made by `training`, used by `ppm`.

File: `xtm1`, number of depths (1), size of the alphabet beyond the fixed characters (2), number of
nodes of each depth (4 each); then columns: the alphabet (2 each, code points), character of every
node (2 each), weight code (1 each); of all but the deepest nodes number of children (2 each) and
escape code (1 each). Nodes lie shallow to deep, in the order of their parents, then of characters.
Little-endian.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass, field
from itertools import accumulate

MAGIC = b"xtm1"
BORDER = 0
"""Character number of the border: before the first and after the last character of a stream."""

ESCAPED_FIRST = 0xDC80
"""Code point for byte 0x80 where it is no UTF-8 (PEP 383); bytes to 0xFF follow."""

FIXED = (-1, *range(128), *range(ESCAPED_FIRST, ESCAPED_FIRST + 128))
"""The first character numbers of every alphabet: border, ASCII, bytes that are no UTF-8."""

WEIGHTS = tuple(sorted({round(2 ** (code / 8)) for code in range(8, 136)} | set(range(1, 12))))
"""Weight that a one-byte code stands for: small numbers exactly, then steps of 9 %."""


@dataclass(frozen=True, slots=True)
class Model:
    """Arrays over all nodes; node 0 is the root, the empty string.

    `symbol`, and codes of `weight`, per node; of the `inner` nodes, which may have children, also
    codes of `escape`, and children of node n are `first[n]` to `first[n + 1]`. `number_of` maps a
    code point to its character number.
    """

    depth: int
    inner: int
    symbol: array[int]
    weight: bytes
    escape: bytes
    first: list[int]
    code_point: tuple[int, ...]
    number_of: dict[int, int]
    sums: dict[int, list[int]] = field(default_factory=dict)

    def below(self, node: int) -> list[int]:
        """Weight of the children of `node` before each, and of all; kept once made."""
        found = self.sums.get(node)
        if found is None:
            codes = self.weight[self.first[node] : self.first[node + 1]]
            found = self.sums[node] = list(accumulate(map(WEIGHTS.__getitem__, codes), initial=0))
        return found


def write_model(levels: list[list[tuple[int, int, int, int]]], alphabet: list[int]) -> bytes:
    """A model file of `levels`, one list of (character, weight code, children, escape code) each.

    The root's own row is the only one of depth 0.
    """
    rows = [row for level in levels for row in level]
    inner = rows[: len(rows) - len(levels[-1])]
    out = [MAGIC, bytes([len(levels)]), len(alphabet).to_bytes(2, "little")]
    out += [len(level).to_bytes(4, "little") for level in levels]
    out += [_column(alphabet), _column([row[0] for row in rows]), bytes(row[1] for row in rows)]
    out += [_column([row[2] for row in inner]), bytes(row[3] for row in inner)]
    return b"".join(out)


def _column(values: list[int]) -> bytes:
    column = array("H", values)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def read_model(data: bytes) -> Model:
    """The model in a file that `write_model` made; raises `ValueError` when it is another."""
    if data[:4] != MAGIC or len(data) < 11:
        raise ValueError("not a model")
    depths, letters = data[4], int.from_bytes(data[5:7], "little")
    at = 7 + 4 * depths
    sizes = [int.from_bytes(data[k : k + 4], "little") for k in range(7, at, 4)]
    nodes, inner = sum(sizes), sum(sizes[:-1])
    if len(data) != at + 2 * letters + 3 * nodes + 3 * inner:
        raise ValueError("not a whole model")
    alphabet, at = _read(data, at, letters)
    symbol, at = _read(data, at, nodes)
    weight, at = data[at : at + nodes], at + nodes
    children, at = _read(data, at, inner)
    points = (*FIXED, *alphabet)
    return Model(
        depth=depths - 1,
        inner=inner,
        symbol=symbol,
        weight=weight,
        escape=data[at:],
        first=list(accumulate(children, initial=1)),
        code_point=points,
        number_of={point: number for number, point in enumerate(points)},
    )


def _read(data: bytes, at: int, size: int) -> tuple[array[int], int]:
    column = array("H", data[at : at + 2 * size])
    if sys.byteorder == "big":
        column.byteswap()
    return column, at + 2 * size
