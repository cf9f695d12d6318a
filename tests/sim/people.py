"""Clinicians who do something at random. They only use what a front end offers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

from tests.sim.fuse import Crash
from tests.sim.nodes import Outpost
from xtcli.errors import XtError
from xtcli.records.case import Case
from xtcli.records.ids import RecordId
from xtcli.records.queue import Ask as Page
from xtcli.station.forms import AnswerForm, RequestForm
from xtcli.station.station import Station
from xtcli.station.views import Written

DEPTS = ("心内科", "儿科")
NAMES = ("其其格", "巴特尔", "萨仁", "哈斯", "娜仁花", "王秀英", "刘建国", "苏和")
COMPLAINTS = ("胸闷3天，加重半天", "发热咳嗽2天", "头晕伴恶心", "心慌气短一周", "腹痛6小时")
QUESTIONS = ("是否需要转诊", "如何用药", "请看心电图", "能否在村里继续观察")
ADVICE = ("口服药物，三天后复诊", "立即转诊至旗医院", "卧床休息，监测血压", "加做心电图后再定")
RX = ("氨氯地平; 5mg; 口服; 每日一次; 7", "阿司匹林; 100mg; 口服; 每日一次; 14")
NOTE_VITALS: tuple[list[str], ...] = (
    ["bp=150/90"],
    ["bp=190/110", "hr=120"],
    ["spo2=88"],
    ["temp=39.5"],
    [],
)
BLOB_BYTES_MAX = 4_000
CASES_MAX = 200

Act = Callable[[Outpost, Station, Random], RecordId | None]


def act(outpost: Outpost, random: Random, folder: Path) -> RecordId | None:
    """One thing done at a station; the record it says is saved, if any.

    A refusal in words must leave the log as it was; a Crash ends the process.
    """
    station = outpost.station
    if station is None:
        return None
    head = station.log.own_head()
    try:
        chosen = _post(random) if outpost.kind == "post" else _desk(random)
        done = chosen(outpost, station, random, folder)
    except XtError:
        assert station.log.own_head() == head, "a refused command changed the log"
        return None
    except Crash:
        outpost.die()
        return None
    outpost.look()
    return done


Doing = Callable[[Outpost, Station, Random, Path], RecordId | None]


def _post(random: Random) -> Doing:
    things: list[Doing] = [_file, _note, _attach, _ask, _ack, _close, _dispense, _ack_alert]
    return random.choices(things, (8, 4, 2, 2, 6, 2, 4, 1))[0]


def _desk(random: Random) -> Doing:
    things: list[Doing] = [_open_and_answer, _open, _claim, _release, _amend, _note, _ask,
                           _attach, _ack_alert]  # fmt: skip
    return random.choices(things, (8, 4, 3, 1, 4, 2, 2, 2, 3))[0]


def _case(station: Station, random: Random) -> RecordId | None:
    """Some case here, an open one most of the time."""
    rows = station.log.summaries(Page(open_only=random.random() < 0.9, limit=CASES_MAX))
    return random.choice(rows).case if rows else None


def _file(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId:
    form = RequestForm(
        patient=random.choice(NAMES), sex=random.choice("mf"),
        born=f"{random.randrange(1930, 2020)}-{random.randrange(1, 13):02}-11",
        dept=random.choice(DEPTS), urgency=random.choice(("routine", "urgent", "stat")),
        complaint=random.choice(COMPLAINTS), question=random.choice(QUESTIONS), allergy="无",
        vital=random.choice((["bp=185/95", "hr=88"], ["bp=120/80"], ["spo2=80", "rr=30"], [])),
    )  # fmt: skip
    if random.random() < 0.2:
        form.attach = [_blob(random, folder)]
    return station.file(form).case


def _blob(random: Random, folder: Path) -> str:
    """A small file to attach; sometimes the same one again."""
    path = folder / f"{random.randrange(20)}.pdf"
    if not path.exists():
        path.write_bytes(b"%PDF-1.4\n" + random.randbytes(random.randrange(1, BLOB_BYTES_MAX)))
    return str(path)


def _written(written: Written) -> RecordId:
    return written.record


def _note(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    vital = random.choice(NOTE_VITALS)
    return case and _written(station.note(case, random.choice(COMPLAINTS), vital))


def _attach(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.attach(case, Path(_blob(random, folder)), "图"))


def _ask(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.ask(case, random.choice(QUESTIONS)))


def _ack(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    done = random.random() < 0.7
    return case and _written(station.ack(case, done, "" if done else "病人未来"))


def _close(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.close_case(case, random.choice(("", "好转"))))


def _dispense(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.dispense(case, str(random.randrange(1, 3))))


def _ack_alert(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.acknowledge_alert(case, "知道了"))


def _open(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.open_case(case))


def _claim(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.claim(case))


def _release(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.release(case))


def _form(random: Random, folder: Path, reason: str = "") -> AnswerForm:
    disposition = random.choice(("stay", "refer"))
    return AnswerForm(
        advice=random.choice(ADVICE), disposition=disposition, reason=reason,
        refer_to="旗医院" if disposition == "refer" else "",
        rx=random.sample(RX, random.randrange(3)), expires=random.choice(("", "24h")),
        attach=[_blob(random, folder)] if random.random() < 0.15 else [],
    )  # fmt: skip


def _open_and_answer(
    outpost: Outpost, station: Station, random: Random, folder: Path
) -> RecordId | None:
    case = _case(station, random)
    if case is None:
        return None
    opened = station.open_case(case).record
    head = station.log.own_head()
    try:
        return _written(station.answer(case, _form(random, folder)))
    except XtError:
        assert station.log.own_head() == head, "a refused answer changed the log"
        return opened


def _amend(outpost: Outpost, station: Station, random: Random, folder: Path) -> RecordId | None:
    case = _case(station, random)
    return case and _written(station.amend(case, _form(random, folder, "结果有误")))


def signature(case: Case) -> tuple[object, ...]:
    """What two stations must agree on about a case: everything but whose receipts are where."""
    answer = case.answer
    return (
        case.version, answer and answer.record.id, case.claimed_by, case.recheck,
        tuple((p.line.id, p.open) for p in case.prescriptions),
        tuple(entry.record.digest for entry in case.entries),
        tuple(alarm.record.id for alarm in case.unacknowledged),
    )  # fmt: skip
