"""Real consults kept aside from training, as record contents."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from xtcli.records import types
from xtcli.records.codec import content_of
from xtcli.records.values import Patient, Sex, Urgency

SAMPLE = Path(__file__).parents[1] / "data" / "consults.jsonl"


@pytest.fixture(scope="session")
def consults() -> list[bytes]:
    """The canonical content of each request of the sample."""
    contents = []
    for seq, line in enumerate(SAMPLE.read_text(encoding="utf-8").splitlines(), 1):
        item = json.loads(line)
        body = types.Request(
            patient=Patient(name=item["name"], sex=Sex(item["sex"]), born=item["born"]),
            dept=item["dept"],
            urgency=Urgency(item["urgency"]),
            vitals=tuple((code, value) for code, value in item["vitals"]),
            **{key: item[key] for key in ("complaint", "history", "exam", "allergy", "question")},
        )
        contents.append(
            content_of(body, station=12, seq=seq, author=40, at=1_800_000_000 + seq, case=None)
        )
    return contents
