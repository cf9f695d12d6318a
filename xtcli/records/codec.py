"""Records to bytes and back: canonical msgpack, one spelling for every content.

    content = [kind, station, seq, author, at, fields]          outside a case, and REQUEST
            | [kind, station, seq, author, at, case, fields]    inside a case

`case` is the request's sequence number when the request is of the same station, else
`[station, seq]`. `fields` maps small keys to values; a field at its default is absent. REQUEST
packs its texts into one string (see `_request_fields`), because lengths and keys between texts
cost bytes that a separator does not. docs/format/records.md is the specification.

The decoder builds the body, writes it again and compares: any second spelling is refused.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, NoReturn, cast

import msgpack

from xtcli.errors import BundleRejected, UsageError
from xtcli.records import identity, limits
from xtcli.records.ids import RecordId
from xtcli.records.types import BODIES, OUTSIDE_CASES, Body, Kind, Request
from xtcli.records.values import Patient, Sex, Urgency
from xtcli.records.wire import Coder, coded

SEPARATOR = "\x1f"
_TEXTS = ("complaint", "history", "exam", "allergy", "question")


@dataclass(frozen=True, slots=True)
class Content:
    """What a record says, without prev and signature. `case` of a REQUEST is its own id."""

    id: RecordId
    author: int
    at: int
    case: RecordId | None
    body: Body

    @property
    def kind(self) -> Kind:
        """The body's kind."""
        return self.body.kind


def encode(content: Content) -> bytes:
    """The canonical bytes; raises `UsageError` for numbers out of bounds or too many bytes."""
    _check_head(content)
    kind, (station, seq) = content.kind, content.id
    head: list[Any] = [int(kind), station, seq, content.author, content.at]
    case = content.case
    if kind is not Kind.REQUEST and case is not None:
        head.append(case.seq if case.station == station else list(case))
    packed = cast(bytes, msgpack.packb([*head, encode_body(content.body)]))
    if len(packed) > limits.content_bytes_max:
        raise UsageError(
            "This entry has {size} bytes; at most {most} fit.",
            "Shorten the texts, or attach a document instead.",
            size=len(packed),
            most=limits.content_bytes_max,
        )
    return packed


def content_of(
    body: Body, *, station: int, seq: int, author: int, at: int, case: RecordId | None
) -> bytes:
    """The canonical bytes of `body` as record `station-seq`; `case` is ignored for REQUEST."""
    record_id = RecordId(station, seq)
    case = record_id if body.kind is Kind.REQUEST else case
    return encode(Content(record_id, author, at, case, body))


def decode(content: bytes) -> Content:
    """What `content` says; raises `BundleRejected` unless it is the one canonical spelling."""
    if len(content) > limits.content_bytes_max:
        _reject("too long")
    try:
        made = _decode(msgpack.unpackb(content, strict_map_key=False))
        again = encode(made)
    except UsageError as error:
        _reject(str(error), error)
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        _reject("wrong form", error)
    if again != content:
        _reject("not in canonical form")
    return made


def _reject(reason: str, cause: Exception | None = None) -> NoReturn:
    """Raise the one error of this module for bytes from outside."""
    raise BundleRejected(
        "A record that arrived cannot be read ({reason}).",
        "It was set aside. Ask the sending station to update xt or to check its log.",
        reason=reason,
    ) from cause


def _check_head(content: Content) -> None:
    """Bounds of the numbers in front of the fields."""
    case = content.case
    good = (
        content.id.valid
        and type(content.author) is int
        and 1 <= content.author <= limits.number_max
        and type(content.at) is int
        and 0 <= content.at <= limits.at_max_seconds
        and (case is None or case.valid)
        and (case == content.id) == (content.kind is Kind.REQUEST)
        and (case is None) == (content.kind in OUTSIDE_CASES)
    )
    if not good:
        raise UsageError(
            "The number, author, time or case of this entry is out of range.",
            "Check the station's clock and the case number.",
        )


def _decode(packed: Any) -> Content:
    """From msgpack's objects; wrong shapes raise the errors `decode` expects."""
    if not isinstance(packed, list) or len(packed) not in (6, 7):
        raise ValueError("wrong number of parts")
    if not all(type(n) is int for n in packed[:5]):
        raise ValueError("wrong type in the head")
    number, station, seq, author, at = packed[:5]
    kind, record_id = Kind(number), RecordId(station, seq)
    case = _decode_case(packed[5], station) if len(packed) == 7 else None
    if kind is Kind.REQUEST:
        if case is not None:
            raise ValueError("a request inside a case")
        case = record_id
    return Content(record_id, author, at, case, decode_body(kind, packed[-1]))


