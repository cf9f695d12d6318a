"""No import runs in a circle: not when a module is loaded, not later, not for types alone."""

from __future__ import annotations

import ast
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "xtcli"
ROOMS = ("tui", "records", "clinic", "media", "transport", "hub", "lang")


def modules(room: str) -> dict[str, Path]:
    """Every module of a room by its name."""
    found = {}
    for path in (ROOT / room).rglob("*.py"):
        parts = ("xtcli", *path.relative_to(ROOT).with_suffix("").parts)
        found[".".join(parts).removesuffix(".__init__")] = path
    return found


def imported(path: Path, known: set[str]) -> set[str]:
    """The modules among `known` that a file imports anywhere in it.

    `from package import name` is the module `package.name` where there is one: a package's own
    file only gathers what lies below it.
    """
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= (below & known) or {node.module}
    return found & known


@pytest.mark.parametrize("room", ROOMS)
def test_no_circles(room: str) -> None:
    """The modules of a room can be put in an order in which each needs only earlier ones."""
    files = modules(room)
    assert files
    graph = {name: imported(path, set(files)) - {name} for name, path in files.items()}
    try:
        order = tuple(TopologicalSorter(graph).static_order())
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))
    assert set(order) == set(files)


def test_a_circle_would_be_found(tmp_path: Path) -> None:
    """Also one through a function and one through types alone."""
    one, two = tmp_path / "one.py", tmp_path / "two.py"
    one.write_text("def f():\n    from xtcli.two import g\n")
    two.write_text("if TYPE_CHECKING:\n    from xtcli.one import f\n")
    known = {"xtcli.one", "xtcli.two"}
    assert imported(one, known) == {"xtcli.two"}
    assert imported(two, known) == {"xtcli.one"}
