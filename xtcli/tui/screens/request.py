"""A new request: guided from field to field, checked while it is typed, weighed before it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from xtcli.clinic.signs import BY_CODE, Flag, label
from xtcli.errors import XtError
from xtcli.lang import tr
from xtcli.station import desk_checks, filing
from xtcli.station.desk_checks import Part, RequestCheck
from xtcli.station.forecast import Forecast
from xtcli.station.forms import RequestForm
from xtcli.station.views import Filed, Near
from xtcli.tui.screens.base import saved_words
from xtcli.tui.screens.dialogs import ConfirmDialog
from xtcli.tui.screens.form_screen import FormScreen
from xtcli.tui.text import clean, duration, urgency_word
from xtcli.tui.widgets.fields import Field
from xtcli.tui.widgets.file_rows import FileRows, part_words

if TYPE_CHECKING:
    from xtcli.tui.desk import DeskApp

TEXTS = (
    "patient", "sex", "born", "id", "phone", "place", "dept", "urgency", "complaint", "question",
    "history", "exam", "allergy", "override",
)  # fmt: skip
VITALS = ("bp", "pulse", "temp", "spo2", "rr", "glucose", "weight", "o2", "acvpu")
FLAG_WORDS = {Flag.LOW: "v", Flag.HIGH: "^", Flag.IMPROBABLE: "?", Flag.NORMAL: "ok"}


def short_label(code: str) -> str:
    """The name of a vital in the few cells before its field."""
    words = {
        "bp": tr("pressure"), "spo2": tr("SpO2"), "rr": tr("breaths"), "glucose": tr("glucose"),
        "o2": tr("on oxygen"), "acvpu": tr("awake"),
    }  # fmt: skip
    return words.get(code) or label(code)


def normal_note(code: str) -> str:
    """Unit and normal range of a vital, to stand behind its field."""
    if code == "bp":
        return "mmHg 90-139/60-89"
    sign = BY_CODE[code]
    from xtcli.station.desk_views import normal_text

    return f"{sign.unit} {normal_text(code, 40.0)}".strip()


class RequestScreen(FormScreen):
    """The form of a request."""

    def __init__(self, draft: str, fields: dict[str, Any]) -> None:
        """A draft's name and what it held."""
        super().__init__(draft, fields)
        self.found = RequestCheck()
        self.parts: dict[str, Part] = {}
        self.text_part: Part | None = None
        self.forecast: Forecast | None = None
        self.parent_case = str(fields.get("parent", ""))
        """The case that this request continues; empty when it continues none."""
        self.asked = False
        """Whether signing was tried: from then on what is empty is told too."""

    @classmethod
    def fresh(cls, desk: DeskApp, fields: dict[str, Any]) -> RequestScreen:
        """A new one, with some fields filled in (a follow-up's patient)."""
        return cls(desk.drafts.new_request(), {"urgency": "routine", **fields})

    def form(self) -> ComposeResult:
        """Who, to whom, what, measured, more."""
        title = tr("Patient")
        if self.parent_case:
            title += "  " + tr("follow-up of case {case}", case=self.parent_case)
        yield Static(title, classes="heading", markup=False)
        yield from self._who()
        yield Static(tr("Request"), classes="heading", markup=False)
        yield from self._what()
        yield Static(tr("Vital signs; leave empty what was not measured"), classes="heading",
                     markup=False)  # fmt: skip
        yield from self._vitals()
        yield Static(tr("More"), classes="heading", markup=False)
        yield from self._more()

    def _who(self) -> ComposeResult:
        sexes = (("m", tr("male")), ("f", tr("female")))
        yield Field("patient", tr("patient name"), self.text("patient"))
        yield Field("sex", tr("sex"), self.text("sex"), options=sexes,
                    hint=tr("Left and right choose, Enter goes on."))  # fmt: skip
        yield Field("born", tr("born"), self.text("born"), hint=tr("1958-03-12, or the year alone"))
        yield Field("id", tr("ID number"), self.text("id"),
                    hint=tr("18 signs; leave empty if the card is not at hand"))  # fmt: skip
        yield Field("phone", tr("phone"), self.text("phone"))
        yield Field("place", tr("lives at"), self.text("place"))

    def _what(self) -> ComposeResult:
        depts = [(d.code, d.name or d.code) for d in self.station.roster.departments]
        urgencies = [(w, urgency_word(w)) for w in ("routine", "urgent", "stat")]
        choose = tr("Left and right choose, Enter goes on.")
        yield Field("dept", tr("department"), self.text("dept"), options=depts, hint=choose)
        yield Field("urgency", tr("urgency"), self.text("urgency"), options=urgencies, hint=choose)
        hint = tr("What troubles the patient, and since when. Ctrl+J: new line")
        yield Field("complaint", tr("complaint"), self.text("complaint"), lines=True, hint=hint)
        yield Field("question", tr("question"), self.text("question"), lines=True,
                    hint=tr("What do you want to know from the specialist?"))  # fmt: skip

    def _vitals(self) -> ComposeResult:
        for code in VITALS:
            options: tuple[tuple[str, str], ...] = ()
            if code == "o2":
                options = (("", tr("not said")), ("0", tr("no")), ("1", tr("yes")))
            elif code == "acvpu":
                options = (("", "-"), *((letter, letter) for letter in "ACVPU"))
            hint = {
                "bp": tr("165/95"), "glucose": tr("mmol/L, at any time of day"),
                "acvpu": tr("A alert, C confused, V voice, P pain, U none"),
            }.get(code, "")  # fmt: skip
            note = "" if options else normal_note(code)
            yield Field(code, short_label(code), self.text(code), options=options, hint=hint,
                        note=note)  # fmt: skip

    def _more(self) -> ComposeResult:
        yield Field("allergy", tr("allergies"), self.text("allergy"),
                    hint=tr("Write none if there are none."))  # fmt: skip
        yield Field("history", tr("history"), self.text("history"), lines=True)
        yield Field("exam", tr("examination"), self.text("exam"), lines=True)
        yield Field("override", tr("incomplete"), self.text("override"),
                    hint=tr("Only in an emergency: why something is missing"))  # fmt: skip
        yield Static(tr("Photos, voice, files"), classes="heading", markup=False)
        yield FileRows()

    def on_mount(self) -> None:
        """A follow-up knows the patient and begins with the complaint."""
        known = self.text("patient") and not self.text("complaint")
        self.field("complaint" if known else "patient").editor.focus()
        self.check()
        self.files_changed()

    def empty(self) -> bool:
        """Nothing was typed yet."""
        typed = (self.value(key) for key in ("patient", "complaint", "question"))
        return not any(typed) and not self.attach and not self.voice

    # Checking

    def request_form(self) -> RequestForm:
        """What was typed, as the station takes it."""
        texts = {key: self.value(key).strip() for key in TEXTS}
        vital = [f"{code}={typed}" for code in VITALS if (typed := self.value(code).strip())]
        return RequestForm(**texts, voice=self.voice, vital=vital, attach=list(self.attach),
                           parent=self.parent_case)  # fmt: skip

    def values(self) -> dict[str, Any]:
        """Everything typed, as the draft keeps it."""
        return super().values() | {"parent": self.parent_case}

    def check(self) -> None:
        """Look at everything in the background."""
        form, station = self.request_form(), self.station

        def work() -> tuple[RequestCheck, Part, Forecast]:
            text = desk_checks.text_part(station, form)
            return desk_checks.check_request(station, form), text, Forecast(station)

        self.in_background(work, self._checked, group="check")

    def _checked(self, result: tuple[RequestCheck, Part, Forecast]) -> None:
        self.found, self.text_part, self.forecast = result
        for code in VITALS:
            check = self.found.vitals.get(code)
            field = self.field(code)
            if field.options:
                continue
            note = normal_note(code)
            if check is not None and check.text:
                note = f"{FLAG_WORDS.get(check.flag, '')} {note}".strip()
            field.mark(bool(check and check.problem), note)
        for key in TEXTS:
            typed = self.asked or bool(self.value(key).strip())
            self.field(key).mark(typed and bool(self.found.problem(key)))
        here = self.focused_field
        if here is not None:
            self.hint_for(here)
        self._draw_panel()

    def hint_for(self, field: Field) -> None:
        """What is wrong with the field at hand, else how to fill it in."""
        problem = self.found.problem(field.key) if field.value.strip() else ""
        if problem:
            self.hint(problem, wrong=True)
        else:
            super().hint_for(field)

    def files_changed(self) -> None:
        """Weigh the files that are new."""
        self.changed()
        names = ([self.voice] if self.voice else []) + self.attach
        self.query_one(FileRows).show([self.parts[n] for n in names if n in self.parts])
        station, voice = self.station, self.voice

        def work() -> dict[str, Part]:
            return {
                name: desk_checks.file_part(station, name, voice=name == voice)
                for name in names
                if name not in self.parts
            }

        def then(found: dict[str, Part]) -> None:
            self.parts |= found
            self.query_one(FileRows).show([self.parts[n] for n in names if n in self.parts])
            self._draw_panel()

        self.in_background(work, then, group="files")

    @on(FileRows.Dropped)
    def _dropped(self, event: FileRows.Dropped) -> None:
        if event.path == self.voice:
            self.voice = ""
        self.attach = [name for name in self.attach if name != event.path]
        self.files_changed()

    def all_parts(self) -> list[Part]:
        """What would be sent, in the order it will go."""
        names = ([self.voice] if self.voice else []) + self.attach
        first = [self.text_part] if self.text_part else []
        return first + [self.parts[name] for name in names if name in self.parts]

    def _draw_panel(self) -> None:
        text = self.panel_text()
        panel = self.query_one("#panel", Static)
        if getattr(panel, "said", None) != text:
            panel.said = text  # type: ignore[attr-defined]
            panel.update(text)

    def panel_text(self) -> Content:
        """Score, critical values, what is missing, what it weighs."""
        found = self.found
        blocks = []
        if found.age:
            blocks.append(Content(found.age))
        if found.score:
            blocks.append(Content.assemble((found.score, "bold")))
        blocks += [Content.assemble(("! " + text, "bold $error")) for text in found.critical]
        names = [self.label_of(key) for key, _ in found.problems]
        if names:
            blocks.append(Content.assemble((tr("Still needed:"), "bold $warning")))
            blocks += [Content("- " + name) for name in dict.fromkeys(names)]
        else:
            blocks.append(Content.assemble((tr("F2: ready to sign"), "bold $success")))
        blocks += [Content.assemble(("? " + text, "$foreground 70%")) for text in found.warnings]
        blocks.append(Content.assemble((tr("To send:"), "bold")))
        blocks += [Content(part_words(part)) for part in self.all_parts()]
        if total := self.total_words():
            blocks.append(Content.assemble((total, "bold")))
        return Content("\n").join(blocks)

    def total_words(self) -> str:
        """How long all of it takes, and without the pictures; empty when nobody knows, or it is
        the text alone."""
        parts = self.all_parts()
        if self.forecast is None or len(parts) < 2:
            return ""
        bill = desk_checks.bill(self.forecast, parts)
        if bill.seconds is None:
            return ""
        text = tr("all of it: about {time}", time=duration(bill.seconds))
        if bill.without_pictures is not None:
            text += "; " + tr("without the photo {time}", time=duration(bill.without_pictures))
        return text

    def label_of(self, key: str) -> str:
        """The words beside a field."""
        found = list(self.query(f"#field-{key}").results(Field))
        return found[0].label if found else key

    # Signing

    def action_finish(self) -> None:
        """Check everything once more, then show who it is about and what it weighs."""
        form, station = self.request_form(), self.station

        def work() -> tuple[RequestCheck, tuple[Near, ...]]:
            check = desk_checks.check_request(station, form)
            near: tuple[Near, ...] = ()
            if check.ready:
                who = filing.patient_of(form, filing.day(station.clock())).body
                near = station.near(who)
            return check, near

        self.in_background(
            work, lambda result: self._review(form, *result), group="review", hold=True
        )

    def _review(self, form: RequestForm, check: RequestCheck, near: tuple[Near, ...]) -> None:
        self.found, self.asked = check, True
        self._draw_panel()
        if not check.ready:
            key, text = check.problems[0]
            self.trouble(key, f"{self.label_of(key)}: {text}")
            return
        dialog = ConfirmDialog(tr("Sign and send this request?"), self._summary(form, near),
                               tr("sign and send"))  # fmt: skip
        self.desk.push_screen(dialog, lambda yes: self._sign(form) if yes else None)

    def _summary(self, form: RequestForm, near: tuple[Near, ...]) -> Content:
        who = filing.patient_of(form, filing.day(self.station.clock())).body
        name, second = filing.identifiers(who)
        lines = [Content.assemble((clean(f"{name}   {second}"), "bold $accent"))]
        for other in near:
            text = tr("Is it the same person? {name}, case {case}: {why}", name=other.name,
                      case=str(other.case), why=other.why)  # fmt: skip
            lines.append(Content.assemble(("! " + clean(text), "bold $warning")))
        if form.parent:
            lines.append(Content(tr("follow-up of case {case}", case=form.parent)))
        lines.append(Content(clean(f"{form.dept}  {urgency_word(form.urgency or 'routine')}")))
        lines.append(Content(clean(form.complaint)))
        lines += [Content.assemble(("! " + t, "bold $error")) for t in self.found.critical]
        lines += [Content("? " + text) for text in self.found.warnings]
        lines += [Content("  " + part_words(part)) for part in self.all_parts()]
        if total := self.total_words():
            lines.append(Content.assemble(("  " + total, "bold")))
        return Content("\n").join(lines)

    def _sign(self, form: RequestForm) -> None:
        self.in_background(lambda: self.station.file(form), self._signed, failed=self._refused)

    def _refused(self, error: XtError) -> None:
        self.hint(f"{error} {error.advice}", wrong=True)
        self.tell_failure(error)

    def _signed(self, filed: Filed) -> None:
        text = tr("Case {case}. ", case=str(filed.case)) + saved_words()
        if filed.existed:
            text = tr("Case {case} says exactly this already; nothing was added.",
                      case=str(filed.case))  # fmt: skip
        self.tell(text)
        self.finished()
