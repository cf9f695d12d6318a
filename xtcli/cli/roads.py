"""Commands about roads besides the UDP link, and about what waits to travel."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xtcli.cli.command import App, add
from xtcli.cli.output import guarded, say, say_stopped, seconds, size, tell, write_json
from xtcli.cli.shared import AsJson, must_be_seconds, station
from xtcli.errors import ExitCode
from xtcli.lang import tr

if TYPE_CHECKING:
    from xtcli.station.roads_list import RoadRow
    from xtcli.station.roads_probe import LinkTest
    from xtcli.station.roads_transfers import Transfer

CASES_SHOWN = 4
CLEAR_LINE = "\r\x1b[K"
ROAD_HELP = "udp, https, serial:DEVICE[@BAUD], folder:PATH, sms:COMMAND."


def sync_via(via: str, timeout: float, watch: bool, as_json: bool) -> None:
    """`xt sync --via ROAD`: exchange over another road and leave with its exit code."""
    from xtcli.cli.links import say_sync, sync_bar, watcher
    from xtcli.hub import roads
    from xtcli.station.roads import RoadName
    from xtcli.station.syncing_other import SyncReport

    here = roads.open_here()
    seen = sys.stderr.isatty() and not as_json and not watch
    bar = sync_bar() if seen and RoadName.parse(via).carries_link else None
    try:
        show = watcher(as_json) if watch else None
        report = roads.sync_via(here, via, timeout, watch, show, bar, _step if seen else None)
    finally:
        if bar is not None:
            bar.clear()
        elif seen:
            sys.stderr.write(CLEAR_LINE)
        here.close()
    if isinstance(report, SyncReport):
        say_sync(report, as_json)
    else:
        say_road(report, as_json)
    raise SystemExit(int(report.exit_code))


def _step(report: Any) -> None:
    """On a terminal: how far an exchange without a link has come, on one line."""
    if hasattr(report, "messages_sent"):
        text = tr("{sent} messages sent, {got} received.", sent=report.messages_sent,
                  got=report.messages_received)  # fmt: skip
    else:
        text = tr("{put} bundles written, {taken} taken, {refused} refused.", put=report.put,
                  taken=report.taken, refused=report.refused)  # fmt: skip
    sys.stderr.write(CLEAR_LINE + text)
    sys.stderr.flush()


def say_road(report: Any, as_json: bool) -> None:
    """What was put on, and taken from, a road without a link."""
    if as_json:
        write_json(report)
        return
    if report.exit_code is ExitCode.STOPPED:
        say_stopped()
    say(tr("{put} bundles written, {taken} taken, {refused} refused.",
           put=report.put, taken=report.taken, refused=report.refused))  # fmt: skip
    for reason in report.reasons:
        tell(reason)
    if len(report.reasons) < report.refused and not hasattr(report, "messages_sent"):
        tell(tr("{count} files were refused in all.", count=report.refused))
    if hasattr(report, "messages_sent"):
        say(tr("{sent} messages sent, {got} received.", sent=report.messages_sent,
               got=report.messages_received))  # fmt: skip
        if report.failed:
            tell(tr("{count} messages were not taken by the network; others go instead.",
                    count=report.failed))  # fmt: skip
        if report.left:
            tell(tr("{count} bundles are too long for short messages and wait for another road.",
                    count=report.left))  # fmt: skip
    elif report.left:
        tell(tr("{count} bundles did not fit; free some space or take another stick.",
                count=report.left))  # fmt: skip
    if report.waiting_records or report.waiting_blobs:
        say(tr("Waiting for receipts: {records} records, {blobs} attachments.",
               records=report.waiting_records, blobs=report.waiting_blobs))  # fmt: skip


@guarded
def transfers(
    wait: Annotated[str, typer.Argument(metavar="TIME", help=tr("How long: 30m, 2h, 1d."))] = "",
    postpone: Annotated[
        str | None, typer.Option(metavar="TAG", help=tr("Send nothing of this transfer for TIME."))
    ] = None,
    cancel: Annotated[
        str | None, typer.Option(metavar="TAG", help=tr("Do not send this transfer."))
    ] = None,
    resume: Annotated[
        str | None, typer.Option(metavar="TAG", help=tr("Send it after all, when its turn comes."))
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what waits to travel; postpone, cancel or resume one."""
    from xtcli.errors import UsageError
    from xtcli.station.roads_transfers import Transfers

    # An empty TAG, as of an unset variable in a script, is a wrong TAG and not none.
    given = [one for one in (postpone, cancel, resume) if one is not None]
    if len(given) > 1 or bool(wait) != (postpone is not None):
        raise UsageError(
            "Say one thing to do.", "Such as: xt transfers --postpone TAG 2h, or --cancel TAG."
        )
    with station() as here:
        found = Transfers(here)
        try:
            changed = _change(found, postpone, wait, cancel, resume)
            rows = [changed] if changed else found.waiting()
        finally:
            found.close()
    if as_json:
        write_json({"transfers": rows})
    else:
        _show_transfers(rows)
        if changed:
            _tell_change(changed)