def _decode_case(packed: Any, station: int) -> RecordId:
    """A bare number is of the record's own station."""
    if type(packed) is int:
        return RecordId(station, packed)
    if isinstance(packed, list) and len(packed) == 2 and all(type(n) is int for n in packed):
        return RecordId(packed[0], packed[1])
    raise ValueError("wrong case")


def encode_body(body: Body) -> dict[int, Any]:
    """Wire key to packed value, keys ascending, defaults left out."""
    if isinstance(body, Request):
        return _request_fields(body)
    found = {}
    for name, key, coder, default in _layout(type(body)):
        value = getattr(body, name)
        if value != default:
            found[key] = coder.pack(value)
    return found


def decode_body(kind: Kind, packed: Any) -> Body:
    """The body of `kind` from its fields; raises what `decode` expects."""
    if not isinstance(packed, dict):
        raise ValueError("fields are not a map")
    if kind is Kind.REQUEST:
        return _request_of(packed)
    of = BODIES[kind]
    values = {}
    for name, key, coder, _ in _layout(of):
        if key in packed:
            values[name] = coder.unpack(packed[key])
    return of(**values)


_Layout = tuple[tuple[str, int, Coder, Any], ...]
_LAYOUTS: dict[Any, _Layout] = {}


def _layout(of: Any) -> _Layout:
    """(field, key, coder, default) by ascending key; `MISSING` where a field is required."""
    found = _LAYOUTS.get(of)
    if found is None:
        defaults = {f.name: f.default for f in fields(of)}
        rows = ((name, key, coder, defaults[name]) for name, key, coder in coded(of))
        found = _LAYOUTS[of] = tuple(sorted(rows, key=lambda row: row[1]))
    return found


# REQUEST: 1 sex, 2 born, 3 national id as 17 digits, 4 urgency, 5 texts, 6 vitals, 7 parent.
# The texts' order puts what is usually empty last, where empty parts are not written at all.


def _request_fields(body: Request) -> dict[int, Any]:
    """The fields of a REQUEST; sex and birth that a valid national id tells are left out."""
    who = body.patient
    found: dict[int, Any] = {}
    known = identity.valid_national_id(who.national_id)
    told_sex, told_born = _told(who.national_id) if known else (Sex.UNKNOWN, 0)
    if who.sex != told_sex:
        found[1] = int(who.sex)
    if who.born != told_born:
        found[2] = who.born
    if known:
        found[3] = int(who.national_id[:17])
    if body.urgency:
        found[4] = int(body.urgency)
    texts = [body.dept, who.name, *(getattr(body, name) for name in _TEXTS)]
    texts += [who.place, who.phone, body.override, "" if known else who.national_id]
    found[5] = SEPARATOR.join(texts).rstrip(SEPARATOR)
    if body.vitals:
        found[6] = [n for pair in body.vitals for n in pair]
    if body.parent:
        found[7] = list(body.parent)
    return found


def _told(national_id: str) -> tuple[Sex, int]:
    """Sex and birth that a valid national id tells."""
    male = identity.male_of(national_id)
    return (Sex.MALE if male else Sex.FEMALE), identity.born_of(national_id)


def _request_of(packed: dict[Any, Any]) -> Request:
    """A REQUEST from its fields."""
    texts = packed[5].split(SEPARATOR) if isinstance(packed.get(5), str) else []
    if not 2 <= len(texts) <= 11:
        raise ValueError("wrong number of texts")
    texts += [""] * (11 - len(texts))
    national_id = _national_id(packed[3]) if 3 in packed else texts[10]
    told_sex, told_born = _told(national_id) if 3 in packed else (Sex.UNKNOWN, 0)
    vitals, parent = packed.get(6, []), packed.get(7)
    patient = Patient(
        name=texts[1],
        sex=Sex(packed[1]) if 1 in packed else told_sex,
        born=packed.get(2, told_born),
        national_id=national_id,
        place=texts[7],
        phone=texts[8],
    )
    return Request(
        patient=patient,
        dept=texts[0],
        urgency=Urgency(packed.get(4, 0)),
        vitals=tuple(zip(vitals[::2], vitals[1::2], strict=True)),
        override=texts[9],
        parent=RecordId(*parent) if parent is not None else None,
        **dict(zip(_TEXTS, texts[2:7], strict=True)),
    )


def _national_id(digits: Any) -> str:
    """The whole id of 17 digits; refuses what cannot be valid."""
    if type(digits) is not int or not 10**16 <= digits < 10**17:
        raise ValueError("wrong national id")
    whole = f"{digits}{identity.check_character(str(digits))}"
    if not identity.valid_national_id(whole):
        raise ValueError("wrong national id")
    return whole
