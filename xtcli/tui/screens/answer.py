"""The answer, with the request beside it: diagnosis, advice, prescription, stay or refer, expiry.

What is typed stays a draft on this computer until it is signed. Before signing it shows both
identifiers once more, and what has come into the case meanwhile.
"""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from xtcli.errors import UsageError, XtError
from xtcli.lang import tr
from xtcli.records.types import Answer
from xtcli.station import desk_checks
from xtcli.station.desk_views import TimeLine, new_since_opened
from xtcli.station.drafts import ANSWER
from xtcli.station.forms import AnswerForm
from xtcli.station.views import Written
from xtcli.tui.screens.base import saved_words
from xtcli.tui.screens.dialogs import ConfirmDialog, MenuDialog
from xtcli.tui.screens.form_screen import FormScreen
from xtcli.tui.sheet import Sheet, gather
from xtcli.tui.text import clean
from xtcli.tui.widgets import case_text
from xtcli.tui.widgets.fields import Field
from xtcli.tui.widgets.file_rows import FileRows
from xtcli.tui.widgets.icd_search import IcdInput, IcdSearch
from xtcli.tui.widgets.patient_strip import PatientStrip
from xtcli.tui.widgets.rx_editor import RxEditor


def _table() -> int:
    """Read the table of diagnoses; how many there are."""
    from xtcli.clinic import icd10

    return len(icd10.table())


EXPIRIES = ("24h", "3d", "7d", "30d", "")
SEARCH_HITS = 6
NEW_PHRASE = "+"


