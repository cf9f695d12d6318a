"""A real terminal for tests: tmux where it is installed, else a bare pty whose output is read.

tmux keeps a screen, so tests see what a person sees. A pty has none: there, what was ever written
is looked at instead, which still proves that keys reach the program and words come back.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path

ROOT = Path(__file__).parents[2]
TMUX_KEYS = {
    "enter": "Enter", "escape": "Escape", "tab": "Tab", "up": "Up", "down": "Down",
    "left": "Left", "right": "Right", "backspace": "BSpace",
} | {f"f{n}": f"F{n}" for n in range(1, 13)}  # fmt: skip
PATIENCE_SECONDS = 90.0


def have_tmux() -> bool:
    """Whether tmux is installed; says so where it is not."""
    found = shutil.which("tmux") is not None
    if not found:
        print("tmux is not installed: what is on the screen is read from a pty instead")
    return found


class Terminal:
    """`xt tui` of one home in a terminal. Counts the keys that were typed."""

    def __init__(self, home: Path, columns: int, rows: int, *, language: str = "zh") -> None:
        """Start it."""
        self.keys = 0
        self.size = (columns, rows)
        self.env = {
            "XT_HOME": str(home), "XT_LANG": language, "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8",
            "TERM": "xterm-256color",
        }  # fmt: skip
        self.command = [sys.executable, "-m", "xtcli", "tui", "--no-sync"]

    def type(self, text: str) -> None:
        """Type characters, as an input method hands them over."""
        for sign in text:
            self.keys += 1
            self._write_text(sign)

    def press(self, *names: str) -> None:
        """Press named keys."""
        for name in names:
            self.keys += 1
            self._write_key(name)

    def wait_for(self, text: str) -> str:
        """The screen once `text` stands on it; AssertionError when it does not come."""
        end = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < end:
            screen = self.screen()
            if text in screen:
                return screen
            time.sleep(0.05)
        raise AssertionError(f"{text!r} did not appear; on the screen:\n{self.screen()}")

    def screen(self) -> str:
        """What stands on the screen."""
        raise NotImplementedError

    def kill(self) -> None:
        """Kill the program as a power cut would."""
        raise NotImplementedError

    def close(self) -> None:
        """End everything."""
        raise NotImplementedError

    def _write_text(self, sign: str) -> None:
        raise NotImplementedError

    def _write_key(self, name: str) -> None:
        raise NotImplementedError


class Tmux(Terminal):
    """In tmux, on a server of its own."""

    def __init__(self, home: Path, columns: int, rows: int, *, language: str = "zh") -> None:
        """Start server, session and program."""
        super().__init__(home, columns, rows, language=language)
        self.socket = f"xt-{uuid.uuid4().hex[:12]}"
        settings = [f"{name}={value}" for name, value in self.env.items() if name != "TERM"]
        # Who runs the tests may have a size of their own in the environment: it is not the pane's.
        unset = ["env", "-u", "COLUMNS", "-u", "LINES"]
        self._tmux("-f", os.devnull, "new-session", "-d", "-s", "t", "-x", str(columns), "-y",
                   str(rows), *unset, *settings, *self.command)  # fmt: skip

    def _tmux(self, *arguments: str) -> str:
        env = {**os.environ, "LC_ALL": "C.UTF-8"}
        env.pop("TMUX", None)
        done = subprocess.run(["tmux", "-u", "-L", self.socket, *arguments], env=env,
                              capture_output=True, text=True, check=False)  # fmt: skip
        return done.stdout

    def screen(self) -> str:
        """The pane as text."""
        return self._tmux("capture-pane", "-p", "-t", "t")

    def _write_text(self, sign: str) -> None:
        self._tmux("send-keys", "-t", "t", "-l", sign)

    def _write_key(self, name: str) -> None:
        self._tmux("send-keys", "-t", "t", TMUX_KEYS[name])

    def kill(self) -> None:
        """SIGKILL to the program in the pane."""
        number = self._tmux("list-panes", "-t", "t", "-F", "#{pane_pid}").strip()
        os.kill(int(number), 9)

    def close(self) -> None:
        """The server goes, and all in it."""
        self._tmux("kill-server")


PTY_KEYS = {
    "enter": b"\r", "escape": b"\x1b", "tab": b"\t", "up": b"\x1b[A", "down": b"\x1b[B",
    "left": b"\x1b[D", "right": b"\x1b[C", "backspace": b"\x7f", "f2": b"\x1bOQ", "f3": b"\x1bOR",
    "f4": b"\x1bOS", "f5": b"\x1b[15~", "f6": b"\x1b[17~",
}  # fmt: skip


class Pty(Terminal):
    """On a bare pty."""

    def __init__(self, home: Path, columns: int, rows: int, *, language: str = "zh") -> None:
        """Start the program."""
        super().__init__(home, columns, rows, language=language)
        import pty

        self.said = b""
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            size = {"COLUMNS": str(columns), "LINES": str(rows)}
            os.execvpe(self.command[0], self.command, {**os.environ, **self.env, **size})
        os.set_blocking(self.fd, False)

    def screen(self) -> str:
        """Every word written since the last key."""
        while True:
            try:
                data = os.read(self.fd, 65_536)
            except (BlockingIOError, OSError):
                break
            if not data:
                break
            self.said += data
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.said.decode(errors="replace"))

    def _write_text(self, sign: str) -> None:
        os.write(self.fd, sign.encode())

    def _write_key(self, name: str) -> None:
        os.write(self.fd, PTY_KEYS[name])

    def kill(self) -> None:
        """SIGKILL to the program."""
        os.kill(self.pid, 9)

    def close(self) -> None:
        """The program goes."""
        from contextlib import suppress

        with suppress(ProcessLookupError):
            os.kill(self.pid, 9)
        os.waitpid(self.pid, 0)
        os.close(self.fd)


def open_terminal(home: Path, columns: int, rows: int, *, language: str = "zh") -> Terminal:
    """`xt tui` on a home, in the best terminal there is."""
    made = Tmux if have_tmux() else Pty
    return made(home, columns, rows, language=language)
