"""Text on a grid of cells: widths of Chinese, cutting, times and sizes in few characters.

Pure. Signs whose width depends on the terminal's settings (East Asian ambiguous) are not used in
columns: a cut is shown by `~`.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import UTC, datetime, timedelta

from rich.cells import cell_len, set_cell_size

from xtcli.lang import tr

CHINA = timedelta(hours=8)
CUT = "~"
_FORMAT = re.compile("[\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]")
_HIDDEN = {"Cc", "Cf", "Co", "Cs", "Zl", "Zp"}
LINES_KEPT = "\n"


def clean(text: str, *, lines: bool = False) -> str:
    """`text` without anything that could steer a terminal or reorder a line."""
    if text.isprintable() and not _FORMAT.search(text):
        return text
    kept = (sign if unicodedata.category(sign) not in _HIDDEN else
            (sign if lines and sign == "\n" else (" " if sign in "\t\n\r" else ""))
            for sign in text)  # fmt: skip
    return "".join(kept)


def width(text: str) -> int:
    """Cells that `text` takes."""
    return cell_len(text)


def fit(text: str, cells: int, *, right: bool = False) -> str:
    """`text` in exactly `cells` cells: cut with a mark, or filled with spaces."""
    have = cell_len(text)
    if have > cells:
        return set_cell_size(text, cells - 1) + CUT if cells > 0 else ""
    space = " " * (cells - have)
    return space + text if right else text + space


def skip(text: str, cells: int) -> str:
    """`text` from the cell `cells` on; of a wide sign cut in half, a space."""
    at = 0
    for place, sign in enumerate(text):
        if at >= cells:
            return " " * (at - cells) + text[place:]
        at += cell_len(sign)
    return " " * (at - cells)


def waited(seconds: float) -> str:
    """A waiting time in at most six cells: `4:07`, `1h05`, `3d`."""
    whole = int(seconds)
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d}"
    if whole < 86_400:
        return f"{whole // 3600}h{whole % 3600 // 60:02d}"
    return f"{whole // 86_400}d"


def duration(seconds: float) -> str:
    """A time span in words."""
    if seconds < 9.95:
        return tr("{n} s", n=f"{seconds:.1f}")
    if seconds < 60:
        return tr("{n} s", n=f"{seconds:.0f}")
    minutes = round(seconds / 60)
    if minutes < 60:
        return tr("{n} min", n=minutes)
    if minutes < 2880:
        return tr("{h} h {m} min", h=minutes // 60, m=minutes % 60)
    return tr("{n} days", n=minutes // 1440)


def size(count: int) -> str:
    """A number of bytes in words."""
    if count < 1000:
        return f"{count} B"
    return f"{count / 1000:.1f} kB" if count < 999_950 else f"{count / 1e6:.1f} MB"


def rate(bits: float) -> str:
    """A rate in words."""
    return f"{bits / 1000:.1f} kbit/s" if bits < 999_950 else f"{bits / 1e6:.1f} Mbit/s"


def clock(at: float, now: float) -> str:
    """A moment: the hour today, the day otherwise, in UTC+8."""
    moment = datetime.fromtimestamp(at, UTC) + CHINA
    today = datetime.fromtimestamp(now, UTC) + CHINA
    if moment.date() == today.date():
        return moment.strftime("%H:%M")
    if moment.year == today.year:
        return moment.strftime("%m-%d %H:%M")
    return moment.strftime("%Y-%m-%d")


def state_word(state: str) -> str:
    """How far something has come, in the language in force."""
    return {
        "saved": tr("saved here"), "refused": tr("refused"), "sent": tr("sent"),
        "received": tr("received"),
        "opened": tr("opened"), "claimed": tr("taken"), "answered": tr("answered"),
        "answer_received": tr("answer here"), "acted_on": tr("acted on"), "closed": tr("closed"),
    }.get(state, state)  # fmt: skip


def sex_word(letter: str) -> str:
    """A sex in the language in force."""
    return {"m": tr("M"), "f": tr("F")}.get(letter, "?")


def urgency_word(urgency: int | str) -> str:
    """An urgency in the language in force."""
    words = (tr("routine"), tr("urgent"), tr("stat"))
    number = urgency if isinstance(urgency, int) else ("routine", "urgent", "stat").index(urgency)
    return words[number]


URGENCY_SIGNS = ("  ", "! ", "!!")
