"""A hub that really serves on loopback, its stations, and a way to run commands in this process."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.ports import free_port
from xtcli import lang
from xtcli.cli.app import run

DEPT, OTHER_DEPT = "心内科", "骨科"
SPEECH = Path(__file__).parents[1] / "data" / "speech" / "zh" / "SSB00160485.flac"
PATIENT = ("--patient", "其其格", "--sex", "f", "--born", "1962-05-01", "--dept", DEPT)
ASKS = ("--complaint", "胸闷3天", "--allergy", "无", "--question", "是否需要转诊")


@dataclass(frozen=True, slots=True)
class Result:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON document of the last line of stdout."""
        return json.loads(self.out.strip().splitlines()[-1])


def environment(home: Path, language: str = "en", **more: str) -> dict[str, str]:
    """The environment of a command of the station at `home`."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("XT_", "LC_", "LANG"))}
    return kept | {"XT_HOME": str(home), "XT_LANG": language, "PYTHONUTF8": "1"} | more


@contextlib.contextmanager
def _as(home: Path, language: str, more: dict[str, str]) -> Iterator[None]:
    """This process with another environment."""
    before = dict(os.environ)
    os.environ.clear()
    os.environ.update(environment(home, language, **more))
    lang.choose(None)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def xt(
    home: Path, *words: str, stdin: bytes = b"", language: str = "en", **more: str
) -> Result:  # fmt: skip
    """Run `xt WORDS` in this process, as a script would: no terminal anywhere."""
    out, err = io.StringIO(), io.StringIO()
    before = (sys.argv, sys.stdin, sys.stdout, sys.stderr)
    code: object = 0
    with _as(home, language, more):
        sys.argv = ["xt", *words]
        sys.stdin = io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8")
        sys.stdout, sys.stderr = out, err
        try:
            run()
        except SystemExit as left:
            code = left.code
        finally:
            sys.argv, sys.stdin, sys.stdout, sys.stderr = before
    assert isinstance(code, int), code
    return Result(code, out.getvalue(), err.getvalue())


def process(
    home: Path, *words: str, stdin: bytes = b"", language: str = "en", **more: str
) -> Result:  # fmt: skip
    """Run `xt WORDS` as a process of its own."""
    done = subprocess.run(
        [sys.executable, "-m", "xtcli", *words], input=stdin, capture_output=True,
        env=environment(home, language, **more), timeout=60, check=False,
    )  # fmt: skip
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


def ok(result: Result) -> Result:
    """The result of a command that must have worked."""
    assert result.code == 0, (result.code, result.out, result.err)
    return result


class Realm:
    """A served hub with a post, another post, a desk of one department and one of another."""

    def __init__(self, root: Path) -> None:
        """Set up and serve."""
        self.root = root
        self.filed = 0
        self.hub, self.post, self.post2 = root / "hub", root / "post", root / "post2"
        self.desk, self.bones = root / "desk", root / "bones"
        self.address = f"127.0.0.1:{free_port()}"
        ok(xt(self.hub, "hub", "init", "--name", "旗医院", "--listen", self.address))
        self.server = subprocess.Popen(
            [sys.executable, "-m", "xtcli", "hub", "serve"], env=environment(self.hub),
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        try:
            self._people()
        except BaseException:
            self.close()
            raise

    def _people(self) -> None:
        """Invite everybody and let them in."""
        assert self.server.stdout is not None
        assert b"listens" in self.server.stdout.readline()
        self.codes = {
            "post": self.invite("巴音村", "post", "乌兰"),
            "post2": self.invite("察汗村", "post", "巴特尔"),
            "desk": self.invite("心内诊台", "desk", "王主任", "--dept", DEPT),
            "bones": self.invite("骨科诊台", "desk", "李主任", "--dept", OTHER_DEPT),
        }
        for name, code in self.codes.items():
            ok(xt(self.root / name, "join", code))
        self.sync(self.post, self.post2)

    def invite(self, station: str, kind: str, practitioner: str, *more: str) -> str:
        """The code of a new invitation."""
        made = xt(self.hub, "hub", "invite", "--station", station, "--kind", kind,
                  "--practitioner", practitioner, *more)  # fmt: skip
        return ok(made).out.strip()

    def sync(self, *homes: Path) -> None:
        """Exchange until nothing waits."""
        for home in homes:
            ok(xt(home, "sync", "--timeout", "90"))

    def request(self, *more: str, home: Path | None = None, patient: str = "其其格") -> str:
        """A new case that the hub has."""
        self.filed += 1
        words = [*PATIENT, *ASKS, "--exam", f"第{self.filed}次就诊", *more]
        words[1] = patient
        made = ok(xt(home or self.post, "request", *words, "--wait", "20", "--json"))
        assert made.json["state"] == "received"
        return str(made.json["case"])

    def opened(self, *more: str, patient: str = "其其格") -> str:
        """A new case that the desk has opened."""
        case = self.request(*more, patient=patient)
        self.sync(self.desk)
        ok(xt(self.desk, "open", case, "--json"))
        return case

    def answered(self, *more: str, patient: str = "其其格") -> str:
        """A new case whose answer is at the post."""
        case = self.opened(patient=patient)
        ok(
            xt(
                self.desk,
                "answer",
                case,
                "--advice",
                "休息，监测血压",
                "--disposition",
                "stay",
                *more,
            )
        )
        self.sync(self.desk, self.post)
        return case

    def close(self) -> None:
        """Stop the hub."""
        self.server.terminate()
        self.server.communicate(timeout=60)
