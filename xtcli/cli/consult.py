"""Commands of the village or township doctor: request, note, attach, ask, ack, close, dispense."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from xtcli.cli.command import add
from xtcli.cli.output import guarded, interactive, say, say_stopped, size, tell, write_json
from xtcli.cli.shared import AsJson, Attach, CaseArg, Voice, ask, case_id, must_be_seconds, station
from xtcli.errors import ExitCode, UsageError, XtError
from xtcli.lang import tr

if TYPE_CHECKING:
    from xtcli.station import Station
    from xtcli.station.forms import RequestForm


@guarded
def request(
    patient: Annotated[str, typer.Option(help=tr("The patient's name."))] = "",
    sex: Annotated[str, typer.Option(metavar="m|f", help=tr("The patient's sex."))] = "",
    born: Annotated[str, typer.Option(metavar="YYYY[-MM[-DD]]", help=tr("Date of birth."))] = "",
    national_id: Annotated[str, typer.Option("--id", help=tr("National ID number."))] = "",
    phone: Annotated[str, typer.Option(help=tr("A phone number of the patient."))] = "",
    place: Annotated[str, typer.Option(help=tr("Where the patient lives."))] = "",
    dept: Annotated[str, typer.Option(metavar="D", help=tr("The department asked."))] = "",
    urgency: Annotated[
        str, typer.Option(metavar="routine|urgent|stat", help=tr("How soon an answer is needed."))
    ] = "",
    complaint: Annotated[str, typer.Option(help=tr("Chief complaint."))] = "",
    history: Annotated[str, typer.Option(help=tr("History of the present illness."))] = "",
    exam: Annotated[str, typer.Option(help=tr("What the examination found."))] = "",
    allergy: Annotated[str, typer.Option(help=tr("Allergies; write none if none."))] = "",
    question: Annotated[str, typer.Option(help=tr("What you ask the specialist."))] = "",
    override: Annotated[
        str, typer.Option(help=tr("Emergency only: why the request is incomplete."))
    ] = "",
    vital: Annotated[
        list[str] | None,
        typer.Option("--vital", metavar="bp=165/95", help=tr("A vital sign; may be given again.")),
    ] = None,
    parent: Annotated[
        str, typer.Option("--parent", metavar="CASE", help=tr("The case that this one continues."))
    ] = "",
    attach: Attach = None,
    voice: Voice = "",
    file: Annotated[
        str, typer.Option("--file", metavar="FILE|-", help=tr("YAML or JSON, one or many."))
    ] = "",
    wait: Annotated[
        float,
        typer.Option("--wait", metavar="SECONDS", help=tr("Send now, wait for the receipt.")),
    ] = 0.0,
    as_json: AsJson = False,
) -> None:
    """File a request."""
    must_be_seconds(wait, "--wait")
    from xtcli.station.desk_follow import fill_in
    from xtcli.station.forms import RequestForm

    with station() as here:
        if file:
            _batch(here, file, wait, as_json)
            return
        form = RequestForm(
            patient=patient, sex=sex, born=born, id=national_id, phone=phone, place=place,
            dept=dept, urgency=urgency, complaint=complaint, history=history, exam=exam,
            allergy=allergy, question=question, override=override, voice=voice,
            vital=vital or [], attach=attach or [], parent=parent,
        )  # fmt: skip
        fill_in(here, form)
        if interactive() and not as_json:
            _ask_missing(here, form)
        form.require()
        outcome = _file_one(here, form, as_json)
        _wait(here, [outcome], wait)
        _report(outcome, as_json)
        raise SystemExit(outcome.code)


@dataclass(slots=True)
class Outcome:
    """What became of one document."""

    said: dict[str, Any]
    code: int = int(ExitCode.OK)


def _ask_missing(here: Station, form: RequestForm) -> None:
    """Ask a person for what is missing, again where the answer cannot be used.

    An empty line leaves a field empty; then one error lists all that is missing, as for scripts.
    """
    from xtcli.station.forms import ASKED_FOR

    for name in form.missing():
        while typed := ask(tr(ASKED_FOR[name])):
            try:
                here.check_typed(name, typed)
            except XtError as error:
                tell(f"  {error} {error.advice}")
                continue
            setattr(form, name, typed)
            break


def _file_one(here: Station, form: RequestForm, as_json: bool, *, batch: bool = False) -> Outcome:
    """Save one request and say so."""
    from xtcli.cli.sound import say_costs

    filed = here.file(form, (lambda costs: None) if as_json else say_costs, batch=batch)
    said: dict[str, Any] = {
        "case": str(filed.case), "state": "saved", "patient": list(filed.identifiers),
        "existed": filed.existed, "warnings": list(filed.warnings),
        "near": [{"case": str(near.case), "why": near.why} for near in filed.near],
        "estimate_seconds": filed.estimate_seconds, "estimate_bytes": filed.estimate_bytes,
    }  # fmt: skip
    if not as_json:
        first, second = filed.identifiers
        if filed.existed:
            say(tr("{case} was saved before: {name}, {second}", case=str(filed.case), name=first,
                   second=second))  # fmt: skip
        else:
            say(tr("{case} saved: {name}, {second}", case=str(filed.case), name=first,
                   second=second))  # fmt: skip
        for warning in filed.warnings:
            tell("  ! " + warning)
        for near in filed.near:
            tell("  ! " + tr("Maybe the same patient as in {case}: {why}",
                             case=str(near.case), why=near.why))  # fmt: skip
    return Outcome(said)


def _wait(here: Station, outcomes: list[Outcome], seconds: float) -> None:
    """Send at once if there is time; note what is known when receipts are back or it is over."""
    if not seconds or not outcomes:
        return
    cases = [case_id(outcome.said["case"]) for outcome in outcomes]
    waited = here.send_and_wait(cases, seconds)
    for outcome, case in zip(outcomes, cases, strict=True):
        receipt = waited.receipts.get(case)
        outcome.said.update(
            state=waited.states[case], seconds=receipt, bytes_sent=waited.bytes_sent,
            bytes_received=waited.bytes_received, datagrams_sent=waited.datagrams_sent,
            datagrams_received=waited.datagrams_received,
        )  # fmt: skip
        if receipt is None:
            outcome.code = int(ExitCode.STOPPED if waited.stopped else ExitCode.WAITING)
    if waited.stopped:
        say_stopped()


def _report(outcome: Outcome, as_json: bool) -> None:
    """Say how far the request got."""
    said = outcome.said
    if as_json:
        write_json(said)
    elif said.get("seconds") is not None and said["bytes_sent"] is None:
        say(tr("{case} received by the hub after {seconds} s", case=said["case"],
               seconds=f"{said['seconds']:.1f}"))  # fmt: skip
    elif said.get("seconds") is not None:
        say(tr("{case} received by the hub after {seconds} s ({sent} sent, {back} back)",
               case=said["case"], seconds=f"{said['seconds']:.1f}", sent=size(said["bytes_sent"]),
               back=size(said["bytes_received"])))  # fmt: skip
    elif said["state"] == "refused":
        tell(tr("{case} is saved here, but the hub will not take it. See: xt status",
                case=said["case"]))  # fmt: skip
    elif outcome.code:
        say(tr("{case} is saved and waits to be sent; the hub has not confirmed it yet.",
               case=said["case"]))  # fmt: skip


def _batch(here: Station, file: str, wait: float, as_json: bool) -> None:
    """File every document of a stream; report bad ones with their line and go on."""
    from xtcli.station.documents import read_documents

    good: list[Outcome] = []
    bad: list[dict[str, Any]] = []
    for document in read_documents(_text_of(file)):
        try:
            if document.problem is not None:
                raise document.problem
            good.append(_file_document(here, document.value, Path(file).parent, as_json))
        except XtError as error:
            bad.append({"line": document.line, "error": str(error), "hint": error.advice})
            if not as_json:
                tell(tr("Line {line}: {error} {hint}",
                        line=document.line, error=str(error), hint=error.advice))  # fmt: skip
    if not good and not bad:
        raise UsageError("There is no request in {file}.", "See: xt request --help", file=file)
    _wait(here, good, wait)
    if as_json:
        write_json({"requests": [outcome.said for outcome in good], "errors": bad})
    else:
        for outcome in good:
            _report(outcome, as_json=False)
    worst = max((outcome.code for outcome in good), default=int(ExitCode.USAGE))
    if bad and good and worst != ExitCode.STOPPED:
        worst = int(ExitCode.PARTLY)
    raise SystemExit(worst)


def _file_document(here: Station, value: object, folder: Path, as_json: bool) -> Outcome:
    """One document of a batch; its attachments lie beside the file."""
    from xtcli.station.desk_follow import fill_in
    from xtcli.station.forms import RequestForm

    form = RequestForm.from_document(value)
    form.attach = [str(folder / name) for name in form.attach]
    if form.voice and form.voice != "rec":
        form.voice = str(folder / form.voice)
    fill_in(here, form)
    form.require()
    return _file_one(here, form, as_json, batch=True)


def _text_of(file: str) -> str:
    """The text of a file, or of standard input for `-`."""
    try:
        data = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
        return data.decode("utf-8")
    except OSError as error:
        raise UsageError(
            "The file {file} cannot be read.", "Check its name and place.", file=file
        ) from error
    except UnicodeDecodeError as error:
        raise UsageError(
            "The file {file} is not UTF-8 text.", "Save it as UTF-8 and try again.", file=file
        ) from error


@guarded
def note(
    case: CaseArg,
    text: Annotated[str, typer.Argument(help=tr("What to add."))] = "",
    vital: Annotated[
        list[str] | None,
        typer.Option("--vital", metavar="bp=165/95", help=tr("A vital sign; may be given again.")),
    ] = None,
    voice: Voice = "",
    as_json: AsJson = False,
) -> None:
    """Add to a case."""
    with station() as here:
        _written(here.note(case_id(case), text, vital or [], voice), as_json)


@guarded
def attach(
    case: CaseArg,
    file: Annotated[str, typer.Argument(help=tr("The file."))],
    caption: Annotated[str, typer.Option(help=tr("What it shows."))] = "",
    as_json: AsJson = False,
) -> None:
    """Attach a file."""
    with station() as here:
        _written(here.attach(case_id(case), Path(file), caption), as_json)


@guarded
def ask_command(
    case: CaseArg,
    text: Annotated[str, typer.Argument(metavar="[TEXT]", help=tr("The question."))] = "",
    blob: Annotated[str, typer.Option(help=tr("The attachment asked about."))] = "",
    region: Annotated[
        str, typer.Option(metavar="X,Y,W,H", help=tr("Part of a picture, in thousandths."))
    ] = "",
    original: Annotated[
        bool, typer.Option("--original", help=tr("Ask for all of a picture, as it was taken."))
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Ask the other side."""
    with station() as here:
        _written(here.ask(case_id(case), text, blob, region, original), as_json)


