"""Parsers of a station and a hub: parts of bundles, invitations, calls' envelopes, forms, files."""

from __future__ import annotations

import functools
import json
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

from tests.fuzz.engine import Parser
from tests.fuzz.parsers_records import text, typed
from tests.fuzz.parsers_transport import noise
from tests.fuzz.places import place
from xtcli.errors import BundleRejected, XtError
from xtcli.hub.web_page import read_asked
from xtcli.records.ids import RecordId
from xtcli.records.keys import Keys
from xtcli.station import (
    calls_guest_room,
    calls_guest_wire,
    calls_wire,
    documents,
    linkfile,
    origin,
    parcels,
    roads_list,
)
from xtcli.station.calls_keep import Kept
from xtcli.station.drafts import Drafts
from xtcli.station.enrolment import JOIN_BYTE, Joining, open_welcome, parse_address
from xtcli.station.forms import RequestForm
from xtcli.station.home import Home, Settings
from xtcli.station.invite import (
    PRINT_BYTES,
    WELCOME_CONTEXT,
    Invitation,
    JoinRequest,
    Welcome,
    fingerprint,
)
from xtcli.station.roads import RoadName
from xtcli.station.roads_modem import Modem
from xtcli.station.roads_transfers import seconds_of
from xtcli.transport.bundle.codecs import STREAM_BYTES_MAX
from xtcli.transport.bundle.pack import Part
from xtcli.transport.bundle.seal import seal

REQUEST = {
    "patient": "苏日娜", "sex": "f", "born": "1961-04-09", "dept": "心内科",
    "id": "150102196104091225", "phone": "13904710000", "complaint": "胸闷胸痛三小时",
    "allergy": "青霉素过敏", "question": "是否需要立即转诊？", "vital": ["bp=165/95", "hr=104"],
}  # fmt: skip
YAML = "patient: 苏日娜\nsex: f\nvital: [bp=165/95]\n---\npatient: 巴图\nborn: 1958\n"


# Parts of bundles

LONG_EVERY = 256


def _parts() -> list[bytes]:
    """Bodies of parts, each after a byte that says how many bytes of raw are with it."""
    made = [
        parcels.Passing(1, 4, 1, noise(60)).part(),
        next(parcels.pieces(noise(16), noise(90))).part(),
        parcels.taken_part([noise(4), b"abcd"]), parcels.lack_part([(1, 9), (20, 20)]),
        parcels.probe_part(noise(20)), Part(b"\x93\xfb\xc0\xc0"),
    ]  # fmt: skip
    return [bytes([len(part.raw)]) + part.body for part in made]


def any_part(data: bytes) -> Part:
    """A part after a byte that says how many bytes of raw are with it.

    One in some has a body of 4 MiB, for which a bundle of 400 bytes has room: a mark, and as many
    things as there are bytes.
    """
    body, raw = data[1:], noise(data[0] if data else 0)
    if body and zlib.crc32(data) % LONG_EVERY == 0:
        many = STREAM_BYTES_MAX - 256
        body = b"\x92" + body[1:2] + b"\xdd" + many.to_bytes(4, "big") + body[-1:] * many
    return Part(body, raw)


def _part(data: bytes) -> None:
    """Every reader of parts sees every part, as in an arrival."""
    part = any_part(data)
    parcels.is_of_road(part)
    parcels.read_taken(part)
    parcels.read_return(part)
    assert not origin.proves(bytes(32), 1, 4, part)
    assert len(parcels.read_lack(part)) <= parcels.LACK_RECORDS_MAX
    found = 0
    for read in (parcels.read_passing, parcels.read_piece):
        try:
            made = read(part)
            found += 1
            assert read(made.part()) == made
        except BundleRejected:
            continue
    if not found:
        raise BundleRejected("None of these.", "It is left out.")


# Joining


@functools.cache
def _keys() -> Keys:
    return Keys.make(noise)


@functools.cache
def _invitation() -> Invitation:
    keys = _keys()
    mark = fingerprint(keys.station_sign_public, keys.station_seal_public)
    return Invitation("h:4400", keys.station_seal_public, mark, noise(4), noise(12))


def _codes() -> list[bytes]:
    plain = _invitation()
    more = replace(plain, https="https://h.example.cn", https_print=noise(PRINT_BYTES))
    return [plain.code().encode(), more.code().encode()]


