"""The screens need nothing that only Unix has: they load where those modules are missing."""

from __future__ import annotations

import subprocess
import sys

UNIX_ONLY = ("termios", "fcntl", "pty", "tty", "resource", "grp", "pwd", "syslog", "curses",
             "readline")  # fmt: skip
SCRIPT = """
import importlib, pkgutil, sys
for name in {names!r}:
    sys.modules[name] = None
import xtcli.cli.screen, xtcli.station.station, xtcli.tui
for module in pkgutil.walk_packages(xtcli.tui.__path__, "xtcli.tui."):
    importlib.import_module(module.name)
    print(module.name)
"""


def test_every_screen_loads_without_unix() -> None:
    """Textual brings its own driver for Windows; nothing of ours stands in its way."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", SCRIPT.format(names=UNIX_ONLY)],
                          capture_output=True, text=True, check=False)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "xtcli.tui.screens.answer" in done.stdout.split()
    assert "xtcli.tui.app" in done.stdout.split()