@guarded
def ack(
    case: CaseArg,
    done: Annotated[str, typer.Option("--done", help=tr("What was done."))] = "",
    not_done: Annotated[str, typer.Option("--not-done", help=tr("Why it was not done."))] = "",
    as_json: AsJson = False,
) -> None:
    """Say what became of the answer."""
    with station() as here:
        _written(here.ack(case_id(case), not not_done, done or not_done), as_json)


@guarded
def close(
    case: CaseArg,
    outcome: Annotated[str, typer.Option(help=tr("How it ended."))] = "",
    as_json: AsJson = False,
) -> None:
    """Close a case."""
    with station() as here:
        _written(here.close_case(case_id(case), outcome), as_json)


@guarded
def dispense(
    case: CaseArg,
    rx: Annotated[str, typer.Argument(help=tr("The prescription line's number."))],
    text: Annotated[str, typer.Option(help=tr("A remark."))] = "",
    as_json: AsJson = False,
) -> None:
    """Record that a prescription line was dispensed; each can be once."""
    with station() as here:
        _written(here.dispense(case_id(case), rx, text), as_json)


def _written(written: Any, as_json: bool) -> None:
    """Say that a record is on disk."""
    if as_json:
        write_json(written)
        return
    say(tr("{case}: saved as {record}", case=str(written.case), record=str(written.record)))
    for warning in written.warnings:
        tell("  ! " + warning)


def register(app: typer.Typer) -> None:
    """Put these commands into the app."""
    table: list[tuple[str, Any, str, str]] = [
        ("request", request, tr("File a request for a consult."),
         'xt request --patient 其其格 --sex f --born 1962-05-01 --dept 心内科 --complaint "胸闷3天"'
         ' --question "是否需要转诊" --vital bp=165/95 --wait 30'),
        ("note", note, tr("Add text or new vital signs to a case."),
         'xt note 12-1 "服药后头痛减轻" --vital bp=150/90'),
        ("attach", attach, tr("Attach a file: voice, picture, ECG or document."),
         "xt attach 12-1 photo.jpg"),
        ("ask", ask_command, tr("Ask the other side a question about a case."),
         'xt ask 12-1 "疼痛向左肩放射吗"'),
        ("ack", ack, tr("Say what was done about the answer, or why not."),
         'xt ack 12-1 --done "已服药，明日复测"'),
        ("close", close, tr("Close a case."), 'xt close 12-1 --outcome "好转"'),
        ("dispense", dispense, tr("Record that a prescription line was dispensed."),
         "xt dispense 12-1 1"),
    ]  # fmt: skip
    add(app, tr("Village"), table)
