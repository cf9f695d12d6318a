"""What a hub's owner does: make the hub, invite, admit by file, list, revoke, count.

Each works while the hub is being served by another process: they share the log and the list of
invitations on disk. It does not know sockets.
"""

from __future__ import annotations

import statistics
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from xtcli.errors import NotAllowed, NotFound, UsageError
from xtcli.hub.admission import Admission
from xtcli.hub.https import tls_print
from xtcli.hub.hub import HubStation, open_hub
from xtcli.hub.invites import VALID_SECONDS, Invites
from xtcli.records.case import State
from xtcli.records.keys import Keys
from xtcli.records.log import Log
from xtcli.records.queue import Ask as Page
from xtcli.records.sign import realm_of
from xtcli.records.types import Revoked, StationEntry
from xtcli.records.values import StationKind
from xtcli.station import shell
from xtcli.station.enrolment import parse_address
from xtcli.station.home import Home, Settings
from xtcli.station.invite import ADDRESS_BYTES_MAX, Invitation, fingerprint
from xtcli.transport.carriers.certificates import PRINT_BYTES

ROOT = 1


@dataclass(frozen=True, slots=True)
class Invited:
    """A code to hand over."""

    code: str
    expires: int


@dataclass(frozen=True, slots=True)
class StationRow:
    """One station in the hub's list."""

    number: int
    name: str
    kind: str
    practitioners: tuple[str, ...]
    depts: tuple[str, ...]
    waiting: int
    revoked: bool


def init(home: Home, name: str, listen: str, advertise: str = "") -> Settings:
    """Make a hub here: keys, its own roster entry, an empty log."""
    if home.exists():
        raise UsageError(
            "This computer is a station already.", "See which: xt status. For another, set XT_HOME."
        )
    parse_address(listen)
    if advertise:
        parse_address(advertise)
    home.make()
    keys = Keys.make(shell.entropy)
    settings = Settings(
        name=name, kind="hub", number=ROOT, practitioner=0,
        realm=realm_of(keys.station_sign_public), hub_sign=keys.station_sign_public,
        hub_seal=keys.station_seal_public, hub_address=listen, advertise=advertise or listen,
    )  # fmt: skip
    entry = StationEntry(ROOT, name, StationKind.HUB, keys.station_sign_public,
                         keys.station_seal_public)  # fmt: skip
    Log(home.log_path, own=ROOT).close()
    home.write(home.keys_path, keys.to_bytes())
    home.write_settings(settings)
    hub = HubStation(home, clock=shell.now, entropy=shell.entropy)
    try:
        hub.write(entry, automatic=True)
    finally:
        hub.close()
    return settings


def invite(
    *, station: str, kind: str, practitioner: str, role: str = "", dept: str = "",
    place: str = "", days: float = VALID_SECONDS / 86_400, advertise: str = "", https: str = "",
    via: str = "", https_print: str = "",
) -> Invited:  # fmt: skip
    """A one-line code that lets one station in, once. `advertise`: another address of the hub.

    `https`: where it answers over HTTPS, HOST:PORT with its own certificate, or an https:// URL
    with one that authorities vouch for. `via`: the relay (its name or number) that the station's
    link ends at; `advertise` is then the relay's address. `https_print`: the print, in hex, of the
    certificate shown there, where it is not this hub's own.
    """
    if advertise:
        parse_address(advertise)
    pinned = _print(https, https_print, via)
    hub = open_hub()
    if hub.number != ROOT:
        hub.close()
        raise NotAllowed(
            "A relay cannot invite.", "Make the code at the hub, with --via and this relay's name."
        )
    invites = Invites(hub.home.hub_path)
    try:
        depts = tuple(part.strip() for part in dept.replace("，", ",").split(",") if part.strip())
        if kind == "desk" and not depts:
            raise UsageError(
                "A desk needs a department.", "Say which its practitioner works in: --dept D,..."
            )
        if not station.strip() or not practitioner.strip():
            raise UsageError(
                "A station and its practitioner need names.", "Give --station and --practitioner."
            )
        upstream = _relay(hub, via, advertise) if via else ROOT
        made, secret = invites.make(
            station=station.strip(), kind=kind, practitioner=practitioner.strip(), role=role,
            depts=depts, place=place, now=hub.clock(), valid_seconds=days * 86_400,
            entropy=hub.entropy, upstream=upstream,
        )  # fmt: skip
        settings = hub.settings
        code = Invitation(
            advertise or settings.advertise or settings.hub_address, settings.hub_seal,
            fingerprint(settings.hub_sign, settings.hub_seal), made.id, secret, https,
            tls_print(hub) if pinned is None else pinned,
        ).code()  # fmt: skip
        return Invited(code, made.expires)
    finally:
        invites.close()
        hub.close()


