"""The strip about calls above whatever a person does: it rings, who is spoken to, what was missed.

It takes no focus, so nothing that is being typed goes astray; its keys stand in it and a click on
one is that key. It draws a `CallShown` and knows no rule.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from rich.cells import cell_len
from textual.content import Content
from textual.events import Click
from textual.widget import Widget

from xtcli.lang import tr
from xtcli.tui.calling import CallShown, Stage
from xtcli.tui.text import clean, waited
from xtcli.tui.widgets.level import coloured

if TYPE_CHECKING:
    from xtcli.media.call.ladder import Rung

METER_CELLS = 12
Key = tuple[str, str, str]
"""(as printed, what it does, as Textual names it)"""


def rung_word(rung: Rung | None) -> str:
    """A way of talking in two or three words, for a strip."""
    if rung is None:
        return ""
    if not rung.live:
        return tr("not live: a note")
    if rung.half_duplex:
        return tr("push-to-talk")
    if rung.copies:
        return tr("two-way, sent twice")
    return tr("two-way, bundled") if rung.bundle > 1 else tr("two-way")


def patient_words(shown: CallShown) -> str:
    """Whom it is about: two identifiers and the case's number."""
    if shown.about is None:
        return str(shown.case) if shown.case else ""
    return clean("  ".join((*shown.about.identifiers, str(shown.about.case))))


def phase_word(phase: str) -> str:
    """How far a call has come."""
    return {
        "waiting": tr("asking the department"), "calling": tr("calling"),
        "ringing": tr("rings there"), "talking": tr("talking"), "leaving": tr("hanging up"),
        "over": tr("over"),
    }.get(phase, phase)  # fmt: skip


def over_words(shown: CallShown) -> list[str]:
    """How a call went and what became of what was not heard, or why there was none."""
    if shown.error is not None:
        return [clean(f"{shown.error} {shown.error.advice}", lines=False)]
    report = shown.report
    if report is None or not report.answered or report.summary is None:
        return [shown.said[-1] if shown.said else tr("over")]
    from xtcli.media.call.words import summary_words

    lines = [summary_words(report.summary) + " " + tr("Quality {n} of 5.", n=report.quality)]
    if report.notes:
        lines.append(tr("What was not heard ({n} s) is now a voice note in the case.",
                        n=f"{report.note_seconds:.0f}"))  # fmt: skip
    if report.recordings:
        lines.append(tr("The call is kept in the case."))
    return lines


def mic_words(shown: CallShown) -> str:
    """What the microphone does."""
    if shown.listen:
        return tr("listening only")
    if shown.muted:
        return tr("microphone OFF")
    if shown.pressed is not None:
        return tr("SPEAKING") if shown.pressed else tr("listening")
    return ""


def _ring(shown: CallShown) -> Content:
    return Content.assemble(
        ("((o)) ", "bold"), (tr("{who} calls", who=clean(shown.who)), "bold"), "  ",
        patient_words(shown), "  ", waited(shown.seconds),
    )  # fmt: skip


def _question(shown: CallShown) -> Content:
    return Content.assemble(("? ", "bold"), (clean(shown.question), "bold"))


def _no_microphone(shown: CallShown) -> Content:
    return Content.assemble(("x ", "bold"), over_words(shown)[0])


def _call(shown: CallShown) -> Content:
    view = shown.view
    head = Content.assemble(
        (f"{phase_word(view.phase)} {waited(shown.seconds)}", "bold"), "  ", clean(shown.who),
        "  ", patient_words(shown),
    )  # fmt: skip
    if view.phase != "talking":
        return head
    shut = shown.muted or shown.pressed is False or shown.listen
    state = rung_word(view.rung) if view.contact else tr("no contact: it becomes a voice note")
    words = "  ".join(word for word in (state, mic_words(shown)) if word)
    return Content.assemble(
        head, "\n", tr("I say"), " ", coloured(view.microphone, METER_CELLS, shut=shut), "  ",
        tr("I hear"), " ", coloured(view.speaker, METER_CELLS), "  ", words,
    )  # fmt: skip


