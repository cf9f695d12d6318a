"""Typed text made plain without changing what it says. Knows letters only.

Full Unicode compatibility folding (NFKC) is not safe for amounts: it makes 11⁄2 of 1½ and 106 of
10⁶. So values get full-width signs narrowed and nothing else; only names and units are folded.
"""

from __future__ import annotations

import unicodedata

_NARROW = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}


def narrow(text: str) -> str:
    """Full-width signs, digits and letters as their ordinary ones; everything else untouched."""
    return text.translate(_NARROW)


def fold(text: str) -> str:
    """Names and units for comparing: compatibility forms folded (℃, ㎏, ₂), lower case, trimmed."""
    return unicodedata.normalize("NFKC", text).strip().lower()
