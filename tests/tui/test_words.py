"""Words that are not in `tr(...)` calls, and the shape of the room: thin, and no rules in it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.binding import Binding

import xtcli.tui
from tests.tui.helpers import seeded
from xtcli.lang import chinese, choose
from xtcli.records.ids import RecordId
from xtcli.station.views import LinkView, Status
from xtcli.tui import pictures, ring
from xtcli.tui.screens.list_screen import ListScreen
from xtcli.tui.screens.post import PostScreen
from xtcli.tui.screens.queue import QueueScreen
from xtcli.tui.widgets import columns
from xtcli.tui.widgets.key_bar import key_name
from xtcli.tui.widgets.link_bar import link_words

ROOT = Path(xtcli.tui.__file__).parent
MODULES = sorted(ROOT.rglob("*.py"))
DATA = {"demo.py", "samples.py"}


def bindings() -> Iterator[Binding]:
    """Every binding that our classes make."""
    for found in pkgutil.walk_packages([str(ROOT)], "xtcli.tui."):
        module = importlib.import_module(found.name)
        for value in vars(module).values():
            made = vars(value).get("BINDINGS", ()) if isinstance(value, type) else ()
            if getattr(value, "__module__", "").startswith("xtcli.tui"):
                yield from (one for one in made if isinstance(one, Binding))


def test_every_key_says_what_it_does_in_chinese() -> None:
    """Descriptions of bindings are shown on the line of keys and in the help."""
    found = list(bindings())
    assert len(found) > 60
    assert all(one.description for one in found)
    assert sorted({one.description for one in found} - set(chinese())) == []


def test_columns_and_empty_lists_have_chinese() -> None:
    """Titles of columns and what an empty list says."""
    said = {column.title for column in (*columns.QUEUE, *columns.POST) if column.title}
    said |= {screen.EMPTY for screen in (ListScreen, QueueScreen, PostScreen)}
    assert sorted(said - set(chinese())) == []


def test_what_is_shown_can_be_typed_with_an_input_method() -> None:
    """Every action on the line of keys has a key that an input method lets through."""
    through = (
        "enter",
        "escape",
        "tab",
        "space",
        "left",
        "right",
        "up",
        "down",
        "delete",
        "backspace",
        "page",
        "ctrl+",
    )
    every: dict[tuple[str, str], list[str]] = {}
    for one in bindings():
        every.setdefault((one.action, one.description), []).extend(one.key.split(","))
    for one in bindings():
        keys = every[one.action, one.description]
        if one.show:
            function = any(key[:1] == "f" and key[1:].isdigit() for key in keys)
            assert function or any(key.startswith(through) for key in keys), one


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_no_rules_and_no_storage_in_the_screens(path: Path) -> None:
    """Screens ask the station: no SQL, no log, no transport, no clinical decision of their own."""
    if path.name in DATA:
        return
    text = path.read_text(encoding="utf-8")
    names = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    forbidden = ("sqlite3", "xtcli.transport", "xtcli.records.log", "xtcli.records.sign",
                 "xtcli.records.keys", "xtcli.clinic.news2", "xtcli.clinic.critical",
                 "xtcli.clinic.completeness", "xtcli.clinic.identity", "xtcli.hub")  # fmt: skip
    assert not {name for name in names if name.startswith(forbidden)}
    assert "SELECT " not in text


def status(**changes: object) -> Status:
    """A station at a glance, with `changes`."""
    fields: dict[str, object] = {
        "name": "n", "kind": "post", "number": 2, "practitioner": "p", "now": 1000.0,
        "link": LinkView("hub:1"), "waiting_records": 0, "waiting_blobs": 0, "waiting_bytes": 0,
        "waiting_seconds": None, "open_cases": 0, "refused": 0, "held": 0, "syncing": True,
    }  # fmt: skip
    return Status(**(fields | changes))  # type: ignore[arg-type]


def test_the_link_bar_says_what_was_measured_only() -> None:
    """No rate before one was measured, no seconds that nobody knows, no contact that is not."""
    sign, state, facts = link_words(status())
    assert (sign, state) == ("-", "no contact with the hub yet")
    assert facts == ["nothing waits"]
    link = LinkView("hub:1", 12_000.0, 0.8, 0.02, 990.0)
    sign, _, facts = link_words(status(link=link, waiting_records=2, waiting_bytes=3000))
    assert sign == "="
    assert facts == ["12.0 kbit/s", "round trip 0.8 s", "2 to send, 3.0 kB"]
    old = LinkView("hub:1", 12_000.0, 0.8, 0.02, 100.0)
    sign, state, facts = link_words(status(link=old, syncing=False))
    assert (sign, state) == ("x", "no contact for 15 min")
    assert facts[0] == "nothing is sending"


def test_chinese_link_bar() -> None:
    choose("zh")
    assert link_words(status())[1] == "尚未连上枢纽"


def test_notifications_only_where_they_are_understood() -> None:
    """Never inside a multiplexer or on the Linux console, and never with a patient in them."""
    assert ring.notification("x", {"TERM": "linux"}) == ""
    assert ring.notification("x", {"TERM": "foot", "TMUX": "1"}) == ""
    assert ring.notification("x", {"TERM": "foot"}) == "\x1b]777;notify;xt;x\x1b\\"
    assert ring.notification("x", {"TERM_PROGRAM": "WezTerm"}).startswith("\x1b]9;")
    assert ring.notification("x", {"TERM": "xterm-kitty"}).startswith("\x1b]99;")


@pytest.mark.parametrize(
    ("env", "expected"),
    [({"TERM": "xterm-kitty"}, "kitty"), ({"TERM": "foot"}, "sixel"), ({"TERM": "linux"}, "half"),
     ({"TERM": "xterm-kitty", "TMUX": "1"}, "half"), ({"XT_PICTURES": "sixel"}, "sixel"),
     ({"TERM_PROGRAM": "WezTerm"}, "sixel"), ({}, "half")],
)  # fmt: skip
def test_pictures_in_the_way_of_the_terminal(env: dict[str, str], expected: str) -> None:
    assert pictures.way(env) == expected


def test_key_names() -> None:
    assert [key_name(key) for key in ("f2", "ctrl+s", "enter", "escape", "x")] == [
        "F2", "^S", "Enter", "Esc", "x",
    ]  # fmt: skip


def test_record_ids_are_plain() -> None:
    """What screens show as a case's number is what commands take."""
    assert str(RecordId(2, 19)) == "2-19"
    assert len(seeded()(4)) == 4


def test_no_private_name_of_the_library_is_taken() -> None:
    """A helper called like one of Textual's own would silently replace it.

    `_on_key` is replaced on purpose.
    """
    clashes = []
    for found in pkgutil.walk_packages([str(ROOT)], "xtcli.tui."):
        for value in vars(importlib.import_module(found.name)).values():
            if not isinstance(value, type) or not value.__module__.startswith("xtcli.tui"):
                continue
            theirs = [base for base in value.__mro__ if base.__module__.startswith("textual")]
            for name, what in vars(value).items():
                private = name.startswith("_") and not name.startswith("__") and name != "_on_key"
                if private and (inspect.isfunction(what) or isinstance(what, property)):
                    clashes += [f"{value.__name__}.{name}" for base in theirs if name in vars(base)]
    assert sorted(set(clashes)) == []
