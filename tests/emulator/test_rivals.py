"""The rival harness moves real bytes through a real kernel's TLS, or says what is missing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from xtcli.errors import ExitCode

RIVALS = Path(__file__).parents[2] / "scripts" / "bench" / "rivals.py"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """The harness as a person runs it."""
    return subprocess.run(
        [sys.executable, RIVALS, *arguments],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_https_post_is_measured(joins: bool) -> None:
    """The whole body over TLS 1.3: longer than the limit, more bytes than the payload."""
    done = run("--json", "--rival", "https", "--link", "geo", "--size", "600", "--seeds", "1")
    if not joins:
        assert done.returncode in {ExitCode.USAGE, ExitCode.DEVICE}
        assert len(done.stderr.strip().splitlines()) == 2
        return
    measured = json.loads(done.stdout)
    assert measured["seconds"] > 5 * (0.3 - 0.02)  # two round trips and the way there
    assert 600 < measured["bytes_up"] < 4000
    assert 500 < measured["bytes_down"] < 5000


def test_a_rival_that_is_not_installed_is_said(tmp_path: Path) -> None:
    """LXMF is optional: without it one sentence and the next step, no traceback."""
    (tmp_path / "sitecustomize.py").write_text(
        "import importlib.util as u\n"
        "found = u.find_spec\n"
        "u.find_spec = lambda name, *a: None if name == 'LXMF' else found(name, *a)\n"
    )
    done = run("--rival", "lxmf", "--link", "lan", PYTHONPATH=str(tmp_path), XT_LXMF_PYTHON="")
    assert done.returncode == ExitCode.DEVICE
    what, advice = done.stderr.strip().splitlines()
    assert "not installed" in what
    assert "XT_LXMF_PYTHON" in advice
