"""Every parser, and the functions that look like parsers and are none."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator
from pathlib import Path

from tests.fuzz import (
    parsers_deep,
    parsers_media,
    parsers_records,
    parsers_station,
    parsers_transport,
)
from tests.fuzz.engine import Parser

ROOT = Path(__file__).parents[2]
ROOMS = ("clinic", "records", "transport", "media", "station", "hub")
PREFIXES = (
    "parse", "decode", "read", "unpack", "from_", "feed", "receive", "expand", "unstuff", "unframe",
    "sniff", "open_", "load", "sender_of", "kind_of", "seconds_of", "born_of",
)  # fmt: skip
NAMES = ("open", "join")
OTHERS = {
    "reads what this program has written and hashed": ("Blobs.read", "Shelf.load",
                                                       "SpooledLink.load", "Home.read_keys"),
    "opens a device, a socket, a window or the home": (
        "Microphone.read", "Camera.open", "open_source", "Pump.open", "SerialLine.open", "open_hub",
        "open_here", "open_station", "RequestCheck.ready", "Specialist.open_case",
        "Prescription.open",
    ),
    "says whether a road takes more": (
        "HttpsClient.ready", "Session.ready", "SerialClient.ready", "SerialLine.ready",
        "LinkClient.ready", "Way.ready", "UdpWay.ready",
    ),
    "hands on what link-enrolled-enemy and link-stranger feed": ("Driver.receive", "End.receive"),
    "hands on what the call- parsers and rtp feed": (
        "Ear.feedback", "GuestSession.receive", "GuestTalk.receive", "Talk.receive", "read_ring",
        "CallStills.received",
    ),
    "asks for a welcome, which the parsers join-answer and welcome read": ("join",),
    "opens the file that trace-mahimahi or trace-csv reads": ("load_trace",),
    "makes a command line": ("parser",),
}  # fmt: skip
"""Named like parsers, and why no parser stands for them."""


FROM_STRANGERS = (
    "link-stranger", "join-datagram", "join-request", "mail", "stick", "envelope-header",
    "envelope", "sealed", "hpke", "voucher", "short-message", "short-messages", "short-join",
    "modem-line", "unframe", "unstuff", "line", "https-request", "https-batch", "web-request",
    "guest-word", "guest-page", "guest-paper", "call-envelope", "ring-note", "call-handshake",
    "call-sealed", "call-session", "rtp", "join-answer", "welcome",
    "varint", "codecs", "ppm", "bundle", "parts", "parts-arriving",
)  # fmt: skip
"""What reads bytes straight from a datagram, stick, line, message or page, whoever sent them, the
nearest to the wire first; last what is in a bundle, which anybody can seal to a key he knows."""


@functools.cache
def all_parsers() -> tuple[Parser, ...]:
    """In the order in which they are worth feeding: first strangers' bytes, last what is local."""
    rooms = (parsers_records, parsers_transport, parsers_station, parsers_media, parsers_deep)
    near = {name: place for place, name in enumerate(FROM_STRANGERS)}
    found = [parser for room in rooms for parser in room.parsers()]
    return tuple(sorted(found, key=lambda one: (one.local, near.get(one.name, len(near)))))


def parser_named(name: str) -> Parser:
    """The parser called so; KeyError when there is none."""
    return {parser.name: parser for parser in all_parsers()}[name]


def looks_like_parsers() -> Iterator[str]:
    """`module:name` of every public function and method that is named like a parser."""
    for room in ROOMS:
        for path in sorted((ROOT / "xtcli" / room).rglob("*.py")):
            module = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            tree = ast.parse(path.read_text(encoding="utf-8"))
            for name in _functions(tree):
                yield f"{module}:{name}"


def _functions(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and _like(node.name):
            yield node.name
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
            for method in node.body:
                if isinstance(method, ast.FunctionDef) and _like(method.name):
                    yield f"{node.name}.{method.name}"


def _like(name: str) -> bool:
    return name.startswith(PREFIXES) or name in NAMES
