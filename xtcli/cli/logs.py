"""Commands about the log: verify, show."""

from __future__ import annotations

from typing import Annotated

import typer

from xtcli.cli.command import add
from xtcli.cli.output import guarded, say, write_json
from xtcli.cli.shared import AsJson, case_id, station
from xtcli.lang import tr


@guarded
def verify(as_json: AsJson = False) -> None:
    """Check every record."""
    with station() as here:
        found = here.verify_log()
        if as_json:
            write_json(found)
        else:
            say(tr("{count} records, every signature and chain checks.", count=found.records))


@guarded
def show(
    case: Annotated[str, typer.Argument(metavar="CASE", help=tr("Only this case."))] = "",
    as_json: AsJson = False,
) -> None:
    """List records."""
    from xtcli.cli.layout import pad
    from xtcli.station import words

    with station() as here:
        for entry in here.log_entries(case_id(case) if case else None):
            if as_json:
                write_json(entry)
            else:
                at = entry.time[:19].replace("T", " ")
                kind = pad(words.kind(entry.kind), 12)
                say(f"{at}  {entry.record!s:>8}  {kind}  {entry.author}")


def register(app: typer.Typer) -> None:
    """Put these commands into the group."""
    add(app, tr("Commands"), [
        ("verify", verify, tr("Check every signature and chain of the log."), "xt log verify"),
        ("show", show, tr("List the records, one a line."), "xt log show 12-1"),
    ])  # fmt: skip