def _code(data: bytes) -> None:
    code = data.decode("utf-8", "replace")
    assert Invitation.from_code(code).code() == "".join(code.split())


def _joins() -> list[bytes]:
    return [
        JoinRequest(noise(4), noise(12), noise(32), noise(32), noise(32), 1_800_000_000).encode()
    ]


def _welcomes() -> list[bytes]:
    sign = _keys().station_sign_public
    pairs = ((noise(40), noise(72)), (noise(60), noise(72)))
    return [Welcome(4, 5, sign, pairs).encode(), Welcome(4, 5, sign, ()).encode()]


def _answers() -> list[bytes]:
    return [
        JOIN_BYTE + seal(welcome, recipient=_keys().station_seal_public, context=WELCOME_CONTEXT,
                         entropy=noise)
        for welcome in _welcomes()
    ]  # fmt: skip


def _answer(data: bytes) -> object:
    return open_welcome(Joining(_invitation().code(), _keys()), data)


# Calls


def _envelopes() -> list[bytes]:
    made = [calls_wire.Envelope(route, 4, noise(30)).encode() for route in calls_wire.Route]
    return [*made, calls_wire.Envelope(calls_wire.Route.AWAY, 7).encode()]


def _words() -> list[bytes]:
    return [bytes([op]) + noise(16) + noise(20) for op in calls_guest_wire.Op]


def _said(data: bytes) -> object:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BundleRejected("No JSON.", "It is left out.") from error
    if not isinstance(document, dict):
        raise BundleRejected("No paper.", "It is left out.")
    return calls_guest_room.read_said(document)


SAID = {
    "me": "0123456789abcdef", "n": "家属", "k": 1, "l": 0,
    "a": {"o": 1, "u": "abcd", "p": "a" * 24, "f": "0" * 64, "c": [["h", "192.0.2.1", 5000]]},
}  # fmt: skip


def _kept() -> list[bytes]:
    passages = ((0.5, (noise(30), noise(40))),)
    return [Kept("k", RecordId(4, 7), 2, 1_800_000_000, 9, 1, True, False, passages).encode()]


# Files of a home, and what is typed


class File:
    """One file of a home, read by the function that reads it there."""

    def __init__(self, name: str, read: Callable[[Home], object]) -> None:
        """A home with nothing else in it."""
        self.home = Home(place())
        self.path = self.home.root / name
        self.path.parent.mkdir(exist_ok=True)
        self.read = read

    def feed(self, data: bytes) -> object:
        """Write it, read it."""
        self.path.write_bytes(data)
        return self.read(self.home)


def _file(name: str, read: Callable[[Home], object]) -> Callable[[bytes], object]:
    kept = functools.cache(lambda: File(name, read))
    return lambda data: kept().feed(data)


def _settings() -> Settings:
    return Settings("巴音村", "post", 4, 5, noise(8), noise(32), noise(32), "h:4400",
                    extra={"https": "https://h.example.cn"})  # fmt: skip


def _read_link_file(home: Home) -> object:
    return linkfile.read_link(home, ""), linkfile.read_lacking(home)


def _load_draft(home: Home) -> object:
    return Drafts(home, lambda: 1.8e9, noise).load("request-1")


def _documents(data: bytes) -> None:
    """A batch of requests, each made into a form where that can be."""
    for document in documents.read_documents(data.decode("utf-8", "replace")):
        if document.problem is None:
            try:
                RequestForm.from_document(document.value)
            except XtError:
                continue


def _modem_line(data: bytes) -> None:
    """As the modem's reader: one line of the plug-in command."""
    station = SimpleNamespace(number=4, clock=lambda: 1.8e9)
    mail: Any = SimpleNamespace(station=station, seal_key=lambda peer: None)
    modem = Modem(["true"], mail, mail, lambda arrival: None)
    modem._line(["SIZE", "134"])
    modem._line(data.decode("ascii").split())


def _typed() -> list[Parser]:
    at = "xtcli.station"
    return [
        Parser("road-name", (f"{at}.roads:RoadName.parse",), text(RoadName.parse),
               typed("folder:/media/stick", "sms:modem 1", "https", "serial:/dev/ttyS0@9600"),
               local=True, bytes_max=300),
        Parser("wait", (f"{at}.roads_transfers:seconds_of",), text(seconds_of),
               typed("90s", "30m", "2h", "1.5d"), local=True, bytes_max=100),
        Parser("address", (f"{at}.enrolment:parse_address",), text(parse_address),
               typed("h.example:4400", "[2001:db8::1]:53"), local=True, bytes_max=300),
        Parser("modem-line", (), _modem_line,
               typed("SIZE 1750", "PACE 60", "RECV s1 aGVsbG8=", "SENT 3", "FAIL 4 no network"),
               refusals=(ValueError, IndexError, BundleRejected)),
    ]  # fmt: skip


