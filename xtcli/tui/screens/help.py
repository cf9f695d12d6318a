"""Every key of a screen in words, and the signs that stand beside the colours."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from xtcli.lang import chinese, tr
from xtcli.tui.screens.base import Dialog
from xtcli.tui.text import fit
from xtcli.tui.widgets.key_bar import key_name


def signs() -> str:
    """What the signs in lists and tables mean."""
    return "\n".join((
        tr("!! stat   ! urgent   A! an alert nobody has acknowledged"),
        tr("* before a row: something new has just come"),
        tr("EWS: NEWS2; + from 5, # from 7"),
        tr("left: of the ten minutes; + means over time"),
        tr("^ above the normal range   v below   ? hardly true"),
        tr("< this case continues it   > it continues this case"),
        tr("saved here: on this computer only; received: the hub has confirmed it"),
    ))  # fmt: skip


class HelpScreen(Dialog[None]):
    """Keys and signs."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,enter", "leave", "back")]

    def __init__(self, keys: list[tuple[str, str]]) -> None:
        """`keys` are (key, what it does)."""
        super().__init__()
        self.keys = keys

    @classmethod
    def of(cls, screen: Screen[object]) -> HelpScreen:
        """The help of a screen: all its keys that work now."""
        found: dict[str, list[str]] = {}
        known = chinese()
        for key, active in screen.active_bindings.items():
            # What a library binds besides has no words in our languages and is not needed.
            if active.enabled and active.binding.description in known:
                found.setdefault(active.binding.description, []).append(key_name(key))
        return cls([(" ".join(keys), tr(words)) for words, keys in found.items()])

    def compose(self) -> ComposeResult:
        """A list of keys, then the signs."""
        lines = [
            Content.assemble((fit(keys, 22), "bold $accent"), words) for keys, words in self.keys
        ]
        with VerticalScroll(classes="box"):
            yield Static(tr("Keys"), classes="title", markup=False)
            yield Static(Content("\n").join(lines))
            yield Static(tr("Signs"), classes="title", markup=False)
            yield Static(signs(), markup=False)
            yield Static(tr("F12 changes the colours. XT_LANG=zh or en sets the language."),
                         classes="hint", markup=False)  # fmt: skip

    def action_leave(self) -> None:
        """Back."""
        self.dismiss()
