"""Choosing a file with arrow keys: folders first, then what was changed last."""

from __future__ import annotations

import os
from pathlib import Path
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from xtcli.lang import tr
from xtcli.tui.screens.base import Dialog
from xtcli.tui.text import clean, fit, size
from xtcli.tui.widgets.key_bar import KeyBar

ENTRIES_MAX = 500


def entries(folder: Path, typed: str) -> list[tuple[Path, bool, int]]:
    """(path, is a folder, bytes) of what lies in a folder and contains `typed`."""
    found = []
    try:
        with os.scandir(folder) as listed:
            for entry in listed:
                if entry.name.startswith(".") or typed.lower() not in entry.name.lower():
                    continue
                try:
                    about = entry.stat()
                    found.append((not entry.is_dir(), -about.st_mtime, entry, about.st_size))
                except OSError:
                    continue
    except OSError:
        return []
    found.sort(key=lambda one: one[:2])
    return [(Path(one[2].path), not one[0], one[3]) for one in found[:ENTRIES_MAX]]


class FileDialog(Dialog[Path | None]):
    """One file, or None."""

    DEFAULT_CSS = """
    FileDialog OptionList { height: 14; border: none; background: $surface; }
    FileDialog Input { background: $panel; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "leave", "back"),
        Binding("down", "down", "down", show=False, priority=True),
        Binding("up", "up", "up", show=False, priority=True),
        Binding("left", "parent", "folder above", show=False),
    ]

    def __init__(self, start: Path | None = None) -> None:
        """`start` is the first folder; the person's own without one."""
        super().__init__()
        self.folder = start or Path.home()
        self.found: list[tuple[Path, bool, int]] = []

    def compose(self) -> ComposeResult:
        """Where we are, what is typed, what is there."""
        with Vertical(classes="box"):
            yield Static(tr("Which file?"), classes="title", markup=False)
            yield Static(id="where", classes="hint", markup=False)
            yield Input(placeholder=tr("part of the name, or a whole path"), compact=True)
            yield OptionList()
            yield KeyBar()

    def on_mount(self) -> None:
        """The list of the first folder."""
        self.query_one(Input).focus()
        self._read()

    @on(Input.Changed)
    def _typed(self) -> None:
        self._read()

    def _read(self) -> None:
        folder, typed = self.folder, self.query_one(Input).value.strip()
        if "/" in typed or "\\" in typed:
            whole = Path(typed).expanduser()
            folder, typed = (whole, "") if whole.is_dir() else (whole.parent, whole.name)
        self.in_background(lambda: (folder, entries(folder, typed)), self._show, group="files")

    def _show(self, result: tuple[Path, list[tuple[Path, bool, int]]]) -> None:
        folder, self.found = result
        self.query_one("#where", Static).update(clean(str(folder)))
        shown = self.query_one(OptionList)
        shown.clear_options()
        lines = [
            fit(clean(path.name) + ("/" if is_folder else ""), 44)
            + ("" if is_folder else size(count))
            for path, is_folder, count in self.found
        ]
        shown.add_options(Option(Content(line)) for line in lines)
        shown.highlighted = 0 if lines else None

    def action_down(self) -> None:
        """The next entry."""
        self.query_one(OptionList).action_cursor_down()

    def action_up(self) -> None:
        """The entry before."""
        self.query_one(OptionList).action_cursor_up()

    def action_parent(self) -> None:
        """The folder above."""
        self._go(self.folder.parent)

    def _go(self, folder: Path) -> None:
        self.folder = folder
        self.query_one(Input).value = ""
        self._read()

    @on(Input.Submitted)
    def _submitted(self) -> None:
        place = self.query_one(OptionList).highlighted
        if place is not None and place < len(self.found):
            self._choose(place)

    @on(OptionList.OptionSelected)
    def _selected(self, event: OptionList.OptionSelected) -> None:
        self._choose(event.option_index)

    def _choose(self, place: int) -> None:
        path, is_folder, _ = self.found[place]
        self._go(path) if is_folder else self.dismiss(path)

    def action_leave(self) -> None:
        """No file."""
        self.dismiss(None)
