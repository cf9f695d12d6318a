"""The citizen identification number (GB 11643-1999) and dates of birth. Pure rules on values."""

from __future__ import annotations

import calendar

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"


def check_character(body: str) -> str:
    """The 18th character for the first 17 digits (ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(w * int(d) for w, d in zip(_WEIGHTS, body, strict=True)) % 11]


def valid_national_id(text: str) -> bool:
    """18 characters, a real date of birth within, and the check character right."""
    if len(text) != 18 or not (text.isascii() and text[:17].isdigit()) or text[0] == "0":
        return False
    born = int(text[6:14])
    return born % 100 > 0 and valid_born(born) and check_character(text[:17]) == text[17]


def born_of(national_id: str) -> int:
    """YYYYMMDD of a valid national id."""
    return int(national_id[6:14])


def male_of(national_id: str) -> bool:
    """True when the sequence digit of a valid national id is odd: male."""
    return int(national_id[16]) % 2 == 1


def valid_born(born: int) -> bool:
    """0, or YYYYMMDD with 00 for an unknown month or day, between 1850 and 2199."""
    if born == 0:
        return True
    year, month, day = born // 10_000, born // 100 % 100, born % 100
    if not (1850 <= year <= 2199 and month <= 12):
        return False
    if month == 0:
        return day == 0
    return day <= calendar.monthrange(year, month)[1]
