"""Commands about roads besides the UDP link, and about what waits to travel."""

from __future__ import annotations

from typing import Any

from xtcli.cli.output import say, tell, write_json
from xtcli.lang import tr


def sync_via(via: str, timeout: float, watch: bool, as_json: bool) -> None:
    """`xt sync --via ROAD`: exchange over another road and leave with its exit code."""
    from xtcli.cli.links import say_sync, watcher
    from xtcli.hub import roads
    from xtcli.station.syncing import SyncReport

    here = roads.open_here()
    try:
        show = watcher(as_json) if watch else None
        report = roads.sync_via(here, via, timeout, watch, show)
    finally:
        here.close()
    if isinstance(report, SyncReport):
        say_sync(report, as_json)
    else:
        say_road(report, as_json)
    raise SystemExit(int(report.exit_code))


def say_road(report: Any, as_json: bool) -> None:
    """What was put on, and taken from, a road without a link."""
    if as_json:
        write_json(report)
        return
    say(tr("{put} bundles written, {taken} taken, {refused} refused.",
           put=report.put, taken=report.taken, refused=report.refused))  # fmt: skip
    for reason in report.reasons:
        tell(reason)
    if hasattr(report, "messages_sent"):
        say(tr("{sent} messages sent, {got} received.", sent=report.messages_sent,
               got=report.messages_received))  # fmt: skip
        if report.left:
            tell(tr("{count} bundles are too long for short messages and wait for another road.",
                    count=report.left))  # fmt: skip
    elif report.left:
        tell(tr("{count} bundles did not fit; free some space or take another stick.",
                count=report.left))  # fmt: skip
    if report.waiting_records or report.waiting_blobs:
        say(tr("Waiting for receipts: {records} records, {blobs} attachments.",
               records=report.waiting_records, blobs=report.waiting_blobs))  # fmt: skip
