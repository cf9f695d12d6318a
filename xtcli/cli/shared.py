"""What several commands share: common options, the station at hand, asking on a terminal."""

from __future__ import annotations

import math
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Annotated

import typer

from xtcli.cli.output import interactive, say, tell
from xtcli.errors import UsageError
from xtcli.lang import tr

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xtcli.records.ids import RecordId
    from xtcli.station import Station

AsJson = Annotated[bool, typer.Option("--json", help=tr("Print one JSON document."))]
CaseArg = Annotated[str, typer.Argument(metavar="CASE", help=tr("The case, such as 12-34."))]
Yes = Annotated[bool, typer.Option("--yes", "-y", help=tr("Do not ask; the patient is right."))]
Attach = Annotated[
    list[str] | None,
    typer.Option("--attach", metavar="FILE", help=tr("A file to attach; may be given again.")),
]
Voice = Annotated[
    str,
    typer.Option(
        "--voice", metavar="FILE|rec", help=tr("A voice note: an audio file, or rec to record.")
    ),
]


def must_be_seconds(value: float, option: str) -> None:
    """UsageError unless `value` is a time that can be waited."""
    if not 0 <= value < math.inf:
        raise UsageError("{option} must be 0 or more seconds.", "Correct the number.",
                         option=option)  # fmt: skip


@contextmanager
def station() -> Iterator[Station]:
    """The station of this home, closed at the end."""
    from xtcli.station import open_station

    here = open_station()
    if interactive():
        here.ask_pin = _pin
    try:
        yield here
    finally:
        here.close()


def case_id(text: str) -> RecordId:
    """A case as typed."""
    from xtcli.records.ids import RecordId

    return RecordId.parse(text)


def ask(question: str) -> str:
    """One line from a person; empty when there is none to ask."""
    if not interactive():
        return ""
    with suppress(ImportError):
        # Deleting a Chinese character by its two cells needs a line editor.
        import readline  # noqa: F401
    try:
        return input(question + tr(": ")).strip()
    except EOFError as error:
        raise typer.Abort from error


def _pin() -> str:
    """The PIN, typed without being shown."""
    import getpass

    tell(tr("The keys of this station are locked."))
    try:
        return getpass.getpass(tr("PIN") + tr(": "))
    except EOFError as error:
        raise typer.Abort from error


def agreed(question: str) -> bool:
    """Whether a person says yes."""
    return ask(question + " [y/N]").lower() in ("y", "yes", "是", "对")


def confirm_patient(identifiers: tuple[str, str], yes: bool) -> None:
    """On a terminal, show two identifiers and ask; scripts go on (they were shown the case)."""
    if yes or not interactive():
        return
    say(tr("Patient: {name}, {second}", name=identifiers[0], second=identifiers[1]))
    if not agreed(tr("Is this the patient?")):
        raise UsageError("Nothing was signed.", "Look at the case first: xt show CASE")


def choose_one(text: str, known: tuple[str, ...], name: str) -> str:
    """`text` if it is one of `known`."""
    if text in known:
        return text
    from xtcli.station import words

    raise UsageError(
        "{value} is not a {field}.", "Use one of: {known}.",
        value=text, field=words.field(name), known=", ".join(known),
    )  # fmt: skip
