"""Commands as a person meets them: on a terminal, in a pipe that ends, in a narrow window."""

from __future__ import annotations

import codecs
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

from tests.cli.realm import ASKS, PATIENT, Realm, environment, ok, xt
from xtcli.cli.layout import width

PATIENCE_SECONDS = 90.0


class Terminal:
    """A command on a terminal of its own."""

    def __init__(self, home: Path, *words: str, language: str = "en", columns: int = 80) -> None:
        """Start it."""
        self.seen = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.pid, self.handle = pty.fork()
        if self.pid == 0:
            # Whoever runs the tests in the background has SIGINT ignored, and children inherit it.
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            env = environment(home, language, COLUMNS=str(columns), TERM="xterm")
            os.execve(sys.executable, [sys.executable, "-m", "xtcli", *words], env)

    def until(self, pattern: str) -> str:
        """Everything shown up to a pattern."""
        end = time.monotonic() + PATIENCE_SECONDS
        while not re.search(pattern, self.seen):
            assert time.monotonic() < end, self.seen
            if select.select([self.handle], [], [], 0.2)[0]:
                try:
                    self.seen += self.decoder.decode(os.read(self.handle, 65536))
                except OSError:
                    break
        found = re.search(pattern, self.seen)
        assert found, self.seen
        shown, self.seen = self.seen[: found.end()], self.seen[found.end() :]
        return shown

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self.handle, text.encode() + b"\r")

    def interrupted(self) -> tuple[int, str]:
        """Press Ctrl-C, and again after a while, as people do: between showing its prompt and
        waiting for a key, Python's line editor notes a signal only with the next key."""
        return self.end(press=b"\x03")

    def end(self, press: bytes = b"") -> tuple[int, str]:
        """The exit code and what was shown last."""
        shown = self.seen
        end = time.monotonic() + PATIENCE_SECONDS
        due = 0.0
        while time.monotonic() < end:
            if press and time.monotonic() > due:
                due = time.monotonic() + 2.0
                os.write(self.handle, press)
            if select.select([self.handle], [], [], 0.2)[0]:
                try:
                    shown += self.decoder.decode(os.read(self.handle, 65536))
                except OSError:
                    break
        _, status = os.waitpid(self.pid, 0)
        os.close(self.handle)
        return os.waitstatus_to_exitcode(status), shown


def test_missing_fields_are_asked_for(realm: Realm) -> None:
    """What is missing is asked for, again where it cannot be used, in the person's language."""
    home = realm.post2
    words = ("request", "--patient", "乌云", "--question", "用药", "--allergy", "无")
    terminal = Terminal(home, *words, language="zh")
    terminal.until("患者性别")
    terminal.type("x")
    terminal.until("患者性别")
    terminal.type("f")
    terminal.until("出生日期")
    terminal.type("1962-13-45")
    terminal.until("出生日期")
    terminal.type("1962-05-01")
    terminal.until("科室")
    terminal.type("没有的科")
    terminal.until("本枢纽的科室")
    terminal.type("心内科")
    terminal.until("主诉")
    terminal.type("咳嗽")
    code, shown = terminal.end()
    assert code == 0, shown
    assert re.search(r"\d+-\d+ 已存本机：乌云，1962-05-01", shown)


def test_given_up_on_a_terminal(realm: Realm) -> None:
    """Ctrl-C while being asked leaves everything as it was."""
    before = len(xt(realm.post2, "list", "--all", "--json").json["cases"])
    terminal = Terminal(realm.post2, "request")
    terminal.until("the patient's name")
    code, shown = terminal.interrupted()
    assert code == 130
    assert "Stopped. What was saved is safe." in shown
    assert "Traceback" not in shown
    assert len(xt(realm.post2, "list", "--all", "--json").json["cases"]) == before


def test_two_identifiers_before_signing(realm: Realm) -> None:
    """On a terminal the patient is confirmed before an answer is signed."""
    case = realm.opened()
    words = ("answer", case, "--advice", "观察", "--disposition", "stay")
    terminal = Terminal(realm.desk, *words)
    assert "其其格, 1962-05-01" in terminal.until("Is this the patient")
    terminal.type("n")
    code, shown = terminal.end()
    assert code == 2
    assert "Nothing was signed" in shown
    assert xt(realm.desk, "show", case, "--json").json["answer"] is None
    terminal = Terminal(realm.desk, *words)
    terminal.until("Is this the patient")
    terminal.type("y")
    assert terminal.end()[0] == 0
    assert xt(realm.desk, "show", case, "--json").json["answer"]


def test_pin_is_asked_for(realm: Realm, tmp_path: Path) -> None:
    """A locked station asks for its PIN where somebody can type it."""
    home = tmp_path / "pin"
    ok(xt(home, "join", realm.invite("密码村", "post", "密码")))
    terminal = Terminal(home, "pin")
    for _ in range(2):
        terminal.until(": ")
        terminal.type("1357")
    assert terminal.end()[0] == 0
    terminal = Terminal(home, "request", *PATIENT, *ASKS)
    terminal.until("PIN: ")
    terminal.type("1357")
    code, shown = terminal.end()
    assert code == 0, shown
    assert "1357" not in shown


def test_a_pipe_that_ends(realm: Realm) -> None:
    """`xt list | head -1` is no failure."""
    command = f"{sys.executable} -m xtcli log show | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], env=environment(realm.hub), timeout=60,
                          capture_output=True, check=False)  # fmt: skip
    assert done.returncode == 0
    assert done.stdout.count(b"\n") == 1
    assert done.stderr == b""


def test_pages_fit_a_narrow_terminal(realm: Realm) -> None:
    """Lists and pages of long Chinese text stay within 80 cells, and nothing marked is eaten."""
    case = realm.request("--history", "[here] 活动后胸闷气短，" * 12, "--vital", "bp=165/95")
    realm.sync(realm.post)
    for words in (["list"], ["show", case], ["status"]):
        for language in ("en", "zh"):
            _, shown = Terminal(realm.post, *words, language=language).end()
            lines = [re.sub(r"\x1b\[[0-9;]*m", "", line) for line in shown.splitlines()]
            assert max(width(line) for line in lines) <= 80, lines
            if words[0] == "show":
                assert "[here] 活动后" in shown
    piped = ok(xt(realm.post, "list")).out
    assert "\x1b" not in piped


def test_request_comes_first_in_the_timeline(realm: Realm) -> None:
    """The alert of the same second does not stand before the request that caused it."""
    case = realm.request("--vital", "bp=230/130")
    realm.sync(realm.post)
    kinds = [entry["kind"] for entry in xt(realm.post, "show", case, "--json").json["timeline"]]
    assert kinds[0] == "request"
    assert "alert" in kinds
