"""Every sentence shown to a person exists in Chinese and English, with the same places."""

from __future__ import annotations

import ast
import string
from pathlib import Path

from xtcli.lang import chinese

ROOT = Path(__file__).parents[1] / "xtcli"
ERRORS = {
    node.name
    for node in ast.parse((ROOT / "errors.py").read_text(encoding="utf-8")).body
    if isinstance(node, ast.ClassDef) and node.name != "ExitCode"
}


def called_name(node: ast.Call) -> str:
    """The bare name of what is called."""
    if isinstance(node.func, ast.Name):
        return node.func.id
    return node.func.attr if isinstance(node.func, ast.Attribute) else ""


def sentences() -> set[str]:
    """All literal sentences given to `tr` or to an error, anywhere in the package."""
    found: set[str] = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called_name(node) in ERRORS | {"tr"}:
                count = 1 if called_name(node) == "tr" else 2
                for argument in node.args[:count]:
                    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
                        found.add(argument.value)
    found.discard("")
    return found


def places(sentence: str) -> set[str]:
    """The `{names}` in a sentence."""
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name}


def test_every_sentence_has_chinese() -> None:
    missing = sorted(sentences() - set(chinese()))
    assert not missing, f"{len(missing)} without Chinese, first: {missing[:5]}"


def test_places_agree() -> None:
    for english, han in chinese().items():
        assert places(english) == places(han), english
