"""Colours: one for dark rooms, one for daylight, one of the highest contrast. Signs say it too."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="xt-dark", dark=True, primary="#5fafd7", secondary="#87afaf", accent="#ffd75f",
    foreground="#e4e4e4", background="#121212", surface="#1c1c1c", panel="#303030",
    success="#87d787", warning="#ffaf5f", error="#ff8787",
)  # fmt: skip
LIGHT = Theme(
    name="xt-light", dark=False, primary="#005f87", secondary="#5f5f5f", accent="#875f00",
    foreground="#121212", background="#ffffff", surface="#f4f4f4", panel="#dadada",
    success="#005f00", warning="#874b00", error="#af0000",
)  # fmt: skip
CONTRAST = Theme(
    name="xt-contrast", dark=True, primary="#00ffff", secondary="#ffffff", accent="#ffff00",
    foreground="#ffffff", background="#000000", surface="#000000", panel="#0000af",
    success="#00ff00", warning="#ffff00", error="#ff5f5f",
)  # fmt: skip
THEMES = (DARK, LIGHT, CONTRAST)