def _over(shown: CallShown) -> Content:
    head = (tr("Call over.") if shown.error is None else "x", "bold")
    return Content.assemble(head, " ", " ".join(over_words(shown)))


def _missed(shown: CallShown) -> Content:
    first, more = shown.missed[0], len(shown.missed) - 1
    words = (tr("{who} asks to be called", who=clean(first.by)) if first.kind == "call_wanted"
             else tr("Missed call from {who}", who=clean(first.by)))  # fmt: skip
    tail = "  " + tr("and {n} more", n=more) if more else ""
    return Content.assemble(("(o) ", "bold"), (words, "bold"), "  ", patient_words(shown), tail)


DRAWN: dict[Stage, Callable[[CallShown], Content]] = {
    Stage.RING: _ring, Stage.QUESTION: _question, Stage.NO_MICROPHONE: _no_microphone,
    Stage.CALL: _call, Stage.OVER: _over, Stage.MISSED: _missed,
}  # fmt: skip


def keys_of(shown: CallShown) -> list[Key]:
    """The keys that work on the strip."""
    f9, f8 = "f9", "f8"
    if shown.stage is Stage.CALL:
        return [("F9", tr("hang up, mute, push-to-talk"), f9),
                ("^T", tr("microphone on/off"), "ctrl+t")]  # fmt: skip
    return {
        Stage.RING: [("F9", tr("take the call"), f9), ("F8", tr("decline"), f8)],
        Stage.QUESTION: [("F9", tr("yes, keep it"), f9), ("F8", tr("no"), f8)],
        Stage.NO_MICROPHONE: [("F9", tr("only listen"), f9), ("F8", tr("no"), f8)],
        Stage.OVER: [("F9", tr("put away"), f9)],
        Stage.MISSED: [("F9", tr("open the case"), f9), ("F8", tr("seen"), f8)],
    }.get(shown.stage, [])


class CallBar(Widget):
    """The strip. The app puts one on the screen that is on top, and takes it away again."""

    DEFAULT_CSS = """
    CallBar { dock: top; height: auto; max-height: 5; padding: 0 1; background: $primary 40%;
              color: $foreground; }
    CallBar.ring, CallBar.question { background: $warning; color: $background; }
    CallBar.missed { background: $panel; }
    """

    def __init__(self, shown: CallShown) -> None:
        """Draws `shown` until it is given another."""
        super().__init__()
        self.shown = shown
        self._text: Content | None = None
        self._dress()

    def put(self, shown: CallShown) -> None:
        """Draw this; what has not changed costs no bytes."""
        self.shown = shown
        self._dress()
        text = self._drawn()
        if text != self._text:
            taller = self._text is None or self._height(text) != self._height(self._text)
            self._text = text
            self.refresh(layout=taller)

    def _dress(self) -> None:
        for stage in Stage:
            self.set_class(self.shown.stage is stage, stage.value.replace(" ", "-"))

    def _height(self, text: Content) -> int:
        width = max(20, self.size.width or 80)
        return sum(max(1, -(-cell_len(line) // width)) for line in text.plain.split("\n"))

    def _drawn(self) -> Content:
        drawn = DRAWN.get(self.shown.stage)
        if drawn is None:
            return Content("")
        bold = "bold" if self.has_class("ring") or self.has_class("question") else "bold $accent"
        keys = Content("  ").join(
            Content.assemble((name, bold), " ", words) for name, words, _ in keys_of(self.shown)
        )
        return Content("\n").join([drawn(self.shown), keys])

    def render(self) -> Content:
        """What there is, and the keys below."""
        if self._text is None:
            self._text = self._drawn()
        return self._text

    def on_click(self, event: Click) -> None:
        """A click on a key is that key."""
        if event.y != self.size.height - 1:
            return
        at = 1
        for name, words, key in keys_of(self.shown):
            cells = cell_len(name) + 1 + cell_len(words) + 2
            if at <= event.x < at + cells:
                self.app.simulate_key(key)
                return
            at += cells
