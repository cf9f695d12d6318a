"""`python -m xtcli.transport.emulator`: the UDP relay as a program.

Prints where it listens, then serves until it is told to stop; then prints its counters. SIGUSR1
prints them at once, SIGUSR2 gives every client a new source port (a new SIM).
"""

from __future__ import annotations

import argparse
import asyncio
import json
import signal
import sys
from collections.abc import Sequence

from xtcli.lang import tr
from xtcli.transport.emulator.options import (
    LinkChoice,
    ToolParser,
    add_link_options,
    chosen_link,
    guarded,
    link_help,
    say_line,
)
from xtcli.transport.emulator.relay import (
    Address,
    Relay,
    header_bytes,
    parse_address,
    show_address,
)


def parser() -> argparse.ArgumentParser:
    """The options of the relay."""
    sample = (
        "  python -m xtcli.transport.emulator --link satphone --listen 127.0.0.1:0"
        " --to 127.0.0.1:4400"
    )
    made = ToolParser(
        prog="python -m xtcli.transport.emulator",
        description=tr("A UDP relay that behaves like a bad link."),
        epilog="\n".join((tr("links:"), link_help(), "", tr("example:"), sample)),
    )
    add_link_options(made)
    add = made.add_argument
    add("--listen", default="127.0.0.1:0", metavar="HOST:PORT", help=tr("default: a free port"))
    add("--to", required=True, metavar="HOST:PORT", help=tr("where the hub listens"))
    add("--json", action="store_true", help=tr("one JSON object a line"))
    return made


async def serve(
    choice: LinkChoice, listen: Address, target: Address, as_json: bool, *, explain: bool = False
) -> None:
    """Relay until SIGINT or SIGTERM. `explain`: tell a person on stderr what to do with it."""
    overhead = header_bytes(target)
    relay = Relay(listen, target, lambda number: choice.road(number, overhead))
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def show() -> None:
        named = {"event": "stats", "link": choice.profile.name, "seed": choice.seed}
        say_line(_shown({**named, **relay.stats()}, as_json))

    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGUSR1, show)
    loop.add_signal_handler(signal.SIGUSR2, relay.rebind)
    host, port = relay.address
    started = {"event": "listening", "host": host, "port": port}
    say_line(json.dumps(started) if as_json else show_address(relay.address))
    if explain and not as_json:
        text = tr(
            "The post's way to {target} goes over this link now: give it {listen} as the hub's"
            " address. Ctrl-C ends it.", target=show_address(target),
            listen=show_address(relay.address),
        )  # fmt: skip
        print(text, file=sys.stderr, flush=True)
    try:
        await stop.wait()
        show()
    finally:
        relay.close()


def _shown(stats: dict[str, object], as_json: bool) -> str:
    """The counters as a line of JSON or as a line for people."""
    if as_json:
        return json.dumps(stats)
    return tr(
        "{link} seed {seed}, {seconds} s: {up} B in {up_count} datagrams up, {down} B in"
        " {down_count} down",
        link=stats["link"], seed=stats["seed"], seconds=stats["seconds"], up=stats["bytes_up"],
        up_count=stats["datagrams_up"], down=stats["bytes_down"],
        down_count=stats["datagrams_down"],
    )  # fmt: skip


def main(arguments: Sequence[str]) -> int:
    """Run the relay with these arguments."""
    options = parser().parse_args(arguments)
    listen, target = parse_address(options.listen), parse_address(options.to)
    asyncio.run(serve(chosen_link(options), listen, target, options.json))
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
