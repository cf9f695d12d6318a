"""Who this is about: two identifiers that never leave the screen, and what must not be missed."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from xtcli.lang import tr
from xtcli.records.case import State
from xtcli.tui.sheet import Sheet
from xtcli.tui.text import clean, sex_word, state_word, urgency_word, waited

STEPS = (
    State.SAVED, State.SENT, State.RECEIVED, State.OPENED, State.ANSWERED, State.ANSWER_RECEIVED,
    State.ACTED_ON, State.CLOSED,
)  # fmt: skip


def state_chain(sheet: Sheet) -> Content:
    """Every state the case has reached, and the next ones dimmed; `+` marks what was reached."""
    reached = sheet.case.states
    parts = []
    for state in STEPS:
        # The post's own note of sending does not travel; that it was received says more.
        unknown = state is State.SENT and State.RECEIVED in reached
        if state not in reached and (unknown or state is State.CLOSED):
            continue
        word = state_word(state.name.lower())
        done = state in reached
        parts.append(Content.assemble(("+" + word if done else "-" + word,
                                       "$success" if done else "$foreground 50%")))  # fmt: skip
    return Content(" ").join(parts)


def cautions(sheet: Sheet) -> list[str]:
    """Sentences that must not be overlooked."""
    case, found = sheet.case, []
    for alarm in case.unacknowledged:
        found.append(tr("ALERT, nobody has acknowledged it: {what}", what=alarm.body.what))
    if case.recheck:
        found.append(tr("RECHECK: new findings came after the answer. Ask again before acting."))
    if case.expired(sheet.now):
        found.append(tr("EXPIRED: this advice is no longer valid. Ask again."))
    if case.several_answers:
        found.append(tr("SEVERAL ANSWERS stand. Read all of them."))
    if case.escalated and not case.answer:
        found.append(tr("ESCALATED: every desk of the department was called."))
    return found


class PatientStrip(Widget):
    """Name, second identifier, sex, age, place, department, urgency, state."""

    DEFAULT_CSS = """
    PatientStrip { height: auto; background: $primary 25%; color: $foreground; padding: 0 1; }
    """

    def __init__(self) -> None:
        """Empty until a sheet is shown."""
        super().__init__()
        self.sheet: Sheet | None = None

    def show(self, sheet: Sheet) -> None:
        """Draw a sheet."""
        self.sheet = sheet
        self.refresh(layout=True)

    def render(self) -> Content:
        """Two lines, and one more for each caution."""
        if self.sheet is None:
            return Content(" \n ")
        sheet = self.sheet
        name, second = sheet.identifiers
        where = clean(f"{sheet.case.patient.place} {sheet.post}".strip())
        first = Content.assemble(
            (clean(name), "bold $accent"), "  ", (clean(second), "bold"), "  ",
            f"{sex_word('?mf'[sheet.case.patient.sex])} {sheet.age}  {sheet.case.id}  ",
            clean(sheet.dept), "  ",
            (urgency_word(int(sheet.case.urgency)), "bold $error" if sheet.case.urgency else ""),
            "  ", where,
        )  # fmt: skip
        second_line = state_chain(sheet)
        if sheet.case.waiting_since:
            second_line += Content("  " + tr("waits {time}", time=waited(
                max(0.0, sheet.now - sheet.case.waiting_since))))  # fmt: skip
        if sheet.claimed_by and sheet.case.answer is None:
            who = tr("me") if sheet.mine else clean(sheet.claimed_by)
            second_line += Content("  " + tr("taken by {who}", who=who))
        lines = [first, second_line]
        lines += [Content.assemble(("! " + clean(text), "bold $error")) for text in cautions(sheet)]
        return Content("\n").join(lines)