def _files() -> list[Parser]:
    at = "xtcli.station"
    roads = json.dumps({"version": 1, "roads": ["udp", "folder:/media/stick"]}).encode()
    link = (b'{"rate_bps": 2e4, "rtt_s": 0.7, "loss": 0.02, "last_contact": 1.8e9, "road": "udp",'
            b' "lacking": {"3fa1c0de": 4000, "00000001": 0}}')  # fmt: skip

    return [
        Parser("settings", (f"{at}.home:Settings.from_json",), Settings.from_json,
               lambda: [_settings().to_json().encode()], tree="json", local=True),
        Parser("link-file", (f"{at}.linkfile:read_link", f"{at}.linkfile:read_lacking"),
               _file(linkfile.NAME, _read_link_file), lambda: [link],
               refusals=(), tree="json", local=True),
        Parser("roads-file", (f"{at}.roads_list:read_roads",),
               _file(roads_list.NAME, lambda home: roads_list.read_roads(home, _settings())),
               lambda: [roads], tree="json", local=True),
        Parser("draft", (f"{at}.drafts:Drafts.load",), _file("drafts/request-1.json", _load_draft),
               lambda: [json.dumps({"at": 1.8e9, "fields": REQUEST}).encode()], refusals=(),
               tree="json", local=True),
        Parser("saved-call", (f"{at}.calls_keep:Kept.decode",), Kept.decode, _kept,
               refusals=(ValueError,), tree="msgpack", local=True),
        Parser("request-documents",
               (f"{at}.documents:read_documents", f"{at}.forms:RequestForm.from_document"),
               _documents, lambda: [json.dumps(REQUEST).encode(), YAML.encode()], tree="json",
               local=True),
    ]  # fmt: skip


def parsers() -> list[Parser]:
    """All of these rooms."""
    at = "xtcli.station"
    return [
        Parser("parts", tuple(f"{at}.parcels:read_{name}" for name in
                              ("passing", "lack", "taken", "return", "piece")),
               _part, _parts, tree="msgpack"),
        Parser("invitation", (f"{at}.invite:Invitation.from_code",), _code, _codes, local=True),
        Parser("join-request", (f"{at}.invite:JoinRequest.decode",), JoinRequest.decode, _joins),
        Parser("welcome", (f"{at}.invite:Welcome.decode",),
               lambda data: Welcome.decode(data, _invitation()), _welcomes, tree="msgpack"),
        Parser("join-answer", (f"{at}.enrolment:open_welcome",), _answer,
               _answers),
        Parser("call-envelope", (f"{at}.calls_wire:open_envelope",), calls_wire.open_envelope,
               _envelopes, again=lambda found: found.encode(), bytes_max=1_300),
        Parser("ring-note", (f"{at}.calls_wire:read_note",), calls_wire.read_note,
               lambda: [struct.pack(">IIIB", 4, 7, 1_800_000_000, flag) for flag in (0, 1)],
               bytes_max=64),
        Parser("guest-word", (f"{at}.calls_guest_wire:read_word",), calls_guest_wire.read_word,
               _words, again=lambda found: found.envelope()[3:], bytes_max=1_300),
        Parser("guest-page", (f"{at}.calls_guest_wire:read_opened",), calls_guest_wire.read_opened,
               lambda: [calls_guest_wire.Opened("https://h/", ({"urls": "stun:h:1"},)).encode()],
               tree="json"),
        Parser("guest-paper",
               (f"{at}.calls_guest_room:read_said", "xtcli.media.call.guest_end:read_end"),
               _said, lambda: [json.dumps(SAID).encode()], tree="json"),
        Parser("web-request", ("xtcli.hub.web_page:read_asked",), read_asked,
               lambda: [b'{"pass": "00ff", "t": "a", "p": "aGVsbG8=", "h": "b"}'], refusals=(),
               tree="json"),
        *_typed(), *_files(),
    ]  # fmt: skip
