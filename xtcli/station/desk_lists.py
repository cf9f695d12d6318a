"""Lists of cases as a screen shows them: which ones, in which order, a page at a time.

A list may have ten thousand cases and shows twenty: nothing here loads more than it is asked for,
but a search by pinyin initials, which looks through the names in the table of cases once for each
change of what is typed. It knows no screen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from functools import lru_cache
from threading import Lock

from xtcli.records.case import is_overdue
from xtcli.records.ids import RecordId
from xtcli.records.queue import Ask, Order, Summary
from xtcli.records.values import Patient
from xtcli.station import views
from xtcli.station.happenings import RINGING
from xtcli.station.reading import Reading

NEAR_ROWS = 128
NEWS_SECONDS = 20.0
"""How long a row is marked after something new has come into its case."""
LISTS_KEPT = 8
"""Looked-through lists that are remembered until the log changes."""


class Show(IntEnum):
    """Which cases."""

    WAITING = 1
    MINE = 2
    OVERDUE = 3
    OPEN = 4
    ANSWERED = 5
    ALL = 6


@dataclass(frozen=True, slots=True)
class Wanted:
    """A list: which cases, what they must match, in which order."""

    show: Show = Show.WAITING
    text: str = ""
    order: Order = Order.QUEUE
    dept: str = ""


@dataclass(frozen=True, slots=True)
class DeskRow:
    """One case in a list. Times in unix seconds, 0 when it does not apply; `score` None: none."""

    case: RecordId
    name: str
    sex: str
    age: str
    dept: str
    place: str
    urgency: int
    complaint: str
    state: str
    created: int
    waiting_since: int
    answered_at: int
    score: int | None
    claimed_by: str
    mine: bool
    attachments: int
    alerts: int
    recheck: bool
    expired: bool
    parent: RecordId | None = None
    """The case that this one continues."""

    def waited(self, now: float) -> float | None:
        """Seconds somebody has waited; None when nobody does."""
        return max(0.0, now - self.waiting_since) if self.waiting_since else None

    def overdue(self, now: float) -> bool:
        """Whether the ten-minute promise is broken."""
        return is_overdue(self.waiting_since, now)


class CaseLists:
    """Pages of lists at one station. Safe to use from one thread at a time."""

    def __init__(self, station: Reading) -> None:
        """Nothing is read yet."""
        self.station = station
        self._found: dict[Wanted, list[RecordId]] = {}
        self._found_at: tuple[int, int] = (-1, -1)

    def count(self, wanted: Wanted) -> int:
        """How many cases the list has."""
        if is_initials(wanted.text):
            return len(self._looked_through(wanted))
        return self.station.log.count(self._ask(wanted, 0, 0))

    def page(self, wanted: Wanted, offset: int, limit: int) -> list[DeskRow]:
        """Rows `offset` to `offset + limit` of the list."""
        return [self.row(summary) for summary in self._summaries(wanted, offset, limit)]

    def locate(self, wanted: Wanted, case: RecordId, near: int) -> int | None:
        """Where a case stands now, looked for around `near`; None when it is not there."""
        start = max(0, near - NEAR_ROWS)
        found = self._summaries(wanted, start, 2 * NEAR_ROWS)
        places = (start + n for n, summary in enumerate(found) if summary.case == case)
        return next(places, None)

    def row(self, summary: Summary) -> DeskRow:
        """A summary as a row."""
        station, now = self.station, self.station.clock()
        who = Patient(summary.name, summary.sex, summary.born)
        return DeskRow(
            case=summary.case, name=summary.name, sex=views.SEX_LETTERS[summary.sex],
            age=views.age_text(who, now), dept=department_name(station, summary.dept),
            place=summary.place or station.name(summary.case.station),
            urgency=int(summary.urgency), complaint=" ".join(summary.complaint.split()),
            state=station.state_of(summary), created=summary.created,
            waiting_since=summary.waiting_since, answered_at=summary.answered_at,
            score=summary.score if summary.score >= 0 else None,
            claimed_by=station.name(summary.claimed_by) if summary.claimed_by else "",
            mine=summary.claimed_by == station.settings.practitioner != 0,
            attachments=summary.attachments, alerts=summary.alerts, recheck=summary.recheck,
            expired=summary.expired(now), parent=summary.parent,
        )  # fmt: skip

    def _summaries(self, wanted: Wanted, offset: int, limit: int) -> list[Summary]:
        if not is_initials(wanted.text):
            return self.station.log.summaries(self._ask(wanted, offset, limit))
        found = self._looked_through(wanted)[offset : offset + limit]
        rows = (self.station.log.summary(case) for case in found)
        return [summary for summary in rows if summary is not None]

    def _ask(self, wanted: Wanted, offset: int, limit: int) -> Ask:
        show, station = wanted.show, self.station
        return Ask(
            depts=(wanted.dept,) if wanted.dept else (),
            claimed_by=station.settings.practitioner if show is Show.MINE else 0,
            text="" if is_initials(wanted.text) else wanted.text.strip(),
            answered_only=show is Show.ANSWERED,
            open_only=show in (Show.OPEN, Show.MINE), waiting_only=show is Show.WAITING,
            overdue_at=int(station.clock()) if show is Show.OVERDUE else 0,
            order=wanted.order, limit=limit, offset=offset,
        )  # fmt: skip

    def _looked_through(self, wanted: Wanted) -> list[RecordId]:
        """Every case of a list that the table cannot search itself, in order."""
        log = self.station.log
        at = (log.data_version(), log.own_head().seq)
        if at != self._found_at or len(self._found) >= LISTS_KEPT:
            self._found.clear()
            self._found_at = at
        found = self._found.get(wanted)
        if found is None:
            fits = matcher(wanted.text)
            rows = log.words(self._ask(wanted, 0, 0))
            found = [case for case, name, place, said in rows if fits(case, name, place, said)]
            self._found[wanted] = found
        return found


def department_name(station: Reading, code: str) -> str:
    """The name of a department; its code when the roster does not say."""
    for entry in station.roster.departments:
        if entry.code == code:
            return entry.name or entry.code
    return code


def is_initials(text: str) -> bool:
    """Whether what was typed may be pinyin initials or a case's number: no Chinese in it."""
    plain = text.strip()
    return bool(plain) and plain.isascii()


