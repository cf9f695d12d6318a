"""What a person can do with the case on the screen; each key asks, then lets the station do it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from xtcli.lang import tr
from xtcli.records.ids import RecordId
from xtcli.records.values import BlobKind, StationKind
from xtcli.station.desk_follow import follow_up
from xtcli.station.views import Written
from xtcli.tui.screens.base import DeskScreen, saved_words
from xtcli.tui.screens.dialogs import FormDialog, MenuDialog, Wish
from xtcli.tui.sheet import Sheet

PICTURES = (BlobKind.VIEW, BlobKind.PICTURE, BlobKind.THUMBNAIL)
POST_ONLY = frozenset(("ack", "follow_up", "close_case", "dispense"))
DESK_ONLY = frozenset(("answer", "claim"))
Values = dict[str, str]


class CaseActions(DeskScreen):
    """The verbs of the case screen."""

    def __init__(self, case: RecordId) -> None:
        """`case` is loaded when the screen is on."""
        super().__init__()
        self.case_id = case
        self.sheet: Sheet | None = None

    @property
    def at_post(self) -> bool:
        """Whether this is a post's station."""
        return self.station.kind is StationKind.POST

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Only what can be done here and now is offered."""
        if action in POST_ONLY and not self.at_post:
            return False
        if action in DESK_ONLY and self.at_post:
            return False
        if self.sheet is None:
            return action not in POST_ONLY | DESK_ONLY | {"voice", "picture", "alert_seen"}
        case = self.sheet.case
        needs = {
            "ack": case.answer is not None,
            "voice": any(a.body.blob is BlobKind.VOICE for a in case.attachments),
            "picture": any(a.body.blob in PICTURES for a in case.attachments),
            "alert_seen": bool(case.unacknowledged),
            "dispense": any(line.open for line in case.prescriptions),
            "claim": not self.sheet.claimed_by or self.sheet.mine,
        }
        return needs.get(action, True)

    # One line about each action, for the menu

    def offers(self) -> list[tuple[str, str]]:
        """(action, words) of everything possible now, what is most likely wanted first."""
        assert self.sheet is not None
        mine, answered = self.sheet.mine, self.sheet.case.answer is not None
        every = [
            ("alert_seen", tr("I have taken notice of the alert")),
            ("answer", tr("Change the answer") if answered else tr("Answer")),
            ("ack", tr("Say what was done about the answer")),
            ("dispense", tr("Dispense a prescription line")),
            ("claim", tr("Give the case back") if mine else tr("Take the case")),
            ("follow_up", tr("New request about the same patient")),
            ("ask", tr("Ask the other side")),
            ("note", tr("Add a note or new vital signs")),
            ("attach", tr("Attach a file")),
            ("voice", tr("Play the voice note")),
            ("picture", tr("Look at the picture")),
            ("call", tr("Call the other side")),
            ("close_case", tr("Close the case")),
        ]
        offered = [(name, words) for name, words in every if self.check_action(name, ())]
        return [o for o in offered if not (o[0] == "close_case" and not self.at_post)]

    def action_menu(self) -> None:
        """Everything that can be done, in a list."""
        if self.sheet is None:
            return
        title = "  ".join(self.sheet.identifiers)
        self.desk.push_screen(MenuDialog(title, self.offers()), self._chosen)

    def _chosen(self, name: str | None) -> None:
        if name is not None:
            getattr(self, f"action_{name}")()

    def ask_form(
        self, name: str, title: str, wishes: list[Wish], then: Callable[[Values], Written], *,
        required: str = "",
    ) -> None:  # fmt: skip
        """Ask for a few values, sign them in the background, say so.

        `name` of the form: what is typed is kept as a draft of this case until it is signed.
        """
        assert self.sheet is not None
        who = "  ".join(self.sheet.identifiers)
        draft = f"{name}-{self.case_id}"

        def sign(values: Values) -> Written:
            written = then(values)
            # In the thread: the screen may have been closed by the time it is signed.
            self.desk.keeper.drop(draft)
            return written

        def filled(values: Values | None) -> None:
            if values is not None:
                self.in_background(lambda: sign(values), self.written)

        dialog = FormDialog(title, wishes, hint=who, required_text=required, draft=draft)
        self.desk.push_screen(dialog, filled)

    def written(self, written: Written) -> None:
        """A record is on the disk."""
        self.tell_written(saved_words(), written.warnings)
        self.log_changed()

    # The actions

    def action_ask(self) -> None:
        """A question to the other side."""
        self.ask_form(
            "ask", tr("Question"), [Wish("text", tr("question"), lines=True, required=True)],
            lambda values: self.station.ask(self.case_id, values["text"]),
            required=tr("Write the question first."),
        )  # fmt: skip

    def action_note(self) -> None:
        """A note, with new vital signs if there are any."""
        wishes = [
            Wish("text", tr("note"), lines=True),
            Wish("vital", tr("vitals")),
        ]
        self.ask_form(
            "note", tr("Note; vital signs as: bp=120/80 pulse=76 temp=36.8 spo2=97"), wishes,
            lambda values: self.station.note(self.case_id, values["text"], values["vital"].split()),
        )  # fmt: skip

    def action_claim(self) -> None:
        """Take the case, or give it back."""
        assert self.sheet is not None
        if self.sheet.mine:
            self.ask_form(
                "release", tr("Give the case back"), [Wish("text", tr("reason"))],
                lambda values: self.station.release(self.case_id, values["text"]),
            )  # fmt: skip
        else:
            self.in_background(lambda: self.station.claim(self.case_id), self.written)

    def action_alert_seen(self) -> None:
        """In my name: I know of the alert."""
        self.ask_form(
            "alert", tr("I have taken notice of the alert"), [Wish("text", tr("remark"))],
            lambda values: self.station.acknowledge_alert(self.case_id, values["text"]),
        )  # fmt: skip

    def action_ack(self) -> None:
        """What became of the answer."""
        choice = (("done", tr("done")), ("not", tr("could not be done")))

        def sign(values: Values) -> Written:
            return self.station.ack(self.case_id, values["done"] == "done", values["text"])

        self.ask_form(
            "ack", tr("What became of the advice?"),
            [Wish("done", tr("it was"), "done", options=choice),
             Wish("text", tr("because"), lines=True)],
            sign,
        )  # fmt: skip

    def action_close_case(self) -> None:
        """The case is finished."""
        self.ask_form(
            "close", tr("Close the case"), [Wish("text", tr("outcome"), lines=True)],
            lambda values: self.station.close_case(self.case_id, values["text"]),
        )  # fmt: skip

    def action_dispense(self) -> None:
        """One prescription line was handed out."""
        assert self.sheet is not None
        lines = [
            (str(n), f"{n}. {line.line.drug} {line.line.dose}")
            for n, line in enumerate(self.sheet.case.prescriptions, 1)
            if line.open
        ]

        def chosen(number: str | None) -> None:
            if number is not None:
                self.in_background(
                    lambda: self.station.dispense(self.case_id, number), self.written
                )

        title = tr("Which line was dispensed? It can be recorded once only.")
        self.desk.push_screen(
            MenuDialog(title, lines, hint="  ".join(self.sheet.identifiers)), chosen
        )

    def action_follow_up(self) -> None:
        """A new request about the same patient, with who it is filled in."""
        assert self.sheet is not None
        from xtcli.tui.screens.request import RequestScreen

        self.desk.push_screen(RequestScreen.fresh(self.desk, follow_up(self.sheet.case)))

    def action_answer(self) -> None:
        """Write the answer, or change it."""
        if self.sheet is not None:
            from xtcli.tui.screens.answer import AnswerScreen

            self.desk.push_screen(AnswerScreen(self.sheet))

    def action_attach(self) -> None:
        """Attach a file."""
        from xtcli.tui.screens.files import FileDialog

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.in_background(lambda: self.station.attach(self.case_id, path), self.written)

        self.desk.push_screen(FileDialog(), chosen)

    def action_call(self) -> None:
        """Call the other side, or take the call about this case that rings."""
        self.desk.call_about(self.case_id)

    # Attachments

    def action_voice(self) -> None:
        """Play the newest voice note."""
        self._show_newest((BlobKind.VOICE,))

    def action_picture(self) -> None:
        """Look at the newest picture."""
        self._show_newest(PICTURES)

    def _show_newest(self, kinds: tuple[BlobKind, ...]) -> None:
        assert self.sheet is not None
        places = [
            (attachment.whole, kinds[::-1].index(attachment.body.blob), place)
            for place, attachment in enumerate(self.sheet.case.attachments)
            if attachment.body.blob in kinds
        ]
        if places:
            self.show_attachment(max(places)[2])

    def show_attachment(self, place: int) -> None:
        """Play or show an attachment by its place."""
        assert self.sheet is not None
        attachment = self.sheet.case.attachments[place]
        if not attachment.whole:
            self.tell(tr("This attachment has not arrived yet."), warning=True)
        elif attachment.body.blob is BlobKind.VOICE:
            from xtcli.tui.screens.player import PlayerDialog

            self.desk.push_screen(PlayerDialog(self.case_id, attachment.body.digest.hex()))
        elif attachment.body.blob in PICTURES:
            from xtcli.tui.screens.picture import PictureScreen

            self.desk.push_screen(PictureScreen(self.case_id, attachment.body))
        else:
            self.tell(tr("Save it with: xt get {case} {number} --out FILE",
                         case=str(self.case_id), number=place + 1))  # fmt: skip
