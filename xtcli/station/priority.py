"""How urgent each thing is on a link: the one table that maps meaning to a number.

0 goes first: critical and stat; then text, ECG, voice, thumbnail, full image.
"""

from __future__ import annotations

CRITICAL, TEXT, ECG, VOICE, THUMBNAIL, IMAGE = range(6)
NAMES = ("critical", "text", "ecg", "voice", "thumbnail", "image")

BLOB = {
    "ecg": ECG,
    "voice": VOICE,
    "thumbnail": THUMBNAIL,
    "view": THUMBNAIL,
    "picture": IMAGE,
    "document": IMAGE,
}


def of_blob(kind: str) -> int:
    """The priority of an attachment's bytes; an unknown kind goes last."""
    return BLOB.get(kind, IMAGE)
