"""How people choose a link: the options shared by the UDP relay and `badlink`.

It reads recordings from disk; what they mean is `capacity`'s business.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from xtcli.errors import UsageError, XtError
from xtcli.lang import tr
from xtcli.lang.system import because
from xtcli.transport.emulator.capacity import Capacity, parse_mahimahi, parse_rates
from xtcli.transport.emulator.core import Duplex
from xtcli.transport.emulator.profiles import PROFILES, Outages, Profile, profile

INTERRUPTED = 130
"""Exit code of a program stopped by Ctrl-C."""
SEED_STRIDE = 1_000_003
"""Seeds of a choice's roads lie this far apart, so that neighbouring seeds share none."""


def link_help() -> str:
    """A line for each named link."""
    return "\n".join(f"  {one.name:<9} {_described(one)}" for one in PROFILES.values())


def _described(link: Profile) -> str:
    """What a link is like."""
    if link.rate_up_bps is None or link.rate_down_bps is None:
        rates = tr("unlimited")
    else:
        up, down = f"{link.rate_up_bps / 1e3:g}k", f"{link.rate_down_bps / 1e3:g}k"
        rates = tr("{up} up, {down} bit/s down", up=up, down=down)
    words = [rates, tr("{delay}±{jitter} ms one way", delay=f"{link.delay_s * 1e3:g}",
                       jitter=f"{link.jitter_s * 1e3:g}")]  # fmt: skip
    if link.loss:
        words.append(tr("{loss} loss in bursts of {burst}", loss=f"{link.loss:.0%}",
                        burst=f"{link.burst_mean:g}"))  # fmt: skip
    else:
        words.append(tr("{loss} loss", loss="0%"))
    if link.outages:
        words.append(tr("down 60 s in every 90"))
    return tr(", ").join(words)


@dataclass(frozen=True, slots=True)
class LinkChoice:
    """What was chosen: a profile, a seed, and recordings in place of its rates if any."""

    profile: Profile
    seed: int = 0
    capacity_up: Capacity | None = None
    capacity_down: Capacity | None = None

    def road(self, number: int = 0, overhead: int = 0) -> Duplex:
        """Road `number` of this choice: same link, chance of its own, fresh at second 0."""
        return Duplex(
            self.profile,
            self.seed + number * SEED_STRIDE,
            overhead=overhead,
            capacity_up=copy(self.capacity_up),
            capacity_down=copy(self.capacity_down),
        )


class _Page(argparse.RawDescriptionHelpFormatter):
    """Help as it is written, in the language in force."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """The usage, after our word for it."""
        super().add_usage(usage, actions, groups, tr("Usage: ") if prefix is None else prefix)


class ToolParser(argparse.ArgumentParser):
    """A parser whose help and complaints are ours: both languages, one sentence, one next step, one
    exit code."""

    def __init__(self, **options: Any) -> None:
        """As argparse's, without abbreviations of its own."""
        super().__init__(formatter_class=_Page, add_help=False, **options)
        self._positionals.title, self._optionals.title = tr("arguments"), tr("options")
        self.add_argument("-h", "--help", action="help", help=tr("show this help and leave"))

    def error(self, message: str) -> NoReturn:
        """What argparse found wrong, in our words where there are any."""
        name, _, rest = message.removeprefix("argument ").partition(": ")
        name = name.split("/")[-1]
        if rest.startswith("expected "):
            raise UsageError("{name} needs a value.", "See --help.", name=name)
        if rest.startswith("invalid ") and " value: " in rest:
            value = rest.partition(" value: ")[2].strip("'")
            raise UsageError("{name} must be a number; {value} is none.", "Correct the number.",
                             name=name, value=value)  # fmt: skip
        if message.startswith("ambiguous option: ") and " could match " in message:
            name, _, known = rest.partition(" could match ")
            raise UsageError("{name} may mean several options: {known}.", "Write it out.",
                             name=name, known=known)  # fmt: skip
        if message.startswith("unrecognized arguments: "):
            name = rest.split()[0] if rest.split() else rest
            raise UsageError("There is no option {name}.", "See --help.", name=name)
        if message.startswith("the following arguments are required: "):
            raise UsageError("{name} is missing.", "See --help.", name=rest)
        raise UsageError("These options cannot be used: {why}.", "See --help.", why=message)


def add_link_options(parser: argparse.ArgumentParser) -> None:
    """Add --link, --seed and what may differ from the named profile."""
    link = parser.add_argument_group(tr("link"))
    add = link.add_argument
    add("--link", default="gprs", metavar="NAME", help=tr("profile; default gprs"))
    add("--seed", type=int, default=0, help=tr("same seed, same losses; default 0"))
    add("--rate-up", type=float, metavar="BIT/S", help=tr("post to hub"))
    add("--rate-down", type=float, metavar="BIT/S", help=tr("hub to post"))
    add("--delay", type=float, metavar="S", help=tr("one way"))
    add("--jitter", type=float, metavar="S", help=tr("delay is uniform in ± this"))
    add("--loss", type=float, metavar="P", help=tr("share of packets lost, 0 to 1"))
    add("--burst", type=float, metavar="N", help=tr("mean packets lost in a row"))
    add("--queue", type=float, metavar="S", help=tr("seconds of the rate in the queue"))
    add("--outage", metavar="DOWN/PERIOD", help=tr("dead DOWN seconds in every PERIOD"))
    add("--trace", metavar="FILE",
        help=tr("play a recording: a CSV, or a mahimahi pair FILE.up and FILE.down"))  # fmt: skip
    add("--trace-start", type=float, default=0.0, metavar="S", help=tr("skip S seconds"))


