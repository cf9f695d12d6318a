"""Kinds of files from their first bytes, whatever they are called."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from tests.media.sounds import sound_file
from xtcli.errors import NotFound, UsageError
from xtcli.media import kinds, voice
from xtcli.media.kinds import Kind

VOICES = {
    "wav": ("pcm_s16le", "audio/wav"),
    "mp3": ("libmp3lame", "audio/mpeg"),
    "mp4": ("aac", "audio/mp4"),
    "adts": ("aac", "audio/aac"),
    "amr": ("libopencore_amrnb", "audio/amr"),
    "ogg": ("libopus", "audio/ogg"),
    "flac": ("flac", "audio/flac"),
    "webm": ("libopus", "audio/webm"),
    "aiff": ("pcm_s16be", "audio/aiff"),
    "caf": ("pcm_s16le", "audio/x-caf"),
}


@pytest.mark.parametrize("form", VOICES)
def test_sound_files(form: str, mandarin: bytes) -> None:
    codec, media_type = VOICES[form]
    rate = 8_000 if form == "amr" else 48_000
    found = kinds.sniff(sound_file(mandarin[:32_000], form, codec, rate)[: kinds.HEAD_BYTES])
    assert found == kinds.FileKind(Kind.VOICE, media_type)


def test_own_note_is_a_voice_note(mandarin: bytes) -> None:
    assert kinds.sniff(voice.encode(mandarin)) == kinds.FileKind(Kind.VOICE, "audio/ogg")


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF", "GIF", "TIFF", "BMP"])
def test_pictures(form: str) -> None:
    room = io.BytesIO()
    Image.new("RGB", (40, 30)).save(room, form)
    found = kinds.sniff(room.getvalue())
    assert found == kinds.FileKind(Kind.PICTURE, f"image/{form.lower()}")


def office(part: str) -> bytes:
    room = io.BytesIO()
    with zipfile.ZipFile(room, "w") as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr(part, "x")
    return room.getvalue()


OTHERS = {
    "pdf": (b"%PDF-1.7\n", Kind.DOCUMENT, "application/pdf"),
    "utf-8": ("血压 165/95".encode(), Kind.DOCUMENT, "text/plain; charset=utf-8"),
    "gb18030": (
        "胸痛两小时，血压 165/95".encode("gb18030"),
        Kind.DOCUMENT,
        "text/plain; charset=gb18030",
    ),
    "mongolian": ("ᠮᠣᠩᠭᠣᠯ".encode(), Kind.DOCUMENT, "text/plain; charset=utf-8"),
    "docx": (office("word/document.xml"), Kind.DOCUMENT, kinds._OFFICE[b"word/"]),
    "xlsx": (office("xl/workbook.xml"), Kind.DOCUMENT, kinds._OFFICE[b"xl/"]),
    "dicom": (bytes(128) + b"DICM" + bytes(50), Kind.DOCUMENT, "application/dicom"),
    "dicom ecg": (
        bytes(128) + b"DICM" + b"1.2.840.10008.5.1.4.1.1.9.1.1",
        Kind.ECG,
        "application/dicom",
    ),
    "aecg": (b'<?xml version="1.0"?><AnnotatedECG>', Kind.ECG, "application/x-aecg+xml"),
    "scp": (bytes(16) + b"SCPECG" + bytes(20), Kind.ECG, "application/x-scp-ecg"),
    "edf": (b"0       X X X", Kind.ECG, "application/x-edf"),
    "heic": (b"\0\0\0\x18ftypheic", Kind.PICTURE, "image/heic"),
}


@pytest.mark.parametrize("name", OTHERS)
def test_ecgs_and_documents(name: str) -> None:
    head, kind, media_type = OTHERS[name]
    assert kinds.sniff(head) == kinds.FileKind(kind, media_type)


UNKNOWN = {
    "empty": b"",
    "program": b"\x7fELF\x02\x01\x01" + bytes(100),
    "windows program": b"MZ\x90\x00\x03\x00\x00\x00",
    "archive": office("evil.bin").replace(b"[Content_Types].xml", b"[Content_Typez].xml"),
    "binary": bytes(range(256)),
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_is_one_clear_sentence(name: str, tmp_path: Path) -> None:
    path = tmp_path / "附件.pdf"
    path.write_bytes(UNKNOWN[name])
    with pytest.raises(UsageError) as caught:
        kinds.kind_of_file(path)
    assert str(caught.value) == "xt cannot tell what 附件.pdf is."


def test_name_does_not_matter_and_size_does(tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(b"%PDF-1.7\n")
    assert kinds.kind_of_file(path).kind is Kind.DOCUMENT
    with path.open("r+b") as file:
        file.truncate(kinds.DOCUMENT_BYTES_MAX + 1)
    with pytest.raises(UsageError, match="larger than 20 MB"):
        kinds.kind_of_file(path)
    with pytest.raises(NotFound):
        kinds.kind_of_file(tmp_path / "none")
    with pytest.raises(UsageError):
        kinds.kind_of_file(tmp_path)


@settings(derandomize=True, max_examples=500, deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_have_a_kind_or_none(head: bytes) -> None:
    found = kinds.sniff(head)
    assert found is None or found.bytes_max > 0


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.text(min_size=1, max_size=200).filter(lambda t: t.isprintable()), st.integers(0, 3))
def test_text_cut_inside_a_character_is_still_text(text: str, cut: int) -> None:
    head = ("主诉：" + text).encode()
    found = kinds.sniff(head[: len(head) - cut])
    assert found is not None
