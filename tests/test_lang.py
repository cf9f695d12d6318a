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


def test_every_word_for_a_code_has_chinese() -> None:
    """Words that are shown through a table: kinds, states, fields and what a form asks for."""
    from xtcli.station import forms, words

    shown = {word for table in words.TABLES for word in table.values()}
    shown |= set(forms.ASKED_FOR.values())
    missing = sorted(shown - set(chinese()))
    assert not missing, missing


def test_every_code_has_a_word() -> None:
    """A kind, state or choice that a record can hold is never shown by its bare code."""
    from xtcli.cli.codes import MEANINGS
    from xtcli.errors import ExitCode
    from xtcli.records.case import State
    from xtcli.records.types import Kind
    from xtcli.records.values import BlobKind, Disposition, StationKind, Urgency
    from xtcli.station import forms, words

    pairs = (
        (Kind, words.KINDS), (State, words.STATES), (StationKind, words.STATIONS),
        (BlobKind, words.BLOBS), (Disposition, words.DISPOSITIONS), (Urgency, words.URGENCIES),
    )  # fmt: skip
    for numbers, table in pairs:
        assert {number.name.lower() for number in numbers} <= set(table), numbers
    assert set(forms.REQUIRED) == set(forms.ASKED_FOR)
    assert set(MEANINGS) == set(ExitCode)
    assert not set(MEANINGS.values()) - set(chinese())