def _check_url(text: str) -> None:
    """UsageError unless a post could ask there; plain http is for a tunnel that a post has."""
    with suppress(ValueError):
        url = urlsplit(text)
        sound = url.scheme in ("https", "http") and url.hostname and url.port != 0
        if (
            sound
            and text.isprintable()
            and " " not in text
            and len(text.encode()) <= ADDRESS_BYTES_MAX
        ):
            return
    raise UsageError(
        "{url} is no address that an invitation can give.",
        "Write it like https://example.cn/county/xt, in at most {most} characters.",
        url=text, most=ADDRESS_BYTES_MAX,
    )  # fmt: skip


def _print(https: str, text: str, via: str) -> bytes | None:
    """Which certificate an invitation pins: None for this hub's own, empty for none."""
    own = bool(https) and "://" not in https
    if own:
        parse_address(https)
    elif https:
        _check_url(https)
    if text:
        with suppress(ValueError):
            found = bytes.fromhex(text)
            if own and len(found) == PRINT_BYTES:
                return found
        raise UsageError(
            "{print} is not the print of a certificate.",
            "Give the 32 characters that xt hub serve shows there, with --https HOST:PORT.",
            print=text,
        )  # fmt: skip
    if own and via:
        raise UsageError(
            "The certificate of the relay is not known here.",
            "Give --https-print as xt hub serve --https shows it at the relay.",
        )
    return None if own else b""


def _relay(hub: HubStation, via: str, advertise: str) -> int:
    """The number of a relay, whose address the code must give."""
    entry = _find(hub, via)
    if entry.station_kind is not StationKind.HUB or hub.roster.revoked(entry.no):
        raise UsageError(
            "Station {station} is no relay.", "Invite one with --kind hub.", station=via
        )
    if entry.no != ROOT and not advertise:
        raise UsageError(
            "Where does {station} listen?", "Give its address: --advertise HOST:PORT", station=via
        )
    return entry.no


def admit_file(file: str, out: str = "") -> str:
    """Answer a join request carried here as a file; the name of the answer's file."""
    try:
        data = Path(file).read_bytes()
    except OSError as error:
        raise UsageError(
            "The file {file} cannot be read.", "Check its name and place.", file=file
        ) from error
    hub = open_hub()
    admission = Admission(hub)
    try:
        answer = admission.answer(data)
        if answer is None:
            raise NotAllowed(
                "The invitation in {file} is not open: unknown, used or too old.",
                "Make a new one: xt hub invite", file=file,
            )  # fmt: skip
        target = out or str(Path(file).with_suffix(".welcome"))
        Path(target).write_bytes(answer)
        return target
    finally:
        admission.close()
        hub.close()


def stations() -> list[StationRow]:
    """Every station of the roster."""
    hub = open_hub()
    try:
        return [_row(hub, entry) for entry in hub.roster.stations()]
    finally:
        hub.close()


def _row(hub: HubStation, entry: StationEntry) -> StationRow:
    people = [p for p in hub.roster.practitioners() if p.station == entry.no]
    waiting = hub.log.waiting(entry.no)
    return StationRow(
        entry.no, entry.name, entry.station_kind.name.lower(), tuple(p.name for p in people),
        tuple(sorted({dept for p in people for dept in p.depts})),
        waiting.records + waiting.blobs, hub.roster.revoked(entry.no),
    )  # fmt: skip


def revoke(station: str, reason: str = "") -> list[int]:
    """Revoke a station and its practitioners; their numbers."""
    hub = open_hub()
    try:
        entry = _find(hub, station)
        if entry.no == ROOT:
            raise NotAllowed("The hub itself cannot be revoked.", "Revoke a post or a desk.")
        people = [p.no for p in hub.roster.practitioners() if p.station == entry.no]
        numbers = [number for number in (entry.no, *people) if not hub.roster.revoked(number)]
        with hub.log.many():
            for number in numbers:
                hub.write(Revoked(number, reason), automatic=True)
            hub.log.drop_peer(entry.no)
        return numbers
    finally:
        hub.close()


def _find(hub: HubStation, station: str) -> StationEntry:
    """A station by number or name."""
    number = int(station) if station.isdecimal() and len(station) < 10 else None
    found = [
        entry for entry in hub.roster.stations() if entry.name == station or entry.no == number
    ]
    if not found:
        raise NotFound(
            "There is no station {station}.", "See them: xt hub stations", station=station
        )
    if len(found) > 1:
        raise UsageError(
            "Several stations are called {station}.", "Give its number: xt hub stations",
            station=station,
        )  # fmt: skip
    return found[0]


def stats() -> dict[str, int | float | None]:
    """Cases, answers, times to the first answer."""
    hub = open_hub()
    try:
        rows = hub.log.summaries(Page(limit=1_000_000))
        waits = sorted(row.answered_at - row.created for row in rows if row.answered_at)
        return {
            "stations": len(hub.roster.stations()), "cases": len(rows),
            "answered": len(waits), "closed": sum(row.state is State.CLOSED for row in rows),
            "waiting": sum(bool(row.waiting_since) for row in rows),
            "median_seconds_to_answer": statistics.median(waits) if waits else None,
            "p90_seconds_to_answer": waits[int(len(waits) * 0.9)] if waits else None,
            "refused": hub.log.refused_count(),
        }  # fmt: skip
    finally:
        hub.close()
