"""`scripts/badlink`: run real programs over a bad link.

As root it joins two network namespaces and runs a command in each; without root it relays UDP.
It knows no protocol above IP.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

from xtcli.errors import UsageError
from xtcli.lang import tr
from xtcli.transport.emulator.__main__ import serve
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.options import (
    ToolParser,
    add_link_options,
    chosen_link,
    guarded,
    link_help,
)
from xtcli.transport.emulator.relay import parse_address, road_stats
from xtcli.transport.emulator.tun import HUB_ADDRESS, POST_ADDRESS, JoinedHosts

ANY = "127.0.0.1:0"

EXAMPLES = f"""\
  sudo scripts/badlink --link satphone -- ping -c 5 {HUB_ADDRESS}
  sudo scripts/badlink --link gprs --hub-command 'python3 -m http.server 8000' \\
       -- curl -o page.html http://{HUB_ADDRESS}:8000/
  sudo scripts/badlink --link edge --loss 0.2 --burst 4 --outage 10/60 -- bash
  sudo scripts/badlink --trace recordings/drive --hub-command 'iperf3 -s' \\
       -- iperf3 -c {HUB_ADDRESS}
  scripts/badlink --link awful --seed 7 --listen 127.0.0.1:5500 --to 127.0.0.1:4400
"""


def description() -> str:
    """What the tool does."""
    return "\n\n".join((
        tr("Run real programs over a bad link."),
        tr(
            "As root: makes two network namespaces, the post's ({post}) and the hub's ({hub}),\n"
            "joins them through the link, runs COMMAND at the post and --hub-command at the hub,"
            " and removes\neverything when COMMAND ends. All of IP goes through: TCP, UDP, ping."
            " The commands find the\naddresses in BADLINK_POST and BADLINK_HUB. COMMAND's exit"
            " code is returned; the counters of the\nlink go to stderr.",
            post=POST_ADDRESS, hub=HUB_ADDRESS,
        ),
        tr("Without root: --to relays UDP through the link, from --listen to HOST:PORT."),
    ))  # fmt: skip


def parser() -> argparse.ArgumentParser:
    """The options of the tool."""
    made = ToolParser(
        prog="scripts/badlink",
        usage="%(prog)s " + tr("[link options] [--hub-command CMD] -- COMMAND [ARG ...]")
        + "\n       %(prog)s " + tr("[link options] [--listen HOST:PORT] --to HOST:PORT"),
        description=description(),
        epilog="\n".join((tr("links:"), link_help(), "", tr("examples:"), EXAMPLES)),
    )  # fmt: skip
    add = made.add_argument
    add("command", nargs="*", metavar="COMMAND", help=tr("runs at the post"))
    add("--hub-command", metavar="CMD", help=tr("runs at the hub, by sh -c; starts first"))
    add("--hub-wait", type=float, default=1.0, metavar="S", help=tr("head start; default 1"))
    add("--listen", metavar="HOST:PORT",
        help=tr("UDP relay: here; default: a free port of 127.0.0.1"))  # fmt: skip
    add("--to", metavar="HOST:PORT", help=tr("UDP relay: to there; needs no root"))
    add("--json", action="store_true", help=tr("counters as JSON"))
    add_link_options(made)
    return made


def main(arguments: Sequence[str]) -> int:
    """Run the tool with these arguments."""
    options = parser().parse_args(arguments)
    choice = chosen_link(options)
    if options.to and not options.command and not options.hub_command:
        listen, target = parse_address(options.listen or ANY), parse_address(options.to)
        asyncio.run(serve(choice, listen, target, options.json, explain=True))
        return 0
    if not options.command or options.to or options.listen:
        raise UsageError(
            "Say what to run over the link.",
            "Either -- COMMAND (as root) or --to HOST:PORT (UDP relay). See --help.",
        )
    if shutil.which(options.command[0]) is None:
        raise UsageError(
            "There is no command {name}.", "Check its name or path.", name=options.command[0]
        )
    road = choice.road()
    status = run_joined(road, options.command, options.hub_command, options.hub_wait)
    print(counted(road, options.json), file=sys.stderr)
    return status


def run_joined(
    road: Duplex, command: Sequence[str], hub_command: str | None, hub_wait_s: float
) -> int:
    """Run `command` at the post of two joined hosts; its exit code."""
    # A terminated tool must leave no namespaces behind: turn the signal into an exit.
    before = signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    environment = {**os.environ, "BADLINK_POST": POST_ADDRESS, "BADLINK_HUB": HUB_ADDRESS}
    try:
        with JoinedHosts(road) as hosts:
            hub: subprocess.Popen[bytes] | None = None
            if hub_command:
                hub = hosts.hub.start(["sh", "-c", hub_command], env=environment)
                time.sleep(hub_wait_s)
                _still_running(hub, hub_command)
            # Not in a `with`: that would wait for the command when the tool is told to stop.
            status = _wait(hosts.post.start(command, env=environment))
        if hub is not None:
            hub.wait()
        return status
    finally:
        signal.signal(signal.SIGTERM, before)


def _wait(post: subprocess.Popen[bytes]) -> int:
    """The exit code of a command; Ctrl-C is the command's to handle, it gets it too."""
    while True:
        try:
            status = post.wait()
            return status if status >= 0 else 128 - status
        except KeyboardInterrupt:
            continue


def _still_running(hub: subprocess.Popen[bytes], command: str) -> None:
    """UsageError if the hub's command has failed already."""
    if hub.poll():
        raise UsageError(
            "The hub's command ended at once with exit code {status}: {command}",
            "Try it alone first.",
            status=hub.returncode,
            command=command,
        )


def counted(road: Duplex, as_json: bool) -> str:
    """What went over the link, as JSON or as a line for people."""
    up, down = road.up.counters, road.down.counters
    if as_json:
        return json.dumps({"link": road.profile.name, **road_stats(road)})
    return tr(
        "{link}: {up} B in {up_packets} packets up ({up_lost} lost, {up_full} overflowed), {down} B"
        " in {down_packets} down ({down_lost} lost, {down_full} overflowed)",
        link=road.profile.name, up=up.bytes_offered, up_packets=up.packets_offered,
        up_lost=up.packets_lost + up.packets_cut, up_full=up.packets_overflowed,
        down=down.bytes_offered, down_packets=down.packets_offered,
        down_lost=down.packets_lost + down.packets_cut, down_full=down.packets_overflowed,
    )  # fmt: skip


if __name__ == "__main__":
    sys.exit(guarded(main))
