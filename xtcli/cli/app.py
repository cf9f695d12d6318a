"""The `xt` command: its name, its groups, and how it ends.

Commands live in the modules beside this one. Heavy rooms are imported inside commands, so that
help is quick.
"""

from __future__ import annotations

import sys

import typer

from xtcli import __version__
from xtcli.cli import answers, consult, enrol, hubs, links, logs, reading
from xtcli.cli.output import fail, surprise, tell
from xtcli.errors import ExitCode, UsageError, XtError
from xtcli.lang import tr

CODES = tr(
    "Exit codes: 0 done; 2 wrong words or values; 3 not found; 4 not allowed; 5 no station here;"
    " 6 log damaged; 7 refused as false or foreign; 8 no link; 9 still waiting; 10 done in part;"
    " 11 no device; 12 disk full; 1 anything else."
)

app = typer.Typer(
    name="xt",
    help=tr("Consults with county specialists over links that are slow, lossy or carried by hand."),
    epilog=CODES,
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
)
log_app = typer.Typer(no_args_is_help=True, help=tr("Look at this station's log, and check it."))
hub_app = typer.Typer(no_args_is_help=True, help=tr("Run a hub, invite and revoke stations."))
app.add_typer(log_app, name="log")
app.add_typer(hub_app, name="hub")
consult.register(app)
reading.register(app)
answers.register(app)
enrol.register(app)
links.register(app)
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
    import click

    as_json = "--json" in sys.argv
    try:
        code = app(standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        raise SystemExit(int(ExitCode.USAGE)) from None
    except click.UsageError as error:
        where = error.ctx.command_path if error.ctx else "xt"
        fail(
            UsageError("{why}", "See: {command} --help", why=error.format_message(), command=where),
            as_json,
        )
    except click.Abort:
        tell(tr("Stopped. What was saved is safe."))
        raise SystemExit(130) from None
    except XtError as error:
        fail(error, as_json)
    except Exception as error:
        surprise(error, as_json)
    raise SystemExit(code if isinstance(code, int) else int(ExitCode.OK))
