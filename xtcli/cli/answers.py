"""Commands of the specialist: queue, open, claim, release, answer, amend, alert."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from xtcli.cli.command import add
from xtcli.cli.output import guarded, interactive, say, tell, write_json
from xtcli.cli.shared import AsJson, Attach, CaseArg, Voice, Yes, ask, case_id, confirm_patient
from xtcli.cli.shared import station as home_station
from xtcli.lang import tr

if TYPE_CHECKING:
    from xtcli.station import Station
    from xtcli.station.forms import AnswerForm

Advice = Annotated[str, typer.Option(help=tr("What to do."))]
Diagnoses = Annotated[
    list[str] | None,
    typer.Option("--diagnosis", metavar="CODE|TEXT", help=tr("A diagnosis; may be given again.")),
]
RxLines = Annotated[
    list[str] | None,
    typer.Option(
        "--rx",
        metavar='"drug; dose; route; frequency; days"',
        help=tr("A prescription line; may be given again."),
    ),
]
Where = Annotated[
    str, typer.Option(metavar="stay|refer", help=tr("Does the patient stay or go up?"))
]
ReferTo = Annotated[str, typer.Option("--refer-to", help=tr("Where the patient is referred to."))]
Expires = Annotated[
    str, typer.Option(metavar="24h|3d|DATE", help=tr("When this advice is no longer valid."))
]


@guarded
def queue(
    dept: Annotated[str, typer.Option(help=tr("Only this department."))] = "",
    as_json: AsJson = False,
) -> None:
    """Show who waits."""
    from xtcli.cli.tables import queue_table

    with home_station() as here:
        rows = here.queue(dept)
        if as_json:
            write_json({"queue": rows})
        else:
            queue_table(rows)


@guarded
def open_command(case: CaseArg, as_json: AsJson = False) -> None:
    """Open a case and show it."""
    from xtcli.cli.tables import case_page

    with home_station() as here:
        written = here.open_case(case_id(case))
        shown = here.case(case_id(case))
        if as_json:
            write_json({"opened": written, "case": here.case_document(shown)})
        else:
            case_page(here, shown)


@guarded
def claim(case: CaseArg, as_json: AsJson = False) -> None:
    """Take a case."""
    with home_station() as here:
        _written(here.claim(case_id(case)), as_json)


@guarded
def release(
    case: CaseArg,
    reason: Annotated[str, typer.Option(help=tr("Why you give it back."))] = "",
    as_json: AsJson = False,
) -> None:
    """Give a case back."""
    with home_station() as here:
        _written(here.release(case_id(case), reason), as_json)


@guarded
def answer(
    case: CaseArg,
    advice: Advice = "",
    diagnosis: Diagnoses = None,
    rx: RxLines = None,
    disposition: Where = "",
    refer_to: ReferTo = "",
    expires: Expires = "",
    attach: Attach = None,
    voice: Voice = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Answer a case."""
    from xtcli.station.forms import AnswerForm

    form = AnswerForm(advice, diagnosis or [], rx or [], disposition, refer_to, expires,
                      attach or [], voice)  # fmt: skip
    with home_station() as here:
        _sign(here, case, form, yes, as_json, amend=False)


@guarded
def amend(
    case: CaseArg,
    reason: Annotated[str, typer.Option(help=tr("Why the answer changes."))] = "",
    advice: Advice = "",
    diagnosis: Diagnoses = None,
    rx: RxLines = None,
    disposition: Where = "",
    refer_to: ReferTo = "",
    expires: Expires = "",
    attach: Attach = None,
    voice: Voice = "",
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Replace your answer by a new version."""
    from xtcli.station.forms import AnswerForm

    form = AnswerForm(advice, diagnosis or [], rx or [], disposition, refer_to, expires,
                      attach or [], voice, reason)  # fmt: skip
    with home_station() as here:
        _sign(here, case, form, yes, as_json, amend=True)


def _sign(
    here: Station, case: str, form: AnswerForm, yes: bool, as_json: bool, *, amend: bool
) -> None:
    """Show whom it is for, ask on a terminal for what is missing, sign, say so."""
    number = case_id(case)
    here.must_be_specialist()
    confirm_patient(here.identifiers(number), yes or as_json)
    if interactive() and not as_json:
        form.advice = form.advice or ask(tr("the advice (--advice)"))
        form.disposition = form.disposition or ask(
            tr("whether the patient stays or is referred (--disposition stay|refer)")
        )
    _written(here.amend(number, form) if amend else here.answer(number, form), as_json)


@guarded
def alert(
    case: CaseArg,
    text: Annotated[str, typer.Argument(help=tr("A remark."))] = "",
    as_json: AsJson = False,
) -> None:
    """Acknowledge a critical alert by name."""
    with home_station() as here:
        _written(here.acknowledge_alert(case_id(case), text), as_json)


def _written(written: Any, as_json: bool) -> None:
    """Say what was signed, and for whom."""
    if as_json:
        write_json(written)
        return
    say(tr("{case}: saved as {record}", case=str(written.case), record=str(written.record)))
    say("  " + tr("Patient: {name}, {second}",
                  name=written.identifiers[0], second=written.identifiers[1]))  # fmt: skip
    for warning in written.warnings:
        tell("  ! " + warning)


def register(app: typer.Typer) -> None:
    """Put these commands into the app."""
    table: list[tuple[str, Any, str, str]] = [
        ("queue", queue, tr("Who waits for an answer, most urgent first."),
         "xt queue --dept 心内科"),
        ("open", open_command, tr("Open a case: shows it, and the post sees that you have it."),
         "xt open 12-1"),
        ("claim", claim, tr("Take a case, so that others see you are on it."), "xt claim 12-1"),
        ("release", release, tr("Give a case back to the queue."), "xt release 12-1"),
        ("answer", answer, tr("Answer a case: advice, diagnosis, prescription, stay or refer."),
         'xt answer 12-1 --advice "休息，监测血压" --diagnosis I10.x00x002'
         ' --rx "氨氯地平; 5mg; po; qd; 7" --disposition stay --expires 24h'),
        ("amend", amend, tr("Replace your answer by a new version; the post is told."),
         'xt amend 12-1 --reason "补充化验" --advice "加用阿司匹林" --disposition stay'),
        ("alert", alert, tr("Acknowledge a critical alert in your name."),
         'xt alert 12-1 "已电话通知"'),
    ]  # fmt: skip
    add(app, tr("Specialist"), table)