def _change(
    found: Any, postpone: str | None, wait: str, cancel: str | None, resume: str | None
) -> Transfer | None:
    """Do what was asked for; the transfer as it is now."""
    changed: Transfer | None = None
    if postpone is not None:
        changed = found.postpone(postpone, wait)
    elif cancel is not None:
        changed = found.cancel(cancel)
    elif resume is not None:
        changed = found.resume(resume)
    return changed


def _show_transfers(rows: list[Transfer]) -> None:
    from xtcli.cli.tables import show_table
    from xtcli.station import words

    if not rows:
        say(tr("Nothing waits to be sent."))
        return
    titles = (tr("tag"), tr("to"), tr("priority"), tr("size"), tr("arrived"),
              tr("state"), tr("there after"), tr("what"), tr("case"))  # fmt: skip
    show_table(titles, [
        (row.tag, row.to_name, words.priority(row.priority), size(row.size),
         size(row.arrived) if row.arrived else "", _transfer_state(row),
         seconds(row.seconds) if row.seconds is not None else "", words.carried(row.what),
         _cases(row))
        for row in rows
    ])  # fmt: skip


def _cases(row: Transfer) -> str:
    """Which cases it is about; a bundle for a desk may be about dozens."""
    shown, more = ", ".join(row.cases[:CASES_SHOWN]), len(row.cases) - CASES_SHOWN
    return tr("{cases} and {count} more", cases=shown, count=more) if more > 0 else shown


def _transfer_state(row: Transfer) -> str:
    """How far it is, and until when it was put off."""
    from xtcli.station import shell, views, words

    if row.postponed_until is not None:
        return tr("postponed until {time}", time=views.clock(row.postponed_until, shell.now()))
    return words.transfer(row.state)


def _tell_change(row: Transfer) -> None:
    """What that means, without making it look better than it is."""
    if row.state == "cancelled":
        say(tr("Not sent on any road. It stays saved here; the other side does not know of it."))
        say(tr("To send it after all: xt transfers --resume {tag}", tag=row.tag))
    elif row.state == "postponed":
        say(tr("Nothing of it is sent until then; what has arrived stays there."))


@guarded
def link_test(
    via: Annotated[str, typer.Option(metavar="ROAD", help=tr("udp, https or serial:DEVICE."))] = "",
    payload: Annotated[int, typer.Option("--bytes", help=tr("Size of the payload."))] = 3000,
    timeout: Annotated[
        float, typer.Option(metavar="S", help=tr("Give up after S seconds."))
    ] = 60.0,
    as_json: AsJson = False,
) -> None:
    """Test the link: round trip, rate, loss."""
    must_be_seconds(timeout, "--timeout")
    from xtcli.station.roads import RoadName
    from xtcli.station.roads_list import link_road, usual_road
    from xtcli.station.roads_probe import probe_link

    with station() as here:
        name = RoadName.parse(via) if via else usual_road(here.home, here.settings)
        road = link_road(here.home, here.settings, here.entropy, name)
        found = replace(probe_link(here, timeout, payload, road), road=name.text)
    if as_json:
        write_json(found)
    else:
        _show_test(found)
    if found.exit_code is ExitCode.LINK_DOWN:
        tell(tr("The hub did not answer. Check the network, or try another road: xt link list"))
    raise SystemExit(int(found.exit_code))


