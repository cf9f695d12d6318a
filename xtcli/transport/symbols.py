"""Symbols: a systematic, maximum-distance-separable erasure code over GF(256).

Sealed bytes are cut into source symbols; Cauchy Reed-Solomon rows make as many repair symbols as
a block of 256 allows, and any K of a block's symbols give its K source symbols back (Blömer et
al., "An XOR-Based Erasure-Resilient Coding Scheme", ICSI TR-95-048, 1995). Long data is cut into
blocks whose symbols alternate, so that a burst of losses is shared by all blocks.

Multiplying a symbol by a constant is one `bytes.translate`, adding two is one XOR of integers:
both run in C, so nothing has to be imported to send or to mend one datagram.

It knows bytes and indices only: no bundle, link, clock or file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache

TAG_BYTES = 4
"""Length of a bundle's tag."""
BLOCK_SYMBOLS_MAX = 256
"""Symbols a block can have, source and repair together: one for each element of GF(256)."""
BLOCK_SOURCES_MAX = 128
"""Source symbols in a block; leaves at least as many repair symbols."""
BLOCKS_MAX = 128
"""Blocks in one piece of data; longer data needs larger symbols."""
LENGTH_BYTES_MAX = (1 << 24) - 1
"""Longest data that can be cut into symbols."""
_POLYNOMIAL = 0x11D


def bundle_tag(sealed: bytes) -> bytes:
    """The 4-byte tag of sealed bytes: BLAKE2s, personalised. It names and checks a bundle."""
    return hashlib.blake2s(sealed, digest_size=TAG_BYTES, person=b"xt tag").digest()


def _powers() -> tuple[list[int], list[int]]:
    """Exponentials (twice over) and logarithms of GF(256) to the base 2."""
    exponentials, logarithms = [0] * 512, [0] * 256
    value = 1
    for power in range(255):
        exponentials[power] = exponentials[power + 255] = value
        logarithms[value] = power
        value <<= 1
        if value & 0x100:
            value ^= _POLYNOMIAL
    return exponentials, logarithms


_EXP, _LOG = _powers()


def inverse(value: int) -> int:
    """1 / value in GF(256); value must not be 0."""
    return _EXP[255 - _LOG[value]]


@lru_cache(maxsize=256)
def _times(factor: int) -> bytes:
    """The table that multiplies every byte by `factor`."""
    if factor == 0:
        return bytes(256)
    log = _LOG[factor]
    return bytes([0] + [_EXP[log + _LOG[value]] for value in range(1, 256)])


def _coefficient(row: int, column: int) -> int:
    """Entry of the Cauchy matrix: repair symbol `row` (>= K) takes this much of source `column`."""
    return inverse(row ^ column)


def _scaled(symbol: bytes, factor: int) -> int:
    """`symbol` times `factor`, as the integer that is XORed."""
    return int.from_bytes(symbol.translate(_times(factor)), "little")


