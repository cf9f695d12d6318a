"""Small questions over a screen: fill in a few fields, choose one of several, say yes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from xtcli.tui.screens.base import Dialog
from xtcli.tui.text import clean
from xtcli.tui.widgets.fields import Field, Typed
from xtcli.tui.widgets.key_bar import KeyBar


@dataclass(frozen=True, slots=True)
class Wish:
    """A field of a dialog. `required` must not be left empty."""

    key: str
    label: str
    value: str = ""
    lines: bool = False
    options: Sequence[tuple[str, str]] = ()
    required: bool = False


class FormDialog(Dialog[dict[str, str] | None]):
    """A few fields; the answer is their values, or None."""

    DEFAULT_CSS = """
    FormDialog #fields { height: auto; max-height: 16; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("f2,ctrl+s", "done", "save"),
        Binding("escape", "leave", "back"),
    ]

    def __init__(
        self, title: str, wishes: Sequence[Wish], *, hint: str = "", required_text: str = "",
        draft: str = "",
    ) -> None:  # fmt: skip
        """`required_text` is said when a required field is empty.

        With `draft` (a name) what is typed is kept key by key under it, and stands there again when
        the dialog is opened once more; whoever signs it drops it.
        """
        super().__init__()
        self.draft = draft
        self.said_title = title
        self.wishes = tuple(wishes)
        self.hint = hint
        self.required_text = required_text

    def compose(self) -> ComposeResult:
        """Title, fields, what is wrong, keys."""
        with VerticalScroll(classes="box", can_focus=False):
            yield Static(clean(self.said_title), classes="title", markup=False)
            if self.hint:
                yield Static(clean(self.hint, lines=True), classes="hint", markup=False)
            kept = self.desk.drafts.load(self.draft) if self.draft else None
            for wish in self.wishes:
                value = str(kept.fields.get(wish.key, wish.value)) if kept else wish.value
                yield Field(wish.key, wish.label, value, lines=wish.lines, options=wish.options)
            yield Static("", classes="problem", markup=False)
            yield KeyBar()

    def on_mount(self) -> None:
        """The first field has the cursor."""
        self.query(Field).first().editor.focus()

    def values(self) -> dict[str, str]:
        """What is typed now."""
        return {field.key: field.value for field in self.query(Field)}

    @on(Typed)
    def _typed(self) -> None:
        if self.draft:
            self.desk.keeper.keep(self.draft, self.values())

    def action_done(self) -> None:
        """Give the values back if what is required is there."""
        values = self.values()
        for wish in self.wishes:
            if wish.required and not values[wish.key].strip():
                self.query_one(".problem", Static).update(self.required_text or wish.label)
                self.query_one(f"#field-{wish.key}", Field).editor.focus()
                return
        self.dismiss(values)

    def action_leave(self) -> None:
        """Nothing is done."""
        self.dismiss(None)


class MenuDialog(Dialog[str | None]):
    """One of several, with arrow keys and Enter."""

    DEFAULT_CSS = """
    MenuDialog OptionList { height: auto; max-height: 16; border: none; background: $surface; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "leave", "back")]

    def __init__(self, title: str, options: Sequence[tuple[str, str]], *, hint: str = "") -> None:
        """`options` are (value, words)."""
        super().__init__()
        self.said_title = title
        self.options = tuple(options)
        self.hint = hint

    def compose(self) -> ComposeResult:
        """Title and choices."""
        with VerticalScroll(classes="box", can_focus=False):
            yield Static(clean(self.said_title), classes="title", markup=False)
            if self.hint:
                yield Static(clean(self.hint, lines=True), classes="hint", markup=False)
            yield OptionList(*(Option(Content(clean(words)), id=f"o{place}")
                               for place, (_, words) in enumerate(self.options)))  # fmt: skip
            yield KeyBar()

    def on_mount(self) -> None:
        """The list has the cursor."""
        self.query_one(OptionList).focus()

    @on(OptionList.OptionSelected)
    def _chosen(self, event: OptionList.OptionSelected) -> None:
        self.dismiss(self.options[event.option_index][0])

    def action_leave(self) -> None:
        """Nothing is chosen."""
        self.dismiss(None)


class ConfirmDialog(Dialog[bool]):
    """Text to read, then Enter or Escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter,f2", "yes", "yes"),
        Binding("escape", "no", "back"),
    ]

    def __init__(self, title: str, text: Content, yes: str) -> None:
        """`yes` says what Enter does."""
        super().__init__()
        self.said_title = title
        self.text = text
        self.yes = yes

    def compose(self) -> ComposeResult:
        """Title, text, what Enter does."""
        with VerticalScroll(classes="box"):
            yield Static(clean(self.said_title), classes="title", markup=False)
            yield Static(self.text)
            yield Static("Enter: " + self.yes, classes="title", markup=False)
            yield KeyBar()

    def action_yes(self) -> None:
        """Agreed."""
        self.dismiss(True)

    def action_no(self) -> None:
        """Not agreed."""
        self.dismiss(False)
