"""Joining a realm: over UDP in one round trip, or through two files carried by hand.

A shell: it touches sockets and files. What is said is in `invite`.
"""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xtcli.errors import BundleRejected, LinkDown, UsageError, XtError
from xtcli.records.keys import Keys
from xtcli.records.log import Log
from xtcli.records.roster import ROOT, Roster
from xtcli.records.sign import Record, read, realm_of
from xtcli.records.types import PractitionerEntry, StationEntry
from xtcli.records.values import StationKind
from xtcli.station import shell
from xtcli.station.home import Home, Settings
from xtcli.station.invite import (
    JOIN_CONTEXT,
    WELCOME_CONTEXT,
    Invitation,
    JoinRequest,
    Welcome,
)
from xtcli.transport.bundle.seal import open_sealed, seal
from xtcli.transport.link.frames import Kind

JOIN_BYTE = bytes([Kind.JOIN << 3])
PENDING = "joining.json"
RETRY_SECONDS = (1.0, 2.0, 3.0, 4.0, 5.0)
UDP_SECONDS = 6.0
"""How long UDP is tried where the invitation names HTTPS too."""
DATAGRAM_BYTES_MAX = 2048
PORT_DIGITS_MAX = 5


@dataclass(frozen=True, slots=True)
class Joining:
    """A join under way: kept on disk, so that a lost answer is asked for with the same keys."""

    code: str
    keys: Keys

    @property
    def invitation(self) -> Invitation:
        """The code, read."""
        return Invitation.from_code(self.code)

    def request(self, now: float) -> bytes:
        """The sealed join request."""
        invitation = self.invitation
        asked = JoinRequest(
            invitation.invite, invitation.secret, self.keys.station_sign_public,
            self.keys.station_seal_public, self.keys.practitioner_sign_public, int(now),
        )  # fmt: skip
        return seal(asked.encode(), recipient=invitation.hub_seal, context=JOIN_CONTEXT,
                    entropy=shell.entropy)  # fmt: skip


def begin(home: Home, code: str) -> Joining:
    """Start a join, or take up the one that was started with the same code."""
    if home.exists():
        raise UsageError(
            "This computer is a station already.", "See which: xt status. For another, set XT_HOME."
        )
    Invitation.from_code(code)
    home.make()
    path = home.root / PENDING
    if path.exists():
        try:
            kept = json.loads(path.read_text())
            if kept["code"] == code:
                return Joining(code, Keys.from_bytes(bytes.fromhex(kept["keys"])))
        except (ValueError, KeyError, XtError):
            pass
    keys = Keys.make(shell.entropy)
    home.write(path, json.dumps({"code": code, "keys": keys.to_bytes().hex()}).encode())
    return Joining(code, keys)


def write_request(home: Home, code: str, file: str) -> None:
    """Write the join request to a file that is carried to the hub."""
    joining = begin(home, code)
    Path(file).write_bytes(JOIN_BYTE + joining.request(shell.now()))


def join(
    home: Home, code: str, timeout: float, welcome_file: str = "", listen: str = ""
) -> Settings:
    """Become a station; LinkDown when the hub does not answer in `timeout` seconds.

    `listen`: where a relay listens for the stations below it.
    """
    if listen:
        parse_address(listen)
    joining = begin(home, code)
    if welcome_file:
        try:
            answer = Path(welcome_file).read_bytes()
        except OSError as error:
            raise UsageError(
                "The file {file} cannot be read.", "Check its name and place.", file=welcome_file
            ) from error
        return finish(home, joining, open_welcome(joining, answer), listen)
    if joining.invitation.https:
        return finish(home, joining, _ask_both(home, joining, timeout), listen)
    return finish(home, joining, _ask(joining, timeout), listen)


def open_welcome(joining: Joining, answer: bytes) -> Welcome:
    """The welcome in a hub's answer; BundleRejected when it is not for us."""
    if answer[:1] != JOIN_BYTE:
        raise BundleRejected(
            "This is not a hub's answer to a join request.", "Use the file that the hub wrote."
        )
    plain = open_sealed(answer[1:], private=joining.keys.station_seal, context=WELCOME_CONTEXT)
    return Welcome.decode(plain, joining.invitation)


def _ask_both(home: Home, joining: Joining, timeout: float) -> Welcome:
    """Ask over UDP for a moment, then over HTTPS: some networks let nothing else out."""
    from xtcli.station.roads_https import CERTIFICATE, join_over_https

    try:
        return _ask(joining, min(timeout / 2, UDP_SECONDS))
    except LinkDown:
        invitation = joining.invitation
        answer = join_over_https(
            invitation.https, invitation.https_print, JOIN_BYTE + joining.request(shell.now()),
            shell.entropy, home.root / CERTIFICATE,
        )  # fmt: skip
        return open_welcome(joining, answer)


