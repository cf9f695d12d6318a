"""The frozen statistics behind primed PPM: which character follows which, counted beforehand.

A model is a trie of character strings. A node at depth d stands for a string of d characters: its
weight says how usual its last character is after the ones before it, its children are what may
follow, its escape weight is the chance that none of them does. The arrays are used as they lie in
the file: reading a model costs about a millisecond. Made by `training`, used by `ppm`.

File: `xtm1`, depth (1), number of characters in the alphabet beyond the fixed ones (2), then
for each depth the number of nodes (4 each), then the alphabet (2 each, code points), then per
depth the columns character (2 each), weight (1 each) and, but for the last depth, number of
children (2 each) and escape weight (1 each). Little-endian.
"""

from __future__ import annotations

import sys
from array import array
from dataclasses import dataclass
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
    """Arrays over all nodes, shallow to deep; node 0 is the root, the empty string.

    `symbol`, and codes of `weight` and `escape`, per node; `below[n]` is the weight of all nodes
    before n; children of node n are
    `first[n]` to `first[n + 1]`. `number_of` maps a code point to its character number.
    """

    depth: int
    symbol: array[int]
    weight: bytes
    below: list[int]
    escape: bytes
    first: list[int]
    code_point: tuple[int, ...]
    number_of: dict[int, int]


def write_model(levels: list[list[tuple[int, int, int, int]]], alphabet: list[int]) -> bytes:
    """A model file of `levels`, one list of (character, weight code, children, escape code) each.

    Nodes of one depth lie in the order of their parents and, below one parent, of characters.
    The root's own row is the only one of depth 0.
    """
    out = [MAGIC, bytes([len(levels)]), len(alphabet).to_bytes(2, "little")]
    out += [len(level).to_bytes(4, "little") for level in levels]
    out.append(_column("H", alphabet))
    for depth, level in enumerate(levels):
        out.append(_column("H", [row[0] for row in level]))
        out.append(bytes(row[1] for row in level))
        if depth + 1 < len(levels):
            out.append(_column("H", [row[2] for row in level]))
            out.append(bytes(row[3] for row in level))
    return b"".join(out)


def _column(kind: str, values: list[int]) -> bytes:
    column = array(kind, values)
    if sys.byteorder == "big":
        column.byteswap()
    return column.tobytes()


def read_model(data: bytes) -> Model:
    """The model in a file that `write_model` made; raises `ValueError` when it is another."""
    if data[:4] != MAGIC:
        raise ValueError("not a model")
    depths, letters = data[4], int.from_bytes(data[5:7], "little")
    at = 7 + 4 * depths
    sizes = [int.from_bytes(data[k : k + 4], "little") for k in range(7, at, 4)]
    alphabet, at = _read(data, at, letters)
    symbol, weights, escapes, children = array("H"), bytearray(), bytearray(), array("H")
    for depth, size in enumerate(sizes):
        column, at = _read(data, at, size)
        symbol += column
        weights += data[at : at + size]
        at += size
        if depth + 1 < depths:
            column, at = _read(data, at, size)
            children += column
            escapes += data[at : at + size]
            at += size
        else:
            children += array("H", bytes(2 * size))
            escapes += bytes(size)
    if at != len(data) or len(weights) != sum(sizes):
        raise ValueError("not a whole model")
    points = (*FIXED, *alphabet)
    return Model(
        depth=depths - 1,
        symbol=symbol,
        weight=bytes(weights),
        below=list(accumulate(map(WEIGHTS.__getitem__, weights), initial=0)),
        escape=bytes(escapes),
        first=list(accumulate(children, initial=1)),
        code_point=points,
        number_of={point: number for number, point in enumerate(points)},
    )


def _read(data: bytes, at: int, size: int) -> tuple[array[int], int]:
    column = array("H", data[at : at + 2 * size])
    if sys.byteorder == "big":
        column.byteswap()
    return column, at + 2 * size
