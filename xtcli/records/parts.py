"""The parts that a case is folded from: answers and amendments, prescriptions, alerts, claims.

Every function takes a case's records in order (`in_order`) and gives values. Pure.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xtcli.records.ids import RecordId
from xtcli.records.sign import Record
from xtcli.records.types import Alert, AlertAck, Answer, Attach, Dispensed, Kind, Note, Request
from xtcli.records.values import BlobKind, Rx
from xtcli.records.version import clinical


@dataclass(frozen=True, slots=True)
class Version:
    """One answer in the history of answers. `number` counts from 1 along its amendments.

    `replaced_by` is the amendment that took its place; an answer without one stands.
    """

    record: Record
    number: int
    replaced_by: RecordId | None

    @property
    def body(self) -> Answer:
        """The answer itself."""
        assert isinstance(self.record.body, Answer)
        return self.record.body

    @property
    def stands(self) -> bool:
        """No amendment replaced it."""
        return self.replaced_by is None


@dataclass(frozen=True, slots=True)
class Prescription:
    """One prescription line. It can be dispensed once; `extra` are attempts that do not count."""

    line: Rx
    answer: RecordId
    withdrawn: bool
    dispensed: Record | None
    extra: tuple[Record, ...]

    @property
    def open(self) -> bool:
        """May be dispensed now."""
        return not self.withdrawn and self.dispensed is None


@dataclass(frozen=True, slots=True)
class Attachment:
    """A blob of the case, and whether all of it is here."""

    id: RecordId
    author: int
    at: int
    body: Attach
    whole: bool


@dataclass(frozen=True, slots=True)
class Alarm:
    """An alert, and the record by which a named person acknowledged it."""

    record: Record
    acknowledged: Record | None

    @property
    def body(self) -> Alert:
        """The alert itself."""
        assert isinstance(self.record.body, Alert)
        return self.record.body


def order(record: Record) -> tuple[int, int, int]:
    """Where a record belongs in time; total, the same everywhere."""
    return (record.at, record.id.station, record.id.seq)


def in_order(records: Iterable[Record]) -> list[Record]:
    """Each record once, in order."""
    return sorted({record.id: record for record in records}.values(), key=order)


def versions_of(records: Sequence[Record]) -> tuple[Version, ...]:
    """All answers in order. Of two amendments to one answer, the newest counts as its successor."""
    answers = {r.id: r for r in records if isinstance(r.body, Answer)}
    replaced: dict[RecordId, RecordId] = {}
    for record in answers.values():
        amends = _amends(record)
        if amends in answers and amends != record.id:
            replaced[amends] = record.id
    return tuple(
        Version(record, _number(record, answers), replaced.get(record.id))
        for record in answers.values()
    )


def _amends(record: Record) -> RecordId | None:
    """Which answer an answer replaces."""
    return record.body.amends if isinstance(record.body, Answer) else None


def _number(record: Record, answers: dict[RecordId, Record]) -> int:
    """1 + how many answers it replaces, one after another."""
    passed = {record.id}
    at = _amends(record)
    # A ring of amendments cannot be signed honestly, but must not hang us.
    while at is not None and at in answers and at not in passed:
        passed.add(at)
        at = _amends(answers[at])
    return len(passed)


def unseen_by(
    version: Version, records: Sequence[Record]
) -> tuple[tuple[RecordId, ...], tuple[RecordId, ...]]:
    """(clinical records the answer had not seen, those of them that call for a recheck).

    The answer's author knows their own records. Vitals and ECGs call for a recheck; a remark in
    words does not, but is shown.
    """
    seen = version.body.seen.ids()
    fresh = [
        record
        for record in clinical(records).values()
        if record.id not in seen and record.author != version.record.author
    ]
    return tuple(r.id for r in fresh), tuple(r.id for r in fresh if _measures(r))


def _measures(record: Record) -> bool:
    """Whether a record brings vitals or an ECG."""
    body = record.body
    if isinstance(body, Attach):
        return body.blob is BlobKind.ECG
    return isinstance(body, Request | Note) and bool(body.vitals)


def prescriptions_of(
    versions: Sequence[Version], records: Sequence[Record]
) -> tuple[Prescription, ...]:
    """Every line ever prescribed, once by id. The first dispensing counts, all others are flagged.

    A line is withdrawn when no standing answer carries it any more.
    """
    standing = {line.id for v in versions if v.stands for line in v.body.rx}
    newest: dict[bytes, tuple[Rx, RecordId]] = {}
    for version in versions:
        for line in version.body.rx:
            if version.stands or line.id not in standing:
                newest[line.id] = (line, version.record.id)
    given: dict[bytes, list[Record]] = {}
    for record in records:
        if isinstance(record.body, Dispensed):
            given.setdefault(record.body.rx, []).append(record)
    found = []
    for rx_id, (line, answer) in newest.items():
        acts = given.get(rx_id, [])
        found.append(
            Prescription(
                line, answer, rx_id not in standing, acts[0] if acts else None, tuple(acts[1:])
            )
        )
    return tuple(found)


def alarms_of(records: Sequence[Record]) -> tuple[Alarm, ...]:
    """Every alert in order, each with the first acknowledgement that covers it.

    An acknowledgement covers the alert that it names and the earlier alerts about the same thing
    from the same station: those before it in that station's log. Clocks play no part in it.
    """
    acks = [(r, r.body.alert) for r in records if isinstance(r.body, AlertAck)]
    alerts = {r.id: r.body for r in records if isinstance(r.body, Alert)}
    found = []
    for record in records:
        if not isinstance(record.body, Alert):
            continue
        covering = (
            ack
            for ack, named in acks
            if named in alerts
            and named.station == record.id.station
            and named.seq >= record.id.seq
            and alerts[named].of == record.body.of
        )
        found.append(Alarm(record, next(covering, None)))
    return tuple(found)


def claimed_by(records: Sequence[Record]) -> int:
    """The practitioner whose claim stands, 0 for none.

    The first claim stands until its author releases it, so that of two who claim at once on a slow
    link both see the same one. Answering needs no claim.
    """
    waiting: list[int] = []
    for record in records:
        if record.kind is Kind.CLAIMED and record.author not in waiting:
            waiting.append(record.author)
        elif record.kind is Kind.RELEASED and record.author in waiting:
            waiting.remove(record.author)
    return waiting[0] if waiting else 0
