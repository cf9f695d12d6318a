"""The values inside records: patient, prescription line, diagnosis, what was seen.

Frozen, checked when built (`UsageError`), and free of any knowledge of storage or links.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Annotated

from xtcli.records import identity, limits
from xtcli.records.ids import RecordId, Span, ids_in
from xtcli.records.wire import Bytes, Checked, Choice, Int, Row, Rows, Spans, Text, refuse

Name = Annotated[str, Text(limits.name_chars_max)]
Code = Annotated[str, Text(limits.code_chars_max)]
Line = Annotated[str, Text(limits.line_chars_max)]
Prose = Annotated[str, Text(limits.text_chars_max, lines=True)]
Number = Annotated[int, Int(1, limits.number_max)]
Seconds = Annotated[int, Int(0, limits.at_max_seconds)]


class Sex(IntEnum):
    """Sex as in GB/T 2261.1."""

    UNKNOWN = 0
    MALE = 1
    FEMALE = 2


class Urgency(IntEnum):
    """How soon an answer is needed."""

    ROUTINE = 0
    URGENT = 1
    STAT = 2


class Disposition(IntEnum):
    """What the answer says about the place of care."""

    STAY = 1
    REFER = 2


class BlobKind(IntEnum):
    """What an attachment is."""

    DOCUMENT = 0
    VOICE = 1
    ECG = 2
    PICTURE = 3
    THUMBNAIL = 4
    VIEW = 5


class StationKind(IntEnum):
    """The three kinds of station."""

    POST = 1
    DESK = 2
    HUB = 3


@dataclass(frozen=True, slots=True)
class Patient(Checked):
    """Who the consult is about.

    `born` is YYYYMMDD, 00 for an unknown month or day, 0 when unknown. A valid national id fills
    an unknown sex and date of birth. Whether enough is known to act is the station's to judge
    (`identifiers`).
    """

    name: Annotated[str, Text(limits.name_chars_max, required=True)]
    sex: Annotated[Sex, Choice(Sex)] = Sex.UNKNOWN
    born: Annotated[int, Int(0, 21_991_231)] = 0
    national_id: Code = ""
    phone: Code = ""
    place: Line = ""

    def __post_init__(self) -> None:
        """Check the fields, upper-case the id's X, fill sex and birth from a valid id."""
        Checked.__post_init__(self)
        if not identity.valid_born(self.born):
            refuse("born")
        object.__setattr__(self, "national_id", self.national_id.replace("x", "X"))
        if identity.valid_national_id(self.national_id):
            if not self.born:
                object.__setattr__(self, "born", identity.born_of(self.national_id))
            if self.sex is Sex.UNKNOWN:
                male = identity.male_of(self.national_id)
                object.__setattr__(self, "sex", Sex.MALE if male else Sex.FEMALE)

    @property
    def identifiers(self) -> int:
        """How many independent identifiers there are: name, birth, national id, phone."""
        return sum(map(bool, (self.name, self.born, self.national_id, self.phone)))

    @property
    def key(self) -> str:
        """What makes two requests the same patient's: the national id, else name, sex, birth."""
        if self.national_id:
            return f"id:{self.national_id}"
        return f"{self.name}|{int(self.sex)}|{self.born}"


@dataclass(frozen=True, slots=True)
class Diagnosis(Checked):
    """A diagnosis: its ICD-10 code and its name; one of them may be empty, not both."""

    code: Code = ""
    text: Line = ""

    def __post_init__(self) -> None:
        """A diagnosis says something."""
        Checked.__post_init__(self)
        if not self.code and not self.text:
            refuse("diagnosis")


@dataclass(frozen=True, slots=True)
class Rx(Checked):
    """One prescription line. `id` is six random bytes drawn by the author.

    An amendment that keeps the line keeps its id, so what was dispensed stays dispensed.
    """

    id: Annotated[bytes, Bytes(limits.rx_id_bytes)]
    drug: Annotated[str, Text(limits.line_chars_max, required=True)]
    dose: Line = ""
    route: Line = ""
    frequency: Line = ""
    days: Annotated[int, Int(0, limits.rx_days_max)] = 0


@dataclass(frozen=True, slots=True)
class Region(Checked):
    """A part of a picture: left, top, width, height in thousandths of its sides."""

    left: Annotated[int, Int(0, 999)]
    top: Annotated[int, Int(0, 999)]
    width: Annotated[int, Int(1, 1000)]
    height: Annotated[int, Int(1, 1000)]

    def __post_init__(self) -> None:
        """The part lies inside the picture."""
        Checked.__post_init__(self)
        if self.left + self.width > 1000 or self.top + self.height > 1000:
            refuse("region")


@dataclass(frozen=True, slots=True)
class Seen(Checked):
    """What a specialist had before their eyes: the case's clinical records, and their hash."""

    version: Annotated[bytes, Bytes(limits.version_bytes)]
    records: Annotated[tuple[Span, ...], Spans(limits.seen_records_max)] = ()

    def ids(self) -> frozenset[RecordId]:
        """The single records."""
        return frozenset(ids_in(self.records))


@dataclass(frozen=True, slots=True)
class Department(Checked):
    """A department: the code that travels, and its name."""

    code: Annotated[str, Text(limits.code_chars_max, required=True)]
    name: Name = ""


SEEN = Row(Seen)
REGION = Row(Region)
DIAGNOSES = Rows(Row(Diagnosis), limits.diagnoses_max)
RX = Rows(Row(Rx), limits.rx_max)
DEPARTMENTS = Rows(Row(Department), limits.departments_max)
