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

from xtcli.transport.emulator.options import (
    LINK_HELP,
    LinkChoice,
    ToolParser,
    add_link_options,
    chosen_link,
    guarded,
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
    made = ToolParser(
        prog="python -m xtcli.transport.emulator",
        description="A UDP relay that behaves like a bad link.",
        epilog=f"links:\n{LINK_HELP}\n\nexample:\n  python -m xtcli.transport.emulator"
        " --link satphone --listen 127.0.0.1:0 --to 127.0.0.1:4400",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_link_options(made)
    made.add_argument(
        "--listen", default="127.0.0.1:0", metavar="HOST:PORT", help="default: a free port"
    )
    made.add_argument("--to", required=True, metavar="HOST:PORT", help="where the hub listens")
    made.add_argument("--json", action="store_true", help="one JSON object a line")
    return made


async def serve(choice: LinkChoice, listen: Address, target: Address, as_json: bool) -> None:
    """Relay until SIGINT or SIGTERM."""
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
    try:
        await stop.wait()
        show()
    finally:
        relay.close()


def _shown(stats: dict[str, object], as_json: bool) -> str:
    """The counters as a line of JSON or as a line for people."""
    if as_json:
        return json.dumps(stats)
    return (
        f"{stats['link']} seed {stats['seed']}, {stats['seconds']} s:"
        f" {stats['bytes_up']} B in {stats['datagrams_up']} datagrams up,"
        f" {stats['bytes_down']} B in {stats['datagrams_down']} down"
    )


def main(arguments: Sequence[str]) -> int:
    """Run the relay with these arguments."""
    options = parser().parse_args(arguments)
    listen, target = parse_address(options.listen), parse_address(options.to)
    asyncio.run(serve(chosen_link(options), listen, target, options.json))
    return 0


if __name__ == "__main__":
    sys.exit(guarded(main))
