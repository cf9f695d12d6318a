"""The link in one line: state, rate, round trip, what waits and how long, last contact.

It says what was measured and nothing else: there is no spinner, and an unknown time is not shown.
"""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from xtcli.lang import tr
from xtcli.station.views import Status
from xtcli.tui.text import duration, rate, size

IN_CONTACT_SECONDS = 45.0
"""After this long without a word from the hub the link is not called in contact."""


def link_words(status: Status) -> tuple[str, str, list[str]]:
    """(sign, state, facts) of a link."""
    link = status.link
    facts: list[str] = []
    ago = None if link.last_contact is None else max(0.0, status.now - link.last_contact)
    if ago is None:
        sign, state = "-", tr("no contact with the hub yet")
    elif ago <= IN_CONTACT_SECONDS and status.syncing:
        sign, state = "=", tr("in contact with the hub")
    else:
        sign, state = "x", tr("no contact for {time}", time=duration(ago))
    if not status.syncing:
        facts.append(tr("nothing is sending"))
    if link.rate_bps:
        facts.append(rate(link.rate_bps))
    if link.rtt_s:
        facts.append(tr("round trip {time}", time=duration(link.rtt_s)))
    if status.waiting_records or status.waiting_blobs:
        text = tr("{n} to send, {size}", n=status.waiting_records + status.waiting_blobs,
                  size=size(status.waiting_bytes))  # fmt: skip
        if status.waiting_seconds is not None:
            text += ", " + tr("about {time}", time=duration(status.waiting_seconds))
        facts.append(text)
    else:
        facts.append(tr("nothing waits"))
    return sign, state, facts


class LinkBar(Widget):
    """One line about the link."""

    DEFAULT_CSS = """
    LinkBar { height: 1; background: $surface; color: $foreground; }
    LinkBar.lost { color: $warning; }
    """

    def __init__(self) -> None:
        """Nothing is known yet."""
        super().__init__()
        self._text = ""

    def show(self, status: Status) -> None:
        """Draw a status; nothing is sent to the terminal when the words are the same."""
        sign, state, facts = link_words(status)
        text = f"[{sign}] " + " | ".join([state, *facts])
        if status.refused or status.held:
            text += " | " + tr("{n} set aside", n=status.refused + status.held)
        if text != self._text:
            self._text = text
            self.set_class(sign == "x", "lost")
            self.refresh()

    def render(self) -> Content:
        """The line."""
        return Content(self._text or tr("looking at the link"))
