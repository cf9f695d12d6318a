"""How commands look and read their values: help as plain text in both languages, quick to start.

Typer's own help loads a library of screens, and its reading of values a validation library; both
cost more time than a whole command. It knows no command.
"""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import typer
from typer import core

from xtcli.cli.layout import described, wrap
from xtcli.errors import UsageError
from xtcli.lang import tr

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

HELP_CELLS_MAX = 100
VALUES = {"str": "TEXT", "float": "NUMBER", "int": "NUMBER"}
TRUE_WORDS = frozenset(("1", "true", "yes", "on"))


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads one option's text as str, float, int, bool or a list of texts."""

    kind: object

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The value a command gets; BadParameter when it is not of its kind."""
        if value is None:
            return () if param.multiple else None
        for item in value if param.multiple else (value,):
            _no_option(item, param, ctx)
        if param.multiple:
            return [str(item) for item in value]
        if self.kind is bool:
            return value if isinstance(value, bool) else str(value).lower() in TRUE_WORDS
        try:
            return float(value) if self.kind is float else int(value)
        except ValueError as error:
            raise typer.BadParameter(str(value), ctx=ctx, param=param) from error


@dataclass(frozen=True, slots=True)
class TextReader:
    """Text is what it is."""

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The text as typed."""
        _no_option(value, param, ctx)
        return value


def _no_option(value: Any, param: Any, ctx: Any) -> None:
    """UsageError when an option was given another option as its value: its own was forgotten."""
    if param.param_type_name != "option" or not isinstance(value, str) or value[:2] != "--":
        return
    if any(value in one.opts for one in ctx.command.get_params(ctx)):
        raise UsageError("{name} needs a value.", "See: {command} --help",
                         name=max(param.opts, key=len), command=ctx.command_path)  # fmt: skip


def _quick(params: Sequence[Any]) -> None:
    """Give plain parameters a plain reader; what this does not know keeps Typer's own."""
    for param in params:
        kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
        if not hasattr(param, "_runtime_param") or param.nargs != 1:
            continue
        if kind is str:
            param._runtime_param = TextReader()
        elif kind in (bool, float, int) or (param.multiple and kind == list[str]):
            param._runtime_param = Reader(kind)


class Command(core.TyperCommand):
    """A command with plain help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As Typer's, with plain readers."""
        super().__init__(*args, **kwargs)
        _quick(self.params)
        for param in self.params:
            if param.param_type_name == "argument" and param.metavar is None:
                param.metavar = str(param.name).upper()

    def get_help_option(self, ctx: Any) -> Any:
        """`--help`, in the language in force."""
        return _help_option(self, super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, what it does, its words and options, an example."""
        formatter.write("\n".join(_page(self, ctx)) + "\n")


class Group(core.TyperGroup):
    """A group of commands with plain help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As Typer's, with plain readers."""
        super().__init__(*args, **kwargs)
        _quick(self.params)

    def get_help_option(self, ctx: Any) -> Any:
        """`--help`, in the language in force."""
        return _help_option(self, super().get_help_option(ctx))

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Usage, its commands in panels, its options."""
        formatter.write("\n".join(_page(self, ctx)) + "\n")


class App(typer.Typer):
    """A Typer app whose commands and groups look like this project's."""

    def __init__(self, *, panel: str = "", **kwargs: Any) -> None:
        """As Typer's; `panel` is where help lists commands that name none."""
        super().__init__(cls=Group, **kwargs)
        self.panel = panel

    def command(self, name: str | None = None, **kwargs: Any) -> Callable[[Any], Any]:
        """As Typer's."""
        kwargs.setdefault("cls", Command)
        kwargs.setdefault("options_metavar", f"[{tr('Options').upper()}]")
        kwargs.setdefault("rich_help_panel", self.panel or tr("Commands"))
        return super().command(name, **kwargs)


def add(app: typer.Typer, panel: str, table: Sequence[tuple[str, Any, str, str]]) -> None:
    """Put commands into an app: name, function, what it does, an example."""
    for name, command, help_text, sample in table:
        app.command(name, help=help_text, epilog=f"{tr('Example:')} {sample}",
                    rich_help_panel=panel)(command)  # fmt: skip


def _help_option(command: Any, option: Any) -> Any:
    if option is not None:
        option.help = tr("Show this help and leave.")
        _quick([option])
    return option


def _page(command: Any, ctx: Any) -> list[str]:
    """All lines of a help page."""
    cells = min(shutil.get_terminal_size().columns, HELP_CELLS_MAX) - 2
    pieces = [piece.strip("{}") for piece in command.collect_usage_pieces(ctx)]
    usage = " ".join([ctx.command_path, *pieces])
    lines = [tr("Usage: ") + usage, "", *wrap(command.help or "", cells)]
    for title, items in _sections(command, ctx).items():
        lines += ["", title, *("  " + line for line in described(items, cells))]
    if command.epilog:
        # An example stays on one line, so that it can be copied.
        lines += ["", *command.epilog.split("\n")]
    return lines


def _sections(command: Any, ctx: Any) -> dict[str, list[tuple[str, str]]]:
    """Panels of commands, then arguments, then options: each a list of term and text."""
    found: dict[str, list[tuple[str, str]]] = {}
    for name in command.list_commands(ctx) if isinstance(command, core.TyperGroup) else ():
        inner = command.get_command(ctx, name)
        if inner is None or inner.hidden:
            continue
        panel = getattr(inner, "rich_help_panel", None)
        title = panel if isinstance(panel, str) else tr("Commands")
        found.setdefault(title, []).append((name, inner.help or ""))
    for param in command.get_params(ctx):
        if getattr(param, "hidden", False):
            continue
        if param.param_type_name == "argument":
            found.setdefault(tr("Arguments"), []).append((param.display_name_raw, param.help or ""))
        else:
            found.setdefault(tr("Options"), []).append((_option_term(param), param.help or ""))
    return found


def _option_term(param: Any) -> str:
    """`--born YYYY-MM-DD`, `-y, --yes`."""
    names = ", ".join(sorted(param.opts, key=len))
    kind = getattr(getattr(param, "type_descriptor", None), "annotation", None)
    value = param.metavar or VALUES.get(str(getattr(kind, "__name__", "")), "")
    return f"{names} {value}".rstrip()
