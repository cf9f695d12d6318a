"""Command call: ring, answer or refuse a call about a case."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xtcli.cli.guests import (
    BrowserOption,
    BrowserPlainOption,
    GuestOption,
    page_options,
    run_page_call,
)
from xtcli.cli.output import guarded, interactive, say, seconds, tell, write_json
from xtcli.cli.shared import AsJson, CaseArg, Yes, case_id, confirm_patient, station
from xtcli.errors import ExitCode, NotFound, UsageError
from xtcli.lang import tr

if TYPE_CHECKING:
    from collections.abc import Callable

    from xtcli.station.calls_browser_page import BrowserOptions
    from xtcli.station.calls_guest import GuestOptions
    from xtcli.station.calls_values import CallReport, Hooks, StillView

StillsOption = Annotated[
    str,
    typer.Option(
        "--stills",
        metavar="camera|FILE|FOLDER",
        help=tr("Show pictures where the link has room left."),
    ),
]
ListenOption = Annotated[
    bool, typer.Option("--listen", help=tr("Without a microphone: only hear."))
]


@guarded
def call(
    case: CaseArg,
    accept: Annotated[bool, typer.Option("--accept", help=tr("Take the call that rings."))] = False,
    decline: Annotated[bool, typer.Option("--decline", help=tr("Refuse it."))] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help=tr("It may be kept in the case; both must agree."))
    ] = False,
    no_keep: Annotated[
        bool, typer.Option("--no-keep", help=tr("It is not kept; do not ask."))
    ] = False,
    ptt: Annotated[
        bool, typer.Option("--ptt", help=tr("Push to talk: Enter switches the microphone."))
    ] = False,
    limit: Annotated[
        float, typer.Option("--seconds", metavar="N", help=tr("Hang up after N seconds."))
    ] = 0.0,
    file: Annotated[
        str, typer.Option("--file", metavar="SOUND", help=tr("Say this file, not the microphone."))
    ] = "",
    out: Annotated[
        str, typer.Option("--out", metavar="WAV", help=tr("Write what is heard to this file."))
    ] = "",
    device: Annotated[
        str, typer.Option("--device", metavar="NAME|N", help=tr("Which sound device; see devices."))
    ] = "",
    stills: StillsOption = "",
    listen: ListenOption = False,
    browser: BrowserOption = "",
    browser_plain: BrowserPlainOption = "",
    guest: GuestOption = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Call about a case."""
    from xtcli.cli.sound import device_of
    from xtcli.station.calls_values import CallOptions

    if keep and no_keep:
        raise UsageError("Kept or not kept?", "Give --keep or --no-keep.")
    page = page_options(
        browser, browser_plain, guest, as_json=as_json, accept=accept,
        sound=bool(file or out or device),
    )  # fmt: skip
    with station() as here:
        number = case_id(case)
        if decline:
            _decline(here, case, as_json)
            return
        confirm_patient(here.identifiers(number), yes or as_json)
        asked = not (keep or no_keep or as_json) and interactive()
        if asked and not accept:
            keep = typer.confirm(tr("May this call be kept in the case?"), default=False)
        options = CallOptions(
            number, accept=accept, keep=keep, ptt=ptt, seconds=limit,
            file=Path(file) if file else None, out=Path(out) if out else None,
            device=device_of(device), stills=stills, listen=listen,
        )  # fmt: skip
        report = _run(here, options, _hooks(asked=asked, ptt=ptt, as_json=as_json), page)
        _say(report, as_json)
        raise SystemExit(int(ExitCode.OK if report.answered else ExitCode.FAILED))


def _decline(here: Any, case: str, as_json: bool) -> None:
    from xtcli.station.calls import decline_call

    if not decline_call(here):
        raise NotFound("No call about case {case} is waiting.", "Call yourself: xt call {case}",
                       case=case)  # fmt: skip
    if as_json:
        write_json({"case": case, "declined": True})


def _run(
    here: Any, options: Any, hooks: Hooks, page: BrowserOptions | GuestOptions | None
) -> CallReport:
    """The call; Ctrl-C hangs up first and only then ends the program."""
    import signal

    pressed = 0

    def stopped(number: int, frame: object) -> None:
        nonlocal pressed
        pressed += 1
        if pressed > 1:
            raise KeyboardInterrupt

    hooks.stop = lambda: pressed > 0
    before = [(name, signal.signal(name, stopped)) for name in (signal.SIGINT, signal.SIGTERM)]
    try:
        if page is not None:
            return run_page_call(here, options, hooks, page)
        from xtcli.station.calls import run_call

        return run_call(here, options, hooks)
    finally:
        for name, handler in before:
            signal.signal(name, handler)


def _hooks(*, asked: bool, ptt: bool, as_json: bool) -> Hooks:
    """Sentences on stderr, questions on a terminal, the Enter key for push-to-talk."""
    from xtcli.station.calls_values import Hooks

    def show(text: str, event: object) -> None:
        tell(text)

    def agree(question: str) -> bool:
        return asked and bool(typer.confirm(question, default=False))

    if ptt and not as_json and sys.stdin.isatty():
        tell(tr("Enter: speak, Enter again: listen. Ctrl-C hangs up."))
    elif not as_json:
        tell(tr("Ctrl-C hangs up."))

    def still(seen: StillView) -> None:
        from xtcli.cli.sound_still import show_still

        show_still(seen)

    return Hooks(show=show, agree=agree, pressed=_key() if ptt else lambda: None, still=still)


def _key() -> Callable[[], bool]:
    """Enter switches between speaking and listening."""
    from xtcli.station.calls_meter import enter_pressed

    down = False

    def pressed() -> bool:
        nonlocal down
        if enter_pressed():
            down = not down
            tell(tr("You are speaking.") if down else tr("You are listening."))
        return down

    return pressed


def _say(report: CallReport, as_json: bool) -> None:
    """How it went."""
    if as_json:
        write_json(report)
        return
    if not report.answered:
        return
    from xtcli.media.call.words import summary_words

    if report.summary is not None:
        say(summary_words(report.summary))
    if report.notes:
        say(tr("What was not heard ({time}) goes into the case as a voice note.",
               time=seconds(report.note_seconds)))  # fmt: skip
    if report.stills_sent or report.stills_received:
        say(tr("Pictures: {sent} shown there, {received} seen here.", sent=report.stills_sent,
               received=report.stills_received))  # fmt: skip
    if report.recordings:
        say(tr("The call is kept in the case."))
    say(tr("{case}: saved as {record}", case=str(report.case), record=str(report.record)))


def register(app: typer.Typer) -> None:
    """Put this command into the app."""
    app.command(
        "call",
        help=tr("Call the other side of a case: the post, or the specialist who is on it."),
        epilog=tr("Example:") + " xt call 12-1",
        rich_help_panel=tr("Sound"),
    )(call)
