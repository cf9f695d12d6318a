"""Bytes: every record comes back equal, every second spelling is refused, nothing crashes."""

from __future__ import annotations

import msgpack
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.records.strategies import bodies, contents
from tests.records.world import DOCTOR, POST, START, World, a_request
from xtcli.errors import BundleRejected, UsageError
from xtcli.records import codec, limits
from xtcli.records.codec import Content, content_of, decode, encode
from xtcli.records.ids import RecordId
from xtcli.records.sign import read
from xtcli.records.types import BODIES, Answer, Body, Claimed, Kind, Note, Receipt, Request
from xtcli.records.values import Diagnosis, Disposition, Patient, Seen, Sex, Urgency

SETTINGS = settings(derandomize=True, max_examples=300, deadline=None)


@SETTINGS
@given(contents())
def test_round_trip(content: Content) -> None:
    assert decode(encode(content)) == content


@SETTINGS
@given(st.binary(max_size=200))
@example(b"")
@example(b"\xc1")
@example(msgpack.packb([1, 2, 3, 4, 5, {}]))
@example(msgpack.packb([1, 2, 3, 4, 5, {5: "a\x1fb", 6: [1]}]))
@example(msgpack.packb([1, 2, 3, 4, 5, {5: "a\x1fb", 7: [1, 2, 3]}]))
@example(msgpack.packb([1, 2, 3, 4, 5, {5: "a\x1fb", 7: 1}]))
@example(msgpack.packb([1, 2, 3, 4, 5, {5: "a\x1fb", 1: []}]))
@example(msgpack.packb([8, 2, 3, 4, 5, 1, {1: {}}]))
@example(msgpack.packb([2, 2, 3, 4, 5, 1, {1: {1: 1}}]))
@example(b"\x81\x90\x01")
@example(b"\x97\x02\x01\x01\x01\x01\x01\x81\xd6\xff\x00\x00\x00\x00\x00")
def test_arbitrary_bytes_are_read_or_refused(data: bytes) -> None:
    """The decoder never crashes, and what it reads it would write the same."""
    try:
        found = decode(data)
    except BundleRejected:
        return
    assert encode(found) == data


@SETTINGS
@given(contents(), st.data())
def test_no_two_byte_strings_mean_the_same(content: Content, data: st.DataObject) -> None:
    """A changed byte is refused or means something else."""
    good = encode(content)
    place = data.draw(st.integers(0, len(good) - 1))
    changed = bytearray(good)
    changed[place] ^= data.draw(st.integers(1, 255))
    try:
        found = decode(bytes(changed))
    except BundleRejected:
        return
    assert found != content


@SETTINGS
@given(contents(), st.integers(0, 40))
def test_truncated_content_is_refused(content: Content, cut: int) -> None:
    good = encode(content)
    with pytest.raises(BundleRejected):
        decode(good[: max(0, len(good) - 1 - cut)])


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_has_a_body_and_a_strategy(kind: Kind) -> None:
    assert BODIES[kind].kind is kind
    assert kind in bodies()


def test_request_is_small() -> None:
    """The scaffolding around a consult's texts stays under 50 bytes."""
    body = a_request()
    texts = [body.dept, body.patient.name, body.complaint, body.history, body.question]
    content = content_of(body, station=120, seq=900, author=121, at=START, case=None)
    assert len(content) - len("".join([*texts, body.patient.phone]).encode()) <= 50


def test_national_id_carries_sex_and_birth() -> None:
    """A valid citizen number costs 10 bytes and saves the sex and date that it tells."""
    plain = a_request(patient=Patient("王小明", Sex.FEMALE, 19_491_231))
    full = a_request(patient=Patient("王小明", national_id="11010519491231002x"))
    assert full.patient.sex is Sex.FEMALE
    assert full.patient.born == 19_491_231
    sizes = [
        len(content_of(body, station=2, seq=1, author=3, at=START, case=None))
        for body in (plain, full)
    ]
    assert sizes[1] - sizes[0] <= 3


