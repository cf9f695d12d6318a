"""Record ids `station-seq`, and runs of them. Knows nothing of what a record says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from xtcli.errors import UsageError
from xtcli.records import limits

_TEXT = re.compile(r"([1-9][0-9]{0,9})-([1-9][0-9]{0,9})")


class RecordId(NamedTuple):
    """Who committed a record and as which of theirs; sorts by station, then sequence."""

    station: int
    seq: int

    def __str__(self) -> str:
        """As people type it: `12-34`."""
        return f"{self.station}-{self.seq}"

    @classmethod
    def parse(cls, text: str) -> RecordId:
        """The id written as `12-34`; raises `UsageError` for anything else."""
        found = _TEXT.fullmatch(text.strip())
        if found:
            made = cls(int(found[1]), int(found[2]))
            if made.valid:
                return made
        raise UsageError(
            "{text} is not a record number.",
            "A record number is two numbers with a dash, such as 12-34.",
            text=text[:40],
        )

    @property
    def valid(self) -> bool:
        """Both numbers lie inside the limits."""
        return 1 <= self.station <= limits.number_max and 1 <= self.seq <= limits.seq_max


class Span(NamedTuple):
    """A run of one station's records, `first` to `last`, both included."""

    station: int
    first: int
    last: int

    def __contains__(self, item: object) -> bool:
        """True when `item` is a `RecordId` of this run."""
        return (
            isinstance(item, RecordId)
            and item.station == self.station
            and self.first <= item.seq <= self.last
        )


def spans_of(ids: Iterable[tuple[int, int]]) -> tuple[Span, ...]:
    """The fewest runs that name exactly `ids`, in order."""
    spans: list[Span] = []
    for station, seq in sorted(set(ids)):
        if spans and spans[-1].station == station and spans[-1].last == seq - 1:
            spans[-1] = Span(station, spans[-1].first, seq)
        else:
            spans.append(Span(station, seq, seq))
    return tuple(spans)


def ids_in(spans: Iterable[Span]) -> Iterator[RecordId]:
    """Every id that `spans` name."""
    for span in spans:
        for seq in range(span.first, span.last + 1):
            yield RecordId(span.station, seq)
