"""How single values are checked and written: text, numbers, digests, ids, rows, lists.

A coder normalises and checks a value when a body is built (`check`), and turns it into what
msgpack writes and back (`pack`, `unpack`). `unpack` may return something wrong; the body's
constructor then refuses it. Knows no record kinds.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from enum import IntEnum
from typing import Any, NoReturn, Protocol, get_type_hints, runtime_checkable

from xtcli.errors import UsageError
from xtcli.records import limits
from xtcli.records.ids import RecordId, Span


@runtime_checkable
class Coder(Protocol):
    """Checks one value and writes it."""

    def check(self, name: str, value: Any) -> Any:
        """The value in its one accepted form; raises `UsageError`."""

    def pack(self, value: Any) -> Any:
        """What msgpack is given."""

    def unpack(self, packed: Any) -> Any:
        """The value again; `check` judges it afterwards."""


def refuse(name: str) -> NoReturn:
    """Raise: the field `name` holds something it must not."""
    raise UsageError(
        "The value given for {field} cannot be used.", "Correct it and try again.", field=name
    )


class Plain:
    """Written as it is."""

    def pack(self, value: Any) -> Any:
        """The value itself."""
        return value

    def unpack(self, packed: Any) -> Any:
        """The value itself."""
        return packed


@dataclass(frozen=True)
class Int(Plain):
    """A whole number from `low` to `high`."""

    low: int
    high: int

    def check(self, name: str, value: Any) -> int:
        """Exactly an int (not a bool), within bounds."""
        if type(value) is not int or not self.low <= value <= self.high:
            refuse(name)
        return value


@dataclass(frozen=True)
class Optional:
    """None, or what `inner` accepts; None must be the field's default, so it is never written."""

    inner: Coder

    def check(self, name: str, value: Any) -> Any:
        """None passes."""
        return None if value is None else self.inner.check(name, value)

    def pack(self, value: Any) -> Any:
        """As `inner`; None inside a row is msgpack nil."""
        return None if value is None else self.inner.pack(value)

    def unpack(self, packed: Any) -> Any:
        """As `inner`."""
        return None if packed is None else self.inner.unpack(packed)


class Flag(Plain):
    """True or False."""

    def check(self, name: str, value: Any) -> bool:
        """Exactly a bool."""
        if type(value) is not bool:
            refuse(name)
        return value


@dataclass(frozen=True)
class Choice:
    """One member of an `IntEnum`, written as its number."""

    of: type[IntEnum]

    def check(self, name: str, value: Any) -> IntEnum:
        """A member."""
        if not isinstance(value, self.of):
            refuse(name)
        return value

    def pack(self, value: Any) -> int:
        """The member's number."""
        return int(value)

    def unpack(self, packed: Any) -> Any:
        """The member; ValueError for a number that names none."""
        return self.of(packed) if type(packed) is int else None


# Unicode categories: controls, surrogates, unassigned-for-ever, line and paragraph separators.
_FORBIDDEN = {"Cc", "Cs", "Zl", "Zp"}
# Overrides and isolates can make a screen show other words than were signed (UAX #9).
_BIDI = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\ufeff")


