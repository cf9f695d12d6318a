"""A process that ends at a chosen write: the n-th statement, file write or datagram.

`Fuse` counts; when it blows, `Crash` is raised there and at everything the dead process still
tries, so that no clean-up code can write. What SQLite had committed stays, the rest is rolled back
when the connection closes, as after kill -9.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

WRITES = ("BEGIN", "COMMIT", "INSERT", "UPDATE", "DELETE", "SAVEPOINT", "RELEASE", "ROLLBACK")


class Crash(BaseException):
    """The process is gone. Not an Exception, so that no handler takes it for an error."""


class Fuse:
    """Counts writes down; unarmed it never blows."""

    def __init__(self) -> None:
        """Unarmed."""
        self.left = -1
        self.after = False
        self.blown = False
        self.writes = 0

    def arm(self, writes: int, *, after: bool) -> None:
        """Blow at the `writes`-th write from now (0: the next), before or after it is done."""
        self.left, self.after = writes, after

    def tick(self, do: Callable[[], Any]) -> Any:
        """Do one write, unless the process ends here."""
        if self.blown:
            raise Crash
        self.writes += 1
        if self.left == 0:
            self.blown = True
            if self.after:
                do()
            raise Crash
        self.left -= self.left > 0
        return do()


class FusedConnection:
    """A SQLite connection whose writes go through a fuse."""

    def __init__(self, real: sqlite3.Connection, fuse: Fuse) -> None:
        """Take over an open connection."""
        self.real = real
        self.fuse = fuse

    def execute(self, sql: str, values: Any = ()) -> sqlite3.Cursor:
        """As sqlite3's."""
        if sql.lstrip()[:9].upper().startswith(WRITES):
            done: sqlite3.Cursor = self.fuse.tick(lambda: self.real.execute(sql, values))
            return done
        if self.fuse.blown:
            raise Crash
        return self.real.execute(sql, values)

    def executemany(self, sql: str, values: Any) -> sqlite3.Cursor:
        """As sqlite3's."""
        done: sqlite3.Cursor = self.fuse.tick(lambda: self.real.executemany(sql, values))
        return done

    @property
    def in_transaction(self) -> bool:
        """As sqlite3's."""
        return self.real.in_transaction

    def close(self) -> None:
        """As sqlite3's."""
        self.real.close()


def fused(holder: Any, fuse: Fuse) -> None:
    """Put a fuse between a Database or Spool and its connection."""
    holder._db = FusedConnection(holder._db, fuse)


def fused_method(holder: Any, name: str, fuse: Fuse) -> None:
    """Put a fuse before a method that writes a file."""
    plain = getattr(holder, name)

    def method(*values: Any) -> Any:
        return fuse.tick(lambda: plain(*values))

    setattr(holder, name, method)
