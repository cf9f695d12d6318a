"""What to take from a folder, what to delete in it, what not to write again: decided, not done.

Pure: works on `Entry` values that the shell in `folder` has read. Nothing here opens a file.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass

from xtcli.transport.bundle.envelope import Header

BUNDLE_NAME = re.compile(r"[0-9a-f]{16}\.xtb")
PARTIAL_NAME = re.compile(r"[0-9a-f]{16}\.part")

SYSTEM_NAMES = {".ds_store", "desktop.ini", "thumbs.db"}
"""What systems leave in any folder that was looked at, in lower case."""

ABANDONED_SECONDS = 3600.0
"""A partial file this old was left by a stick pulled out or a process killed."""

DAMAGED_SECONDS = 2 * 86_400.0
"""A damaged bundle this old is deleted: its sender has had time to write it again. A file's time is
that of the beginning of its day, so this is one day at least."""


def of_system(name: str) -> bool:
    """Whether a file is none of ours and nobody's doing: macOS writes a ._ beside others on FAT."""
    return name.startswith("._") or name.lower() in SYSTEM_NAMES


@dataclass(frozen=True, slots=True)
class Entry:
    """A regular file of the folder: `header` is None when it has none, `age` in seconds."""

    name: str
    size: int
    age: float
    header: Header | None = None

    @property
    def ours(self) -> bool:
        """Whether the name is one that `put` gives."""
        return BUNDLE_NAME.fullmatch(self.name) is not None

    @property
    def partial(self) -> bool:
        """Whether the file was never finished."""
        return PARTIAL_NAME.fullmatch(self.name) is not None

    def of_realm(self, hint: bytes) -> bool:
        """Whether it says it belongs to the realm with this hint."""
        return self.header is not None and self.header.hint == hint


def to_take(entries: Iterable[Entry], station: int | None, hint: bytes) -> list[Entry]:
    """Bundles for `station` (None: for anybody), most urgent first, then small before large."""
    chosen = [
        entry
        for entry in entries
        if entry.of_realm(hint) and entry.header and station in (None, entry.header.recipient)
    ]
    return sorted(chosen, key=lambda e: (e.header.priority if e.header else 0, e.size, e.name))


def to_drop(
    entries: Iterable[Entry], station: int, hint: bytes, tags: Collection[bytes]
) -> list[Entry]:
    """Bundles that `station` wrote and whose receipt is known by `tags`."""
    return [e for e, head in _tagged(entries, hint, tags) if head.sender == station]


def arrived(
    entries: Iterable[Entry], station: int, hint: bytes, tags: Collection[bytes]
) -> list[Entry]:
    """Bundles for `station` that it is known to hold by `tags`."""
    return [e for e, head in _tagged(entries, hint, tags) if head.recipient == station]


def _tagged(
    entries: Iterable[Entry], hint: bytes, tags: Collection[bytes]
) -> Iterator[tuple[Entry, Header]]:
    """Bundles of the realm that say they have one of these tags."""
    for entry in entries:
        if entry.of_realm(hint) and entry.header and entry.header.tag in tags:
            yield entry, entry.header


def the_same(entries: Iterable[Entry], wanted: Header, size: int) -> list[Entry]:
    """Files that say they are the bundle `wanted`, those of the right size first."""
    same = [
        entry
        for entry in entries
        if entry.header
        and (entry.header.recipient, entry.header.sender, entry.header.hint, entry.header.tag)
        == (wanted.recipient, wanted.sender, wanted.hint, wanted.tag)
    ]
    return sorted(same, key=lambda e: (e.size != size, e.name))


def abandoned(entries: Iterable[Entry]) -> list[Entry]:
    """Partial files that nobody will finish. A clock that jumped back does not keep them."""
    return [e for e in entries if e.partial and abs(e.age) >= ABANDONED_SECONDS]


def long_damaged(entries: Iterable[Entry]) -> list[Entry]:
    """Files named like bundles, old enough to be deleted should they prove damaged."""
    return [e for e in entries if e.ours and abs(e.age) >= DAMAGED_SECONDS]