def clean(text: str) -> str:
    """`text` in NFC, line ends as LF, without white space at its ends."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n")).strip()


@dataclass(frozen=True)
class Text(Plain):
    """Text of at most `chars_max` characters, in NFC; `lines` allows LF and tab."""

    chars_max: int
    required: bool = False
    lines: bool = False

    def check(self, name: str, value: Any) -> str:
        """Cleaned text without control, surrogate or direction-override characters."""
        if not isinstance(value, str):
            refuse(name)
        text = clean(value)
        if self.required and not text:
            raise UsageError("{field} is missing.", "Give it and try again.", field=name)
        if len(text) > self.chars_max:
            raise UsageError(
                "{field} has {size} characters; at most {most} fit.",
                "Shorten it and try again.",
                field=name,
                size=len(text),
                most=self.chars_max,
            )
        allowed = "\n\t" if self.lines else ""
        for char in text:
            if char in _BIDI or (char not in allowed and unicodedata.category(char) in _FORBIDDEN):
                raise UsageError(
                    "{field} holds a character that cannot be shown (U+{code}).",
                    "Remove it and try again.",
                    field=name,
                    code=f"{ord(char):04X}",
                )
        return text


@dataclass(frozen=True)
class Bytes(Plain):
    """Exactly `size` bytes."""

    size: int

    def check(self, name: str, value: Any) -> bytes:
        """Exactly that many."""
        if not isinstance(value, bytes) or len(value) != self.size:
            refuse(name)
        return value


class Ref:
    """A `RecordId`, written `[station, seq]`."""

    def check(self, name: str, value: Any) -> RecordId:
        """A valid id."""
        if not isinstance(value, RecordId) or not value.valid:
            refuse(name)
        return value

    def pack(self, value: Any) -> list[int]:
        """Two numbers."""
        return list(value)

    def unpack(self, packed: Any) -> Any:
        """The id; anything but two whole numbers is left for `check` to refuse."""
        if isinstance(packed, list) and len(packed) == 2 and all(type(n) is int for n in packed):
            return RecordId(packed[0], packed[1])
        return packed


@dataclass(frozen=True)
class Spans:
    """Runs of record ids, sorted, apart from each other; written flat: station, first, length-1."""

    records_max: int

    def check(self, name: str, value: Any) -> tuple[Span, ...]:
        """Sorted, non-touching, valid, bounded."""
        if not isinstance(value, tuple) or len(value) > limits.spans_max:
            refuse(name)
        before: Span | None = None
        total = 0
        for span in value:
            if not isinstance(span, Span) or not span.first <= span.last:
                refuse(name)
            if not (RecordId(*span[:2]).valid and span.last <= limits.seq_max):
                refuse(name)
            if before and (span.station, span.first) <= (before.station, before.last + 1):
                refuse(name)
            total += span.last - span.first + 1
            before = span
        if total > self.records_max:
            refuse(name)
        return value

    def pack(self, value: Any) -> list[int]:
        """Three numbers a run."""
        return [n for s in value for n in (s.station, s.first, s.last - s.first)]

    def unpack(self, packed: Any) -> Any:
        """The runs again."""
        if not whole_numbers(packed) or len(packed) % 3:
            return None
        groups = zip(packed[::3], packed[1::3], packed[2::3], strict=True)
        return tuple(Span(s, first, first + more) for s, first, more in groups)


@dataclass(frozen=True)
class Pairs:
    """Measurements as (code, scaled value), sorted by code, each code once; written flat."""

    count_max: int

    def check(self, name: str, value: Any) -> tuple[tuple[int, int], ...]:
        """Sorted pairs within bounds."""
        code, number = Int(1, limits.vital_code_max), Int(-(2**31), limits.vital_value_max)
        if not isinstance(value, tuple) or len(value) > self.count_max:
            refuse(name)
        for pair in value:
            if not isinstance(pair, tuple) or len(pair) != 2:
                refuse(name)
            code.check(name, pair[0])
            number.check(name, pair[1])
        codes = [pair[0] for pair in value]
        if len(set(codes)) != len(codes):
            refuse(name)
        return tuple(sorted(value))

    def pack(self, value: Any) -> list[int]:
        """Two numbers each."""
        return [n for pair in value for n in pair]

    def unpack(self, packed: Any) -> Any:
        """The pairs again."""
        if not whole_numbers(packed) or len(packed) % 2:
            return None
        return tuple(zip(packed[::2], packed[1::2], strict=True))


@dataclass(frozen=True)
class Rows:
    """Several of what `inner` accepts, in their order."""

    inner: Coder
    count_max: int

    def check(self, name: str, value: Any) -> tuple[Any, ...]:
        """A bounded tuple."""
        if not isinstance(value, tuple) or len(value) > self.count_max:
            refuse(name)
        return tuple(self.inner.check(name, item) for item in value)

    def pack(self, value: Any) -> list[Any]:
        """An array."""
        return [self.inner.pack(item) for item in value]

    def unpack(self, packed: Any) -> Any:
        """The items again."""
        return tuple(self.inner.unpack(p) for p in packed) if isinstance(packed, list) else None


@dataclass(frozen=True)
class Row:
    """A value type, written as an array of its fields without the empty ones at the end."""

    of: Callable[..., Any]

    def check(self, name: str, value: Any) -> Any:
        """An instance; it checked itself when it was built."""
        if not isinstance(value, type) and type(value) is self.of:
            return value
        refuse(name)

    def pack(self, value: Any) -> list[Any]:
        """Field by field."""
        packed = [coder.pack(getattr(value, f)) for f, _, coder in coded(type(value))]
        while packed and packed[-1] in (None, "", 0, []):
            packed.pop()
        return packed

    def unpack(self, packed: Any) -> Any:
        """The instance again; missing fields at the end take their defaults."""
        rows = coded(self.of)
        if not isinstance(packed, list) or len(packed) > len(rows):
            return None
        made = {f: c.unpack(p) for (f, _, c), p in zip(rows, packed, strict=False)}
        return self.of(**made)


def whole_numbers(packed: Any) -> bool:
    """True for a list of ints, none of them a bool."""
    return isinstance(packed, list) and all(type(n) is int for n in packed)


_CODED: dict[Any, tuple[tuple[str, int, Coder], ...]] = {}


def coded(of: Any) -> tuple[tuple[str, int, Coder], ...]:
    """(field name, wire key or 0, coder) of a dataclass whose fields are `Annotated`."""
    found = _CODED.get(of)
    if found is None:
        found = _CODED[of] = tuple(_read_annotations(of))
    return found


def _read_annotations(of: Any) -> Iterator[tuple[str, int, Coder]]:
    """Field by field, in the order of declaration."""
    hints = get_type_hints(of, include_extras=True)
    for field in fields(of):
        notes = getattr(hints[field.name], "__metadata__", ())
        key = next((n for n in notes if type(n) is int), 0)
        yield field.name, key, next(n for n in notes if isinstance(n, Coder))


class Checked:
    """Base of the value types: every field passes its coder when the value is built."""

    __slots__ = ()

    def __post_init__(self) -> None:
        """Normalise and check the fields; raises `UsageError`."""
        for name, _, coder in coded(type(self)):
            object.__setattr__(self, name, coder.check(name, getattr(self, name)))
