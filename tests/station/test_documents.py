"""Streams of request documents: where each starts, what is bad, and that nothing explodes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from xtcli.errors import UsageError
from xtcli.station import documents
from xtcli.station.documents import Document, read_documents


def read(text: str) -> list[Document]:
    """All documents of a text."""
    return list(read_documents(text))


def test_yaml_documents_know_their_lines() -> None:
    """The line is the first that says something, counted in the whole stream."""
    found = read("# batch\n\nname: a\n---\n\n# c\nname: b\n---\n---\nname: c\n")
    assert [(d.line, d.value) for d in found] == [
        (3, {"name": "a"}), (7, {"name": "b"}), (10, {"name": "c"}),
    ]  # fmt: skip


def test_a_bad_yaml_document_costs_itself_only() -> None:
    """Its problem names the line of the stream where it went wrong."""
    found = read("name: a\n---\nname: b\nvital: [bp\nsex: f\n---\nname: c\n")
    assert [d.problem is None for d in found] == [True, False, True]
    assert 4 <= found[1].line <= 6
    assert "cannot be read" in str(found[1].problem)


def test_values_stay_as_typed() -> None:
    """A year is text, `no` is not false, a phone number keeps its zero, a date is no date."""
    (found,) = read("born: 1962\nallergy: no\nphone: 0471123\nexam: 2026-01-02\n")
    assert found.value == {
        "born": "1962", "allergy": "no", "phone": "0471123", "exam": "2026-01-02",
    }  # fmt: skip


def test_byte_order_mark_is_ignored() -> None:
    assert read("\ufeffname: a\n")[0].value == {"name": "a"}
    assert read('\ufeff{"name": "a"}')[0].value == {"name": "a"}


def test_json_lines_array_and_object() -> None:
    """One document, several, and a list of them; a broken line costs itself only."""
    assert [d.value for d in read('{"a": 1}\n{"a": 2}\n')] == [{"a": 1}, {"a": 2}]
    assert [d.value for d in read('[{"a": 1}, {"a": 2}]')] == [{"a": 1}, {"a": 2}]
    found = read('{"a": 1}\n{broken\n{"a": 3}\n')
    assert [(d.line, d.problem is None) for d in found] == [(1, True), (2, False), (3, True)]


def test_nothing_is_nothing() -> None:
    for text in ("", "\n\n", "---\n---\n", "# only words\n", "\ufeff"):
        assert read(text) == []


def test_too_long_a_stream_is_refused() -> None:
    with pytest.raises(UsageError):
        read("a" * (documents.STREAM_BYTES_MAX + 1))


def test_too_long_a_document_is_reported() -> None:
    """Before it is parsed; the next is read."""
    found = read("- a\n" * (documents.DOCUMENT_LINES_MAX + 1) + "---\nname: b\n")
    assert found[0].problem is not None
    assert found[1].value == {"name": "b"}


def test_anchor_bomb_is_refused() -> None:
    """A page of anchors that stands for billions of values is a bad document, read in no time."""
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{n}: &a{n} [{','.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    (found,) = read("\n".join(lines))
    assert found.problem is not None
    assert "anchors" in str(found.problem)


def test_deep_nesting_is_refused() -> None:
    """Thousands of brackets are a bad document, not a crash."""
    for text in ("a: " + "[" * 5000, "[" * 100_000, '{"a":' * 50_000):
        assert all(d.problem is not None for d in read(text))


@settings(derandomize=True, deadline=None)
@given(st.text(max_size=300))
def test_any_text_gives_documents_or_problems(text: str) -> None:
    """Never an exception; every document is a value or a problem, in order of lines."""
    found = read(text)
    assert [d.line for d in found] == sorted(d.line for d in found)
    assert all(d.line >= 1 for d in found)


@settings(derandomize=True)
@given(st.lists(st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3), max_size=5))
def test_json_lines_come_back(values: list[dict[str, str]]) -> None:
    text = "\n".join(json.dumps(value, ensure_ascii=False) for value in values)
    found = read(text)
    assert [d.value for d in found] == values
    assert [d.line for d in found] == list(range(1, len(values) + 1))
