"""What the two long forms share: fields beside a panel, a line of help, a draft kept key by key."""

from __future__ import annotations

from typing import Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.events import DescendantFocus
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from xtcli.lang import tr
from xtcli.tui.screens.base import DeskScreen
from xtcli.tui.screens.dialogs import MenuDialog
from xtcli.tui.text import clean
from xtcli.tui.widgets.fields import Field, Typed
from xtcli.tui.widgets.key_bar import KeyBar
from xtcli.tui.widgets.link_bar import LinkBar

CHECK_SECONDS = 0.15
"""After the last key, before what was typed is looked at."""


class FormScreen(DeskScreen):
    """A form with a panel beside it. Subclasses say what the fields and the panel are."""

    DEFAULT_CSS = """
    FormScreen #body { height: 1fr; }
    FormScreen #form { width: 2fr; scrollbar-size-vertical: 1; padding: 0;
                       scrollbar-gutter: stable; }
    FormScreen #side { width: 1fr; background: $surface; padding: 0 1; scrollbar-size-vertical: 1;
                       scrollbar-gutter: stable; }
    FormScreen #hint { height: 1; background: $panel; color: $foreground; padding: 0 1; }
    FormScreen #hint.wrong { color: $error; text-style: bold; }
    FormScreen .heading { color: $accent; text-style: bold; height: 1; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
        Binding("f2,ctrl+s", "finish", "check and sign"),
        Binding("f6", "attach", "attach", priority=True),
        Binding("f7", "record", "record voice", priority=True),
    ]

    def __init__(self, draft: str, fields: dict[str, Any]) -> None:
        """`draft` is the draft's name, `fields` what it held."""
        super().__init__()
        self.draft = draft
        self.start = fields
        self.attach: list[str] = [str(name) for name in fields.get("attach", [])]
        self.voice = str(fields.get("voice", ""))
        self.recorded: list[str] = [str(name) for name in fields.get("recorded", [])]
        self.done = False
        self._kept = False
        self._timer: Timer | None = None
        self._hint = ""
        self._trouble = ("", "")

    def head(self) -> ComposeResult:
        """What stands above the form."""
        yield from ()

    def form(self) -> ComposeResult:
        """The fields."""
        yield from ()

    def side(self) -> ComposeResult:
        """What stands beside the form."""
        yield Static(id="panel")

    def compose(self) -> ComposeResult:
        """Head, form and panel, help, link, keys."""
        yield from self.head()
        with Horizontal(id="body"):
            with VerticalScroll(id="form", can_focus=False):
                yield from self.form()
            with VerticalScroll(id="side", can_focus=False):
                yield from self.side()
        yield Static(id="hint", markup=False)
        yield LinkBar()
        yield KeyBar()

    def text(self, key: str) -> str:
        """What a draft held for a field."""
        return str(self.start.get(key, ""))

    def field(self, key: str) -> Field:
        """A field by its name."""
        return self.query_one(f"#field-{key}", Field)

    def value(self, key: str) -> str:
        """What is typed in a field now."""
        return self.field(key).value

    def values(self) -> dict[str, Any]:
        """Everything typed, as the draft keeps it."""
        typed: dict[str, Any] = {field.key: field.value for field in self.query(Field)}
        return typed | {"attach": self.attach, "voice": self.voice, "recorded": self.recorded}

    @on(Typed)
    def _typed(self, event: Typed) -> None:
        self.changed()

    def changed(self) -> None:
        """Keep the draft at once, look at it a little later."""
        if self.done:
            return
        self._trouble = ("", "")
        # A form that was only looked at leaves no draft.
        if self._kept or not self.empty():
            self._kept = True
            self.desk.keeper.keep(self.draft, self.values())
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(CHECK_SECONDS, self.check)

    def check(self) -> None:
        """Look at what was typed."""

    def hint(self, text: str, *, wrong: bool = False) -> None:
        """One line of help or trouble about the field at hand."""
        shown = self.query_one("#hint", Static)
        if text != self._hint or shown.has_class("wrong") != wrong:
            self._hint = text
            shown.set_class(wrong, "wrong")
            shown.update(clean(text), layout=False)

    def on_descendant_focus(self, event: DescendantFocus) -> None:
        """Say what the field at hand wants."""
        field = self._field_of(event.widget)
        if field is not None:
            self.hint_for(field)

    def hint_for(self, field: Field) -> None:
        """What was wrong with a field when signing was tried, else its help."""
        key, text = self._trouble
        self.hint(text if key == field.key else field.hint, wrong=key == field.key)

    def trouble(self, key: str, text: str) -> None:
        """Signing was tried and a field is not right: go there and say so until it changes."""
        self._trouble = (key, text)
        field = self.field(key)
        field.mark(True)
        field.editor.focus()
        self.hint(text, wrong=True)

    def _field_of(self, widget: Widget | None) -> Field | None:
        found = [node for node in widget.ancestors_with_self if isinstance(node, Field)] if (
            widget is not None
        ) else []  # fmt: skip
        return found[0] if found else None

    @property
    def focused_field(self) -> Field | None:
        """The field that has the cursor."""
        return self._field_of(self.focused)

    def finished(self) -> None:
        """It was signed: the draft is not needed any more."""
        self.done = True
        self.desk.keeper.drop(self.draft)
        self.dismiss()

    def empty(self) -> bool:
        """Whether nothing was typed that would be missed."""
        return False

    def action_leave(self) -> None:
        """Back; the draft stays unless the person throws it away."""
        if self.empty():
            self.finished()
            return
        options = [
            ("keep", tr("Keep the draft and go back")),
            ("stay", tr("Go on writing")),
            ("drop", tr("Throw the draft away")),
        ]
        self.desk.push_screen(MenuDialog(tr("This was not sent."), options), self._left)

    def _left(self, chosen: str | None) -> None:
        if chosen == "keep":
            self.desk.keeper.keep(self.draft, self.values())
            self.done = True
            self.dismiss()
        elif chosen == "drop":
            self.finished()

    # Files and voice

    def action_attach(self) -> None:
        """Choose a file."""
        from pathlib import Path

        from xtcli.tui.screens.files import FileDialog

        def chosen(path: Path | None) -> None:
            if path is not None:
                self.attach.append(str(path))
                self.files_changed()

        self.desk.push_screen(FileDialog(), chosen)

    def action_record(self) -> None:
        """Record a voice note."""
        from xtcli.tui.screens.recorder import RecordDialog

        def recorded(path: str | None) -> None:
            if path:
                self.voice = path
                self.recorded.append(path)
                self.files_changed()

        self.desk.push_screen(RecordDialog(), recorded)

    def files_changed(self) -> None:
        """A file or the voice note came or went."""
        self.changed()
