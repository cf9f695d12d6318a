"""Commands that only look: list, show, save-blob."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from xtcli.cli.command import add
from xtcli.cli.output import guarded, say, size, write_json
from xtcli.cli.shared import AsJson, CaseArg, case_id, station
from xtcli.lang import tr


@guarded
def list_command(
    everything: Annotated[bool, typer.Option("--all", help=tr("Closed cases too."))] = False,
    search: Annotated[str, typer.Option(help=tr("Part of a name or complaint."))] = "",
    limit: Annotated[int, typer.Option(help=tr("At most so many."))] = 50,
    as_json: AsJson = False,
) -> None:
    """List cases."""
    from xtcli.cli.tables import case_table

    with station() as here:
        rows = here.cases(everything=everything, search=search, limit=limit)
        if as_json:
            write_json({"cases": rows})
        else:
            case_table(rows)


@guarded
def show(case: CaseArg, as_json: AsJson = False) -> None:
    """Show a case."""
    from xtcli.cli.tables import case_page

    with station() as here:
        found = here.case(case_id(case))
        if as_json:
            write_json(here.case_document(found))
        else:
            case_page(here, found)


@guarded
def save_blob(
    case: CaseArg,
    blob: Annotated[str, typer.Argument(help=tr("The first characters of its number."))],
    file: Annotated[str, typer.Argument(help=tr("Where to write it."))],
    as_json: AsJson = False,
) -> None:
    """Write an attachment to a file."""
    with station() as here:
        count = here.save_blob(case_id(case), blob, Path(file))
        if as_json:
            write_json({"file": file, "bytes": count})
        else:
            say(tr("{file}: {size}", file=file, size=size(count)))


def register(app: typer.Typer) -> None:
    """Put these commands into the app."""
    table: list[tuple[str, Any, str, str]] = [
        ("list", list_command, tr("Your cases, the newest first."), "xt list --search 其其格"),
        ("show", show, tr("Everything about one case."), "xt show 12-1"),
        ("save-blob", save_blob, tr("Write an attachment of a case to a file."),
         "xt save-blob 12-1 3fa9 note.opus"),
    ]  # fmt: skip
    add(app, tr("This station"), table)
