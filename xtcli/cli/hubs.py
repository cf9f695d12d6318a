"""Commands of a hub: init, serve, invite, admit, stations, revoke, stats."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from xtcli.cli.command import add
from xtcli.cli.output import guarded, say, write_json
from xtcli.cli.shared import AsJson, choose_one
from xtcli.lang import tr


@guarded
def init(
    name: Annotated[str, typer.Option(help=tr("The hub's name."))],
    listen: Annotated[str, typer.Option(metavar="HOST:PORT", help=tr("Where it listens (UDP)."))],
    advertise: Annotated[
        str, typer.Option(metavar="HOST:PORT", help=tr("The address that invitations give."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Make a hub."""
    from xtcli.hub import setup
    from xtcli.station.home import Home, default_root

    settings = setup.init(Home(default_root()), name, listen, advertise)
    if as_json:
        write_json({"hub": settings.name, "listen": settings.hub_address,
                    "advertise": settings.advertise, "realm": settings.realm})  # fmt: skip
    else:
        say(tr("The hub {name} is ready. Start it with: xt hub serve", name=settings.name))


@guarded
def serve(
    serial: Annotated[
        list[str] | None,
        typer.Option(metavar="DEVICE[@BAUD]", help=tr("Serve this line too; may be given again.")),
    ] = None,
    https: Annotated[
        str,
        typer.Option(metavar="HOST:PORT", help=tr("Serve HTTPS too, own certificate.")),
    ] = "",
    http: Annotated[
        str, typer.Option(metavar="HOST:PORT", help=tr("The same without TLS, behind a proxy."))
    ] = "",
    upstream: Annotated[
        str, typer.Option(metavar="ROAD", help=tr("A relay's road upwards: https, serial:DEVICE."))
    ] = "",
    web: Annotated[
        str, typer.Option(metavar="HOST:PORT", help=tr("Serve the page for guests, HTTPS."))
    ] = "",
    web_plain: Annotated[
        str, typer.Option(metavar="HOST:PORT", help=tr("That page without TLS, behind a proxy."))
    ] = "",
    web_url: Annotated[
        str, typer.Option(metavar="URL", help=tr("The page's address as guests open it."))
    ] = "",
    stun: Annotated[
        str, typer.Option(metavar="HOST:PORT", help=tr("STUN over UDP, if not where the page is."))
    ] = "",
    turn: Annotated[
        str, typer.Option(metavar="turn:HOST:PORT", help=tr("Your own TURN server for guests."))
    ] = "",
    turn_secret: Annotated[
        str, typer.Option(metavar="FILE", help=tr("The secret it shares with this hub."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Serve until stopped."""
    from xtcli.hub import serving
    from xtcli.hub.serving_roads import RoadOptions
    from xtcli.hub.web import WebOptions

    page = WebOptions(web, web_plain, web_url, stun, turn, turn_secret)
    serving.serve(as_json, RoadOptions(tuple(serial or ()), https, http, upstream), page)


@guarded
def invite(
    station: Annotated[str, typer.Option(help=tr("The new station's name."))],
    kind: Annotated[str, typer.Option(metavar="post|desk|hub", help=tr("What it is."))],
    practitioner: Annotated[str, typer.Option(help=tr("Who works there."))],
    role: Annotated[str, typer.Option(help=tr("Their role."))] = "",
    dept: Annotated[str, typer.Option(metavar="D,...", help=tr("Their departments."))] = "",
    place: Annotated[str, typer.Option(help=tr("Where the station is."))] = "",
    days: Annotated[float, typer.Option(help=tr("Days until the code expires."))] = 7.0,
    advertise: Annotated[
        str, typer.Option(metavar="HOST:PORT", help=tr("Another address of the hub for this code."))
    ] = "",
    https: Annotated[
        str, typer.Option(metavar="HOST:PORT|URL", help=tr("Where the hub answers over HTTPS."))
    ] = "",
    via: Annotated[
        str, typer.Option(metavar="STATION", help=tr("The relay that its link ends at."))
    ] = "",
    https_print: Annotated[
        str, typer.Option(metavar="HEX", help=tr("The print of the relay's certificate."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Invite a station."""
    from xtcli.cli.output import interactive
    from xtcli.hub import setup

    choose_one(kind, ("post", "desk", "hub"), "kind")
    made = setup.invite(station=station, kind=kind, practitioner=practitioner, role=role,
                        dept=dept, place=place, days=days, advertise=advertise,
                        https=https, via=via, https_print=https_print)  # fmt: skip
    if as_json:
        write_json({"code": made.code, "expires": made.expires, "station": station})
        return
    say(made.code)
    if interactive():
        import segno

        segno.make(made.code, error="l").terminal(compact=True)


@guarded
def admit(
    file: Annotated[str, typer.Argument(help=tr("A join request carried here by hand."))],
    out: Annotated[str, typer.Option(metavar="FILE", help=tr("Where to write the answer."))] = "",
    as_json: AsJson = False,
) -> None:
    """Let a station in that has no link yet."""
    from xtcli.hub import setup

    target = setup.admit_file(file, out)
    if as_json:
        write_json({"welcome": target})
    else:
        say(tr("Carry {file} back and type there: xt join CODE --welcome {file}", file=target))


@guarded
def stations(as_json: AsJson = False) -> None:
    """List the stations."""
    from xtcli.cli.tables import show_table
    from xtcli.hub import setup
    from xtcli.station import words

    rows = setup.stations()
    if as_json:
        write_json({"stations": rows})
        return
    titles = (tr("No."), tr("name"), tr("kind"), tr("to send"), tr("state"), tr("practitioner"),
              tr("departments"))  # fmt: skip
    show_table(titles, [
        (str(row.number), row.name, words.station(row.kind), str(row.waiting),
         tr("revoked") if row.revoked else tr("valid"), ", ".join(row.practitioners),
         ", ".join(row.depts))
        for row in rows
    ])  # fmt: skip


@guarded
def revoke(
    station: Annotated[str, typer.Argument(metavar="STATION", help=tr("Its number or name."))],
    reason: Annotated[str, typer.Option(help=tr("Why."))] = "",
    as_json: AsJson = False,
) -> None:
    """Revoke a station."""
    from xtcli.hub import setup

    numbers = setup.revoke(station, reason)
    if as_json:
        write_json({"revoked": numbers})
    else:
        say(tr("Revoked: {numbers}. Nothing new from there is accepted.",
               numbers=", ".join(map(str, numbers))))  # fmt: skip


@guarded
def stats(as_json: AsJson = False) -> None:
    """Count and time the cases."""
    from xtcli.hub import setup
    from xtcli.station import words

    found = setup.stats()
    if as_json:
        write_json(found)
        return
    for name, value in found.items():
        say(f"{words.stat(name)}{tr(': ')}{'-' if value is None else value}")


def register(app: typer.Typer) -> None:
    """Put these commands into the app."""
    table: list[tuple[str, Any, str, str]] = [
        ("init", init, tr("Make this computer a hub."),
         "xt hub init --name 旗医院 --listen 0.0.0.0:4400 --advertise hub.example.cn:4400"),
        ("serve", serve, tr("Run the hub until it is stopped."), "xt hub serve"),
        ("invite", invite, tr("Make a one-line code that lets one station in, once."),
         "xt hub invite --station 巴音村 --kind post --practitioner 乌兰"),
        ("admit", admit, tr("Answer a join request that came as a file."),
         "xt hub admit join.xt"),
        ("stations", stations, tr("List the stations and who works there."), "xt hub stations"),
        ("revoke", revoke, tr("Accept nothing new from a station and its practitioners."),
         'xt hub revoke 巴音村 --reason "电脑丢失"'),
        ("stats", stats, tr("Numbers: cases, answers, times."), "xt hub stats"),
    ]  # fmt: skip
    add(app, tr("Commands"), table)