def _show_test(found: LinkTest) -> None:
    say(tr("{road}: {answered} of {asked} questions answered", road=found.road, asked=found.asked,
           answered=found.answered))  # fmt: skip
    if found.rtt_s is not None and found.rtt_min_s is not None:
        say("  " + tr("round trip {rtt}, at best {least}", rtt=seconds(found.rtt_s),
                      least=seconds(found.rtt_min_s)))  # fmt: skip
    if found.payload_seconds is not None:
        say("  " + tr("{size} there and confirmed after {time}", size=size(found.payload_bytes),
                      time=seconds(found.payload_seconds)))  # fmt: skip
    if found.rate_bps:
        say("  " + tr("{rate} kbit/s upwards, loss {loss} %", rate=f"{found.rate_bps / 1000:.1f}",
                      loss=f"{(found.loss or 0) * 100:.0f}"))  # fmt: skip
    say("  " + tr("the test cost {up} up, {down} down", up=size(found.bytes_sent),
                  down=size(found.bytes_received)))  # fmt: skip
    if found.waiting_records or found.waiting_blobs:
        text = tr("Waiting: {records} records, {blobs} attachments, {bytes}",
                  records=found.waiting_records, blobs=found.waiting_blobs,
                  bytes=size(found.waiting_bytes))  # fmt: skip
        if found.waiting_seconds is not None:
            text += tr(", about {time} to send", time=seconds(found.waiting_seconds))
        say(text)
    else:
        say(tr("Nothing waits to be sent."))


@guarded
def link_list(as_json: AsJson = False) -> None:
    """List the roads of this station."""
    with station() as here:
        _show_roads(here, as_json)


@guarded
def link_add(
    road: Annotated[str, typer.Argument(metavar="ROAD", help=tr(ROAD_HELP))],
    as_json: AsJson = False,
) -> None:
    """Add a road."""
    from xtcli.station.roads_list import add_road

    with station() as here:
        add_road(here.home, here.settings, road)
        _show_roads(here, as_json)


@guarded
def link_remove(
    road: Annotated[str, typer.Argument(metavar="ROAD", help=tr("As xt link list shows it."))],
    as_json: AsJson = False,
) -> None:
    """Take a road away."""
    from xtcli.station.roads_list import remove_road

    with station() as here:
        remove_road(here.home, here.settings, road)
        _show_roads(here, as_json)


def _show_roads(here: Any, as_json: bool) -> None:
    """Every road, in the order in which they are tried."""
    from xtcli.cli.tables import show_table
    from xtcli.station.roads_list import rows

    found = rows(here.home, here.settings, here.link_view().road)
    if as_json:
        write_json({"roads": found})
        return
    now, syncing = here.clock(), here.syncing()
    titles = tr("road"), tr("now"), tr("last contact"), tr("bytes sent"), tr("bytes received")
    show_table(titles, [
        (row.road,
         _road_now(row, syncing),
         seconds(max(0.0, now - row.last_contact)) if row.last_contact else "",
         size(row.bytes_sent), size(row.bytes_received))
        for row in found
    ])  # fmt: skip


def _road_now(row: RoadRow, syncing: bool) -> str:
    """What a road is doing, in a word."""
    if row.carries:
        return tr("carries") if syncing else tr("used last")
    return tr("ready") if row.ready else tr("not there")


def register(app: typer.Typer) -> None:
    """Put these commands into the app."""
    link_app = App(no_args_is_help=True, help=tr("The roads to the hub: list, add, remove, test."),
                   subcommand_metavar="COMMAND", options_metavar="")  # fmt: skip
    panel = tr("This station")
    add(app, panel, [
        ("transfers", transfers, tr("What waits to travel; postpone or cancel it."),
         "xt transfers --postpone 3fa1 2h"),
    ])  # fmt: skip
    add(link_app, panel, [
        ("test", link_test, tr("Measure round trip, rate and loss with a few questions."),
         "xt link test --bytes 3000"),
        ("list", link_list, tr("The roads of this station, in the order they are tried."),
         "xt link list"),
        ("add", link_add, tr("Add a road that xt sync uses by itself."),
         "xt link add folder:/media/stick"),
        ("remove", link_remove, tr("Take a road away."),
         "xt link remove folder:/media/stick"),
    ])  # fmt: skip
    app.add_typer(link_app, name="link", rich_help_panel=panel)
