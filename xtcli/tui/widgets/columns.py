"""The columns of the lists: urgency and score as colour and sign, waiting against the promise."""

from __future__ import annotations

from xtcli.lang import tr
from xtcli.records.case import PROMISE_SECONDS
from xtcli.station.desk_lists import DeskRow
from xtcli.tui.text import URGENCY_SIGNS, clock, sex_word, state_word, waited
from xtcli.tui.widgets.case_list import Column

HIGH, MEDIUM = 7, 5
"""NEWS2 from which a score is drawn as bad, or as a warning (Royal College of Physicians, 2017)."""
Drawn = tuple[str, str]


def urgency(row: DeskRow, now: float) -> Drawn:
    """`!!` stat, `!` urgent, `A` an alert nobody has acknowledged."""
    if row.alerts:
        return "A!", "bad"
    return URGENCY_SIGNS[row.urgency], ("", "warn", "bad")[row.urgency]


def score(row: DeskRow, now: float) -> Drawn:
    """NEWS2; the sign `+` and `#` say medium and high without colour."""
    if row.score is None:
        return "-", "dim"
    if row.score >= HIGH:
        return f"{row.score}#", "bad"
    return (f"{row.score}+", "warn") if row.score >= MEDIUM else (f"{row.score} ", "")


def waiting(row: DeskRow, now: float) -> Drawn:
    """What is left of the ten minutes, or by how much they are over (`+`)."""
    since = row.waited(now)
    if since is None:
        return "", ""
    left = PROMISE_SECONDS - since
    if left >= 0:
        return waited(left), "warn" if left < PROMISE_SECONDS / 3 else ""
    # Minutes are enough by now, and a second's change on every row would fill a slow line.
    return (f"+{int(-left // 60)}m" if left > -3600 else "+" + waited(-left)), "bad"


def person(row: DeskRow, now: float) -> Drawn:
    """The patient's name."""
    return row.name, "strong"


def age(row: DeskRow, now: float) -> Drawn:
    """Sex and age."""
    return f"{sex_word(row.sex)} {row.age}", ""


def dept(row: DeskRow, now: float) -> Drawn:
    """The department asked."""
    return row.dept, ""


def place(row: DeskRow, now: float) -> Drawn:
    """Where the patient lives, or the post."""
    return row.place, "dim"


def complaint(row: DeskRow, now: float) -> Drawn:
    """The chief complaint; before it, that the case continues another one."""
    return (f"{tr('f/u')} {row.complaint}" if row.parent else row.complaint), ""


def attached(row: DeskRow, now: float) -> Drawn:
    """How many attachments."""
    return (f"@{row.attachments}" if row.attachments else ""), ""


def taken(row: DeskRow, now: float) -> Drawn:
    """Who has taken the case."""
    if row.mine:
        return "*" + tr("me"), "good"
    return row.claimed_by, "dim"


def state(row: DeskRow, now: float) -> Drawn:
    """How far the case has come; what calls for action stands first."""
    if row.recheck:
        return "?  " + tr("recheck"), "bad"
    if row.expired and row.state not in ("acted_on", "closed"):
        return "x  " + tr("expired"), "bad"
    sign, style = {
        "saved": (". ", ""), "refused": ("X ", "bad"), "sent": ("> ", ""),
        "received": ("v ", "good"), "opened": ("o ", "good"), "claimed": ("o ", "good"),
        "answered": ("= ", "strong"),
        "answer_received": ("=>", "warn"), "acted_on": ("ok", "good"), "closed": ("--", "dim"),
    }.get(row.state, ("  ", ""))  # fmt: skip
    return f"{sign} {state_word(row.state)}", style


def filed(row: DeskRow, now: float) -> Drawn:
    """When it was asked."""
    return clock(row.created, now), "dim"


QUEUE = (
    Column("", 2, urgency), Column("EWS", 4, score, right=True),
    Column("left", 6, waiting, right=True, ticks=True), Column("patient", 8, person),
    Column("age", 7, age), Column("dept", 8, dept), Column("complaint", 0, complaint),
    Column("place", 14, place, least=100), Column("@", 2, attached), Column("taken by", 8, taken),
    Column("state", 12, state, least=120), Column("asked", 11, filed, least=140),
)  # fmt: skip
POST = (
    Column("", 2, urgency), Column("patient", 8, person),
    Column("age", 7, age), Column("state", 14, state), Column("complaint", 0, complaint),
    Column("dept", 8, dept), Column("EWS", 4, score, least=90, right=True),
    Column("left", 6, waiting, right=True, ticks=True),
    Column("@", 2, attached, least=90), Column("taken by", 8, taken, least=110),
    Column("asked", 11, filed, least=100),
)  # fmt: skip
