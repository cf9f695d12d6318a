"""Who a patient is: the national number, two identifiers, and persons who may be the same one.

Nothing here merges anybody: rules give reasons, people decide. Knows plain values only, no store.

Sources: GB 11643-1999 (citizen identification number), ISO/IEC 7064 (MOD 11-2), GB/T 2260 (codes of
the provinces).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from xtcli.clinic.born import Born
from xtcli.clinic.text import narrow
from xtcli.errors import UsageError, XtError
from xtcli.lang import tr

SEXES = ("m", "f")
NAME_CHARS_MAX = 64
# 83: residence permits of people from Taiwan; 9x: permanent residence of foreigners (2023).
_MAINLAND = (
    range(11, 16),
    range(21, 24),
    range(31, 38),
    range(41, 47),
    range(50, 55),
    range(61, 66),
)
PROVINCES = frozenset(str(code) for block in _MAINLAND for code in block) | frozenset(
    str(code) for code in (71, 81, 82, 83, *range(91, 100))
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_NUMBER = re.compile(r"^[0-9]{17}[0-9X]$")
_DOTS = re.compile(r"[\s·•‧・.]+")


@dataclass(frozen=True, slots=True)
class NationalId:
    """A Chinese citizen identification number that checks."""

    text: str

    def __post_init__(self) -> None:
        """UsageError that names the first thing wrong."""
        if not _NUMBER.match(self.text):
            raise UsageError(
                "The national number has {count} characters or wrong signs.",
                "It has 18: seventeen digits and a digit or X. Leave it out if it is not at hand.",
                count=len(self.text),
            )
        if check_sign(self.text) != self.text[-1]:
            raise UsageError(
                "The national number {masked} has a wrong digit: its check does not fit.",
                "Compare it with the card, digit by digit.",
                masked=mask(self.text),
            )
        if self.text[:2] not in PROVINCES:
            raise UsageError(
                "The national number {masked} names no known region.",
                "Compare its first two digits with the card.",
                masked=mask(self.text),
            )
        _ = self.born

    @classmethod
    def parse(cls, text: str) -> NationalId:
        """From what was typed: spaces, hyphens, full-width digits and a small x are accepted."""
        plain = narrow(text[:64]).upper()
        return cls(re.sub(r"[\s-]", "", plain))

    @property
    def born(self) -> Born:
        """The birth date inside."""
        born = Born.from_number(int(self.text[6:14]))
        if not born.complete:
            raise UsageError(
                "The birth date {born} does not exist.",
                "Compare the national number with the card.",
                born=self.text[6:14],
            )
        return born

    @property
    def sex(self) -> str:
        """`m` or `f`, from the last digit of the serial number."""
        return "m" if int(self.text[16]) % 2 else "f"

    @property
    def masked(self) -> str:
        """For screens and logs: `110***********1234`."""
        return mask(self.text)


def check_sign(digits: str) -> str:
    """The 18th sign for the first 17 digits (ISO/IEC 7064, MOD 11-2)."""
    return _CHECKS[sum(int(d) * w for d, w in zip(digits[:17], _WEIGHTS, strict=True)) % 11]


def mask(text: str) -> str:
    """The first 3 and last 4 signs, stars between; shorter texts keep only their last 2."""
    keep = (3, 4) if len(text) > 10 else (0, min(2, len(text) // 2))
    return text[: keep[0]] + "*" * (len(text) - sum(keep)) + text[len(text) - keep[1] :]


@dataclass(frozen=True, slots=True)
class Person:
    """What identity rules look at. Empty text and None mean: not known."""

    name: str
    sex: str = ""
    born: Born | None = None
    national_id: str = ""
    phone: str = ""

    def __post_init__(self) -> None:
        """UsageError for a missing or overlong name, or a sex other than `m` and `f`."""
        if not plain_name(self.name) or len(self.name) > NAME_CHARS_MAX:
            raise UsageError(
                "The patient's name is missing or longer than {limit} characters.",
                "Write the name as on the card.",
                limit=NAME_CHARS_MAX,
            )
        if self.sex and self.sex not in SEXES:
            raise UsageError("The sex {sex} is not understood.", "Write m or f.", sex=self.sex)


def parse_sex(text: str) -> str:
    """`m` or `f` from what was typed, Chinese too; UsageError otherwise."""
    plain = unicodedata.normalize("NFKC", text).strip().lower()
    if plain in ("m", "male", "男", "男性"):
        return "m"
    if plain in ("f", "female", "女", "女性"):
        return "f"
    raise UsageError("The sex {sex} is not understood.", "Write m or f.", sex=text or "-")


def require_agreement(national_id: NationalId, sex: str, born: Born | None, on: date) -> None:
    """UsageError if the number says another sex or birth date than was given, or a future one."""
    national_id.born.age(on)
    if sex and sex != national_id.sex:
        raise UsageError(
            "The national number {masked} belongs to somebody of the other sex.",
            "Check the number and the sex.",
            masked=national_id.masked,
        )
    if born is not None and not _compatible(born, national_id.born):
        raise UsageError(
            "The national number says born {inside}, but {born} was given.",
            "Check the number and the birth date.",
            inside=national_id.born.text,
            born=born.text,
        )


def two_identifiers(person: Person) -> tuple[str, str] | None:
    """The two identifiers to show and compare, or None if there are not two.

    The name is one; the other is the national number, else the complete birth date, else the phone
    number. A year alone is not: half a village shares it.
    """
    if person.national_id:
        return (person.name, mask(person.national_id))
    if person.born is not None and person.born.complete:
        return (person.name, person.born.text)
    return (person.name, mask(person.phone)) if person.phone else None


def require_two_identifiers(person: Person) -> tuple[str, str]:
    """The two identifiers; UsageError if there is only a name."""
    found = two_identifiers(person)
    if found is None:
        raise UsageError(
            "The name alone does not identify {name}.",
            "Add the full birth date, the national number or a phone number.",
            name=person.name,
        )
    return found


class Near(StrEnum):
    """Why two persons may be one, or one number may be on two persons."""

    SAME_ID_OTHER_NAME = "same-id-other-name"
    SAME_ID_OTHER_BORN = "same-id-other-born"
    SAME_NAME_NEAR_BORN = "same-name-near-born"
    SAME_NAME_OTHER_SEX = "same-name-other-sex"
    NAME_ONE_CHARACTER = "name-one-character"
    NAME_SAME_SOUND = "name-same-sound"

    @property
    def text(self) -> str:
        """A sentence for a person."""
        if self is Near.SAME_ID_OTHER_NAME:
            return tr("same national number, another name")
        if self is Near.SAME_ID_OTHER_BORN:
            return tr("same national number, another birth date")
        if self is Near.SAME_NAME_NEAR_BORN:
            return tr("same name, almost the same birth date")
        if self is Near.SAME_NAME_OTHER_SEX:
            return tr("same name and birth date, other sex")
        if self is Near.NAME_ONE_CHARACTER:
            return tr("same birth date, name differs in one character")
        return tr("same birth date, name sounds the same")


def near_duplicate(a: Person, b: Person, *, by_sound: bool = False) -> Near | None:
    """Why `a` and `b` should be compared by a person, or None. Symmetric.

    None also for an exact match (nothing to point out) and for two different national numbers that
    both check: a check sign catches every single wrong digit and every swap of neighbours.
    `by_sound` compares the pinyin of names too (loads pypinyin, about 0.4 s the first time).
    """
    same_name = plain_name(a.name) == plain_name(b.name)
    if a.national_id and a.national_id == b.national_id:
        if not same_name:
            return Near.SAME_ID_OTHER_NAME
        return None if _same_or_unknown(a.born, b.born) else Near.SAME_ID_OTHER_BORN
    if _checks(a.national_id) and _checks(b.national_id):
        return None
    if a.born is None or b.born is None:
        return None
    other_sex = bool(a.sex and b.sex and a.sex != b.sex)
    if same_name:
        if a.born == b.born:
            return Near.SAME_NAME_OTHER_SEX if other_sex else None
        return Near.SAME_NAME_NEAR_BORN if near_born(a.born, b.born) else None
    if a.born != b.born or not a.born.complete or other_sex:
        return None
    return _near_name(a.name, b.name, by_sound=by_sound)


def near_born(a: Born, b: Born) -> bool:
    """Whether one date may be a slip or a less precise form of the other.

    True for compatible partial dates, one wrong digit, two neighbouring digits swapped, day and
    month swapped, and neighbouring days.
    """
    if _compatible(a, b):
        return True
    if not (a.complete and b.complete):
        return False
    if abs((a.earliest() - b.earliest()).days) == 1 or (a.day, a.month) == (b.month, b.day):
        return True
    x, y = f"{a.number:08d}", f"{b.number:08d}"
    wrong = [place for place in range(8) if x[place] != y[place]]
    if len(wrong) == 1:
        return True
    i, j = wrong[0], wrong[-1]
    return len(wrong) == 2 and j == i + 1 and x[i] == y[j] and x[j] == y[i]


def plain_name(name: str) -> str:
    """A name for comparing: one width, no spaces or middle dots, no capitals."""
    return _DOTS.sub("", unicodedata.normalize("NFKC", name)).casefold()


def _near_name(a: str, b: str, *, by_sound: bool) -> Near | None:
    """How two different names are alike."""
    x, y = plain_name(a), plain_name(b)
    if _one_edit(x, y):
        return Near.NAME_ONE_CHARACTER
    if by_sound:
        from pypinyin import lazy_pinyin

        if lazy_pinyin(x) == lazy_pinyin(y):
            return Near.NAME_SAME_SOUND
    return None


def _one_edit(x: str, y: str) -> bool:
    """Whether one character replaced, added or left out makes one name of the other."""
    if len(x) > len(y):
        x, y = y, x
    if len(y) - len(x) > 1 or len(y) < 2 or x == y:
        return False
    same = next((i for i, (p, q) in enumerate(zip(x, y, strict=False)) if p != q), len(x))
    return x[same + (len(x) == len(y)) :] == y[same + 1 :]


def _checks(text: str) -> bool:
    """Whether this is a valid national number."""
    try:
        NationalId(text)
    except XtError:
        return False
    return True


def _same_or_unknown(a: Born | None, b: Born | None) -> bool:
    """Whether two birth dates do not contradict each other."""
    return a is None or b is None or _compatible(a, b)


def _compatible(a: Born, b: Born) -> bool:
    """Whether the parts that both know are the same."""
    pairs = ((a.year, b.year), (a.month, b.month), (a.day, b.day))
    return all(x == y or not x or not y for x, y in pairs)
