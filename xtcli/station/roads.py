"""Roads: which there are, how they are written, and one visit of those that have no link.

    udp[:HOST:PORT]         the link; the invitation's address when none is given
    folder:PATH             a stick or a synced folder
    sms:COMMAND             short messages through a plug-in command
    serial:DEVICE[@BAUD]    a line or a modem
    https                   where only port 443 gets out

All carry the same sealed bundles. The road modules do the work; this one only chooses.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xtcli.errors import ExitCode, UsageError
from xtcli.lang import tr
from xtcli.station.core import StationCore
from xtcli.station.happenings import Happening, happening
from xtcli.station.intake import Arrival, Rule
from xtcli.station.roads_folder import FolderReport, FolderVisit
from xtcli.station.roads_shelf import Mail
from xtcli.station.roads_store import RoadStore

if TYPE_CHECKING:
    from xtcli.station.roads_modem import ModemReport

KINDS = ("udp", "https", "serial", "folder", "sms")
ALONE = ("udp", "https")
"""Kinds that need no more than their name."""
Show = Callable[[Happening], None]


@dataclass(frozen=True, slots=True)
class RoadName:
    """A road as a person writes it."""

    kind: str
    rest: str = ""

    @classmethod
    def parse(cls, text: str) -> RoadName:
        """Read `kind:rest`; UsageError when there is no such road."""
        kind, _, rest = text.partition(":")
        if kind not in KINDS or (not rest and kind not in ALONE) or (rest and kind == "https"):
            raise UsageError(
                "There is no road {road}.",
                "Write udp, https, serial:DEVICE[@BAUD], folder:PATH or sms:COMMAND.",
                road=text,
            )
        return cls(kind, rest)

    @property
    def place(self) -> Path:
        """The folder of a folder road; UsageError when it is in the home of nobody."""
        try:
            return Path(self.rest).expanduser()
        except RuntimeError as error:
            raise UsageError(
                "There is no folder {folder}.", "Write its whole path.", folder=self.rest
            ) from error

    @property
    def command(self) -> list[str]:
        """The words of a plug-in's command; UsageError when they cannot be told apart."""
        with suppress(ValueError):
            if words := shlex.split(self.rest):
                return words
        raise UsageError(
            "The command {command} cannot be read.", "Check its quotation marks; write it like"
            " sms:beidou-modem.", command=self.rest,
        )  # fmt: skip

    @property
    def text(self) -> str:
        """As it is written."""
        return f"{self.kind}:{self.rest}" if self.rest else self.kind

    @property
    def carries_link(self) -> bool:
        """Whether the link's datagrams go over it; the others carry bundles."""
        return self.kind in ("udp", "https", "serial")

    @property
    def words(self) -> str:
        """As a person calls it."""
        match self.kind:
            case "udp":
                return "UDP"
            case "https":
                return "HTTPS"
            case "serial":
                return tr("the line {device}", device=self.rest)
            case "folder":
                return tr("the folder {folder}", folder=self.rest)
        return tr("short messages")


def visit_folder(
    station: StationCore, place: Path, *, rule: Rule | None = None,
    on_new: Callable[[Arrival], None] = lambda arrival: None,
    inside: Callable[..., object] = lambda record: None, make: type[FolderVisit] = FolderVisit,
    on_step: Callable[[FolderReport], None] = lambda report: None,
) -> FolderReport:  # fmt: skip
    """Exchange with a folder once. `inside` is called for each new record before it is committed,
    `on_new` after each bundle is safe, `on_step` with how far it has come; `make` says what kind of
    visitor this station is.
    """
    mail = Mail(station, rule, inside)
    store = RoadStore(station.home.root)
    try:
        visit = make(mail, store, place)
        visit.on_step = on_step
        try:
            return visit.run()
        except KeyboardInterrupt:
            # A visit may be broken off anywhere; what it did is told.
            visit.report.exit_code = ExitCode.STOPPED
            return visit.report
        finally:
            # Also when the stick was pulled: what came before is here and must ring.
            for arrival in visit.arrivals:
                on_new(arrival)
    finally:
        store.close()
        mail.close()


def exchange_messages(
    station: StationCore, command: str, seconds: float, watch: bool, *, rule: Rule | None = None,
    on_new: Callable[[Arrival], None] = lambda arrival: None,
    inside: Callable[..., object] = lambda record: None,
    on_step: Callable[[ModemReport], None] = lambda report: None,
) -> ModemReport:  # fmt: skip
    """Exchange short messages through a plug-in command, as `visit_folder` does files."""
    import asyncio

    from xtcli.station.roads_modem import Modem

    words = RoadName("sms", command).command
    mail = Mail(station, rule, inside)
    store = RoadStore(station.home.root)

    async def run() -> ModemReport:
        modem = Modem(words, mail, store, on_new)
        modem.on_step = on_step
        return await modem.run(seconds, watch)

    try:
        return asyncio.run(run())
    finally:
        store.close()
        mail.close()


def happenings(station: StationCore, arrival: Arrival) -> list[Happening]:
    """What to tell a person about an arrival."""
    found = []
    for record in arrival.new:
        by = station.name(record.author)
        one = happening(record, by, station.kind, station.clock())
        if one is not None:
            found.append(one)
    return found
