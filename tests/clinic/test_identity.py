"""Birth dates, ages, the national number, two identifiers and near-duplicates."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.clinic.born import Born
from xtcli.clinic.identity import (
    NationalId,
    Near,
    Person,
    check_sign,
    mask,
    near_born,
    near_duplicate,
    parse_sex,
    require_agreement,
    require_two_identifiers,
    two_identifiers,
)
from xtcli.errors import UsageError
from xtcli.lang import choose

TODAY = date(2026, 11, 21)
# The example number printed in GB 11643-1999.
STANDARD = "11010519491231002X"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1958", 19580000), ("1958-03", 19580300), ("1958-3-2", 19580302), ("1958/3/12", 19580312),
        ("1958.03.12", 19580312), ("19580312", 19580312), ("1958年3月12日", 19580312),
        ("1958年3月", 19580300), ("1958年", 19580000), ("１９５８－０３", 19580300),
        ("2024-02-29", 20240229),
    ],
)  # fmt: skip
def test_born_as_typed(text: str, number: int) -> None:
    born = Born.parse(text)
    assert born.number == number
    assert Born.from_number(number) == born == Born.parse(born.text)


@pytest.mark.parametrize(
    "text",
    ["", "58", "1958-13", "1958-00", "1958-02-30", "2023-02-29", "1958-3-0", "1958-03-12-1",
     "yesterday", "1879", "2201", "19581301", "195803120", "195８-0３-00", "1958³"],
)  # fmt: skip
def test_born_refused(text: str) -> None:
    with pytest.raises(UsageError) as refused:
        Born.parse(text)
    assert refused.value.advice


@pytest.mark.parametrize(
    ("born", "on", "text"),
    [
        ("1958-03-12", date(2026, 3, 11), "67 y"),
        ("1958-03-12", date(2026, 3, 12), "68 y"),
        ("1958", TODAY, "67–68 y"),
        ("1958-03", date(2026, 3, 15), "67–68 y"),
        ("1958-03", TODAY, "68 y"),
        ("2026-11-12", TODAY, "9 days"),
        ("2026-11-21", TODAY, "0 days"),
        ("2026-10-21", TODAY, "1 months"),
        ("2024-11-22", TODAY, "23 months"),
        ("2024-11-21", TODAY, "2 y"),
        ("2026", TODAY, "0–10 months"),
        ("2024-02-29", date(2025, 2, 28), "12 months"),
        ("2024-01-31", date(2024, 2, 28), "0 months"),
    ],
)
def test_ages(born: str, on: date, text: str) -> None:
    """Birthdays, unknown parts, infants, leap days."""
    if text == "0 months":
        text = "28 days"
    assert Born.parse(born).age(on).text == text


def test_adulthood_is_judged_by_the_least_age() -> None:
    age = Born.parse("2010").age(TODAY)
    assert (age.years, age.years_max) == (15, 16)
    assert age.decimal < 16


def test_no_birth_in_the_future() -> None:
    assert Born.parse("2026").age(TODAY).years == 0
    with pytest.raises(UsageError):
        Born.parse("2026-11-22").age(TODAY)


@settings(derandomize=True, max_examples=200)
@given(st.dates(date(1900, 1, 1), date(2026, 11, 21)), st.integers(0, 40000))
def test_less_precise_dates_bracket_the_age(day: date, later: int) -> None:
    """The age from a year alone, or year and month, always contains the true one."""
    on = day + timedelta(days=later)
    exact = Born(day.year, day.month, day.day).age(on)
    assert exact.months_min == exact.months_max
    for vague in (Born(day.year), Born(day.year, day.month)):
        age = vague.age(on)
        assert age.months_min <= exact.months_min <= age.months_max


def test_the_standard_example() -> None:
    number = NationalId.parse("110105 19491231-002x")
    assert number.text == STANDARD
    assert (number.born.text, number.sex) == ("1949-12-31", "f")
    assert number.masked == "110***********002X"


@pytest.mark.parametrize("place", range(18))
def test_every_wrong_digit_is_caught(place: int) -> None:
    """ISO 7064 MOD 11-2 catches each single substitution, also of the check sign."""
    for digit in "0123456789X":
        if digit != STANDARD[place]:
            with pytest.raises(UsageError):
                NationalId(STANDARD[:place] + digit + STANDARD[place + 1 :])


@pytest.mark.parametrize("place", range(17))
def test_every_swap_of_neighbours_is_caught(place: int) -> None:
    a, b = STANDARD[place], STANDARD[place + 1]
    if a != b:
        with pytest.raises(UsageError):
            NationalId(STANDARD[:place] + b + a + STANDARD[place + 2 :])


def signed(body: str) -> str:
    """Seventeen digits with their check sign."""
    return body + check_sign(body)


@pytest.mark.parametrize(
    "text",
    [
        signed("00010519491231002"), signed("99" * 8 + "9"), signed("11010519490231002"),
        signed("11010519491301002"), signed("11010519490000002"), signed("11010517491231002"),
        "110105491231002", STANDARD + "1", "", "1101051949123100２X",
    ],
)  # fmt: skip
def test_a_fitting_check_sign_is_not_enough(text: str) -> None:
    """Unknown regions, impossible dates and the old 15 digits are refused, without the number."""
    with pytest.raises(UsageError) as refused:
        NationalId(text)
    assert refused.value.advice
    if len(text) == 18:
        assert text not in str(refused.value)


def test_agreement_with_what_was_given() -> None:
    number = NationalId(STANDARD)
    require_agreement(number, "f", Born(1949, 12, 31), TODAY)
    require_agreement(number, "", Born(1949), TODAY)
    require_agreement(number, "f", None, TODAY)
    for sex, born, on in (
        ("m", None, TODAY),
        ("f", Born(1949, 12, 30), TODAY),
        ("f", Born(1950), TODAY),
        ("f", None, date(1949, 12, 30)),
    ):
        with pytest.raises(UsageError):
            require_agreement(number, sex, born, on)


def test_masks() -> None:
    assert mask("13800138000") == "138****8000"
    assert mask("123456") == "****56"
    assert mask("1") == "*"
    assert mask("") == ""


def test_sex_as_typed() -> None:
    assert [parse_sex(text) for text in ("M", "男", "Female", " 女性 ")] == ["m", "m", "f", "f"]
    with pytest.raises(UsageError):
        parse_sex("x")


def test_what_counts_as_two_identifiers() -> None:
    name = "王小明"
    assert two_identifiers(Person(name)) is None
    assert two_identifiers(Person(name, born=Born(1958))) is None
    assert two_identifiers(Person(name, born=Born(1958, 3))) is None
    assert two_identifiers(Person(name, born=Born(1958, 3, 12))) == (name, "1958-03-12")
    assert two_identifiers(Person(name, phone="13800138000")) == (name, "138****8000")
    assert two_identifiers(Person(name, national_id=STANDARD)) == (name, mask(STANDARD))
    with pytest.raises(UsageError):
        require_two_identifiers(Person(name, born=Born(1958)))


@pytest.mark.parametrize("bad", [("", ""), ("  ", ""), ("王" * 65, ""), ("王小明", "x")])
def test_person_is_validated(bad: tuple[str, str]) -> None:
    with pytest.raises(UsageError):
        Person(*bad)


OTHER = signed("15010219580312001")
B = Born(1958, 3, 12)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        (Person("王芳", "f", B), Person("王 芳", "f", B), None),
        (
            Person("王芳", national_id=OTHER),
            Person("李娜", national_id=OTHER),
            Near.SAME_ID_OTHER_NAME,
        ),
        (
            Person("王芳", "f", B, OTHER),
            Person("王芳", "f", Born(1959, 3, 12), OTHER),
            Near.SAME_ID_OTHER_BORN,
        ),
        (Person("王芳", "f", B, OTHER), Person("王芳", "f", Born(1958), OTHER), None),
        (Person("王芳", "f", B), Person("王芳", "m", B), Near.SAME_NAME_OTHER_SEX),
        (Person("王芳", "f", B), Person("王芳", "f", Born(1958, 3, 13)), Near.SAME_NAME_NEAR_BORN),
        (Person("王芳", "f", B), Person("王芳", "f", Born(1985, 3, 12)), Near.SAME_NAME_NEAR_BORN),
        (Person("王芳", "f", B), Person("王芳", "f", Born(1958)), Near.SAME_NAME_NEAR_BORN),
        (Person("王芳", "f", B), Person("王芳", "f", Born(1971, 8, 5)), None),
        (Person("王小芳", "f", B), Person("王晓芳", "f", B), Near.NAME_ONE_CHARACTER),
        (Person("王芳", "f", B), Person("王小芳", "f", B), Near.NAME_ONE_CHARACTER),
        (Person("王芳", "f", B), Person("王芳芳", "m", B), None),
        (Person("乌云·其其格", "f", B), Person("乌云其其格", "f", B), None),
        (Person("章小芳", "f", B), Person("张晓芳", "f", B), None),
        (Person("王芳", "f", B, OTHER), Person("王芳", "f", Born(1958, 3, 13), STANDARD), None),
        (Person("王芳"), Person("王芳"), None),
    ],
)
def test_near_duplicates(a: Person, b: Person, expected: Near | None) -> None:
    assert near_duplicate(a, b) is near_duplicate(b, a) is expected


def test_same_sound_only_when_asked() -> None:
    a, b = Person("章小芳", "f", B), Person("张晓芳", "f", B)
    assert near_duplicate(a, b) is None
    assert near_duplicate(a, b, by_sound=True) is Near.NAME_SAME_SOUND


def test_every_reason_has_words() -> None:
    texts = {near.text for near in Near}
    choose("zh")
    texts |= {near.text for near in Near}
    assert len(texts) == 2 * len(Near)


@pytest.mark.parametrize(
    ("a", "b", "near"),
    [
        (19580312, 19580313, True), (19580301, 19580228, True), (19580312, 19850312, True),
        (19580312, 19581203, True), (19580312, 19580912, True), (19580312, 19580000, True),
        (19580312, 19580300, True), (19580312, 19580321, True), (19580312, 19590000, False),
        (19580312, 19570412, False), (19580312, 19610805, False), (19580000, 19590000, False),
    ],
)  # fmt: skip
def test_near_birth_dates(a: int, b: int, near: bool) -> None:
    x, y = Born.from_number(a), Born.from_number(b)
    assert near_born(x, y) is near_born(y, x) is near
