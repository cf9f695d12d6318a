"""Blobs in files with random names: attachments, whole or as far as their pieces have come.

Which file is which is told only by the log's database. Pieces may come in any order, twice, and
over many days; a blob counts only when all of it is here and its digest is right. A file is on the
disk before the row that speaks of it, so a crash leaves at most a file without a row (`sweep`).
"""

from __future__ import annotations

import errno
import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from xtcli.errors import BundleRejected, DiskFull, NotFound, UsageError
from xtcli.records import limits
from xtcli.records.database import Database
from xtcli.records.sign import blob_digest

NAME_BYTES = 10
partial_blobs_max = 256
partial_bytes_max = 2**30
"""Announced bytes of all blobs that are not whole."""
stretches_max = 64
"""Separate stretches of one blob; an honest sender's few pieces come in their order."""
_READ_BYTES = 2**20


class Blobs:
    """Content-addressed files in `folder`, indexed in the log's database."""

    def __init__(self, database: Database, folder: Path, entropy: Callable[[int], bytes]) -> None:
        """`entropy` draws the file names."""
        self.folder = folder
        self._db = database
        self._entropy = entropy
        with _disk():
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, data: bytes) -> bytes:
        """Keep a whole blob; its digest. Durable on return."""
        if not 0 < len(data) <= limits.blob_bytes_max:
            raise UsageError(
                "The attachment has {size} bytes; 1 to {most} are possible.",
                "Attach a smaller file.",
                size=len(data),
                most=limits.blob_bytes_max,
            )
        digest = blob_digest(data)
        self.put_part(digest, len(data), 0, data)
        return digest

    def put_part(self, digest: bytes, total: int, offset: int, data: bytes) -> bool:
        """Keep a piece; True when the blob is whole now. Durable on return.

        Raises `BundleRejected` when the piece does not fit what is known of the blob, or when the
        whole has another digest: then all its pieces are dropped, to be sent again.
        """
        _check_piece(digest, total, offset, len(data))
        if len(data) == total:
            self._put_whole(digest, data)
            return True
        with self._db.transaction():
            row = self._db.row("SELECT size, file, whole FROM blobs WHERE digest=?", digest)
            if row and row[2] and self._path(row[1]).exists():
                return True
            if row and not row[2] and row[0] != total:
                raise _bad_piece()
            goes_on = row and not row[2] and not self._crowded(digest, offset, offset + len(data))
            name = row[1] if goes_on else self._begin(digest, total, whole=False)
            self._write(name, offset, data)
            covered = self._cover(digest, offset, offset + len(data))
            if covered < total:
                return False
            good = self._digest(name, total) == digest
            if good:
                self._finish(digest, name)
            else:
                self._forget(digest)
        if not good:
            raise _bad_piece()
        return True

    def _put_whole(self, digest: bytes, data: bytes) -> None:
        """All of a blob in one piece: it takes the place of pieces, which may be anybody's, and is
        not touched by what they say of its length."""
        if blob_digest(data) != digest:
            raise _bad_piece()
        with self._db.transaction():
            row = self._db.row("SELECT file FROM blobs WHERE digest=? AND whole=1", digest)
            if not row or not self._path(row[0]).exists():
                name = self._begin(digest, len(data), whole=True)
                self._write(name, 0, data)
                self._finish(digest, name)

    def has(self, digest: bytes) -> bool:
        """Whether all of a blob is here."""
        return self._db.row("SELECT 1 FROM blobs WHERE digest=? AND whole=1", digest) is not None

    def size(self, digest: bytes) -> int:
        """Bytes of a blob as announced; 0 when nothing of it is here."""
        row = self._db.row("SELECT size FROM blobs WHERE digest=?", digest)
        return int(row[0]) if row else 0

    def missing(self, digest: bytes, total: int) -> list[tuple[int, int]]:
        """(first, end) of the stretches that are not here, of a blob of `total` bytes."""
        if self.has(digest):
            return []
        gaps, at = [], 0
        for first, last in self._parts(digest):
            if first > at:
                gaps.append((at, first))
            at = max(at, last)
        return gaps if at >= total else [*gaps, (at, total)]

    def read(self, digest: bytes, offset: int = 0, size: int | None = None) -> bytes:
        """Bytes of a whole blob; `NotFound` when it is not whole here."""
        with _disk(), self.path(digest).open("rb") as file:
            file.seek(offset)
            return file.read() if size is None else file.read(size)

    def path(self, digest: bytes) -> Path:
        """The file of a whole blob; `NotFound` when it is not whole here."""
        row = self._db.row("SELECT file FROM blobs WHERE digest=? AND whole=1", digest)
        if row and (path := self._path(row[0])).exists():
            return path
        raise NotFound("This attachment has not arrived yet.", "Try again later: xt sync")

    def drop(self, digest: bytes) -> None:
        """Delete a blob and what is known of it."""
        with self._db.transaction():
            self._forget(digest)

    def sweep(self) -> int:
        """Delete files that no row speaks of, left by crashes; how many."""
        with self._db.transaction():
            known = {r[0] for r in self._db.rows("SELECT file FROM blobs")}
            strays = [p for p in self.folder.iterdir() if p.name.removesuffix(".part") not in known]
            for path in strays:
                path.unlink(missing_ok=True)
        return len(strays)

    def verify(self) -> int:
        """Read every whole blob and check its digest; how many. Raises `BundleRejected`."""
        rows = self._db.rows("SELECT digest, size, file FROM blobs WHERE whole=1")
        for digest, size, name in rows:
            if not self._path(name).exists() or self._hash(self._path(name), size) != digest:
                raise _bad_piece()
        return len(rows)

    def _path(self, name: str) -> Path:
        return self.folder / name

    def _parts(self, digest: bytes) -> list[tuple[int, int]]:
        """Stretches that are here, in order."""
        return self._db.rows(
            "SELECT first, last FROM blob_parts WHERE digest=? ORDER BY first", digest
        )

    def _begin(self, digest: bytes, total: int, *, whole: bool) -> str:
        """A row and a name for a blob of which nothing is here.

        Those that stay partial are bounded, and never keep out one that comes whole.
        """
        self._forget(digest)
        count, announced = self._db.row(
            "SELECT count(*), coalesce(sum(size), 0) FROM blobs WHERE whole=0"
        )
        full = count >= partial_blobs_max or announced + total > partial_bytes_max
        if full and not whole:
            raise BundleRejected(
                "Too many attachments are arriving at once.", "Try again when some are complete."
            )
        name = self._entropy(NAME_BYTES).hex()
        self._db.rows("INSERT INTO blobs VALUES (?,?,?,0)", digest, total, name)
        return name

    def _write(self, name: str, offset: int, data: bytes) -> None:
        """Put bytes into the partial file, on the disk."""
        with _disk():
            handle = os.open(self._path(name + ".part"), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.lseek(handle, offset, os.SEEK_SET)
                view = memoryview(data)
                while view:
                    view = view[os.write(handle, view) :]
                os.fsync(handle)
            finally:
                os.close(handle)

    def _crowded(self, digest: bytes, first: int, last: int) -> bool:
        """Whether a stretch more is too much: each costs time for every piece to come. Then what
        is here was no honest sender's, and this piece begins anew."""
        parts = self._parts(digest)
        return len(parts) >= stretches_max and not any(b >= first and a <= last for a, b in parts)

    def _cover(self, digest: bytes, first: int, last: int) -> int:
        """Note a stretch, joined with those it touches; bytes that are here."""
        covered = 0
        for a, b in self._parts(digest):
            if b >= first and a <= last:
                self._db.rows("DELETE FROM blob_parts WHERE digest=? AND first=?", digest, a)
                first, last = min(first, a), max(last, b)
            else:
                covered += b - a
        self._db.rows("INSERT INTO blob_parts VALUES (?,?,?)", digest, first, last)
        return covered + last - first

    def _digest(self, name: str, total: int) -> bytes:
        """Digest of a partial file."""
        return self._hash(self._path(name + ".part"), total)

    def _hash(self, path: Path, total: int) -> bytes:
        """Digest of the first `total` bytes of a file, piece by piece."""
        found, left = hashlib.blake2s(), total
        with _disk(), path.open("rb") as file:
            while left and (data := file.read(min(left, _READ_BYTES))):
                found.update(data)
                left -= len(data)
        return found.digest()[: limits.blob_digest_bytes]

    def _finish(self, digest: bytes, name: str) -> None:
        """The file gets its final name, then the row says that it is whole."""
        with _disk():
            self._path(name + ".part").replace(self._path(name))
            _sync_folder(self.folder)
        self._db.rows("UPDATE blobs SET whole=1 WHERE digest=?", digest)
        self._db.rows("DELETE FROM blob_parts WHERE digest=?", digest)

    def _forget(self, digest: bytes) -> None:
        """Drop rows and files of a blob."""
        for (name,) in self._db.rows("SELECT file FROM blobs WHERE digest=?", digest):
            for path in (self._path(name), self._path(name + ".part")):
                with suppress(FileNotFoundError):
                    path.unlink()
        self._db.rows("DELETE FROM blobs WHERE digest=?", digest)
        self._db.rows("DELETE FROM blob_parts WHERE digest=?", digest)


def _check_piece(digest: bytes, total: int, offset: int, size: int) -> None:
    """Bounds of a piece, before anything is written."""
    sound = (
        len(digest) == limits.blob_digest_bytes
        and 0 < total <= limits.blob_bytes_max
        and offset >= 0
        and 0 < size <= total - offset
    )
    if not sound:
        raise _bad_piece()


def _bad_piece() -> BundleRejected:
    return BundleRejected(
        "An attachment that arrived does not check.", "It will be sent again: xt sync"
    )


@contextmanager
def _disk() -> Iterator[None]:
    """A full disk as a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise DiskFull(
                "The disk is full; nothing was saved.", "Free some space and try again."
            ) from error
        raise


def _sync_folder(folder: Path) -> None:
    """Make a rename durable, where the platform can."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
