"""Primed PPM: a text coder that has read thousands of clinical notes before the first byte.

Prediction by partial matching (Cleary and Witten 1984; Moffat 1990) over characters instead of
bytes, with exclusion, on counts that are frozen in a `Model`. Nothing adapts, so there is nothing
to warm up: a note of 150 Chinese characters costs milliseconds, and the same bytes come out on
every machine because all arithmetic is on whole numbers.

Any byte string can be coded: bytes that are no UTF-8 stand for themselves (PEP 383). The end is
coded as a border, the character that also stands before the first. The range coder keeps its low
end as one whole number, so a carry needs no special case.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from xtcli.errors import BundleRejected
from xtcli.transport.bundle.model import BORDER, WEIGHTS, Model

TOP = 1 << 48
"""The range starts here and is kept above `BOTTOM`; totals stay below 2^24."""

BOTTOM = 1 << 40

RARE = ((0, 0x80, 1), (0x80, 0x3400, 4), (0x3400, 0xA000, 16), (0xA000, 0x110000, 3))
"""Code points outside the alphabet: first, behind the last, weight of the class."""

RARE_TOTAL = sum(weight for _, _, weight in RARE)


class _Writer:
    """Range encoder: narrows [low, low + width) by fractions start/size of total."""

    def __init__(self) -> None:
        self.low, self.width, self.shifted = 0, TOP, 0

    def put(self, start: int, size: int, total: int) -> None:
        step = self.width // total
        self.low += start * step
        width = size * step
        while width < BOTTOM:
            width <<= 8
            self.low <<= 8
            self.shifted += 1
        self.width = width

    def done(self) -> bytes:
        """One byte for every shift, one more where needed: with zeros behind, it lies inside.

        The width is at least 2^40, so a number that ends in 40 zero bits is always there; one
        that ends in 48 often is.
        """
        for dropped in (6, 5):
            value = -(-self.low >> 8 * dropped)
            if value << 8 * dropped < self.low + self.width:
                return value.to_bytes(6 + self.shifted - dropped)
        raise AssertionError("no number in the interval")


class _Reader:
    """Range decoder over `data` followed by zeros."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at, self.width = data, 6, TOP
        self.code = int.from_bytes(data[:6].ljust(6, b"\x00"))
        self.step = 0

    @property
    def beyond(self) -> int:
        """How many bytes fewer `data` has than were shifted: more than 0 is damage."""
        return self.at - 6 - len(self.data)

    def target(self, total: int) -> int:
        self.step = self.width // total
        target = self.code // self.step
        if target >= total:
            raise _damaged()
        return target

    def take(self, start: int, size: int) -> None:
        self.code -= start * self.step
        width = size * self.step
        while width < BOTTOM:
            width <<= 8
            byte = self.data[self.at] if self.at < len(self.data) else 0
            self.code = self.code << 8 | byte
            self.at += 1
        self.width = width


def compress(data: bytes, model: Model) -> bytes:
    """`data` coded with `model`. Takes some 20 microseconds a character."""
    writer = _Writer()
    contexts = _next(model, [0], BORDER)
    for character in data.decode("utf-8", "surrogateescape"):
        number = model.number_of.get(ord(character))
        _put(writer, model, contexts, number)
        if number is None:
            _put_rare(writer, ord(character))
        contexts = _next(model, contexts, number)
    _put(writer, model, contexts, BORDER)
    return writer.done()


def expand(data: bytes, model: Model, limit: int) -> bytes:
    """What `compress` was given; raises `BundleRejected` when damaged or over `limit` bytes."""
    reader = _Reader(data)
    contexts = _next(model, [0], BORDER)
    points: list[int] = []
    while True:
        number = _take(reader, model, contexts)
        if number == BORDER:
            break
        points.append(_take_rare(reader) if number is None else model.code_point[number])
        if len(points) > limit or reader.beyond > 0:
            raise _damaged()
        contexts = _next(model, contexts, number)
    try:
        found = "".join(map(chr, points)).encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        raise _damaged() from None
    if len(found) > limit or reader.beyond not in (0, -1):
        raise _damaged()
    return found


