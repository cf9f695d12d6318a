"""Parsers of records, keys and ids, and of what is typed about patients and treatment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

from tests.fuzz.engine import Parser
from xtcli.clinic import prescription, signs, vitals
from xtcli.clinic.born import Born
from xtcli.clinic.identity import NationalId, parse_sex
from xtcli.errors import KeyMissing
from xtcli.records import codec, sign
from xtcli.records.identity import born_of
from xtcli.records.ids import RecordId
from xtcli.records.keys import Keys

VECTORS = Path(__file__).parents[1] / "vectors"
LENGTH_BYTES = 2


def vectors(folder: str, *, kind: str = "", sound: bool = True) -> list[bytes]:
    """The bytes of the vectors of a format; `sound`: of those that must be taken."""
    found = []
    for path in sorted((VECTORS / folder).glob("*.vec")):
        head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        fields = dict(line.split(": ", 1) for line in head.splitlines() if ": " in line)
        if (fields["expect"] in ("ok", "fresh")) == sound and kind in ("", fields.get("kind")):
            found.append(bytes.fromhex("".join(body.split())))
    return found


def record_vectors() -> list[tuple[bytes, bytes]]:
    """(content, raw) of sound records."""
    found = []
    for path in sorted((VECTORS / "records").glob("*.vec")):
        head, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        lines = body.split()
        if head.startswith("expect: ok") and len(lines) == 2:
            found.append((bytes.fromhex(lines[0]), bytes.fromhex(lines[1])))
    return found


def joined(pair: tuple[bytes, bytes]) -> bytes:
    """Two byte strings in one."""
    return len(pair[0]).to_bytes(LENGTH_BYTES, "big") + pair[0] + pair[1]


def apart(data: bytes) -> tuple[bytes, bytes]:
    """The opposite, of anything."""
    size = int.from_bytes(data[:LENGTH_BYTES], "big")
    return data[LENGTH_BYTES : LENGTH_BYTES + size], data[LENGTH_BYTES + size :]


def text(read: Callable[[str], Any]) -> Callable[[bytes], Any]:
    """A reader of text, fed bytes."""
    return lambda data: read(data.decode("utf-8", "replace"))


def typed(*lines: str) -> Callable[[], Sequence[bytes]]:
    """Sound lines as a person types them."""
    return lambda: [line.encode() for line in lines]


def _key_files() -> list[bytes]:
    random = Random("keys")
    keys = Keys.make(random.randbytes)
    return [keys.to_bytes(), keys.to_bytes("4711", random.randbytes)]


def _sign(data: bytes) -> object:
    """A sign of a record: number (1) and value."""
    return signs.from_wire(data[0] if data else 0, int.from_bytes(data[1:9], "big", signed=True))


RX = (
    "氨氯地平; 5mg; 口服; 每日一次; 7",
    "阿司匹林，100mg，口服，bid pc，2周",
    "x; 1 片; po; tid; 30d",
)
VITALS = ("bp=165/95", "hr=104", "spo2=95%", "temp=39.5", "o2=2L/min", "glu=12.3", "血压=120/80")


def parsers() -> list[Parser]:
    """All of this room."""
    wire = "xtcli.records.wire"
    return [
        Parser(
            "record-content",
            ("xtcli.records.codec:decode", "xtcli.records.codec:decode_body",
             *(f"{wire}:{name}.unpack" for name in ("Coder", "Plain", "Optional", "Choice", "Ref",
                                                    "Spans", "Pairs", "Rows", "Row"))),
            codec.decode, lambda: [content for content, _ in record_vectors()],
            again=codec.encode, tree="msgpack",
        ),
        Parser(
            "record-signed", ("xtcli.records.sign:read",), lambda data: sign.read(*apart(data)),
            lambda: [joined(pair) for pair in record_vectors()],
        ),
        Parser("record-id", ("xtcli.records.ids:RecordId.parse",), text(RecordId.parse),
               typed("12-34", "1-1"), local=True, bytes_max=64),
        Parser("key-file", ("xtcli.records.keys:Keys.from_bytes",), Keys.from_bytes, _key_files,
               refusals=(KeyMissing,), local=True),
        Parser("birth-of-id", ("xtcli.records.identity:born_of",), text(born_of),
               typed("150102196104091225"), refusals=(ValueError,), local=True, bytes_max=64),
        Parser("born", ("xtcli.clinic.born:Born.parse",), text(Born.parse),
               typed("1958", "1958-03", "1958-03-12", "19580312", "1958年3月12日", "44岁"),
               local=True, bytes_max=200),
        Parser("born-number", ("xtcli.clinic.born:Born.from_number",),
               lambda data: Born.from_number(int.from_bytes(data, "big")),
               lambda: [number.to_bytes(4, "big") for number in (1958, 195803, 19580312)],
               bytes_max=12),
        Parser("national-id", ("xtcli.clinic.identity:NationalId.parse",), text(NationalId.parse),
               typed("150102196104091225", "11010519491231002X", "150102 19610409 1225"),
               local=True, bytes_max=200),
        Parser("sex", ("xtcli.clinic.identity:parse_sex",), text(parse_sex),
               typed("m", "f", "男", "女"), local=True, bytes_max=64),
        Parser("prescription", ("xtcli.clinic.prescription:parse_rx",),
               text(prescription.parse_rx), typed(*RX), local=True),
        Parser("route", ("xtcli.clinic.prescription:parse_route",),
               text(prescription.parse_route), typed("po", "口服", "iv gtt"), local=True),
        Parser("frequency", ("xtcli.clinic.prescription:parse_frequency",),
               text(prescription.parse_frequency), typed("qd", "每日三次", "bid pc"), local=True),
        Parser("days", ("xtcli.clinic.prescription:parse_days",),
               text(prescription.parse_days), typed("7", "7d", "7天", "x7", "2周"), local=True),
        Parser("sign", ("xtcli.clinic.signs:from_wire",), _sign,
               lambda: [bytes([number, 0, 0, 0, 0, 0, 0, 0, 80]) for number in range(1, 12)],
               refusals=(), bytes_max=12),
        Parser("vitals",
               ("xtcli.clinic.vitals:parse_vital", "xtcli.clinic.vitals:parse_vitals"),
               text(lambda line: vitals.parse_vitals(line.split())),
               typed(*VITALS, " ".join(VITALS)), local=True),
    ]  # fmt: skip
