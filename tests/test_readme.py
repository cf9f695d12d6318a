"""Every transcript of README.md is run: the commands work as written and print what it says."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from tests.ports import free_port

ROOT = Path(__file__).parents[1]
XT = Path(sys.executable).with_name("xt")
PROMPT = re.compile(r"^(hub|post|desk)\$ (.*)$")


def steps(text: str) -> list[tuple[str, str, list[str]]]:
    """(who, command, expected lines) of every console block."""
    found: list[tuple[str, str, list[str]]] = []
    for block in re.findall(r"```console\n(.*?)```", text, re.S):
        for line in block.splitlines():
            prompt = PROMPT.match(line)
            if prompt:
                found.append((prompt[1], prompt[2], []))
            else:
                found[-1][2].append(line)
    return found


def pattern(expected: list[str]) -> re.Pattern[str]:
    """Expected output as a pattern: `...` stands for anything, alone on a line for any lines."""
    parts = [
        r"(?:.*\n)*?"
        if line == "..."
        else re.sub(r"(?:\\\.){3}(?!\\\.)", ".*", re.escape(line)) + r"\n"
        for line in expected
    ]
    return re.compile("".join(parts))


def test_readme_transcripts(tmp_path: Path) -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8").replace("4400", str(free_port()))
    serving: list[subprocess.Popen[bytes]] = []
    code = ""
    try:
        for who, command, expected in steps(text):
            words = shlex.split(command.replace("xt1....", code))
            assert words[0] == "xt"
            env = {**os.environ, "XT_HOME": str(tmp_path / who), "XT_LANG": "en", "COLUMNS": "80"}
            if words[-1] == "&":
                serving.append(
                    subprocess.Popen([XT, *words[1:-1]], env=env, stdout=subprocess.PIPE)
                )
                # It says where it listens before anything else.
                assert serving[-1].stdout is not None
                assert serving[-1].stdout.readline()
                continue
            done = subprocess.run(
                [XT, *words[1:]], env=env, capture_output=True, text=True, check=False
            )
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            if "..." not in expected or len(expected) > 1:
                assert pattern(expected).fullmatch(done.stdout), f"{command}\n{done.stdout}"
            found = re.search(r"xt1\.\S+", done.stdout)
            code = found[0] if found else code
    finally:
        for process in serving:
            process.terminate()
            process.communicate(timeout=60)
