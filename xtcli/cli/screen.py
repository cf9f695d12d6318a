"""Command `tui`: the screens, on this home or on a made-up one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Annotated

import typer

from xtcli.cli.output import guarded
from xtcli.cli.shared import choose_one
from xtcli.errors import UsageError
from xtcli.lang import tr

if TYPE_CHECKING:
    from pathlib import Path

    from xtcli.station import Station

KINDS = ("desk", "post")


@guarded
def tui(
    demo: Annotated[
        bool, typer.Option("--demo", help=tr("Invented cases in a temporary home."))
    ] = False,
    kind: Annotated[
        str, typer.Option("--as", metavar="desk|post", help=tr("With --demo: whose view."))
    ] = "desk",
    no_sync: Annotated[
        bool, typer.Option("--no-sync", help=tr("Do not talk to the hub from here."))
    ] = False,
) -> None:
    """Open the screens."""
    import sys

    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise UsageError("The screens need a terminal.", "Without one use: xt list, xt queue")
    if demo:
        _demo(choose_one(kind, KINDS, "--as"))
        return
    from xtcli.station import open_station
    from xtcli.tui.app import XtApp

    pin = _pin()
    XtApp(lambda: open_station(pin), sync=not no_sync).run()


def _pin() -> str:
    """The PIN of locked keys, asked before the screens open; KeyMissing when it is wrong."""
    from xtcli.records.keys import is_locked
    from xtcli.station import open_station
    from xtcli.station.home import Home, default_root

    home = Home(default_root())
    home.settings()
    if os.environ.get("XT_PIN") or not is_locked(home.read_keys()):
        return ""
    pin: str = typer.prompt(tr("PIN of this station"), hide_input=True)
    station = open_station(pin)
    try:
        _ = station.keys
    finally:
        station.close()
    return pin


def _demo(kind: str) -> None:
    """A home that is gone when the screens close."""
    import tempfile
    from pathlib import Path

    from xtcli.station import shell
    from xtcli.tui.app import XtApp
    from xtcli.tui.demo import make_home

    with tempfile.TemporaryDirectory(prefix="xt-demo-") as folder:
        make_home(Path(folder), kind, shell.now(), shell.entropy, media=True)
        XtApp(lambda: _open(Path(folder)), sync=False).run()


def _open(folder: Path) -> Station:
    """The demo's station."""
    from xtcli.station import Station, shell
    from xtcli.station.home import Home

    return Station(Home(folder), clock=shell.now, entropy=shell.entropy)


def register(app: typer.Typer) -> None:
    """Put this command into the app."""
    app.command(
        "tui",
        help=tr("Open the screens: the list of cases, forms, answers; the link works meanwhile."),
        epilog=tr("Example:") + " xt tui --demo",
    )(tui)
