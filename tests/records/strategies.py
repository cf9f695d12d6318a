"""Hypothesis strategies for bodies and contents, derived from the declared limits."""

from __future__ import annotations

from functools import cache

from hypothesis import strategies as st

from xtcli.records import limits, types
from xtcli.records.codec import Content
from xtcli.records.identity import check_character
from xtcli.records.ids import RecordId, spans_of
from xtcli.records.types import OUTSIDE_CASES, Body, Kind
from xtcli.records.values import (
    BlobKind,
    Department,
    Diagnosis,
    Disposition,
    Patient,
    Region,
    Rx,
    Seen,
    Sex,
    StationKind,
    Urgency,
)

letters = st.sampled_from("患者高血压胸痛3小时abcXYZ，。 éᠮ🫀\u200d")
lines = st.text(letters, max_size=20)
prose = st.text(st.one_of(letters, st.just("\n")), max_size=60)
must = prose.filter(lambda text: bool(text.strip()))
words = lines.filter(lambda text: bool(text.strip()))
numbers = st.integers(1, limits.number_max)
refs = st.builds(RecordId, st.integers(1, 300), st.integers(1, 70_000))
far_refs = st.builds(RecordId, numbers, st.integers(1, limits.seq_max))
optional_refs = st.none() | far_refs
digests = st.binary(min_size=16, max_size=16)
keys = st.binary(min_size=32, max_size=32)
rx_ids = st.binary(min_size=6, max_size=6)
times = st.integers(0, limits.at_max_seconds)
spans = st.lists(refs, max_size=12).map(spans_of)
vitals = st.dictionaries(
    st.integers(1, limits.vital_code_max), st.integers(-(2**31), limits.vital_value_max), max_size=9
).map(lambda found: tuple(sorted(found.items())))
seen = st.builds(Seen, st.binary(min_size=8, max_size=8), spans)
borns = st.one_of(
    st.just(0),
    st.integers(1850, 2199).map(lambda year: year * 10_000),
    st.dates().filter(lambda d: 1850 <= d.year <= 2199).map(lambda d: int(f"{d:%Y%m%d}")),
)


@st.composite
def national_ids(draw: st.DrawFn) -> str:
    """Valid citizen numbers."""
    born = draw(st.dates().filter(lambda d: 1900 <= d.year <= 2100))
    body = f"{draw(st.integers(110000, 659999))}{born:%Y%m%d}{draw(st.integers(0, 999)):03}"
    return body + check_character(body)


patients = st.builds(
    Patient, words, st.sampled_from(Sex), borns,
    st.one_of(st.just(""), national_ids(), st.just("M1234567")), lines, lines,
)  # fmt: skip
diagnoses = st.one_of(st.builds(Diagnosis, words, lines), st.builds(Diagnosis, lines, words))
rx = st.builds(Rx, rx_ids, words, lines, lines, lines, st.integers(0, limits.rx_days_max))


@st.composite
def answers(draw: st.DrawFn) -> types.Answer:
    """Answers, some of them amendments."""
    amends = draw(optional_refs)
    return types.Answer(
        seen=draw(seen), advice=draw(must), disposition=draw(st.sampled_from(Disposition)),
        diagnoses=tuple(draw(st.lists(diagnoses, max_size=3))),
        rx=tuple(draw(st.lists(rx, max_size=3, unique_by=lambda line: line.id))),
        refer_to=draw(lines), expires=draw(times), amends=amends,
        reason=draw(words) if amends else "",
    )  # fmt: skip


@st.composite
def regions(draw: st.DrawFn) -> Region:
    """Parts inside a picture."""
    left, top = draw(st.integers(0, 999)), draw(st.integers(0, 999))
    return Region(left, top, draw(st.integers(1, 1000 - left)), draw(st.integers(1, 1000 - top)))


@cache
def bodies() -> dict[Kind, st.SearchStrategy[Body]]:
    """A strategy for each kind."""
    notes = st.tuples(prose, vitals).filter(lambda n: bool(n[0].strip() or n[1]))
    receipts = st.tuples(spans, st.lists(digests, max_size=3).map(tuple)).filter(
        lambda r: bool(r[0] or r[1])
    )
    consent = st.sampled_from([(False, False), (False, True), (True, True)])
    calls = st.tuples(numbers, times, st.integers(0, 86_400), st.integers(0, 5), consent)
    depts = st.lists(words, max_size=4).map(tuple)
    departments = st.lists(st.builds(Department, words, lines), max_size=3).map(tuple)
    return {
        Kind.REQUEST: st.builds(
            types.Request, patients, words, st.sampled_from(Urgency), prose, prose, prose, prose,
            prose, vitals, lines, optional_refs,
        ),
        Kind.NOTE: notes.map(lambda n: types.Note(*n)),
        Kind.ATTACH: st.builds(
            types.Attach, digests, st.integers(1, limits.blob_bytes_max), lines,
            st.sampled_from(BlobKind), lines, st.integers(0, 86_400), optional_refs,
            st.none() | digests,
        ),
        Kind.ASK: st.builds(types.Ask, must, optional_refs, st.none() | regions()),
        Kind.OPENED: st.builds(types.Opened, seen),
        Kind.CLAIMED: st.builds(types.Claimed),
        Kind.RELEASED: st.builds(types.Released, lines),
        Kind.ANSWER: answers(),
        Kind.ACK: st.builds(types.Ack, far_refs, st.booleans(), prose),
        Kind.CLOSED: st.builds(types.Closed, prose),
        Kind.RECEIPT: receipts.map(lambda r: types.Receipt(*r)),
        Kind.ESCALATED: st.builds(types.Escalated, lines),
        Kind.ALERT: st.builds(
            types.Alert, must, st.integers(0, 1000), st.integers(0, 70_000), optional_refs
        ),
        Kind.ALERT_ACK: st.builds(types.AlertAck, far_refs, lines),
        Kind.DISPENSED: st.builds(types.Dispensed, rx_ids, lines),
        Kind.CALL: calls.map(lambda c: types.Call(*c[:4], *c[4])),
        Kind.STATION: st.builds(
            types.StationEntry, numbers, lines, st.sampled_from(StationKind), keys, keys, lines,
            st.integers(0, 70_000), times,
        ),
        Kind.PRACTITIONER: st.builds(
            types.PractitionerEntry, numbers, lines, numbers, keys, lines, depts, times
        ),
        Kind.REVOKED: st.builds(types.Revoked, numbers, lines, st.integers(0, limits.seq_max)),
        Kind.DEPARTMENTS: st.builds(types.Departments, departments),
    }  # fmt: skip


@st.composite
def contents(draw: st.DrawFn) -> Content:
    """Whole contents of any kind."""
    kind = draw(st.sampled_from(Kind))
    body = draw(bodies()[kind])
    record_id = draw(far_refs)
    case: RecordId | None = record_id
    if kind in OUTSIDE_CASES:
        case = None
    elif kind is not Kind.REQUEST:
        own = st.integers(1, limits.seq_max).map(lambda seq: RecordId(record_id.station, seq))
        case = draw(st.one_of(own, far_refs).filter(lambda c: c != record_id))
    return Content(record_id, draw(numbers), draw(times), case, body)
