"""The `xt` command: its name, its groups, and how it ends.

Commands live in the modules beside this one. Heavy rooms are imported inside commands, so that
help is quick.
"""

from __future__ import annotations

import sys
from itertools import takewhile
from typing import NoReturn

import typer
from typer import core

from xtcli import __version__
from xtcli.cli import answers, consult, enrol, hubs, links, logs, reading, roads, screen, sound
from xtcli.cli.codes import MEANINGS
from xtcli.cli.command import App
from xtcli.cli.output import fail, gone, stopped, surprise
from xtcli.errors import ExitCode, UsageError, XtError
from xtcli.lang import tr

CODES = "\n".join([tr("Exit codes:"), *(f"  {code:>3}  {tr(MEANINGS[code])}" for code in ExitCode)])
STATION, HUB = tr("This station"), tr("Hub and log")

app = App(
    panel=STATION,
    name="xt",
    help=tr("Consults with county specialists over links that are slow, lossy or carried by hand."),
    epilog=CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    subcommand_metavar="COMMAND",
    options_metavar="",
    context_settings={"help_option_names": ["-h", "--help"]},
)
log_app = App(
    no_args_is_help=True, help=tr("Look at this station's log, and check it."),
    subcommand_metavar="COMMAND", options_metavar="",
)  # fmt: skip
hub_app = App(
    no_args_is_help=True, help=tr("Run a hub, invite and revoke stations."),
    subcommand_metavar="COMMAND", options_metavar="",
)  # fmt: skip
consult.register(app)
answers.register(app)
reading.register(app)
enrol.register(app)
links.register(app)
roads.register(app)
screen.register(app)
sound.register(app)
app.add_typer(hub_app, name="hub", rich_help_panel=HUB)
app.add_typer(log_app, name="log", rich_help_panel=HUB)
logs.register(log_app)
hubs.register(hub_app)


@app.callback(invoke_without_command=True)
def root(
    version: bool = typer.Option(False, "--version", help=tr("Show the version and leave.")),
) -> None:
    """Say the version when asked; otherwise leave it to the command."""
    if version:
        typer.echo(__version__)
        raise typer.Exit


def run() -> None:
    """Run a command line and leave with one of the exit codes."""
    as_json = "--json" in sys.argv
    try:
        code = app(prog_name="xt", standalone_mode=False)
    except (typer.Abort, KeyboardInterrupt):
        stopped(as_json)
    except typer.TyperException as error:
        misused(error, as_json)
    except XtError as error:
        fail(error, as_json)
    except BrokenPipeError:
        gone()
    except Exception as error:
        surprise(error, as_json)
    raise SystemExit(code if isinstance(code, int) else int(ExitCode.OK))


def misused(error: typer.TyperException, as_json: bool) -> NoReturn:
    """Words that make no command: say which, in the language in force."""
    context = getattr(error, "ctx", None)
    kind = type(error).__name__
    if kind == "NoArgsIsHelpError" and context is not None:
        sys.stdout.write(context.get_help() + "\n")
        raise SystemExit(int(ExitCode.USAGE))
    param = getattr(error, "param", None)
    name = "" if param is None else str(_name(param))
    # Of a forgotten value only the option is known, not whose it is: the words before it say that.
    words = takewhile(lambda word: not word.startswith("-"), sys.argv[1:])
    where = context.command_path if context is not None else " ".join(["xt", *words])
    hint = {"command": where}
    if kind == "NoSuchOption":
        failure = UsageError("There is no option {name}.", "See: {command} --help",
                             name=getattr(error, "option_name", ""), **hint)  # fmt: skip
    elif kind == "MissingParameter":
        failure = UsageError("{name} is missing.", "See: {command} --help", name=name, **hint)
    elif kind == "BadParameter":
        failure = UsageError("The value of {name} cannot be used.", "See: {command} --help",
                             name=name, **hint)  # fmt: skip
    elif kind == "BadOptionUsage":
        failure = UsageError("{name} needs a value.", "See: {command} --help",
                             name=getattr(error, "option_name", ""), **hint)  # fmt: skip
    else:
        failure = _other(error, context, where)
    fail(failure, as_json)


def _other(error: typer.TyperException, context: object, where: str) -> UsageError:
    """An unknown command, or words too many."""
    rest = " ".join([*getattr(context, "_protected_args", []), *getattr(context, "args", [])])
    command = getattr(context, "command", None)
    if isinstance(command, core.TyperGroup):
        return UsageError("There is no command {name}.", "See: {command} --help",
                          name=_quoted(error, rest), command=where)  # fmt: skip
    if "extra argument" in error.message:
        words = error.message.rpartition("(")[2].removesuffix(")")
        return UsageError("There are words too many: {words}.", "See: {command} --help",
                          words=words or rest, command=where)  # fmt: skip
    return UsageError("{why}", "See: {command} --help", why=error.format_message(), command=where)


def _quoted(error: typer.TyperException, rest: str) -> str:
    """What the message quotes."""
    parts = error.message.split("'")
    return parts[1] if len(parts) > 2 else rest


def _name(param: object) -> str:
    """An option as typed, an argument as help shows it."""
    opts = getattr(param, "opts", [])
    long = [opt for opt in opts if opt.startswith("--")]
    return long[0] if long else str(getattr(param, "display_name_raw", ""))
