"""The folder carrier: envelopes as files on a USB stick or in any synced folder.

    put    write-temp, fsync, rename; a bundle that is already there whole is not written twice
    take   whole bundles for a station, most urgent first, one at a time
    drop   the recipient has a bundle safe, or the sender knows its receipt: the space is free again
    clean  what a pulled stick left behind
    status what is there

Files lie in the subfolder `xt` under random names; nothing is trusted before its tag checks, and
what does not check is refused with a sentence, never fatal. Only regular files inside the folder
are read, links are not followed, sizes are bounded. It opens no seal and keeps no state: pulling
the stick at any moment costs at most a file that is written again next time.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from xtcli.errors import BundleRejected, DiskFull, LinkDown, NotFound, UsageError
from xtcli.lang.system import because
from xtcli.transport.bundle.envelope import (
    ENVELOPE_BYTES_MAX,
    HEADER_BYTES_MAX,
    Envelope,
    read_envelope,
    read_header,
)
from xtcli.transport.carriers import choices
from xtcli.transport.carriers.choices import Entry

SUBFOLDER = "xt"
NAME_BYTES = 8
DAY_SECONDS = 86_400
ENTRIES_MAX = 10_000
"""Directory entries looked at; what lies beyond waits until these are gone."""

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_LOCKED = {errno.EROFS, errno.EACCES, errno.EPERM}
_NO_FSYNC = {errno.EINVAL, errno.ENOSYS, errno.ENOTSUP}
_NO_LINKS = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
_BINARY = getattr(os, "O_BINARY", 0)


@dataclass(frozen=True, slots=True)
class Found:
    """A whole bundle for this station; `name` is for `drop`."""

    name: str
    envelope: Envelope


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was left alone, and the sentence why."""

    name: str
    reason: str


@dataclass(frozen=True, slots=True)
class FolderStatus:
    """Numbers of files: for us, from us, for others, not bundles of this realm, never finished.

    `bytes_used` is the size of all of them, `bytes_free` what the file system has left.
    """

    for_us: int
    from_us: int
    for_others: int
    foreign: int
    partial: int
    bytes_used: int
    bytes_free: int


def listing(folder: Path) -> list[Entry]:
    """What lies there, for `put`: who writes many bundles reads thousands of headers once."""
    with _named_errors(folder):
        return list(_entries(_inside(folder), 0.0))


def put(
    folder: Path, envelope: bytes, entropy: Callable[[int], bytes], there: list[Entry] | None = None
) -> tuple[str, bool]:
    """Write an envelope durably; the name of its file, and False when it was there already.

    `there` is `listing`, to which the file is added; it is looked at again without.

    Raises `DiskFull` when there is no room, `NotFound` and `UsageError` when the folder is not
    there or cannot be written, `LinkDown` when it went away; then nothing half-written counts.
    """
    wanted = read_header(envelope[:HEADER_BYTES_MAX])
    with _named_errors(folder):
        inside = _inside(folder, make=True)
        entries = _entries(inside, 0.0) if there is None else there
        for entry in choices.the_same(entries, wanted, len(envelope)):
            if entry.size == len(envelope) and _holds(inside / entry.name, envelope):
                return entry.name, False
            if entry.ours:
                _unlink(inside / entry.name)
        name = _free_name(inside, entropy)
        _write(inside, name, envelope)
        if there is not None:
            there.append(Entry(name, len(envelope), 0.0, wanted))
        return name, True


def take(
    folder: Path, station: int | None, hint: bytes, refused: list[Refused] | None = None
) -> Iterator[Found]:
    """Whole bundles for `station` (None: for anybody in the realm), most urgent first.

    Files that do not check are appended to `refused` and skipped. A bundle stays until `drop`.
    """
    bad = [] if refused is None else refused
    with _named_errors(folder):
        inside = _inside(folder)
        entries = list(_entries(inside, 0.0, bad)) if inside.is_dir() else []
    for entry in choices.to_take(entries, station, hint):
        try:
            with _named_errors(folder), _this_file_only(inside):
                envelope = read_envelope(_read(inside / entry.name))
        except BundleRejected as error:
            bad.append(Refused(entry.name, str(error)))
        else:
            yield Found(entry.name, envelope)


