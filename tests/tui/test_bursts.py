"""What an input method or a clipboard hands over at once: words and whole forms in one write."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from tests.tui.helpers import station_at
from tests.tui.terminal import Pty
from xtcli.station import shell
from xtcli.station.drafts import Drafts
from xtcli.tui.demo import make_home

ENTER, RIGHT = "\r", "\x1b[C"
REQUEST = (
    ("patient", "孟根花"), ("sex", RIGHT), ("born", "1970-05-06"), ("id", ""),
    ("phone", "13800000000"), ("place", "白音查干嘎查"), ("dept", RIGHT), ("urgency", RIGHT),
    ("complaint", "胸痛三天，伴大汗"), ("question", "是否心梗？要不要转诊？"), ("bp", "150/92"),
    ("pulse", "78"), ("temp", "36.6"), ("spo2", "97"), ("rr", "18"), ("glucose", "6.1"),
    ("weight", "60.5"), ("o2", ""), ("acvpu", RIGHT), ("allergy", "青霉素"),
    ("history", "高血压十年"), ("exam", "心律齐"), ("override", "无"),
)  # fmt: skip
ANSWER = ("立即转院，路上吸氧。", "阿司匹林", "300mg", "po", "st")
PATIENCE_SECONDS = 90.0


def pasted(text: str) -> str:
    """As a terminal brackets what is pasted."""
    return f"\x1b[200~{text}\x1b[201~" if text and not text.startswith("\x1b") else text


def kept(seen: Pty, root: Path, what: str, key: str) -> dict[str, Any]:
    """The draft's fields once `key` is among them and filled."""
    drafts = Drafts(station_at(root, shell.now).home, shell.now, shell.entropy)
    end = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < end:
        # A terminal that nobody reads would stop the program.
        seen.screen()
        found = drafts.all(what)
        if found and any(found[0].fields.get(key) or ()):
            return found[0].fields
        time.sleep(0.1)
    raise AssertionError(f"no draft with {key}: {[draft.fields for draft in drafts.all(what)]}")


@pytest.mark.parametrize("paste", [False, True], ids=["keys", "pastes"])
def test_a_whole_request_in_one_burst(tmp_path: Path, paste: bool) -> None:
    """Every field gets its own text, though all keys are there before the first is handled."""
    make_home(tmp_path, "post", shell.now(), shell.entropy)
    seen = Pty(tmp_path, 80, 24)
    try:
        seen.wait_for("王小明")
        seen.press("f2")
        seen.wait_for("姓名")
        texts = [pasted(text) if paste else text for _, text in REQUEST]
        seen._write_text("".join(text + ENTER for text in texts))
        fields = kept(seen, tmp_path, "request", "override")
    finally:
        seen.close()
    for key, text in REQUEST:
        if not text.startswith("\x1b"):
            assert fields[key] == text, key
    assert (fields["sex"], fields["urgency"], fields["acvpu"]) == ("m", "urgent", "A")


@pytest.mark.parametrize("paste", [False, True], ids=["keys", "pastes"])
def test_a_whole_answer_in_one_burst(tmp_path: Path, paste: bool) -> None:
    """Advice and the parts of a prescription, beside a search that is still looking."""
    make_home(tmp_path, "desk", shell.now(), shell.entropy)
    seen = Pty(tmp_path, 80, 24)
    try:
        seen.wait_for("王小明")
        seen.press("enter")
        seen.wait_for("是否心梗")
        seen.press("f2")
        seen.wait_for("处方")
        texts = [pasted(text) if paste else text for text in ("高血压", *ANSWER)]
        seen._write_text(texts[0] + ENTER + ENTER + "".join(t + ENTER for t in texts[1:]))
        fields = kept(seen, tmp_path, "answer", "rx_typed")
        end = time.monotonic() + PATIENCE_SECONDS
        while fields["rx_typed"][:4] != list(ANSWER[1:]) and time.monotonic() < end:
            time.sleep(0.1)
            fields = kept(seen, tmp_path, "answer", "rx_typed")
    finally:
        seen.close()
    assert fields["diagnosis"] == ["I10.x00x002 高血压"]
    assert fields["advice"] == ANSWER[0]
    assert fields["rx_typed"][:4] == list(ANSWER[1:])
