"""Whom records reach and how urgently, and what front ends are given to draw."""

from __future__ import annotations

import pytest

from xtcli.records.ids import RecordId
from xtcli.records.sign import blob_digest
from xtcli.records.types import Attach
from xtcli.records.values import BlobKind, Patient, Sex
from xtcli.station import attaching, priority, routing, views, words

NOW = 1_780_000_000
"""2026-05-29 04:26:40 in China."""


def attached(kind: BlobKind) -> Attach:
    """An attachment of a kind."""
    return Attach(blob_digest(b"x"), 1000, "application/octet-stream", kind)


def test_times_are_china_s() -> None:
    """The hour today, the day otherwise; programs get the offset too."""
    assert views.clock(NOW, NOW + 60) == "04:26:40"
    assert views.clock(NOW, NOW + 90_000) == "2026-05-29 04:26"
    assert views.iso(NOW) == "2026-05-29T04:26:40+08:00"


def test_age_survives_a_clock_that_jumped() -> None:
    """A clock before the birth date gives no age, not a failure."""
    patient = Patient("其其格", Sex.FEMALE, 19620501)
    assert views.age_text(patient, NOW).startswith("64")
    assert views.age_text(patient, -3_000_000_000) == ""
    assert views.age_text(Patient("其其格", Sex.FEMALE, 0, phone="13800000000"), NOW) == ""


def test_patient_document_masks_numbers() -> None:
    """National number and phone never leave whole."""
    patient = Patient("其其格", Sex.FEMALE, 19491231, national_id="11010519491231002X",
                      phone="13812345678")  # fmt: skip
    document = views.patient_document(patient)
    assert "19491231" not in document["national_id"]
    assert "12345678" not in document["phone"]
    assert document["identifiers"][0] == "其其格"
    assert all("19491231" not in text for text in document["identifiers"])


def test_text_goes_before_pictures() -> None:
    """A voice note before a view, a thumbnail before the full image; text before all of them."""
    order = [BlobKind.ECG, BlobKind.VOICE, BlobKind.THUMBNAIL, BlobKind.VIEW]
    found = [routing.blob_priority(attached(kind)) for kind in order]
    assert found == sorted(found)
    assert routing.blob_priority(attached(BlobKind.PICTURE)) >= found[-1]
    assert all(value > priority.TEXT for value in found)


def test_an_original_waits_until_it_is_asked_for() -> None:
    assert not attaching.travels(attached(BlobKind.PICTURE))
    assert attaching.travels(attached(BlobKind.VOICE))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_words_for_codes(language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No code is shown as it is stored; `acted_on` reads as words."""
    monkeypatch.setenv("XT_LANG", language)
    assert words.state("acted_on") == ("acted on" if language == "en" else "已执行")
    assert words.kind("alert_ack") == ("alert seen" if language == "en" else "报警已确认")
    for table in words.TABLES:
        for code, word in table.items():
            assert "_" not in word, code
    assert words.kind("something_new") == "something_new"


def test_pages_are_bounded() -> None:
    assert views.in_pages((RecordId(1, n) for n in range(1, 100)), 3) == [
        RecordId(1, 1), RecordId(1, 2), RecordId(1, 3),
    ]  # fmt: skip
