"""The keys that work now, always on screen, and clickable."""

from __future__ import annotations

from rich.cells import cell_len
from textual.app import App
from textual.content import Content
from textual.events import Click
from textual.geometry import Size
from textual.screen import Screen
from textual.widget import Widget

from xtcli.lang import tr

NAMES = {
    "enter": "Enter", "escape": "Esc", "space": "Space", "pagedown": "PgDn", "pageup": "PgUp",
    "slash": "/", "question_mark": "?", "up": "Up", "down": "Down", "tab": "Tab",
    "left": "Left", "right": "Right", "backspace": "Bksp", "delete": "Del",
    "plus": "+", "minus": "-",
}  # fmt: skip
GAP = 2


def key_name(key: str) -> str:
    """A key as it is printed on keyboards: `F2`, `^S`, `Enter`."""
    if key.startswith("ctrl+"):
        return "^" + key[5:].upper()
    if key[:1] == "f" and key[1:].isdigit():
        return key.upper()
    return NAMES.get(key, key)


def _rank(key: str) -> tuple[int, int, str]:
    """Enter first, then F1 to F12, then Escape, then the rest: keys a Chinese IME lets through."""
    if key == "enter":
        return (0, 0, key)
    if key[:1] == "f" and key[1:].isdigit():
        return (1, int(key[1:]), key)
    return (2, 0, key) if key == "escape" else (3, 0, key)


class KeyBar(Widget):
    """One line of keys, two where they do not fit."""

    DEFAULT_CSS = """
    KeyBar { height: auto; max-height: 2; background: $panel; color: $foreground; }
    """

    def __init__(self) -> None:
        """Nothing is drawn yet."""
        super().__init__()
        self._last: list[tuple[str, str]] | None = None

    def on_mount(self) -> None:
        """Draw again when other keys begin to work."""
        self.screen.bindings_updated_signal.subscribe(self, self._changed)

    def _changed(self, _: Screen[object] | App[object]) -> None:
        shown = self._shown()
        if shown != self._last:
            self._last = shown
            self.refresh(layout=len(self._lines(self.size.width or 80)) != self.size.height)

    def _shown(self) -> list[tuple[str, str]]:
        """(key, what it does) of every binding to show, in order."""
        if not self.is_mounted:
            return []
        found: dict[str, tuple[str, str]] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            if binding.show and active.enabled:
                before = found.get(binding.action)
                if before is None or _rank(binding.key) < _rank(before[0]):
                    found[binding.action] = (binding.key, binding.description)
        shown = sorted(found.values(), key=lambda one: _rank(one[0]))
        return [(key, tr(words)) for key, words in shown]

    def _lines(self, width: int) -> list[list[tuple[str, str]]]:
        """The keys in lines of at most `width` cells."""
        lines: list[list[tuple[str, str]]] = [[]]
        used = 0
        for key, words in self._shown():
            cells = cell_len(key_name(key)) + 1 + cell_len(words) + GAP
            if used + cells > width + GAP and lines[-1]:
                lines.append([])
                used = 0
            lines[-1].append((key, words))
            used += cells
        return lines

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """One line or two."""
        return min(2, len(self._lines(width)))

    def render(self) -> Content:
        """Keys in bold, what they do beside them."""
        lines = []
        for line in self._lines(self.size.width or 80):
            parts = [
                Content.assemble((key_name(key), "bold $accent"), " ", words) for key, words in line
            ]
            lines.append(Content(" " * GAP).join(parts))
        return Content("\n").join(lines)

    def on_click(self, event: Click) -> None:
        """A click on a key is that key."""
        lines = self._lines(self.size.width)
        if not 0 <= event.y < len(lines):
            return
        at = 0
        for key, words in lines[event.y]:
            cells = cell_len(key_name(key)) + 1 + cell_len(words) + GAP
            if at <= event.x < at + cells:
                self.app.simulate_key(key)
                return
            at += cells
