"""docs/format/records.md says what the code does: limits, kinds, the worked example."""

from __future__ import annotations

import re
from pathlib import Path

from tests.records.test_vectors import FILES, load
from xtcli.records import limits
from xtcli.records.types import BODIES, Kind
from xtcli.records.wire import coded

PAGE = (Path(__file__).parents[2] / "docs" / "format" / "records.md").read_text(encoding="utf-8")


def test_every_kind_and_field_is_in_the_table() -> None:
    """Number, name, and each field with its key."""
    for kind in Kind:
        (row,) = re.findall(rf"^\| {int(kind)} \| {kind.name} \|(.*)$", PAGE, re.MULTILINE)
        if kind is Kind.REQUEST:
            continue
        for name, key, _ in coded(BODIES[kind]):
            told = {"station_kind": "kind", "answer": "answer", "departments": "array"}
            assert re.search(rf"\b{key}!? {told.get(name, name)}\b", row), (kind.name, name)


def test_limits_are_stated() -> None:
    for value in (
        limits.content_bytes_max, limits.blob_bytes_max, limits.span_records_max,
        limits.call_seconds_max,
    ):  # fmt: skip
        assert f"{value:,}" in PAGE
    for value in (
        limits.text_chars_max, limits.line_chars_max, limits.name_chars_max,
        limits.code_chars_max, limits.spans_max, limits.seen_records_max, limits.digests_max,
        limits.rx_days_max, limits.departments_max, limits.raw_bytes,
    ):  # fmt: skip
        assert re.search(rf"\b{value}\b", PAGE), value


def test_the_worked_example_is_the_vector() -> None:
    """The bytes on the page, in their order, are the bytes of the file."""
    _, content, _ = load(next(path for path in FILES if path.stem == "ok_request"))
    example = PAGE.split("## Worked example")[1].split("##")[0]
    at = 0
    for line in re.findall(r"^ {4,}((?:[0-9a-f]{2,} ?)+)", example, re.MULTILINE):
        for chunk in line.split():
            found = content.find(bytes.fromhex(chunk), at)
            assert found == at or chunk.startswith("06"), chunk
            at = found + len(chunk) // 2
    assert at == len(content)
    assert f"{len(content)} bytes of content" in example
