"""How a terminal calls somebody: bell, notification where it is known to have one.

A notification says that something came, never about whom: it may stand on a locked screen.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from xtcli.lang import tr

if TYPE_CHECKING:
    from textual.app import App

BELL = "\a"
OSC_9 = ("iTerm.app", "WezTerm", "ghostty")
OSC_777 = ("foot", "rxvt-unicode", "rxvt-unicode-256color")


def notification(text: str, env: Mapping[str, str]) -> str:
    """The sequence that shows `text` on the desktop; empty where the terminal may not know it.

    OSC 9 is iTerm2's, OSC 777 urxvt's, OSC 99 kitty's. A multiplexer would swallow or print them.
    """
    if env.get("TMUX") or env.get("STY"):
        return ""
    if env.get("TERM_PROGRAM", "") in OSC_9:
        return f"\x1b]9;{text}\x1b\\"
    if env.get("TERM", "") in OSC_777 or env.get("VTE_VERSION"):
        return f"\x1b]777;notify;xt;{text}\x1b\\"
    if "kitty" in env.get("TERM", ""):
        return f"\x1b]99;;{text}\x1b\\"
    return ""


def ring(app: App[None], count: int) -> None:
    """Bell, and a notification where there is one."""
    app.bell()
    _notify(app, tr("{n} new", n=count))


def ring_call(app: App[None], *, wanted: bool = False) -> None:
    """The same for somebody who calls; `wanted`: who asks to be called."""
    app.bell()
    _notify(app, tr("A call is wanted") if wanted else tr("Incoming call"))


def _notify(app: App[None], text: str) -> None:
    said = notification(text, os.environ)
    driver = app._driver
    if said and driver is not None:
        driver.write(said)
        driver.flush()