def chosen_link(options: argparse.Namespace) -> LinkChoice:
    """What `add_link_options` gathered; UsageError if it cannot be."""
    link = profile(options.link)
    _must_be_possible(options)
    given: dict[str, Any] = {
        field: value
        for field, value in (
            ("rate_up_bps", options.rate_up),
            ("rate_down_bps", options.rate_down),
            ("delay_s", options.delay),
            ("jitter_s", options.jitter),
            ("loss", options.loss),
            ("burst_mean", options.burst),
            ("queue_s", options.queue),
            ("outages", parse_outage(options.outage) if options.outage else None),
        )
        if value is not None
    }
    up, down = load_trace(options.trace, options.trace_start) if options.trace else (None, None)
    choice = LinkChoice(replace(link, **given), options.seed, up, down)
    loss, burst = choice.profile.loss, choice.profile.burst_mean
    if loss > burst * (1 - loss):
        least = f"{loss / (1 - loss):.3g}"
        raise UsageError(
            "With so much loss at least {least} packets are lost in a row.",
            "Give --burst {least} or more.", least=least,
        )  # fmt: skip
    try:
        choice.road()
    except ValueError as error:
        raise UsageError(
            "There can be no such link: {why}.", "Correct the number.", why=str(error)
        ) from error
    return choice


def _must_be_possible(options: argparse.Namespace) -> None:
    """UsageError at the first number that no link can have."""
    for name in ("rate_up", "rate_down"):
        _must(options, name, lambda value: value > 0, "{option} must be above 0.")
    for name in ("delay", "jitter", "trace_start"):
        _must(options, name, lambda value: 0 <= value < math.inf, "{option} must be 0 or more.")
    _must(options, "queue", lambda value: 0 < value < math.inf, "{option} must be above 0.")
    _must(options, "loss", lambda value: 0 <= value < 1, "{option} must be 0 to below 1.")
    _must(options, "burst", lambda value: 1 <= value < math.inf, "{option} must be 1 or more.")
    if options.trace_start and not options.trace:
        raise UsageError("--trace-start says where a recording begins, and there is none.",
                         "Give --trace FILE too.")  # fmt: skip


def _must(
    options: argparse.Namespace, name: str, holds: Callable[[float], bool], sentence: str
) -> None:
    """UsageError with `sentence` if a number was given for which `holds` is false."""
    value = getattr(options, name)
    if value is not None and not holds(value):
        option = "--" + name.replace("_", "-")
        raise UsageError(sentence, "Correct the number.", option=option)


def parse_outage(text: str) -> Outages:
    """`DOWN/PERIOD` seconds: up first for half of the time that is left, then down."""
    try:
        down_s, period_s = (float(part) for part in text.split("/"))
        if not 0 < down_s < period_s < math.inf:
            raise ValueError(text)
        first_s = (period_s - down_s) / 2
        return Outages(((first_s, first_s + down_s),), period_s)
    except ValueError as error:
        raise UsageError(
            "{text} is not an outage.",
            "Write DOWN/PERIOD in seconds, for example 60/90.",
            text=text,
        ) from error


def load_trace(name: str, start_s: float = 0.0) -> tuple[Capacity, Capacity]:
    """Up and down capacity from a CSV, or from the mahimahi pair NAME.up and NAME.down."""
    if name.endswith(".csv"):
        text = _read(Path(name))
        return parse_rates(text, "upload_mbps", start_s), parse_rates(
            text, "download_mbps", start_s
        )
    base = name.removesuffix(".up").removesuffix(".down")
    return (
        parse_mahimahi(_read(Path(base + ".up")), start_s),
        parse_mahimahi(_read(Path(base + ".down")), start_s),
    )


def _read(path: Path) -> str:
    """The text of a recording; UsageError if there is none."""
    try:
        return path.read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise UsageError(
            "The recording {path} cannot be read: {why}.",
            "Give a CSV, or the common name of a mahimahi pair NAME.up and NAME.down.",
            path=str(path),
            why=because(error) if isinstance(error, OSError) else tr("not text"),
        ) from error


def guarded(run: Callable[[Sequence[str]], int], arguments: Sequence[str] | None = None) -> int:
    """Run a tool: an XtError becomes two lines on stderr and its exit code, with --json a document
    there; Ctrl-C is no fault."""
    words = sys.argv[1:] if arguments is None else arguments
    try:
        return run(words)
    except XtError as error:
        # What stands after `--` is the command's.
        ours = words[: words.index("--")] if "--" in words else words
        print(_failure(error) if "--json" in ours else f"{error}\n{error.advice}".rstrip(),
              file=sys.stderr)  # fmt: skip
        return int(error.exit_code)
    except KeyboardInterrupt:
        return INTERRUPTED


def _failure(error: XtError) -> str:
    """As `xt` says it with --json."""
    return json.dumps({"error": {
        "message": str(error), "hint": error.advice, "code": int(error.exit_code),
        "kind": type(error).__name__,
    }}, ensure_ascii=False)  # fmt: skip


def say_line(text: str) -> None:
    """Print a line; when its reader has gone, it and all later ones go nowhere."""
    try:
        print(text, flush=True)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
