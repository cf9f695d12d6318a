"""Attachments as lines: what it is, how long or large, whether it has arrived."""

from __future__ import annotations

from xtcli.lang import tr
from xtcli.station.desk_views import blob_word
from xtcli.tui.sheet import Sheet
from xtcli.tui.text import clean, clock, fit, size


def attachment_lines(sheet: Sheet) -> list[str]:
    """One line for each attachment of the case, in order."""
    lines = []
    for item in sheet.case.attachments:
        body = item.body
        length = tr("{n} s", n=body.seconds) if body.seconds else ""
        where = tr("here") if item.whole else tr("on its way")
        lines.append(
            f"{fit(clock(item.at, sheet.now), 11)} {fit(blob_word(body.blob), 14)} "
            f"{fit(length, 6)} {fit(size(body.size), 9)} [{where}] {clean(body.caption)}"
        )
    return lines