def drop(folder: Path, name: str) -> None:
    """Delete a bundle that is safe elsewhere. One that is gone already is no error."""
    if not choices.BUNDLE_NAME.fullmatch(name):
        raise ValueError("not a name that this carrier gives")
    with _named_errors(folder):
        _unlink(_inside(folder) / name)


def drop_sent(folder: Path, station: int, hint: bytes, tags: Collection[bytes]) -> int:
    """Delete the bundles that `station` wrote and whose receipts are known; how many."""
    with _named_errors(folder):
        inside = _inside(folder)
        return _delete(inside, choices.to_drop(_entries(inside, 0.0), station, hint, tags))


def drop_arrived(folder: Path, station: int, hint: bytes, tags: Collection[bytes]) -> int:
    """Delete bundles for `station` that it has said it holds, whoever wrote them; how many."""
    with _named_errors(folder):
        inside = _inside(folder)
        return _delete(inside, choices.arrived(_entries(inside, 0.0), station, hint, tags))


def clean(folder: Path, now: float) -> int:
    """Delete what was never finished, and damaged bundles of yesterday; how many.

    `now` is unix time in seconds, to compare with the files' times. Files with other names are
    not touched.
    """
    with _named_errors(folder):
        inside = _inside(folder)
        entries = list(_entries(inside, now))
        damaged = [e for e in choices.long_damaged(entries) if not _whole(inside / e.name)]
        return _delete(inside, choices.abandoned(entries) + damaged)


def status(folder: Path, station: int, hint: bytes) -> FolderStatus:
    """What lies in the folder, by what the files say of themselves."""
    with _named_errors(folder):
        inside = _inside(folder)
        entries = list(_entries(inside, 0.0))
        free = _bytes_free(folder)
    heads = [e.header for e in entries if e.of_realm(hint) and e.header]
    partial = sum(e.partial for e in entries)
    for_us = sum(h.recipient == station for h in heads)
    from_us = sum(h.sender == station != h.recipient for h in heads)
    return FolderStatus(
        for_us=for_us,
        from_us=from_us,
        for_others=len(heads) - for_us - from_us,
        foreign=len(entries) - len(heads) - partial,
        partial=partial,
        bytes_used=sum(e.size for e in entries),
        bytes_free=free,
    )


