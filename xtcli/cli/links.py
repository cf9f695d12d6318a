"""Commands about the link: sync."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xtcli.cli.output import guarded, say, say_stopped, size, tell, write_json
from xtcli.cli.shared import AsJson, must_be_seconds, station
from xtcli.errors import ExitCode
from xtcli.lang import tr

if TYPE_CHECKING:
    from xtcli.cli.sync_bar import SyncBar
    from xtcli.station.happenings import Happening
    from xtcli.station.roads_auto import RoadChange
    from xtcli.station.syncing_other import SyncReport


@guarded
def sync(
    timeout: Annotated[float, typer.Option(metavar="S", help=tr("Give up after S seconds."))] = 0.0,
    watch: Annotated[
        bool, typer.Option("--watch", help=tr("Stay connected and print what arrives."))
    ] = False,
    via: Annotated[
        str, typer.Option(metavar="ROAD", help=tr("This road only: folder:/media/stick."))
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Send and fetch."""
    must_be_seconds(timeout, "--timeout")
    if via:
        from xtcli.cli.roads import sync_via

        sync_via(via, timeout, watch, as_json)
        return
    with station() as here:
        show = watcher(as_json) if watch else None
        meter = None if as_json or watch or not sys.stderr.isatty() else sync_bar()
        limit = timeout or (0.0 if watch else 120.0)
        changed = road_teller(as_json and watch, meter)
        try:
            report = here.sync(limit, watch=watch, show=show, progress=meter, on_road=changed)
        finally:
            # Also after Ctrl-C: what is said then stands alone.
            if meter is not None:
                meter.clear()
        say_sync(report, as_json)
        raise SystemExit(int(report.exit_code))


def watcher(as_json: bool) -> Any:
    """Prints each happening; rings the bell on a terminal for a new request or alert."""

    def show(happening: Happening) -> None:
        if as_json:
            write_json(happening)
            return
        bell = "\a" if happening.rings and sys.stdout.isatty() else ""
        say(bell + happening.text)

    return show


def sync_bar() -> SyncBar:
    """Made only where it is seen: it loads rich."""
    from xtcli.cli.sync_bar import SyncBar

    return SyncBar()


def road_teller(as_json: bool, bar: SyncBar | None = None) -> Any:
    """Says each change of the road in one sentence."""

    def changed(change: RoadChange) -> None:
        if as_json:
            write_json(change)
        elif bar is not None:
            bar.say(change.text)
        else:
            tell(change.text)

    return changed


def say_sync(report: SyncReport, as_json: bool) -> None:
    """How it ended."""
    if as_json:
        write_json(report)
        return
    if report.exit_code is ExitCode.OK:
        say(tr("All safe: {sent} records confirmed, {got} new ones here. {up} up, {down} down.",
               sent=report.confirmed, got=report.arrived, up=size(report.bytes_sent),
               down=size(report.bytes_received)))  # fmt: skip
    elif report.exit_code is ExitCode.STOPPED:
        say_stopped()
        if report.waiting_records or report.waiting_blobs:
            tell(tr("Waiting for receipts: {records} records, {blobs} attachments.",
                    records=report.waiting_records, blobs=report.waiting_blobs))  # fmt: skip
    elif report.exit_code is ExitCode.LINK_DOWN:
        tell(tr("The hub did not answer. Everything is kept and will be sent next time."))
    elif report.returned:
        tell(tr("The hub refuses {count} records for good; they are kept here. See: xt status",
                count=report.returned))  # fmt: skip
    elif report.rests:
        tell(tr("What still waits was postponed or cancelled: {records} records, {blobs}"
                " attachments. See: xt transfers", records=report.waiting_records,
                blobs=report.waiting_blobs))  # fmt: skip
    else:
        tell(tr("Time is over: {records} records and {blobs} attachments still wait.",
                records=report.waiting_records, blobs=report.waiting_blobs))  # fmt: skip


def register(app: typer.Typer) -> None:
    """Put these commands into the app."""
    app.command(
        "sync",
        help=tr("Send what waits and fetch what is new; stays with --watch."),
        epilog=tr("Example:") + " xt sync --timeout 60",
    )(sync)
