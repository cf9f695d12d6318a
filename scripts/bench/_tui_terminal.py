"""A terminal without a screen: starts a program on a pty, types keys, counts bytes and time."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

QUIET_SECONDS = 0.04
KEYS = {
    "down": b"\x1b[B", "up": b"\x1b[A", "right": b"\x1b[C", "left": b"\x1b[D",
    "pagedown": b"\x1b[6~", "pageup": b"\x1b[5~", "home": b"\x1b[H", "end": b"\x1b[F",
    "enter": b"\r", "escape": b"\x1b", "tab": b"\t", "backspace": b"\x7f",
    "f2": b"\x1bOQ", "f3": b"\x1bOR", "f4": b"\x1bOS", "f6": b"\x1b[17~", "f10": b"\x1b[21~",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Painted:
    """What one key brought: seconds to the first and the last byte, and the bytes."""

    first: float
    last: float
    count: int
    data: bytes


class Terminal:
    """One program on a pty of a given size."""

    def __init__(self, argv: list[str], env: dict[str, str], columns: int, rows: int) -> None:
        """Start it; the clock runs from here."""
        self.started = time.perf_counter()
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            os.execvpe(argv[0], argv, env)
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.data = b""

    def __enter__(self) -> Self:
        """Use it in a `with` block."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        """Kill it; what it had typed must survive that anyway."""
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        os.close(self.fd)

    def read(self, timeout: float) -> bytes:
        """What it has written, waiting at most `timeout` seconds for the first byte."""
        ready, _, _ = select.select([self.fd], [], [], timeout)
        if not ready:
            return b""
        try:
            data = os.read(self.fd, 65_536)
        except OSError:
            return b""
        self.data += data
        return data

    def wait_for(self, text: str, timeout: float = 20.0) -> float:
        """Seconds since the start until `text` was written; TimeoutError when it was not."""
        end = time.perf_counter() + timeout
        wanted = text.encode()
        while wanted not in self.data:
            left = end - time.perf_counter()
            if left <= 0:
                tail = self.data[-2000:].decode(errors="replace")
                raise TimeoutError(f"{text!r} did not appear; last: {tail!r}")
            self.read(min(left, 0.05))
        return time.perf_counter() - self.started

    def forget(self) -> None:
        """Read what is left, and begin to look anew."""
        while self.read(0.15):
            pass
        self.data = b""

    def press(self, key: str, patience: float = 1.0, quiet: float = QUIET_SECONDS) -> Painted:
        """Type a key (a name of `KEYS` or text) and read what it brings until it is quiet."""
        sent = time.perf_counter()
        os.write(self.fd, KEYS.get(key, key.encode()))
        first = last = 0.0
        found = b""
        while True:
            data = self.read(quiet if found else patience)
            if not data:
                return Painted(first, last, len(found), found)
            last = time.perf_counter() - sent
            first = first or last
            found += data

    def cpu_seconds(self) -> float:
        """Processor time it has used, which does not depend on what else the machine does."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory_bytes(self) -> int:
        """The most memory it has had resident."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM"):
                return int(line.split()[1]) * 1024
        return 0
