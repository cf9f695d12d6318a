"""What a doctor types for a vital sign, read into exact values: `bp=165/95`, `体温=38.5`.

Full-width signs, Chinese names and the usual units are understood. Nothing is rounded silently:
only a value converted from another unit is rounded, half up, to the scale of its code. This module
knows no ranges; `Vital` refuses what is impossible. The table itself is in `signs`, and what others
need of it can be imported from here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from decimal import ROUND_HALF_UP, Decimal

from xtcli.clinic.signs import (
    BY_CODE,
    TABLE,
    Flag,
    Sign,
    Vital,
    flag,
    from_wire,
    label,
    latest,
)
from xtcli.clinic.text import fold, narrow
from xtcli.errors import UsageError

__all__ = [
    "TABLE",
    "Flag",
    "Sign",
    "Vital",
    "flag",
    "from_wire",
    "label",
    "latest",
    "parse_vital",
    "parse_vitals",
]

TEXT_CHARS_MAX = 80
VITALS_MAX = 64

_ALIASES = {
    "bp": ("bp", "血压", "blood pressure"),
    "sbp": ("sys", "systolic", "高压"),
    "dbp": ("dia", "diastolic", "低压"),
    "pulse": ("hr", "p", "心率", "脉率", "heart rate"),
    "rr": ("r", "resp", "呼吸频率", "呼吸率"),
    "temp": ("t", "temperature", "温度"),
    "spo2": ("sat", "sats", "血氧", "氧饱和度"),
    "o2": ("oxygen", "氧气", "给氧"),
    "acvpu": ("avpu", "consciousness", "神志"),
    "glucose": ("glu", "bg", "rbg", "随机血糖", "末梢血糖"),
    "fbg": ("fpg", "fasting"),
    "weight": ("wt",),
    "height": ("ht",),
    "pain": ("nrs", "vas", "疼痛"),
    "gcs": ("昏迷评分",),
    "urine": ("uo", "尿量"),
    "fhr": ("胎心",),
    "waist": (),
    "crt": ("毛细血管再充盈时间",),
    "o2flow": ("氧流量",),
}
_NAMES = {sign.code: sign.code for sign in TABLE} | {sign.zh: sign.code for sign in TABLE}
_NAMES |= {alias: code for code, aliases in _ALIASES.items() for alias in aliases}

_ONE = Decimal(1)
_MMHG_PER_KPA = Decimal("7.50062")
_MG_DL_PER_MMOL_L = Decimal("18.0156")
"""Molar mass of glucose, 180.156 g/mol."""
_RATE = {"/min": _ONE, "bpm": _ONE, "次/分": _ONE, "次": _ONE, "次/分钟": _ONE, "/分": _ONE}
_PRESSURE = {"mmhg": _ONE, "毫米汞柱": _ONE, "kpa": _MMHG_PER_KPA}
_SUGAR = {"mmol/l": _ONE, "mmol": _ONE, "mg/dl": _ONE / _MG_DL_PER_MMOL_L}
_LENGTH = {"cm": _ONE, "厘米": _ONE, "公分": _ONE, "m": Decimal(100), "米": Decimal(100)}
_SCORE = {"分": _ONE}
_FLOW = {"l": _ONE, "l/min": _ONE, "升/分": _ONE, "升": _ONE}
_UNITS: dict[str, dict[str, Decimal]] = {
    "sbp": _PRESSURE,
    "dbp": _PRESSURE,
    "pulse": _RATE,
    "rr": _RATE,
    "temp": {"c": _ONE, "°c": _ONE, "度": _ONE, "摄氏度": _ONE},
    "spo2": {"%": _ONE},
    "glucose": _SUGAR,
    "fbg": _SUGAR,
    "weight": {
        "kg": _ONE,
        "公斤": _ONE,
        "千克": _ONE,
        "斤": Decimal("0.5"),
        "g": Decimal("0.001"),
        "克": Decimal("0.001"),
    },
    "height": _LENGTH,
    "waist": _LENGTH,
    "pain": _SCORE | {"/10": _ONE},
    "gcs": _SCORE | {"/15": _ONE},
    "urine": {"ml": _ONE, "毫升": _ONE, "ml/24h": _ONE, "l": Decimal(1000), "升": Decimal(1000)},
    "fhr": _RATE,
    "crt": {"s": _ONE, "秒": _ONE},
    "o2flow": _FLOW,
}
_FAHRENHEIT = ("f", "°f", "华氏度")
_WORDS = {
    "o2": {
        0: ("0", "no", "n", "off", "air", "room air", "否", "无", "未", "未吸氧", "空气", "不吸氧"),
        1: ("1", "yes", "y", "on", "是", "有", "吸氧", "已吸氧"),
    },
    "acvpu": {
        0: ("a", "alert", "清醒", "神清", "神志清", "神志清楚"),
        1: ("c", "confusion", "confused", "意识模糊", "谵妄"),
        2: ("v", "voice", "对声音有反应", "呼之能应"),
        3: ("p", "pain", "对疼痛有反应"),
        4: ("u", "unresponsive", "无反应"),
    },
}
_NUMBER = re.compile(r"^([0-9]{1,6}(?:\.[0-9]{1,6})?)\s*(.*)$")
_PAIR = re.compile(r"^([0-9]{1,3}(?:\.[0-9]+)?)\s*/\s*([0-9]{1,3}(?:\.[0-9]+)?)\s*(.*)$")
_EMV = re.compile(r"^e([1-4])\s*v([1-5])\s*m([1-6])$")


def parse_vital(text: str) -> list[Vital]:
    """The vitals in one typed piece: one, or two for `bp=165/95` and `o2=2L/min`.

    UsageError, with a sentence to act on, for an unknown name, unit or form, for more decimals than
    the sign keeps, and for impossible values.
    """
    if len(text) > TEXT_CHARS_MAX:
        raise UsageError(
            "A vital sign of {count} characters cannot be read.", "Write it like bp=120/80.",
            count=len(text),
        )  # fmt: skip
    name, value = _split(narrow(text).strip().lower())
    code = _NAMES.get(name)
    if code is None:
        raise UsageError(
            "There is no vital sign {code}.", "Known ones: {known}.",
            code=name or "-", known=", ".join(["bp", *BY_CODE]),
        )  # fmt: skip
    if code == "bp":
        return _pressures(value)
    if code in _WORDS:
        return _said(code, value)
    if code == "gcs" and (parts := _EMV.match(value)):
        return [Vital("gcs", sum(map(int, parts.groups())))]
    return [_measured(code, value)]


def parse_vitals(texts: Iterable[str]) -> list[Vital]:
    """All typed pieces together, in order; the same sign given twice is a UsageError."""
    found: dict[str, Vital] = {}
    for text in texts:
        for vital in parse_vital(text):
            if vital.code in found and found[vital.code] != vital:
                raise UsageError(
                    "{name} is given twice.", "Give each vital sign once.", name=label(vital.code)
                )
            found[vital.code] = vital
    if len(found) > VITALS_MAX:
        raise UsageError("Too many vital signs.", "Give at most {limit}.", limit=VITALS_MAX)
    _check_pressures(found)
    return list(found.values())


def _split(text: str) -> tuple[str, str]:
    """Name and value around `=` or `:`; else around a space, or where a known name ends."""
    for mark in "=:":
        if mark in text:
            name, _, value = text.partition(mark)
            return fold(name), value.strip()
    for name in sorted(_NAMES, key=len, reverse=True):
        rest = text[len(name) :]
        if text.startswith(name) and rest and not rest[0].isalpha():
            return name, rest.strip()
    head, _, tail = text.partition(" ")
    return (head, tail.strip()) if head in _NAMES else (text, "")


def _pressures(value: str) -> list[Vital]:
    """Systolic and diastolic from `165/95`, `165/95mmHg` or `22/12.7kPa`."""
    pair = _PAIR.match(value)
    if pair is None:
        raise UsageError(
            "The blood pressure {value} cannot be read.",
            "Write it like bp=120/80.",
            value=value or "-",
        )
    unit = pair.group(3)
    vitals = [_measured("sbp", pair.group(1) + unit), _measured("dbp", pair.group(2) + unit)]
    _check_pressures({vital.code: vital for vital in vitals})
    return vitals


def _check_pressures(vitals: dict[str, Vital]) -> None:
    """UsageError if the systolic pressure is not above the diastolic."""
    if {"sbp", "dbp"} <= vitals.keys() and vitals["sbp"].value <= vitals["dbp"].value:
        raise UsageError(
            "Blood pressure {high}/{low}: the first number must be larger than the second.",
            "Write it like bp=120/80.",
            high=vitals["sbp"].value,
            low=vitals["dbp"].value,
        )


def _said(code: str, value: str) -> list[Vital]:
    """A sign given by a word; an oxygen flow means that oxygen is given."""
    for number, words in _WORDS[code].items():
        if value in words:
            return [Vital(code, number)]
    flow = _NUMBER.match(value)
    if code == "o2" and flow and fold(flow.group(2)) in _FLOW:
        amount = _measured("o2flow", value)
        return [Vital("o2", int(amount.value > 0)), amount]
    if code == "o2":
        raise UsageError(
            "Oxygen {value} cannot be read.",
            "Write o2=yes, o2=no or o2=2L/min.",
            value=value or "-",
        )
    raise UsageError(
        "Consciousness {value} cannot be read.",
        "Write A (alert), C (new confusion), V (responds to voice), P (to pain) or U (to nothing).",
        value=value or "-",
    )


def _measured(code: str, value: str) -> Vital:
    """A number with an optional unit, converted and scaled."""
    found = _NUMBER.match(value)
    if found is None:
        raise UsageError(
            "{name}: {value} is not a number.", "Write it like {example}.",
            name=label(code), value=value or "-", example=f"{code}={_example(code)}",
        )  # fmt: skip
    number, unit = Decimal(found.group(1)), fold(found.group(2))
    typed = True
    if code == "temp" and unit in _FAHRENHEIT:
        number, typed = (number - 32) * 5 / 9, False
    elif unit:
        factor = _UNITS[code].get(unit)
        if factor is None:
            raise UsageError(
                "{name} is not given in {unit}.", "Units understood: {units}.",
                name=label(code), unit=unit, units=_unit_list(code),
            )  # fmt: skip
        number, typed = number * factor, factor == 1
    return Vital(code, _scaled(code, number, typed))


def _scaled(code: str, number: Decimal, typed: bool) -> int:
    """The scaled integer; UsageError if typed with decimals that would be lost."""
    decimals = BY_CODE[code].decimals
    scaled = (number * 10**decimals).quantize(_ONE, rounding=ROUND_HALF_UP)
    if typed and scaled != number * 10**decimals:
        raise UsageError(
            "{name} {value} has too many decimals.", "Give at most {decimals}.",
            name=label(code), value=number, decimals=decimals,
        )  # fmt: skip
    return int(scaled)


def _unit_list(code: str) -> str:
    """The units that can be typed for a code."""
    units = list(_UNITS[code]) or ["-"]
    return ", ".join([*units, "F"] if code == "temp" else units)


def _example(code: str) -> str:
    """A value as an example of how to write one."""
    low, high = BY_CODE[code].normal or BY_CODE[code].plausible
    return str((low + high) // 2 // 10 ** BY_CODE[code].decimals)