def matcher(text: str) -> Callable[[RecordId, str, str, str], bool]:
    """Whether a case's number, name, place or complaint match what was typed."""
    plain = text.strip().lower()
    if plain[:1].isdigit():
        return lambda case, name, place, said: (
            plain in said.lower() or str(case).startswith(plain) or plain in name
        )
    return lambda case, name, place, said: (
        has_initials(name, plain)
        or has_initials(place, plain)
        or plain in name.lower()
        or plain in said.lower()
    )


def has_initials(text: str, typed: str) -> bool:
    """Whether `typed` (small letters) are the pinyin initials of a stretch of `text`.

    A character with several readings matches each of them: 单 as a surname is `s`.
    """
    letters, every = letters_of(text)
    if not every.issuperset(typed):
        return False
    width = len(typed)
    return any(
        all(typed[n] in letters[start + n] for n in range(width))
        for start in range(len(letters) - width + 1)
    )


@lru_cache(maxsize=32_768)
def letters_of(text: str) -> tuple[tuple[str, ...], frozenset[str]]:
    """First letters of each character's readings, and all of them together."""
    letters = tuple(initials_of(sign) for sign in text)
    return letters, frozenset("".join(letters))


@lru_cache(maxsize=8_192)
def initials_of(sign: str) -> str:
    """First letters of a character's readings; the character itself when it has none."""
    if sign.isascii():
        return sign.lower()
    from pypinyin import Style, pinyin

    found = pinyin(sign, style=Style.FIRST_LETTER, heteronym=True, errors="ignore")
    return "".join(found[0]) if found else sign


class Arrivals:
    """Notices records from other stations, whoever fetched them: this process or another."""

    def __init__(self, station: Reading) -> None:
        """What is here now is not news."""
        self.station = station
        self._heads = {no: station.log.head(no).seq for no in station.log.stations()}

    def new(self) -> Iterator[RecordId]:
        """Records above what was known of their station; gaps filled later make no noise."""
        log = self.station.log
        for no in log.stations():
            before, now = self._heads.get(no, 0), log.head(no).seq
            self._heads[no] = now
            if no != self.station.number:
                for seq in range(before + 1, now + 1):
                    yield RecordId(no, seq)


class News:
    """Cases into which something has just come that concerns a person here, to be marked a while.

    Safe to use from several threads.
    """

    def __init__(self, station: Reading) -> None:
        """What is here now is not news."""
        self.station = station
        self._arrivals = Arrivals(station)
        self._until: dict[RecordId, float] = {}
        self._lock = Lock()

    def look(self) -> dict[RecordId, float]:
        """Cases, and until when (unix seconds) they are marked: from when they are first seen."""
        now, here = self.station.clock(), self.station.kind
        with self._lock:
            self._until = {case: until for case, until in self._until.items() if until > now}
            for number in self._arrivals.new():
                record = self.station.log.get(number)
                if record is not None and record.case and record.kind in RINGING[here]:
                    self._until[record.case] = now + NEWS_SECONDS
            return dict(self._until)
