"""A case as screens show it: timeline states, vitals, trends, what is new."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.tui.helpers import NOW, arrive, case_of, demo, seeded, station_at
from xtcli.errors import NotFound
from xtcli.records.ids import RecordId
from xtcli.records.types import Note
from xtcli.station import desk_follow, desk_views
from xtcli.station.forms import AnswerForm, RequestForm
from xtcli.station.station import Station
from xtcli.tui.demo import DOCTOR2, make_home


@pytest.fixture
def desk(tmp_path: Path) -> Station:
    return station_at(demo(tmp_path / "desk", "desk"))


def test_timeline_says_how_far_each_thing_came(desk: Station) -> None:
    """A request that was opened, an answer that was acted on."""
    lines = desk_views.timeline(desk, desk.case(case_of(desk, "刘德福")))
    states = {line.kind: line.state for line in lines}
    assert states["answer"] == "acted_on"
    assert states["request"] == "opened"
    assert any("没有雾化器" in line.text for line in lines)


def test_newest_vitals_count(desk: Station) -> None:
    """A later note replaces the value, and NEWS2 is of the newest."""
    lines = desk_views.vital_lines(desk.case(case_of(desk, "刘德福")))
    spo2 = next(line for line in lines if line.code == "spo2")
    assert spo2.text.startswith("89")
    assert spo2.points == 3
    assert spo2.normal == "95-100"


def test_trends_over_visits(desk: Station) -> None:
    """Four visits of one patient, oldest first."""
    found = desk_views.trends(desk, desk.case(case_of(desk, "王小明")))
    sbp = next(trend for trend in found if trend.code == "sbp")
    assert [value for _, value in sbp.points] == [146, 158, 138, 92]
    assert sbp.normal == (90, 139)
    assert [at for at, _ in sbp.points] == sorted(at for at, _ in sbp.points)


def test_earlier_cases_of_the_same_patient_only(desk: Station) -> None:
    case = desk.case(case_of(desk, "王小明"))
    rows = desk_views.earlier(desk, case)
    assert len(rows) == 3
    assert {row.name for row in rows} == {"王小明"}
    assert desk_views.earlier(desk, desk.case(case_of(desk, "其其格"))) == []


def test_new_since_opened(tmp_path: Path) -> None:
    """What came after the opening is named; opening again makes it seen."""
    realm = make_home(tmp_path, "desk", NOW, seeded())
    desk = station_at(tmp_path)
    case = case_of(desk, "其其格")
    assert desk_views.new_since_opened(desk, desk.case(case)) == []
    desk.open_case(case)
    assert desk_views.new_since_opened(desk, desk.case(case)) == []
    arrive(tmp_path, realm, Note("头痛加重"), DOCTOR2, case)
    assert [line.text for line in desk_views.new_since_opened(desk, desk.case(case))] == [
        "头痛加重"
    ]
    desk.open_case(case)
    assert desk_views.new_since_opened(desk, desk.case(case)) == []


def test_follow_up_takes_who_not_what(desk: Station) -> None:
    """Identity and allergy are taken over; complaint and vitals never."""
    found = desk_follow.follow_up(desk.case(case_of(desk, "其其格")))
    assert found["patient"] == "其其格"
    assert found["allergy"] == "青霉素"
    assert found["born"] == "1991-07-23"
    assert "complaint" not in found
    assert set(found) <= set(RequestForm.__dataclass_fields__)


def test_standing_answer(desk: Station) -> None:
    """The answer that counts, or a sentence."""
    assert "缬沙坦" in desk_views.standing_answer(desk.case(case_of(desk, "张建国"))).advice
    with pytest.raises(NotFound):
        desk_views.standing_answer(desk.case(case_of(desk, "其其格")))


def test_every_kind_has_a_line(desk: Station) -> None:
    """A whole case goes by without a record that has no words."""
    case = case_of(desk, "其其格")
    desk.open_case(case)
    desk.claim(case)
    desk.answer(case, AnswerForm(advice="转院", disposition="refer", refer_to="旗医院"))
    desk.release(case, "下班")
    lines = desk_views.timeline(desk, desk.case(case))
    assert {"request", "opened", "taken", "answer", "given back"} <= {line.kind for line in lines}
    assert all(isinstance(line.record, RecordId) for line in lines)


def test_what_is_attached_in_words(tmp_path: Path) -> None:
    """A voice note with its length, a picture; a case without anything says nothing."""
    make_home(tmp_path, "desk", NOW, seeded(), media=True)
    station = station_at(tmp_path)
    said = desk_views.attached(station, case_of(station, "王小明"))
    assert re.fullmatch(r"voice note \d+ s, picture", said)
    assert desk_views.attached(station, case_of(station, "其其格")) == ""
