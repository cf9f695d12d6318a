"""Typical consults for the benchmarks, from the sample kept aside from training."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from xtcli.records.types import Request
from xtcli.records.values import Patient, Sex, Urgency

SAMPLE = Path(__file__).parents[2] / "tests" / "data" / "consults.jsonl"


def rows() -> list[dict[str, Any]]:
    """The kept-aside consults."""
    return [json.loads(line) for line in SAMPLE.read_text(encoding="utf-8").splitlines()]


def request(row: dict[str, Any], number: int = 0) -> Request:
    """One consult as a request's body; `number` makes otherwise equal ones differ."""
    sex = row["sex"]
    patient = Patient(
        name=row["name"], sex=Sex(sex) if isinstance(sex, int) else Sex.UNKNOWN,
        born=int(row["born"]), phone=f"1390000{number:04d}" if number else "",
    )  # fmt: skip
    return Request(
        patient=patient, dept=row["dept"], urgency=Urgency(row["urgency"]),
        complaint=row["complaint"], history=row["history"], exam=row["exam"],
        allergy=row["allergy"], question=row["question"],
        vitals=tuple((int(code), int(value)) for code, value in row["vitals"]),
    )  # fmt: skip
