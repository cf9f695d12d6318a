"""Commands about this station itself: join, status, pin."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from xtcli.cli.command import add
from xtcli.cli.output import guarded, say, write_json
from xtcli.cli.shared import AsJson, must_be_seconds, station
from xtcli.lang import tr


@guarded
def join(
    code: Annotated[str, typer.Argument(metavar="CODE", help=tr("The code from your hub."))],
    timeout: Annotated[float, typer.Option(help=tr("Seconds to try."))] = 60.0,
    out: Annotated[
        str, typer.Option(metavar="FILE", help=tr("No link: write the request to this file."))
    ] = "",
    welcome: Annotated[
        str, typer.Option(metavar="FILE", help=tr("No link: read the hub's answer from this file."))
    ] = "",
    listen: Annotated[
        str, typer.Option(metavar="HOST:PORT", help=tr("For a relay: where it listens."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make this computer a station."""
    from xtcli.station import enrolment, words
    from xtcli.station.home import Home, default_root

    home = Home(default_root())
    if out:
        enrolment.write_request(home, code, out)
        said: dict[str, Any] = {"request": out}
        text = tr("Carry {file} to the hub and type there: xt hub admit {file}", file=out)
    else:
        must_be_seconds(timeout, "--timeout")
        settings = enrolment.join(home, code, timeout, welcome, listen)
        said = {
            "station": settings.number, "name": settings.name, "kind": settings.kind,
            "hub": settings.hub_address, "practitioner": settings.practitioner,
        }  # fmt: skip
        kind = words.station(settings.kind)
        text = tr("This computer is now the {kind} {name} (station {number}).",
                  kind=kind, name=settings.name, number=settings.number)  # fmt: skip
    if as_json:
        write_json(said)
    else:
        say(text)


@guarded
def status(as_json: AsJson = False) -> None:
    """Say what waits and how the link is."""
    from xtcli.cli.tables import status_page

    with station() as here:
        found = here.status()
        if as_json:
            write_json(found)
        else:
            status_page(found)


@guarded
def pin(
    remove: Annotated[bool, typer.Option("--remove", help=tr("Take the PIN away."))] = False,
    as_json: AsJson = False,
) -> None:
    """Lock the keys of this station."""
    from xtcli.cli.output import interactive
    from xtcli.errors import UsageError
    from xtcli.station import set_pin

    new = ""
    if not remove:
        import os

        new = os.environ.get("XT_NEW_PIN", "")
        if not new and interactive():
            new = _new_pin()
        if not new:
            raise UsageError(
                "No PIN was given, or not twice the same.",
                "Type it on a terminal, or set XT_NEW_PIN.",
            )
    set_pin(new)
    if as_json:
        write_json({"locked": bool(new)})
    else:
        say(tr("The keys are locked.") if new else tr("The keys are no longer locked."))


def _new_pin() -> str:
    """A PIN typed twice without being shown; empty when the two differ."""
    import getpass

    new = getpass.getpass(tr("New PIN") + tr(": "))
    again = getpass.getpass(tr("The same again") + tr(": "))
    return new if new == again else ""


def register(app: typer.Typer) -> None:
    """Put these commands into the app."""
    table: list[tuple[str, Any, str, str]] = [
        ("join", join, tr("Make this computer a station, with a code from the hub."),
         "xt join xt1.AZ..."),
        ("status", status, tr("This station: what waits, how the link is, last contact."),
         "xt status"),
        ("pin", pin, tr("Lock this station's keys with a PIN, or take it away."), "xt pin"),
    ]  # fmt: skip
    add(app, tr("This station"), table)
