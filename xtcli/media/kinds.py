"""What a file is, told from its first bytes and never from its name: for `--attach FILE`.

Pure but for `kind_of_file`. It knows the beginnings of files only; whether the rest is sound is for
the modules that read it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from xtcli.errors import NotFound, UsageError
from xtcli.media import picture, sound

HEAD_BYTES = 8_192
DOCUMENT_BYTES_MAX = 20_000_000
ECG_BYTES_MAX = 20_000_000


class Kind(StrEnum):
    """What xt does with an attachment."""

    VOICE = "voice"
    PICTURE = "picture"
    ECG = "ecg"
    DOCUMENT = "document"


BYTES_MAX = {
    Kind.VOICE: sound.SOURCE_BYTES_MAX,
    Kind.PICTURE: picture.SOURCE_BYTES_MAX,
    Kind.ECG: ECG_BYTES_MAX,
    Kind.DOCUMENT: DOCUMENT_BYTES_MAX,
}


@dataclass(frozen=True, slots=True)
class FileKind:
    """The kind of a file and its media type (IANA, or `x-` where there is none)."""

    kind: Kind
    media_type: str

    @property
    def bytes_max(self) -> int:
        """The largest file of this kind that xt takes."""
        return BYTES_MAX[self.kind]


_V, _P, _E, _D = Kind.VOICE, Kind.PICTURE, Kind.ECG, Kind.DOCUMENT

_BEGINNINGS: tuple[tuple[int, bytes, Kind, str], ...] = (
    # offset, magic, kind, media type; the first that fits wins
    (0, b"OggS", _V, "audio/ogg"),
    (0, b"fLaC", _V, "audio/flac"),
    (0, b"#!AMR", _V, "audio/amr"),
    (0, b"ID3", _V, "audio/mpeg"),
    (8, b"WAVE", _V, "audio/wav"),
    (8, b"AIFF", _V, "audio/aiff"),
    (8, b"AIFC", _V, "audio/aiff"),
    (0, b"caff", _V, "audio/x-caf"),
    (0, b"\x1a\x45\xdf\xa3", _V, "audio/webm"),
    (0, b"\xff\xd8\xff", _P, "image/jpeg"),
    (0, b"\x89PNG\r\n\x1a\n", _P, "image/png"),
    (8, b"WEBP", _P, "image/webp"),
    (0, b"GIF8", _P, "image/gif"),
    (0, b"II*\0", _P, "image/tiff"),
    (0, b"MM\0*", _P, "image/tiff"),
    (0, b"BM", _P, "image/bmp"),
    (16, b"SCPECG", _E, "application/x-scp-ecg"),
    (0, b"0       ", _E, "application/x-edf"),
    (0, b"%PDF-", _D, "application/pdf"),
    (0, b"{\\rtf", _D, "application/rtf"),
)

_BRANDS = {
    b"avif": (_P, "image/avif"),
    b"avis": (_P, "image/avif"),
    b"heic": (_P, "image/heic"),
    b"heix": (_P, "image/heic"),
    b"mif1": (_P, "image/heif"),
}
"""ISO base media files by their first brand; every other brand is sound, with or without video."""

_OFFICE = {
    b"word/": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    b"xl/": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"ppt/": "application/vnd.openxmlformats-officedocument.presentationml.presentation",
}
_ECG_XML = {b"AnnotatedECG": "application/x-aecg+xml", b"restingecgdata": "application/x-ecg+xml"}
_ECG_CLASSES = b"1.2.840.10008.5.1.4.1.1.9."
"""DICOM storage classes of waveforms begin like this (PS3.6)."""


def sniff(head: bytes) -> FileKind | None:
    """The kind of a file that begins with `head` (give `HEAD_BYTES`); None when it is unknown."""
    for offset, magic, kind, media_type in _BEGINNINGS:
        if head[offset : offset + len(magic)] == magic:
            return FileKind(kind, media_type)
    return _iso_media(head) or _dicom(head) or _office(head) or _mpeg(head) or _text(head)


def _iso_media(head: bytes) -> FileKind | None:
    if head[4:8] != b"ftyp":
        return None
    return FileKind(*_BRANDS.get(head[8:12], (_V, "audio/mp4")))


def _dicom(head: bytes) -> FileKind | None:
    if head[128:132] != b"DICM":
        return None
    return FileKind(_E if _ECG_CLASSES in head else _D, "application/dicom")


def _office(head: bytes) -> FileKind | None:
    """Word, Excel and PowerPoint; any other archive stays unknown, since it may hold anything."""
    if head[:4] != b"PK\x03\x04" or b"[Content_Types].xml" not in head:
        return None
    return next((FileKind(_D, kind) for part, kind in _OFFICE.items() if part in head), None)


def _mpeg(head: bytes) -> FileKind | None:
    """MP3 or AAC frames without a header of their own (ISO 11172-3, 13818-7)."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return None
    if head[1] & 0xF6 == 0xF0:
        return FileKind(_V, "audio/aac")
    layer, bitrate, rate = head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    if layer == 0 or bitrate in (0, 15) or rate == 3 or head[1] >> 3 & 3 == 1:
        return None
    return FileKind(_V, "audio/mpeg")


def _text(head: bytes) -> FileKind | None:
    """Readable text in UTF-8 or GB 18030, XML among it; a cut last character does not matter."""
    if not head or re.search(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f]", head):
        return None
    for name, media_type in _ECG_XML.items():
        if name in head:
            return FileKind(_E, media_type)
    for encoding in ("utf-8", "gb18030"):
        for cut in range(4):
            try:
                head[: len(head) - cut].decode(encoding)
            except UnicodeDecodeError:
                continue
            return FileKind(_D, f"text/plain; charset={encoding}")
    return None


def kind_of_file(path: Path) -> FileKind:
    """The kind of the file at `path`, with its size checked.

    Raises `NotFound`; `UsageError` when it is empty, unknown or larger than its kind allows.
    """
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
            size = file.seek(0, 2)
    except FileNotFoundError as error:
        raise NotFound(
            "There is no file {name}.", "Check its name and folder.", name=path.name
        ) from error
    except OSError as error:
        raise _unknown(path.name) from error
    found = sniff(head)
    if found is None:
        raise _unknown(path.name)
    if size > found.bytes_max:
        raise UsageError(
            "{name} is larger than {megabytes} MB.",
            "Send a smaller file or a part of it.",
            name=path.name,
            megabytes=found.bytes_max // 1_000_000,
        )
    return found


def _unknown(name: str) -> UsageError:
    return UsageError(
        "xt cannot tell what {name} is.",
        "Attach a recording, a photo, an ECG, a PDF, a text or an Office file.",
        name=name,
    )
