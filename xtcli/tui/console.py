"""What a bare console cannot draw, and what is done about it.

The Linux console (no windows, `TERM=linux`) has 512 glyphs at most and sixteen colours: no Chinese,
no Braille dots. It knows the environment only; a terminal is never asked.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from xtcli import lang


def bare(env: Mapping[str, str] | None = None) -> bool:
    """Whether this is the Linux console itself. Chinese consoles (fbterm, kmscon) name themselves
    otherwise.
    """
    return (os.environ if env is None else env).get("TERM", "") == "linux"


def choose_language(env: Mapping[str, str] | None = None) -> None:
    """English on a bare console unless `XT_LANG` says otherwise, whatever the locale is."""
    known = os.environ if env is None else env
    if bare(known) and not known.get("XT_LANG"):
        lang.choose("en")
