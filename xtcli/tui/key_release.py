"""Space held down to speak, in terminals that say when a key goes up.

A terminal tells a program that a key went down, and nothing more; Kitty's keyboard protocol can
tell the rest. It is switched on for the screen of a call only, where nothing is typed. Textual 8
takes such a sequence for broken, so it is taken apart here before. Elsewhere a press switches.
Source: sw.kovidgoyal.net/kitty/keyboard-protocol, "Event types".
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from textual import events
from textual._xterm_parser import XTermParser
from textual.keys import Keys

ON = "\x1b[>11u"
"""Disambiguate (1), event types (2), all keys as sequences (8): else Space is never reported up."""
OFF = "\x1b[<u"
RELEASED = "key_released"
REPEAT, UP = "2", "3"
SPACE = "32"
PROGRAMS = ("ghostty", "WezTerm")
_EVENT = re.compile(r"(\x1b\[(\d*)[\d:]*;\d*):(\d)((?:;[\d:]*)?[u~A-S])")


def tells_release(env: Mapping[str, str]) -> bool:
    """Whether this terminal is known to say when a key goes up; a multiplexer does not."""
    if env.get("TMUX") or env.get("STY"):
        return False
    term = env.get("TERM", "")
    return "kitty" in term or term.startswith("foot") or env.get("TERM_PROGRAM", "") in PROGRAMS


_plain = XTermParser._parse_extended_key


def _with_events(parser: XTermParser, sequence: str) -> list[events.Key] | None:
    """A key's sequence with an event type: down as ever, up only of Space, no repeats of it."""
    found = _EVENT.fullmatch(sequence)
    if found is None:
        return _plain(parser, sequence)
    head, code, kind, tail = found.groups()
    if kind == UP:
        return [events.Key(RELEASED if code == SPACE else Keys.Ignore, None)]
    if kind == REPEAT and code == SPACE:
        return [events.Key(Keys.Ignore, None)]
    return _plain(parser, head + tail)


def understand() -> None:
    """From now on such sequences are understood, in this process."""
    XTermParser._parse_extended_key = _with_events  # type: ignore[assignment, method-assign]
