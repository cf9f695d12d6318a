"""Help and docs/COMMANDS.md cover the live commands: none undocumented, none without example."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.core import TyperGroup

from tests.cli.realm import environment
from xtcli.cli.app import app
from xtcli.cli.codes import MEANINGS
from xtcli.cli.layout import width
from xtcli.errors import ExitCode

PAGE = (Path(__file__).parents[2] / "docs" / "COMMANDS.md").read_text(encoding="utf-8")


def commands() -> Iterator[tuple[str, Any]]:
    """Every command by its full name."""

    def walk(command: Any, name: str) -> Iterator[tuple[str, Any]]:
        if isinstance(command, TyperGroup):
            for inner, found in command.commands.items():
                yield from walk(found, f"{name} {inner}")
        else:
            yield name, command

    yield from walk(typer.main.get_command(app), "xt")


COMMANDS = dict(commands())


def section(name: str) -> str:
    """The part of the page about one command."""
    found = re.search(rf"^### `{re.escape(name)}`$(.*?)(?=^#|\Z)", PAGE, re.M | re.S)
    assert found, f"docs/COMMANDS.md has no section `{name}`"
    return found.group(1)


@pytest.mark.parametrize("name", COMMANDS)
def test_documented(name: str) -> None:
    """A section with every option, an example that is the help's own, and what JSON it prints."""
    text = section(name)
    for param in COMMANDS[name].params:
        if param.param_type_name == "option":
            long = [opt for opt in param.opts if opt.startswith("--")]
            assert f"`{long[0]}" in text, f"{name} {long[0]} is not documented"
    example = COMMANDS[name].epilog.removeprefix("Example: ")
    assert example.startswith(name)
    assert example in text
    if name != "xt tui":
        assert "JSON" in text


@pytest.mark.parametrize("name", COMMANDS)
def test_helped(name: str) -> None:
    """Every command says what it does and gives an example; so does every option."""
    command = COMMANDS[name]
    assert command.help
    assert "Example: xt " in command.epilog
    for param in command.params:
        if param.param_type_name == "option":
            assert param.help, f"{name} {param.opts}"
    assert any("--json" in param.opts for param in command.params) or name == "xt tui"


def test_nothing_documented_that_does_not_exist() -> None:
    """Sections and options of the page are those of the program."""
    for name in re.findall(r"^### `(.*)`$", PAGE, re.M):
        assert name in COMMANDS
        known = {opt for param in COMMANDS[name].params for opt in param.opts}
        assert set(re.findall(r"^\| `(--[a-z-]+)", section(name), re.M)) <= known, name


def test_exit_codes_are_documented() -> None:
    """The page and `xt --help` list every exit code with the same words."""
    root = typer.main.get_command(app)
    for code in ExitCode:
        assert f"| {int(code)} | {MEANINGS[code]} |" in PAGE
        assert f"{int(code):>2}  {MEANINGS[code]}" in str(root.epilog)


def helped(*words: str, language: str, cells: int = 80) -> str:
    """Help as a process prints it."""
    env = environment(Path(os.devnull), language, COLUMNS=str(cells))
    done = subprocess.run([sys.executable, "-m", "xtcli", *words, "--help"], env=env,
                          capture_output=True, check=True, timeout=60)  # fmt: skip
    return done.stdout.decode()


@pytest.mark.parametrize("language", ["en", "zh"])
def test_help_in_both_languages(language: str) -> None:
    """Whole in either language; only the example line may be wider than the terminal."""
    for words in ([], ["request"], ["hub"], ["hub", "invite"], ["answer"]):
        text = helped(*words, language=language)
        sample = "Example:" if language == "en" else "示例："
        for line in text.splitlines():
            assert width(line) <= 80 or line.startswith(sample), line
        if language == "zh":
            assert not re.search(r"^(Usage|Options|Commands|Example)", text, re.M)
            assert not re.search(r"  [A-Z][a-z]+ [a-z]+ ", text), text


def test_words_that_make_no_command_show_help() -> None:
    """`xt` and `xt hub` alone show their help and end with the usage code."""
    for words in ([], ["hub"], ["log"]):
        done = subprocess.run([sys.executable, "-m", "xtcli", *words],
                              env=environment(Path(os.devnull)), capture_output=True,
                              check=False, timeout=60)  # fmt: skip
        assert done.returncode == 2
        assert done.stdout.startswith(b"Usage: xt")
