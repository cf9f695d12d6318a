"""Style as a test: small modules and functions, docstrings that say what the room is."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "xtcli").rglob("*.py"))
MODULE_LINES_MAX = 400
FUNCTION_LINES_MAX = 60
CATALOGUES = {p for p in MODULES if p.parent.name == "lang" and p.name.startswith("zh_")}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_module_is_one_room(path: Path) -> None:
    """A module says what it is and stays small enough to hold in the head."""
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree), "no module docstring"
    if path not in CATALOGUES:
        assert len(text.splitlines()) <= MODULE_LINES_MAX
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert node.end_lineno is not None
            lines = node.end_lineno - node.lineno + 1
            assert lines <= FUNCTION_LINES_MAX, f"{node.name} has {lines} lines"
        if isinstance(node, ast.ExceptHandler):
            assert node.type is not None, f"bare except at line {node.lineno}"


def tracked_files() -> list[Path]:
    """Every file that git tracks."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout
    return [ROOT / name for name in listed.split("\0") if name]


def test_no_machine_paths_or_hosts() -> None:
    """The project names no machine's folders and no package registry's host."""
    bad = re.compile(r"/wor[k]/|/roo[t]/|pypi\.or[g]|pythonhoste[d]|npmjs\.or[g]")
    for path in tracked_files():
        if path.suffix in {".py", ".md", ".toml", ".txt", ".yaml", ""} and path.is_file():
            if path.name == "LICENSE":
                continue
            found = bad.search(path.read_text(encoding="utf-8", errors="ignore"))
            assert not found, f"{path.relative_to(ROOT)}: {found.group(0) if found else ''}"


def test_help_loads_no_heavy_room() -> None:
    """`xt --help` stays fast because the heavy rooms are loaded only when used."""
    code = (
        "import sys, xtcli.cli.app\n"
        "heavy = {'textual','numpy','av','aiortc','sounddevice','PIL','pyppmd','cryptography'}\n"
        "print(','.join(sorted(heavy & set(sys.modules))))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
