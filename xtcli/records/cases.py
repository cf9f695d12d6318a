"""The table of cases: one row each, kept equal to the fold in the transaction that changes it.

It exists so that a list of ten thousand cases opens at once; `rebuild` makes it anew from the
records and must change nothing.
"""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from xtcli.records.case import AHEAD_SECONDS_MAX, PROMISE_SECONDS, Case, State
from xtcli.records.ids import RecordId
from xtcli.records.outbox import Outbox
from xtcli.records.queue import Ask, Order, Summary, summarise
from xtcli.records.store import Score
from xtcli.records.values import Sex, Urgency

_COLUMNS = tuple(field.name for field in fields(Summary))[1:]
_SELECT = f"SELECT station, seq, {', '.join(_COLUMNS)} FROM cases"
_ORDERS = {
    Order.QUEUE: (
        "alerts=0, waiting_since=0, urgency DESC, score DESC,"
        " CASE waiting_since WHEN 0 THEN -updated ELSE waiting_since END, station, seq"
    ),
    Order.NEWEST: "created DESC, station, seq",
    Order.UPDATED: "updated DESC, station, seq",
}


class Cases(Outbox):
    """Summaries of cases, and pages of them."""

    score: Score | None = None

    def summary(self, case: RecordId) -> Summary | None:
        """The row of one case."""
        found = self.row(f"{_SELECT} WHERE station=? AND seq=?", *case)
        return _summary(found) if found else None

    def summaries(self, ask: Ask = Ask()) -> list[Summary]:  # noqa: B008 - frozen value
        """One page of cases."""
        where, values = _where(ask)
        rows = self.rows(
            f"{_SELECT} WHERE {where} ORDER BY {_ORDERS[ask.order]} LIMIT ? OFFSET ?",
            *values, ask.limit, ask.offset,
        )  # fmt: skip
        return [_summary(row) for row in rows]

    def words(self, ask: Ask) -> list[tuple[RecordId, str, str, str]]:
        """(case, name, place, complaint) of all that satisfy the conditions, whatever the page, in
        order: to be looked through for what the table cannot find itself.
        """
        where, values = _where(ask)
        rows = self.rows(
            f"SELECT station, seq, name, place, complaint FROM cases WHERE {where}"
            f" ORDER BY {_ORDERS[ask.order]}",
            *values,
        )
        return [(RecordId(row[0], row[1]), row[2], row[3], row[4]) for row in rows]

    def count(self, ask: Ask = Ask()) -> int:  # noqa: B008 - frozen value
        """How many cases satisfy the conditions, whatever the page."""
        where, values = _where(ask)
        return int(self.row(f"SELECT count(*) FROM cases WHERE {where}", *values)[0])

    def _write_summary(self, case: Case, arrived: int) -> None:
        """Put the row of a case."""
        score = self.score(case.body) if self.score else None
        row = summarise(case, score, arrived)
        marks = ",".join("?" * (len(_COLUMNS) + 2))
        self._db.execute(
            f"INSERT OR REPLACE INTO cases (station, seq, {', '.join(_COLUMNS)}) VALUES ({marks})",
            (*row.case, *(getattr(row, name) for name in _COLUMNS)),
        )


def _where(ask: Ask) -> tuple[str, list[Any]]:
    """The conditions as SQL."""
    parts: list[str] = ["1"]
    values: list[Any] = []
    if ask.depts:
        parts.append(f"dept IN ({','.join('?' * len(ask.depts))})")
        values += ask.depts
    for column, value in (
        ("station", ask.post), ("claimed_by", ask.claimed_by), ("patient_key", ask.patient_key),
        ("parent_station", ask.parent and ask.parent.station),
        ("parent_seq", ask.parent and ask.parent.seq),
    ):  # fmt: skip
        if value:
            parts.append(f"{column}=?")
            values.append(value)
    if ask.name or ask.born:
        parts.append("(name=? OR (born=? AND born>0))")
        values += [ask.name, ask.born]
    if ask.text:
        escaped = ask.text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
        names = ("name", "complaint", "place")
        parts.append("(" + " OR ".join(f"{n} LIKE ? ESCAPE '\\'" for n in names) + ")")
        values += [f"%{escaped}%"] * len(names)
    flags = (
        (ask.answered_only, "answered_at>0"), (ask.open_only, f"state<{int(State.CLOSED)}"),
        (ask.waiting_only, "waiting_since>0"), (ask.alerts_only, "alerts>0"),
    )  # fmt: skip
    parts += [condition for wanted, condition in flags if wanted]
    if ask.overdue_at:
        parts.append("waiting_since>0 AND (waiting_since<? OR waiting_since>?)")
        values += [ask.overdue_at - PROMISE_SECONDS, ask.overdue_at + AHEAD_SECONDS_MAX]
    return " AND ".join(parts), values


def _summary(row: Any) -> Summary:
    """A row as a value."""
    named = dict(zip(_COLUMNS, row[2:], strict=True))
    named["sex"], named["urgency"] = Sex(named["sex"]), Urgency(named["urgency"])
    named["state"], named["recheck"] = State(named["state"]), bool(named["recheck"])
    return Summary(case=RecordId(row[0], row[1]), **named)