def test_a_birth_that_contradicts_the_id_is_kept() -> None:
    """What was typed is what is signed, even beside a number that tells otherwise."""
    who = Patient("王小明", Sex.MALE, 19_500_000, national_id="11010519491231002X")
    found = decode(content_of(a_request(patient=who), station=2, seq=1, author=3, at=5, case=None))
    assert isinstance(found.body, Request)
    assert found.body.patient == who


def test_text_is_normalised_when_built() -> None:
    """NFC, LF, no white space at the ends: two keyboards give one signature."""
    assert Note("  e\u0301a\r\nb ").text == "éa\nb"


@pytest.mark.parametrize("bad", ["a\x1bb", "a\x00", "\ud800", "a\u202eb", "a\u2028b", "a\x1fb"])
def test_characters_that_cannot_be_shown_are_refused(bad: str) -> None:
    with pytest.raises(UsageError, match="cannot be shown"):
        Note(f"x{bad}x")


def test_mongolian_text_survives() -> None:
    """Variation selectors and vowel separators are part of the words."""
    text = "ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ ᠰᠠᠶ᠋ᠢᠨ ᠨᠠ᠎ᠠ"
    content = content_of(Note(text), station=2, seq=2, author=3, at=5, case=RecordId(2, 1))
    assert decode(content).body == Note(text)


def test_limits_are_enforced_on_both_sides() -> None:
    """The longest text fits; one more character is refused by a sentence that names the field."""
    Note("字" * limits.text_chars_max)
    with pytest.raises(UsageError, match="text has 4001 characters; at most 4000 fit"):
        Note("字" * (limits.text_chars_max + 1))
    long = "字" * 2_000
    with pytest.raises(UsageError, match="at most 16384 fit"):
        content_of(a_request(complaint=long, history=long, exam=long), station=2, seq=1, author=3,
                   at=5, case=None)  # fmt: skip


@pytest.mark.parametrize(
    ("body", "case"),
    [
        (Claimed(), None),
        (Receipt(blobs=(bytes(16),)), RecordId(2, 1)),
        (Note("a"), RecordId(0, 1)),
        (Note("a"), RecordId(2, 2**32)),
    ],
)
def test_case_and_kind_must_agree(body: Body, case: RecordId | None) -> None:
    with pytest.raises(UsageError):
        content_of(body, station=2, seq=2, author=3, at=5, case=case)


def test_separator_is_outside_every_text() -> None:
    """The separator of a request's texts is a control character, so no text can hold it."""
    with pytest.raises(UsageError):
        a_request(question=f"a{codec.SEPARATOR}b")


def test_read_needs_the_whole_raw(world: World) -> None:
    record = world.request()
    assert read(record.content, record.raw) == record
    for raw in (record.raw[:-1], record.raw + b"\0", b""):
        with pytest.raises(BundleRejected, match="signature bytes"):
            read(record.content, raw)


def test_urgency_default_is_not_written() -> None:
    """An absent field is its default; a written default is refused."""
    body = a_request(urgency=Urgency.ROUTINE)
    head, fields = [1, POST, 1, DOCTOR, 5], codec.encode_body(body)
    assert 4 not in fields
    spelled = msgpack.packb([*head, dict(sorted((fields | {4: 0}).items()))])
    with pytest.raises(BundleRejected, match="canonical"):
        decode(spelled)


@pytest.mark.parametrize("diagnosis", [Diagnosis("I10.x00x002"), Diagnosis("", "高血压")])
def test_half_a_diagnosis_can_be_read_again(diagnosis: Diagnosis) -> None:
    """A code without a name, or a name without a code, is written short and read back."""
    seen = Seen(bytes(8))
    content = Content(RecordId(4, 1), 5, 0, RecordId(2, 1),
                      Answer(seen, "休息", Disposition.STAY, (diagnosis,)))  # fmt: skip
    assert decode(encode(content)) == content


def test_an_empty_diagnosis_is_refused() -> None:
    with pytest.raises(UsageError):
        Diagnosis()