def _next(model: Model, contexts: list[int], number: int | None) -> list[int]:
    """The contexts after character `number`, longest first, ending with the root."""
    found = []
    if number is not None:
        symbol, first, inner = model.symbol, model.first, model.inner
        for node in contexts:
            end = first[node + 1]
            place = bisect_left(symbol, number, first[node], end)
            known = place < end and symbol[place] == number
            if known and place < inner and first[place] < first[place + 1]:
                found.append(place)
    found.append(0)
    return found


def _passed(model: Model, node: int, excluded: set[int]) -> list[int]:
    """Which children of `node`, counted from 0, a longer context has already ruled out."""
    if not excluded:
        return []
    symbol, begin, end = model.symbol, model.first[node], model.first[node + 1]
    if end - begin <= 4 * len(excluded):
        return [k for k, number in enumerate(symbol[begin:end]) if number in excluded]
    found = []
    for number in sorted(excluded):
        place = bisect_left(symbol, number, begin, end)
        if place < end and symbol[place] == number:
            found.append(place - begin)
    return found


def _put(writer: _Writer, model: Model, contexts: list[int], number: int | None) -> None:
    """Write `number` in the longest context that knows it, escapes before; None: in none."""
    symbol, first = model.symbol, model.first
    excluded: set[int] = set()
    for node in contexts:
        below, passed = model.below(node), _passed(model, node, excluded)
        known = below[-1] - sum([below[k + 1] - below[k] for k in passed])
        if not known:
            continue
        escape, begin, end = WEIGHTS[model.escape[node]], first[node], first[node + 1]
        if number is not None:
            place = bisect_left(symbol, number, begin, end)
            if place < end and symbol[place] == number:
                place -= begin
                before = below[place] - sum([below[k + 1] - below[k] for k in passed if k < place])
                writer.put(before, below[place + 1] - below[place], known + escape)
                return
        writer.put(known, escape, known + escape)
        if node:  # Behind the root comes nothing from which to exclude.
            excluded.update(symbol[begin:end])


def _take(reader: _Reader, model: Model, contexts: list[int]) -> int | None:
    """The next character number; None: the contexts do not know it."""
    symbol, first = model.symbol, model.first
    excluded: set[int] = set()
    for node in contexts:
        below, passed = model.below(node), _passed(model, node, excluded)
        known = below[-1] - sum([below[k + 1] - below[k] for k in passed])
        if not known:
            continue
        escape = WEIGHTS[model.escape[node]]
        target = reader.target(known + escape)
        if target < known:
            skipped = 0
            for k in passed:
                if below[k] > target + skipped:
                    break
                skipped += below[k + 1] - below[k]
            place = bisect_right(below, target + skipped) - 1
            reader.take(below[place] - skipped, below[place + 1] - below[place])
            return symbol[first[node] + place]
        reader.take(known, escape)
        if node:
            excluded.update(symbol[first[node] : first[node + 1]])
    return None


def _put_rare(writer: _Writer, point: int) -> None:
    start = 0
    for begin, end, weight in RARE:
        if point < end:
            writer.put(start, weight, RARE_TOTAL)
            writer.put(point - begin, 1, end - begin)
            return
        start += weight


def _take_rare(reader: _Reader) -> int:
    target, start = reader.target(RARE_TOTAL), 0
    for begin, end, weight in RARE:
        if target < start + weight:
            reader.take(start, weight)
            offset = reader.target(end - begin)
            reader.take(offset, 1)
            return begin + offset
        start += weight
    raise _damaged()


def _damaged() -> BundleRejected:
    return BundleRejected(
        "This bundle is damaged: its text cannot be read.", "Ask the sender to send it again."
    )