@contextmanager
def _named_errors(folder: Path) -> Iterator[None]:
    """What the operating system says, as an error with a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            raise _no_folder(folder) from error
        if error.errno in _FULL:
            raise DiskFull(
                "There is no room left in {folder}.",
                "Free some space there, or take another stick. Nothing is lost.",
                folder=folder,
            ) from error
        if error.errno in _LOCKED:
            raise UsageError(
                "{folder} cannot be written or read.",
                "Check the stick's lock and who owns the folder.",
                folder=folder,
            ) from error
        raise LinkDown(
            "{folder} went away while it was used ({why}).",
            "Put the stick back and do it again. Nothing is lost.",
            folder=folder,
            why=because(error),
        ) from error


@contextmanager
def _this_file_only(inside: Path) -> Iterator[None]:
    """One unreadable file, say on a bad sector, does not stop the others; a gone stick does."""
    try:
        yield
    except OSError as error:
        if not inside.is_dir():
            raise
        raise BundleRejected("This file cannot be read.", "Leave it out.") from error


def _inside(folder: Path, *, make: bool = False) -> Path:
    """The subfolder that holds the bundles; made by `put` only, never a link to elsewhere."""
    if not folder.is_dir():
        raise _no_folder(folder)
    inside = folder / SUBFOLDER
    if make:
        with suppress(FileExistsError):
            inside.mkdir(mode=0o700)
    if inside.is_symlink() or (inside.exists() and not inside.is_dir()):
        raise UsageError(
            "{folder} holds something else named xt.", "Move it away, or take another folder.",
            folder=folder,
        )  # fmt: skip
    return inside


def _entries(inside: Path, now: float, refused: list[Refused] | None = None) -> Iterator[Entry]:
    """The regular files of the subfolder with their headers; none when it is not there."""
    try:
        found = os.scandir(inside)
    except FileNotFoundError:
        return
    with found:
        for count, item in enumerate(found):
            if count >= ENTRIES_MAX:
                return
            with suppress(FileNotFoundError):
                if choices.of_system(item.name):
                    continue
                if item.is_file(follow_symlinks=False):
                    about = item.stat(follow_symlinks=False)
                    entry = Entry(item.name, about.st_size, now - about.st_mtime)
                    yield _with_header(inside, entry, refused)
                elif refused is not None:
                    refused.append(Refused(item.name, str(_not_a_file())))


def _with_header(inside: Path, entry: Entry, refused: list[Refused] | None) -> Entry:
    if entry.partial:
        return entry
    try:
        with _this_file_only(inside):
            head = _read(inside / entry.name, HEADER_BYTES_MAX)
        return replace(entry, header=read_header(head))
    except BundleRejected as error:
        if refused is not None:
            refused.append(Refused(entry.name, str(error)))
        return entry


def _read(path: Path, most: int = ENVELOPE_BYTES_MAX + 1) -> bytes:
    """Up to `most` bytes of a regular file that is no link."""
    try:
        handle = os.open(path, os.O_RDONLY | _NO_LINKS | _BINARY)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise _not_a_file() from error
        raise
    with os.fdopen(handle, "rb") as file:
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            raise _not_a_file()
        return file.read(most)


def _holds(path: Path, envelope: bytes) -> bool:
    try:
        return _read(path) == envelope
    except (BundleRejected, OSError):
        return False


def _whole(path: Path) -> bool:
    try:
        read_envelope(_read(path))
    except (BundleRejected, FileNotFoundError):
        return False
    return True


def _write(inside: Path, name: str, data: bytes) -> None:
    """Temporary name, fsync, rename, fsync of the folder; nothing stays when it fails."""
    partial = inside / f"{name.partition('.')[0]}.part"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _NO_LINKS | _BINARY
        with os.fdopen(os.open(partial, flags, 0o600), "wb") as file, _no_room_as_such():
            file.write(data)
            file.flush()
            _to_disk(file.fileno())
        partial.rename(inside / name)
        _blur(inside / name)
    except OSError:
        with suppress(OSError):
            partial.unlink()
        raise
    _sync(inside)


def _to_disk(handle: int) -> None:
    """As fsync, where the file system has it: some drivers and network folders have not."""
    try:
        os.fsync(handle)
    except OSError as error:
        if error.errno not in _NO_FSYNC:
            raise


@contextmanager
def _no_room_as_such() -> Iterator[None]:
    """A file that could be made but not filled: there is no room, whatever the driver says. One for
    FAT says that it is not permitted."""
    try:
        yield
    except PermissionError as error:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)) from error


def _blur(path: Path) -> None:
    """Set a file's times back to the beginning of their day (UTC): who finds the stick need not
    learn at what hour somebody was ill."""
    with suppress(OSError):
        day = path.stat().st_mtime // DAY_SECONDS * DAY_SECONDS
        os.utime(path, (day, day))


def _sync(inside: Path) -> None:
    """Make a rename or a deletion durable, where the platform can."""
    with suppress(OSError):
        handle = os.open(inside, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _free_name(inside: Path, entropy: Callable[[int], bytes]) -> str:
    while True:
        name = f"{entropy(NAME_BYTES).hex()}.xtb"
        if not (inside / name).exists():
            return name


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
    _sync(path.parent)


def _delete(inside: Path, entries: list[Entry]) -> int:
    for entry in entries:
        (inside / entry.name).unlink(missing_ok=True)
    if entries:
        _sync(inside)
    return len(entries)


def _bytes_free(folder: Path) -> int:
    import shutil

    return shutil.disk_usage(folder).free


def _no_folder(folder: Path) -> NotFound:
    return NotFound(
        "There is no folder {folder}.", "Check that the stick is in, and its path.", folder=folder
    )


def _not_a_file() -> BundleRejected:
    return BundleRejected("This is not a plain file.", "Leave it out.")