@dataclass(frozen=True, slots=True)
class Layout:
    """How `length` bytes lie in symbols of `symbol_bytes`: index i is number i // blocks of
    block i % blocks; the first `sources` indices are the data itself, in order."""

    length: int
    symbol_bytes: int

    def __post_init__(self) -> None:
        """ValueError on lengths that cannot be."""
        if not 0 < self.length <= LENGTH_BYTES_MAX or self.symbol_bytes < 1:
            raise ValueError("length or symbol size out of range")
        if self.blocks > BLOCKS_MAX:
            raise ValueError("symbols too small for this length")

    @property
    def sources(self) -> int:
        """Source symbols in all."""
        return -(-self.length // self.symbol_bytes)

    @property
    def blocks(self) -> int:
        """Blocks in all."""
        return -(-self.sources // BLOCK_SOURCES_MAX)

    def block_sources(self, block: int) -> int:
        """Source symbols of one block."""
        return -(-(self.sources - block) // self.blocks)

    @property
    def indices(self) -> int:
        """Indices there are: all below this number name a symbol."""
        return self.blocks * BLOCK_SYMBOLS_MAX


def symbol_size(length: int, symbol_bytes_max: int) -> int:
    """The symbol size <= the maximum that pads least: symbols of equal size carry no length."""
    smallest = -(-length // (BLOCK_SOURCES_MAX * BLOCKS_MAX))
    limit = max(symbol_bytes_max, smallest)
    return -(-length // -(-length // limit))


class Encoder:
    """Makes the symbols of one piece of data, any index in any order."""

    def __init__(self, data: bytes, symbol_bytes: int) -> None:
        """Cut `data`; ValueError if the layout cannot be."""
        self.layout = Layout(len(data), symbol_bytes)
        self._data = data
        self._block_cache: dict[int, list[bytes]] = {}

    def _source(self, index: int) -> bytes:
        size = self.layout.symbol_bytes
        return self._data[index * size : (index + 1) * size].ljust(size, b"\0")

    def _block(self, block: int) -> list[bytes]:
        """The source symbols of a block; the last few blocks used are kept."""
        found = self._block_cache.get(block)
        if found is None:
            layout = self.layout
            found = [self._source(i) for i in range(block, layout.sources, layout.blocks)]
            if len(self._block_cache) >= 4:
                self._block_cache.pop(next(iter(self._block_cache)))
            self._block_cache[block] = found
        return found

    def symbol(self, index: int) -> bytes:
        """Symbol `index`, always `symbol_bytes` long; ValueError if there is no such index."""
        layout = self.layout
        if not 0 <= index < layout.indices:
            raise ValueError("no such symbol")
        if index < layout.sources:
            return self._source(index)
        row, block = divmod(index, layout.blocks)
        total = 0
        for column, source in enumerate(self._block(block)):
            total ^= _scaled(source, _coefficient(row, column))
        return total.to_bytes(layout.symbol_bytes, "little")


class Decoder:
    """Collects symbols of one piece of data until any K of each block are there."""

    def __init__(self, length: int, symbol_bytes: int) -> None:
        """Wait for the symbols of `length` bytes; ValueError if the layout cannot be."""
        self.layout = Layout(length, symbol_bytes)
        self.missing = [self.layout.block_sources(b) for b in range(self.layout.blocks)]
        """Symbols that each block still lacks."""
        self.next_index = 0
        """One more than the highest index that came."""
        self._rows: list[dict[int, bytes]] = [{} for _ in self.missing]

    @property
    def complete(self) -> bool:
        """Whether `data()` can be called."""
        return not any(self.missing)

    def add(self, index: int, payload: bytes) -> bool:
        """Take a symbol; False if it brings nothing new, ValueError if it cannot be one."""
        layout = self.layout
        if not 0 <= index < layout.indices or len(payload) != layout.symbol_bytes:
            raise ValueError("not a symbol of this data")
        self.next_index = max(self.next_index, index + 1)
        row, block = divmod(index, layout.blocks)
        rows = self._rows[block]
        if self.missing[block] == 0 or row in rows:
            return False
        rows[row] = payload
        self.missing[block] -= 1
        return True

    def symbols(self) -> list[tuple[int, bytes]]:
        """What has come so far: (index, payload)."""
        blocks = self.layout.blocks
        return [
            (row * blocks + block, payload)
            for block, rows in enumerate(self._rows)
            for row, payload in rows.items()
        ]

    def data(self) -> bytes:
        """The data, exactly; ValueError while symbols are missing."""
        if not self.complete:
            raise ValueError("symbols are missing")
        layout = self.layout
        pieces = [b""] * layout.sources
        for block, rows in enumerate(self._rows):
            sources = _solve(rows, layout.block_sources(block), layout.symbol_bytes)
            pieces[block :: layout.blocks] = sources
        return b"".join(pieces)[: layout.length]


def _solve(rows: dict[int, bytes], count: int, size: int) -> list[bytes]:
    """The `count` source symbols of a block from any `count` of its symbols."""
    lost = [column for column in range(count) if column not in rows]
    if lost:
        known = {column: rows[column] for column in range(count) if column in rows}
        repairs = sorted(row for row in rows if row >= count)[: len(lost)]
        matrix = [_equation(row, rows[row], known, lost, size) for row in repairs]
        return [
            known.get(column, matrix_row)
            for column, matrix_row in zip(range(count), _merged(matrix, lost, count), strict=True)
        ]
    return [rows[column] for column in range(count)]


def _merged(matrix: list[bytes], lost: list[int], count: int) -> list[bytes]:
    """The solved symbols at their columns, empty elsewhere."""
    solved = _eliminate(matrix)
    merged = [b""] * count
    for place, column in enumerate(lost):
        merged[column] = solved[place]
    return merged


def _equation(
    row: int, payload: bytes, known: dict[int, bytes], lost: list[int], size: int
) -> bytes:
    """One repair symbol as an equation in the lost ones: coefficients, then the right side."""
    right = int.from_bytes(payload, "little")
    for column, source in known.items():
        right ^= _scaled(source, _coefficient(row, column))
    left = bytes(_coefficient(row, column) for column in lost)
    return left + right.to_bytes(size, "little")


def _eliminate(matrix: list[bytes]) -> list[bytes]:
    """Gauss-Jordan over GF(256). Every square part of a Cauchy matrix is regular, and so are the
    parts that remain after each step: no pivot is ever 0 and no rows are exchanged."""
    count = len(matrix)
    width = len(matrix[0])
    for pivot in range(count):
        row = matrix[pivot]
        row = matrix[pivot] = row.translate(_times(inverse(row[pivot])))
        for other in range(count):
            factor = matrix[other][pivot]
            if other != pivot and factor:
                total = int.from_bytes(matrix[other], "little") ^ _scaled(row, factor)
                matrix[other] = total.to_bytes(width, "little")
    return [row[count:] for row in matrix]
