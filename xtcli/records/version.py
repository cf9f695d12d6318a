"""The version of a case: what clinical facts an answer was based on. Pure.

The version is BLAKE2s-64 over the sorted digests of the case's clinical records, so two stations
that hold the same facts agree on it, whatever order they arrived in.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from xtcli.records import limits
from xtcli.records.ids import RecordId, Span, spans_of
from xtcli.records.sign import Record
from xtcli.records.types import CLINICAL_KINDS
from xtcli.records.values import Seen


def clinical(records: Iterable[Record]) -> dict[RecordId, Record]:
    """The records that say something about the patient, by id."""
    return {record.id: record for record in records if record.kind in CLINICAL_KINDS}


def case_version(records: Iterable[Record]) -> bytes:
    """8 bytes; depends neither on order nor on duplicates."""
    digests = sorted(record.digest for record in clinical(records).values())
    return hashlib.blake2s(b"".join(digests), digest_size=limits.version_bytes).digest()


def seen_of(records: Iterable[Record], author: int) -> Seen:
    """What `author` has before their eyes when `records` are all there is of a case.

    Their own records are left out of the list (they know them), not out of the version. Of a case
    with more records than a record may name, the newest are named.
    """
    facts = clinical(records)
    others = sorted(rid for rid, record in facts.items() if record.author != author)
    spans = _fitting(others)
    return Seen(case_version(facts.values()), spans)


def _fitting(ids: list[RecordId]) -> tuple[Span, ...]:
    """The runs of the newest ids that the limits of `Seen` allow."""
    ids = ids[-limits.seen_records_max :]
    spans = spans_of(ids)
    return spans[-limits.spans_max :]
