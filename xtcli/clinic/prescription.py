"""A prescription line as doctors type it: `amoxicillin; 0.5 g; po; tid; 7`.

Read into five plain values, with route and frequency as the usual Latin abbreviations. What was
prescribed is never changed or completed: an unknown frequency is refused, an unknown route is kept
as written and pointed out. Knows no drugs, no interactions, no patients.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from xtcli.clinic.text import narrow
from xtcli.errors import UsageError
from xtcli.lang import language, tr

TEXT_CHARS_MAX = 400
DRUG_CHARS_MAX = 120
PART_CHARS_MAX = 60
DAYS_MAX = 366
ORDINARY_DAYS = 7
"""Longest supply of an ordinary prescription (处方管理办法, article 19)."""
EMERGENCY_DAYS = 3
"""Longest supply of an emergency prescription (the same)."""
LONG_TERM_DAYS = 84
"""Twelve weeks: longest 长期处方 (长期处方管理规范(试行), 2021)."""

# code: (English, Chinese, doses a day; None where no number holds)
FREQUENCIES: dict[str, tuple[str, str, float | None]] = {
    "qd": ("once a day", "每日1次", 1),
    "bid": ("twice a day", "每日2次", 2),
    "tid": ("three times a day", "每日3次", 3),
    "qid": ("four times a day", "每日4次", 4),
    "qm": ("every morning", "每晨1次", 1),
    "qn": ("every night", "每晚1次", 1),
    "qod": ("every other day", "隔日1次", 0.5),
    "qw": ("once a week", "每周1次", 1 / 7),
    "biw": ("twice a week", "每周2次", 2 / 7),
    "tiw": ("three times a week", "每周3次", 3 / 7),
    "st": ("once, now", "立即1次", None),
    "prn": ("when needed", "必要时", None),
}
_EVERY_HOURS = (1, 2, 3, 4, 6, 8, 12, 24)
FREQUENCIES |= {f"q{h}h": (f"every {h} h", f"每{h}小时1次", 24 / h) for h in _EVERY_HOURS}
MOMENTS: dict[str, tuple[str, str]] = {
    "ac": ("before meals", "饭前"),
    "pc": ("after meals", "饭后"),
    "hs": ("at bedtime", "睡前"),
    "prn": ("when needed", "必要时"),
}
"""May follow a frequency."""
ROUTES: dict[str, tuple[str, str]] = {
    "po": ("by mouth", "口服"),
    "sl": ("under the tongue", "舌下含服"),
    "im": ("into a muscle", "肌内注射"),
    "iv": ("into a vein", "静脉注射"),
    "ivgtt": ("by drip into a vein", "静脉滴注"),
    "sc": ("under the skin", "皮下注射"),
    "id": ("into the skin", "皮内注射"),
    "inh": ("inhaled", "吸入"),
    "neb": ("nebulised", "雾化吸入"),
    "top": ("on the skin", "外用"),
    "eye": ("into the eye", "滴眼"),
    "ear": ("into the ear", "滴耳"),
    "nose": ("into the nose", "滴鼻"),
    "pr": ("into the rectum", "直肠给药"),
    "pv": ("into the vagina", "阴道给药"),
}
_ROUTE_WORDS = {
    "po": ("oral", "内服", "冲服", "吞服"),
    "sl": ("舌下", "含服", "含化"),
    "im": ("肌注", "肌肉注射"),
    "iv": ("静注", "静推", "静脉推注"),
    "ivgtt": ("ivd", "iv drip", "静滴", "静点", "静脉点滴"),
    "sc": ("ih", "皮下"),
    "id": ("皮内",),
    "inh": ("inhaled",),
    "neb": ("雾化",),
    "top": ("ext", "topical", "外敷", "外涂", "涂抹"),
    "eye": ("点眼",),
    "ear": (),
    "nose": (),
    "pr": ("塞肛", "肛塞", "灌肠"),
    "pv": ("阴道用药",),
}
_ROUTE_OF = {
    word: code
    for code, (english, chinese) in ROUTES.items()
    for word in (code, english, chinese, *_ROUTE_WORDS[code])
}
_DAILY = {"1": "qd", "2": "bid", "3": "tid", "4": "qid"}
_WEEKLY = {"1": "qw", "2": "biw", "3": "tiw"}
_SAID = {
    "隔日1次": "qod", "隔天1次": "qod", "每2日1次": "qod", "每2天1次": "qod", "每晚1次": "qn",
    "每晚": "qn", "每晨1次": "qm", "每晨": "qm", "每早1次": "qm", "每早": "qm", "晨起": "qm",
    "立即": "st", "立即1次": "st", "即刻": "st", "once": "st", "stat": "st", "1次性": "st",
    "daily": "qd", "oncedaily": "qd", "twicedaily": "bid", "hs": "qn",
}  # fmt: skip
_MOMENT_WORDS = {
    "ac": ("饭前", "餐前"),
    "pc": ("饭后", "餐后"),
    "hs": ("睡前", "临睡前"),
    "prn": ("必要时", "需要时", "按需"),
}
_DIGITS = str.maketrans("一二两三四五六七八九", "1223456789")
_TIMES_DAILY = re.compile(r"^(?:每日|每天|1日|1天|日)([1-4])次$|^([1-4])次/(?:日|天|d)$")
_TIMES_WEEKLY = re.compile(r"^(?:每周|1周|周)([1-3])次$|^([1-3])次/周$")
_HOURLY = re.compile(r"^(?:每|q)(\d{1,2})(?:小时1次|小时|h)$")
_DAYS = re.compile(r"^(?:x|×|用|连用|共)?(\d{1,3}|十)(天|日|d|days?|周|w|weeks?)?$")


@dataclass(frozen=True, slots=True)
class RxLine:
    """One drug of a prescription."""

    drug: str
    dose: str
    """Of one administration, with its unit."""
    route: str
    """A code of `ROUTES`, or the words as written."""
    frequency: str
    """A code of `FREQUENCIES`, maybe with one of `MOMENTS` after a space."""
    days: int

    def __post_init__(self) -> None:
        """UsageError for an empty or overlong part, or days outside 1 to 366."""
        _check_parts([self.drug, self.dose, self.route, self.frequency])
        _check_days(self.days)

    @property
    def text(self) -> str:
        """The line in the language in force."""
        return tr(
            "{drug} {dose}, {route}, {frequency}, {days} days",
            drug=self.drug, dose=self.dose, route=route_name(self.route),
            frequency=frequency_name(self.frequency), days=self.days,
        )  # fmt: skip


def parse_rx(text: str) -> RxLine:
    """Read `drug; dose; route; frequency; days`; UsageError with what to write instead.

    Full-width signs are accepted; where there is no semicolon, commas separate.
    """
    plain = narrow(text)
    parts = [part.strip() for part in plain.split(";")]
    if len(parts) == 1:
        parts = [part.strip() for part in re.split(r"[,、|]", plain)]
    while parts and not parts[-1]:
        parts.pop()
    if len(parts) != 5 or len(plain) > TEXT_CHARS_MAX:
        raise UsageError(
            "A prescription line has five parts, here are {count}.",
            "Write it like: amoxicillin; 0.5 g; po; tid; 7",
            count=len(parts),
        )
    drug, dose, route, frequency, days = parts
    return RxLine(drug, dose, parse_route(route), parse_frequency(frequency), parse_days(days))


def warnings(line: RxLine, *, emergency: bool = False) -> list[str]:
    """What the prescriber should look at once more, as sentences in the language in force."""
    found = []
    if not re.search(r"\d|[一二两三四五六七八九半]|适量", line.dose):
        found.append(tr("{drug}: the dose {dose} has no number", drug=line.drug, dose=line.dose))
    if line.route not in ROUTES:
        found.append(tr("{drug}: unusual route {route}", drug=line.drug, route=line.route))
    usual = EMERGENCY_DAYS if emergency else ORDINARY_DAYS
    if line.days > LONG_TERM_DAYS:
        found.append(
            tr("{drug}: {days} days is longer than the 12 weeks of a long-term prescription",
               drug=line.drug, days=line.days)
        )  # fmt: skip
    elif line.days > usual:
        found.append(
            tr("{drug}: {days} days is longer than the usual {usual}",
               drug=line.drug, days=line.days, usual=usual)
        )  # fmt: skip
    return found


def parse_route(text: str) -> str:
    """A code of `ROUTES`; words that are not known come back as written."""
    plain = text.lower().replace(".", "").strip()
    return _ROUTE_OF.get(plain) or _ROUTE_OF.get(plain.replace(" ", ""), text)


def parse_frequency(text: str) -> str:
    """A code of `FREQUENCIES`, with one of `MOMENTS` after it if given; UsageError otherwise."""
    plain = text.lower().replace(".", "").translate(_DIGITS).strip()
    rest, moment = _without_moment(plain)
    rest = re.sub(r"[\s,]", "", rest)
    if not rest and moment:
        return {"prn": "prn", "hs": "qn"}.get(moment) or _unknown_frequency(text)
    code = _frequency_code(rest) or _unknown_frequency(text)
    return f"{code} {moment}" if moment else code


def parse_days(text: str) -> int:
    """Days of supply from `7`, `7d`, `7天`, `x7`, `2周`; UsageError unless from 1 to 366."""
    found = _DAYS.match(text.lower().replace(" ", "").translate(_DIGITS))
    if found is None:
        raise UsageError(
            "The number of days {days} cannot be read.",
            "Write a whole number, like 7.",
            days=text or "-",
        )
    number = 10 if found.group(1) == "十" else int(found.group(1))
    days = number * (7 if (found.group(2) or "").startswith(("周", "w")) else 1)
    _check_days(days)
    return days


def route_name(code: str) -> str:
    """A route in the language in force; unknown words as written."""
    names = ROUTES.get(code)
    return names[language() == "zh"] if names else code


def frequency_name(code: str) -> str:
    """A frequency in the language in force; unknown words as written."""
    base, _, moment = code.partition(" ")
    if base not in FREQUENCIES or (moment and moment not in MOMENTS):
        return code
    zh = language() == "zh"
    english, chinese, _ = FREQUENCIES[base]
    text = chinese if zh else english
    return f"{text} {MOMENTS[moment][zh]}" if moment else text


def doses_per_day(code: str) -> float | None:
    """Doses a day of a frequency; None where no number holds (when needed, once)."""
    base, _, moment = code.partition(" ")
    return None if moment == "prn" else FREQUENCIES.get(base, ("", "", None))[2]


def _check_days(days: int) -> None:
    """UsageError unless from 1 to 366."""
    if not 1 <= days <= DAYS_MAX:
        raise UsageError(
            "A prescription cannot be for {days} days.", "Write from 1 to {limit} days.",
            days=days, limit=DAYS_MAX,
        )  # fmt: skip


def _check_parts(parts: list[str]) -> None:
    """UsageError naming the first part that is empty or too long."""
    names = (tr("drug"), tr("dose"), tr("route"), tr("frequency"))
    for place, (name, part) in enumerate(zip(names, parts, strict=True)):
        if not part:
            raise UsageError(
                "The prescription line has no {part}.",
                "Write it like: amoxicillin; 0.5 g; po; tid; 7",
                part=name,
            )
        limit = PART_CHARS_MAX if place else DRUG_CHARS_MAX
        if len(part) > limit:
            raise UsageError(
                "The {part} is too long.", "Use at most {limit} characters.", part=name, limit=limit
            )


def _without_moment(plain: str) -> tuple[str, str]:
    """The frequency without the words for a moment, and the moment's code."""
    for code, words in _MOMENT_WORDS.items():
        for word in words:
            if word in plain:
                return plain.replace(word, "").strip(), code
        if plain.endswith(" " + code) or plain == code:
            return plain[: -len(code)].strip(), code
    return plain, ""


def _frequency_code(plain: str) -> str | None:
    """The code of a frequency without a moment, or None."""
    if plain in FREQUENCIES:
        return plain
    if plain in _SAID:
        return _SAID[plain]
    daily, weekly, hourly = (
        pattern.match(plain) for pattern in (_TIMES_DAILY, _TIMES_WEEKLY, _HOURLY)
    )
    if daily:
        return _DAILY[daily.group(1) or daily.group(2)]
    if weekly:
        return _WEEKLY[weekly.group(1) or weekly.group(2)]
    if hourly and int(hourly.group(1)) in _EVERY_HOURS:
        return f"q{int(hourly.group(1))}h"
    return None


def _unknown_frequency(text: str) -> str:
    """Raise: the frequency is not understood."""
    raise UsageError(
        "The frequency {frequency} is not understood.", "Known ones: {known}.",
        frequency=text or "-", known=", ".join(FREQUENCIES),
    )  # fmt: skip
