"""What happens in a call, in words for a person: one sentence for each event.

It refuses to know where the words are shown.
"""

from __future__ import annotations

from xtcli.lang import tr
from xtcli.media.call.events import (
    Answered,
    CallEvent,
    ContactBack,
    ContactLost,
    Ended,
    Floor,
    PeerStepped,
    Ringing,
    Stepped,
    Summary,
)
from xtcli.media.call.ladder import RUNGS, Rung


def rung_words(rung: Rung) -> str:
    """How one speaks on a rung."""
    if not rung.live:
        return tr("Not live: what you say is kept and sent as a voice note.")
    if rung.half_duplex:
        return tr("One at a time: wait until the other side has finished.")
    if rung.copies:
        return tr("Both can speak. The link loses data, so everything is sent twice.")
    if rung.bundle > 1:
        return tr("Both can speak. The link is slow, so the sound is simple.")
    return tr("Both can speak, clear sound.")


def _reason_words(reason: str) -> str:
    return {
        "hung up": tr("You hung up."),
        "peer hung up": tr("The other side hung up."),
        "declined": tr("The call was declined."),
        "busy": tr("The other side is in another call."),
        "cancelled": tr("The call was cancelled."),
        "not answered": tr("Nobody answered."),
        "lost": tr("The link has been dead for too long, so the call ended."),
    }[reason]


def _floor_words(holder: str) -> str:
    return {
        "me": tr("You are speaking."),
        "peer": tr("The other side is speaking. Please wait."),
        "free": tr("You may speak."),
    }[holder]


def event_words(event: CallEvent) -> str:
    """The sentence for an event."""
    if isinstance(event, Ringing):
        return tr("It rings at the other side.")
    if isinstance(event, Answered):
        return tr("Connected. You may speak.")
    if isinstance(event, Stepped):
        return rung_words(event.step.after)
    if isinstance(event, PeerStepped):
        rung = RUNGS[event.order]
        return tr("The other side now sends: {how}", how=rung_words(rung))
    if isinstance(event, Floor):
        return _floor_words(event.holder)
    if isinstance(event, ContactLost):
        return tr("No contact. Go on speaking: it will be sent as a voice note.")
    if isinstance(event, ContactBack):
        return tr("Contact again after {seconds} s.", seconds=round(event.away_s))
    assert isinstance(event, Ended)
    return _reason_words(event.reason)


def summary_words(summary: Summary) -> str:
    """A finished call in one line."""
    return tr(
        "{minutes}:{seconds:02d}; {heard} % of your words heard live; {loss} % of packets lost.",
        minutes=int(summary.seconds) // 60,
        seconds=int(summary.seconds) % 60,
        heard=round(100 * summary.heard_s / summary.spoken_s) if summary.spoken_s else 100,
        loss=round(100 * summary.loss),
    )
