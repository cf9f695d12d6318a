"""`xt tui` in a real terminal: Chinese typed key by key, signed records, and a power cut."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.tui.helpers import case_of, station_at
from tests.tui.terminal import Terminal, open_terminal
from xtcli.station import shell
from xtcli.station.drafts import Drafts
from xtcli.station.station import Station
from xtcli.tui.demo import make_home

SIZES = ((80, 24), (120, 40))


def home(root: Path, kind: str) -> Path:
    """A demo home in real time."""
    make_home(root, kind, shell.now(), shell.entropy)
    return root


@contextmanager
def terminal(root: Path, size: tuple[int, int]) -> Iterator[Terminal]:
    """The program in a terminal, gone at the end."""
    made = open_terminal(root, *size)
    try:
        yield made
    finally:
        made.close()


def now_station(root: Path) -> Station:
    """The station, in real time."""
    return station_at(root, shell.now)


def written(root: Path, name: str, field: str, text: str) -> None:
    """Wait until the draft on the disk has all that was typed, without another key."""
    drafts, end = Drafts(now_station(root).home, shell.now, shell.entropy), time.monotonic() + 90
    while time.monotonic() < end:
        if any(draft.fields.get(field) == text for draft in drafts.all(name)):
            return
        time.sleep(0.05)
    raise AssertionError(f"no draft with {text}: {drafts.all(name)}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_a_request_typed_by_keys_alone(tmp_path: Path, size: tuple[int, int]) -> None:
    """A follow-up: complaint, question, four vitals, send; every character arrives."""
    root = home(tmp_path, "post")
    with terminal(root, size) as seen:
        seen.wait_for("王小明")
        seen.press("f3")
        seen.type("zjg")
        seen.wait_for("张建国")
        seen.press("enter", "enter")
        seen.wait_for("协诊意见")
        before = seen.keys
        seen.press("f3")
        seen.wait_for("将发送")
        seen.type("复诊，头晕3天")
        seen.press("enter")
        seen.type("需要调药吗？")
        seen.press("enter")
        for value in ("150/92", "78", "36.6", "97"):
            seen.type(value)
            seen.press("enter")
        seen.press("f2")
        seen.wait_for("签名并发送")
        seen.press("enter")
        seen.wait_for("已存本机")
        print(f"keys for a follow-up at {size[0]}x{size[1]}: {seen.keys - before}")
        assert seen.keys - before < 120
    station = now_station(root)
    case = station.case(case_of(station, "张建国"))
    assert case.body.complaint == "复诊，头晕3天"
    assert case.body.question == "需要调药吗？"
    assert sorted(number for number, _ in case.body.vitals) == [1, 2, 3, 5, 6]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
def test_an_answer_typed_by_keys_alone(tmp_path: Path, size: tuple[int, int]) -> None:
    """Diagnosis by initials, advice, one prescription line, stay, sign."""
    root = home(tmp_path, "desk")
    with terminal(root, size) as seen:
        seen.wait_for("王小明")
        seen.press("enter")
        seen.wait_for("是否心梗")
        seen.press("f2")
        seen.wait_for("处方")
        seen.type("xg")
        seen.wait_for("> I21")
        seen.press("enter", "enter")
        seen.type("立即转院，路上吸氧。")
        seen.press("enter")
        for part in ("阿司匹林", "300mg", "po", "st", "1"):
            seen.type(part)
            seen.press("enter")
        seen.wait_for("Rx 1.")
        seen.press("enter", "right", "right")
        seen.press("enter")
        seen.type("旗医院")
        seen.press("f2")
        seen.wait_for("1958-03-12")
        seen.wait_for("为此患者签署意见")
        seen.press("enter")
        seen.wait_for("协诊意见1")
        print(f"keys for an answer at {size[0]}x{size[1]}: {seen.keys}")
    station = now_station(root)
    answer = station.case(case_of(station, "王小明")).answer
    assert answer is not None
    assert answer.body.advice == "立即转院，路上吸氧。"
    assert answer.body.refer_to == "旗医院"
    assert [line.drug for line in answer.body.rx] == ["阿司匹林"]


def test_a_killed_program_loses_nothing_typed(tmp_path: Path) -> None:
    """SIGKILL in the middle of a word: the draft has every character, and opens again."""
    root = home(tmp_path, "post")
    text = "胸闷气短一周，活动后加重"
    with terminal(root, (80, 24)) as seen:
        seen.wait_for("王小明")
        seen.press("f2")
        seen.wait_for("姓名")
        seen.type("孟根花")
        seen.wait_for("孟根花")
        seen.type("二")
        seen.wait_for("孟根花二")
        written(root, "request", "patient", "孟根花二")
        seen.kill()
    drafts = Drafts(now_station(root).home, shell.now, shell.entropy)
    (draft,) = drafts.all()
    assert draft.fields["patient"] == "孟根花二"
    with terminal(root, (80, 24)) as seen:
        seen.wait_for("王小明")
        seen.press("f2")
        seen.wait_for("草稿")
        seen.press("down", "enter")
        seen.wait_for("孟根花二")
        seen.type(text)
        seen.wait_for(text[:4])


def at_case(seen: Terminal) -> None:
    """Open the first case."""
    seen.wait_for("王小明")
    seen.press("enter")
    seen.wait_for("主诉")


def at_answered_case(seen: Terminal) -> None:
    """Open a case that has been answered."""
    seen.wait_for("王小明")
    seen.press("f3")
    seen.type("zjg")
    seen.wait_for("张建国")
    seen.press("enter", "enter")
    seen.wait_for("协诊意见")


def in_answer(seen: Terminal) -> None:
    """In the advice of an answer."""
    at_case(seen)
    seen.press("f2")
    seen.wait_for("处方")
    seen.press("enter")


def in_question(seen: Terminal) -> None:
    """In the dialog of a question."""
    at_case(seen)
    seen.press("f4")
    seen.wait_for("问题")


def in_note(seen: Terminal) -> None:
    """In the dialog of a note."""
    at_case(seen)
    seen.press("f5")
    seen.wait_for("血压=120/80")


def in_ack(seen: Terminal) -> None:
    """At the reason why an advice could not be followed."""
    at_answered_case(seen)
    seen.press("f2")
    seen.wait_for("已执行")
    seen.press("right", "enter")


def in_follow_up(seen: Terminal) -> None:
    """In the complaint of a follow-up."""
    at_answered_case(seen)
    seen.press("f3")
    seen.wait_for("将发送")


@pytest.mark.parametrize(
    ("kind", "go", "name", "field"),
    [
        ("desk", in_answer, "answer", "advice"), ("desk", in_question, "ask", "text"),
        ("desk", in_note, "note", "text"), ("post", in_ack, "ack", "text"),
        ("post", in_follow_up, "request", "complaint"),
    ],
    ids=("answer", "question", "note", "ack", "follow-up"),
)  # fmt: skip
def test_a_power_cut_in_any_form(
    tmp_path: Path, kind: str, go: Callable[[Terminal], None], name: str, field: str
) -> None:
    """SIGKILL while typing, no key after the last character: all of them are on the disk."""
    root = home(tmp_path, kind)
    text = "胸闷减轻，仍有气短"
    with terminal(root, (80, 24)) as seen:
        go(seen)
        seen.type(text)
        seen.wait_for(text)
        written(root, name, field, text)
        seen.kill()
    (draft,) = Drafts(now_station(root).home, shell.now, shell.entropy).all(name)
    assert draft.fields[field] == text


def test_two_programs_on_one_home(tmp_path: Path) -> None:
    """A command writes while the screens are open; they show it within a second or so."""
    root = home(tmp_path, "post")
    with terminal(root, (120, 40)) as seen:
        seen.wait_for("王小明")
        station = now_station(root)
        case = case_of(station, "李秀兰")
        station.close_case(case, "已转院")
        seen.type("5")
        seen.wait_for("已结案")