class AnswerScreen(FormScreen):
    """The form of an answer, or of a change to one."""

    DEFAULT_CSS = """
    AnswerScreen #form { width: 3fr; }
    AnswerScreen #side { width: 2fr; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("f4", "phrases", "phrases")]

    def __init__(self, sheet: Sheet) -> None:
        """`sheet` is the case as it was opened."""
        standing = sheet.case.answer
        self.sheet = sheet
        self.old: Answer | None = standing.body if standing else None
        super().__init__(f"{ANSWER}-{sheet.case.id}", {})

    def head(self) -> ComposeResult:
        """Who it is about."""
        yield PatientStrip()

    def side(self) -> ComposeResult:
        """The request."""
        yield Static(case_text.summary(self.sheet), id="panel")

    def form(self) -> ComposeResult:
        """Diagnosis, advice, prescription, where, until when, why."""
        draft = self.desk.drafts.load(self.draft)
        self.start = draft.fields if draft else self._from_old()
        self.attach = [str(name) for name in self.start.get("attach", [])]
        self.voice = str(self.start.get("voice", ""))
        self.recorded = [str(name) for name in self.start.get("recorded", [])]
        yield Static(tr("Diagnosis"), classes="heading", markup=False)
        yield IcdSearch([str(text) for text in self.start.get("diagnosis", [])])
        yield Static(tr("Advice"), classes="heading", markup=False)
        yield Field("advice", tr("what to do"), self.text("advice"), lines=True,
                    hint=tr("F4: your phrases. Ctrl+J: new line"))  # fmt: skip
        yield Static(tr("Prescription: Enter after the days adds it"), classes="heading",
                     markup=False)  # fmt: skip
        yield RxEditor(self._rx_words())
        yield from self._where()

    def _where(self) -> ComposeResult:
        words = {"24h": tr("24 h"), "3d": tr("3 days"), "7d": tr("7 days"), "30d": tr("30 days"),
                 "": tr("no end")}  # fmt: skip
        yield Field("disposition", tr("place of care"), self.text("disposition"),
                    options=(("stay", tr("stays")), ("refer", tr("refer"))))  # fmt: skip
        yield Field("refer_to", tr("refer to"), self.text("refer_to"))
        yield Field("expires", tr("valid for"), str(self.start.get("expires", "24h")),
                    options=[(value, words[value]) for value in EXPIRIES])  # fmt: skip
        if self.old is not None:
            yield Field("reason", tr("why changed"), self.text("reason"))
        yield FileRows()

    def _from_old(self) -> dict[str, Any]:
        """A change starts from what stands."""
        if self.old is None:
            return {"expires": "24h"}
        old = self.old
        return {
            "advice": old.advice, "disposition": old.disposition.name.lower(),
            "refer_to": old.refer_to, "expires": "24h",
            "diagnosis": [f"{d.code} {d.text}".strip() for d in old.diagnoses],
            "rx": [f"{r.drug}; {r.dose}; {r.route}; {r.frequency}; {r.days}" for r in old.rx],
        }  # fmt: skip

    def _rx_words(self) -> list[tuple[str, str]]:
        lines = []
        for text in self.start.get("rx", []):
            try:
                lines.append((str(text), desk_checks.rx_text(str(text))[0]))
            except UsageError:
                lines.append((str(text), str(text)))
        return lines

    def on_mount(self) -> None:
        """Begin with the diagnosis."""
        self.query_one(PatientStrip).show(self.sheet)
        self.query_one(RxEditor).put(self.start.get("rx_typed", ()))
        self.query_one(IcdInput).focus()
        self.files_changed()
        # The table takes a tenth of a second to read: before the first key, not after it.
        self.in_background(_table, lambda _: None)

    def values(self) -> dict[str, Any]:
        """Everything typed, as the draft keeps it."""
        rx = self.query_one(RxEditor)
        return super().values() | {
            "diagnosis": list(self.query_one(IcdSearch).values),
            "rx": [line for line, _ in rx.lines], "rx_typed": list(rx.typed),
        }  # fmt: skip

    def empty(self) -> bool:
        """Nothing was typed yet."""
        values = self.values()
        typed = [values[key] for key in ("advice", "diagnosis", "rx", "attach", "voice")]
        return not any(typed) and not any(values["rx_typed"])

    # Searching, prescribing, phrases

    @on(IcdSearch.Asked)
    def _search(self, event: IcdSearch.Asked) -> None:
        text = event.text

        def work() -> list[tuple[str, str]]:
            from xtcli.clinic import icd10

            return [(hit.code, hit.name) for hit in icd10.search(text, SEARCH_HITS)]

        shown = self.query_one(IcdSearch)
        self.in_background(work, lambda hits: shown.show(text, hits), group="icd", hold=True)

    @on(RxEditor.Asked)
    def _rx_typed(self, event: RxEditor.Asked) -> None:
        drug, dose, route, frequency, days = event.parts
        try:
            line = desk_checks.rx_line(drug, dose, route, frequency, days)
            words, warnings = desk_checks.rx_text(line)
        except UsageError as error:
            self.hint(f"{error} {error.advice}", wrong=True)
            return
        self.query_one(RxEditor).add(line, words)
        self.hint("; ".join(warnings), wrong=bool(warnings))

    def action_phrases(self) -> None:
        """Insert one of the doctor's own sentences, or keep the advice as one."""
        options = [(text, text) for text in self.desk.phrases.all()]
        if self.value("advice").strip():
            options.insert(0, (NEW_PHRASE, tr("+ Keep this advice as a phrase")))
        if not options:
            self.tell(tr("No phrases yet. Write an advice, then F4 keeps it."))
            return
        self.desk.push_screen(MenuDialog(tr("Phrases"), options), self._phrase)

    def _phrase(self, chosen: str | None) -> None:
        if chosen is None:
            return
        advice = self.field("advice")
        if chosen == NEW_PHRASE:
            text = advice.value
            self.in_background(lambda: self.desk.phrases.use(text),
                               lambda _: self.tell(tr("Kept.")))  # fmt: skip
            return
        before = advice.value
        advice.put(
            f"{before}{chosen}" if before.endswith(("", "\n", "。")) else f"{before} {chosen}"
        )
        self.in_background(lambda: self.desk.phrases.use(chosen), lambda _: None)
        self.changed()
        advice.editor.focus()

    def files_changed(self) -> None:
        """Weigh the files."""
        self.changed()
        names = ([self.voice] if self.voice else []) + self.attach
        station, voice = self.station, self.voice
        self.in_background(
            lambda: [desk_checks.file_part(station, n, voice=n == voice) for n in names],
            self.query_one(FileRows).show, group="files",
        )  # fmt: skip

    @on(FileRows.Dropped)
    def _dropped(self, event: FileRows.Dropped) -> None:
        if event.path == self.voice:
            self.voice = ""
        self.attach = [name for name in self.attach if name != event.path]
        self.files_changed()

    # Signing

    def answer_form(self) -> AnswerForm:
        """What was typed, as the station takes it."""
        values = self.values()
        return AnswerForm(
            advice=values["advice"].strip(), diagnosis=values["diagnosis"], rx=values["rx"],
            disposition=values["disposition"], refer_to=values["refer_to"],
            expires=values["expires"], attach=list(self.attach), voice=self.voice,
            reason=values.get("reason", ""),
        )  # fmt: skip

    def action_finish(self) -> None:
        """Check, look whether something new came, then ask for the signature."""
        form = self.answer_form()
        if any(self.query_one(RxEditor).typed):
            self.hint(tr("A prescription line is not finished: Enter after the days adds it."),
                      wrong=True)  # fmt: skip
            return
        if self.old is not None and not form.reason.strip():
            self.trouble("reason", tr("Why does the answer change?"))
            return
        missing = self._missing(form)
        if missing:
            self.trouble(*missing)
            return
        case = self.sheet.case.id

        def work() -> tuple[Sheet, list[TimeLine]]:
            sheet = gather(self.station, case)
            return sheet, new_since_opened(self.station, sheet.case)

        self.in_background(
            work, lambda found: self._review(form, *found), group="review", hold=True
        )

    def _missing(self, form: AnswerForm) -> tuple[str, str] | None:
        """The first field that an answer needs and does not have, and what to do about it."""
        if not form.advice:
            return "advice", tr("Write what to do.")
        if not form.disposition:
            return "disposition", tr("Choose: does the patient stay, or is the patient referred?")
        if form.disposition == "refer" and not form.refer_to.strip():
            return "refer_to", tr("Write where the patient is referred to.")
        return None

    def _review(self, form: AnswerForm, sheet: Sheet, news: list[TimeLine]) -> None:
        name, second = sheet.identifiers
        lines = [Content.assemble((clean(f"{name}   {second}"), "bold $accent"))]
        if news:
            warning = tr("NEW since you opened the case; read it before you sign:")
            lines.append(Content.assemble((warning, "bold $error")))
            lines += [Content.assemble((f"! {line.kind} {clean(line.who)}: {clean(line.text)}",
                                        "bold $error")) for line in news]  # fmt: skip
        lines += [Content("* " + clean(text)) for text in form.diagnosis]
        lines.append(Content(clean(form.advice, lines=True)))
        lines += [Content("Rx " + clean(words)) for _, words in self.query_one(RxEditor).lines]
        where = tr("stays") if form.disposition == "stay" else tr("refer to {where}",
                                                                  where=form.refer_to)  # fmt: skip
        lines.append(Content(clean(where)))
        dialog = ConfirmDialog(tr("Sign this answer for this patient?"),
                               Content("\n").join(lines), tr("sign"))  # fmt: skip
        self.desk.push_screen(
            dialog, lambda yes: self._sign(form, sheet, bool(news)) if yes else None
        )

    def _sign(self, form: AnswerForm, sheet: Sheet, news: bool) -> None:
        station, case = self.station, sheet.case.id

        def work() -> Written:
            # What was new stood in the dialog: now it has been before the practitioner's eyes.
            if news:
                station.open_case(case)
            amend = station.case(case).answer is not None
            return station.amend(case, form) if amend else station.answer(case, form)

        self.in_background(work, self._signed, failed=self._refused)

    def _refused(self, error: XtError) -> None:
        self.hint(f"{error} {error.advice}", wrong=True)
        self.tell_failure(error)

    def _signed(self, written: Written) -> None:
        self.tell_written(saved_words(), written.warnings)
        self.finished()

    def log_changed(self) -> None:
        """Something may have come into this case: show it beside the form at once."""
        case = self.sheet.case.id
        self.in_background(lambda: gather(self.station, case), self._case_changed, group="case")

    def _case_changed(self, sheet: Sheet) -> None:
        if sheet.case.version != self.sheet.case.version:
            self.tell(tr("Something new came into this case."), warning=True)
        self.sheet = sheet
        self.query_one(PatientStrip).show(sheet)
        self.query_one("#panel", Static).update(case_text.summary(sheet))
