"""The words of the interface in Chinese and English.

English sentences are the keys; each room keeps its Chinese in `xtcli/lang/zh_<room>.py` as one
dict `WORDS`. This room knows sentences only: not who shows them or why.
"""

from __future__ import annotations

import importlib
import os
from functools import lru_cache

LANGUAGES = ("en", "zh")
ROOMS = (
    "errors", "records", "transport", "media", "clinic", "station", "roads", "hub", "cli", "tui",
    "tui_call", "web", "emulator",
)  # fmt: skip

_chosen: str | None = None


def choose(language: str | None) -> None:
    """Fix the language ("en" or "zh"); None goes back to the environment."""
    global _chosen
    _chosen = language if language in LANGUAGES else None


def language() -> str:
    """The language in force: chosen, else `XT_LANG`, else the locale, else English."""
    if _chosen is not None:
        return _chosen
    for name in ("XT_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name, "").lower()
        if value:
            return "zh" if value.startswith("zh") else "en"
    return "en"


@lru_cache(maxsize=1)
def chinese() -> dict[str, str]:
    """All Chinese sentences, keyed by their English."""
    words: dict[str, str] = {}
    for room in ROOMS:
        words.update(importlib.import_module(f"xtcli.lang.zh_{room}").WORDS)
    return words


def tr(sentence: str, /, **values: object) -> str:
    """`sentence` in the language in force, with `{name}` places filled from `values`."""
    found = chinese().get(sentence, sentence) if language() == "zh" else sentence
    return found.format(**values) if values else found