def _ask(joining: Joining, timeout: float) -> Welcome:
    """Ask the hub over UDP, again after a while, until it answers."""
    host, port = parse_address(joining.invitation.address)
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
    except OSError as error:
        raise LinkDown(
            "The hub {host} cannot be found.",
            "Check the network, then type xt join again.",
            host=host,
        ) from error
    end = time.monotonic() + timeout
    with socket.socket(family, socket.SOCK_DGRAM) as sock:
        tries = 0
        while (left := end - time.monotonic()) > 0:
            welcome = _try_once(joining, sock, address, min(
                left, RETRY_SECONDS[min(tries, len(RETRY_SECONDS) - 1)]))  # fmt: skip
            if welcome is not None:
                return welcome
            tries += 1
    raise LinkDown(
        "The hub at {address} did not answer.",
        "The code may have been used or be too old; otherwise check the network and try again.",
        address=joining.invitation.address,
    )


def _try_once(
    joining: Joining, sock: socket.socket, address: Any, patience: float
) -> Welcome | None:
    """Send one request and listen for a while."""
    try:
        sock.sendto(JOIN_BYTE + joining.request(shell.now()), address)
    except OSError:
        time.sleep(patience)
        return None
    end = time.monotonic() + patience
    while (left := end - time.monotonic()) > 0:
        sock.settimeout(left)
        try:
            return open_welcome(joining, sock.recv(DATAGRAM_BYTES_MAX))
        except (TimeoutError, OSError, BundleRejected):
            continue
    return None


def finish(home: Home, joining: Joining, welcome: Welcome, listen: str = "") -> Settings:
    """Check the welcome's records and make the home; on return this is a station."""
    records = [read(content, raw) for content, raw in welcome.records]
    roster = Roster(welcome.hub_sign, records)
    mine, person = roster.station(welcome.number), roster.practitioner(welcome.practitioner)
    _check(joining, records, roster, mine, person)
    assert mine is not None
    assert person is not None
    settings = Settings(
        name=mine.name, kind=mine.station_kind.name.lower(), number=mine.no,
        practitioner=person.no, realm=realm_of(welcome.hub_sign), hub_sign=welcome.hub_sign,
        hub_seal=joining.invitation.hub_seal, hub_address=joining.invitation.address,
        extra=_extra(joining.invitation, roster, mine, listen),
    )  # fmt: skip
    log = Log(home.log_path, own=settings.number)
    try:
        with log.many():
            for record in records:
                log.admit(record, roster, at=int(shell.now()), via="join")
    finally:
        log.close()
    home.write(home.keys_path, joining.keys.to_bytes())
    home.write_settings(settings)
    (home.root / PENDING).unlink(missing_ok=True)
    return settings


def _extra(
    invitation: Invitation, roster: Roster, mine: StationEntry, listen: str
) -> dict[str, str]:
    """Settings of other roads: HTTPS, the relay that this station's link ends at, and where a relay
    itself listens."""
    extra: dict[str, str] = {}
    if mine.station_kind is StationKind.HUB and not listen:
        raise UsageError(
            "This code makes a relay.", "Say where it listens: xt join CODE --listen HOST:PORT"
        )
    if invitation.https:
        extra |= {"https": invitation.https, "https_print": invitation.https_print.hex()}
    relay = roster.station(mine.upstream)
    if relay is not None and mine.upstream != ROOT:
        extra["relay_seal"] = relay.seal_key.hex()
    if listen:
        extra["listen"] = listen
    return extra


def _check(
    joining: Joining, records: list[Record], roster: Roster,
    mine: StationEntry | None, person: PractitionerEntry | None,
) -> None:  # fmt: skip
    """The hub signed everything, and the two entries name our keys."""
    keys = joining.keys
    good = (
        all(roster.signed_by(record) and record.author == 1 for record in records)
        and mine is not None
        and person is not None
        and mine.sign_key == keys.station_sign_public
        and mine.seal_key == keys.station_seal_public
        and person.sign_key == keys.practitioner_sign_public
        and person.station == mine.no
        and mine.no != ROOT
    )
    if not good:
        raise BundleRejected(
            "The hub's answer does not fit this station.",
            "Ask for a new code and type xt join CODE again.",
        )


def show_address(address: tuple[Any, ...]) -> str:
    """A socket's address as `parse_address` reads it."""
    host = f"[{address[0]}]" if ":" in str(address[0]) else address[0]
    return f"{host}:{address[1]}"


def parse_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT` or `[IPv6]:PORT`; UsageError when it is neither."""
    host, _, port = address.rpartition(":")
    sound = port.isdecimal() and len(port) <= PORT_DIGITS_MAX
    if not host or not sound or int(port) > 65535:
        raise UsageError(
            "{address} is not HOST:PORT.", "Write it like hub.example.cn:4400.", address=address
        )
    return host.strip("[]"), int(port)
